//! The limits of a DynamoDB item, checked before DynamoDB does, so that the mistake can be named.
//!
//! Source: "Service, account, and table quotas" and "DynamoDB item sizes and formats" in the Amazon DynamoDB Developer Guide.

use std::io;

use aws_sdk_dynamodb::types::AttributeValue;
use portcullis_rules::Item;
use serde_json::Value;

use crate::{DataError, layout::Row};

/// Bytes of an item with the names of its attributes.
pub(super) const MAX_ROW: usize = 400 * 1024;

/// Levels of lists and maps.
const MAX_DEPTH: usize = 32;

/// Checks what `serde_json` can hold and DynamoDB cannot.
pub(super) fn check(field: &str, value: &Value) -> Result<(), DataError> {
    if depth(value) > MAX_DEPTH {
        return Err(DataError::invalid(field, format!("is nested more than {MAX_DEPTH} levels deep")));
    }
    if !numbers_fit(value) {
        return Err(DataError::invalid(field, "has a number outside of ±1E-130 to ±9.99E+125"));
    }
    Ok(())
}

/// The size of a row as DynamoDB counts it: names and texts in UTF-8, about one byte for two digits of a
/// number, three bytes for a list or map and one for each entry. Never less than DynamoDB's count.
pub(super) fn row_bytes(row: &Row) -> usize {
    row.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => (number.len() / 2 + 2).min(21),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::L(entries) => 3 + entries.iter().map(|entry| 1 + value_bytes(entry)).sum::<usize>(),
        AttributeValue::M(entries) => {
            3 + entries.iter().map(|(name, entry)| 1 + name.len() + value_bytes(entry)).sum::<usize>()
        }
        _ => 1,
    }
}

/// The bytes that an item adds to a list in the answer of a Lambda function: as JSON within a string of JSON, in which
/// each `"` and each `\` takes one byte more, and a comma.
pub(crate) fn answer_bytes(item: &Item) -> usize {
    let mut count = Count(1);
    // Nothing here can fail: the keys are strings, and the writer takes everything.
    let _ = serde_json::to_writer(&mut count, item);
    count.0
}

struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let escaped = bytes.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        self.0 = self.0.saturating_add(bytes.len()).saturating_add(escaped);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// The recursion is bounded: `serde_json` reads no more than 128 levels.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(values) => 1 + values.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn numbers_fit(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|number| {
            let magnitude = number.abs();
            magnitude == 0.0 || (1e-130..9.99e125).contains(&magnitude)
        }),
        Value::Array(values) => values.iter().all(numbers_fit),
        Value::Object(values) => values.values().all(numbers_fit),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_item_counts_as_much_as_it_adds_to_an_answer() {
        for item in [
            json!({}),
            json!({"title": "plan", "words": 3, "tags": ["a", null, true]}),
            json!({"title": "\"quoted\" \\ \n\t\u{1}\u{7f} \u{fc}\u{1F600}"}),
        ] {
            let answer =
                |items: Value| json!({ "body": json!({ "items": items }).to_string() }).to_string().len();
            let added = answer(json!([item, item])) - answer(json!([item]));
            assert_eq!(answer_bytes(item.as_object().unwrap()), added, "{item}");
        }
    }

    #[test]
    fn numbers_and_nesting_that_dynamodb_cannot_hold_are_named() {
        for value in [json!(1e126), json!(-1e300), json!(1e-131), json!([{"a": 1e200}])] {
            assert!(check("f", &value).is_err(), "{value}");
        }
        for value in [json!(0), json!(-0.0), json!(u64::MAX), json!(i64::MIN), json!(1e125), json!(1e-130)] {
            assert!(check("f", &value).is_ok(), "{value}");
        }
        let nested = |levels: usize| (0..levels).fold(json!(1), |value, _| json!([value]));
        assert!(check("f", &nested(32)).is_ok());
        assert!(check("f", &nested(33)).is_err());
    }
}
