//! The SQLite files of the local system.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

/// What has [`Database::setting`]s has this table.
pub(crate) const SETTINGS: &str = "
    CREATE TABLE settings (
        name TEXT PRIMARY KEY,
        value BLOB NOT NULL
    ) STRICT;
";

/// An open file, or memory.
pub(crate) struct Database {
    connection: Mutex<Connection>,
}

impl Database {
    pub(crate) fn open<E: From<rusqlite::Error>>(
        file: Option<&Path>,
        upgrade: impl FnOnce(&Transaction<'_>, i64) -> Result<i64, E>,
    ) -> Result<Self, E> {
        Ok(Self { connection: Mutex::new(open(file, upgrade)?) })
    }

    // A panic while the lock was held has dropped its transaction, which rolled it back.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads.
    pub(crate) fn read<T, E>(&self, read: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        read(&self.lock())
    }

    /// Writes in one transaction, which an error undoes.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let outcome = write(&transaction)?;
        transaction.commit()?;
        Ok(outcome)
    }

    /// The setting's value; made and kept on first use.
    pub(crate) fn setting<E: From<rusqlite::Error>>(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        self.write(|transaction| {
            let kept = transaction
                .query_row("SELECT value FROM settings WHERE name = ?1", [name], |row| row.get(0))
                .optional()?;
            if let Some(value) = kept {
                return Ok(value);
            }
            let value = make()?;
            transaction
                .execute("INSERT INTO settings (name, value) VALUES (?1, ?2)", params![name, value])?;
            Ok(value)
        })
    }
}

/// Opens the file, or memory where there is none. `upgrade` brings the tables from the format that is found, which is 0 in a new file, to the one
/// that it gives back; an error leaves the file as it was.
///
/// In WAL mode a committed transaction is with the operating system when a client hears of it: that survives a killed process. `FULL` makes it
/// survive a power cut too.
pub(crate) fn open<E: From<rusqlite::Error>>(
    file: Option<&Path>,
    upgrade: impl FnOnce(&Transaction<'_>, i64) -> Result<i64, E>,
) -> Result<Connection, E> {
    let mut connection = match file {
        None => Connection::open_in_memory()?,
        Some(file) => Connection::open(file)?,
    };
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let format = upgrade(&transaction, found)?;
    transaction.pragma_update(None, "user_version", format)?;
    transaction.commit()?;
    Ok(connection)
}
