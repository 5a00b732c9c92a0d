//! Objects in the file.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params, types::Type};

use super::{Piece, Store, piece, time};
use crate::bucket::{
    Key, Refusal, checksum::Checksum, condition::WriteCondition, content::Content, headers::Kept,
};

/// What is known of an object besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::bucket) struct Head {
    pub(in crate::bucket) size: u64,
    /// Without its quotes.
    pub(in crate::bucket) etag: String,
    pub(in crate::bucket) modified: Timestamp,
    pub(in crate::bucket) headers: Kept,
    pub(in crate::bucket) checksum: Option<Checksum>,
}

/// An object of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::bucket) struct Listed {
    pub(in crate::bucket) key: String,
    pub(in crate::bucket) size: u64,
    pub(in crate::bucket) etag: String,
    pub(in crate::bucket) modified: Timestamp,
}

impl Store {
    /// An object, whose bytes stay as long as they are being read; nothing if there is none.
    pub(in crate::bucket) fn open_object(
        self: &Arc<Self>,
        key: &Key,
    ) -> Result<Option<(Head, Content)>, Refusal> {
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
    pub(in crate::bucket) fn put(
        &self,
        key: &Key,
        head: &Head,
        pieces: &[Piece],
        condition: &WriteCondition,
    ) -> Result<(), Refusal> {
        self.write(|tx| insert(tx, key, head, pieces, condition))
    }

    /// Throws an object away, if there is one.
    pub(in crate::bucket) fn delete(&self, key: &Key, condition: &WriteCondition) -> Result<(), Refusal> {
        self.write(|tx| {
            condition.check(present(tx, key)?.as_deref())?;
            remove(tx, key)
        })
    }

    /// Objects from this key on, or behind it, by the order of their keys' bytes.
    pub(in crate::bucket) fn following(
        &self,
        from: &str,
        behind: bool,
        limit: usize,
    ) -> Result<Vec<Listed>, Refusal> {
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
}

/// The bytes of the object that was there before are returned.
pub(super) fn insert(
    tx: &Transaction<'_>,
    key: &Key,
    head: &Head,
    pieces: &[Piece],
    condition: &WriteCondition,
) -> Result<Vec<i64>, Refusal> {
    condition.check(present(tx, key)?.as_deref())?;
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

/// The entity tag of the object that is there.
fn present(tx: &Transaction<'_>, key: &Key) -> Result<Option<String>, Refusal> {
    let mut select = tx.prepare_cached("SELECT etag FROM objects WHERE key = ?1")?;
    Ok(select.query_row([key.as_str()], |row| row.get(0)).optional()?)
}

fn remove(tx: &Transaction<'_>, key: &Key) -> Result<Vec<i64>, Refusal> {
    let mut select = tx.prepare_cached("SELECT blob FROM pieces WHERE key = ?1")?;
    let blobs = select.query_map([key.as_str()], |row| row.get(0))?.collect::<Result<_, _>>()?;
    tx.prepare_cached("DELETE FROM objects WHERE key = ?1")?.execute([key.as_str()])?;
    Ok(blobs)
}

fn head(row: &Row<'_>) -> rusqlite::Result<Head> {
    let headers: String = row.get(3)?;
    let headers = serde_json::from_str(&headers)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, Type::Text, Box::new(error)))?;
    let (checksum, value): (Option<String>, Option<String>) = (row.get(4)?, row.get(5)?);
    let checksum = checksum.zip(value).and_then(|(header, value)| Checksum::of(&header, value));
    Ok(Head { size: row.get(0)?, etag: row.get(1)?, modified: time(row, 2)?, headers, checksum })
}
