//! Uploads in parts that are under way.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Head, Piece, Store, objects::insert, piece, time};
use crate::bucket::{Key, Refusal, condition::WriteCondition, content::Content, headers::Kept};

/// A part of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::bucket) struct Part {
    pub(in crate::bucket) number: u64,
    pub(in crate::bucket) piece: Piece,
    pub(in crate::bucket) etag: String,
    pub(in crate::bucket) modified: Timestamp,
}

impl Store {
    /// Begins an upload in parts.
    pub(in crate::bucket) fn begin(
        &self,
        upload: &str,
        key: &Key,
        headers: &Kept,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let headers = serde_json::to_string(headers).map_err(|error| Refusal::internal(&error))?;
        self.write(|tx| {
            let mut insert = tx
                .prepare_cached("INSERT INTO uploads (id, key, headers, begun_ms) VALUES (?1, ?2, ?3, ?4)")?;
            insert.execute(params![upload, key.as_str(), headers, now.as_millisecond()])?;
            Ok(Vec::new())
        })
    }

    /// The headers of an upload of this object.
    pub(in crate::bucket) fn upload(&self, upload: &str, key: &Key) -> Result<Kept, Refusal> {
        find_upload(&self.lock().connection, upload, key)
    }

    /// Keeps a part of an upload, in the place of one of the same number.
    pub(in crate::bucket) fn put_part(&self, upload: &str, key: &Key, part: &Part) -> Result<(), Refusal> {
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
    pub(in crate::bucket) fn parts(&self, upload: &str, key: &Key) -> Result<Vec<Part>, Refusal> {
        let inner = self.lock();
        find_upload(&inner.connection, upload, key)?;
        parts_of(&inner.connection, upload)
    }

    /// The bytes of parts that have come. They stay as long as they are being read, whatever becomes of the upload.
    pub(in crate::bucket) fn open_parts(
        self: &Arc<Self>,
        upload: &str,
        key: &Key,
        chosen: &[Part],
    ) -> Result<Content, Refusal> {
        let mut inner = self.lock();
        find_upload(&inner.connection, upload, key)?;
        let present = parts_of(&inner.connection, upload)?;
        if !chosen.iter().all(|part| present.contains(part)) {
            return Err(Refusal::InvalidPart);
        }
        let pieces: Vec<Piece> = chosen.iter().map(|part| part.piece).collect();
        inner.hold(&pieces);
        Ok(Content::new(Arc::clone(self), pieces))
    }

    /// Makes an object of parts that have come. Those that are not chosen are thrown away.
    pub(in crate::bucket) fn complete(
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
    pub(in crate::bucket) fn abort(&self, upload: &str, key: &Key) -> Result<(), Refusal> {
        self.write(|tx| {
            find_upload(tx, upload, key)?;
            let parts = parts_of(tx, upload)?;
            tx.execute("DELETE FROM uploads WHERE id = ?1", [upload])?;
            Ok(parts.into_iter().map(|part| part.piece.blob).collect())
        })
    }
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
