//! A record as it lies in the table, and the way there and back.

mod size;

use std::{collections::BTreeSet, fmt};

use aws_sdk_dynamodb::types::AttributeValue;
use portcullis_rules::Item;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    DataError, StoreError,
    index_row::IndexRow,
    layout::{self, POSITION, REVISION, ROWS, Row},
    position::Position,
};

pub(crate) use self::size::answer_bytes;
use self::size::row_bytes;

/// A record as it lies in the table. Doors get [`Shown`](crate::Shown) instead.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) item: Item,
    pub(crate) revision: Revision,
    /// The text of its key.
    pub(crate) id: String,
    pub(crate) position: Position,
    pub(crate) rows: BTreeSet<IndexRow>,
}

/// The state of a record at one moment: equal if and only if nobody has written in between. Opaque,
/// and made of letters, digits and hyphens, so that it can stand in an `ETag`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revision(String);

impl Revision {
    /// A revision that a client sends back. It need not be one that exists.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text of the revision.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Uuid> for Revision {
    fn from(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

/// The names of the fields and no values: a record holds people's data.
impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<&String> = self.item.keys().collect();
        f.debug_struct("Stored")
            .field("fields", &fields)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

impl Stored {
    /// The row of the record.
    ///
    /// # Errors
    ///
    /// When DynamoDB cannot hold it: too large, too deep, or a number out of range.
    pub(crate) fn to_row(&self, model: &str) -> Result<Row, DataError> {
        let mut row = layout::record_row(model, &self.id);
        for (field, value) in &self.item {
            size::check(field, value)?;
            let value = serde_dynamo::to_attribute_value(value)
                .map_err(|_| DataError::invalid(field, "cannot be stored"))?;
            row.insert(layout::attribute(field), value);
        }
        row.insert(REVISION.to_owned(), AttributeValue::S(self.revision.as_str().to_owned()));
        row.insert(POSITION.to_owned(), AttributeValue::S(self.position.as_str().to_owned()));
        if !self.rows.is_empty() {
            let rows = self.rows.iter().map(IndexRow::to_text).collect();
            row.insert(ROWS.to_owned(), AttributeValue::Ss(rows));
        }
        if row_bytes(&row) > size::MAX_ROW {
            return Err(DataError::invalid("", "the record is larger than 400 KB"));
        }
        Ok(row)
    }

    /// The record of a row.
    ///
    /// # Errors
    ///
    /// When the row was not written by this crate.
    pub(crate) fn from_row(operation: &'static str, row: Row) -> Result<Self, StoreError> {
        let unreadable = || StoreError::unexpected(operation, "UnreadableRow");
        let mut item = Item::new();
        let (mut revision, mut position, mut rows) = (None, None, BTreeSet::new());
        for (name, value) in row {
            match (name.as_str(), value) {
                (REVISION, AttributeValue::S(text)) => revision = Some(Revision(text)),
                (POSITION, AttributeValue::S(text)) => position = Position::parse(&text),
                (ROWS, AttributeValue::Ss(texts)) => {
                    rows = texts.into_iter().map(IndexRow::from_text).collect()
                }
                (name, value) => {
                    if let Some(field) = layout::field(name) {
                        let value: Value =
                            serde_dynamo::from_attribute_value(value).map_err(|_| unreadable())?;
                        item.insert(field.to_owned(), value);
                    }
                }
            }
        }
        let (revision, position) = revision.zip(position).ok_or_else(unreadable)?;
        Ok(Self { item, revision, id: position.id().to_owned(), position, rows })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_with_the_names_of_keys_are_kept_apart_from_the_keys() {
        let stored = Stored {
            item: json!({"pk": "Note#2", "sk": "Article", "id": "1", "title": null})
                .as_object()
                .unwrap()
                .clone(),
            revision: Revision::new("r"),
            id: "1".to_owned(),
            position: Position::new(jiff::Timestamp::UNIX_EPOCH, "1"),
            rows: BTreeSet::from([IndexRow { partition: "Note@#0".to_owned(), sort: None }]),
        };
        let row = stored.to_row("Note").unwrap();
        assert_eq!(row["pk"], AttributeValue::S("Note#1".to_owned()));
        assert_eq!(row["sk"], AttributeValue::S("Note".to_owned()));
        let back = Stored::from_row("GetItem", row).unwrap();
        assert_eq!((back.item, back.revision, back.rows), (stored.item, stored.revision, stored.rows));
    }

    #[test]
    fn a_row_of_something_else_is_no_record() {
        let row = layout::key("Note#1", "Note");
        let error = Stored::from_row("GetItem", row).unwrap_err();
        assert_eq!(error.to_string(), "dynamodb GetItem failed: UnreadableRow");
    }

    #[test]
    fn a_record_in_a_log_shows_no_values() {
        let mut row = layout::key("Note#1", "Note");
        let position = Position::new(jiff::Timestamp::UNIX_EPOCH, "1");
        for (name, text) in [("title", "secret"), (REVISION, "r"), (POSITION, position.as_str())] {
            row.insert(name.to_owned(), AttributeValue::S(text.to_owned()));
        }
        let debug = format!("{:?}", Stored::from_row("GetItem", row).unwrap());
        assert!(debug.contains("title") && !debug.contains("secret"), "{debug}");
    }
}
