//! One partition that is being read.

use std::collections::VecDeque;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    StoreError, Table,
    index_query::Range,
    index_row::Place,
    layout::{PK, SK},
    sharding::Shard,
};

/// Index rows that one read unit reads, of those that are usual: 4 KB by 150 bytes.
const UNIT: usize = 26;

/// One partition.
pub(super) struct Source {
    partition: String,
    /// Among how many its list is spread.
    of: usize,
    range: Range,
    descending: bool,
    ahead: VecDeque<Place>,
    /// The place behind which the next read begins.
    after: Option<Place>,
    started: bool,
    /// Nothing is left but what is `ahead`.
    exhausted: bool,
}

impl Source {
    pub(super) fn new(shard: Shard, range: &Range, descending: bool, after: Option<Place>) -> Self {
        let mut range = range.intersection(&shard.span);
        // Bounds are part of what they bound, so the place where the last page ended comes once more.
        if let Some(after) = &after {
            let from_there = match descending {
                false => Range { from: Some(after.as_str().to_owned()), to: None },
                true => Range { from: None, to: Some(after.as_str().to_owned()) },
            };
            range = range.intersection(&from_there);
        }
        let exhausted = range.is_empty();
        let Shard { partition, of, .. } = shard;
        Self { partition, of, range, descending, ahead: VecDeque::new(), after, started: false, exhausted }
    }

    pub(super) fn first(&self) -> Option<&Place> {
        self.ahead.front()
    }

    pub(super) fn pass(&mut self, place: &Place) {
        self.ahead.pop_front_if(|first| first == place);
    }

    /// Whether nothing is known of what comes next.
    pub(super) fn is_dry(&self) -> bool {
        self.ahead.is_empty() && !self.exhausted
    }

    /// Before anything is read: where rows can begin at the earliest.
    pub(super) fn bound(&self) -> Option<&str> {
        let bound = if self.descending { &self.range.to } else { &self.range.from };
        bound.as_deref().filter(|_| !self.started)
    }

    /// Whether it is known, before anything is read, that all of it comes behind this place.
    pub(super) fn begins_behind(&self, place: &Place) -> bool {
        self.bound().is_some_and(|bound| match self.descending {
            false => bound > place.as_str(),
            true => bound < place.as_str(),
        })
    }

    /// Reads on until something is known: so many places, or its share of them and a little more.
    pub(super) async fn read(&mut self, table: &Table, count: usize) -> Result<(), StoreError> {
        // What one unit reads costs no less than one row.
        let share = if self.of > 1 { (count / self.of).saturating_mul(2).max(UNIT) } else { count };
        while self.is_dry() {
            self.read_once(table, share.min(count)).await?;
        }
        Ok(())
    }

    async fn read_once(&mut self, table: &Table, count: usize) -> Result<(), StoreError> {
        let unreadable = || StoreError::unexpected("Query", "UnreadableRow");
        let count = count + usize::from(self.after.is_some());
        let (from, to) = (self.range.from.as_deref(), self.range.to.as_deref());
        let condition = match (from, to) {
            (None, None) => "#pk = :pk",
            (Some(_), None) => "#pk = :pk AND #sk >= :from",
            (None, Some(_)) => "#pk = :pk AND #sk <= :to",
            (Some(_), Some(_)) => "#pk = :pk AND #sk BETWEEN :from AND :to",
        };
        let mut request = table
            .client()
            .await
            .query()
            .table_name(table.name())
            .key_condition_expression(condition)
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", AttributeValue::S(self.partition.clone()))
            .projection_expression("#sk")
            .scan_index_forward(!self.descending)
            .consistent_read(true)
            .limit(i32::try_from(count).unwrap_or(i32::MAX));
        for (name, bound) in [(":from", from), (":to", to)] {
            if let Some(bound) = bound {
                request = request.expression_attribute_values(name, AttributeValue::S(bound.to_owned()));
            }
        }
        let answer = request.send().await.map_err(|error| StoreError::new("Query", error))?;
        self.started = true;
        self.exhausted = answer.last_evaluated_key.is_none();
        for row in answer.items.unwrap_or_default() {
            let sk = row.get(SK).and_then(|sk| sk.as_s().ok()).ok_or_else(unreadable)?;
            if self.after.as_ref().is_none_or(|after| after.as_str() != sk) {
                self.ahead.push_back(Place::parse(sk).ok_or_else(unreadable)?);
            }
        }
        if let Some(last) = self.ahead.back().cloned() {
            let bound = if self.descending { &mut self.range.to } else { &mut self.range.from };
            *bound = Some(last.as_str().to_owned());
            self.after = Some(last);
        }
        Ok(())
    }
}
