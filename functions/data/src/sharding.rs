//! Lists that more is written to than one partition of DynamoDB takes, spread over several.
//!
//! A row of the table says since when a list has how many shards; see [`layout`](crate::layout) for what that costs and
//! gives. Every process reads these rows once a minute, when it needs them, so a new number of shards takes effect some
//! minutes after it was set, in all processes at the same moment. Nothing is moved.

mod map;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use portcullis_schema::ModelType;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::Mutex;

pub(crate) use self::map::{Generation, Shard, ShardMap};
use crate::{
    Clock, DataError, StoreError, System, Table,
    layout::{self, MAX_SK, PK, Row, SHARDS, SK},
    position::instant,
    record_layout::RecordLayout,
};

/// How old what a process knows of shards may be when it is used.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// How long before it begins a generation is written. All processes have read it by then, even if their clocks differ by
/// minutes.
const LEAD: SignedDuration = SignedDuration::from_secs(300);
/// Shards of a list at most. A page reads from each of them.
const MAX_SHARDS: u32 = 256;
/// Changes of one list at most.
const MAX_GENERATIONS: usize = 64;

/// The attribute that holds the generations.
const GENERATIONS: &str = "generations";

/// What this process knows of shards.
#[derive(Clone)]
pub(crate) struct Sharding {
    table: Table,
    known: Arc<RwLock<Option<Known>>>,
    /// Held by the one who reads.
    reading: Arc<Mutex<()>>,
}

#[derive(Clone)]
struct Known {
    read_at: Timestamp,
    map: Arc<ShardMap>,
}

/// One list of a model, or one value of an index in it, as those readers see it who share a row: everybody whom a rule
/// admits whatever the record holds, or those whom a value of a field names.
///
/// `Debug` shows no values, for they may name people.
#[derive(Clone, PartialEq, Eq)]
pub struct HotList {
    partition: String,
}

/// The lists that have several shards, and the way to give a list more.
///
/// ```no_run
/// # async fn example(table: portcullis_data::Table, note: &portcullis_data::schema::ModelType) -> Result<(), Box<dyn std::error::Error>> {
/// use portcullis_data::{HotList, Shards};
///
/// // More than 500 notes a second, in the list of everybody: each shard takes as many.
/// let from = Shards::new(table).set(&HotList::everybody(note), 8).await?;
/// println!("from {from} on, new notes are spread over eight partitions");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Shards {
    table: Table,
    clock: Arc<dyn Clock>,
}

/// Why the number of shards was not changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ShardsError {
    /// Out of range.
    #[error("a list has from 1 to {MAX_SHARDS} shards")]
    Number,
    /// The last change has not begun yet.
    #[error("the list has been given another number of shards that begins at {0}; wait until then")]
    Pending(String),
    /// Somebody else changed it at the same time.
    #[error("somebody else is changing the shards of the list; look again")]
    Conflict,
    /// Its name does not fit, or it was changed too often.
    #[error("the list {0}")]
    Unsuitable(&'static str),
    /// DynamoDB refused or did not answer.
    #[error("the shards could not be changed")]
    Store(#[from] StoreError),
}

impl Sharding {
    pub(crate) fn new(table: Table) -> Self {
        Self { table, known: Arc::default(), reading: Arc::default() }
    }

    /// What is known at this moment, which is the present one, read anew if that is a minute old. A record whose time it is
    /// belongs to no generation that is not known then.
    pub(crate) async fn map(&self, now: Timestamp) -> Result<Arc<ShardMap>, StoreError> {
        if let Some(map) = self.fresh(now) {
            return Ok(map);
        }
        let _one = self.reading.lock().await;
        if let Some(map) = self.fresh(now) {
            return Ok(map);
        }
        let map = Arc::new(ShardMap::new(read(&self.table).await?));
        // It never seems younger than it is.
        let known = Known { read_at: now, map: Arc::clone(&map) };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(map)
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<ShardMap>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let age = now.duration_since(known.read_at);
        // A clock that was set back tells nothing of the age.
        (SignedDuration::ZERO..FRESH).contains(&age).then_some(known.map)
    }
}

impl fmt::Debug for Sharding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sharding").finish_non_exhaustive()
    }
}

impl HotList {
    /// The list of those who may list every record: signed-in users, members of groups with fixed names, API keys,
    /// administrators.
    #[must_use]
    pub fn everybody(model: &ModelType) -> Self {
        Self { partition: layout_of(model).partition_of(None, None) }
    }

    /// The list of those whom this value of an owner field or a groups field names.
    ///
    /// # Errors
    ///
    /// When no rule looks that field up.
    pub fn named(model: &ModelType, field: &str, value: &str) -> Result<Self, DataError> {
        let reader = layout_of(model).reader_named(field, value)?;
        Ok(Self { partition: layout_of(model).partition_of(None, Some(&reader)) })
    }

