//! A list: the partitions of a scope, merged in order, and the records that they lead to.

use std::collections::{BTreeSet, HashMap, VecDeque};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    StoreError, Stored, Table,
    layout::{self, PK, Position, SK, SPARE},
    stored::answer_bytes,
};

/// Partitions that are read at the same time.
const CONCURRENCY: usize = 16;
/// Records that `BatchGetItem` fetches at once, at most.
const BATCH: usize = 100;
/// Records that are fetched at once until it is known that they are small: of 400 KB each they come to 10 MB. Large ones
/// that come after small ones are noticed one batch later, so a page reads no more than 40 MB for nothing.
const CAREFUL_BATCH: usize = 25;
/// How often DynamoDB may answer a batch in part before it counts as overloaded.
const ROUNDS: u32 = 8;
/// Bytes of a page as [`answer_bytes`] counts them: an answer of a Lambda function holds 6 MB, headers included. A single
/// record takes up to seven bytes for each of its own, less than 3 MB.
const MAX_PAGE: usize = 5 * 1024 * 1024;

/// A list that is being read.
pub(crate) struct Listing<'a> {
    table: &'a Table,
    model: &'a str,
    sources: Vec<Source>,
    /// The position up to which everything has been looked at.
    seen: Option<Position>,
}

/// One partition.
struct Source {
    partition: String,
    ahead: VecDeque<Position>,
    /// Where the next read begins.
    after: Option<Position>,
    /// Nothing is left but what is `ahead`.
    exhausted: bool,
}

impl<'a> Listing<'a> {
    pub(crate) fn new(
        table: &'a Table,
        model: &'a str,
        partitions: BTreeSet<String>,
        after: Option<Position>,
    ) -> Self {
        let source =
            |partition| Source { partition, ahead: VecDeque::new(), after: after.clone(), exhausted: false };
        Self { table, model, sources: partitions.into_iter().map(source).collect(), seen: after.clone() }
    }

    /// The next records that are visible, up to `limit` of them.
    pub(crate) async fn page(
        &mut self,
        limit: usize,
        visible: impl Fn(&Stored) -> bool,
    ) -> Result<Vec<Stored>, StoreError> {
        let (mut records, mut bytes, mut spare) = (Vec::new(), 0_usize, SPARE);
        let mut fetched = Fetched::default();
        while records.len() < limit && spare > 0 {
            let wanted = (limit - records.len()).min(fetched.next_batch());
            let positions = self.next(wanted).await?;
            if positions.is_empty() {
                break;
            }
            let mut found = self.fetch(&positions).await?;
            for position in positions {
                // A record that was removed and made again since its index row was read has another place in the list.
                let here = found.get(position.id()).is_some_and(|stored| stored.position == position);
                let stored = if here { found.remove(position.id()) } else { None };
                let sized = stored.map(|stored| (answer_bytes(&stored.item), stored));
                sized.iter().for_each(|(size, _)| fetched.note(*size));
                // INVARIANT: nothing leaves on the word of an index row alone.
                match sized.filter(|(_, stored)| visible(stored)) {
                    Some((size, stored)) => {
                        if !records.is_empty() && bytes.saturating_add(size) > MAX_PAGE {
                            self.rewind();
                            return Ok(records);
                        }
                        bytes = bytes.saturating_add(size);
                        records.push(stored);
                    }
                    None => spare = spare.saturating_sub(1),
                }
                self.seen = Some(position);
            }
        }
        Ok(records)
    }

    /// Where the next page begins, or `None` at the end of the list.
    pub(crate) async fn resume_at(&mut self) -> Result<Option<Position>, StoreError> {
        let more = !self.next(1).await?.is_empty();
        Ok(self.seen.clone().filter(|_| more))
    }

    /// Forgets what was read ahead of the records that were looked at.
    fn rewind(&mut self) {
        for source in &mut self.sources {
            *source = Source {
                partition: std::mem::take(&mut source.partition),
                ahead: VecDeque::new(),
                after: self.seen.clone(),
                exhausted: false,
            };
        }
    }

