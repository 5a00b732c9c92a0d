//! One write of a record with its index rows: all of it or nothing, and only under its conditions.

mod failure;

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{delete_item::DeleteItemError, put_item::PutItemError},
    types::{AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};
use serde_json::Value;

use self::failure::{Failure, cancelled, warn_of_hot_lists};
use crate::{
    DataError, Revision, StoreError, Table,
    index_row::IndexRow,
    layout::{self, REVISION, ROWS, Row},
    position::Position,
};

/// What happens to the row of the record.
pub(crate) enum Change<'a> {
    /// It becomes this one, of this revision.
    Put { row: Row, revision: &'a Revision },
    /// It stays as it is, with another revision and other index rows.
    Index { key: Row, revision: &'a Revision, rows: &'a BTreeSet<IndexRow> },
    /// It goes.
    Delete { key: Row },
}

/// A write in preparation. Names and values reach DynamoDB through placeholders alone.
pub(crate) struct Commit<'a> {
    table: &'a Table,
    change: Change<'a>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
    puts: Vec<Row>,
    deletes: Vec<Row>,
}

#[derive(Debug)]
pub(crate) enum CommitError {
    /// The record is not in the state that the conditions ask for.
    ConditionFailed,
    /// Another transaction is writing the same record.
    Conflict,
    Store(StoreError),
}

impl<'a> Commit<'a> {
    pub(crate) fn new(table: &'a Table, change: Change<'a>) -> Self {
        Self {
            table,
            change,
            conditions: Vec::new(),
            names: HashMap::new(),
            values: HashMap::new(),
            puts: Vec::new(),
            deletes: Vec::new(),
        }
    }

    /// The record must not have this attribute; no record has no key.
    pub(crate) fn require_absent(mut self, attribute: &str) -> Self {
        let name = self.name(attribute);
        self.conditions.push(format!("attribute_not_exists({name})"));
        self
    }

    /// The record must be as it was when the decision was made: of the same revision, and, stated apart so that
    /// the permit's own condition holds whatever becomes of revisions, with the same values in these fields.
    pub(crate) fn require_decided_on(
        mut self,
        revision: &Revision,
        unchanged: &[(String, Option<Value>)],
    ) -> Result<Self, DataError> {
        self = self.require_equal(REVISION, AttributeValue::S(revision.as_str().to_owned()));
        for (field, value) in unchanged {
            let attribute = layout::attribute(field);
            self = match value {
                None | Some(Value::Null) => self.require_absent(&attribute),
                Some(value) => {
                    let value = serde_dynamo::to_attribute_value(value)
                        .map_err(|_| DataError::invalid(field, "cannot be stored"))?;
                    self.require_equal(&attribute, value)
                }
            };
        }
        Ok(self)
    }

    fn require_equal(mut self, attribute: &str, value: AttributeValue) -> Self {
        let name = self.name(attribute);
        let placeholder = format!(":v{}", self.values.len());
        self.conditions.push(format!("{name} = {placeholder}"));
        self.values.insert(placeholder, value);
        self
    }

