//! `portcullis reindex`: index rows made anew after the rules, the indexes or the configuration have changed.

mod progress;

use std::{error::Error, fmt::Write, io, path::PathBuf, process::ExitCode};

use clap::Args;
use portcullis_data::{Reindex, ReindexError, Report};
use portcullis_rules::Authorizer;
use thiserror::Error;

use self::progress::Shown;
use crate::{
    output,
    schema_file::{self, SchemaFileError},
    store::{OpenStore, StoreArgs, StoreOpenError},
};

/// The status when some records could not be given the rows that the rules ask for.
const REFUSED: u8 = 3;

/// What `portcullis reindex` is told.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Exit status:
  0  every record has the index rows that the rules ask for
  1  it ended early; run it again, and it goes on where it ended
  2  the command line is wrong
  3  done, but some records cannot have the rows that the rules ask for; they are as they were

Deploy the new schema first: whoever writes while it runs must write by the new rules. Nothing else need stop. It reads the
whole table once and writes the records whose rows change; each gets a new revision.")]
pub struct ReindexArgs {
    /// The models and their rules, as they are now
    #[arg(long, default_value = "schema.graphql", value_name = "FILE")]
    pub schema: PathBuf,
    /// Where the table is.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Only count what would change
    #[arg(long)]
    pub dry_run: bool,
    /// Capacity units that may be consumed in a second, of reads and writes together
    #[arg(long, value_name = "UNITS", value_parser = positive)]
    pub rate: Option<f64>,
    /// Parts of the table that are read at the same time
    #[arg(long, default_value_t = 4, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub segments: u32,
    /// Begin at the beginning, wherever another run ended
    #[arg(long)]
    pub restart: bool,
    /// The API's ADMIN_ROLES: every record gets a row for callers whom these let in
    #[arg(long, value_name = "ROLES", value_delimiter = ',')]
    pub admin_roles: Vec<String>,
    /// The API has IAM_ACCESS=account
    #[arg(long)]
    pub account_access: bool,
}

/// Why the index rows were not all made anew.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReindexCommandError {
    /// The schema cannot be used.
    #[error(transparent)]
    Schema(#[from] SchemaFileError),
    /// The table cannot be reached.
    #[error(transparent)]
    Open(#[from] StoreOpenError),
    /// The run ended early.
    #[error("{}; run it again, and it goes on where it ended", reasons(.0))]
    Run(#[from] ReindexError),
    /// The answer cannot be printed, or the command cannot run at all.
    #[error("cannot run: {0}")]
    Io(#[from] io::Error),
}

/// Runs it, and prints what was done.
pub(crate) fn run(args: &ReindexArgs) -> Result<ExitCode, ReindexCommandError> {
    let schema = schema_file::read(&args.schema, "--schema")?;
    let authorizer = Authorizer::new().admin_roles(args.admin_roles.iter().map(String::as_str));
    let authorizer = if args.account_access { authorizer.admit_account() } else { authorizer };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let store = OpenStore::open(&args.store).await?;
        let mut run = Reindex::new(store.table.clone(), schema, authorizer).segments(args.segments);
        if args.dry_run {
            run = run.dry_run();
        }
        if args.restart {
            run = run.restart();
        }
        if let Some(rate) = args.rate {
            run = run.rate(store.meter.clone(), rate);
        }
        let shown = Shown::new(run.rows().await.map_err(ReindexError::from)?);
        let report = run.run(&|progress| shown.update(progress)).await;
        shown.clear();
        store.close().await;
        report.map_err(ReindexCommandError::from)
    })?;
    output::print(&summary(&report, args.dry_run))?;
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

fn summary(report: &Report, dry_run: bool) -> String {
    let progress = &report.progress;
    let mut text = String::new();
    if report.resumed {
        text.push_str("went on where another run had ended\n");
    }
    let verb = if dry_run { "would be changed" } else { "changed" };
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{} of {} records {verb}", progress.changed, progress.records);
    if progress.unknown > 0 {
        let _ = writeln!(
            text,
            "{} are of models that the schema does not have, and were left alone",
            progress.unknown
        );
    }
    if progress.refused > 0 {
        let _ = writeln!(text, "{} cannot have the index rows that the rules ask for:", progress.refused);
        for problem in &report.problems {
            let _ = writeln!(text, "  {}", output::visible(problem));
        }
    }
    text
}

/// An error and what is behind it.
fn reasons(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let _ = write!(text, ": {error}");
        next = error.source();
    }
    text
}

fn positive(text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        Ok(units) if units.is_finite() && units >= 1.0 => Ok(units),
        _ => Err("is a number of units, at least 1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_of_units() {
        for (text, good) in
            [("1", true), ("2500.5", true), ("0", false), ("-1", false), ("inf", false), ("x", false)]
        {
            assert_eq!(positive(text).is_ok(), good, "{text}");
        }
    }
}
