//! One request, and what each operation does about it.

use std::sync::Arc;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED, RANGE},
};
use httpdate::fmt_http_date;
use jiff::Timestamp;
use md5::{Digest, Md5};
use portcullis::SignedBody;

use super::{
    Address, Key, Operation, Parameters, Refusal,
    access::Caller,
    condition::{Conditions, WriteCondition},
    content::{Content, Incoming},
    headers::{self, COPY_SOURCE},
    list::ListQuery,
    range::ByteRange,
    store::{Head, Store},
    upload::{Upload, hex},
    xml::{self, CopyObjectResult, Delete, DeleteError, DeleteResult, Deleted, NAMESPACE, ObjectIdentifier},
};

/// How many objects are deleted together.
const MAX_DELETED: usize = 1000;
/// The largest document that is read, in bytes.
pub(super) const MAX_DOCUMENT: u64 = 2 * 1024 * 1024;

/// A request that is allowed, as far as that can be said before its body has been read.
pub(super) struct Call<'a> {
    pub(super) store: &'a Arc<Store>,
    pub(super) bucket: &'a str,
    pub(super) caller: Caller<'a>,
    pub(super) query: Parameters,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    pub(super) payload: SignedBody,
    pub(super) now: Timestamp,
    pub(super) max_body: u64,
    /// For an upload that begins.
    pub(super) fresh_id: String,
}

