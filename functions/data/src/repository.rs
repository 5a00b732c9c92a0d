//! Reads and writes of records, each of which asks for a permit.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use portcullis_rules::{Condition, Create, Delete, Identity, Item, Load, Permit, Read, Scope, Update};
use portcullis_schema::{ModelType, NamedType, Scalar, TypeRef};
use serde_json::Value;

use crate::{
    Clock, DataError, Ids, IndexQuery, PageRequest, RecordKey, StoreError, System, Table,
    commit::{Change, Commit, CommitError},
    cursor::{Cursors, Purpose},
    index_query::{Range, fingerprint},
    index_row::Place,
    layout::{self, PK},
    listing::{BATCH, CONCURRENCY, Listing, Search, Verdict, fetch},
    position::{Position, instant},
    record_layout::RecordLayout,
    sharding::Sharding,
    stored::Stored,
};

/// The records of all models in a table.
///
/// Records are reached through an [`AuthorizedRepository`](crate::AuthorizedRepository) alone. Below it, every method asks
/// for a [`Permit`], which only an [`Authorizer`](crate::rules::Authorizer) can make; none of them is public.
///
/// ```compile_fail,E0624
/// # use portcullis_data::{RecordKey, Repository, rules::{Permit, Read}, schema::ModelType};
/// # async fn around(repository: Repository, permit: Permit<Read>, model: ModelType, key: RecordKey) {
/// repository.get(&permit, &model, &key).await; // not even with a permit: the answer would be the whole record
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Repository {
    table: Table,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    cursors: Cursors,
    sharding: Sharding,
}

/// What becomes of records within the scope of a permit.
#[derive(Clone, Copy)]
pub(crate) struct Sieve<'a> {
    pub(crate) judge: &'a (dyn Fn(&Item) -> Verdict + Send + Sync),
    /// Whether it may hide some of them.
    pub(crate) hides: bool,
}

/// What is found by a key.
#[derive(Clone, Debug)]
pub(crate) enum Sought {
    /// A record within the scope of the permit.
    Seen(Box<Stored>),
    /// A record, outside of it.
    Hidden,
    /// Nothing.
    Absent,
}

/// A page of records with their revisions.
#[derive(Clone, Debug)]
pub(crate) struct StoredPage {
    pub(crate) records: Vec<Stored>,
    pub(crate) next_token: Option<String>,
}

impl Sought {
    fn new(permit: &Permit<Read>, stored: Option<&Stored>) -> Self {
        match stored {
            Some(stored) if permit.scope().matches(&stored.item) => Self::Seen(Box::new(stored.clone())),
            Some(_) => Self::Hidden,
            None => Self::Absent,
        }
    }

    fn into_seen(self) -> Option<Stored> {
        match self {
            Self::Seen(stored) => Some(*stored),
            Self::Hidden | Self::Absent => None,
        }
    }
}

impl Repository {
    /// The records in this table. Nothing is called yet.
    #[must_use]
    pub fn new(table: Table) -> Self {
        let (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>) = (Arc::new(System), Arc::new(System));
        let cursors = Cursors::new(table.clone(), Arc::clone(&ids));
        let sharding = Sharding::new(table.clone());
        Self { table, clock, ids, cursors, sharding }
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
        self.cursors = Cursors::new(self.table.clone(), Arc::clone(&self.ids));
        self
    }

    /// A number that tells this caller from others who wait for the same record.
    pub(crate) fn jitter(&self) -> u64 {
        self.ids.next_id().as_u64_pair().1
    }

