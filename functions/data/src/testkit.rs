//! A DynamoDB in memory for tests: the embedded engine behind its own HTTP server, and the real client. Many records at
//! once, and the invariant that every table keeps.

mod plant;
mod verify;

use std::{io, sync::OnceLock};

use dynoxide::{Database, server};
use tokio::net::TcpListener;

pub use self::{
    plant::{plant, scan_and_filter},
    verify::{Verified, verify_table},
};
use crate::{ConnectOptions, Meter, Table, TableDefinition, TemplateError, connect};

/// What is deployed: tests run on the same table.
pub(crate) const TEMPLATE: &str = include_str!("../../../template.yaml");

/// Starts a server on a free port of this machine and returns an empty table in it. The server ends with the
/// runtime.
///
/// # Errors
///
/// When no port can be bound or the table cannot be created.
pub async fn table() -> io::Result<Table> {
    metered_table(&Meter::default()).await
}

/// The same, with a meter of what calls consume.
///
/// # Errors
///
/// As [`table`].
pub async fn metered_table(meter: &Meter) -> io::Result<Table> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let database = Database::memory().map_err(io::Error::other)?;
    tokio::spawn(server::serve_on(listener, database));
    let table = Table::new(connect(&ConnectOptions::local(endpoint).meter(meter)), "test");
    // Without optimization it takes a tenth of a second to read the template, and tests make hundreds of tables.
    static DEFINITION: OnceLock<Result<TableDefinition, TemplateError>> = OnceLock::new();
    let definition = DEFINITION.get_or_init(|| TableDefinition::from_template(TEMPLATE, "Table"));
    let definition = definition.as_ref().map_err(|error| io::Error::other(error.clone()))?;
    table.create_if_missing(definition).await.map_err(io::Error::other)?;
    Ok(table)
}
