//! Uploads in parts.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header::ETAG};
use md5::{Digest, Md5};

use super::{
    Key, Refusal,
    call::{Call, MAX_DOCUMENT, quoted},
    checksum::Checksum,
    condition::WriteCondition,
    headers,
    range::ByteRange,
    store::{Head, Part},
    upload::{Upload, hex},
    xml::{
        self, CompleteMultipartUpload, CompleteMultipartUploadResult, InitiateMultipartUploadResult,
        ListPartsResult, ListedPart, NAMESPACE,
    },
};

/// The most parts of an upload.
const MAX_PARTS: u64 = 10_000;
/// The most parts of a page.
const MAX_LISTED: u64 = 1000;
/// The smallest part that is not the last.
const MIN_PART: u64 = 5 * 1024 * 1024;

impl Call<'_> {
    pub(super) async fn create_upload(self, key: Key) -> Result<Response, Refusal> {
        let kept = headers::kept(&self.headers)?;
        let id = self.fresh_id.clone();
        let document = InitiateMultipartUploadResult {
            namespace: NAMESPACE,
            bucket: self.bucket,
            key: key.as_str(),
            upload_id: &id,
        };
        let response = xml::answer("InitiateMultipartUploadResult", &document)?;
        self.store.run(move |store| store.begin(&self.fresh_id, &key, &kept, self.now)).await?;
        Ok(response)
    }

    pub(super) async fn upload_part(self, key: Key) -> Result<Response, Refusal> {
        let number = match self.query.number("partNumber")? {
            Some(number @ 1..=MAX_PARTS) => number,
            _ => {
                return Err(Refusal::InvalidArgument(
                    "Part number must be an integer between 1 and 10000, inclusive",
                ));
            }
        };
        let id = self.upload_id()?;
        // Asked before the body is read, and once more when it is kept.
        let (asked, of) = (id.clone(), key.clone());
        self.store.run(move |store| store.upload(&asked, &of).map(|_| ())).await?;
        let upload = Upload::new(self.body, &self.headers, self.payload, self.max_body)?;
        let (received, mut incoming) = upload.into_store(self.store).await?;
        let etag = hex(&received.md5);
        let mut response = StatusCode::OK.into_response();
        response.headers_mut().insert(ETAG, quoted(&etag)?);
        if let Some(checksum) = &received.checksum {
            checksum.tell(response.headers_mut());
        }
        let part = Part { number, piece: incoming.finish().await?, etag, modified: self.now };
        self.store
            .run(move |store| {
                store.put_part(&id, &key, &part)?;
                incoming.keep();
                Ok(())
            })
            .await?;
        Ok(response)
    }

    pub(super) async fn complete_upload(self, key: Key) -> Result<Response, Refusal> {
        let id = self.upload_id()?;
        let condition = WriteCondition::read(&self.headers)?;
        let is_whole = self.headers.get("x-amz-checksum-type").is_some_and(|kind| kind == "FULL_OBJECT");
        // One of another type is made of those of the parts, which have been checked.
        let checksum = if is_whole { Checksum::read(&self.headers)? } else { None };
        let mut about_document = self.headers.clone();
        Checksum::forget(&mut about_document);
        let upload = Upload::new(self.body, &about_document, self.payload, MAX_DOCUMENT)?;
        let asked: CompleteMultipartUpload = xml::read(&upload.into_document().await?)?;
        let (of, about) = (id.clone(), key.clone());
        let (kept, parts) =
            self.store.run(move |store| Ok((store.upload(&of, &about)?, store.parts(&of, &about)?))).await?;
        let chosen = choose(&asked, &parts)?;
        let size = chosen.iter().map(|part| part.piece.size).sum();
        let told = self.headers.get("x-amz-mp-object-size");
        if told.is_some_and(|told| told.to_str().ok().and_then(|told| told.parse().ok()) != Some(size)) {
            return Err(Refusal::InvalidRequest(
                "The parts are not as large together as x-amz-mp-object-size says.",
            ));
        }
        if let Some(checksum) = &checksum {
            let mut computing = checksum.compute();
            let (of, about, parts) = (id.clone(), key.clone(), chosen.clone());
            let held = self.store.run(move |store| store.open_parts(&of, &about, &parts)).await?;
            let mut reading = held.read(ByteRange { start: 0, length: size });
            while let Some(bytes) = reading.next().await? {
                computing.update(&bytes);
            }
            checksum.check(computing)?;
        }
        let head = Head { size, etag: etag_of(&chosen), modified: self.now, headers: kept, checksum };
        let document = CompleteMultipartUploadResult {
            namespace: NAMESPACE,
            location: format!("/{}/{}", self.bucket, key.as_str()),
            bucket: self.bucket,
            key: key.as_str(),
            etag: format!("\"{}\"", head.etag),
        };
        let response = xml::answer("CompleteMultipartUploadResult", &document)?;
        self.store.run(move |store| store.complete(&id, &key, &head, &chosen, &condition)).await?;
        Ok(response)
    }

    pub(super) async fn abort_upload(self, key: Key) -> Result<Response, Refusal> {
        let id = self.upload_id()?;
        self.store.run(move |store| store.abort(&id, &key)).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    pub(super) async fn list_parts(self, key: Key) -> Result<Response, Refusal> {
        let id = self.upload_id()?;
        let marker = self.query.number("part-number-marker")?.unwrap_or(0);
        let max_parts = self.query.number("max-parts")?.unwrap_or(MAX_LISTED).min(MAX_LISTED);
        let (of, about) = (id.clone(), key.clone());
        let mut parts = self.store.run(move |store| store.parts(&of, &about)).await?;
        parts.retain(|part| part.number > marker);
        let shown = usize::try_from(max_parts).unwrap_or(usize::MAX);
        let is_truncated = parts.len() > shown;
        parts.truncate(shown);
        let document = ListPartsResult {
            namespace: NAMESPACE,
            bucket: self.bucket,
            key: key.as_str(),
            upload_id: &id,
            part_number_marker: marker,
            next_part_number_marker: parts.last().map_or(0, |part| part.number),
            max_parts,
            is_truncated,
            parts: parts
                .into_iter()
                .map(|part| ListedPart {
                    number: part.number,
                    last_modified: format!("{:.3}", part.modified),
                    etag: format!("\"{}\"", part.etag),
                    size: part.piece.size,
                })
                .collect(),
        };
        xml::answer("ListPartsResult", &document)
    }

    fn upload_id(&self) -> Result<String, Refusal> {
        self.query.get("uploadId").map(str::to_owned).ok_or(Refusal::NoSuchUpload)
    }
}

