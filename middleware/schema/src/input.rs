//! Checks of what a client sends.

use std::fmt::Write as _;

use portcullis_rules::Item;
use serde_json::Value;

use crate::{FieldType, ModelType, NamedType, Origin, TypeRef, scalar_check};

/// The longest `id`, in bytes. With its prefixes it fits into a sort key of DynamoDB (1024 bytes).
pub(crate) const MAX_ID: usize = 512;
/// DynamoDB keeps items of 400 KB; the rest is for what the server adds.
const MAX_ITEM: usize = 380 * 1024;
/// DynamoDB nests values 32 levels deep; the item itself is one.
const MAX_DEPTH: usize = 30;
/// So many mistakes of one input are named.
const MAX_MISTAKES: usize = 100;
/// So much of a field's name that does not exist is repeated.
const MAX_UNKNOWN_NAME: usize = 64;

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
    let mut check = Check { model, path: String::new(), mistakes: Vec::new() };
    for (name, value) in input {
        if check.is_full() {
            break;
        }
        check.model_field(name, value, purpose);
    }
    if purpose == Purpose::Create {
        let missing = model.fields.iter().filter(|field| is_required_to_create(field));
        check.require(missing.filter(|field| !input.contains_key(&field.name)));
    }
    if check.mistakes.is_empty() && size(input) > MAX_ITEM {
        check.mistake("is too large");
    }
    if check.mistakes.is_empty() { Ok(()) } else { Err(check.mistakes) }
}

/// Whether a client must send the field. What the server fills in may be left out, as in Amplify.
pub(crate) fn is_required_to_create(field: &FieldType) -> bool {
    let filled_in = matches!(field.name.as_str(), "id" | "createdAt" | "updatedAt");
    field.kind.required && field.origin == Origin::Declared && !filled_in
}

/// A walk over an input. `path` is where it is.
struct Check<'a> {
    model: &'a ModelType,
    path: String,
    mistakes: Vec<InvalidField>,
}

impl Check<'_> {
    fn is_full(&self) -> bool {
        self.mistakes.len() >= MAX_MISTAKES
    }

    fn mistake(&mut self, problem: impl Into<String>) {
        if !self.is_full() {
            self.mistakes.push(InvalidField { field: self.path.clone(), problem: problem.into() });
        }
    }

    /// Does something one step further down the path.
    fn below(&mut self, step: std::fmt::Arguments<'_>, act: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        // Writing to a string cannot fail.
        let _ = self.path.write_fmt(step);
        act(self);
        self.path.truncate(length);
    }

    fn below_field(&mut self, name: &str, act: impl FnOnce(&mut Self)) {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.below(format_args!("{dot}{name}"), act);
    }

    fn require<'f>(&mut self, missing: impl Iterator<Item = &'f FieldType>) {
        for field in missing {
            self.below_field(&field.name, |check| check.mistake("is required"));
        }
    }

    fn model_field(&mut self, name: &str, value: &Value, purpose: Purpose) {
        let model = self.model;
        let Some(field) = model.field(name) else {
            self.unknown_field(name, &model.name);
            return;
        };
        self.below_field(name, |check| match (purpose, field.origin) {
            (_, Origin::ImpliedTimestamp | Origin::ImpliedOwner) => {
                check.mistake("is set by the server and cannot be sent");
            }
            (Purpose::Update, _) if name == "id" => check.mistake("cannot be changed"),
            (Purpose::Create, _) if name == "id" => check.id(value),
            _ => check.value(&field.kind, value, 0),
        });
    }

    /// A key of the client's own choice, if it chooses one.
    fn id(&mut self, value: &Value) {
        let Some(id) = value.as_str() else {
            self.mistake("must be a string");
            return;
        };
        if id.is_empty() || id.len() > MAX_ID {
            self.mistake(format!("must be 1 to {MAX_ID} bytes long"));
        } else if id.chars().any(char::is_control) {
            self.mistake("must not have control characters");
        } else if matches!(id, "." | "..") {
            self.mistake("must not be a relative path");
        }
    }

    fn value(&mut self, kind: &TypeRef, value: &Value, depth: usize) {
        match value {
            Value::Null if kind.required => self.mistake("must not be null"),
            Value::Null => {}
            Value::Array(items) if kind.list => {
                for (index, item) in items.iter().enumerate() {
                    if self.is_full() {
                        break;
                    }
                    self.below(format_args!("[{index}]"), |check| match item {
                        Value::Null if kind.required_items => check.mistake("must not be null"),
                        Value::Null => {}
                        item => check.single(&kind.named, item, depth + 1),
                    });
                }
            }
            _ if kind.list => self.mistake("must be a list"),
            value => self.single(&kind.named, value, depth),
        }
    }

    fn single(&mut self, kind: &NamedType, value: &Value, depth: usize) {
        match kind {
            NamedType::Scalar(scalar) => {
                if let Err(problem) = scalar_check::check(*scalar, value) {
                    self.mistake(problem);
                }
            }
            NamedType::Enum(kind) => {
                let is_value = |text: &str| kind.values().iter().any(|value| value == text);
                if !value.as_str().is_some_and(is_value) {
                    self.mistake(format!("must be a value of {}", kind.name()));
                }
            }
            NamedType::Object(name) => match value {
                Value::Object(input) => self.object(name, input, depth),
                _ => self.mistake(format!("must be an object of the type {name}")),
            },
        }
    }

    fn object(&mut self, name: &str, input: &Item, depth: usize) {
        let model = self.model;
        let Some(object) = model.object(name) else {
            self.mistake("cannot be stored");
            return;
        };
        if depth >= MAX_DEPTH {
            self.mistake("is nested too deep");
            return;
        }
        for (name, value) in input {
            if self.is_full() {
                break;
            }
            match object.fields.iter().find(|field| field.name == *name) {
                Some(field) => self.below_field(name, |check| check.value(&field.kind, value, depth + 1)),
                None => self.unknown_field(name, &object.name),
            }
        }
        let required = object.fields.iter().filter(|field| field.kind.required);
        self.require(required.filter(|field| !input.contains_key(&field.name)));
    }

    /// The client's own word is repeated only if it looks like the name of a field.
    fn unknown_field(&mut self, name: &str, type_name: &str) {
        let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'_';
        let presentable = (1..=MAX_UNKNOWN_NAME).contains(&name.len()) && name.bytes().all(is_letter);
        let (name, problem) = if presentable {
            (name, format!("is not a field of {type_name}"))
        } else {
            ("?", format!("is a name that no field of {type_name} has"))
        };
        self.below_field(name, |check| check.mistake(problem));
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
