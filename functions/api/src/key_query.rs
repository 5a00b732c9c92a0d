//! `?index=byOwner&owner=ann&since.ge=2026-01-01`: which records of an index are wanted.

use portcullis_data::{
    IndexQuery, SortCondition, beginning_from_text,
    schema::{FieldType, InvalidField, ModelType},
    value_from_text,
};
use serde_json::Value;

use crate::{page_query::Pair, problem::Mistake};

/// What a parameter of a list means, whatever its fields are called.
const PARAMETERS: [&str; 4] = ["limit", "nextToken", "index", "sortDirection"];

/// What may stand behind the name of a sort field and a dot.
const COMPARISONS: [&str; 5] = ["ge", "gt", "le", "lt", "beginsWith"];

/// The key that parameters may be about: that of an index, or the model's own.
struct Key<'a> {
    index: Option<&'a str>,
    field: &'a str,
    sort_fields: &'a [String],
}

/// What the parameters say about one field.
#[derive(Default)]
struct Terms {
    equal: Option<Value>,
    ge: Option<Value>,
    gt: Option<Value>,
    le: Option<Value>,
    lt: Option<Value>,
    begins_with: Option<Value>,
}

/// Reads what is left of a query string once the page is known. `None` if all of the model is asked for.
///
/// The names are those of the key's fields: `owner=ann` for the partition field, and for the sort fields, in their order,
/// equality (`day=..`) up to one that may be compared: `hour.ge=..`, `.le` (both together: from, to), `.gt`, `.lt` or
/// `.beginsWith`. `sortDirection=DESC` turns the order round.
pub(crate) fn read(
    model: &ModelType,
    parameters: Vec<Pair>,
    mistakes: &mut Vec<Mistake>,
) -> Option<IndexQuery> {
    let mut parameters = Parameters { pairs: parameters, mistakes };
    let index = parameters.take("index");
    let descending = parameters.take("sortDirection").is_some_and(|direction| match direction.as_str() {
        "ASC" => false,
        "DESC" => true,
        _ => {
            parameters.wrong("sortDirection", "must be ASC or DESC");
            false
        }
    });
    let Some(key) = find(model, index.as_deref(), &mut parameters) else {
        parameters.refuse_rest();
        return None;
    };
    let partition = parameters.value(model, key.field, key.field);
    let sort = condition(model, &key, &mut parameters);
    let asks = index.is_some() || partition.is_some() || descending;
    parameters.refuse_rest();
    let Some(partition) = partition else {
        if asks || !matches!(sort, SortCondition::Any) {
            parameters.wrong(key.field, "is required");
        }
        return None;
    };
    let query = IndexQuery::new(key.index, partition).sort(sort);
    Some(if descending { query.descending() } else { query })
}

/// A field that a list is asked for by and that no query string can name, since the name means something else there.
pub(crate) fn unreachable_field(model: &ModelType) -> Option<&str> {
    let own = Some(model.key()).filter(|key| !key.sort_fields.is_empty());
    let own = own.into_iter().flat_map(|key| key.fields());
    let declared = model.indexes().iter().filter(|index| !index.implied);
    let mut fields = own.chain(declared.flat_map(|index| index.fields()));
    fields.find(|field| PARAMETERS.contains(field))
}

fn find<'m>(model: &'m ModelType, name: Option<&str>, parameters: &mut Parameters<'_>) -> Option<Key<'m>> {
    let Some(name) = name else {
        let key = model.key();
        let has_sort_fields = !key.sort_fields.is_empty();
        return has_sort_fields.then_some(Key {
            index: None,
            field: &key.field,
            sort_fields: &key.sort_fields,
        });
    };
    let index = model.indexes().iter().find(|index| index.name == name && !index.implied);
    if index.is_none() {
        parameters.wrong("index", "is not an index of this model");
    }
    index.map(|index| Key { index: Some(&index.name), field: &index.field, sort_fields: &index.sort_fields })
}

