//! The SQLite file: objects, uploads under way, and the bytes of both.
//!
//! Bytes are kept in chunks, beside the rows that say what they are, so that an object appears with all of its bytes or not at all, and a key
//! never is the name of a file.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params, types::Type};
use thiserror::Error;

use super::{Key, Refusal, checksum::Checksum, condition::WriteCondition, content::Content, headers::Kept};

const FORMAT: i64 = 1;
/// How many bytes are read or written at a time.
pub(super) const CHUNK: usize = 256 * 1024;

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
        headers TEXT NOT NULL
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

/// Bytes that no object has, because an upload of them broke off when the process ended.
const SWEEP: &str = "
    DELETE FROM chunks WHERE blob NOT IN (SELECT blob FROM pieces UNION SELECT blob FROM parts);
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
pub(super) struct Piece {
    pub(super) blob: i64,
    pub(super) size: u64,
}

/// What is known of an object besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) size: u64,
    /// Without its quotes.
    pub(super) etag: String,
    pub(super) modified: Timestamp,
    pub(super) headers: Kept,
    pub(super) checksum: Option<Checksum>,
}

/// An object of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) key: String,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) modified: Timestamp,
}

/// A part of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) number: u64,
    pub(super) piece: Piece,
    pub(super) etag: String,
    pub(super) modified: Timestamp,
}

