//! Whether the values of a directive's arguments have the types that its definition asks for, in graphql-js's words.

use apollo_compiler::{
    Node,
    ast::{Directive, Type, Value},
};

use crate::{
    definitions::{Defined, Definitions, MAX_MEMBERS},
    report::shortened,
    source::Span,
    suggestion::did_you_mean,
    syntax::{name_span, node_span},
};

/// In the values of one directive it is guessed so often what was meant: guessing takes time.
const MAX_GUESSES: usize = 10;

/// Tells of each value of a directive that does not have the type of its argument.
pub(crate) fn check_directive(
    directive: &Directive,
    definitions: &Definitions<'_>,
    guess: bool,
    mistake: &mut dyn FnMut(Span, String),
) {
    let guesses = if guess { MAX_GUESSES } else { 0 };
    let mut check = Check { definitions, guesses, mistake };
    let definition = definitions.directive(&directive.name);
    let Some(definition) = definition.filter(|definition| definition.arguments.len() <= MAX_MEMBERS) else {
        return;
    };
    for argument in &directive.arguments {
        if let Some(defined) = definition.arguments.iter().find(|defined| defined.name == argument.name) {
            check.value(&argument.value, &defined.ty);
        }
    }
}

/// Whether a value has an input type of this name, required.
pub(crate) fn is_input(value: &Node<Value>, name: &str, definitions: &Definitions<'_>) -> bool {
    let mut fits = matches!(**value, Value::Object(_));
    if let Some(Defined::Input(input)) = definitions.named(name) {
        let ty = Type::NonNullNamed(input.name.clone());
        Check { definitions, guesses: 0, mistake: &mut |_, _| fits = false }.value(value, &ty);
    }
    fits
}

struct Check<'c> {
    definitions: &'c Definitions<'c>,
    guesses: usize,
    mistake: &'c mut dyn FnMut(Span, String),
}

impl Check<'_> {
    fn value(&mut self, value: &Node<Value>, ty: &Type) {
        match &**value {
            Value::List(items) => match ty {
                Type::List(item_type) | Type::NonNullList(item_type) => {
                    for item in items {
                        self.value(item, item_type);
                    }
                }
                Type::Named(name) | Type::NonNullNamed(name) => self.leaf(value, &Type::Named(name.clone())),
            },
            Value::Object(_) => self.object(value, ty),
            Value::Null => {
                if matches!(ty, Type::NonNullNamed(_) | Type::NonNullList(_)) {
                    self.expected(value, ty);
                }
            }
            // A variable cannot stand in a schema; the parser refuses it.
            Value::Variable(_) => {}
            Value::Enum(_) | Value::String(_) | Value::Int(_) | Value::Float(_) | Value::Boolean(_) => {
                self.leaf(value, ty);
            }
        }
    }

    fn object(&mut self, value: &Node<Value>, ty: &Type) {
        let name = ty.inner_named_type();
        let (Value::Object(fields), Some(Defined::Input(input))) = (&**value, self.definitions.named(name))
        else {
            self.leaf(value, ty);
            return;
        };
        for defined in &input.fields {
            let required = defined.ty.is_non_null() && defined.default_value.is_none();
            // In a rule of the extensions the parts say who is meant.
            let is_joined = name == "AuthRule"
                && input.fields.iter().any(|known| known.name == "and")
                && fields.iter().any(|(name, value)| *name == "and" && !value.is_null());
            let required = required && !(is_joined && defined.name == "allow");
            if required && !fields.iter().any(|(name, _)| *name == defined.name) {
                let message = format!(
                    "Field \"{name}.{}\" of required type \"{}\" was not provided.",
                    defined.name, defined.ty
                );
                (self.mistake)(node_span(value), message);
            }
        }
        for (field, value) in fields {
            match input.fields.iter().find(|defined| defined.name == *field) {
                Some(defined) => self.value(value, &defined.ty),
                None => {
                    let known = input.fields.iter().map(|defined| defined.name.as_str());
                    let meant = self.meant("", field, known);
                    let field_name = shortened(field);
                    let message = format!("Field \"{field_name}\" is not defined by type \"{name}\".{meant}");
                    (self.mistake)(name_span(field), message);
                }
            }
        }
    }

    /// A value that is not taken apart.
    fn leaf(&mut self, value: &Node<Value>, ty: &Type) {
        let name = ty.inner_named_type().as_str();
        let printed = printed(value);
        let message = match (self.definitions.named(name), name, &**value) {
            (Some(Defined::Enum(definition)), ..) => {
                let known = || definition.values.iter().map(|value| value.value.as_str());
                match &**value {
                    Value::Enum(word) if known().any(|known| *word == *known) => return,
                    Value::Enum(word) => {
                        let meant = self.meant("the enum value", word, known());
                        format!("Value \"{printed}\" does not exist in \"{name}\" enum.{meant}")
                    }
                    _ => {
                        let meant = self.meant("the enum value", &printed, known());
                        format!("Enum \"{name}\" cannot represent non-enum value: {printed}.{meant}")
                    }
                }
            }
            (Some(Defined::Scalar), "String", Value::String(_))
            | (Some(Defined::Scalar), "Boolean", Value::Boolean(_))
            | (Some(Defined::Scalar), "Float", Value::Int(_) | Value::Float(_))
            | (Some(Defined::Scalar), "ID", Value::String(_) | Value::Int(_)) => return,
            (Some(Defined::Scalar), "Int", Value::Int(number)) => match number.try_to_i32() {
                Ok(_) => return,
                Err(_) => format!("Int cannot represent non 32-bit signed integer value: {printed}"),
            },
            (Some(Defined::Scalar), "String", _) => {
                format!("String cannot represent a non string value: {printed}")
            }
            (Some(Defined::Scalar), "Boolean", _) => {
                format!("Boolean cannot represent a non boolean value: {printed}")
            }
            (Some(Defined::Scalar), "Float", _) => {
                format!("Float cannot represent non numeric value: {printed}")
            }
            (Some(Defined::Scalar), "Int", _) => {
                format!("Int cannot represent non-integer value: {printed}")
            }
            (Some(Defined::Scalar), "ID", _) => {
                format!("ID cannot represent a non-string and non-integer value: {printed}")
            }
            (Some(Defined::Input(_)), ..) => {
                self.expected(value, ty);
                return;
            }
            // Another scalar takes any value; a type that does not exist has been told of.
            (Some(Defined::Scalar | Defined::Output) | None, ..) => return,
        };
        (self.mistake)(node_span(value), message);
    }

    fn meant<'n>(&mut self, kind: &str, name: &str, known: impl Iterator<Item = &'n str>) -> String {
        let Some(guesses) = self.guesses.checked_sub(1) else {
            return String::new();
        };
        self.guesses = guesses;
        did_you_mean(kind, name, known)
    }

    fn expected(&mut self, value: &Node<Value>, ty: &Type) {
        let message = format!("Expected value of type \"{ty}\", found {}.", printed(value));
        (self.mistake)(node_span(value), message);
    }
}

/// A value as a schema writes it, short enough for a message.
pub(crate) fn printed(value: &Value) -> String {
    shortened(&value.serialize().no_indent().to_string())
}
