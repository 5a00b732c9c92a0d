//! What the resolvers of a record's fields need to know of the record besides what a client sees of it.

use portcullis_rules::Item;
use portcullis_schema::{ModelType, Through};
use serde_json::{Value, json};

/// The member of a record that is for the resolvers of its fields. GraphQL keeps such names from schemas, so that no client can
/// ask for it.
pub const SOURCE: &str = "__source";

/// The fields that are withheld from the caller, and the stored values by which related records are found, where what is
/// shown differs.
#[derive(Debug)]
pub(crate) struct Source {
    withheld: Vec<String>,
    stored: Item,
}

impl Source {
    /// Of a record without the fields that are withheld, before its owners are made presentable.
    pub(crate) fn new(model: &ModelType, item: &Item, withheld: &[&str]) -> Self {
        let own = model.connections().iter().flat_map(|connection| match &connection.through {
            Through::Join { here, .. } => here,
            Through::Key | Through::Index(_) => &connection.pairs,
        });
        let stored = own.filter_map(|(own, _)| Some((own.clone(), item.get(own)?.clone()))).collect();
        Self { withheld: withheld.iter().map(|&field| field.to_owned()).collect(), stored }
    }

    /// Reads it out of a record; `None` if the record has none.
    pub(crate) fn of(record: &Item) -> Option<Self> {
        let source = record.get(SOURCE)?.as_object()?;
        let withheld = source.get("withheld").and_then(Value::as_array).into_iter().flatten();
        let withheld = withheld.filter_map(Value::as_str).map(str::to_owned).collect();
        let stored = source.get("stored").and_then(Value::as_object).cloned().unwrap_or_default();
        Some(Self { withheld, stored })
    }

    /// The fields that are withheld, and the record with its stored values.
    pub(crate) fn into_parts(self, record: &Item) -> (Vec<String>, Item) {
        let mut record = record.clone();
        record.remove(SOURCE);
        record.extend(self.stored);
        (self.withheld, record)
    }

    pub(crate) fn into_value(mut self, shown: &Item) -> Value {
        self.stored.retain(|field, value| shown.get(field) != Some(value));
        json!({ "withheld": self.withheld, "stored": self.stored })
    }
}