    /// Writes a new record: the one of the permit with `id` and the times of creation and change, unless it has them.
    /// (Input has the last two only where the schema declares them.) Lists go by the time of this call in any case.
    ///
    /// # Errors
    ///
    /// [`DataError::AlreadyExists`], [`DataError::Invalid`] when DynamoDB cannot hold the record or its key could not
    /// stand in a path, [`DataError::Unavailable`].
    pub(crate) async fn create(
        &self,
        permit: Permit<Create>,
        layout: RecordLayout<'_>,
    ) -> Result<Stored, DataError> {
        let model = layout.model;
        agree(&permit, model);
        let now = self.clock.now();
        let shards = self.sharding.map(now).await?;
        let mut item = permit.item().clone();
        item.retain(|_, value| !value.is_null());
        if model.field("id").is_some_and(|id| is_id(id.kind())) {
            item.entry("id").or_insert_with(|| self.ids.next_id().to_string().into());
        }
        let key = RecordKey::from_item(model, &item)?;
        key.check_new(model)?;
        for field in [model.created_at(), model.updated_at()].into_iter().flatten() {
            item.entry(field).or_insert_with(|| instant(now).into());
        }
        let id = key.text();
        let position = Position::new(now, &id);
        let rows = shards.settle(layout.rows_of(&item)?, &position);
        let stored = Stored { item, revision: self.ids.next_id().into(), id, position, rows };
        let change = Change::Put { row: stored.to_row(model.name())?, revision: &stored.revision };
        Commit::new(&self.table, change)
            .require_absent(PK)
            .index(&stored.position, &BTreeSet::new(), &stored.rows)
            .run()
            .await
            .map_err(|error| match error {
                CommitError::ConditionFailed => DataError::AlreadyExists,
                other => other.into(),
            })?;
        Ok(stored)
    }

    /// The record with this key, if it lies within the scope of the permit.
    ///
    /// # Errors
    ///
    /// When DynamoDB refuses or does not answer.
    pub(crate) async fn get(
        &self,
        permit: &Permit<Read>,
        model: &ModelType,
        key: &RecordKey,
    ) -> Result<Option<Stored>, StoreError> {
        Ok(self.seek(permit, model, key).await?.into_seen())
    }

    /// The same, told apart from a record that lies outside of the scope.
    ///
    /// # Errors
    ///
    /// When DynamoDB refuses or does not answer.
    pub(crate) async fn seek(
        &self,
        permit: &Permit<Read>,
        model: &ModelType,
        key: &RecordKey,
    ) -> Result<Sought, StoreError> {
        agree(permit, model);
        Ok(Sought::new(permit, self.read(model, key).await?.as_ref()))
    }

    /// The record with this key, in order to decide whether it may be changed. It must not be shown.
    ///
    /// # Errors
    ///
    /// When DynamoDB refuses or does not answer.
    pub(crate) async fn load(
        &self,
        permit: &Permit<Load>,
        model: &ModelType,
        key: &RecordKey,
    ) -> Result<Option<Stored>, StoreError> {
        agree(permit, model);
        self.read(model, key).await
    }

    /// A page of the records within the scope of the permit, for the caller whose permit it is.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidCursor`], [`DataError::Invalid`] for the limit, [`DataError::Unavailable`].
    pub(crate) async fn list(
        &self,
        permit: &Permit<Read>,
        layout: RecordLayout<'_>,
        descending: bool,
        request: &PageRequest,
        caller: &Identity,
        sieve: Option<Sieve<'_>>,
    ) -> Result<StoredPage, DataError> {
        agree(permit, layout.model);
        let model = layout.model.name();
        // No model's name begins like this.
        let of = if descending { format!("-{model}") } else { model.to_owned() };
        let (limit, purpose) = (request.limit()?, Purpose { of: &of, caller });
        let after = self.after(request, purpose).await?;
        if after.as_ref().is_some_and(|after| after.sort().is_some()) {
            return Err(DataError::InvalidCursor);
        }
        let shards = self.sharding.map(self.clock.now()).await?;
        let lists = layout.list_partitions(permit.scope()).into_iter();
        let shards = lists.flat_map(|list| shards.shards(list, true)).collect();
        let search = Search { shards, range: Range::default(), descending, after };
        let mut listing = Listing::new(&self.table, model, search);
        let judge = |stored: &Stored, _: &Place| match sieve {
            _ if !permit.scope().matches(&stored.item) => Verdict::Hidden,
            Some(sieve) => (sieve.judge)(&stored.item),
            None => Verdict::Shown,
        };
        let certain = is_held(permit.scope()) && !sieve.is_some_and(|sieve| sieve.hides);
        let (records, next) = listing.page(limit, certain, judge).await?;
        Ok(StoredPage { records, next_token: self.token(next, purpose).await? })
    }

