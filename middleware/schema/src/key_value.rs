//! What the value of a key may be.

use serde_json::Value;

/// The longest key, in bytes; of several fields, all together. With its prefixes it fits into a sort key of DynamoDB
/// (1024 bytes).
pub(crate) const MAX_KEY: usize = 512;
/// Characters that mean something else in a path, or that some gateway takes to mean something else.
const RESERVED: [char; 5] = ['/', '\\', '%', '?', '#'];

/// Why a text cannot be (a part of) the key of a record; nothing if it can.
///
/// A key stands in the path of a request. What a client, a gateway or a browser could read in another way is no key:
/// control characters, `/ \ % ? #`, and `.` and `..` alone.
///
/// ```
/// use portcullis_schema::key_problem;
///
/// assert_eq!(key_problem("a-1"), None);
/// assert_eq!(key_problem(".."), Some("must not be a relative path"));
/// ```
#[must_use]
pub fn key_problem(key: &str) -> Option<&'static str> {
    if key.is_empty() || key.len() > MAX_KEY {
        return Some("must be 1 to 512 bytes long");
    }
    if key.chars().any(char::is_control) {
        return Some("must not have control characters");
    }
    if key.contains(RESERVED) {
        return Some("must not have any of `/ \\ % ? #`");
    }
    matches!(key, "." | "..").then_some("must not be a relative path")
}

/// The bytes that a value takes up in a key.
pub(crate) fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    }
}
