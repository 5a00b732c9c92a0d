//! A list: the partitions of a scope, merged in order, and the records that they lead to.

mod fetched;
mod source;

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::{StreamExt, TryStreamExt, stream};

pub(crate) use self::fetched::BATCH;
use self::{fetched::Fetched, source::Source};
use crate::{
    StoreError, Table,
    index_query::Range,
    index_row::Place,
    layout::{self, SPARE},
    sharding::Shard,
    stored::{Stored, answer_bytes},
};

/// Calls that are under way at the same time for one page.
pub(crate) const CONCURRENCY: usize = 16;
/// How often DynamoDB may answer a batch in part before it counts as overloaded.
const ROUNDS: u32 = 8;
/// Bytes of a page as [`answer_bytes`] counts them: an answer of a Lambda function holds 6 MB, headers included. A single
/// record takes up to seven bytes for each of its own, less than 3 MB.
pub(crate) const MAX_PAGE: usize = 5 * 1024 * 1024;

/// Records of a page that are looked at and not shown because the client filters them out, and their bytes as
/// [`answer_bytes`] counts them.
const MAX_PASSED: usize = 1000;
const MAX_PASSED_BYTES: usize = 4 * MAX_PAGE;

/// What is looked for, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    pub(crate) shards: Vec<Shard>,
    pub(crate) range: Range,
    pub(crate) descending: bool,
    /// Where the page before this one ended.
    pub(crate) after: Option<Place>,
}

/// What is to become of a record that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The caller may not know of it.
    Hidden,
    /// The caller may see it and has not asked for it.
    Passed,
    /// It is one for the page.
    Shown,
}

/// A list that is being read.
pub(crate) struct Listing<'a> {
    table: &'a Table,
    model: &'a str,
    descending: bool,
    sources: Vec<Source>,
    /// The place up to which everything has been looked at.
    seen: Option<Place>,
    /// The place where the next page begins.
    resume: Option<Place>,
}

impl<'a> Listing<'a> {
    pub(crate) fn new(table: &'a Table, model: &'a str, search: Search) -> Self {
        let Search { shards, range, descending, after } = search;
        let source = |shard| Source::new(shard, &range, descending, after.clone());
        let sources = shards.into_iter().map(source).collect();
        Self { table, model, descending, sources, seen: after.clone(), resume: after }
    }

    /// The next records to be shown, up to `limit` of them, and where the next page begins if there are more. If those that
    /// are found are `certain` to be visible, another place tells that there are more; else only another record does.
    pub(crate) async fn page(
        &mut self,
        limit: usize,
        certain: bool,
        judge: impl Fn(&Stored, &Place) -> Verdict,
    ) -> Result<(Vec<Stored>, Option<Place>), StoreError> {
        let (mut records, mut bytes) = (Vec::new(), 0_usize);
        let (mut spare, mut passed, mut passed_bytes) = (SPARE, 0_usize, 0_usize);
        let mut fetched = Fetched::default();
        let enough = if certain { limit } else { limit.saturating_add(1) };
        let mut tired = false;
        while records.len() < enough && !tired {
            // Where many are hidden or passed over, more are fetched at once.
            let wanted = (enough - records.len()).max(SPARE - spare).max(passed).min(fetched.next_batch());
            let places = self.next(wanted).await?;
            if places.is_empty() {
                break;
            }
            // One id can stand at two places for a moment, and DynamoDB refuses a batch that names a key twice.
            let ids = places.iter().map(|place| place.position().id()).collect();
            let mut found = fetch(self.table, self.model, ids).await?;
            for place in places {
                // A record that was removed and made again since its index row was read has another place in the list.
                let position = place.position();
                let stored = found.get(position.id()).filter(|stored| stored.position == *position);
                let size = stored.map_or(0, |stored| answer_bytes(&stored.item));
                if stored.is_some() {
                    fetched.note(size);
                }
                // INVARIANT: nothing leaves on the word of an index row alone.
                let verdict = stored.map_or(Verdict::Hidden, |stored| judge(stored, &place));
                // Whatever may be seen tells a full page that there is more.
                let full = records.len() == limit && verdict != Verdict::Hidden;
                let too_large =
                    verdict == Verdict::Shown && !records.is_empty() && bytes.saturating_add(size) > MAX_PAGE;
                if full || too_large {
                    return Ok((records, self.resume.clone()));
                }
                match verdict {
                    Verdict::Hidden => spare = spare.saturating_sub(1),
                    Verdict::Passed => {
                        passed += 1;
                        passed_bytes = passed_bytes.saturating_add(size);
                        self.resume = Some(place.clone());
                    }
                    Verdict::Shown => {
                        bytes = bytes.saturating_add(size);
                        records.extend(found.remove(position.id()));
                        self.resume = Some(place.clone());
                    }
                }
                self.seen = Some(place);
            }
            tired = spare == 0 || passed >= MAX_PASSED || passed_bytes >= MAX_PASSED_BYTES;
        }
        let resume = if tired { self.seen.clone() } else { self.resume.clone() };
        let ended = !tired && records.len() < enough || self.next(1).await?.is_empty();
        Ok((records, resume.filter(|_| !ended)))
    }

