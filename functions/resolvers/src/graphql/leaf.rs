//! Values without fields, as a client sees them.

use portcullis_data::schema::{ExpandedSchema, TypeBody};
use serde_json::{Number, Value};

/// A value of the type of this name; `None` if it cannot be read as one.
pub(crate) fn leaf(expanded: &ExpandedSchema, kind: &str, value: Value) -> Option<Value> {
    if let Some(TypeBody::Enum(values)) = expanded.type_named(kind).map(|definition| &definition.body) {
        let is_value = value.as_str().is_some_and(|text| values.iter().any(|known| known.name == text));
        return is_value.then_some(value);
    }
    match (kind, value) {
        ("ID" | "String", Value::String(text)) => Some(text.into()),
        ("ID", Value::Number(number)) => is_whole(&number).then(|| number.to_string().into()),
        ("String", Value::Number(number)) => Some(number.to_string().into()),
        ("String", Value::Bool(value)) => Some(value.to_string().into()),
        ("ID" | "String", _) => None,
        ("Int", value) => {
            let number = number(value)?;
            let fits = number.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
            fits.then_some(Value::Number(number))
        }
        ("Float", value) => number(value).map(Value::Number),
        ("Boolean", Value::Bool(value)) => Some(value.into()),
        ("Boolean", Value::Number(number)) => Some((number.as_f64() != Some(0.0)).into()),
        ("Boolean", _) => None,
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
    use portcullis_data::schema::Schema;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_shown_if_it_can_be_read_as_its_type() {
        let source = "type Note @model { kind: Kind } enum Kind { SHORT LONG }";
        let expanded = Schema::parse(source, "schema.graphql").unwrap().expand();
        let table = [
            ("String", json!("a"), Some(json!("a"))),
            ("String", json!(1.5), Some(json!("1.5"))),
            ("String", json!({"a": 1}), None),
            ("ID", json!(1), Some(json!("1"))),
            ("ID", json!(true), None),
            ("Int", json!("3"), Some(json!(3))),
            ("Int", json!(1.5), None),
            ("Int", json!(5_000_000_000_u64), None),
            ("Boolean", json!(0), Some(json!(false))),
            ("AWSJSON", json!({"a": 1}), Some(json!({"a": 1}))),
            ("Kind", json!("LONG"), Some(json!("LONG"))),
            ("Kind", json!("long"), None),
        ];
        for (kind, found, expected) in table {
            assert_eq!(leaf(&expanded, kind, found.clone()), expected, "{kind} {found}");
        }
    }
}
