//! What GraphQL says about a filter before anything is decided: the input types that Amplify makes for a model.

use portcullis_rules::{Provider, Rule, Strategy};
use portcullis_schema::{Connection, ModelType, NamedType, Scalar, Schema, Through};
use serde_json::Value;

use super::{answer::Answer, refusal::Refusal};

/// What fields of a kind can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Boolean,
    Enum,
    EnumList,
}

/// Which input type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Query,
    Condition,
    Subscription,
}

/// Checks the filter of a list.
pub(crate) fn check_query(model: &ModelType, filter: Option<&Value>) -> Result<(), Refusal> {
    check(&Input { model, purpose: Purpose::Query, foreign: Vec::new() }, filter)
}

/// Checks the filter of a subscription. Fields that hold groups are not in it, for the rules filter by them; those that
/// hold owners are, as in the filter of a list.
pub(crate) fn check_subscription(
    schema: &Schema,
    model: &ModelType,
    filter: Option<&Value>,
) -> Result<(), Refusal> {
    // The reference puts the implied foreign key of a `@hasMany` into the filter of the model that has many.
    let points_here = |connection: &&Connection| {
        let index = |name: &str| {
            let related = schema.model(&connection.model)?;
            related.indexes().iter().find(|index| index.name == name)
        };
        matches!(&connection.through, Through::Index(name) if index(name).is_some_and(|index| index.implied))
    };
    let foreign = model.connections().iter().filter(points_here).flat_map(|connection| &connection.pairs);
    let foreign: Vec<&str> = foreign.map(|(_, there)| there.as_str()).collect();
    check(&Input { model, purpose: Purpose::Subscription, foreign }, filter)
}

/// Checks the condition of a mutation, which does not speak of the key.
pub(crate) fn check_condition(model: &ModelType, condition: Option<&Value>) -> Result<(), Refusal> {
    check(&Input { model, purpose: Purpose::Condition, foreign: Vec::new() }, condition)
}

/// An input type.
struct Input<'a> {
    model: &'a ModelType,
    purpose: Purpose,
    /// Fields of it that the model does not have.
    foreign: Vec<&'a str>,
}

fn check(input: &Input<'_>, filter: Option<&Value>) -> Result<(), Refusal> {
    match filter {
        None | Some(Value::Null) => Ok(()),
        Some(filter) => match mistake(input, filter) {
            None => Ok(()),
            Some(problem) => {
                Err(Answer::invalid(format!("Variable \"$filter\" got an invalid value; {problem}")).into())
            }
        },
    }
}

fn mistake(input: &Input<'_>, filter: &Value) -> Option<String> {
    let purpose = input.purpose;
    let Some(filter) = filter.as_object() else {
        return Some("it is not an object".to_owned());
    };
    filter.iter().find_map(|(name, value)| match (name.as_str(), value) {
        ("and" | "or", Value::Null) => None,
        ("and" | "or", Value::Array(all)) => {
            all.iter().filter(|one| !one.is_null()).find_map(|one| mistake(input, one))
        }
        // GraphQL makes a list of a single value.
        ("and" | "or", one) => mistake(input, one),
        ("not", Value::Null) if purpose != Purpose::Subscription => None,
        ("not", one) if purpose != Purpose::Subscription => mistake(input, one),
        (name, tests) => {
            let Some((kind, purpose)) = kind_of(input, name) else {
                return Some(format!("`{name}` is not a field of it"));
            };
            match tests {
                Value::Null => None,
                Value::Object(tests) => {
                    let wrong = tests.iter().find(|(word, value)| !fits(kind, purpose, word, value))?;
                    Some(format!("`{}` of `{name}` is not what it must be", wrong.0))
                }
                _ => Some(format!("`{name}` is not an object")),
            }
        }
    })
}

