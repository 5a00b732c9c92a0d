//! The bucket of users' files on this machine: the wire protocol of Amazon S3, for development.
//!
//! 1. It is set up from `template.yaml`: there is a bucket if the template has one, and who may do what with it is said by the policies of the
//!    roles, and by that of the bucket.
//! 2. A request is signed with credentials of the identity pool, in a header or in the query of a presigned URL. One without a signature is
//!    nobody's, and the policies allow nobody anything. A payload that is signed chunk by chunk is refused (501 `NotImplemented`).
//! 3. Which action on which resource an operation needs stands in [`Operation`], and what does not stand there is denied.
//! 4. It is decided before a body is read. A body goes to the store as it comes, and is an object when it has come to its end and is the one
//!    that was signed and announced; else it is gone.
//! 5. A refusal has the status and the code that S3 gives it. Of an object that is not there, who may not list the bucket learns no more than of
//!    one that they may not read.
//! 6. Pages of every site may ask, as with the API: what they may not do is refused by the signature.
//!
//! Objects have one version, and no access control lists or tags.
//!
//! # Why not a crate
//!
//! This was also built on `s3s` (0.14.1, the last for this compiler), and passed the same tests. Not a line was saved, for what it reads of a
//! request has to be handed on to what decides and keeps. It came with thirteen packages; it asks about access only if a check of signatures is
//! set that it does not make; it writes refusals and malformed documents to the log as errors; it reads a list of entity tags as one. `s3s-fs`
//! makes paths of keys, so that `a` and `a/b` cannot both be. With tags, versions or forms it would be the better choice.
//!
//! # Caveat
//!
//! It is a stand-in for development, as the pools are. Never deploy it.

mod access;
mod address;
mod call;
mod checksum;
mod condition;
mod content;
mod cors;
mod error;
mod headers;
mod key;
mod list;
mod multipart;
mod operation;
mod parameters;
mod range;
mod store;
#[cfg(test)]
mod tests;
mod upload;
mod xml;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, Method};
use portcullis::{SigV4Verifier, SigV4VerifierBuilder};
use portcullis_data::Clock;
use portcullis_iam::{InvalidPolicy, ResourcePolicy};
use serde_json::Value;
use thiserror::Error;

pub(crate) use self::store::Store;
use self::{
    access::Access, address::Address, call::Call, error::Refusal, key::Key, operation::Operation,
    parameters::Parameters,
};
use crate::{
    identity_pool::{Roles, Session},
    pool::Random,
    template::{Stack, TemplateMistake},
};

/// What the bucket is called. AWS gives no bucket a name that begins like this, so a client that misses this machine finds nobody's.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
pub(crate) const NAME: &str = "sthree-portcullis-files";
/// The service in the scope of signatures.
pub(crate) const SERVICE: &str = "s3";
const BUCKET: &str = "AWS::S3::Bucket";
const BUCKET_POLICY: &str = "AWS::S3::BucketPolicy";
/// The largest body: what S3 takes at once.
pub(crate) const MAX_BODY: u64 = 5 * 1024 * 1024 * 1024;
/// The largest body of a bucket that is kept in memory.
pub(crate) const MAX_BODY_IN_MEMORY: u64 = 256 * 1024 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

/// Why there is no bucket.
#[derive(Debug, Error)]
pub(crate) enum SetupError {
    #[error(transparent)]
    Template(#[from] TemplateMistake),
    #[error("{id}: {error}")]
    Policy { id: String, error: InvalidPolicy },
    #[error("the template has more than one bucket, and here there is one at most")]
    Several,
}

/// What the template says of the bucket.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    policies: Vec<ResourcePolicy>,
}

/// What a bucket is opened with.
pub(crate) struct Parts {
    pub(crate) setup: Setup,
    pub(crate) store: Arc<Store>,
    pub(crate) roles: Arc<Roles>,
    /// Of requests that are signed for [`SERVICE`].
    pub(crate) verifier: SigV4VerifierBuilder,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) max_body: u64,
}

/// A bucket. Clones are the same.
#[derive(Clone)]
pub(crate) struct Bucket {
    inner: Arc<Inner>,
}

struct Inner {
    access: Access,
    store: Arc<Store>,
    verifier: SigV4Verifier,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    max_body: u64,
}

/// What is told in the log. No key is: it may have a person's name in it.
#[derive(Debug, Default)]
struct Told {
    operation: Option<Operation>,
    identity: Option<String>,
    level: Option<&'static str>,
}

