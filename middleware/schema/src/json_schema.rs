//! Models described in JSON Schema, draft 2020-12.

use serde_json::{Map, Value, json};

use crate::{
    FieldType, ModelType, NamedType, Origin, Scalar, TypeRef,
    input::{MAX_ID, is_required_to_create},
};

/// Nested types are written out to this depth; below it any object is described. Types may contain themselves.
const MAX_DEPTH: usize = 6;
/// So many fields are written out in one description.
const MAX_FIELDS: usize = 2000;

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
        Shape::Create => is_required_to_create(field),
        Shape::Update => false,
        Shape::Output => field.kind.required,
    };
    let mut writer = Writer { model, shape, fields_left: MAX_FIELDS };
    let fields = model.fields.iter().filter(is_shown);
    writer.object(model.description.as_deref(), fields, is_required, 0)
}

struct Writer<'a> {
    model: &'a ModelType,
    shape: Shape,
    fields_left: usize,
}

impl Writer<'_> {
    fn object<'f>(
        &mut self,
        description: Option<&str>,
        fields: impl Iterator<Item = &'f FieldType>,
        is_required: impl Fn(&FieldType) -> bool,
        depth: usize,
    ) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in fields {
            if is_required(field) {
                required.push(field.name.clone());
            }
            properties.insert(field.name.clone(), self.field(field, depth));
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

    fn field(&mut self, field: &FieldType, depth: usize) -> Value {
        self.fields_left = self.fields_left.saturating_sub(1);
        let mut schema = self.value(&field.kind, depth);
        if depth == 0 && field.name == "id" {
            set(&mut schema, "minLength", json!(1));
            set(&mut schema, "maxLength", json!(MAX_ID));
        }
        if matches!(field.origin, Origin::ImpliedTimestamp | Origin::ImpliedOwner) {
            set(&mut schema, "readOnly", json!(true));
        }
        describe(&mut schema, field.description.as_deref());
        schema
    }

    fn value(&mut self, kind: &TypeRef, depth: usize) -> Value {
        let mut schema = self.named(&kind.named, depth);
        if kind.list {
            if !kind.required_items {
                make_nullable(&mut schema);
            }
            schema = json!({ "type": "array", "items": schema });
        }
        if !kind.required {
            make_nullable(&mut schema);
        }
        schema
    }

    fn named(&mut self, kind: &NamedType, depth: usize) -> Value {
        match kind {
            NamedType::Scalar(scalar) => of_scalar(*scalar),
            NamedType::Enum(kind) => {
                let mut schema = json!({ "type": "string", "enum": kind.values() });
                describe(&mut schema, kind.description());
                schema
            }
            NamedType::Object(name) => match self.model.object(name) {
                Some(object) if depth < MAX_DEPTH && self.fields_left > 0 => {
                    let required = |field: &FieldType| field.kind.required;
                    self.object(object.description(), object.fields.iter(), required, depth + 1)
                }
                _ => json!({ "type": "object" }),
            },
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

/// Lets a value be null as well: its type becomes a list of two, and an enum gets one more value.
fn make_nullable(schema: &mut Value) {
    let Value::Object(schema) = schema else {
        return;
    };
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
}