/// What a field can be asked, and by which of the two vocabularies.
fn kind_of(input: &Input<'_>, name: &str) -> Option<(Kind, Purpose)> {
    let (model, purpose) = (input.model, input.purpose);
    if input.foreign.contains(&name) {
        return Some((Kind::Text, purpose));
    }
    if purpose != Purpose::Query {
        // The owner field is taken out and put back as that of a list is.
        let is_key = name == "id" || model.key().fields().any(|field| field == name);
        let is_owner =
            asks_record(model, |part| matches!(part, Strategy::Owner { field, .. } if field == name));
        match purpose {
            _ if is_owner && (is_key || purpose == Purpose::Subscription) => {
                return Some((Kind::Text, Purpose::Query));
            }
            Purpose::Condition if is_key => return None,
            _ => {}
        }
    }
    // The filter of a list keeps the `id` that a model with another key does not have.
    if name == "id" && purpose == Purpose::Query {
        return Some((Kind::Text, purpose));
    }
    if purpose == Purpose::Subscription {
        if asks_record(
            model,
            |strategy| matches!(strategy, Strategy::DynamicGroups { field, .. } if field == name),
        ) {
            return None;
        }
        if name == "id" {
            return Some((Kind::Text, purpose));
        }
    }
    let kind = model.field(name)?.kind();
    let kind = match &kind.named {
        NamedType::Scalar(Scalar::Int | Scalar::Float | Scalar::AwsTimestamp) => Kind::Number,
        NamedType::Scalar(Scalar::Boolean) => Kind::Boolean,
        NamedType::Scalar(_) => Kind::Text,
        NamedType::Enum(_) if purpose == Purpose::Subscription => Kind::Text,
        NamedType::Enum(_) if kind.list => Kind::EnumList,
        NamedType::Enum(_) => Kind::Enum,
        _ => return None,
    };
    Some((kind, purpose))
}

/// Whether a rule about tokens has a strategy of this sort.
fn asks_record(model: &ModelType, is: impl Fn(&Strategy) -> bool) -> bool {
    let of_fields = model.rules().fields().iter().filter_map(|field| field.rules.as_ref()).flatten();
    let tokens = |rule: &&Rule| matches!(rule.provider, Provider::UserPools | Provider::Oidc);
    model
        .rules()
        .rules()
        .iter()
        .chain(of_fields)
        .filter(tokens)
        .flat_map(|rule| rule.strategy.parts())
        .any(is)
}

fn fits(kind: Kind, purpose: Purpose, word: &str, value: &Value) -> bool {
    use Kind::{Boolean, Enum, EnumList, Number, Text};
    let one = |value: &Value| match kind {
        _ if value.is_null() => true,
        Text => value.is_string() || value.is_number(),
        Number => value.is_number(),
        Boolean => value.is_boolean(),
        Enum | EnumList => value.is_string(),
    };
    let many = |value: &Value| match value {
        Value::Array(values) => values.iter().all(one),
        value => one(value),
    };
    let query = purpose != Purpose::Subscription;
    match (word, kind) {
        ("eq" | "ne", EnumList) => many(value),
        ("eq" | "ne", _) => one(value),
        ("lt" | "le" | "gt" | "ge", Text | Number) => one(value),
        ("between", Text | Number) => many(value),
        ("in" | "notIn", Text | Number) => !query && many(value),
        ("contains" | "notContains", Text | EnumList) | ("beginsWith", Text) => one(value),
        ("attributeExists", Text | Number | Boolean) => query && (value.is_null() || value.is_boolean()),
        ("attributeType", Text | Number | Boolean) => query && (value.is_null() || value.is_string()),
        ("size", Text) => query && (value.is_null() || value.is_object()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use portcullis_schema::{Project, Schema};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_filter_speaks_of_the_fields_of_its_type() {
        let source = "enum S { A B }
            type N @model @auth(rules: [{allow: owner}, {allow: groups, groupsField: \"g\"}]) {
            t: String c: Int done: Boolean s: S ss: [S] g: String }";
        let schema = Schema::read(source, "schema.graphql", &Project::default()).unwrap();
        let model = schema.model("N").unwrap();
        let table = [
            (json!({"t": {"eq": "a", "beginsWith": "b"}}), true, true),
            (json!({"c": {"gt": 1}, "and": [{"t": null}]}), true, true),
            (json!({"c": {"beginsWith": "1"}}), false, false),
            (json!({"c": {"gt": "1"}}), false, false),
            (json!({"x": {"eq": "1"}}), false, false),
            (json!({"t": {"is": "1"}}), false, false),
            (json!({"t": {"in": ["a"]}}), false, true),
            (json!({"t": {"attributeExists": true}}), true, false),
            (json!({"owner": {"attributeExists": true}}), true, true),
            (json!({"owner": {"in": ["a"]}}), false, false),
            (json!({"g": {"eq": "a"}}), true, false),
            (json!({"not": {"t": {"eq": "a"}}}), true, false),
            (json!({"done": {"eq": true}}), true, true),
            (json!({"s": {"eq": "A"}}), true, true),
            (json!({"s": {"contains": "A"}}), false, true),
            (json!({"ss": {"contains": "A"}}), true, true),
            (json!({"or": [{"x": {"eq": 1}}]}), false, false),
            (json!({"t": "a"}), false, false),
            (json!([]), false, false),
        ];
        for (filter, query, subscription) in table {
            let ok = [check_query(model, Some(&filter)), check_subscription(&schema, model, Some(&filter))]
                .map(|r| r.is_ok());
            assert_eq!(ok, [query, subscription], "{filter}");
        }
    }
}
