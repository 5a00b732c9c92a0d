//! `portcullis shards`: over how many partitions a hot list is spread.

use std::{error::Error, io, path::PathBuf, process::ExitCode};

use clap::Args;
use portcullis_data::{
    DataError, HotList, Shards, ShardsError, StoreError, schema::ModelType, value_from_text,
};
use thiserror::Error;

use crate::{
    output,
    schema_file::{self, SchemaFileError},
    store::{OpenStore, StoreArgs, StoreOpenError},
};

/// What `portcullis shards` is told.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Exit status:
  0  the number is printed, or set
  1  it cannot be
  2  the command line is wrong

A partition of DynamoDB takes 1,000 write units a second, and a new record costs two in each list: with one shard, 500 records
a second can be made that stand in one list, and 500 more with each shard. A page of a list reads a unit from each shard. A new
number takes effect five minutes after it was set, in all processes at once, and moves nothing.")]
pub struct ShardsArgs {
    /// The model whose list it is
    #[arg(long, value_name = "NAME")]
    pub model: String,
    /// The list of those whom this value of an owner or groups field names, instead of that of everybody
    #[arg(long, value_name = "FIELD=VALUE")]
    pub named: Option<String>,
    /// One value of an index, instead of the list
    #[arg(long, value_name = "INDEX=VALUE")]
    pub index: Option<String>,
    /// Spread new records over so many partitions, from 1 to 256; without it the number is printed
    #[arg(long, value_name = "NUMBER")]
    pub set: Option<u32>,
    /// The models and their rules
    #[arg(long, default_value = "schema.graphql", value_name = "FILE")]
    pub schema: PathBuf,
    /// Where the table is.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Why the number of shards is not known, or not set.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ShardsCommandError {
    /// The schema cannot be used.
    #[error(transparent)]
    Schema(#[from] SchemaFileError),
    /// There is no such list.
    #[error("{0}")]
    List(String),
    /// The table cannot be reached.
    #[error(transparent)]
    Open(#[from] StoreOpenError),
    /// The number cannot be read.
    #[error("{}", with_source(.0))]
    Read(#[from] StoreError),
    /// The number cannot be set.
    #[error("{}", with_source(.0))]
    Set(#[from] ShardsError),
    /// The answer cannot be printed, or the command cannot run at all.
    #[error("cannot run: {0}")]
    Io(#[from] io::Error),
}

/// Prints or sets the number.
pub(crate) fn run(args: &ShardsArgs) -> Result<ExitCode, ShardsCommandError> {
    let schema = schema_file::read(&args.schema, "--schema")?;
    let model = schema.model(&args.model);
    let model = model.ok_or_else(|| {
        ShardsCommandError::List(format!("the schema has no model {}", output::visible(&args.model)))
    })?;
    let list = list(model, args.named.as_deref(), args.index.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let answer = runtime.block_on(async {
        let store = OpenStore::open(&args.store).await?;
        let shards = Shards::new(store.table.clone());
        let answer = match args.set {
            None => {
                shards.of(&list).await.map(|number| format!("{number}\n")).map_err(ShardsCommandError::from)
            }
            Some(number) => match shards.set(&list, number).await {
                Ok(from) => Ok(format!("{number} from {from:.0} on\n")),
                Err(error) => Err(error.into()),
            },
        };
        store.close().await;
        answer
    })?;
    output::print(&answer)?;
    Ok(ExitCode::SUCCESS)
}

fn list(model: &ModelType, named: Option<&str>, index: Option<&str>) -> Result<HotList, ShardsCommandError> {
    let pair = |text: &str, flag: &str| match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(ShardsCommandError::List(format!("{flag} is a name and a value with = between them"))),
    };
    let named = named.map(|named| pair(named, "--named")).transpose()?;
    let named = named.as_ref().map(|(field, value)| (field.as_str(), value.as_str()));
    let wrong = |error: DataError| match error {
        DataError::Invalid(mistakes) => {
            ShardsCommandError::List(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
        other => ShardsCommandError::List(other.to_string()),
    };
    match (index, named) {
        (None, None) => Ok(HotList::everybody(model)),
        (None, Some((field, value))) => HotList::named(model, field, value).map_err(wrong),
        (Some(index), named) => {
            let (name, text) = pair(index, "--index")?;
            let field =
                model.indexes().iter().find(|it| it.name == name).and_then(|it| model.field(&it.field));
            let no_such = || {
                ShardsCommandError::List(format!("{} has no index {}", model.name(), output::visible(&name)))
            };
            let value = value_from_text(field.ok_or_else(no_such)?, &text);
            let value = value.map_err(|problem| ShardsCommandError::List(problem.to_string()))?;
            HotList::in_index(model, &name, value, named).map_err(wrong)
        }
    }
}

fn with_source(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use portcullis_schema::Schema;

    use super::*;

    #[test]
    fn a_list_that_there_is_not_is_named() {
        let source =
            "type Note @model @auth(rules: [{allow: owner}]) { words: Int @index(name: \"byWords\") }";
        let schema = Schema::parse(source, "schema.graphql").unwrap();
        let note = schema.model("Note").unwrap();
        for (named, index, problem) in [
            (None, None, None),
            (Some("owner=ann"), Some("byWords=3"), None),
            (Some("owner"), None, Some("--named is a name and a value with = between them")),
            (Some("words=3"), None, Some("`words` is not looked up by any rule of reading")),
            (None, Some("byDay=3"), Some("Note has no index byDay")),
            (None, Some("byWords=x"), Some("`words` must be a whole number of 32 bits")),
        ] {
            let found = list(note, named, index).err().map(|error| error.to_string());
            assert_eq!(found.as_deref(), problem);
        }
    }
}
