//! Load, authorize, write conditionally: the only caller of DynamoDB.
//!
//! 1. [`AuthorizedRepository`] is what a door uses: it takes a caller, a model and a request, and does nothing
//!    that the rules do not allow.
//! 2. [`Repository`] is what lies beneath: each of its methods takes a [`Permit`](rules::Permit), and none is public.
//! 3. [`Profiles`] keeps the profiles of users for the triggers of the user pool.
//! 4. All of it lies in one [`Table`], which is created locally from the same template that is deployed.
//!
//! Nothing is called before it is needed: see [`Connection`].
//!
//! ```no_run
//! use portcullis_data::{
//!     AuthorizedRepository, ConnectOptions, DataError, PageRequest, RecordKey, Repository, Table, TableDefinition,
//!     connect,
//!     rules::{Authorizer, Identity},
//!     schema::Schema,
//! };
//!
//! # async fn example(template: &str, schema: &str, caller: Identity) -> Result<(), Box<dyn std::error::Error>> {
//! let table = Table::new(connect(&ConnectOptions::local("http://127.0.0.1:8000")), "notes");
//! table.create_if_missing(&TableDefinition::from_template(template, "Table")?).await?;
//!
//! let schema = Schema::parse(schema, "schema.graphql")?;
//! let note = schema.model("Note").ok_or("no such model")?;
//! let data = AuthorizedRepository::new(Repository::new(table), Authorizer::default());
//! let page = data.list(&caller, note, &PageRequest { limit: Some(20), next_token: None }).await?;
//! for item in page.items {
//!     match data.get(&caller, note, &RecordKey::from_item(note, &item)?).await {
//!         Ok(record) => println!("revision {}", record.revision()),
//!         Err(DataError::NotFound) => println!("gone in the meantime"),
//!         Err(error) => return Err(error.into()),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod authorized;
mod commit;
mod connection;
mod cursor;
mod error;
mod filter;
mod functions;
mod index_query;
mod index_row;
mod key_value;
mod layout;
mod linked;
mod list_query;
mod listing;
mod meter;
mod page;
mod position;
mod profiles;
mod record_key;
mod record_layout;
mod reindex;
mod related;
mod repository;
mod sharding;
mod shown;
mod source;
mod sources;
mod store_error;
mod stored;
mod table;
mod template;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
#[cfg(test)]
mod tests;

pub use jiff::Timestamp;
pub use portcullis_rules as rules;
pub use portcullis_schema as schema;

pub use self::{
    authorized::AuthorizedRepository,
    connection::{ConnectOptions, Connection, connect},
    error::DataError,
    filter::{Filter, InvalidFilter, compare},
    functions::{FunctionError, Functions, FunctionsError, Invocation},
    index_query::{IndexQuery, SortCondition},
    key_value::{beginning_from_text, value_from_text},
    layout::RESERVED_MODELS,
    linked::{Found, Linked, LinkedQuery},
    list_query::{Expected, ListQuery},
    meter::{Consumed, Meter},
    page::{Page, PageRequest},
    profiles::{Enrollment, NewProfile, Profile, ProfileError, Profiles},
    record_key::RecordKey,
    reindex::{Progress, Reindex, ReindexError, Report},
    repository::Repository,
    sharding::{HotList, Shards, ShardsError},
    shown::{Related, Shown},
    source::SOURCE,
    sources::{Clock, Ids, System},
    store_error::StoreError,
    stored::Revision,
    table::{Table, TableError},
    template::{TableDefinition, TemplateError},
};
