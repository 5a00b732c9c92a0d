//! Index rows made anew after the rules, the indexes or the configuration have changed.

mod checkpoint;
mod pacer;

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use portcullis_rules::Authorizer;
use portcullis_schema::{ModelType, Schema};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::Mutex;

use self::{checkpoint::Checkpoint, pacer::Pacer};
use crate::{
    Clock, DataError, Ids, Meter, Revision, StoreError, System, Table,
    commit::{Change, Commit, CommitError},
    layout::{self, REVISION, Row, SK},
    record_layout::RecordLayout,
    sharding::Sharding,
    stored::Stored,
};

/// Rows that one call reads.
const PAGE: i32 = 250;
/// Records of a page that are written at the same time.
const CONCURRENCY: usize = 8;
/// How often a record is looked at anew when others write it at the same time.
const ATTEMPTS: u32 = 20;
/// Problems that a report names.
const PROBLEMS: usize = 20;
/// Parts of the table at most.
const MAX_SEGMENTS: u32 = 64;

/// Makes the index rows of all records anew: after it, lists and queries of new rules and new indexes find the records that
/// were there before, and rows of old ones are gone.
///
/// 1. It runs while others write. Each record is changed under the condition that it still has the revision that was read; if
///    it has another, it is read again. A record gets a new revision, so that a writer who read the old rows decides anew;
///    what a client has as its `ETag` is then out of date once. Whoever writes at the same time must know the new rules
///    already: deploy first.
/// 2. Each record is changed together with its rows, all or nothing. A run that ends early leaves records in order, some in the
///    new one and some in the old; another run with the same rules goes on where it ended, from a place that it kept in the
///    table.
/// 3. It reads the whole table once, index rows included, and strongly consistently: a unit for 4 KB. A record whose rows are
///    right is not written.
/// 4. A record for which the new rules ask what cannot be (more index rows than there may be, a value too long for an index)
///    stays as it is and is reported.
///
/// ```no_run
/// # async fn example(schema: portcullis_data::schema::Schema) -> Result<(), Box<dyn std::error::Error>> {
/// use portcullis_data::{ConnectOptions, Meter, Reindex, Table, connect, rules::Authorizer};
///
/// let meter = Meter::default();
/// let table = Table::new(connect(&ConnectOptions::aws().meter(&meter)), "notes");
/// let run = Reindex::new(table, schema, Authorizer::default()).rate(meter, 500.0);
/// let report = run.run(&|progress| println!("{} of {} records changed", progress.changed, progress.records)).await?;
/// assert!(report.problems.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Reindex {
    table: Table,
    schema: Schema,
    authorizer: Authorizer,
    sharding: Sharding,
    segments: u32,
    dry_run: bool,
    restart: bool,
    pacer: Option<Pacer>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// Rows of the table that were read: records, index rows and others.
    pub rows: u64,
    /// Records among them.
    pub records: u64,
    /// Records whose index rows were changed, or would be.
    pub changed: u64,
    /// Records that cannot have the index rows that the rules ask for.
    pub refused: u64,
    /// Records of models that the schema does not have. They are left alone.
    pub unknown: u64,
}

/// What a run has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// All of it, together with what was done before a run that was resumed.
    pub progress: Progress,
    /// Whether it went on where another run had ended.
    pub resumed: bool,
    /// Why records were refused: the model, the field and what is wrong, once for all records alike, without their values.
    pub problems: BTreeSet<String>,
}

/// Why a run ended early. Another run goes on where it ended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReindexError {
    /// DynamoDB refused or did not answer.
    #[error("the data store is unavailable")]
    Store(#[from] StoreError),
    /// A record was changed by others again and again.
    #[error("a record of {model} was changed by others again and again; run it once more")]
    Busy {
        /// The model.
        model: String,
    },
}

enum Outcome {
    Right,
    Changed,
    Refused(String),
    Gone,
}

/// What all segments add to.
struct Tally<'a> {
    report: Mutex<Report>,
    tell: &'a (dyn Fn(&Progress) + Send + Sync),
}

