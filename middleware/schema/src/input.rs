//! Checks of what a client sends.

use portcullis_rules::Item;
use serde_json::Value;

use crate::{
    ModelType, NamedType, Origin, Scalar, TypeRef,
    key_value::{self, MAX_KEY, key_problem},
    value_check::ValueCheck,
};

/// DynamoDB keeps items of 400 KB; the rest is for what the server adds.
const MAX_ITEM: usize = 380 * 1024;

/// A field of an input that cannot be accepted.
///
/// ```
/// let source = "type Note @model { title: String! tags: [String!] }";
/// let schema = portcullis_schema::Schema::parse(source, "schema.graphql")?;
/// let note = schema.model("Note").ok_or("no such model")?;
/// let input = serde_json::json!({ "titel": "Milk", "tags": ["shop", 7] });
/// let mistakes = note.validate_create(input.as_object().ok_or("no object")?).unwrap_err();
/// let mistakes: Vec<_> = mistakes.iter().map(|mistake| mistake.to_string()).collect();
/// assert_eq!(mistakes, ["`tags[1]` must be a string", "`titel` is not a field of Note", "`title` is required"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField {
    /// The path of the field: `title`, `tags[2]`, `address.city`; empty if the input as a whole is at fault.
    pub field: String,
    /// What is wrong, in words that fit after the name. It never repeats a value.
    pub problem: String,
}

impl std::fmt::Display for InvalidField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "the input {}", self.problem),
            field => write!(f, "`{field}` {}", self.problem),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Create,
    Update,
}

pub(crate) fn validate_create(model: &ModelType, input: &Item) -> Result<(), Vec<InvalidField>> {
    validate(model, input, Purpose::Create)
}

pub(crate) fn validate_update(model: &ModelType, input: &Item) -> Result<(), Vec<InvalidField>> {
    validate(model, input, Purpose::Update)
}

fn validate(model: &ModelType, input: &Item, purpose: Purpose) -> Result<(), Vec<InvalidField>> {
    let mut check = ValueCheck::new(&model.objects);
    for (name, value) in input {
        if check.is_full() {
            break;
        }
        field(&mut check, model, name, value, purpose);
    }
    if purpose == Purpose::Create {
        let missing = model.fields.iter().filter(|field| field.is_required_to_create());
        check.require(missing.filter(|field| !input.contains_key(&field.name)));
        let parts = model.key.fields().filter_map(|name| input.get(name));
        if check.is_clean() && parts.map(key_value::size).sum::<usize>() > MAX_KEY {
            check.below_field(&model.key.field, |check| {
                check.mistake(format!("and the sort key must not be longer than {MAX_KEY} bytes together"));
            });
        }
    }
    if check.is_clean() && size(input) > MAX_ITEM {
        check.mistake("is too large");
    }
    check.finish()
}

fn field(check: &mut ValueCheck<'_>, model: &ModelType, name: &str, value: &Value, purpose: Purpose) {
    let Some(field) = model.field(name) else {
        check.unknown_field(name, &model.name);
        return;
    };
    check.below_field(name, |check| match (purpose, field.origin) {
        (_, Origin::ImpliedTimestamp | Origin::ImpliedOwner) => {
            check.mistake("is set by the server and cannot be sent");
        }
        (Purpose::Update, _) if field.in_key => check.mistake("cannot be changed"),
        (Purpose::Create, _) if field.in_key => key(check, &field.kind, value),
        _ => check.value(&field.kind, value),
    });
}

/// (A part of) the key of a record, of the client's own choice.
fn key(check: &mut ValueCheck<'_>, kind: &TypeRef, value: &Value) {
    let is_text = matches!(kind.named, NamedType::Scalar(Scalar::Id | Scalar::String));
    match value {
        Value::String(text) if is_text => {
            if let Some(problem) = key_problem(text) {
                check.mistake(problem);
            }
        }
        value => {
            // Nobody finds a record by null, whatever the schema says.
            check.value(&TypeRef { required: true, ..kind.clone() }, value);
            if let Value::String(text) = value
                && check.is_clean()
                && let Some(problem) = key_problem(text)
            {
                check.mistake(problem);
            }
        }
    }
}

/// About the bytes that DynamoDB counts. The walk ends where the checked types end, so its depth is bounded.
fn size(input: &Item) -> usize {
    input.iter().map(|(name, value)| name.len() + value_size(value) + 1).sum()
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(_) => 21,
        Value::String(text) => text.len(),
        Value::Array(items) => 3 + items.iter().map(|item| value_size(item) + 1).sum::<usize>(),
        Value::Object(input) => 3 + size(input),
    }
}
