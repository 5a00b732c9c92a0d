//! DynamoDB on this machine: an embedded engine behind DynamoDB's own wire protocol.

use dynoxide::Database;

use crate::local::{OpenFolder, StartError};

/// Opens the engine on a file of the data folder, or in memory.
pub(crate) fn open(folder: Option<&OpenFolder>) -> Result<Database, StartError> {
    let database = match folder {
        Some(folder) => Database::new(&folder.file("dynamodb.sqlite").to_string_lossy()),
        None => Database::memory(),
    };
    database.map_err(|error| StartError::part("DynamoDB", error))
}
