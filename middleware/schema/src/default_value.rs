//! The value that a field gets when a client sends none.

use apollo_compiler::ast::Directive;
use serde_json::{Number, Value};

use crate::{NamedType, Scalar, TypeRef, arguments::text_of, scalar_check};

/// The value of a `@default`, as a record holds it.
///
/// # Errors
///
/// What is wrong with it, in words that fit after the value.
pub(crate) fn of_directive(directive: &Directive, kind: &TypeRef) -> Result<Value, String> {
    let Some(text) = text_of(directive, "value").map(|text| text.value) else {
        return Err("is missing".to_owned());
    };
    if kind.list {
        return Err("cannot be one of a list".to_owned());
    }
    match &kind.named {
        NamedType::Scalar(scalar) => {
            let value = of_scalar(*scalar, text);
            scalar_check::check(*scalar, &value).map(|()| value).map_err(str::to_owned)
        }
        NamedType::Enum(kind) if kind.values().contains(&text) => Ok(Value::String(text)),
        other => Err(format!("must be a value of {}", other.name())),
    }
}

/// The text as a value of the scalar, as far as it is one.
fn of_scalar(scalar: Scalar, text: String) -> Value {
    let parsed = match scalar {
        Scalar::Int | Scalar::AwsTimestamp => text.parse::<i64>().ok().map(Value::from),
        Scalar::Float => text.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number),
        Scalar::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    };
    parsed.unwrap_or(Value::String(text))
}