    /// The records with one value in an index: `None` for everybody, or those whom a value of a field names.
    ///
    /// # Errors
    ///
    /// When there is no such index, the value is none of its field, or no rule looks that field up.
    pub fn in_index(
        model: &ModelType,
        index: &str,
        value: impl Into<Value>,
        named: Option<(&str, &str)>,
    ) -> Result<Self, DataError> {
        let layout = layout_of(model);
        let found = layout.index(Some(index)).ok_or_else(|| crate::repository::no_such_index(model))?;
        let value = crate::IndexQuery::new(Some(index), value).value(model, &found)?;
        let reader = named.map(|(field, value)| layout.reader_named(field, value)).transpose()?;
        Ok(Self { partition: layout.partition_of(Some((&found, &value)), reader.as_deref()) })
    }
}

impl fmt::Debug for HotList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HotList").finish_non_exhaustive()
    }
}

fn layout_of(model: &ModelType) -> RecordLayout<'_> {
    RecordLayout { model, for_everybody: true }
}

impl Shards {
    /// The lists in this table. Nothing is called yet.
    #[must_use]
    pub fn new(table: Table) -> Self {
        Self { table, clock: Arc::new(System) }
    }

    /// Tells the time by another clock than the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How many shards the list has by now.
    ///
    /// # Errors
    ///
    /// When DynamoDB refuses or does not answer.
    pub async fn of(&self, list: &HotList) -> Result<u32, StoreError> {
        let row = self.table.get(layout::key(SHARDS, list.partition.as_str())).await?;
        let now = instant(self.clock.now());
        let generations = row.map(generations_of).transpose()?.unwrap_or_default();
        let begun = generations.iter().rev().find(|generation| generation.from <= now);
        Ok(begun.map_or(1, |generation| generation.shards))
    }

    /// Spreads the new records of a list over so many partitions, from the moment on that is returned: a few minutes from
    /// now, when every process has learned of it. Records that exist stay where they are, and are listed as before.
    ///
    /// Setting the number that the list has, or is about to have, changes nothing.
    ///
    /// # Errors
    ///
    /// See [`ShardsError`].
    pub async fn set(&self, list: &HotList, shards: u32) -> Result<Timestamp, ShardsError> {
        if !(1..=MAX_SHARDS).contains(&shards) {
            return Err(ShardsError::Number);
        }
        if list.partition.len() > MAX_SK {
            return Err(ShardsError::Unsuitable("has too long a name to be spread"));
        }
        let row = self.table.get(layout::key(SHARDS, list.partition.as_str())).await?;
        let mut generations = row.map(generations_of).transpose()?.unwrap_or_default();
        let now = self.clock.now();
        if generations.len() >= MAX_GENERATIONS {
            return Err(ShardsError::Unsuitable("was changed too often"));
        }
        let before = generations.len();
        if let Some(last) = generations.last() {
            if last.shards == shards {
                return Ok(last.from.parse().unwrap_or(now));
            }
            if last.from > instant(now) {
                return Err(ShardsError::Pending(last.from.clone()));
            }
        } else if shards == 1 {
            return Ok(now);
        }
        let from = now.saturating_add(LEAD).unwrap_or(now);
        generations.push(Generation { from: instant(from), shards });
        self.write(list, &generations, before).await?;
        Ok(from)
    }

    /// Writes the generations, if there are as many as before: they only ever grow.
    async fn write(
        &self,
        list: &HotList,
        generations: &[Generation],
        before: usize,
    ) -> Result<(), ShardsError> {
        const NAME: &str = "PutItem";
        let value = serde_dynamo::to_attribute_value(generations)
            .map_err(|_| StoreError::unexpected(NAME, "BuildError"))?;
        let mut row = layout::key(SHARDS, list.partition.as_str());
        row.insert(GENERATIONS.to_owned(), value);
        let put = self.table.client().await.put_item().table_name(self.table.name()).set_item(Some(row));
        let put = match before {
            0 => put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", PK),
            before => put
                .condition_expression("size(#generations) = :before")
                .expression_attribute_names("#generations", GENERATIONS)
                .expression_attribute_values(":before", AttributeValue::N(before.to_string())),
        };
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Err(ShardsError::Conflict)
            }
            Err(error) => Err(StoreError::new(NAME, error).into()),
        }
    }
}

/// All lists that have generations.
async fn read(table: &Table) -> Result<Vec<(String, Vec<Generation>)>, StoreError> {
    let (mut lists, mut start) = (Vec::new(), None);
    loop {
        let answer = table
            .client()
            .await
            .query()
            .table_name(table.name())
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", AttributeValue::S(SHARDS.to_owned()))
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| StoreError::new("Query", error))?;
        for row in answer.items.unwrap_or_default() {
            let list = row.get(SK).and_then(|sk| sk.as_s().ok()).cloned().unwrap_or_default();
            lists.push((list, generations_of(row)?));
        }
        start = answer.last_evaluated_key;
        if start.is_none() {
            return Ok(lists);
        }
    }
}

fn generations_of(mut row: Row) -> Result<Vec<Generation>, StoreError> {
    let unreadable = || StoreError::unexpected("Query", "UnreadableRow");
    let value = row.remove(GENERATIONS).ok_or_else(unreadable)?;
    serde_dynamo::from_attribute_value(value).map_err(|_| unreadable())
}