    /// A page of the records within the scope of the permit that a query finds, for the caller whose permit it is.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidCursor`], [`DataError::Invalid`] for the query or the limit, [`DataError::Unavailable`].
    pub(crate) async fn query(
        &self,
        permit: &Permit<Read>,
        layout: RecordLayout<'_>,
        query: &IndexQuery,
        request: &PageRequest,
        caller: &Identity,
        sieve: Option<Sieve<'_>>,
    ) -> Result<StoredPage, DataError> {
        let model = layout.model;
        agree(permit, model);
        let index = layout.index(query.index()).ok_or_else(|| no_such_index(model))?;
        let value = query.value(model, &index)?;
        let range = query.range(model, &index)?;
        let token_of = fingerprint(model.name(), query, &value, &range);
        let (limit, purpose) = (request.limit()?, Purpose { of: &token_of, caller });
        let after = self.after(request, purpose).await?;
        if after.as_ref().is_some_and(|after| !range.holds(after.as_str())) {
            return Err(DataError::InvalidCursor);
        }
        let shards = self.sharding.map(self.clock.now()).await?;
        let lists = layout.index_partitions(&index, &value, &query.held(&index), permit.scope()).into_iter();
        let shards = lists.flat_map(|list| shards.shards(list, index.sort_fields.is_empty())).collect();
        let search = Search { shards, range, descending: query.is_descending(), after };
        let mut listing = Listing::new(&self.table, model.name(), search);
        let judge = |stored: &Stored, place: &Place| {
            let entry = index.entry(model, &stored.item);
            match sieve {
                _ if !permit.scope().matches(&stored.item) => Verdict::Hidden,
                _ if !entry.is_some_and(|entry| entry.is_at(&value, place.sort())) => Verdict::Hidden,
                Some(sieve) => (sieve.judge)(&stored.item),
                None => Verdict::Shown,
            }
        };
        let certain = is_held(permit.scope()) && !sieve.is_some_and(|sieve| sieve.hides);
        let (records, next) = listing.page(limit, certain, judge).await?;
        Ok(StoredPage { records, next_token: self.token(next, purpose).await? })
    }

    /// The records with these keys, as far as each lies within the scope of the permit beside it, in the same order. What is
    /// asked for several times is read once.
    ///
    /// # Errors
    ///
    /// When DynamoDB refuses or does not answer.
    pub(crate) async fn get_all(
        &self,
        model: &ModelType,
        wanted: &[(&Permit<Read>, Option<RecordKey>)],
    ) -> Result<Vec<Option<Stored>>, StoreError> {
        Ok(self.seek_all(model, wanted).await?.into_iter().map(Sought::into_seen).collect())
    }

    /// The same, each told apart from a record that lies outside of the scope.
    ///
    /// # Errors
    ///
    /// When DynamoDB refuses or does not answer.
    pub(crate) async fn seek_all(
        &self,
        model: &ModelType,
        wanted: &[(&Permit<Read>, Option<RecordKey>)],
    ) -> Result<Vec<Sought>, StoreError> {
        wanted.iter().for_each(|(permit, _)| agree(permit, model));
        let text =
            |key: &Option<RecordKey>| key.as_ref().filter(|key| key.is_possible(model)).map(RecordKey::text);
        let batches = batches(wanted.iter().filter_map(|(_, key)| text(key)).collect());
        let reads = batches
            .iter()
            .map(|ids| fetch(&self.table, model.name(), ids.iter().map(String::as_str).collect()))
            .collect::<Vec<_>>();
        let mut reads = stream::iter(reads).buffer_unordered(CONCURRENCY);
        let mut found = HashMap::new();
        while let Some(batch) = reads.try_next().await? {
            found.extend(batch);
        }
        let records =
            wanted.iter().map(|(permit, key)| Sought::new(permit, text(key).and_then(|id| found.get(&id))));
        Ok(records.collect())
    }

