//! A record as rules see it.

/// A stored record, or the input that would become one: field names and JSON values.
pub type Item = serde_json::Map<String, serde_json::Value>;
