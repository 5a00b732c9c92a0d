//! The bytes of an object, as they are read and as they come.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use futures_util::stream;

use super::{
    Refusal,
    range::ByteRange,
    store::{CHUNK, Piece, Store},
};

/// The bytes of an object. They stay while this is there, whatever becomes of the object.
#[derive(Debug)]
pub(super) struct Content {
    store: Arc<Store>,
    pieces: Vec<Piece>,
}

/// Bytes that are coming. Those of an upload that breaks off are thrown away.
#[derive(Debug)]
pub(super) struct Incoming {
    store: Arc<Store>,
    blob: i64,
    number: i64,
    buffer: Vec<u8>,
    size: u64,
}

/// Bytes of an object that are being read.
#[derive(Debug)]
pub(super) struct Reading {
    content: Content,
    place: u64,
    end: u64,
}

impl Content {
    /// The store has counted one reader more.
    pub(super) fn new(store: Arc<Store>, pieces: Vec<Piece>) -> Self {
        Self { store, pieces }
    }

    /// Begins to read.
    pub(super) fn read(self, range: ByteRange) -> Reading {
        let end = range.start.saturating_add(range.length);
        Reading { content: self, place: range.start, end }
    }

    /// The chunk that has this byte: of which blob, its number, and how many bytes of it stand before.
    fn find(&self, place: u64) -> Option<(i64, i64, usize)> {
        let chunk = u64::try_from(CHUNK).ok()?;
        let mut begin = 0_u64;
        for piece in &self.pieces {
            let end = begin.checked_add(piece.size)?;
            if place < end {
                let within = place - begin;
                let number = i64::try_from(within / chunk).ok()?;
                return Some((piece.blob, number, usize::try_from(within % chunk).ok()?));
            }
            begin = end;
        }
        None
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.store.release(&self.pieces);
    }
}

impl Reading {
    /// A body of these bytes, of which a few are in memory at a time.
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::try_unfold(self, |mut reading| async {
            let next =
                reading.next().await.map_err(|_| std::io::Error::other("the object cannot be read"))?;
            Ok::<_, std::io::Error>(next.map(|bytes| (bytes, reading)))
        }))
    }

    /// The next bytes; nothing at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        if self.place >= self.end {
            return Ok(None);
        }
        let Some((blob, number, skip)) = self.content.find(self.place) else {
            return Err(Refusal::internal(&"an object is shorter than it says"));
        };
        let bytes = Bytes::from(self.content.store.run(move |store| store.read_chunk(blob, number)).await?);
        let left = usize::try_from(self.end - self.place).unwrap_or(usize::MAX);
        let end = bytes.len().min(skip.saturating_add(left));
        if skip >= end {
            return Err(Refusal::internal(&"a part of an object is shorter than it says"));
        }
        let bytes = bytes.slice(skip..end);
        self.place = self.place.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(Some(bytes))
    }
}

impl Incoming {
    pub(super) fn new(store: &Arc<Store>) -> Self {
        let blob = store.new_blob();
        Self { store: Arc::clone(store), blob, number: 0, buffer: Vec::new(), size: 0 }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Refusal> {
        while !bytes.is_empty() {
            let room = CHUNK.saturating_sub(self.buffer.len());
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            self.size = self.size.saturating_add(u64::try_from(now.len()).unwrap_or(u64::MAX));
            bytes = later;
            if self.buffer.len() >= CHUNK {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Refusal> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let (blob, number, buffer) = (self.blob, self.number, std::mem::take(&mut self.buffer));
        self.number = number.saturating_add(1);
        self.store.run(move |store| store.write_chunk(blob, number, &buffer)).await
    }

    /// Everything has come: the bytes are there, and still nobody's.
    pub(super) async fn finish(&mut self) -> Result<Piece, Refusal> {
        self.flush().await?;
        Ok(Piece { blob: self.blob, size: self.size })
    }

    /// An object or a part has them now.
    ///
    /// INVARIANT: this stands behind the write in one closure. A request that is dropped in between would throw the bytes of an object away.
    pub(super) fn keep(self) {
        self.store.settle(self.blob);
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.store.discard(self.blob);
    }
}
