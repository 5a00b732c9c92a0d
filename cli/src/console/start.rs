//! Where to begin: the paths of the API, and a request of each kind that works.

use portcullis_schema::{ExpandedSchema, FieldSource, ModelType, NamedType, Schema};
use serde_json::{Value, json};

use crate::local::Example;

/// What the console offers to try.
pub(super) fn of(schema: &Schema, expanded: &ExpandedSchema, example: Option<&Example>) -> Value {
    let models = schema.models().iter().map(|model| {
        let key: Vec<&str> = model.key().fields().collect();
        json!({ "name": model.name(), "path": format!("/{}", model.path()), "key": key })
    });
    let calls = schema.custom_fields().iter().filter_map(|field| {
        let kind = match field.type_name() {
            "Query" => "queries",
            "Mutation" => "mutations",
            _ => return None,
        };
        Some(format!("/{kind}/{}", field.name()))
    });
    let example_model =
        example.and_then(|example| schema.models().iter().find(|it| it.path() == example.path));
    let model = example_model.or_else(|| schema.models().first());
    json!({
        "models": models.collect::<Vec<_>>(),
        "calls": calls.collect::<Vec<_>>(),
        "example": example.map(|example| json!({ "path": format!("/{}", example.path), "record": example.record })),
        "query": model.and_then(|model| query(model, expanded)),
    })
}

/// A query for a page of records.
fn query(model: &ModelType, expanded: &ExpandedSchema) -> Option<String> {
    let lists =
        |source: &FieldSource| matches!(source, FieldSource::List { model: of, .. } if of == model.name());
    let (_, field, _) = expanded.sources().find(|(of, _, source)| *of == "Query" && lists(source))?;
    let is_plain = |kind: &NamedType| matches!(kind, NamedType::Scalar(_) | NamedType::Enum(_));
    let fields = model.fields().iter().filter(|field| is_plain(&field.kind().named));
    let fields: Vec<&str> = fields.map(|field| field.name()).collect();
    Some(format!(
        "query List {{\n  {} {{\n    items {{\n      {}\n    }}\n    nextToken\n  }}\n}}",
        field.name,
        fields.join("\n      ")
    ))
}