    /// The next places in order, each once; fewer than `wanted` only at the end.
    async fn next(&mut self, wanted: usize) -> Result<Vec<Place>, StoreError> {
        let mut places = Vec::new();
        while places.len() < wanted {
            // One more than wanted, so that the end shows without another read.
            self.refill(wanted - places.len() + 1).await?;
            let Some(first) = self.first().cloned() else { break };
            // A record that is found in several partitions has the same place in all of them.
            for source in &mut self.sources {
                source.pass(&first);
            }
            places.push(first);
        }
        Ok(places)
    }

    fn first(&self) -> Option<&Place> {
        let ahead = self.sources.iter().filter_map(Source::first);
        if self.descending { ahead.max() } else { ahead.min() }
    }

    /// Reads on in the partitions of which nothing is known, unless it is known that all of it comes later: shards of a time
    /// that the page does not reach are not read.
    async fn refill(&mut self, count: usize) -> Result<(), StoreError> {
        loop {
            let (table, first) = (self.table, self.first().cloned());
            let dry = self.sources.iter().filter(|source| source.is_dry());
            let bounds = dry.map(|source| source.bound().map(str::to_owned));
            let earliest = if self.descending { bounds.min_by(later_last) } else { bounds.min() };
            let due = |source: &&mut Source| match &first {
                Some(first) => !source.begins_behind(first),
                None => Some(source.bound()) == earliest.as_ref().map(Option::as_deref),
            };
            let dry = self.sources.iter_mut().filter(|source| source.is_dry()).filter(due);
            // Collected first: a closure over `&mut` that lives across an await keeps the future from being `Send`.
            let reads: Vec<_> = dry.map(|source| source.read(table, count)).collect();
            if reads.is_empty() {
                return Ok(());
            }
            stream::iter(reads).buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
        }
    }
}

/// The records of these keys, by id; those that are gone are missing.
pub(crate) async fn fetch(
    table: &Table,
    model: &str,
    ids: BTreeSet<&str>,
) -> Result<HashMap<String, Stored>, StoreError> {
    const NAME: &str = "BatchGetItem";
    let keys = ids.into_iter().map(|id| layout::record_row(model, id)).collect();
    let mut pending = Some(keys);
    let mut found = HashMap::new();
    for round in 0..ROUNDS {
        let Some(keys) = pending.take() else {
            return Ok(found);
        };
        if round > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10 << round)).await;
        }
        let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let request = request.build().map_err(|_| StoreError::unexpected(NAME, "BuildError"))?;
        let answer = table.client().await.batch_get_item().request_items(table.name(), request).send().await;
        let answer = answer.map_err(|error| StoreError::new(NAME, error))?;
        for row in answer.responses.unwrap_or_default().into_values().flatten() {
            let stored = Stored::from_row(NAME, row)?;
            found.insert(stored.id.clone(), stored);
        }
        let left = answer.unprocessed_keys.unwrap_or_default().into_values().flat_map(|left| left.keys);
        pending = Some(left.collect::<Vec<_>>()).filter(|left| !left.is_empty());
    }
    match pending {
        None => Ok(found),
        Some(_) => Err(StoreError::unexpected(NAME, "ThrottlingError")),
    }
}

/// Downwards, nothing is before what has no bound, and a higher bound comes first.
fn later_last(one: &Option<String>, other: &Option<String>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => other.cmp(one),
        (one, other) => one.is_some().cmp(&other.is_some()),
    }
}
