//! Many records at once, and the way in which the reference lists them.

use std::io;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use portcullis_rules::{Authorizer, Item};
use portcullis_schema::ModelType;
use uuid::Uuid;

use crate::{
    Clock, RecordKey, Revision, System, Table,
    layout::{self, REVISION, Row},
    position::Position,
    record_layout::RecordLayout,
    sharding::Sharding,
    stored::Stored,
};

/// Rows that `BatchWriteItem` takes.
const BATCH: usize = 25;
const CONCURRENCY: usize = 4;

/// Writes records with their index rows, one a millisecond from this moment on, without transactions: much faster than one
/// by one, and only good where nobody else writes.
///
/// # Errors
///
/// When a record cannot be stored, or DynamoDB refuses or does not answer.
pub async fn plant(
    table: &Table,
    model: &ModelType,
    authorizer: &Authorizer,
    from: Timestamp,
    items: impl IntoIterator<Item = Item>,
) -> io::Result<()> {
    let shards = Sharding::new(table.clone()).map(System.now()).await.map_err(io::Error::other)?;
    let layout = RecordLayout { model, for_everybody: authorizer.admits_beyond_rules(model.rules()) };
    let mut rows = Vec::new();
    for (number, item) in (0..).zip(items) {
        let id = RecordKey::from_item(model, &item).map_err(io::Error::other)?.text();
        let created =
            Timestamp::from_millisecond(from.as_millisecond() + number).map_err(io::Error::other)?;
        let position = Position::new(created, &id);
        let own = shards.settle(layout.rows_of(&item).map_err(io::Error::other)?, &position);
        rows.extend(own.iter().map(|row| layout::index_row(row, &position)));
        let revision = Revision::from(Uuid::from_u64_pair(0, u64::try_from(number).unwrap_or_default()));
        let stored = Stored { item, revision, id, position, rows: own };
        rows.push(stored.to_row(model.name()).map_err(io::Error::other)?);
    }
    let batches: Vec<Vec<Row>> = rows.chunks(BATCH).map(<[Row]>::to_vec).collect();
    let writes = batches.into_iter().map(|batch| write(table, batch));
    stream::iter(writes).buffer_unordered(CONCURRENCY).try_collect().await
}

async fn write(table: &Table, rows: Vec<Row>) -> io::Result<()> {
    let puts = rows.into_iter().map(|row| {
        let put = PutRequest::builder().set_item(Some(row)).build()?;
        Ok(WriteRequest::builder().put_request(put).build())
    });
    let puts: Vec<WriteRequest> =
        puts.collect::<Result<_, aws_sdk_dynamodb::error::BuildError>>().map_err(io::Error::other)?;
    let write = table.client().await.batch_write_item().request_items(table.name(), puts);
    let answer = write.send().await.map_err(io::Error::other)?;
    match answer.unprocessed_items {
        Some(left) if !left.is_empty() => Err(io::Error::other("a batch was written in part")),
        _ => Ok(()),
    }
}

/// Lists as the reference does: scans the table from its beginning and filters, until there are so many records with this
/// text in a field, or the table ends. Returns how many there are.
///
/// # Errors
///
/// When DynamoDB refuses or does not answer.
pub async fn scan_and_filter(table: &Table, field: &str, text: &str, wanted: usize) -> io::Result<usize> {
    let (mut found, mut start) = (0, None);
    loop {
        let answer = table
            .client()
            .await
            .scan()
            .table_name(table.name())
            .filter_expression("attribute_exists(#rev) AND #field = :text")
            .expression_attribute_names("#rev", REVISION)
            .expression_attribute_names("#field", layout::attribute(field))
            .expression_attribute_values(":text", AttributeValue::S(text.to_owned()))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(io::Error::other)?;
        found += answer.items.unwrap_or_default().len();
        start = answer.last_evaluated_key;
        if start.is_none() || found >= wanted {
            return Ok(found);
        }
    }
}
