//! Whether JSON values have the types of a schema.

use std::fmt::Write as _;

use portcullis_rules::Item;
use serde_json::Value;

use crate::{FieldType, InvalidField, NamedType, TypeRef, named_type::ObjectTypes, scalar_check};

/// DynamoDB nests values 32 levels deep; the item itself is one.
const MAX_DEPTH: usize = 30;
/// So many mistakes of one input are named.
const MAX_MISTAKES: usize = 100;
/// So much of a field's name that does not exist is repeated.
const MAX_UNKNOWN_NAME: usize = 64;

/// A walk over an input. `path` is where it is.
pub(crate) struct ValueCheck<'a> {
    objects: &'a ObjectTypes,
    path: String,
    mistakes: Vec<InvalidField>,
}

impl<'a> ValueCheck<'a> {
    pub(crate) fn new(objects: &'a ObjectTypes) -> Self {
        Self { objects, path: String::new(), mistakes: Vec::new() }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.mistakes.len() >= MAX_MISTAKES
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }

    pub(crate) fn finish(self) -> Result<(), Vec<InvalidField>> {
        if self.mistakes.is_empty() { Ok(()) } else { Err(self.mistakes) }
    }

    pub(crate) fn mistake(&mut self, problem: impl Into<String>) {
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

    pub(crate) fn below_field(&mut self, name: &str, act: impl FnOnce(&mut Self)) {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.below(format_args!("{dot}{name}"), act);
    }

    pub(crate) fn require<'f>(&mut self, missing: impl Iterator<Item = &'f FieldType>) {
        for field in missing {
            self.below_field(&field.name, |check| check.mistake("is required"));
        }
    }

    /// A value of this type at the place where the walk is.
    pub(crate) fn value(&mut self, kind: &TypeRef, value: &Value) {
        self.nested(kind, value, 0);
    }

    /// Fields by name, of a type or of arguments.
    pub(crate) fn members(&mut self, fields: &[FieldType], of: &str, input: &Item, depth: usize) {
        for (name, value) in input {
            if self.is_full() {
                break;
            }
            match fields.iter().find(|field| field.name == *name) {
                Some(field) => self.below_field(name, |check| check.nested(&field.kind, value, depth)),
                None => self.unknown_field(name, of),
            }
        }
        let required = fields.iter().filter(|field| field.kind.required && field.default.is_none());
        self.require(required.filter(|field| !input.contains_key(&field.name)));
    }

    fn nested(&mut self, kind: &TypeRef, value: &Value, depth: usize) {
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
            NamedType::Model(_) => self.mistake("cannot be sent"),
        }
    }

    fn object(&mut self, name: &str, input: &Item, depth: usize) {
        let Some(object) = self.objects.get(name) else {
            self.mistake("cannot be stored");
            return;
        };
        if depth >= MAX_DEPTH {
            self.mistake("is nested too deep");
            return;
        }
        self.members(&object.fields, &object.name, input, depth + 1);
    }

    /// The client's own word is repeated only if it looks like the name of a field.
    pub(crate) fn unknown_field(&mut self, name: &str, type_name: &str) {
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
