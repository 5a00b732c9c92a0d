//! What AppSync filters the events of a subscription by: its enhanced filters.
//!
//! [`Subscription`](crate::Subscription) says what it can and what it takes.

use portcullis_data::{
    Filter,
    rules::{Condition, Item, Scope},
};
use serde_json::{Value, json};

use crate::FieldError;

/// Groups at most.
const MAX_GROUPS: usize = 10;
/// Different fields of all groups at most.
const MAX_FIELDS: usize = 5;
/// Values of `in` and `notIn` at most.
const MAX_VALUES: usize = 5;
/// Values of `containsAny` at most.
const MAX_CONTAINED: usize = 20;
/// Groups at most while they are being put together; some may turn out to hold for nothing.
const MAX_DRAFT: usize = 200;

/// The filter of a subscription, in AppSync's form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EventFilter(Vec<Group>);

/// Tests that must all hold.
type Group = Vec<Test>;

#[derive(Clone, PartialEq)]
struct Test {
    field: String,
    operator: &'static str,
    value: Value,
}

impl EventFilter {
    /// The filter of a subscription; `None` if neither the rules nor the client restrict what is told. `key` is a field that is in
    /// every event and never empty.
    pub(crate) fn new(
        scope: Option<&Scope>,
        client: &Value,
        arguments: &Item,
        key: &str,
    ) -> Result<Option<Self>, FieldError> {
        let of_client = of_filter(client)?;
        let of_rules = match scope {
            None | Some(Scope::Everything) if of_client == [Group::new()] => return Ok(None),
            None | Some(Scope::Everything) => vec![Group::new()],
            Some(Scope::Nothing) => Vec::new(),
            Some(Scope::Any(conditions)) => conditions.iter().map(of_condition).collect(),
        };
        let of_arguments = arguments
            .iter()
            .map(|(field, value)| test(field, "eq", value.clone()))
            .collect::<Result<Group, FieldError>>()?;
        let draft = joined(joined(of_rules, &of_client)?, &[of_arguments])?;
        let mut groups: Vec<Group> = Vec::new();
        for group in draft {
            let Some(group) = merged(group)? else { continue };
            for group in split(group)? {
                if !groups.contains(&group) {
                    groups.push(group);
                }
            }
        }
        if groups.is_empty() {
            // None at all might be taken for no filter. No key is empty.
            groups.push(vec![Test { field: key.to_owned(), operator: "eq", value: "".into() }]);
        }
        if groups.len() > MAX_GROUPS {
            return Err(too_many_groups());
        }
        let mut fields: Vec<&str> = groups.iter().flatten().map(|test| test.field.as_str()).collect();
        fields.sort_unstable();
        fields.dedup();
        if fields.len() > MAX_FIELDS {
            return Err(refused("Filters exceed maximum attributes limit 5 for subscription."));
        }
        Ok(Some(Self(groups)))
    }

    /// What `extensions.setSubscriptionFilter` takes.
    pub(crate) fn to_value(&self) -> Value {
        let test =
            |test: &Test| json!({ "fieldName": test.field, "operator": test.operator, "value": test.value });
        let group = |group: &Group| json!({ "filters": group.iter().map(test).collect::<Vec<_>>() });
        json!({ "filterGroup": self.0.iter().map(group).collect::<Vec<_>>() })
    }
}

/// Values are names of people.
impl std::fmt::Debug for Test {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Test")
            .field("field", &self.field)
            .field("operator", &self.operator)
            .finish_non_exhaustive()
    }
}

fn of_condition(condition: &Condition) -> Group {
    let test = |field: &str, (one, many): (&'static str, &'static str), values: &[String]| match values {
        [value] => Test { field: field.to_owned(), operator: one, value: value.as_str().into() },
        values => Test { field: field.to_owned(), operator: many, value: values.into() },
    };
    match condition {
        Condition::OneOf { field, values } => vec![test(field, ("eq", "in"), values)],
        Condition::Contains { field, values } => vec![test(field, ("contains", "containsAny"), values)],
        Condition::All(parts) => parts.iter().flat_map(of_condition).collect(),
    }
}

