//! Conditions that a client states: the `filter` of a list, the `condition` of a write.
//!
//! A record that lacks a field meets `ne`, `notContains` and `attributeExists: false` alone, as in DynamoDB.

use std::cmp::Ordering;

use portcullis_rules::Item;
use serde_json::Value;

use super::refusal::Refusal;

/// Whether a record meets a condition; `null` is none.
pub(crate) fn matches(filter: &Value, record: &Item) -> Result<bool, Refusal> {
    let filter = match filter {
        Value::Null => return Ok(true),
        Value::Object(filter) => filter,
        _ => return Err(Refusal::malformed("a filter is not an object")),
    };
    for (name, condition) in filter {
        let holds = match (name.as_str(), condition) {
            (_, Value::Null) => true,
            ("and", Value::Array(all)) => count(all, record)? == all.len(),
            ("or", Value::Array(any)) => count(any, record)? > 0,
            ("not", condition) => !matches(condition, record)?,
            (_, Value::Object(tests)) => meets_all(tests, record.get(name))?,
            _ => return Err(Refusal::malformed("a filter is not one")),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn count(filters: &[Value], record: &Item) -> Result<usize, Refusal> {
    let mut count = 0;
    for filter in filters {
        count += usize::from(matches(filter, record)?);
    }
    Ok(count)
}

fn meets_all(tests: &Item, value: Option<&Value>) -> Result<bool, Refusal> {
    for (name, wanted) in tests {
        let order = || value.and_then(|value| compare(value, wanted));
        let holds = match (name.as_str(), wanted) {
            ("eq", _) => value == Some(wanted),
            ("ne", _) => value != Some(wanted),
            ("lt", _) => order() == Some(Ordering::Less),
            ("le", _) => order().is_some_and(Ordering::is_le),
            ("gt", _) => order() == Some(Ordering::Greater),
            ("ge", _) => order().is_some_and(Ordering::is_ge),
            ("between", Value::Array(ends)) => match (value, ends.as_slice()) {
                (Some(value), [low, high]) => {
                    compare(value, low).is_some_and(Ordering::is_ge)
                        && compare(value, high).is_some_and(Ordering::is_le)
                }
                _ => false,
            },
            ("contains", _) => contains(value, wanted),
            ("notContains", _) => !contains(value, wanted),
            ("beginsWith", Value::String(beginning)) => {
                value.and_then(Value::as_str).is_some_and(|text| text.starts_with(beginning))
            }
            ("attributeExists", Value::Bool(exists)) => value.is_some() == *exists,
            _ => return Err(Refusal::unsupported(format!("`{name}` in a filter"))),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn contains(value: Option<&Value>, wanted: &Value) -> bool {
    match (value, wanted) {
        (Some(Value::Array(list)), wanted) => list.contains(wanted),
        (Some(Value::String(text)), Value::String(part)) => text.contains(part.as_str()),
        _ => false,
    }
}

fn compare(value: &Value, wanted: &Value) -> Option<Ordering> {
    match (value, wanted) {
        (Value::String(value), Value::String(wanted)) => Some(value.as_bytes().cmp(wanted.as_bytes())),
        (Value::Number(value), Value::Number(wanted)) => value.as_f64()?.partial_cmp(&wanted.as_f64()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_measured_by_each_condition() {
        let record = json!({"title": "abc", "count": 3, "tags": ["x", "y"]});
        let record = record.as_object().unwrap();
        let table = [
            (json!(null), true),
            (json!({}), true),
            (json!({"title": {"eq": "abc"}}), true),
            (json!({"title": {"eq": "ab"}}), false),
            (json!({"title": {"beginsWith": "ab", "ne": "ab"}}), true),
            (json!({"title": {"contains": "bc"}}), true),
            (json!({"tags": {"contains": "x"}}), true),
            (json!({"tags": {"notContains": "x"}}), false),
            (json!({"count": {"gt": 2, "le": 3}}), true),
            (json!({"count": {"between": [4, 9]}}), false),
            (json!({"count": {"lt": "9"}}), false),
            (json!({"other": {"ne": "a"}}), true),
            (json!({"other": {"eq": null}}), false),
            (json!({"other": {"attributeExists": false}}), true),
            (json!({"or": [{"count": {"eq": 9}}, {"title": {"eq": "abc"}}]}), true),
            (json!({"and": [{"count": {"eq": 9}}, {"title": {"eq": "abc"}}]}), false),
            (json!({"not": {"count": {"eq": 9}}}), true),
        ];
        for (filter, expected) in table {
            assert_eq!(matches(&filter, record).unwrap(), expected, "{filter}");
        }
        assert!(matches(&json!({"title": {"size": {"eq": 3}}}), record).is_err());
    }
}