/// Equality on the first sort fields, then at most one that is compared.
fn condition(model: &ModelType, key: &Key<'_>, parameters: &mut Parameters<'_>) -> SortCondition {
    let mut equal = Vec::new();
    for name in key.sort_fields {
        let terms = parameters.terms(model, name);
        if let Some(value) = terms.equal {
            equal.push(value);
            continue;
        }
        let with = |value: Value| [equal.clone(), vec![value]].concat();
        // What comes behind a compared field, or one that is left open, cannot be looked up: it is refused as unknown.
        return match (terms.ge, terms.le, terms.gt, terms.lt, terms.begins_with) {
            (None, None, None, None, None) if equal.is_empty() => SortCondition::Any,
            (None, None, None, None, None) => SortCondition::Eq(equal),
            (Some(from), Some(to), None, None, None) => SortCondition::Between(with(from), with(to)),
            (Some(from), None, None, None, None) if equal.is_empty() => SortCondition::Ge(with(from)),
            (Some(from), None, None, None, None) => SortCondition::Between(with(from), equal),
            (None, Some(to), None, None, None) if equal.is_empty() => SortCondition::Le(with(to)),
            (None, Some(to), None, None, None) => SortCondition::Between(equal.clone(), with(to)),
            (None, None, Some(from), None, None) if equal.is_empty() => SortCondition::Gt(with(from)),
            (None, None, None, Some(to), None) if equal.is_empty() => SortCondition::Lt(with(to)),
            (None, None, None, None, Some(beginning)) => SortCondition::BeginsWith(with(beginning)),
            _ => {
                let problem = "is compared in too many ways: use ge and le, or one comparison";
                parameters.wrong(name, problem);
                SortCondition::Any
            }
        };
    }
    if equal.is_empty() { SortCondition::Any } else { SortCondition::Eq(equal) }
}

/// The parameters that nobody has read yet.
struct Parameters<'a> {
    pairs: Vec<Pair>,
    mistakes: &'a mut Vec<Mistake>,
}

impl Parameters<'_> {
    fn wrong(&mut self, field: &str, problem: &'static str) {
        self.mistakes.push(Mistake { field: field.to_owned(), problem: problem.into() });
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let first = self.pairs.iter().position(|(known, _)| known == name)?;
        let (_, value) = self.pairs.remove(first);
        if self.pairs.iter().any(|(known, _)| known == name) {
            self.pairs.retain(|(known, _)| known != name);
            self.wrong(name, "stands twice");
        }
        Some(value)
    }

    /// The value of a parameter, read as one of this field.
    fn value(&mut self, model: &ModelType, field: &str, parameter: &str) -> Option<Value> {
        self.read(model, field, parameter, value_from_text)
    }

    fn read(
        &mut self,
        model: &ModelType,
        field: &str,
        parameter: &str,
        read: impl Fn(&FieldType, &str) -> Result<Value, InvalidField>,
    ) -> Option<Value> {
        let text = self.take(parameter)?;
        match read(model.field(field)?, &text) {
            Ok(value) => Some(value),
            Err(mistake) => {
                self.mistakes.push(Mistake { field: parameter.to_owned(), ..mistake.into() });
                None
            }
        }
    }

    fn terms(&mut self, model: &ModelType, field: &str) -> Terms {
        let mut terms = Terms { equal: self.value(model, field, field), ..Terms::default() };
        for comparison in COMPARISONS {
            let read = if comparison == "beginsWith" { beginning_from_text } else { value_from_text };
            let value = self.read(model, field, &format!("{field}.{comparison}"), read);
            if value.is_some() && terms.equal.is_some() {
                self.wrong(field, "is compared in too many ways: use ge and le, or one comparison");
            }
            match comparison {
                "ge" => terms.ge = value,
                "gt" => terms.gt = value,
                "le" => terms.le = value,
                "lt" => terms.lt = value,
                _ => terms.begins_with = value,
            }
        }
        terms
    }

    fn refuse_rest(&mut self) {
        let rest = std::mem::take(&mut self.pairs);
        self.mistakes.extend(rest.into_iter().map(|(name, _)| crate::page_query::unknown(name)));
    }
}

#[cfg(test)]
mod tests {
    use portcullis_data::schema::Schema;

    use super::*;

    const EVENTS: &str = r#"
        type Event @model @auth(rules: [{ allow: private }]) {
            place: ID! @primaryKey(sortKeyFields: ["day", "hour"])
            day: AWSDate!
            hour: Int!
            kind: String! @index(name: "byKind", sortKeyFields: ["day"])
            host: String! @index(name: "byHost")
        }
    "#;