    /// Where a page begins.
    async fn after(&self, request: &PageRequest, purpose: Purpose<'_>) -> Result<Option<Place>, DataError> {
        match &request.next_token {
            Some(token) => self.cursors.open(purpose, token).await.map(Some),
            None => Ok(None),
        }
    }

    async fn token(&self, place: Option<Place>, purpose: Purpose<'_>) -> Result<Option<String>, DataError> {
        match place {
            Some(place) => self.cursors.seal(purpose, &place).await.map(Some),
            None => Ok(None),
        }
    }

    /// Changes the record that was loaded, if nobody has changed it since. Sets the time of the change, unless the changes
    /// do. What they say of the record's key is left aside: that never changes.
    ///
    /// # Errors
    ///
    /// [`DataError::Conflict`] when somebody has: load it and decide anew. [`DataError::Invalid`] when DynamoDB
    /// cannot hold the record, [`DataError::Unavailable`].
    pub(crate) async fn update(
        &self,
        permit: Permit<Update>,
        layout: RecordLayout<'_>,
        stored: &Stored,
    ) -> Result<Stored, DataError> {
        let model = layout.model;
        agree(&permit, model);
        let (now, mut changed) = (self.clock.now(), stored.clone());
        for (field, value) in permit.changes() {
            if model.key().fields().any(|key| key == field) {
                continue;
            }
            match value {
                Value::Null => changed.item.remove(field),
                value => changed.item.insert(field.clone(), value.clone()),
            };
        }
        if let Some(field) = model.updated_at()
            && permit.changes().get(field).is_none_or(Value::is_null)
        {
            changed.item.insert(field.to_owned(), instant(now).into());
        }
        changed.revision = self.ids.next_id().into();
        let rows = layout.rows_of(&changed.item)?;
        changed.rows = self.sharding.map(now).await?.settle(rows, &changed.position);
        let change = Change::Put { row: changed.to_row(model.name())?, revision: &changed.revision };
        Commit::new(&self.table, change)
            .require_decided_on(&stored.revision, permit.unchanged())?
            .index(&stored.position, &stored.rows, &changed.rows)
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
    pub(crate) async fn delete(&self, permit: Permit<Delete>, stored: &Stored) -> Result<(), DataError> {
        let key = layout::record_row(permit.model().name(), &stored.id);
        Commit::new(&self.table, Change::Delete { key })
            .require_decided_on(&stored.revision, permit.unchanged())?
            .index(&stored.position, &stored.rows, &BTreeSet::new())
            .run()
            .await?;
        Ok(())
    }

    async fn read(&self, model: &ModelType, key: &RecordKey) -> Result<Option<Stored>, StoreError> {
        if !key.is_possible(model) {
            return Ok(None);
        }
        let row = self.table.get(layout::record_row(model.name(), &key.text())).await?;
        row.map(|row| Stored::from_row("GetItem", row)).transpose()
    }
}

/// A permit is for the records of one model, and the model is handed over beside it.
fn agree<A>(permit: &Permit<A>, model: &ModelType) {
    debug_assert_eq!(permit.model().name(), model.name(), "the permit is for another model");
}

/// Whether every record in the partitions of the scope lies within it. Of conditions that must all hold, one is looked up.
fn is_held(scope: &Scope) -> bool {
    match scope {
        Scope::Any(conditions) => !conditions.iter().any(|condition| matches!(condition, Condition::All(_))),
        Scope::Everything | Scope::Nothing => true,
    }
}

/// As many keys as one call may ask for.
fn batches(ids: BTreeSet<String>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    for id in ids {
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH => batch.push(id),
            _ => batches.push(vec![id]),
        }
    }
    batches
}

/// Whether the server can make a value of this type that nobody has made before.
fn is_id(kind: &TypeRef) -> bool {
    !kind.list && matches!(kind.named, NamedType::Scalar(Scalar::Id | Scalar::String))
}

pub(crate) fn no_such_index(model: &ModelType) -> DataError {
    DataError::invalid("index", format!("is not an index of {}", model.name()))
}
