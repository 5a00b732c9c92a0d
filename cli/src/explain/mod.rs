//! `portcullis explain`: whether a caller may do something, and what each rule says about it.
//!
//! Neither form of the answer holds a value of a claim or of a record, so that it can be pasted into an issue.

mod answer;
mod caller;
mod document;
mod json;
mod text;

use std::{io, path::PathBuf, process::ExitCode};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use portcullis_rules::Operation;
use portcullis_schema::{CustomField, Schema};
use thiserror::Error;

pub(crate) use self::{answer::Answer, json::of as json_of, text::of as text_of};
use self::{caller::CallerArgs, document::Document};
use crate::{
    output,
    schema_file::{self, SchemaFileError},
};

/// What `portcullis explain` is told.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Exit status:
  0  answered, whether it is allowed or not; `decision` in the --json form tells
  1  the schema, the claims or the record cannot be read
  2  the command line is wrong

No value of a claim or of a record is printed.")]
pub struct ExplainArgs {
    /// The models and their rules
    #[arg(long, default_value = "schema.graphql", value_name = "FILE")]
    pub schema: PathBuf,
    /// The model
    #[arg(long, required_unless_present = "field")]
    pub model: Option<String>,
    /// What the caller wants to do with a record of the model
    #[arg(long, required_unless_present = "field", value_parser = operations())]
    pub operation: Option<Operation>,
    /// A custom query or mutation instead, such as Query.hello
    #[arg(long, value_name = "TYPE.FIELD", conflicts_with_all = ["model", "operation", "item"])]
    pub field: Option<String>,
    /// Who is asked about.
    #[command(flatten)]
    pub caller: CallerArgs,
    /// The stored record, or for create what is sent, as JSON or in a file; owners as they are stored
    #[arg(long, value_name = "FILE|JSON")]
    pub item: Option<Document>,
    /// Print the answer for a program
    #[arg(long)]
    pub json: bool,
}

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// The schema cannot be used.
    #[error(transparent)]
    Schema(#[from] SchemaFileError),
    /// The schema has no such model.
    #[error("the schema has no model `{model}`; it has {}", known.join(", "))]
    UnknownModel {
        /// What was asked for.
        model: String,
        /// The models that there are.
        known: Vec<String>,
    },
    /// The schema has no such field that a handler answers.
    #[error("the schema has no custom field `{field}`; it has {}", listed(known))]
    UnknownField {
        /// What was asked for.
        field: String,
        /// The fields that there are.
        known: Vec<String>,
    },
    /// The claims or the record cannot be read.
    #[error("cannot read the {what}: {reason}")]
    Document {
        /// Which of them.
        what: &'static str,
        /// Why, without what they hold.
        reason: String,
    },
    /// The answer could not be printed.
    #[error("cannot print the answer: {0}")]
    Print(#[from] io::Error),
}

/// Prints the answer.
pub(crate) fn run(args: &ExplainArgs) -> Result<ExitCode, ExplainError> {
    let schema = schema_file::read(&args.schema, "--schema")?;
    let answer = match (&args.field, &args.model, args.operation) {
        (None, Some(model), Some(operation)) => of_record(args, &schema, model, operation)?,
        // The command line has one or the other.
        (field, ..) => of_call(args, &schema, field.as_deref().unwrap_or_default())?,
    };
    output::print(&if args.json { format!("{:#}\n", json_of(&answer)) } else { text_of(&answer) })?;
    Ok(ExitCode::SUCCESS)
}

fn of_record(
    args: &ExplainArgs,
    schema: &Schema,
    model: &str,
    operation: Operation,
) -> Result<Answer, ExplainError> {
    let Some(model) = schema.model(model) else {
        let known = schema.models().iter().map(|model| model.name().to_owned()).collect();
        return Err(ExplainError::UnknownModel { model: model.to_owned(), known });
    };
    let identity = args.caller.identity()?;
    let record = args.item.as_ref().map(Document::read).transpose();
    let record = record.map_err(|reason| ExplainError::Document { what: "record", reason })?;
    Ok(Answer::of(identity.as_ref(), operation, model.rules(), record.as_ref()))
}

fn of_call(args: &ExplainArgs, schema: &Schema, field: &str) -> Result<Answer, ExplainError> {
    let name = |field: &CustomField| format!("{}.{}", field.type_name(), field.name());
    let Some(found) = schema.custom_fields().iter().find(|known| name(known) == field) else {
        let known = schema.custom_fields().iter().map(name).collect();
        return Err(ExplainError::UnknownField { field: field.to_owned(), known });
    };
    Ok(Answer::of_call(args.caller.identity()?.as_ref(), found))
}

fn listed(known: &[String]) -> String {
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}

fn operations() -> impl TypedValueParser<Value = Operation> {
    PossibleValuesParser::new(Operation::ALL.map(Operation::name)).try_map(|name| {
        Operation::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
            .ok_or("there is no such operation")
    })
}

#[cfg(test)]
mod tests;
