//! Reads and writes of records, each of which asks for a permit.

use std::{collections::BTreeSet, sync::Arc};

use portcullis_rules::{Create, Delete, Load, Model, Permit, Read, Update};
use serde_json::Value;

use crate::{
    Clock, DataError, Ids, PageRequest, StoreError, Stored, System, Table,
    commit::{Change, Commit, CommitError},
    layout::{self, PK, Position},
    listing::Listing,
    page::write_token,
};

/// The records of all models, behind permits.
///
/// Every method takes a [`Permit`], which only an [`Authorizer`](crate::rules::Authorizer) can make: code
/// that forgets to ask does not compile.
///
/// ```compile_fail,E0061
/// # async fn forgetful(repository: portcullis_data::Repository) {
/// repository.get("some-id").await;
/// # }
/// ```
///
/// ```compile_fail,E0308
/// # use portcullis_data::{Repository, rules::{Load, Permit}};
/// # async fn confused(repository: Repository, to_decide: Permit<Load>) {
/// repository.get(&to_decide, "some-id").await; // a permit to read is another permit
/// # }
/// ```
///
/// ```
/// # use portcullis_data::{Repository, rules::{Permit, Read}};
/// # async fn careful(repository: Repository, permit: Permit<Read>) {
/// let _ = repository.get(&permit, "some-id").await;
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Repository {
    table: Table,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// A page of records with their revisions.
#[derive(Clone, Debug)]
pub(crate) struct StoredPage {
    pub(crate) records: Vec<Stored>,
    pub(crate) next_token: Option<String>,
}

impl Repository {
    /// The records in this table. Nothing is called yet.
    #[must_use]
    pub fn new(table: Table) -> Self {
        Self { table, clock: Arc::new(System), ids: Arc::new(System) }
    }

    /// Tells the time by another clock than the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes identifiers from elsewhere than the system's randomness.
    #[must_use]
    pub fn ids(mut self, ids: impl Ids + 'static) -> Self {
        self.ids = Arc::new(ids);
        self
    }

    /// A number that tells this caller from others who wait for the same record.
    pub(crate) fn jitter(&self) -> u64 {
        self.ids.next_id().as_u64_pair().1
    }

    /// Writes a new record: the one of the permit with `id`, `createdAt` and `updatedAt`, unless it has them. (Input
    /// has the last two only where the schema declares them.) Lists go by the time of this call in any case.
    ///
    /// # Errors
    ///
    /// [`DataError::AlreadyExists`], [`DataError::Invalid`] when DynamoDB cannot hold the record or its id could not
    /// stand in a path (control characters, `/ \ % ? #`, and the ids `.` and `..`), [`DataError::Unavailable`].
    pub async fn create(&self, permit: Permit<Create>) -> Result<Stored, DataError> {
        let model = permit.model();
        let now = self.clock.now();
        let mut item = permit.item().clone();
        item.retain(|_, value| !value.is_null());
        let id = match item.get("id") {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => self.ids.next_id().to_string(),
        };
        layout::check_new_id(&id)?;
        item.insert("id".to_owned(), id.as_str().into());
        for field in ["createdAt", "updatedAt"] {
            item.entry(field).or_insert_with(|| layout::instant(now).into());
        }
        let partitions = layout::partitions_of(model, &id, &item)?;
        let position = Position::new(now, &id);
        let stored = Stored { item, revision: self.ids.next_id().into(), id, position, partitions };
        let change = Change::Put { row: stored.to_row(model.name())?, revision: &stored.revision };
        Commit::new(&self.table, change)
            .require_absent(PK)
            .index(&stored.position, &BTreeSet::new(), &stored.partitions)
            .run()
            .await
            .map_err(|error| match error {
                CommitError::ConditionFailed => DataError::AlreadyExists,
                other => other.into(),
            })?;
        Ok(stored)
    }

    /// The record with this id, if it lies within the scope of the permit.
    ///
    /// # Errors
    ///
    /// When DynamoDB refuses or does not answer.
    pub async fn get(&self, permit: &Permit<Read>, id: &str) -> Result<Option<Stored>, StoreError> {
        let stored = self.read(permit.model(), id).await?;
        Ok(stored.filter(|stored| permit.scope().matches(&stored.item)))
    }

    /// The record with this id, in order to decide whether it may be changed. It must not be shown.
    ///
    /// # Errors
    ///
    /// When DynamoDB refuses or does not answer.
    pub async fn load(&self, permit: &Permit<Load>, id: &str) -> Result<Option<Stored>, StoreError> {
        self.read(permit.model(), id).await
    }

    /// A page of the records within the scope of the permit.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidCursor`], [`DataError::Invalid`] for the limit, [`DataError::Unavailable`].
    pub(crate) async fn list(
        &self,
        permit: &Permit<Read>,
        request: &PageRequest,
    ) -> Result<StoredPage, DataError> {
        let model = permit.model();
        let (limit, after) = (request.limit()?, request.after(model.name())?);
        let partitions = layout::partitions_for(model, permit.scope());
        let mut listing = Listing::new(&self.table, model.name(), partitions, after);
        let records = listing.page(limit, |stored| permit.scope().matches(&stored.item)).await?;
        let next_token = listing.resume_at().await?.map(|position| write_token(model.name(), &position));
        Ok(StoredPage { records, next_token })
    }

    /// Changes the record that was loaded, if nobody has changed it since. Sets `updatedAt`, unless the changes do.
    ///
    /// # Errors
    ///
    /// [`DataError::Conflict`] when somebody has: load it and decide anew. [`DataError::Invalid`] when DynamoDB
    /// cannot hold the record, [`DataError::Unavailable`].
    pub async fn update(&self, permit: Permit<Update>, stored: &Stored) -> Result<Stored, DataError> {
        let model = permit.model();
        let mut changed = stored.clone();
        for (field, value) in permit.changes() {
            match value {
                Value::Null => changed.item.remove(field),
                value => changed.item.insert(field.clone(), value.clone()),
            };
        }
        // Whatever the changes say, this is not theirs to change.
        changed.item.insert("id".to_owned(), stored.id.as_str().into());
        if permit.changes().get("updatedAt").is_none_or(Value::is_null) {
            changed.item.insert("updatedAt".to_owned(), layout::instant(self.clock.now()).into());
        }
        changed.revision = self.ids.next_id().into();
        changed.partitions = layout::partitions_of(model, &changed.id, &changed.item)?;
        let change = Change::Put { row: changed.to_row(model.name())?, revision: &changed.revision };
        Commit::new(&self.table, change)
            .require_decided_on(&stored.revision, permit.unchanged())?
            .index(&stored.position, &stored.partitions, &changed.partitions)
            .run()
            .await?;
        Ok(changed)
    }

    /// Removes the record that was loaded, if nobody has changed it since. If it is gone by now, that will do: it may
    /// have been this very call, repeated after its answer was lost.
    ///
    /// # Errors
    ///
    /// [`DataError::Conflict`] when somebody has: load it and decide anew. [`DataError::Unavailable`].
    pub async fn delete(&self, permit: Permit<Delete>, stored: &Stored) -> Result<(), DataError> {
        let key = layout::record_key(permit.model().name(), &stored.id);
        Commit::new(&self.table, Change::Delete { key })
            .require_decided_on(&stored.revision, permit.unchanged())?
            .index(&stored.position, &stored.partitions, &BTreeSet::new())
            .run()
            .await?;
        Ok(())
    }

    async fn read(&self, model: &Model, id: &str) -> Result<Option<Stored>, StoreError> {
        if !layout::valid_id(id) {
            return Ok(None);
        }
        let row = self.table.get(layout::record_key(model.name(), id)).await?;
        row.map(|row| Stored::from_row("GetItem", row)).transpose()
    }
}