/// A filter of a client, which has been read as a [`Filter`] and is no deeper or larger than that allows.
fn of_filter(filter: &Value) -> Result<Vec<Group>, FieldError> {
    let mut groups = vec![Group::new()];
    for (name, asked) in filter.as_object().into_iter().flatten().filter(|(_, asked)| !asked.is_null()) {
        let more = match name.as_str() {
            "and" => {
                let mut all = vec![Group::new()];
                for filter in listed(asked) {
                    all = joined(all, &of_filter(filter)?)?;
                }
                all
            }
            "or" => {
                let mut any = Vec::new();
                for filter in listed(asked) {
                    // What asks nothing is left out; if nothing is left, nothing is asked.
                    any.extend(of_filter(filter)?.into_iter().filter(|group| !group.is_empty()));
                }
                if any.is_empty() { vec![Group::new()] } else { any }
            }
            "not" => return Err(refused("The variables input contains a field name 'not'")),
            field => {
                let tests = asked.as_object().into_iter().flatten();
                vec![tests.map(|(word, value)| test(field, word, value.clone())).collect::<Result<_, _>>()?]
            }
        };
        groups = joined(groups, &more)?;
    }
    Ok(groups)
}

/// GraphQL makes a list of a single value.
fn listed(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// Every pair of a group of the one and a group of the other.
fn joined(groups: Vec<Group>, more: &[Group]) -> Result<Vec<Group>, FieldError> {
    if groups.len().saturating_mul(more.len()) > MAX_DRAFT {
        return Err(too_many_groups());
    }
    if let [one] = more
        && one.is_empty()
    {
        return Ok(groups);
    }
    let pairs = groups.iter().flat_map(|group| more.iter().map(|more| [group.as_slice(), more].concat()));
    Ok(pairs.collect())
}

/// A test of a client; an error if AppSync has none such.
fn test(field: &str, word: &str, value: Value) -> Result<Test, FieldError> {
    const KNOWN: [&str; 12] = [
        "eq",
        "ne",
        "le",
        "lt",
        "ge",
        "gt",
        "contains",
        "notContains",
        "beginsWith",
        "in",
        "notIn",
        "between",
    ];
    let Some(operator) = KNOWN.into_iter().find(|known| *known == word) else {
        return Err(refused(format!("subscription filter has no operator `{word}`.")));
    };
    let is_value = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    let value = match operator {
        "in" | "notIn" | "between" => listed(&value).to_vec().into(),
        _ => value,
    };
    let fits = match (operator, &value) {
        ("between", Value::Array(ends)) => ends.len() == 2 && ends.iter().all(is_value),
        (_, Value::Array(values)) => !values.is_empty() && values.iter().all(is_value),
        (_, value) => is_value(value),
    };
    match fits {
        true => Ok(Test { field: field.to_owned(), operator, value }),
        false => {
            Err(refused(format!("subscription filter has invalid filter value for operator `{operator}`.")))
        }
    }
}

/// A group in which each field is tested once; `None` if no event could meet it.
fn merged(group: Group) -> Result<Option<Group>, FieldError> {
    let mut merged = Group::new();
    for test in group {
        let Some(place) = merged.iter().position(|known| known.field == test.field) else {
            merged.push(test);
            continue;
        };
        let Some(known) = merged.get_mut(place) else { continue };
        if *known == test {
            continue;
        }
        match both(known, &test)? {
            Some(both) => *known = both,
            None => return Ok(None),
        }
    }
    Ok(Some(merged))
}

/// Two tests of one field as one; `None` if no value could meet both.
fn both(one: &Test, other: &Test) -> Result<Option<Test>, FieldError> {
    // Whether a list has a member is another question than what a text holds, though the words are the same.
    let is_about_members = |test: &Test| test.operator.to_ascii_lowercase().contains("contains");
    let values = |test: &Test| match test.operator {
        "eq" | "in" => Some(listed(&test.value).to_vec()),
        _ => None,
    };
    let with = |operator, value| Ok(Some(Test { field: one.field.clone(), operator, value }));
    if is_about_members(one) || is_about_members(other) {
        return Err(twice());
    }
    let (found, rest) = match (values(one), values(other)) {
        (Some(found), _) => (found, other),
        (None, Some(found)) => (found, one),
        (None, None) => {
            return match (one.operator, other.operator) {
                ("ge", "le") => with("between", vec![one.value.clone(), other.value.clone()].into()),
                ("le", "ge") => with("between", vec![other.value.clone(), one.value.clone()].into()),
                _ => Err(twice()),
            };
        }
    };
    let rest = json!({ rest.field.as_str(): { rest.operator: rest.value } });
    let rest = Filter::parse(&rest).map_err(|error| refused(error.to_string()))?;
    let meets = |value: &Value| rest.matches(&Item::from_iter([(one.field.clone(), value.clone())]));
    let mut found: Vec<Value> = found.into_iter().filter(meets).collect();
    match found.len() {
        0 => Ok(None),
        1 => with("eq", found.remove(0)),
        _ => with("in", found.into()),
    }
}

/// The same as several groups, where a test has more values than AppSync takes.
fn split(group: Group) -> Result<Vec<Group>, FieldError> {
    let mut groups = vec![Group::new()];
    for test in group {
        let parts = match (test.operator, &test.value) {
            ("in", Value::Array(values)) if values.len() > MAX_VALUES => parts(&test, values, MAX_VALUES),
            ("containsAny", Value::Array(values)) if values.len() > MAX_CONTAINED => {
                parts(&test, values, MAX_CONTAINED)
            }
            ("notIn", Value::Array(values)) if values.len() > MAX_VALUES => {
                return Err(refused("subscription exceeds maximum value limit 5 for operator `notIn`."));
            }
            _ => vec![vec![test]],
        };
        groups = joined(groups, &parts)?;
    }
    Ok(groups)
}

fn parts(test: &Test, values: &[Value], size: usize) -> Vec<Group> {
    let part = |values: &[Value]| vec![Test { value: values.into(), ..test.clone() }];
    values.chunks(size).map(part).collect()
}

fn too_many_groups() -> FieldError {
    refused("Filters combination exceed maximum limit 10 for subscription.")
}

fn twice() -> FieldError {
    refused("filter uses same fieldName multiple time")
}

fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> FieldError {
    FieldError::new("BadRequest", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of(field: &str, values: &[&str]) -> Condition {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        Condition::OneOf { field: field.to_owned(), values }
    }

    fn members(field: &str, values: &[&str]) -> Condition {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        Condition::Contains { field: field.to_owned(), values }
    }

    /// The filter, its groups as texts: `owner eq "ann", title ne "x"`.
    fn made(scope: &Scope, client: Value, arguments: Value) -> Result<Option<Vec<String>>, String> {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let made =
            EventFilter::new(Some(scope), &client, &arguments, "id").map_err(|error| error.to_string())?;
        Ok(made.map(|filter| {
            let groups = filter.to_value()["filterGroup"].as_array().unwrap().clone();
            let test = |test: &Value| {
                let word = |name: &str| test[name].as_str().unwrap().to_owned();
                format!("{} {} {}", word("fieldName"), word("operator"), test["value"])
            };
            let group = |group: &Value| {
                group["filters"].as_array().unwrap().iter().map(test).collect::<Vec<_>>().join(", ")
            };
            groups.iter().map(group).collect()
        }))
    }

    #[test]
    fn rules_client_and_arguments_are_joined() {
        let own = || Scope::Any(vec![one_of("owner", &["ann"])]);
        let either = || Scope::Any(vec![one_of("owner", &["ann"]), members("teams", &["A", "B"])]);
        let both =
            || Scope::Any(vec![Condition::All(vec![one_of("tenant", &["t"]), members("editors", &["ann"])])]);
        let all = || Scope::Everything;
        let null = || Value::Null;
        let table: [(Scope, Value, Value, Option<&[&str]>); 14] = [
            (all(), null(), null(), None),
            (all(), json!({}), json!({"owner": "ann"}), None),
            (all(), json!({"or": [{}, null]}), null(), None),
            (own(), null(), null(), Some(&["owner eq \"ann\""])),
            (either(), null(), null(), Some(&["owner eq \"ann\"", "teams containsAny [\"A\",\"B\"]"])),
            (both(), null(), null(), Some(&["tenant eq \"t\", editors contains \"ann\""])),
            (Scope::Nothing, null(), null(), Some(&["id eq \"\""])),
            (own(), null(), json!({"owner": "ann"}), Some(&["owner eq \"ann\""])),
            (own(), null(), json!({"owner": ""}), Some(&["id eq \"\""])),
            (
                either(),
                json!({"stars": {"ge": 2}, "title": {"beginsWith": "a"}}),
                null(),
                Some(&[
                    "owner eq \"ann\", stars ge 2, title beginsWith \"a\"",
                    "teams containsAny [\"A\",\"B\"], stars ge 2, title beginsWith \"a\"",
                ]),
            ),
            (
                all(),
                json!({"and": [{"done": {"ne": true}}], "or": [{"title": {"eq": "a"}}, {"stars": {"between": [1, 3]}}]}),
                json!({"owner": "ann"}),
                Some(&[
                    "done ne true, title eq \"a\", owner eq \"ann\"",
                    "done ne true, stars between [1,3], owner eq \"ann\"",
                ]),
            ),
            (own(), json!({"owner": {"ne": "ann"}}), null(), Some(&["id eq \"\""])),
            (own(), json!({"owner": {"in": ["bob", "ann"]}}), null(), Some(&["owner eq \"ann\""])),
            (all(), json!({"stars": {"le": 3, "ge": 1}}), null(), Some(&["stars between [1,3]"])),
        ];
        for (scope, client, arguments, expected) in table {
            let expected =
                expected.map(|groups| groups.iter().map(|&group| group.to_owned()).collect::<Vec<_>>());
            let shown = format!("{scope:?} {client} {arguments}");
            assert_eq!(made(&scope, client, arguments), Ok(expected), "{shown}");
        }
    }

    #[test]
    fn more_values_than_appsync_takes_are_several_groups() {
        let groups = ["a", "b", "c", "d", "e", "f", "g"];
        let scope = Scope::Any(vec![one_of("team", &groups)]);
        let expected =
            vec!["team in [\"a\",\"b\",\"c\",\"d\",\"e\"]".to_owned(), "team in [\"f\",\"g\"]".to_owned()];
        assert_eq!(made(&scope, Value::Null, Value::Null), Ok(Some(expected)));
        let many: Vec<String> = (0..45).map(|number| format!("g{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let made = made(&Scope::Any(vec![members("teams", &many)]), Value::Null, Value::Null).unwrap();
        assert_eq!(made.map(|groups| groups.len()), Some(3));
    }

    #[test]
    fn what_appsync_would_not_take_is_refused_in_its_words_and_never_cut() {
        let fields = |count: usize| {
            (0..count).map(|number| (format!("f{number}"), json!({"eq": "x"}))).collect::<Item>()
        };
        let alternatives =
            |count: usize| json!({"or": (0..count).map(|n| json!({"stars": {"eq": n}})).collect::<Vec<_>>()});
        let deep = (0..12).fold(
            json!({"stars": {"eq": 0}}),
            |filter, n| json!({"and": [filter, {"or": [{"a": {"eq": n}}, {"b": {"eq": n}}]}]}),
        );
        let many: Vec<String> = (0..60).map(|number| format!("g{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let own = || Scope::Any(vec![one_of("owner", &["ann"])]);
        let editors = || Scope::Any(vec![members("editors", &["an"])]);
        let table = [
            (Scope::Everything, fields(5).into(), None),
            (Scope::Everything, fields(6).into(), Some("maximum attributes limit 5")),
            (own(), fields(5).into(), Some("maximum attributes limit 5")),
            (Scope::Everything, alternatives(10), None),
            (Scope::Everything, alternatives(11), Some("maximum limit 10")),
            (Scope::Everything, deep, Some("maximum limit 10")),
            (Scope::Any(vec![one_of("team", &many)]), Value::Null, Some("maximum limit 10")),
            (
                Scope::Everything,
                json!({"title": {"beginsWith": "a", "contains": "b"}}),
                Some("same fieldName"),
            ),
            // A list with the member "ann" is none with the member "an".
            (editors(), json!({"editors": {"eq": "ann"}}), Some("same fieldName")),
            (editors(), json!({"editors": {"contains": "ann"}}), Some("same fieldName")),
            (editors(), json!({"editors": {"contains": "an"}}), None),
            (Scope::Everything, json!({"title": {"eq": null}}), Some("`eq`")),
            (Scope::Everything, json!({"title": {"in": []}}), Some("`in`")),
            (Scope::Everything, json!({"title": {"between": ["a"]}}), Some("`between`")),
            (Scope::Everything, json!({"title": {"notIn": ["a", "b", "c", "d", "e", "f"]}}), Some("`notIn`")),
            (Scope::Everything, json!({"owner": {"attributeExists": true}}), Some("`attributeExists`")),
            (Scope::Everything, json!({"not": {"title": {"eq": "a"}}}), Some("'not'")),
        ];
        for (scope, client, expected) in table {
            let told = made(&scope, client.clone(), Value::Null).err();
            match (expected, &told) {
                (None, None) => {}
                (Some(words), Some(told)) if told.contains(words) => {}
                _ => panic!("{client}: {told:?}"),
            }
        }
    }
}
