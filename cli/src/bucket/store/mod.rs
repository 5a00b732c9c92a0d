//! The SQLite file: objects, uploads under way, and the bytes of both.
//!
//! Bytes are kept in chunks, beside the rows that say what they are, so that an object appears with all of its bytes or not at all, and a key
//! never is the name of a file.

mod objects;
mod uploads;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};
use thiserror::Error;

pub(super) use self::{
    objects::{Head, Listed},
    uploads::Part,
};
use super::Refusal;
use crate::database;

const FORMAT: i64 = 1;
/// How many bytes are read or written at a time.
pub(in crate::bucket) const CHUNK: usize = 256 * 1024;

const TABLES: &str = "
    CREATE TABLE chunks (
        blob INTEGER NOT NULL,
        number INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (blob, number)
    ) STRICT;
    CREATE TABLE objects (
        key TEXT PRIMARY KEY,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        modified_ms INTEGER NOT NULL,
        headers TEXT NOT NULL,
        checksum TEXT,
        checksum_value TEXT
    ) STRICT;
    CREATE TABLE pieces (
        key TEXT NOT NULL REFERENCES objects(key) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        blob INTEGER NOT NULL,
        size INTEGER NOT NULL,
        PRIMARY KEY (key, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE uploads (
        id TEXT PRIMARY KEY,
        key TEXT NOT NULL,
        headers TEXT NOT NULL,
        begun_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE parts (
        upload TEXT NOT NULL REFERENCES uploads(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        blob INTEGER NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        modified_ms INTEGER NOT NULL,
        PRIMARY KEY (upload, number)
    ) STRICT, WITHOUT ROWID;
";

/// After how long an upload ends that nobody has ended: the template's bucket has it so.
const MAX_UPLOAD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Bytes that no object has, because an upload of them broke off when the process ended.
const SWEEP: &str = "
    DELETE FROM chunks WHERE blob NOT IN (SELECT blob FROM pieces UNION SELECT blob FROM parts);
";

/// The last place that something has. An empty object has one too, though no bytes are in it.
const LAST: &str = "
    SELECT max(blob) FROM
        (SELECT blob FROM chunks UNION ALL SELECT blob FROM pieces UNION ALL SELECT blob FROM parts);
";

/// Why the file cannot be used.
#[derive(Debug, Error)]
pub(crate) enum StoreError {
    #[error("the file of objects {0}")]
    File(&'static str),
    #[error("the file of objects: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// The objects of a bucket.
pub(crate) struct Store {
    inner: Mutex<Inner>,
}

struct Inner {
    connection: Connection,
    next_blob: i64,
    /// Bytes that are coming, and have no object yet.
    coming: BTreeSet<i64>,
    /// Bytes that are being read, and by how many.
    held: BTreeMap<i64, usize>,
    /// Bytes that no object has any more, and somebody still reads.
    dead: BTreeSet<i64>,
}

/// Bytes in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bucket) struct Piece {
    pub(in crate::bucket) blob: i64,
    pub(in crate::bucket) size: u64,
}

impl Store {
    /// Opens the file, or memory. What is left of uploads is cleared away.
    pub(crate) fn open(file: Option<PathBuf>, now: Timestamp) -> Result<Arc<Self>, StoreError> {
        let connection = database::open(file.as_deref(), |transaction, found| {
            match found {
                FORMAT => {
                    let oldest = now.saturating_sub(MAX_UPLOAD).unwrap_or(Timestamp::MIN).as_millisecond();
                    transaction.execute("DELETE FROM uploads WHERE begun_ms < ?1", [oldest])?;
                    transaction.execute_batch(SWEEP)?;
                }
                0 => transaction.execute_batch(TABLES)?,
                _ => return Err(StoreError::File("has a format that this version does not read")),
            }
            Ok(FORMAT)
        })?;
        // A file need not outlive a power cut, and a chunk would take a write to the disk each.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let last: Option<i64> = connection.query_row(LAST, [], |row| row.get(0))?;
        let inner = Inner {
            connection,
            next_blob: last.unwrap_or(0).saturating_add(1),
            coming: BTreeSet::new(),
            held: BTreeMap::new(),
            dead: BTreeSet::new(),
        };
        Ok(Arc::new(Self { inner: Mutex::new(inner) }))
    }

    // A panic while the lock was held has dropped its transaction, which rolled it back.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the file on a thread that may wait.
    pub(in crate::bucket) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&Arc<Self>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = Arc::clone(self);
        tokio::task::spawn_blocking(move || act(&store)).await.map_err(|error| Refusal::internal(&error))?
    }

    /// A place for bytes that are still to come.
    pub(in crate::bucket) fn new_blob(&self) -> i64 {
        let mut inner = self.lock();
        let blob = inner.next_blob;
        inner.next_blob = blob.saturating_add(1);
        inner.coming.insert(blob);
        blob
    }

    pub(in crate::bucket) fn write_chunk(&self, blob: i64, number: i64, bytes: &[u8]) -> Result<(), Refusal> {
        let inner = self.lock();
        // Whoever sent them may be gone since this was begun.
        if !inner.coming.contains(&blob) {
            return Err(Refusal::IncompleteBody);
        }
        let mut insert = inner
            .connection
            .prepare_cached("INSERT INTO chunks (blob, number, bytes) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![blob, number, bytes])?;
        Ok(())
    }

    pub(in crate::bucket) fn read_chunk(&self, blob: i64, number: i64) -> Result<Vec<u8>, Refusal> {
        let inner = self.lock();
        let mut select =
            inner.connection.prepare_cached("SELECT bytes FROM chunks WHERE blob = ?1 AND number = ?2")?;
        Ok(select.query_row([blob, number], |row| row.get(0))?)
    }

    /// Bytes that have come have an object now.
    pub(in crate::bucket) fn settle(&self, blob: i64) {
        self.lock().coming.remove(&blob);
    }

    /// Throws bytes away that have come for nobody.
    pub(in crate::bucket) fn discard(&self, blob: i64) {
        let mut inner = self.lock();
        if inner.coming.remove(&blob) {
            inner.drop_blobs(&[blob]);
        }
    }

    /// Nobody reads these any more who did.
    pub(in crate::bucket) fn release(&self, pieces: &[Piece]) {
        let mut inner = self.lock();
        let mut free = Vec::new();
        for Piece { blob, .. } in pieces {
            let Some(count) = inner.held.get_mut(blob) else { continue };
            *count = count.saturating_sub(1);
            if *count == 0 {
                inner.held.remove(blob);
                if inner.dead.remove(blob) {
                    free.push(*blob);
                }
            }
        }
        inner.drop_blobs(&free);
    }

    /// Does all of it or nothing. What is returned is the bytes that no object has any more.
    fn write(&self, act: impl FnOnce(&Transaction<'_>) -> Result<Vec<i64>, Refusal>) -> Result<(), Refusal> {
        let mut inner = self.lock();
        let transaction = inner.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let freed = act(&transaction)?;
        transaction.commit()?;
        inner.drop_blobs(&freed);
        Ok(())
    }

    #[cfg(test)]
    pub(in crate::bucket) fn chunks(&self) -> i64 {
        self.lock().connection.query_row("SELECT count(*) FROM chunks", [], |row| row.get(0)).unwrap()
    }
}

impl Inner {
    fn hold(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            let count = self.held.entry(piece.blob).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Throws bytes away, or has that done when nobody reads them any more. What fails is tried again at the next start.
    fn drop_blobs(&mut self, blobs: &[i64]) {
        for blob in blobs {
            if self.held.contains_key(blob) {
                self.dead.insert(*blob);
            } else if let Err(error) = self.connection.execute("DELETE FROM chunks WHERE blob = ?1", [blob]) {
                tracing::warn!(%error, "bytes of an object that is gone are still there");
            }
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

fn piece(row: &Row<'_>, column: usize) -> rusqlite::Result<Piece> {
    Ok(Piece { blob: row.get(column)?, size: row.get(column + 1)? })
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let milliseconds: i64 = row.get(column)?;
    Timestamp::from_millisecond(milliseconds)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, milliseconds))
}