    /// The next positions in order, each once; fewer than `wanted` only at the end.
    async fn next(&mut self, wanted: usize) -> Result<Vec<Position>, StoreError> {
        let mut positions = Vec::new();
        while positions.len() < wanted {
            // One more than wanted, so that the end shows without another read.
            self.refill(wanted - positions.len() + 1).await?;
            let first = self.sources.iter().filter_map(|source| source.ahead.front()).min().cloned();
            let Some(first) = first else { break };
            // A record that is found in several partitions has the same position in all of them.
            for source in &mut self.sources {
                source.ahead.pop_front_if(|position| *position == first);
            }
            positions.push(first);
        }
        Ok(positions)
    }

    /// Reads on in the partitions of which nothing is known.
    async fn refill(&mut self, count: usize) -> Result<(), StoreError> {
        let table = self.table;
        let dry = self.sources.iter_mut().filter(|source| source.ahead.is_empty() && !source.exhausted);
        // Collected first: a closure over `&mut` that lives across an await keeps the future from being `Send`.
        let reads: Vec<_> = dry.map(|source| source.read(table, count)).collect();
        stream::iter(reads).buffer_unordered(CONCURRENCY).try_collect().await
    }

    /// The records at these positions, by id; those that are gone are missing.
    async fn fetch(&self, positions: &[Position]) -> Result<HashMap<String, Stored>, StoreError> {
        const NAME: &str = "BatchGetItem";
        // One id can stand at two positions for a moment, and DynamoDB refuses a batch that names a key twice.
        let ids: BTreeSet<&str> = positions.iter().map(Position::id).collect();
        let keys = ids.into_iter().map(|id| layout::record_key(self.model, id)).collect();
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

impl Source {
    async fn read(&mut self, table: &Table, count: usize) -> Result<(), StoreError> {
        let mut request = table
            .client()
            .await
            .query()
            .table_name(table.name())
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", AttributeValue::S(self.partition.clone()))
            .projection_expression("#sk")
            .consistent_read(true)
            .limit(i32::try_from(count).unwrap_or(i32::MAX));
        request = match &self.after {
            None => request.key_condition_expression("#pk = :pk"),
            Some(after) => request
                .key_condition_expression("#pk = :pk AND #sk > :after")
                .expression_attribute_values(":after", AttributeValue::S(after.as_str().to_owned())),
        };
        let answer = request.send().await.map_err(|error| StoreError::new("Query", error))?;
        self.exhausted = answer.last_evaluated_key.is_none();
        for row in answer.items.unwrap_or_default() {
            match row.get(SK) {
                Some(AttributeValue::S(sk)) => {
                    let position = Position::parse(sk)
                        .ok_or_else(|| StoreError::unexpected("Query", "UnreadableRow"))?;
                    self.ahead.push_back(position);
                }
                _ => return Err(StoreError::unexpected("Query", "UnreadableRow")),
            }
        }
        if let Some(last) = self.ahead.back() {
            self.after = Some(last.clone());
        }
        Ok(())
    }
}

/// How large the records are that were fetched so far.
#[derive(Default)]
struct Fetched {
    records: usize,
    bytes: usize,
}

impl Fetched {
    fn note(&mut self, size: usize) {
        self.records += 1;
        self.bytes = self.bytes.saturating_add(size);
    }

    /// How many to fetch next: many only if as many of the same size fit on a page.
    fn next_batch(&self) -> usize {
        let small = self.bytes <= self.records.saturating_mul(MAX_PAGE / BATCH);
        if self.records > 0 && small { BATCH } else { CAREFUL_BATCH }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_records_are_fetched_at_once_only_when_they_are_known_to_be_small() {
        for (sizes, expected) in [
            (vec![], 25),
            (vec![200; 25], 100),
            (vec![400_000; 25], 25),
            (vec![52_000; 3], 100),
            (vec![53_000; 3], 25),
            (vec![200, 400_000], 25),
        ] {
            let mut fetched = Fetched::default();
            sizes.iter().for_each(|size| fetched.note(*size));
            assert_eq!(fetched.next_batch(), expected, "{sizes:?}");
        }
    }
}
