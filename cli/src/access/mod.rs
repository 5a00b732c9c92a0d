//! `portcullis access`: who may do what, and what changed between two schemas.
//!
//! The evaluator is asked about every caller that the rules can tell apart, with a record that names the caller and with
//! one that names somebody else. What comes out is what the doors do, whatever the text of the rules suggests.

mod call;
mod caller;
mod changes;
mod grants;
mod json;
mod matrix;
mod role;
mod table;

use std::{io, path::PathBuf, process::ExitCode};

use clap::ValueEnum;
use portcullis_schema::Schema;
use serde_json::Value;
use thiserror::Error;

use self::{
    changes::Changes,
    matrix::{AccessMatrix, Audience, Guarded},
    role::UnknownRule,
    table::Style,
};
use crate::{
    output,
    schema_file::{self, SchemaFileError},
};

/// The status when something opened.
const OPENED: u8 = 3;

/// What `portcullis access` is told.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Exit status:
  0  answered, and with --against nothing opened
  1  a schema cannot be read or has mistakes
  2  the command line is wrong
  3  with --against: somebody may do what was refused before

A model, or a custom query or mutation, that only the new schema has counts as opened to whoever may use it. A field \
of a model that only one of the schemas has is not compared: it goes with what may be done with its record.")]
pub struct AccessArgs {
    /// The models and their rules
    #[arg(long, default_value = "schema.graphql", value_name = "FILE")]
    pub schema: PathBuf,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Show only what became more open or more closed since this schema
    #[arg(long, value_name = "OLD")]
    pub against: Option<PathBuf>,
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for a terminal, without colours
    #[default]
    Table,
    /// Tables for a document
    Markdown,
    /// JSON for a program
    Json,
}

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AccessError {
    /// A schema cannot be used.
    #[error(transparent)]
    Schema(#[from] SchemaFileError),
    /// A rule is of a kind that this command does not know. It must not be left out: the answer would be too closed.
    #[error("the rule `{0}` is of a kind that `portcullis access` does not know")]
    UnknownRule(String),
    /// The answer could not be printed.
    #[error("cannot print the answer: {0}")]
    Print(#[from] io::Error),
}

impl From<UnknownRule> for AccessError {
    fn from(UnknownRule(rule): UnknownRule) -> Self {
        Self::UnknownRule(rule.to_string())
    }
}

/// Prints the matrix, or with `--against` what changed.
pub(crate) fn run(args: &AccessArgs) -> Result<ExitCode, AccessError> {
    let new = Guarded::from(&schema_file::read(&args.schema, "--schema")?);
    let Some(old) = &args.against else {
        let matrix = AccessMatrix::of(&new, &Audience::of([&new])?);
        output::print(&match args.format {
            Format::Table => table::matrix(&matrix, Style::Text),
            Format::Markdown => table::matrix(&matrix, Style::Markdown),
            Format::Json => format!("{:#}\n", json::matrix(&matrix)),
        })?;
        return Ok(ExitCode::SUCCESS);
    };
    let changes = compare(&Guarded::from(&schema_file::read(old, "--against")?), &new)?;
    output::print(&match args.format {
        Format::Table => table::changes(&changes, Style::Text),
        Format::Markdown => table::changes(&changes, Style::Markdown),
        Format::Json => format!("{:#}\n", json::changes(&changes)),
    })?;
    Ok(if changes.opened.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(OPENED) })
}

/// The matrix of a schema, for a program.
pub(crate) fn matrix_of(schema: &Schema) -> Result<Value, AccessError> {
    let guarded = Guarded::from(schema);
    Ok(json::matrix(&AccessMatrix::of(&guarded, &Audience::of([&guarded])?)))
}

fn compare(old: &Guarded, new: &Guarded) -> Result<Changes, UnknownRule> {
    // Whoever one of the schemas knows is asked about in both.
    let audience = Audience::of([new, old])?;
    Ok(Changes::between(&AccessMatrix::of(old, &audience), &AccessMatrix::of(new, &audience)))
}

#[cfg(test)]
mod tests;
