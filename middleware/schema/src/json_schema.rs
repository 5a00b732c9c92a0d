//! Models described in JSON Schema, draft 2020-12. What several fields share, enums and nested types, is described once
//! and referred to: types may contain themselves, and an enum may be long.

use serde_json::{Map, Value, json};

use crate::{
    FieldType, ModelType, NamedType, ObjectType, Origin, Scalar, Schema, TypeRef, key_value::MAX_KEY,
};

/// Which side of a record is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// What a client sends to make a record.
    Create,
    /// What a client sends to change a record.
    Update,
    /// What a client gets.
    Output,
}

pub(crate) fn of_model(model: &ModelType, shape: Shape) -> Value {
    let is_shown = |field: &&FieldType| match shape {
        Shape::Create => field.in_create(),
        Shape::Update => field.in_update(),
        Shape::Output => true,
    };
    let is_required = |field: &FieldType| match shape {
        Shape::Create => field.is_required_to_create(),
        Shape::Update => false,
        Shape::Output => field.kind.required,
    };
    let fields = model.fields.iter().filter(is_shown);
    Writer { shape }.object(model.description.as_deref(), fields, is_required)
}

/// The arguments of a custom field.
pub(crate) fn of_arguments(arguments: &[FieldType]) -> Value {
    Writer { shape: Shape::Create }.object(None, arguments.iter(), must_be_sent)
}

/// The answer of a custom field.
pub(crate) fn of_answer(kind: &TypeRef) -> Value {
    Writer { shape: Shape::Output }.value(kind)
}

/// What the other descriptions refer to, by name.
pub(crate) fn shared(schema: &Schema) -> Map<String, Value> {
    let mut shared = Map::new();
    for kind in &schema.enums {
        let mut described = json!({ "type": "string", "enum": kind.values() });
        describe(&mut described, kind.description());
        shared.insert(kind.name().to_owned(), described);
    }
    for object in schema.objects.values() {
        if !object.is_input {
            shared.insert(object.name.clone(), of_object(object, Shape::Output));
        }
        shared.insert(input_name(&object.name), of_object(object, Shape::Create));
    }
    shared
}

fn of_object(object: &ObjectType, shape: Shape) -> Value {
    Writer { shape }.object(object.description(), object.fields.iter(), must_be_sent)
}

fn must_be_sent(field: &FieldType) -> bool {
    field.kind.required && field.default.is_none()
}

/// The name under which a nested type is described as a client sends it.
fn input_name(name: &str) -> String {
    format!("{name}.Input")
}

struct Writer {
    shape: Shape,
}

impl Writer {
    fn object<'f>(
        &self,
        description: Option<&str>,
        fields: impl Iterator<Item = &'f FieldType>,
        is_required: impl Fn(&FieldType) -> bool,
    ) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in fields {
            if is_required(field) {
                required.push(field.name.clone());
            }
            properties.insert(field.name.clone(), self.field(field));
        }
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            set(&mut schema, "required", json!(required));
        }
        if self.shape != Shape::Output {
            set(&mut schema, "additionalProperties", json!(false));
        }
        describe(&mut schema, description);
        schema
    }

    fn field(&self, field: &FieldType) -> Value {
        let mut schema = self.value(&field.kind);
        let is_text = matches!(field.kind.named, NamedType::Scalar(Scalar::Id | Scalar::String));
        if field.in_key && is_text {
            set(&mut schema, "minLength", json!(1));
            set(&mut schema, "maxLength", json!(MAX_KEY));
        }
        if let Some(default) = &field.default {
            set(&mut schema, "default", default.clone());
        }
        if matches!(field.origin, Origin::ImpliedTimestamp | Origin::ImpliedOwner) {
            set(&mut schema, "readOnly", json!(true));
        }
        describe(&mut schema, field.description.as_deref());
        schema
    }

    fn value(&self, kind: &TypeRef) -> Value {
        let mut schema = self.named(&kind.named);
        if kind.list {
            if !kind.required_items {
                schema = nullable(schema);
            }
            schema = json!({ "type": "array", "items": schema });
        }
        if kind.required { schema } else { nullable(schema) }
    }

    fn named(&self, kind: &NamedType) -> Value {
        let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        match kind {
            NamedType::Scalar(scalar) => of_scalar(*scalar),
            NamedType::Enum(kind) => reference(kind.name()),
            NamedType::Model(_) => json!({ "type": "object" }),
            NamedType::Object(name) if self.shape == Shape::Output => reference(name),
            NamedType::Object(name) => reference(&input_name(name)),
        }
    }
}

fn of_scalar(scalar: Scalar) -> Value {
    match scalar {
        Scalar::Id | Scalar::String => json!({ "type": "string" }),
        Scalar::Int => {
            json!({ "type": "integer", "format": "int32", "minimum": i32::MIN, "maximum": i32::MAX })
        }
        Scalar::Float => json!({ "type": "number", "format": "double" }),
        Scalar::Boolean => json!({ "type": "boolean" }),
        Scalar::AwsDate => json!({ "type": "string", "format": "date" }),
        Scalar::AwsTime => json!({ "type": "string", "format": "time" }),
        Scalar::AwsDateTime => json!({ "type": "string", "format": "date-time" }),
        Scalar::AwsTimestamp => json!({ "type": "integer", "format": "int64" }),
        Scalar::AwsEmail => json!({ "type": "string", "format": "email" }),
        Scalar::AwsJson => json!({ "type": "string", "contentMediaType": "application/json" }),
        Scalar::AwsUrl => json!({ "type": "string", "format": "uri" }),
        Scalar::AwsPhone => json!({ "type": "string", "format": "phone" }),
        Scalar::AwsIpAddress => json!({ "type": "string", "format": "ip-address" }),
    }
}

fn set(schema: &mut Value, key: &str, value: Value) {
    if let Value::Object(schema) = schema {
        schema.insert(key.to_owned(), value);
    }
}

fn describe(schema: &mut Value, description: Option<&str>) {
    if let Some(description) = description {
        set(schema, "description", json!(description));
    }
}

/// Lets a value be null as well: its type becomes a list of two, and a reference one of two choices.
fn nullable(mut schema: Value) -> Value {
    match schema.get_mut("type") {
        Some(kind) => *kind = json!([kind.take(), "null"]),
        None => schema = json!({ "anyOf": [schema, { "type": "null" }] }),
    }
    schema
}
