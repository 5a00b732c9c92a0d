//! One partition that is being read.

use std::collections::VecDeque;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Search;
use crate::{
    StoreError, Table,
    index_row::Place,
    layout::{PK, SK},
};

/// One partition.
pub(super) struct Source {
    partition: String,
    ahead: VecDeque<Place>,
    /// The place behind which the next read begins.
    after: Option<Place>,
    /// Nothing is left but what is `ahead`.
    exhausted: bool,
}

impl Source {
    pub(super) fn new(partition: String, after: Option<Place>) -> Self {
        Self { partition, ahead: VecDeque::new(), after, exhausted: false }
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

    /// Reads on until something is known.
    pub(super) async fn read(
        &mut self,
        table: &Table,
        search: &Search,
        count: usize,
    ) -> Result<(), StoreError> {
        while self.is_dry() {
            self.read_once(table, search, count).await?;
        }
        Ok(())
    }

    async fn read_once(&mut self, table: &Table, search: &Search, count: usize) -> Result<(), StoreError> {
        let unreadable = || StoreError::unexpected("Query", "UnreadableRow");
        // Bounds are part of what they bound, so the place where the last read ended comes once more.
        let count = count + usize::from(self.after.is_some());
        let after = self.after.as_ref().map(Place::as_str);
        let (mut from, mut to) = (search.range.from.as_deref(), search.range.to.as_deref());
        match (after, search.descending) {
            (None, _) => {}
            (Some(after), false) => from = Some(after),
            (Some(after), true) => to = Some(after),
        }
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
            .scan_index_forward(!search.descending)
            .consistent_read(true)
            .limit(i32::try_from(count).unwrap_or(i32::MAX));
        for (name, bound) in [(":from", from), (":to", to)] {
            if let Some(bound) = bound {
                request = request.expression_attribute_values(name, AttributeValue::S(bound.to_owned()));
            }
        }
        let answer = request.send().await.map_err(|error| StoreError::new("Query", error))?;
        self.exhausted = answer.last_evaluated_key.is_none();
        for row in answer.items.unwrap_or_default() {
            let sk = row.get(SK).and_then(|sk| sk.as_s().ok()).ok_or_else(unreadable)?;
            if self.after.as_ref().is_none_or(|after| after.as_str() != sk) {
                self.ahead.push_back(Place::parse(sk).ok_or_else(unreadable)?);
            }
        }
        if let Some(last) = self.ahead.back() {
            self.after = Some(last.clone());
        }
        Ok(())
    }
}
