//! The values of a field's arguments, as the resolvers of AppSync get them.

use apollo_compiler::{
    Schema,
    ast::{Type, Value as Written},
    executable::Field,
    schema::ExtendedType,
};
use portcullis_data::rules::Item;
use serde_json::{Number, Value};

/// The arguments of a field. GraphQL has checked them: values are of their types, or could be made so.
pub(crate) fn arguments(schema: &Schema, field: &Field, variables: &Item) -> Item {
    let mut arguments = Item::new();
    for argument in &field.definition.arguments {
        let written = field.specified_argument_by_name(&argument.name);
        let written = written.and_then(|written| value(written, variables));
        let default = || argument.default_value.as_ref().and_then(|default| value(default, variables));
        if let Some(value) = written.or_else(default) {
            arguments.insert(argument.name.to_string(), coerced(schema, &argument.ty, value));
        }
    }
    arguments
}

/// A value with its variables filled in; `None` if it is a variable without a value.
fn value(written: &Written, variables: &Item) -> Option<Value> {
    Some(match written {
        Written::Null => Value::Null,
        Written::Enum(name) => name.as_str().into(),
        Written::Variable(name) => variables.get(name.as_str())?.clone(),
        Written::String(text) => text.as_str().into(),
        Written::Boolean(value) => (*value).into(),
        Written::Int(number) => number_of(number.as_str()),
        Written::Float(number) => number_of(number.as_str()),
        Written::List(items) => items.iter().map(|item| value(item, variables).unwrap_or_default()).collect(),
        Written::Object(members) => {
            let members = members.iter();
            let members = members.filter_map(|(name, it)| Some((name.to_string(), value(it, variables)?)));
            Value::Object(members.collect())
        }
    })
}

fn number_of(text: &str) -> Value {
    let float = || text.parse().ok().and_then(Number::from_f64);
    text.parse::<i64>().map(Number::from).ok().or_else(float).map_or(Value::Null, Value::Number)
}

/// A value as its type has it: a single value for a list is a list of one, and an id may be a number.
fn coerced(schema: &Schema, kind: &Type, value: Value) -> Value {
    match (kind, value) {
        (_, Value::Null) => Value::Null,
        (Type::List(inner) | Type::NonNullList(inner), Value::Array(items)) => {
            items.into_iter().map(|item| coerced(schema, inner, item)).collect()
        }
        (Type::List(inner) | Type::NonNullList(inner), one) => vec![coerced(schema, inner, one)].into(),
        (Type::Named(name) | Type::NonNullNamed(name), value) => match (schema.types.get(name), value) {
            (Some(ExtendedType::InputObject(input)), Value::Object(mut members)) => {
                let mut object = Item::new();
                for (name, field) in &input.fields {
                    let default =
                        || field.default_value.as_ref().and_then(|it| self::value(it, &Item::new()));
                    if let Some(value) = members.remove(name.as_str()).or_else(default) {
                        object.insert(name.to_string(), coerced(schema, &field.ty, value));
                    }
                }
                object.into()
            }
            (_, Value::Number(number)) if name == "ID" => number.to_string().into(),
            (_, value) => value,
        },
    }
}
