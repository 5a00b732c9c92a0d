//! The records that a case finds in the tables.

use std::collections::HashMap;

use portcullis_rules::Item;
use portcullis_schema::{ModelType, Schema};
use serde_json::Value;

use super::refusal::Refusal;

/// The stored records, by model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    records: HashMap<String, Vec<Item>>,
}

impl Tables {
    /// Reads what a case holds: lists by model, or a list of records, or one record, of the model that is asked for.
    pub(crate) fn read(existing: &Value, model: &str, schema: &Schema) -> Result<Self, Refusal> {
        let of_model = |records: Vec<Item>| Self { records: HashMap::from([(model.to_owned(), records)]) };
        match existing {
            Value::Null => Ok(Self::default()),
            Value::Array(records) => list(records).map(of_model),
            Value::Object(object) if is_by_model(object, schema) => {
                let lists = object.iter().filter_map(|(model, value)| Some((model, value.as_array()?)));
                let read = lists.map(|(model, records)| Ok((model.clone(), list(records)?)));
                Ok(Self { records: read.collect::<Result<_, Refusal>>()? })
            }
            Value::Object(object) => Ok(of_model(vec![object.clone()])),
            _ => Err(Refusal::malformed("`existing` holds no records")),
        }
    }

    /// The records of a model, in the order in which they were made.
    pub(crate) fn of(&self, model: &str) -> &[Item] {
        self.records.get(model).map(Vec::as_slice).unwrap_or_default()
    }

    /// The same after a record was written.
    pub(crate) fn with(&self, model: &ModelType, record: &Item) -> Self {
        let mut tables = self.clone();
        let records = tables.records.entry(model.name().to_owned()).or_default();
        match records.iter_mut().find(|known| has_key_of(model, known, record)) {
            Some(known) => known.clone_from(record),
            None => records.push(record.clone()),
        }
        tables
    }

    /// The same after a record was removed.
    pub(crate) fn without(&self, model: &ModelType, record: &Item) -> Self {
        let mut tables = self.clone();
        if let Some(records) = tables.records.get_mut(model.name()) {
            records.retain(|known| !has_key_of(model, known, record));
        }
        tables
    }
}

/// Whether two records have one key.
fn has_key_of(model: &ModelType, one: &Item, other: &Item) -> bool {
    model.key().fields().all(|field| one.get(field) == other.get(field))
}

/// Whether each member is the list of a model, and not a field of a record.
fn is_by_model(object: &Item, schema: &Schema) -> bool {
    !object.is_empty() && object.iter().all(|(name, value)| value.is_array() && schema.model(name).is_some())
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

    fn schema() -> Schema {
        let source = "type Note @model { id: ID! tags: [String] } type Blog @model { id: ID! }";
        Schema::read(source, "schema.graphql", &portcullis_schema::Project::default()).unwrap()
    }

    fn read(existing: Value) -> Result<Tables, Refusal> {
        Tables::read(&existing, "Note", &schema())
    }

    #[test]
    fn records_are_given_in_four_ways() {
        for (existing, count) in [
            (json!(null), 0),
            (json!([{"id": "1"}, {"id": "2"}]), 2),
            (json!({"id": "1", "tags": ["a"]}), 1),
            (json!({"tags": ["a"]}), 1),
            (json!({"Note": [{"id": "1"}], "Blog": []}), 1),
            (json!({"Blog": [{"id": "1"}]}), 0),
        ] {
            assert_eq!(read(existing.clone()).unwrap().of("Note").len(), count, "{existing}");
        }
        assert!(read(json!("text")).is_err() && read(json!([1])).is_err());
    }

    #[test]
    fn what_is_written_takes_the_place_of_what_was_there() {
        let tables = read(json!([{"id": "1"}, {"id": "2"}])).unwrap();
        let schema = schema();
        let note = schema.model("Note").unwrap();
        let record = |value: Value| value.as_object().unwrap().clone();
        let changed = tables.with(note, &record(json!({"id": "1", "tags": []})));
        assert_eq!((changed.of("Note").len(), changed.of("Note")[0].len()), (2, 2));
        assert_eq!(tables.with(note, &record(json!({"id": "3"}))).of("Note").len(), 3);
        assert_eq!(tables.without(note, &record(json!({"id": "1"}))).of("Note").len(), 1);
    }
}