    fn ask(query: &str) -> Result<Option<IndexQuery>, Vec<String>> {
        let schema = Schema::parse(EVENTS, "events.graphql").unwrap_or_else(|errors| panic!("{errors}"));
        let model = schema.model("Event").unwrap();
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        });
        let mut mistakes = Vec::new();
        let asked = read(model, pairs.collect(), &mut mistakes);
        if mistakes.is_empty() {
            Ok(asked)
        } else {
            Err(mistakes
                .into_iter()
                .map(|mistake| format!("{} {}", mistake.field, mistake.problem))
                .collect())
        }
    }

    #[test]
    fn a_key_is_named_by_its_fields() {
        use SortCondition::{Any, BeginsWith, Between, Eq, Ge, Gt, Le, Lt};
        let day = || Value::from("2026-01-31");
        let own = |sort| IndexQuery::new(None, "hall").sort(sort);
        let kind = |sort| IndexQuery::new(Some("byKind"), "talk").sort(sort);
        for (query, expected) in [
            ("", None),
            ("place=hall", Some(own(Any))),
            ("place=hall&sortDirection=ASC", Some(own(Any))),
            ("place=hall&sortDirection=DESC", Some(own(Any).descending())),
            ("place=hall&day=2026-01-31", Some(own(Eq(vec![day()])))),
            ("hour=9&day=2026-01-31&place=hall", Some(own(Eq(vec![day(), 9.into()])))),
            ("place=hall&day=2026-01-31&hour.ge=9", Some(own(Between(vec![day(), 9.into()], vec![day()])))),
            ("place=hall&day=2026-01-31&hour.le=9", Some(own(Between(vec![day()], vec![day(), 9.into()])))),
            (
                "place=hall&day=2026-01-31&hour.ge=9&hour.le=12",
                Some(own(Between(vec![day(), 9.into()], vec![day(), 12.into()]))),
            ),
            ("index=byKind&kind=talk", Some(kind(Any))),
            ("index=byKind&kind=talk&day.ge=2026-01-31", Some(kind(Ge(vec![day()])))),
            ("index=byKind&kind=talk&day.gt=2026-01-31", Some(kind(Gt(vec![day()])))),
            ("index=byKind&kind=talk&day.le=2026-01-31", Some(kind(Le(vec![day()])))),
            ("index=byKind&kind=talk&day.lt=2026-01-31", Some(kind(Lt(vec![day()])))),
            ("index=byKind&kind=talk&day.beginsWith=2026-01", Some(kind(BeginsWith(vec!["2026-01".into()])))),
            ("index=byHost&host=ann", Some(IndexQuery::new(Some("byHost"), "ann"))),
        ] {
            assert_eq!(ask(query), Ok(expected), "{query}");
        }
    }

    #[test]
    fn anything_else_is_named() {
        for (query, expected) in [
            ("index=byNobody", "index is not an index of this model"),
            ("index=byKind", "kind is required"),
            ("day=2026-01-31", "place is required"),
            ("sortDirection=DESC", "place is required"),
            ("place=hall&sortDirection=desc", "sortDirection must be ASC or DESC"),
            ("place=hall&place=hall", "place stands twice"),
            ("place=hall&hour=9", "hour is not a parameter of this path"),
            ("place=hall&kind=talk", "kind is not a parameter of this path"),
            ("place=hall&place.ge=a", "place.ge is not a parameter of this path"),
            ("place=hall&day=2026-01-31&hour=nine", "hour must be a whole number"),
            (
                "index=byKind&kind=talk&day.ge=2026-01-31&day.lt=2026-02-01",
                "day is compared in too many ways",
            ),
            ("index=byKind&kind=talk&day=2026-01-31&day.lt=2026-02-01", "day is compared in too many ways"),
            ("index=byKind&kind=talk&day.ne=2026-01-31", "day.ne is not a parameter of this path"),
            ("place=hall&day.ge=2026-01-31&hour=9", "hour is not a parameter of this path"),
        ] {
            let mistakes = ask(query).unwrap_err();
            assert!(mistakes.iter().any(|it| it.starts_with(expected)), "{query}: {mistakes:?}");
        }
    }
}
