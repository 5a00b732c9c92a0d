//! What GraphQL makes of values that are not quite of their type: of those that a client sends before they are checked, and
//! of those that are found before they are shown.

use portcullis_rules::Item;
use portcullis_schema::{FieldType, NamedType, Scalar, Schema, TypeRef};
use serde_json::{Number, Value};

use super::key::Key;

/// Coerces what a client sends: a single value for a list is a list of one, and an id may be a number.
pub(crate) fn members(schema: &Schema, fields: &[FieldType], input: &mut Item) {
    for (name, value) in input.iter_mut() {
        if let Some(field) = fields.iter().find(|field| field.name() == name) {
            sent(schema, field.kind(), value);
        }
    }
}

/// Coerces the arguments that speak of a key: a value, or for its sort field tests of a value.
pub(crate) fn key_arguments(schema: &Schema, key: &Key<'_>, args: &mut Item) {
    for name in key.fields() {
        let Some((field, value)) = key.model.field(name).zip(args.get_mut(name)) else {
            continue;
        };
        match value {
            Value::Object(tests) => tests.values_mut().for_each(|value| sent(schema, field.kind(), value)),
            value => sent(schema, field.kind(), value),
        }
    }
}

fn sent(schema: &Schema, kind: &TypeRef, value: &mut Value) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter_mut().for_each(|item| sent_one(schema, &kind.named, item)),
        one => {
            sent_one(schema, &kind.named, one);
            if kind.list {
                *one = Value::Array(vec![one.take()]);
            }
        }
    }
}

fn sent_one(schema: &Schema, kind: &NamedType, value: &mut Value) {
    match (kind, &mut *value) {
        (NamedType::Scalar(Scalar::Id), Value::Number(number)) if is_whole(number) => {
            *value = number.to_string().into();
        }
        (NamedType::Object(name), Value::Object(input)) => {
            if let Some(object) = schema.object(name) {
                members(schema, object.fields(), input);
            }
        }
        _ => {}
    }
}

/// A found value that has no fields, as a client sees it; `None` if it is not of the type.
pub(crate) fn shown(kind: &NamedType, value: Value) -> Option<Value> {
    match kind {
        NamedType::Scalar(scalar) => shown_scalar(*scalar, value),
        NamedType::Enum(kind) => {
            let is_value = value.as_str().is_some_and(|text| kind.values().iter().any(|known| known == text));
            is_value.then_some(value)
        }
        _ => Some(value),
    }
}

fn shown_scalar(scalar: Scalar, value: Value) -> Option<Value> {
    match (scalar, value) {
        (Scalar::Id | Scalar::String, Value::String(text)) => Some(text.into()),
        (Scalar::Id, Value::Number(number)) => is_whole(&number).then(|| number.to_string().into()),
        (Scalar::String, Value::Number(number)) => Some(number.to_string().into()),
        (Scalar::String, Value::Bool(value)) => Some(value.to_string().into()),
        (Scalar::Id | Scalar::String, _) => None,
        (Scalar::Int, value) => {
            let number = number(value)?;
            let whole = number.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
            whole.then_some(Value::Number(number))
        }
        (Scalar::Float, value) => number(value).map(Value::Number),
        (Scalar::Boolean, Value::Bool(value)) => Some(value.into()),
        (Scalar::Boolean, Value::Number(number)) => Some((number.as_f64() != Some(0.0)).into()),
        (Scalar::Boolean, _) => None,
        // Those of AppSync are shown as they are.
        (_, value) => Some(value),
    }
}

fn number(value: Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number),
        Value::Bool(value) => Some(i64::from(value).into()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn is_whole(number: &Number) -> bool {
    number.is_i64() || number.is_u64()
}

#[cfg(test)]
mod tests {
    use portcullis_schema::Project;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_sent_becomes_of_its_type_where_graphql_makes_it_so() {
        let source = "type Note @model @auth(rules: [{allow: owner}]) { id: ID! tags: [String] refs: [ID!] meta: Meta metas: [Meta] }
            type Meta { words: [String] n: Int }";
        let schema = Schema::read(source, "schema.graphql", &Project::default()).unwrap();
        let table = [
            (json!({"id": 5}), json!({"id": "5"})),
            (json!({"id": 1.5}), json!({"id": 1.5})),
            (json!({"tags": "a"}), json!({"tags": ["a"]})),
            (json!({"tags": null}), json!({"tags": null})),
            (json!({"refs": [1, "b"]}), json!({"refs": ["1", "b"]})),
            (json!({"meta": {"words": "a", "n": 1}}), json!({"meta": {"words": ["a"], "n": 1}})),
            (json!({"metas": {"words": "a"}}), json!({"metas": [{"words": ["a"]}]})),
            (json!({"other": 1}), json!({"other": 1})),
        ];
        for (sent, expected) in table {
            let mut input = sent.as_object().unwrap().clone();
            members(&schema, schema.model("Note").unwrap().fields(), &mut input);
            assert_eq!(Value::Object(input), expected, "{sent}");
        }
    }

    #[test]
    fn what_is_found_is_shown_if_it_can_be_read_as_its_type() {
        use Scalar::{AwsJson, Boolean, Float, Id, Int, String};
        let table = [
            (String, json!("a"), Some(json!("a"))),
            (String, json!(1.5), Some(json!("1.5"))),
            (String, json!(true), Some(json!("true"))),
            (String, json!({"a": 1}), None),
            (String, json!(["a"]), None),
            (Id, json!(1), Some(json!("1"))),
            (Id, json!(true), None),
            (Int, json!(3), Some(json!(3))),
            (Int, json!("3"), Some(json!(3))),
            (Int, json!("no"), None),
            (Int, json!(1.5), None),
            (Int, json!(5_000_000_000_u64), None),
            (Float, json!(1.5), Some(json!(1.5))),
            (Float, json!([]), None),
            (Boolean, json!(0), Some(json!(false))),
            (Boolean, json!("true"), None),
            (AwsJson, json!({"a": 1}), Some(json!({"a": 1}))),
        ];
        for (scalar, found, expected) in table {
            assert_eq!(shown(&NamedType::Scalar(scalar), found.clone()), expected, "{found}");
        }
    }
}