impl Reindex {
    /// A run over this table, for these models and rules. Nothing is called yet.
    #[must_use]
    pub fn new(table: Table, schema: Schema, authorizer: Authorizer) -> Self {
        let sharding = Sharding::new(table.clone());
        Self { table, schema, authorizer, sharding, segments: 4, dry_run: false, restart: false, pacer: None }
    }

    /// Reads so many parts of the table at the same time: 4 unless said otherwise, 64 at most. A run goes on where another
    /// ended if it reads as many.
    #[must_use]
    pub fn segments(mut self, segments: u32) -> Self {
        self.segments = segments.clamp(1, MAX_SEGMENTS);
        self
    }

    /// Only counts what it would change.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// Begins at the beginning, wherever another run ended.
    #[must_use]
    pub fn restart(mut self) -> Self {
        self.restart = true;
        self
    }

    /// Consumes so many capacity units a second, of reads and writes together, on average: it waits before each call until
    /// what the calls before it have consumed is paid off. The meter is that of the table's connection.
    #[must_use]
    pub fn rate(mut self, meter: Meter, units_per_second: f64) -> Self {
        self.pacer = Some(Pacer::new(meter, units_per_second));
        self
    }

    /// About how many rows the table has. DynamoDB counts them every six hours.
    ///
    /// # Errors
    ///
    /// When DynamoDB refuses or does not answer.
    pub async fn rows(&self) -> Result<Option<u64>, StoreError> {
        self.table.row_count().await
    }

    /// Does it. `tell` hears of the progress after each page.
    ///
    /// # Errors
    ///
    /// See [`ReindexError`].
    pub async fn run(&self, tell: &(dyn Fn(&Progress) + Send + Sync)) -> Result<Report, ReindexError> {
        let tally = Tally { report: Mutex::default(), tell };
        let checkpoints: Vec<Checkpoint> = (0..self.segments)
            .map(|segment| Checkpoint::new(self.fingerprint(), segment, self.segments))
            .collect();
        try_join_all(checkpoints.iter().map(|checkpoint| self.segment(checkpoint, &tally))).await?;
        if !self.dry_run {
            for checkpoint in &checkpoints {
                checkpoint.forget(&self.table).await?;
            }
        }
        Ok(tally.report.into_inner())
    }