    fn name(&mut self, attribute: &str) -> String {
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), attribute.to_owned());
        placeholder
    }

    /// Adds the index rows that appear and removes those that go.
    pub(crate) fn index(
        mut self,
        position: &Position,
        before: &BTreeSet<IndexRow>,
        after: &BTreeSet<IndexRow>,
    ) -> Self {
        self.puts = after.difference(before).map(|row| layout::index_row(row, position)).collect();
        self.deletes = before.difference(after).map(|row| layout::index_row(row, position)).collect();
        self
    }

    /// Writes. A single row goes without a transaction, at half the cost.
    pub(crate) async fn run(self) -> Result<(), CommitError> {
        let written = match &self.change {
            Change::Put { revision, .. } | Change::Index { revision, .. } => Some((*revision).clone()),
            Change::Delete { .. } => None,
        };
        let is_update = matches!(self.change, Change::Index { .. });
        let failure = if is_update || !self.puts.is_empty() || !self.deletes.is_empty() {
            self.transact().await
        } else {
            match self.change {
                Change::Put { .. } => self.put().await,
                Change::Delete { .. } | Change::Index { .. } => self.delete().await,
            }
        };
        match failure {
            Ok(()) => Ok(()),
            // The answer to an earlier attempt was lost: the record has the revision that nobody but this write
            // could have given it.
            Err(Failure::Condition(Some(row))) if is_revision(&row, written.as_ref()) => Ok(()),
            // Likewise, or somebody else removed it: what was there when it was loaded is not there any more.
            Err(Failure::Condition(None)) if written.is_none() => Ok(()),
            Err(Failure::Condition(_)) => Err(CommitError::ConditionFailed),
            Err(Failure::Conflict) => Err(CommitError::Conflict),
            Err(Failure::Store(error)) => Err(CommitError::Store(error)),
        }
    }

    fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    /// DynamoDB refuses an empty map of values.
    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    async fn put(self) -> Result<(), Failure> {
        let (condition, values) = (self.condition(), self.values());
        let Change::Put { row, .. } = self.change else {
            return Err(Failure::build("PutItem"));
        };
        let request = self
            .table
            .client()
            .await
            .put_item()
            .table_name(self.table.name())
            .set_item(Some(row))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), PutItemError::ConditionalCheckFailedException(_)) =>
            {
                match error.into_err() {
                    PutItemError::ConditionalCheckFailedException(error) => {
                        Err(Failure::Condition(error.item))
                    }
                    _ => Err(Failure::Condition(None)),
                }
            }
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(PutItemError::TransactionConflictException(_))
                ) =>
            {
                Err(Failure::Conflict)
            }
            Err(error) => Err(Failure::Store(StoreError::new("PutItem", error))),
        }
    }

    async fn delete(self) -> Result<(), Failure> {
        let (condition, values) = (self.condition(), self.values());
        let Change::Delete { key } = self.change else {
            return Err(Failure::build("DeleteItem"));
        };
        let request = self
            .table
            .client()
            .await
            .delete_item()
            .table_name(self.table.name())
            .set_key(Some(key))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match request.send().await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(error)) => {
                Err(Failure::Condition(error.item.clone()))
            }
            Some(DeleteItemError::TransactionConflictException(_)) => Err(Failure::Conflict),
            _ => Err(Failure::Store(StoreError::new("DeleteItem", error))),
        }
    }

    async fn transact(self) -> Result<(), Failure> {
        const NAME: &str = "TransactWriteItems";
        let (condition, values) = (self.condition(), self.values());
        let record = match self.change {
            Change::Put { row, .. } => {
                let put = Put::builder()
                    .table_name(self.table.name())
                    .set_item(Some(row))
                    .condition_expression(condition)
                    .set_expression_attribute_names(Some(self.names))
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
                TransactWriteItem::builder().put(put.build().map_err(|_| Failure::build(NAME))?).build()
            }
            Change::Index { key, revision, rows } => {
                let (mut names, mut values) = (self.names, self.values);
                names.extend(
                    [("#rev", REVISION), ("#in", ROWS)]
                        .map(|(short, name)| (short.to_owned(), name.to_owned())),
                );
                values.insert(":rev".to_owned(), AttributeValue::S(revision.as_str().to_owned()));
                let texts: Vec<String> = rows.iter().map(IndexRow::to_text).collect();
                // DynamoDB has no empty set.
                let update = if texts.is_empty() {
                    "SET #rev = :rev REMOVE #in"
                } else {
                    values.insert(":in".to_owned(), AttributeValue::Ss(texts));
                    "SET #rev = :rev, #in = :in"
                };
                let update = Update::builder()
                    .table_name(self.table.name())
                    .set_key(Some(key))
                    .update_expression(update)
                    .condition_expression(condition)
                    .set_expression_attribute_names(Some(names))
                    .set_expression_attribute_values(Some(values))
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
                TransactWriteItem::builder().update(update.build().map_err(|_| Failure::build(NAME))?).build()
            }
            Change::Delete { key } => {
                let delete = Delete::builder()
                    .table_name(self.table.name())
                    .set_key(Some(key))
                    .condition_expression(condition)
                    .set_expression_attribute_names(Some(self.names))
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
                TransactWriteItem::builder().delete(delete.build().map_err(|_| Failure::build(NAME))?).build()
            }
        };
        let mut writes = vec![record];
        let rows = self.puts.iter().chain(&self.deletes);
        let lists: Vec<String> = rows.map(layout::list_of).collect();
        for row in self.puts {
            let put = Put::builder().table_name(self.table.name()).set_item(Some(row)).build();
            writes.push(TransactWriteItem::builder().put(put.map_err(|_| Failure::build(NAME))?).build());
        }
        for key in self.deletes {
            let delete = Delete::builder().table_name(self.table.name()).set_key(Some(key)).build();
            writes
                .push(TransactWriteItem::builder().delete(delete.map_err(|_| Failure::build(NAME))?).build());
        }
        // The SDK adds a request token, by which DynamoDB knows a repeated transaction again.
        match self.table.client().await.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                warn_of_hot_lists(&error, &lists);
                Err(cancelled(error))
            }
        }
    }
}

fn is_revision(row: &Row, revision: Option<&Revision>) -> bool {
    matches!((row.get(REVISION), revision), (Some(AttributeValue::S(found)), Some(revision)) if found == revision.as_str())
}

impl From<CommitError> for DataError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::ConditionFailed | CommitError::Conflict => Self::Conflict,
            CommitError::Store(error) => Self::Unavailable(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_write_whose_answer_was_lost_is_known_again_by_its_revision() {
        let table = crate::testkit::table().await.unwrap();
        let rows = |partitions: &[&str]| {
            let rows = partitions.iter().map(|&name| IndexRow { partition: name.to_owned(), sort: None });
            rows.collect::<BTreeSet<_>>()
        };
        for (id, index) in [("single", vec![]), ("transaction", vec!["Note@#0"])] {
            let stored = crate::stored::Stored {
                item: portcullis_rules::Item::new(),
                revision: Revision::new("mine"),
                id: id.to_owned(),
                position: Position::new(jiff::Timestamp::UNIX_EPOCH, id),
                rows: rows(&index),
            };
            let write = |revision: &str| {
                let stored = crate::stored::Stored { revision: Revision::new(revision), ..stored.clone() };
                let table = table.clone();
                async move {
                    let change =
                        Change::Put { row: stored.to_row("Note").unwrap(), revision: &stored.revision };
                    let commit = Commit::new(&table, change).require_absent(crate::layout::PK);
                    commit.index(&stored.position, &BTreeSet::new(), &stored.rows).run().await
                }
            };
            write("mine").await.unwrap();
            write("mine").await.unwrap();
            assert!(matches!(write("other").await, Err(CommitError::ConditionFailed)), "{id}");

            let delete = |revision: &str| {
                let (stored, table, revision) = (stored.clone(), table.clone(), Revision::new(revision));
                async move {
                    let change = Change::Delete { key: layout::record_row("Note", &stored.id) };
                    let commit = Commit::new(&table, change).require_decided_on(&revision, &[]).unwrap();
                    commit.index(&stored.position, &stored.rows, &BTreeSet::new()).run().await
                }
            };
            assert!(matches!(delete("other").await, Err(CommitError::ConditionFailed)), "{id}");
            delete("mine").await.unwrap();
            delete("mine").await.unwrap();
        }
    }
}
