//! The invariant of the table: index rows and records agree.

use std::{collections::BTreeSet, io};

use portcullis_rules::Authorizer;
use portcullis_schema::Schema;

use crate::{
    Clock, System, Table,
    layout::{self, PK, REVISION, Row, SK},
    record_layout::RecordLayout,
    sharding::Sharding,
    stored::Stored,
};

/// What [`verify_table`] has found in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records.
    pub records: usize,
    /// Index rows.
    pub index_rows: usize,
}

/// Checks that each record remembers the index rows that the rules give it, that each of these is there, and that there is
/// no other index row. The table should be at rest.
///
/// # Errors
///
/// When something does not agree (the text names the rows), or DynamoDB does not answer.
pub async fn verify_table(table: &Table, schema: &Schema, authorizer: &Authorizer) -> io::Result<Verified> {
    let shards = Sharding::new(table.clone()).map(System.now()).await.map_err(io::Error::other)?;
    let mut problems = Vec::new();
    let (mut found, mut expected, mut verified) = (BTreeSet::new(), BTreeSet::new(), Verified::default());
    for row in rows(table).await? {
        let text = |name: &str| row.get(name).and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
        let (pk, sk) = (text(PK), text(SK));
        if !row.contains_key(REVISION) {
            // The keys of other rows hold neither.
            let is_profile = pk.starts_with("USER#");
            if pk.contains(['#', '@']) && !is_profile && !found.insert((pk.clone(), sk.clone())) {
                problems.push(format!("twice: {pk} {sk}"));
            }
            continue;
        }
        verified.records += 1;
        let Some(model) = schema.model(&sk) else {
            problems.push(format!("of no model: {pk} {sk}"));
            continue;
        };
        let stored = Stored::from_row("Scan", row).map_err(io::Error::other)?;
        let layout = RecordLayout { model, for_everybody: authorizer.admits_beyond_rules(model.rules()) };
        let rows = layout.rows_of(&stored.item).map_err(io::Error::other)?;
        let rows = shards.settle(rows, &stored.position);
        if rows != stored.rows {
            problems.push(format!("remembers other rows than it is to have: {pk}"));
        }
        for row in stored.rows {
            expected.insert((row.partition.clone(), row.place(&stored.position)));
        }
    }
    verified.index_rows = found.len();
    problems.extend(expected.difference(&found).map(|(pk, sk)| format!("missing: {pk} {sk}")));
    problems.extend(found.difference(&expected).map(|(pk, sk)| format!("leads nowhere: {pk} {sk}")));
    if problems.is_empty() { Ok(verified) } else { Err(io::Error::other(problems.join("\n"))) }
}

async fn rows(table: &Table) -> io::Result<Vec<Row>> {
    let (mut rows, mut start): (Vec<Row>, Option<layout::Row>) = (Vec::new(), None);
    loop {
        let scan = table.client().await.scan().table_name(table.name()).consistent_read(true);
        let answer = scan.set_exclusive_start_key(start).send().await.map_err(io::Error::other)?;
        rows.extend(answer.items.unwrap_or_default());
        start = answer.last_evaluated_key;
        if start.is_none() {
            return Ok(rows);
        }
    }
}
