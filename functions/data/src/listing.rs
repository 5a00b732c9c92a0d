//! A list: the partitions of a scope, merged in order, and the records that they lead to.

mod fetched;
mod source;

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::{StreamExt, TryStreamExt, stream};

use self::{fetched::Fetched, source::Source};
use crate::{
    StoreError, Table,
    index_query::Range,
    index_row::Place,
    layout::{self, SPARE},
    stored::{Stored, answer_bytes},
};

/// Calls that are under way at the same time for one page.
pub(crate) const CONCURRENCY: usize = 16;
/// How often DynamoDB may answer a batch in part before it counts as overloaded.
const ROUNDS: u32 = 8;
/// Bytes of a page as [`answer_bytes`] counts them: an answer of a Lambda function holds 6 MB, headers included. A single
/// record takes up to seven bytes for each of its own, less than 3 MB.
pub(crate) const MAX_PAGE: usize = 5 * 1024 * 1024;

/// What is looked for, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    pub(crate) partitions: BTreeSet<String>,
    pub(crate) range: Range,
    pub(crate) descending: bool,
    /// Where the page before this one ended.
    pub(crate) after: Option<Place>,
}

/// A list that is being read.
pub(crate) struct Listing<'a> {
    table: &'a Table,
    model: &'a str,
    search: Search,
    sources: Vec<Source>,
    /// The place up to which everything has been looked at.
    seen: Option<Place>,
    /// The place where the next page begins.
    resume: Option<Place>,
}

impl<'a> Listing<'a> {
    pub(crate) fn new(table: &'a Table, model: &'a str, mut search: Search) -> Self {
        let partitions = std::mem::take(&mut search.partitions);
        let after = search.after.clone();
        let source = |partition| Source::new(partition, after.clone());
        let sources =
            if search.range.is_empty() { Vec::new() } else { partitions.into_iter().map(source).collect() };
        Self { table, model, search, sources, seen: after.clone(), resume: after }
    }

    /// The next records that are visible where they were found, up to `limit` of them, and where the next page begins if
    /// there are more. If they are `certain` to be visible, another place tells that there are; else only another record
    /// does.
    pub(crate) async fn page(
        &mut self,
        limit: usize,
        certain: bool,
        visible: impl Fn(&Stored, &Place) -> bool,
    ) -> Result<(Vec<Stored>, Option<Place>), StoreError> {
        let (mut records, mut bytes, mut spare) = (Vec::new(), 0_usize, SPARE);
        let mut fetched = Fetched::default();
        let enough = if certain { limit } else { limit.saturating_add(1) };
        while records.len() < enough && spare > 0 {
            // Where many are hidden, more are fetched at once.
            let wanted = (enough - records.len()).max(SPARE - spare).min(fetched.next_batch());
            let places = self.next(wanted).await?;
            if places.is_empty() {
                break;
            }
            let mut found = self.fetch(&places).await?;
            for place in places {
                // A record that was removed and made again since its index row was read has another place in the list.
                let position = place.position();
                let stored = found.get(position.id()).filter(|stored| stored.position == *position);
                let size = stored.map(|stored| answer_bytes(&stored.item));
                size.iter().for_each(|size| fetched.note(*size));
                // INVARIANT: nothing leaves on the word of an index row alone.
                let stored =
                    stored.is_some_and(|stored| visible(stored, &place)).then(|| found.remove(position.id()));
                match size.zip(stored.flatten()) {
                    Some((size, stored)) => {
                        let too_large = !records.is_empty() && bytes.saturating_add(size) > MAX_PAGE;
                        if records.len() == limit || too_large {
                            return Ok((records, self.resume.clone()));
                        }
                        bytes = bytes.saturating_add(size);
                        records.push(stored);
                        self.resume = Some(place.clone());
                    }
                    None => spare = spare.saturating_sub(1),
                }
                self.seen = Some(place);
            }
        }
        let resume = if spare == 0 { self.seen.clone() } else { self.resume.clone() };
        let ended = spare > 0 && records.len() < enough || self.next(1).await?.is_empty();
        Ok((records, resume.filter(|_| !ended)))
    }

    /// The next places in order, each once; fewer than `wanted` only at the end.
    async fn next(&mut self, wanted: usize) -> Result<Vec<Place>, StoreError> {
        let mut places = Vec::new();
        while places.len() < wanted {
            // One more than wanted, so that the end shows without another read.
            self.refill(wanted - places.len() + 1).await?;
            let ahead = self.sources.iter().filter_map(Source::first);
            let first = if self.search.descending { ahead.max() } else { ahead.min() };
            let Some(first) = first.cloned() else { break };
            // A record that is found in several partitions has the same place in all of them.
            for source in &mut self.sources {
                source.pass(&first);
            }
            places.push(first);
        }
        Ok(places)
    }

    /// Reads on in the partitions of which nothing is known.
    async fn refill(&mut self, count: usize) -> Result<(), StoreError> {
        let (table, search) = (self.table, &self.search);
        let dry = self.sources.iter_mut().filter(|source| source.is_dry());
        // Collected first: a closure over `&mut` that lives across an await keeps the future from being `Send`.
        let reads: Vec<_> = dry.map(|source| source.read(table, search, count)).collect();
        stream::iter(reads).buffer_unordered(CONCURRENCY).try_collect().await
    }

    /// The records at these places, by id; those that are gone are missing.
    async fn fetch(&self, places: &[Place]) -> Result<HashMap<String, Stored>, StoreError> {
        const NAME: &str = "BatchGetItem";
        // One id can stand at two places for a moment, and DynamoDB refuses a batch that names a key twice.
        let ids: BTreeSet<&str> = places.iter().map(|place| place.position().id()).collect();
        let keys = ids.into_iter().map(|id| layout::record_row(self.model, id)).collect();
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
            let answer = self
                .table
                .client()
                .await
                .batch_get_item()
                .request_items(self.table.name(), request)
                .send()
                .await;
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
}
