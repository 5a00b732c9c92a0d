//! A DynamoDB in memory for tests: the embedded engine behind its own HTTP server, and the real client.

use std::io;

use dynoxide::{Database, server};
use tokio::net::TcpListener;

use crate::{ConnectOptions, Table, TableDefinition, connect};

/// What is deployed: tests run on the same table.
pub(crate) const TEMPLATE: &str = include_str!("../../../template.yaml");

/// Starts a server on a free port of this machine and returns an empty table in it. The server ends with the
/// runtime.
///
/// # Errors
///
/// When no port can be bound or the table cannot be created.
pub async fn table() -> io::Result<Table> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let database = Database::memory().map_err(io::Error::other)?;
    tokio::spawn(server::serve_on(listener, database));
    let table = Table::new(connect(&ConnectOptions::local(endpoint)), "test");
    let definition = TableDefinition::from_template(TEMPLATE, "Table").map_err(io::Error::other)?;
    table.create_if_missing(&definition).await.map_err(io::Error::other)?;
    Ok(table)
}