/// The parts that are asked for, if they are what has come.
fn choose(asked: &CompleteMultipartUpload, parts: &[Part]) -> Result<Vec<Part>, Refusal> {
    let mut chosen: Vec<Part> = Vec::new();
    for one in &asked.parts {
        if chosen.last().is_some_and(|last| last.number >= one.number) {
            return Err(Refusal::InvalidPartOrder);
        }
        let etag = one.etag.trim_matches('"');
        let part = parts.iter().find(|part| part.number == one.number && part.etag == etag);
        chosen.push(part.ok_or(Refusal::InvalidPart)?.clone());
    }
    let Some((_, all_but_last)) = chosen.split_last() else { return Err(Refusal::MalformedXml) };
    match all_but_last.iter().any(|part| part.piece.size < MIN_PART) {
        true => Err(Refusal::EntityTooSmall),
        false => Ok(chosen),
    }
}

/// The digest of the digests, and how many they are: so everybody knows an object that came in parts.
fn etag_of(parts: &[Part]) -> String {
    let mut md5 = Md5::new();
    for part in parts {
        let (pairs, _) = part.etag.as_bytes().as_chunks::<2>();
        let bytes =
            pairs.iter().filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        md5.update(bytes.collect::<Vec<u8>>());
    }
    format!("{}-{}", hex(&md5.finalize()), parts.len())
}
