//! The argument that narrows a page down by a sort key.

use portcullis_data::{SortCondition, schema::SortArgument};
use serde_json::Value;

use crate::FieldError;

/// What the argument asks for.
pub(crate) enum SortArgumentValue {
    /// Values that meet this.
    Condition(SortCondition),
    /// A value of which parts are missing, which no record has.
    Nothing,
}

impl SortArgumentValue {
    /// Reads the argument, if it is there. GraphQL has checked its type.
    pub(crate) fn read(argument: Option<(&SortArgument, &Value)>) -> Result<Self, FieldError> {
        let Some((argument, tests)) = argument else {
            return Ok(Self::Condition(SortCondition::Any));
        };
        let joined = argument.fields.len() > 1;
        let name = &argument.name;
        let mut tests = tests.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        let Some((word, value)) = tests.next() else {
            return Ok(Self::Condition(SortCondition::Any));
        };
        if tests.next().is_some() {
            return Err(if joined {
                FieldError::arguments(format!(
                    "Argument {name} must specify at most one key condition operation."
                ))
            } else {
                FieldError::store("KeyConditionExpressions must only contain one condition per key")
            });
        }
        let read = |value: &Value| values(argument, word, value);
        let whole = |values: &Vec<Value>| values.len() == argument.fields.len();
        let condition = match word.as_str() {
            "between" => {
                let ends = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                let [low, high] = ends else {
                    return Err(if joined {
                        FieldError::arguments(format!(
                            "Argument '{name}.between' expects exactly two elements."
                        ))
                    } else {
                        FieldError::store("KeyConditionExpressions must only contain one condition per key")
                    });
                };
                SortCondition::Between(read(low)?, read(high)?)
            }
            "eq" => match read(value)? {
                values if !whole(&values) => return Ok(Self::Nothing),
                values => SortCondition::Eq(values),
            },
            "lt" => SortCondition::Lt(read(value)?),
            "le" => SortCondition::Le(read(value)?),
            "gt" => SortCondition::Gt(read(value)?),
            "ge" => SortCondition::Ge(read(value)?),
            _ => SortCondition::BeginsWith(read(value)?),
        };
        Ok(Self::Condition(condition))
    }
}

/// The values of the sort fields. Of several the last may be missing.
fn values(argument: &SortArgument, word: &str, value: &Value) -> Result<Vec<Value>, FieldError> {
    if argument.fields.len() < 2 {
        return Ok(vec![value.clone()]);
    }
    let given = |field: &String| value.get(field).filter(|value| !value.is_null());
    let mut values = Vec::new();
    let mut before: Option<&String> = None;
    let mut lacking = false;
    for field in &argument.fields {
        match given(field) {
            Some(_) if lacking => {
                let (name, before) = (&argument.name, before.map(String::as_str).unwrap_or_default());
                return Err(FieldError::arguments(format!(
                    "When providing argument '{name}.{word}.{field}' you must also provide '{name}.{word}.{before}'."
                )));
            }
            Some(value) => values.push(value.clone()),
            None => lacking = true,
        }
        before = Some(field);
    }
    Ok(values)
}