impl Call<'_> {
    /// Answers, or says why not.
    pub(super) async fn perform(self, operation: Operation, key: Option<Key>) -> Result<Response, Refusal> {
        match (operation, key) {
            (Operation::ListObjects | Operation::ListObjectsV2, _) => {
                let query = ListQuery::read(&self.query, operation == Operation::ListObjectsV2)?;
                query.answer(self.store, self.bucket).await
            }
            (Operation::HeadBucket, _) => Ok(StatusCode::OK.into_response()),
            (Operation::DeleteObjects, _) => self.delete_several().await,
            (Operation::GetObject, Some(key)) => self.get(key, true).await,
            (Operation::HeadObject, Some(key)) => self.get(key, false).await,
            (Operation::PutObject, Some(key)) => self.put(key).await,
            (Operation::CopyObject, Some(key)) => self.copy(key).await,
            (Operation::DeleteObject, Some(key)) => {
                let condition = WriteCondition::read(&self.headers)?;
                self.store.run(move |store| store.delete(&key, &condition)).await?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            (Operation::CreateMultipartUpload, Some(key)) => self.create_upload(key).await,
            (Operation::UploadPart, Some(key)) => self.upload_part(key).await,
            (Operation::CompleteMultipartUpload, Some(key)) => self.complete_upload(key).await,
            (Operation::AbortMultipartUpload, Some(key)) => self.abort_upload(key).await,
            (Operation::ListParts, Some(key)) => self.list_parts(key).await,
            // An operation on objects has a key: `Operation::of` has seen it.
            (_, None) => Err(Refusal::InvalidUri),
        }
    }

    async fn get(self, key: Key, with_body: bool) -> Result<Response, Refusal> {
        let Some((head, content)) = open(self.store, key).await? else { return Err(self.caller.missing()) };
        Conditions::READ.check(&self.headers, &head.etag, head.modified)?;
        let range = match self.headers.get(RANGE).and_then(|range| range.to_str().ok()) {
            Some(range) => ByteRange::read(range, head.size)?,
            None => None,
        };
        let mut response = Response::new(Body::empty());
        let told = response.headers_mut();
        headers::tell(&head.headers, told);
        for name in self.query.names() {
            if let Some(header) = name.strip_prefix("response-") {
                let name = HeaderName::try_from(header).map_err(|error| Refusal::internal(&error))?;
                let value =
                    HeaderValue::from_str(self.query.get(&format!("response-{header}")).unwrap_or_default());
                let value =
                    value.map_err(|_| Refusal::InvalidArgument("A response- parameter is no header."))?;
                told.insert(name, value);
            }
        }
        told.insert(ETAG, quoted(&head.etag)?);
        told.insert(LAST_MODIFIED, value(&fmt_http_date(head.modified.into()))?);
        told.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let whole = ByteRange { start: 0, length: head.size };
        told.insert(CONTENT_LENGTH, range.unwrap_or(whole).length.into());
        if let Some(range) = range {
            told.insert(CONTENT_RANGE, value(&range.content_range(head.size))?);
        } else if let Some(checksum) = &head.checksum
            && self.headers.get("x-amz-checksum-mode").is_some_and(|mode| mode == "ENABLED")
        {
            checksum.tell(told);
            told.insert("x-amz-checksum-type", HeaderValue::from_static("FULL_OBJECT"));
        }
        if with_body {
            *response.body_mut() = content.read(range.unwrap_or(whole)).into_body();
        }
        if range.is_some() {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Ok(response)
    }

    async fn put(self, key: Key) -> Result<Response, Refusal> {
        let condition = WriteCondition::read(&self.headers)?;
        let kept = headers::kept(&self.headers)?;
        let upload = Upload::new(self.body, &self.headers, self.payload, self.max_body)?;
        let (received, incoming) = upload.into_store(self.store).await?;
        let head = Head {
            size: incoming.size(),
            etag: hex(&received.md5),
            modified: self.now,
            headers: kept,
            checksum: received.checksum,
        };
        let mut response = StatusCode::OK.into_response();
        response.headers_mut().insert(ETAG, quoted(&head.etag)?);
        if let Some(checksum) = &head.checksum {
            checksum.tell(response.headers_mut());
        }
        keep(self.store, key, head, incoming, condition).await?;
        Ok(response)
    }

    async fn copy(self, key: Key) -> Result<Response, Refusal> {
        let source = self.headers.get(COPY_SOURCE).and_then(|source| source.to_str().ok());
        let (bucket, from) = Address::of_copy_source(source.ok_or(Refusal::InvalidUri)?)?;
        if bucket != self.bucket {
            return Err(Refusal::NoSuchBucket);
        }
        self.caller.check_object("s3:GetObject", &from)?;
        let replaces = match self.headers.get("x-amz-metadata-directive").map(HeaderValue::as_bytes) {
            None | Some(b"COPY") => false,
            Some(b"REPLACE") => true,
            Some(_) => return Err(Refusal::InvalidArgument("Unknown metadata directive.")),
        };
        if from == key && !replaces {
            return Err(Refusal::InvalidRequest(
                "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
            ));
        }
        let condition = WriteCondition::read(&self.headers)?;
        let kept = if replaces { Some(headers::kept(&self.headers)?) } else { None };
        let Some((source, content)) = open(self.store, from).await? else {
            return Err(self.caller.missing());
        };
        Conditions::COPY_SOURCE.check(&self.headers, &source.etag, source.modified)?;
        let mut incoming = Incoming::new(self.store);
        let mut reading = content.read(ByteRange { start: 0, length: source.size });
        let mut md5 = Md5::new();
        while let Some(bytes) = reading.next().await? {
            md5.update(&bytes);
            incoming.write(&bytes).await?;
        }
        let etag = hex(&md5.finalize());
        let modified = self.now;
        let headers = kept.unwrap_or(source.headers);
        let head = Head { size: source.size, etag, modified, headers, checksum: source.checksum };
        let document = CopyObjectResult {
            namespace: NAMESPACE,
            etag: format!("\"{}\"", head.etag),
            last_modified: format!("{modified:.3}"),
        };
        keep(self.store, key, head, incoming, condition).await?;
        xml::answer("CopyObjectResult", &document)
    }

    async fn delete_several(self) -> Result<Response, Refusal> {
        let upload = Upload::new(self.body, &self.headers, self.payload, MAX_DOCUMENT)?;
        let asked: Delete = xml::read(&upload.into_document().await?)?;
        if asked.objects.is_empty() || asked.objects.len() > MAX_DELETED {
            return Err(Refusal::MalformedXml);
        }
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in asked.objects {
            match delete_one(self.store, &self.caller, &object).await {
                Ok(()) if asked.quiet => {}
                Ok(()) => deleted.push(Deleted { key: object.key }),
                Err(refusal) => errors.push(DeleteError {
                    key: object.key,
                    code: refusal.code(),
                    message: refusal.to_string(),
                }),
            }
        }
        xml::answer("DeleteResult", &DeleteResult { namespace: NAMESPACE, deleted, errors })
    }
}

async fn delete_one(
    store: &Arc<Store>,
    caller: &Caller<'_>,
    object: &ObjectIdentifier,
) -> Result<(), Refusal> {
    // A version would be another action, which is none of those that there are.
    if object.version_id.is_some() {
        return Err(Refusal::AccessDenied);
    }
    // Buckets of this kind know no such conditions.
    if object.last_modified_time.is_some() || object.size.is_some() {
        return Err(Refusal::NotImplemented);
    }
    let key = Key::parse(&object.key)?;
    caller.check_object(Operation::DeleteObjects.action(), &key)?;
    let condition = match &object.etag {
        None => WriteCondition::default(),
        Some(etag) => {
            caller.check_object(headers::OF_CONDITION, &key)?;
            WriteCondition::is(etag)
        }
    };
    store.run(move |store| store.delete(&key, &condition)).await
}

async fn open(store: &Arc<Store>, key: Key) -> Result<Option<(Head, Content)>, Refusal> {
    store.run(move |store| store.open_object(&key)).await
}

/// Makes an object of bytes that have come.
async fn keep(
    store: &Arc<Store>,
    key: Key,
    head: Head,
    mut incoming: Incoming,
    condition: WriteCondition,
) -> Result<(), Refusal> {
    let piece = incoming.finish().await?;
    store
        .run(move |store| {
            store.put(&key, &head, &[piece], &condition)?;
            incoming.keep();
            Ok(())
        })
        .await
}

/// An entity tag as a header has it.
pub(super) fn quoted(etag: &str) -> Result<HeaderValue, Refusal> {
    value(&format!("\"{etag}\""))
}

fn value(text: &str) -> Result<HeaderValue, Refusal> {
    HeaderValue::from_str(text).map_err(|error| Refusal::internal(&error))
}