impl Store {
    /// Opens the file, or memory.
    pub(crate) fn open(file: Option<PathBuf>) -> Result<Arc<Self>, StoreError> {
        let mut connection = match &file {
            None => Connection::open_in_memory()?,
            Some(file) => Connection::open(file)?,
        };
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // What was answered is kept when the process ends in any way. It need not outlive a power cut, and a chunk would take a write to
        // the disk each.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match transaction.pragma_query_value(None, "user_version", |row| row.get(0))? {
            FORMAT => transaction.execute_batch(SWEEP)?,
            0_i64 => transaction.execute_batch(TABLES)?,
            _ => return Err(StoreError::File("has a format that this version does not read")),
        }
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.commit()?;
        let last: Option<i64> = connection.query_row("SELECT max(blob) FROM chunks", [], |row| row.get(0))?;
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
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&Arc<Self>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = Arc::clone(self);
        tokio::task::spawn_blocking(move || act(&store)).await.map_err(|error| Refusal::internal(&error))?
    }

    /// A place for bytes that are still to come.
    pub(super) fn new_blob(&self) -> i64 {
        let mut inner = self.lock();
        let blob = inner.next_blob;
        inner.next_blob = blob.saturating_add(1);
        inner.coming.insert(blob);
        blob
    }

    pub(super) fn write_chunk(&self, blob: i64, number: i64, bytes: &[u8]) -> Result<(), Refusal> {
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

    pub(super) fn read_chunk(&self, blob: i64, number: i64) -> Result<Vec<u8>, Refusal> {
        let inner = self.lock();
        let mut select =
            inner.connection.prepare_cached("SELECT bytes FROM chunks WHERE blob = ?1 AND number = ?2")?;
        Ok(select.query_row([blob, number], |row| row.get(0))?)
    }

    /// Bytes that have come have an object now.
    pub(super) fn settle(&self, blob: i64) {
        self.lock().coming.remove(&blob);
    }

    /// Throws bytes away that have come for nobody.
    pub(super) fn discard(&self, blob: i64) {
        let mut inner = self.lock();
        if inner.coming.remove(&blob) {
            inner.drop_blobs(&[blob]);
        }
    }

    /// An object, whose bytes stay as long as they are being read; nothing if there is none.
    pub(super) fn open_object(self: &Arc<Self>, key: &Key) -> Result<Option<(Head, Content)>, Refusal> {
        let mut inner = self.lock();
        let mut select = inner.connection.prepare_cached(
            "SELECT size, etag, modified_ms, headers, checksum, checksum_value FROM objects WHERE key = ?1",
        )?;
        let Some(head) = select.query_row([key.as_str()], head).optional()? else { return Ok(None) };
        drop(select);
        let mut select = inner
            .connection
            .prepare_cached("SELECT blob, size FROM pieces WHERE key = ?1 ORDER BY number")?;
        let pieces = select.query_map([key.as_str()], |row| piece(row, 0))?;
        let pieces: Vec<Piece> = pieces.collect::<Result<_, _>>()?;
        drop(select);
        inner.hold(&pieces);
        drop(inner);
        Ok(Some((head, Content::new(Arc::clone(self), pieces))))
    }

    /// Makes an object of these pieces, in the place of one of the same key.
    pub(super) fn put(
        &self,
        key: &Key,
        head: &Head,
        pieces: &[Piece],
        condition: &WriteCondition,
    ) -> Result<(), Refusal> {
        self.write(|tx| insert(tx, key, head, pieces, condition))
    }

    /// Throws an object away, if there is one.
    pub(super) fn delete(&self, key: &Key) -> Result<(), Refusal> {
        self.write(|tx| remove(tx, key))
    }

    /// Objects from this key on, or behind it, by the order of their keys' bytes.
    pub(super) fn following(&self, from: &str, behind: bool, limit: usize) -> Result<Vec<Listed>, Refusal> {
        let inner = self.lock();
        let sql = match behind {
            true => "SELECT key, size, etag, modified_ms FROM objects WHERE key > ?1 ORDER BY key LIMIT ?2",
            false => "SELECT key, size, etag, modified_ms FROM objects WHERE key >= ?1 ORDER BY key LIMIT ?2",
        };
        let mut select = inner.connection.prepare_cached(sql)?;
        let listed = select.query_map(params![from, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok(Listed { key: row.get(0)?, size: row.get(1)?, etag: row.get(2)?, modified: time(row, 3)? })
        })?;
        Ok(listed.collect::<Result<_, _>>()?)
    }

    /// Begins an upload in parts.
    pub(super) fn begin(&self, upload: &str, key: &Key, headers: &Kept) -> Result<(), Refusal> {
        let headers = serde_json::to_string(headers).map_err(|error| Refusal::internal(&error))?;
        self.write(|tx| {
            let mut insert =
                tx.prepare_cached("INSERT INTO uploads (id, key, headers) VALUES (?1, ?2, ?3)")?;
            insert.execute([upload, key.as_str(), &headers])?;
            Ok(Vec::new())
        })
    }

    /// The headers of an upload of this object.
    pub(super) fn upload(&self, upload: &str, key: &Key) -> Result<Kept, Refusal> {
        find_upload(&self.lock().connection, upload, key)
    }

    /// Keeps a part of an upload, in the place of one of the same number.
    pub(super) fn put_part(&self, upload: &str, key: &Key, part: &Part) -> Result<(), Refusal> {
        self.write(|tx| {
            find_upload(tx, upload, key)?;
            let mut old = tx.prepare_cached("SELECT blob FROM parts WHERE upload = ?1 AND number = ?2")?;
            let old = old.query_row(params![upload, part.number], |row| row.get(0)).optional()?;
            let mut insert = tx.prepare_cached(
                "INSERT OR REPLACE INTO parts (upload, number, blob, size, etag, modified_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            insert.execute(params![
                upload,
                part.number,
                part.piece.blob,
                part.piece.size,
                part.etag,
                part.modified.as_millisecond()
            ])?;
            Ok(old.into_iter().collect())
        })
    }

    /// The parts of an upload, by their numbers.
    pub(super) fn parts(&self, upload: &str, key: &Key) -> Result<Vec<Part>, Refusal> {
        let inner = self.lock();
        find_upload(&inner.connection, upload, key)?;
        parts_of(&inner.connection, upload)
    }

    /// Makes an object of parts that have come. Those that are not chosen are thrown away.
    pub(super) fn complete(
        &self,
        upload: &str,
        key: &Key,
        head: &Head,
        chosen: &[Part],
        condition: &WriteCondition,
    ) -> Result<(), Refusal> {
        self.write(|tx| {
            find_upload(tx, upload, key)?;
            let present = parts_of(tx, upload)?;
            if !chosen.iter().all(|part| present.contains(part)) {
                return Err(Refusal::InvalidPart);
            }
            let pieces: Vec<Piece> = chosen.iter().map(|part| part.piece).collect();
            let mut freed = insert(tx, key, head, &pieces, condition)?;
            tx.execute("DELETE FROM uploads WHERE id = ?1", [upload])?;
            freed.extend(
                present
                    .iter()
                    .map(|part| part.piece)
                    .filter(|piece| !pieces.contains(piece))
                    .map(|it| it.blob),
            );
            Ok(freed)
        })
    }

    /// Ends an upload without an object.
    pub(super) fn abort(&self, upload: &str, key: &Key) -> Result<(), Refusal> {
        self.write(|tx| {
            find_upload(tx, upload, key)?;
            let parts = parts_of(tx, upload)?;
            tx.execute("DELETE FROM uploads WHERE id = ?1", [upload])?;
            Ok(parts.into_iter().map(|part| part.piece.blob).collect())
        })
    }

    /// Bytes that stay as long as they are being read.
    pub(super) fn hold(self: &Arc<Self>, pieces: Vec<Piece>) -> Content {
        self.lock().hold(&pieces);
        Content::new(Arc::clone(self), pieces)
    }

    /// Nobody reads these any more who did.
    pub(super) fn release(&self, pieces: &[Piece]) {
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
    pub(super) fn chunks(&self) -> i64 {
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

/// The bytes of the object that was there before are returned.
fn insert(
    tx: &Transaction<'_>,
    key: &Key,
    head: &Head,
    pieces: &[Piece],
    condition: &WriteCondition,
) -> Result<Vec<i64>, Refusal> {
    let mut select = tx.prepare_cached("SELECT etag FROM objects WHERE key = ?1")?;
    let present: Option<String> = select.query_row([key.as_str()], |row| row.get(0)).optional()?;
    condition.check(present.as_deref())?;
    let freed = remove(tx, key)?;
    let headers = serde_json::to_string(&head.headers).map_err(|error| Refusal::internal(&error))?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO objects (key, size, etag, modified_ms, headers, checksum, checksum_value)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    insert.execute(params![
        key.as_str(),
        head.size,
        head.etag,
        head.modified.as_millisecond(),
        headers,
        head.checksum.as_ref().map(Checksum::header),
        head.checksum.as_ref().map(Checksum::value),
    ])?;
    let mut insert =
        tx.prepare_cached("INSERT INTO pieces (key, number, blob, size) VALUES (?1, ?2, ?3, ?4)")?;
    for (number, piece) in pieces.iter().enumerate() {
        insert.execute(params![
            key.as_str(),
            i64::try_from(number).unwrap_or(i64::MAX),
            piece.blob,
            piece.size
        ])?;
    }
    Ok(freed)
}

fn remove(tx: &Transaction<'_>, key: &Key) -> Result<Vec<i64>, Refusal> {
    let mut select = tx.prepare_cached("SELECT blob FROM pieces WHERE key = ?1")?;
    let blobs = select.query_map([key.as_str()], |row| row.get(0))?.collect::<Result<_, _>>()?;
    tx.prepare_cached("DELETE FROM objects WHERE key = ?1")?.execute([key.as_str()])?;
    Ok(blobs)
}

fn find_upload(connection: &Connection, upload: &str, key: &Key) -> Result<Kept, Refusal> {
    let mut select = connection.prepare_cached("SELECT headers FROM uploads WHERE id = ?1 AND key = ?2")?;
    let headers: Option<String> = select.query_row([upload, key.as_str()], |row| row.get(0)).optional()?;
    let headers = headers.ok_or(Refusal::NoSuchUpload)?;
    serde_json::from_str(&headers).map_err(|error| Refusal::internal(&error))
}

fn parts_of(connection: &Connection, upload: &str) -> Result<Vec<Part>, Refusal> {
    let mut select = connection.prepare_cached(
        "SELECT number, blob, size, etag, modified_ms FROM parts WHERE upload = ?1 ORDER BY number",
    )?;
    let parts = select.query_map([upload], |row| {
        Ok(Part { number: row.get(0)?, piece: piece(row, 1)?, etag: row.get(3)?, modified: time(row, 4)? })
    })?;
    Ok(parts.collect::<Result<_, _>>()?)
}

fn piece(row: &Row<'_>, column: usize) -> rusqlite::Result<Piece> {
    Ok(Piece { blob: row.get(column)?, size: row.get(column + 1)? })
}

fn head(row: &Row<'_>) -> rusqlite::Result<Head> {
    let headers: String = row.get(3)?;
    let headers = serde_json::from_str(&headers)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, Type::Text, Box::new(error)))?;
    let (checksum, value): (Option<String>, Option<String>) = (row.get(4)?, row.get(5)?);
    let checksum = checksum.zip(value).and_then(|(header, value)| Checksum::of(&header, value));
    Ok(Head { size: row.get(0)?, etag: row.get(1)?, modified: time(row, 2)?, headers, checksum })
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let milliseconds: i64 = row.get(column)?;
    Timestamp::from_millisecond(milliseconds)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, milliseconds))
}
