//! A record to try the API with, made from the schema.

use portcullis_rules::{Operation, Rule, Strategy};
use portcullis_schema::{ModelType, NamedType, Scalar, Schema, TypeRef};
use serde_json::{Map, Value, json};

/// A record that whoever has signed in may write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Example {
    pub(crate) path: String,
    pub(crate) record: Value,
}

/// An example for the first model whose records belong to who makes them.
pub(crate) fn example(schema: &Schema) -> Option<Example> {
    schema.models().iter().filter(|model| model.rules().rules().iter().any(is_open_to_owners)).find_map(
        |model| {
            let record = required_fields(model)?;
            Some(Example { path: model.path().to_owned(), record: Value::Object(record) })
        },
    )
}

fn is_open_to_owners(rule: &Rule) -> bool {
    matches!(rule.strategy, Strategy::Owner { .. }) && rule.operations.contains(Operation::Create)
}

/// `None` if a required field holds something that has no obvious example.
fn required_fields(model: &ModelType) -> Option<Map<String, Value>> {
    model
        .fields()
        .iter()
        .filter(|field| field.in_create() && field.kind().required && field.name() != "id")
        .map(|field| Some((field.name().to_owned(), sample(field.kind())?)))
        .collect()
}

fn sample(kind: &TypeRef) -> Option<Value> {
    let value = match &kind.named {
        NamedType::Scalar(scalar) => sample_scalar(*scalar)?,
        NamedType::Enum(values) => json!(values.values().first()?),
        _ => return None,
    };
    Some(if kind.list { json!([value]) } else { value })
}

fn sample_scalar(scalar: Scalar) -> Option<Value> {
    match scalar {
        Scalar::String => Some(json!("Interview at nine")),
        Scalar::Id => Some(json!("one")),
        Scalar::Int => Some(json!(1)),
        Scalar::Float => Some(json!(1.5)),
        Scalar::Boolean => Some(json!(true)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> Option<Example> {
        example(&Schema::parse(source, "schema.graphql").unwrap())
    }

    #[test]
    fn the_example_has_every_required_field_and_the_schema_accepts_it() {
        let source = r#"
            type Article @model @auth(rules: [{ allow: private }]) { id: ID! headline: String! }
            type Note @model @auth(rules: [{ allow: owner }]) { id: ID! title: String! stars: [Int!]! body: String }
        "#;
        let example = of(source).unwrap();
        assert_eq!(example.path, "notes");
        let schema = Schema::parse(source, "schema.graphql").unwrap();
        let Value::Object(record) = example.record else { panic!("not a record") };
        assert_eq!(schema.model("Note").unwrap().validate_create(&record), Ok(()));
    }

    #[test]
    fn a_model_that_owners_cannot_write_has_no_example() {
        assert_eq!(
            of("type Note @model @auth(rules: [{ allow: owner, operations: [read] }]) { title: String }"),
            None
        );
    }
}
