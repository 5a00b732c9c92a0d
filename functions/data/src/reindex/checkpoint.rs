//! How far one part of the table has been read, in a row of the table.

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};

use super::{Progress, text};
use crate::{
    StoreError, Table,
    layout::{self, PK, REINDEX, Row, SK},
};

/// The key of the row behind which the next read begins; absent when the part is done.
const AFTER: [(&str, &str); 2] = [(PK, "after_pk"), (SK, "after_sk")];
const PROGRESS: &str = "progress";

/// The place of one part of the table in the runs that make the same rows.
#[derive(Debug)]
pub(super) struct Checkpoint {
    name: String,
    pub(super) segment: u32,
}

/// How far a run came.
pub(super) struct Kept {
    /// `None` if the part is done.
    pub(super) after: Option<Row>,
    pub(super) progress: Progress,
}

impl Checkpoint {
    pub(super) fn new(fingerprint: String, segment: u32, segments: u32) -> Self {
        Self { name: format!("{fingerprint}#{segment}/{segments}"), segment }
    }

    fn key(&self) -> Row {
        layout::key(REINDEX, self.name.as_str())
    }

    pub(super) async fn load(&self, table: &Table) -> Result<Option<Kept>, StoreError> {
        let Some(mut row) = table.get(self.key()).await? else {
            return Ok(None);
        };
        let unreadable = || StoreError::unexpected("GetItem", "UnreadableRow");
        let progress = row.remove(PROGRESS).ok_or_else(unreadable)?;
        let progress = serde_dynamo::from_attribute_value(progress).map_err(|_| unreadable())?;
        let after = AFTER.map(|(_, name)| text(&row, name));
        let [pk, sk] = after;
        Ok(Some(Kept { after: pk.zip(sk).map(|(pk, sk)| layout::key(pk, sk)), progress }))
    }

    pub(super) async fn keep(
        &self,
        table: &Table,
        after: Option<&Row>,
        progress: Progress,
    ) -> Result<(), StoreError> {
        const NAME: &str = "PutItem";
        let mut row = self.key();
        for (key, name) in AFTER {
            if let Some(value) = after.and_then(|after| after.get(key)) {
                row.insert(name.to_owned(), value.clone());
            }
        }
        let progress: AttributeValue = serde_dynamo::to_attribute_value(progress)
            .map_err(|_| StoreError::unexpected(NAME, "BuildError"))?;
        row.insert(PROGRESS.to_owned(), progress);
        let put = table.client().await.put_item().table_name(table.name()).set_item(Some(row));
        put.send().await.map(drop).map_err(|error| StoreError::new(NAME, error))
    }

    pub(super) async fn forget(&self, table: &Table) -> Result<(), StoreError> {
        let delete = table.client().await.delete_item().table_name(table.name()).set_key(Some(self.key()));
        delete.send().await.map(drop).map_err(|error| StoreError::new("DeleteItem", error))
    }
}

/// The same for descriptions alike.
pub(super) fn fingerprint(descriptions: impl Iterator<Item = String>) -> String {
    let mut hasher = Sha256::new();
    for description in descriptions {
        hasher.update(u64::try_from(description.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(description);
    }
    hasher.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}
