//! The body of a request, while it comes.

use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256};
use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, header::CONTENT_LENGTH};
use http_body_util::BodyExt;
use md5::{Digest, Md5};
use portcullis::SignedBody;

use super::{Refusal, checksum::Checksum, content::Incoming, store::Store};

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// A body that was signed, or of which the signer has said that it is not, and what is said about it.
pub(super) struct Upload {
    body: Body,
    length: u64,
    payload: SignedBody,
    md5: Option<Vec<u8>>,
    checksum: Option<Checksum>,
}

/// A body that has come to its end, and is the one that was announced.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) md5: [u8; 16],
    pub(super) checksum: Option<Checksum>,
}

/// Where a body goes.
enum Sink<'a> {
    Store(&'a mut Incoming),
    Memory(&'a mut Vec<u8>),
}

impl Upload {
    /// A body of at most so many bytes.
    pub(super) fn new(
        body: Body,
        headers: &HeaderMap,
        payload: SignedBody,
        max: u64,
    ) -> Result<Self, Refusal> {
        let length = headers.get(CONTENT_LENGTH).ok_or(Refusal::MissingContentLength)?;
        let length: u64 = length
            .to_str()
            .ok()
            .and_then(|length| length.parse().ok())
            .ok_or(Refusal::InvalidArgument("The Content-Length is no number."))?;
        if length > max {
            return Err(Refusal::EntityTooLarge);
        }
        let md5 = match headers.get(CONTENT_MD5).map(|told| STANDARD.decode(told.as_bytes())) {
            None => None,
            Some(Ok(md5)) if md5.len() == 16 => Some(md5),
            Some(_) => return Err(Refusal::InvalidDigest),
        };
        Ok(Self { body, length, payload, md5, checksum: Checksum::read(headers)? })
    }

    /// Keeps the bytes in the store. Unless this succeeds they are gone with `incoming`.
    pub(super) async fn into_store(self, store: &Arc<Store>) -> Result<(Received, Incoming), Refusal> {
        let mut incoming = Incoming::new(store);
        let received = self.receive(Sink::Store(&mut incoming)).await?;
        Ok((received, incoming))
    }

    /// Reads a document.
    pub(super) async fn into_document(self) -> Result<Vec<u8>, Refusal> {
        let mut document = Vec::new();
        self.receive(Sink::Memory(&mut document)).await?;
        Ok(document)
    }

    async fn receive(mut self, mut sink: Sink<'_>) -> Result<Received, Refusal> {
        let (mut sha256, mut md5) = (digest::Context::new(&SHA256), Md5::new());
        let mut checksum = self.checksum.map(|told| (told.compute(), told));
        let mut length = 0_u64;
        while let Some(frame) = self.body.frame().await {
            let Ok(bytes) = frame.map_err(|_| Refusal::IncompleteBody)?.into_data() else { continue };
            length = length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            if length > self.length {
                return Err(Refusal::IncompleteBody);
            }
            if let SignedBody::Sha256(_) = self.payload {
                sha256.update(&bytes);
            }
            md5.update(&bytes);
            if let Some((computing, _)) = &mut checksum {
                computing.update(&bytes);
            }
            match &mut sink {
                Sink::Store(incoming) => incoming.write(&bytes).await?,
                Sink::Memory(document) => document.extend_from_slice(&bytes),
            }
        }
        if length != self.length {
            return Err(Refusal::IncompleteBody);
        }
        if let SignedBody::Sha256(signed) = self.payload
            && sha256.finish().as_ref() != signed
        {
            return Err(Refusal::PayloadMismatch);
        }
        let md5: [u8; 16] = md5.finalize().into();
        if self.md5.is_some_and(|told| told != md5) {
            return Err(Refusal::BadDigest);
        }
        let checksum = match checksum {
            None => None,
            Some((computed, told)) => {
                told.check(computed)?;
                Some(told)
            }
        };
        Ok(Received { md5, checksum })
    }
}

/// Digits of a digest, as entity tags have them.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