/// Gives the bucket of the template its name, if there is one.
pub(crate) fn name(stack: &mut Stack) -> Result<bool, TemplateMistake> {
    let ids = stack.ids(BUCKET)?;
    for id in &ids {
        stack.name(id.clone(), NAME);
    }
    Ok(!ids.is_empty())
}

impl Setup {
    /// The bucket of the template, which has been given its [name]; nothing if there is none.
    pub(crate) fn read(stack: &Stack) -> Result<Option<Self>, SetupError> {
        match stack.ids(BUCKET)?.len() {
            0 => return Ok(None),
            1 => {}
            _ => return Err(SetupError::Several),
        }
        let mut policies = Vec::new();
        for id in stack.ids(BUCKET_POLICY)? {
            let properties = stack.properties(&id)?;
            let document = properties.get("PolicyDocument").unwrap_or(&Value::Null);
            policies.push(ResourcePolicy::parse(document).map_err(|error| SetupError::Policy { id, error })?);
        }
        Ok(Some(Self { policies }))
    }
}

impl Bucket {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { setup, store, roles, verifier, clock, random, max_body } = parts;
        let verifier = verifier.s3().build();
        let access = Access { bucket: NAME.to_owned(), roles, policies: setup.policies };
        Self { inner: Arc::new(Inner { access, store, verifier, clock, random, max_body }) }
    }

    /// The one route.
    pub(crate) fn router(self) -> Router {
        Router::new().fallback(answer).with_state(self)
    }
}

async fn answer(State(bucket): State<Bucket>, request: Request) -> Response {
    let bucket = &bucket.inner;
    let method = request.method().clone();
    let origin = request.headers().contains_key(http::header::ORIGIN);
    if method == Method::OPTIONS {
        return cors::preflight(request.headers());
    }
    let started = Instant::now();
    let mut told = Told::default();
    let result = bucket.perform(request, &mut told).await;
    let outcome = result.as_ref().map_or_else(|refusal| refusal.code(), |_| "ok");
    let duration_ms = milliseconds(started.elapsed());
    let operation = told.operation.map_or("unknown", Operation::name);
    tracing::info!(
        operation,
        identity = told.identity,
        level = told.level,
        outcome,
        duration_ms,
        "bucket request"
    );
    let mut response = result.unwrap_or_else(IntoResponse::into_response);
    if let Ok(Ok(id)) = bucket.random.uuid().map(HeaderValue::try_from) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if origin {
        cors::admit(response.headers_mut());
    }
    response
}

impl Inner {
    async fn perform(&self, request: Request, told: &mut Told) -> Result<Response, Refusal> {
        let (mut parts, body) = request.into_parts();
        let address = Address::read(&mut parts)?;
        let query = Parameters::parse(parts.uri.query().unwrap_or_default())?;
        let is_presigned = query.has("X-Amz-Algorithm") || query.has("X-Amz-Signature");
        let head = self.verifier.verify_head(&parts).await;
        let head = head.map_err(|error| Refusal::of_signature(error, is_presigned))?;
        told.identity.clone_from(&head.caller().caller().identity_id);
        told.level = address.key.as_ref().map(Key::level);
        let session = head.extensions().get::<Arc<Session>>().ok_or(Refusal::AccessDenied)?;
        // What is behind a name that is not ours is said by no policy.
        let bucket = address.bucket.ok_or(Refusal::AccessDenied)?;
        if bucket != self.access.bucket {
            return Err(Refusal::NoSuchBucket);
        }
        let mut given = parts.headers;
        headers::adopt(&query, &mut given)?;
        let operation = Operation::of(&parts.method, address.key.is_some(), &query, &given);
        told.operation = operation;
        let operation = operation.ok_or(Refusal::AccessDenied)?;
        let now = self.clock.now();
        let caller = self.access.caller(session, session.request_context(now));
        caller.check(operation, address.key.as_ref(), &query, &given)?;
        headers::check(&given)?;
        let call = Call {
            store: &self.store,
            bucket: &self.access.bucket,
            caller,
            query,
            headers: given,
            body,
            payload: head.payload(),
            now,
            max_body: self.max_body,
            fresh_id: self.random.uuid().map_err(|error| Refusal::internal(&error))?,
        };
        call.perform(operation, address.key).await
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("name", &self.inner.access.bucket).finish_non_exhaustive()
    }
}