    async fn segment(&self, checkpoint: &Checkpoint, tally: &Tally<'_>) -> Result<(), ReindexError> {
        let kept = match self.dry_run || self.restart {
            true => None,
            false => checkpoint.load(&self.table).await?,
        };
        let (mut start, mut mine) = (None, Progress::default());
        if let Some(kept) = kept {
            tally.resume(&kept.progress).await;
            if kept.after.is_none() {
                return Ok(());
            }
            (start, mine) = (kept.after, kept.progress);
        }
        loop {
            self.wait().await;
            let answer = self
                .table
                .client()
                .await
                .scan()
                .table_name(self.table.name())
                .segment(i32::try_from(checkpoint.segment).unwrap_or(i32::MAX))
                .total_segments(i32::try_from(self.segments).unwrap_or(i32::MAX))
                .filter_expression("attribute_exists(#rev)")
                .expression_attribute_names("#rev", REVISION)
                .limit(PAGE)
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::new("Scan", error))?;
            let rows = u64::try_from(answer.scanned_count).unwrap_or_default();
            let page = self.page(answer.items.unwrap_or_default()).await?;
            start = answer.last_evaluated_key;
            mine.add(&Progress { rows, ..page.progress });
            tally.add(Progress { rows, ..page.progress }, page.problems).await;
            if !self.dry_run {
                checkpoint.keep(&self.table, start.as_ref(), mine).await?;
            }
            if start.is_none() {
                return Ok(());
            }
        }
    }

    async fn page(&self, rows: Vec<Row>) -> Result<Report, ReindexError> {
        let mut report = Report::default();
        let mut renewals = Vec::new();
        for row in rows {
            report.progress.records += 1;
            let model = row.get(SK).and_then(|sk| sk.as_s().ok()).and_then(|name| self.schema.model(name));
            match model {
                Some(model) => renewals.push(self.renew(model, Stored::from_row("Scan", row)?)),
                None => report.progress.unknown += 1,
            }
        }
        let mut renewed = stream::iter(renewals).buffer_unordered(CONCURRENCY);
        while let Some(outcome) = renewed.try_next().await? {
            match outcome {
                Outcome::Right => {}
                Outcome::Changed => report.progress.changed += 1,
                Outcome::Gone => report.progress.records -= 1,
                Outcome::Refused(problem) => {
                    report.progress.refused += 1;
                    report.problems.insert(problem);
                }
            }
        }
        Ok(report)
    }

    /// Gives a record the rows that it is to have.
    async fn renew(&self, model: &ModelType, mut stored: Stored) -> Result<Outcome, ReindexError> {
        let layout =
            RecordLayout { model, for_everybody: self.authorizer.admits_beyond_rules(model.rules()) };
        for attempt in 0..ATTEMPTS {
            let rows = match layout.rows_of(&stored.item) {
                Ok(rows) => self.sharding.map(System.now()).await?.settle(rows, &stored.position),
                Err(DataError::Invalid(mistakes)) => {
                    let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
                    return Ok(Outcome::Refused(format!("{}: {}", model.name(), mistakes.join(", "))));
                }
                Err(DataError::Unavailable(error)) => return Err(error.into()),
                Err(_) => return Ok(Outcome::Refused(format!("{}: cannot be indexed", model.name()))),
            };
            if rows == stored.rows {
                return Ok(Outcome::Right);
            }
            if self.dry_run {
                return Ok(Outcome::Changed);
            }
            self.wait().await;
            let key = layout::record_row(model.name(), &stored.id);
            let revision = Revision::from(System.next_id());
            let change = Change::Index { key: key.clone(), revision: &revision, rows: &rows };
            // Rows of the record are named by its position, which the condition on the revision holds still.
            let commit = Commit::new(&self.table, change)
                .require_decided_on(&stored.revision, &[])
                .map_err(|_| StoreError::unexpected("TransactWriteItems", "BuildError"))?;
            match commit.index(&stored.position, &stored.rows, &rows).run().await {
                Ok(()) => return Ok(Outcome::Changed),
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::ConditionFailed | CommitError::Conflict) => {}
            }
            tokio::time::sleep(Duration::from_millis(1 << attempt.min(7))).await;
            match self.table.get(key).await? {
                Some(row) => stored = Stored::from_row("GetItem", row)?,
                None => return Ok(Outcome::Gone),
            }
        }
        Err(ReindexError::Busy { model: model.name().to_owned() })
    }

    async fn wait(&self) {
        if let Some(pacer) = &self.pacer {
            pacer.wait().await;
        }
    }

    /// Tells runs apart that would make other rows.
    fn fingerprint(&self) -> String {
        let layouts = self.schema.models().iter().map(|model| RecordLayout {
            model,
            for_everybody: self.authorizer.admits_beyond_rules(model.rules()),
        });
        checkpoint::fingerprint(layouts.map(|layout| layout.description()))
    }
}

impl Tally<'_> {
    async fn add(&self, progress: Progress, problems: BTreeSet<String>) {
        let mut report = self.report.lock().await;
        report.progress.add(&progress);
        for problem in problems {
            if report.problems.len() < PROBLEMS {
                report.problems.insert(problem);
            }
        }
        (self.tell)(&report.progress);
    }

    async fn resume(&self, progress: &Progress) {
        let mut report = self.report.lock().await;
        report.resumed = true;
        report.progress.add(progress);
        (self.tell)(&report.progress);
    }
}

impl Progress {
    fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.records += other.records;
        self.changed += other.changed;
        self.refused += other.refused;
        self.unknown += other.unknown;
    }
}

/// A text attribute of a row.
fn text(row: &Row, name: &str) -> Option<String> {
    row.get(name).and_then(|value: &AttributeValue| value.as_s().ok()).cloned()
}
