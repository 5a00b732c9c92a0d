//! The defaults of arguments: `kinds: [Kind!] = [A]`.

use apollo_compiler::{
    Name, Node,
    ast::{InputObjectTypeDefinition, Type, Value as Literal},
};
use portcullis_rules::Item;
use serde_json::{Map, Number, Value};

use crate::{
    FieldType, NamedType, Scalar,
    definitions::{Defined, Definitions},
    named_type::ObjectTypes,
    report::shortened,
    scalar_check,
};

/// So many values one default may come to: input types may contain one another.
const MAX_VALUES: usize = 256;
/// So deep they may be nested, as what a client sends.
const MAX_DEPTH: usize = 30;

/// A literal of the schema as the handler gets it: what GraphQL lets one leave out, brackets around a single value and
/// members with defaults of their own, is filled in.
///
/// # Errors
///
/// What is wrong with it, in words that fit after "the default value".
pub(crate) fn read(
    literal: &Node<Literal>,
    ty: &Type,
    definitions: &Definitions<'_>,
) -> Result<Value, String> {
    Reader { definitions, left: MAX_VALUES }.value(literal, ty, 0)
}

/// Puts defaults where a client leaves something out, at every depth. What a client sends as `null` stays.
pub(crate) fn fill(fields: &[FieldType], objects: &ObjectTypes, input: &mut Item) {
    for field in fields {
        let members = match &field.kind.named {
            NamedType::Object(name) => objects.get(name).map(|object| object.fields.as_slice()),
            _ => None,
        };
        match (input.get_mut(&field.name), members) {
            (None, _) => {
                if let Some(default) = &field.default {
                    input.insert(field.name.clone(), default.clone());
                }
            }
            (Some(Value::Object(sent)), Some(members)) => fill(members, objects, sent),
            (Some(Value::Array(sent)), Some(members)) => {
                for sent in sent.iter_mut().filter_map(Value::as_object_mut) {
                    fill(members, objects, sent);
                }
            }
            (Some(_), _) => {}
        }
    }
}

struct Reader<'a> {
    definitions: &'a Definitions<'a>,
    left: usize,
}

impl Reader<'_> {
    fn value(&mut self, literal: &Node<Literal>, ty: &Type, depth: usize) -> Result<Value, String> {
        self.left = self.left.checked_sub(1).ok_or("is too large")?;
        if depth > MAX_DEPTH {
            return Err("is nested too deep".to_owned());
        }
        match (&**literal, ty) {
            (Literal::Null, ty) if ty.is_non_null() => Err("must not be null".to_owned()),
            (Literal::Null, _) => Ok(Value::Null),
            (Literal::List(items), Type::List(item) | Type::NonNullList(item)) => {
                items.iter().map(|literal| self.value(literal, item, depth + 1)).collect()
            }
            (_, Type::List(item) | Type::NonNullList(item)) => {
                Ok(Value::Array(vec![self.value(literal, item, depth + 1)?]))
            }
            (_, Type::Named(name) | Type::NonNullNamed(name)) => self.named(literal, name, depth),
        }
    }

    fn named(&mut self, literal: &Node<Literal>, name: &str, depth: usize) -> Result<Value, String> {
        match (Scalar::from_name(name), self.definitions.named(name), &**literal) {
            (Some(scalar), ..) => scalar_value(scalar, literal),
            (None, Some(Defined::Enum(kind)), Literal::Enum(word))
                if kind.values.iter().any(|value| value.value == *word) =>
            {
                Ok(Value::String(word.to_string()))
            }
            (None, Some(Defined::Input(input)), Literal::Object(members)) => {
                self.object(input, members, depth)
            }
            // What its type is wrong in has been told of.
            (None, Some(Defined::Scalar | Defined::Output) | None, _) => Err("cannot be read".to_owned()),
            (None, Some(Defined::Enum(_) | Defined::Input(_)), _) => {
                Err(format!("must be a value of {}", shortened(name)))
            }
        }
    }

    fn object(
        &mut self,
        input: &InputObjectTypeDefinition,
        members: &[(Name, Node<Literal>)],
        depth: usize,
    ) -> Result<Value, String> {
        let name = shortened(&input.name);
        if members.iter().any(|(sent, _)| !input.fields.iter().any(|field| field.name == *sent)) {
            return Err(format!("has a member that {name} does not have"));
        }
        let mut object = Map::new();
        for field in &input.fields {
            let mut sent = members.iter().filter(|(name, _)| *name == field.name).map(|(_, value)| value);
            let literal = sent.next().or(field.default_value.as_ref());
            let value = match literal {
                Some(literal) => self.value(literal, &field.ty, depth + 1)?,
                None if field.ty.is_non_null() => return Err(format!("lacks a member that {name} requires")),
                None => continue,
            };
            object.insert(field.name.to_string(), value);
        }
        Ok(Value::Object(object))
    }
}

fn scalar_value(scalar: Scalar, literal: &Literal) -> Result<Value, String> {
    let value = match literal {
        Literal::String(text) => Value::String(text.clone()),
        Literal::Boolean(value) => Value::Bool(*value),
        Literal::Int(number) if scalar == Scalar::Id => Value::String(number.as_str().to_owned()),
        Literal::Int(number) => match number.as_str().parse::<i64>() {
            Ok(number) => Value::from(number),
            Err(_) => number.try_to_f64().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number),
        },
        Literal::Float(number) => {
            number.try_to_f64().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
        }
        _ => Value::Null,
    };
    if value.is_null() {
        return Err(format!("must be one of the type {}", scalar.name()));
    }
    scalar_check::check(scalar, &value).map(|()| value).map_err(str::to_owned)
}
