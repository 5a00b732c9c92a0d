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
            ("and", all) => count(listed(all).iter(), record)? == listed(all).len(),
            // What asks nothing is left out; if nothing is left, nothing is asked.
            ("or", any) => {
                let asking = || listed(any).iter().filter(|filter| asks(filter));
                asking().next().is_none() || count(asking(), record)? > 0
            }
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

/// GraphQL makes a list of a single value.
fn listed(filters: &Value) -> &[Value] {
    filters.as_array().map_or(std::slice::from_ref(filters), Vec::as_slice)
}

/// Whether some field of a record is asked about.
fn asks(filter: &Value) -> bool {
    let Value::Object(filter) = filter else {
        return false;
    };
    filter.iter().any(|(name, condition)| match name.as_str() {
        "and" | "or" => listed(condition).iter().any(asks),
        "not" => asks(condition),
        _ => condition.as_object().is_some_and(|tests| !tests.is_empty()),
    })
}

fn count<'f>(filters: impl Iterator<Item = &'f Value>, record: &Item) -> Result<usize, Refusal> {
    let mut count = 0;
    for filter in filters {
        count += usize::from(matches(filter, record)?);
    }
    Ok(count)
}

fn meets_all(tests: &Item, value: Option<&Value>) -> Result<bool, Refusal> {
    for (name, wanted) in tests {
        if !meets(name, wanted, value)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn meets(name: &str, wanted: &Value, value: Option<&Value>) -> Result<bool, Refusal> {
    let order = || value.and_then(|value| compare(value, wanted));
    let is_one_of = |any: &[Value]| value.is_some_and(|value| any.iter().any(|one| same(value, one)));
    Ok(match name {
        "eq" => value.is_some_and(|value| same(value, wanted)),
        "ne" => !value.is_some_and(|value| same(value, wanted)),
        "lt" => order() == Some(Ordering::Less),
        "le" => order().is_some_and(Ordering::is_le),
        "gt" => order() == Some(Ordering::Greater),
        "ge" => order().is_some_and(Ordering::is_ge),
        "between" => match (value, listed(wanted)) {
            (Some(value), [low, high]) => {
                compare(value, low).is_some_and(Ordering::is_ge)
                    && compare(value, high).is_some_and(Ordering::is_le)
            }
            _ => false,
        },
        "in" => is_one_of(listed(wanted)),
        "notIn" => !is_one_of(listed(wanted)),
        "contains" => contains(value, wanted),
        "notContains" => !contains(value, wanted),
        "beginsWith" => match (value, wanted) {
            (Some(Value::String(text)), Value::String(beginning)) => text.starts_with(beginning.as_str()),
            _ => false,
        },
        "attributeExists" => value.is_some() == (wanted == &Value::Bool(true)),
        "attributeType" => value.is_some_and(|value| wanted == attribute_type(value)),
        "size" => match (value.and_then(size), wanted) {
            (Some(size), Value::Object(tests)) => meets_all(tests, Some(&size.into()))?,
            _ => false,
        },
        _ => return Err(Refusal::malformed(format!("`{name}` is no word of a filter"))),
    })
}

fn contains(value: Option<&Value>, wanted: &Value) -> bool {
    match (value, wanted) {
        (Some(Value::Array(list)), wanted) => list.iter().any(|one| same(one, wanted)),
        (Some(Value::String(text)), Value::String(part)) => text.contains(part.as_str()),
        _ => false,
    }
}

/// Whether two values are one to DynamoDB, where `1` and `1.0` are.
fn same(one: &Value, other: &Value) -> bool {
    one == other || one.is_number() && compare(one, other) == Some(Ordering::Equal)
}

/// The kind of an attribute, in the words of a filter.
fn attribute_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "_null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

/// Of a text the bytes, of a list or an object the members.
fn size(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.len()),
        Value::Array(list) => Some(list.len()),
        Value::Object(object) => Some(object.len()),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The order of two values, if they have one.
pub(crate) fn compare(value: &Value, wanted: &Value) -> Option<Ordering> {
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
            (json!({"or": []}), true),
            (json!({"or": [{}]}), true),
            (json!({"or": [{}, {"count": {"eq": 9}}]}), false),
            (json!({"or": {"count": {"eq": 9}}}), false),
            (json!({"and": {"count": {"eq": 3}}}), true),
            (json!({"and": []}), true),
            (json!({"count": {"eq": 3.0}}), true),
            (json!({"title": {"size": {"eq": 3}}}), true),
            (json!({"tags": {"size": {"between": [3, 9]}}}), false),
            (json!({"count": {"size": {"ge": 0}}}), false),
            (json!({"title": {"attributeType": "string"}}), true),
            (json!({"tags": {"attributeType": "stringSet"}}), false),
            (json!({"other": {"attributeType": "_null"}}), false),
            (json!({"other": {"beginsWith": null}}), false),
        ];
        for (filter, expected) in table {
            assert_eq!(matches(&filter, record).unwrap(), expected, "{filter}");
        }
        assert!(matches(&json!({"title": {"like": "a"}}), record).is_err());
    }
}
