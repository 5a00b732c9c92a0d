//! The records that a case finds in the table.

use portcullis_rules::Item;
use serde_json::Value;

use super::refusal::Refusal;

/// Reads the records of a model: a list, one record, or lists by model.
pub(crate) fn read(existing: &Value, model: &str) -> Result<Vec<Item>, Refusal> {
    match existing {
        Value::Null => Ok(Vec::new()),
        Value::Array(records) => list(records),
        Value::Object(object) => match object.get(model) {
            Some(Value::Array(records)) => list(records),
            _ if !object.is_empty() && object.values().all(Value::is_array) => Ok(Vec::new()),
            _ => Ok(vec![object.clone()]),
        },
        _ => Err(Refusal::malformed("`existing` holds no records")),
    }
}

fn list(records: &[Value]) -> Result<Vec<Item>, Refusal> {
    let records = records.iter().map(|record| record.as_object().cloned());
    records
        .collect::<Option<_>>()
        .ok_or_else(|| Refusal::malformed("a record of `existing` is not an object"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_are_given_in_four_ways() {
        for (existing, count) in [
            (json!(null), 0),
            (json!([{"id": "1"}, {"id": "2"}]), 2),
            (json!({"id": "1", "tags": ["a"]}), 1),
            (json!({"Note": [{"id": "1"}], "Blog": []}), 1),
            (json!({"Blog": [{"id": "1"}]}), 0),
        ] {
            assert_eq!(read(&existing, "Note").unwrap().len(), count, "{existing}");
        }
        assert!(read(&json!("text"), "Note").is_err() && read(&json!([1]), "Note").is_err());
    }
}
