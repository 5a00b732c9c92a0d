//! Checking a signature.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{HeaderName, request::Parts};

use super::{
    AccessKey, CredentialSource, FindingCredentials, SignatureError, SignedBody, SignedCaller, SignedHead,
    SigningCredentials,
    authorization::{
        Authorization, IN_QUERY, incomplete, is_presigned, is_signed_in_header, one, read_signature,
    },
    canonical::{self, Dots, Query},
    signature::{is_good, sha256_hex},
};
use crate::{Clock, SystemClock};

/// The largest body that is read to check its signature unless another is set, in bytes: what API Gateway accepts.
pub const MAX_SIGNED_BODY: usize = 10 * 1024 * 1024;

const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// How far the signer's clock may be off.
const SKEW: Duration = Duration::from_mins(5);
const S3_SKEW: Duration = Duration::from_mins(15);

/// Checks requests that are signed with AWS Signature Version 4.
///
/// 1. The signature is in `Authorization`, or in the query of a presigned URL; never in both.
/// 2. It covers method, path, query, `host`, every `x-amz-*` header that is there, and the body. A body is read to its end before the
///    request goes on, up to [a bound](SigV4VerifierBuilder::max_body). What can be said without it is said before it is read: with
///    `x-amz-content-sha256` that is whether the signature is good.
/// 3. Its scope is the day of `X-Amz-Date`, a region and a service that are [said](Self::builder).
/// 4. `X-Amz-Date` is at most five minutes from now, in either direction (fifteen with [`s3`](SigV4VerifierBuilder::s3)); a presigned URL
///    is good as long as it says, seven days at most.
/// 5. A temporary key (`ASIA..`) comes with its session token, and credentials that have expired are refused.
/// 6. Payloads that are signed chunk by chunk (`STREAMING-..`) or not at all (`UNSIGNED-PAYLOAD`) are refused; S3 accepts the latter.
/// 7. What AWS would sign alike is written in one way: percent-encodings in upper case, no dot segments and no empty ones in a path.
///    [`normalize_paths`](SigV4VerifierBuilder::normalize_paths) accepts those that AWS accepts.
///
/// *Caveat:* a request that was signed can be sent again until its time is over: AWS allows that, and so does this. What must not be done
/// twice needs a condition of its own. Parameters of one name are signed whatever their order.
#[derive(Clone)]
pub struct SigV4Verifier {
    source: Arc<dyn CredentialSource>,
    clock: Arc<dyn Clock>,
    region: String,
    services: Vec<String>,
    max_body: usize,
    dialect: Dialect,
}

/// Where services differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub(super) encode_again: bool,
    pub(super) dots: Dots,
    pub(super) skew: Duration,
    pub(super) accepts_unsigned: bool,
}

/// A [`SigV4Verifier`] in the making.
#[derive(Clone, Debug)]
#[must_use]
pub struct SigV4VerifierBuilder {
    verifier: SigV4Verifier,
}

/// A request whose signature has been read and not been checked.
#[derive(Clone, Debug)]
pub(super) struct Claimed {
    authorization: Authorization,
    query: Query,
}

/// What the body must still show when all else has been checked.
#[derive(Debug)]
pub(super) enum Owed {
    /// Nothing: it is not signed.
    Nothing,
    /// That it has this digest. The signature, which is good, covers it.
    Digest(String),
    /// That the signature is good: the canonical request as far as the digest of the body, with which it ends.
    Signature(Vec<u8>),
}

impl SigV4Verifier {
    /// A verifier of requests to this region and this service, such as `execute-api`.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use portcullis::{AccessKey, CredentialSource, FindingCredentials, SigV4Verifier, SignatureError, SigningCredentials};
    /// use portcullis::{rules::IamCaller, testkit::ManualClock};
    /// use std::sync::Arc;
    ///
    /// /// The one key of the examples of AWS.
    /// #[derive(Debug)]
    /// struct Example;
    ///
    /// impl CredentialSource for Example {
    ///     fn find(&self, key: AccessKey<'_>) -> FindingCredentials {
    ///         let known = (key.id == "AKIDEXAMPLE" && key.session_token.is_none()).then(|| {
    ///             SigningCredentials::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", IamCaller::default())
    ///         });
    ///         Box::pin(async { Ok(known) })
    ///     }
    /// }
    ///
    /// let verifier = SigV4Verifier::builder(Arc::new(Example), "us-east-1", "service")
    ///     .clock(ManualClock::at(1_440_938_160))
    ///     .build();
    /// let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
    ///     SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    /// let (parts, ()) = http::Request::get("/")
    ///     .header("host", "example.amazonaws.com")
    ///     .header("x-amz-date", "20150830T123600Z")
    ///     .header("authorization", authorization)
    ///     .body(())?
    ///     .into_parts();
    /// assert!(verifier.verify(&parts, b"").await.is_ok());
    /// assert_eq!(verifier.verify(&parts, b"another body").await, Err(SignatureError::Mismatch));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn builder(
        source: Arc<dyn CredentialSource>,
        region: impl Into<String>,
        service: impl Into<String>,
    ) -> SigV4VerifierBuilder {
        let dialect = Dialect { encode_again: true, dots: Dots::Refuse, skew: SKEW, accepts_unsigned: false };
        let verifier = Self {
            source,
            clock: Arc::new(SystemClock),
            region: region.into(),
            services: vec![service.into()],
            max_body: MAX_SIGNED_BODY,
            dialect,
        };
        SigV4VerifierBuilder { verifier }
    }

    /// Who has signed the request with this body.
    ///
    /// # Errors
    ///
    /// When it is not signed, or not like this.
    pub async fn verify(&self, parts: &Parts, body: &[u8]) -> Result<SignedCaller, SignatureError> {
        let claimed = self.read(parts)?.ok_or(SignatureError::Missing)?;
        let found = self.find(&claimed).await.map_err(|_| SignatureError::Unavailable)?;
        let credentials = self.admit(found)?;
        let owed = self.check_head(&claimed, &credentials, parts)?;
        self.check_body(&claimed, &credentials, owed, body)?;
        Ok(claimed.into_caller(&credentials))
    }

    /// Who has signed a request whose body has yet to come: for a service that keeps no bodies in memory, or refuses before it has read one.
    /// It must then hold the body against [`SignedHead::payload`].
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use portcullis::{AccessKey, CredentialSource, FindingCredentials, SigV4Verifier, SignatureError};
    /// use std::sync::Arc;
    ///
    /// #[derive(Debug)]
    /// struct Nobody;
    ///
    /// impl CredentialSource for Nobody {
    ///     fn find(&self, _: AccessKey<'_>) -> FindingCredentials {
    ///         Box::pin(async { Ok(None) })
    ///     }
    /// }
    ///
    /// let verifier = SigV4Verifier::builder(Arc::new(Nobody), "us-east-1", "s3").s3().build();
    /// let (parts, ()) = http::Request::put("/bucket/key").body(())?.into_parts();
    /// assert_eq!(verifier.verify_head(&parts).await.unwrap_err(), SignatureError::Missing);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// When it is not signed, or not like this, or does not tell in `x-amz-content-sha256` which body was signed.
    pub async fn verify_head(&self, parts: &Parts) -> Result<SignedHead, SignatureError> {
        let claimed = self.read(parts)?.ok_or(SignatureError::Missing)?;
        let found = self.find(&claimed).await.map_err(|_| SignatureError::Unavailable)?;
        let credentials = self.admit(found)?;
        let payload = match self.check_head(&claimed, &credentials, parts)? {
            Owed::Nothing => SignedBody::Unsigned,
            Owed::Digest(told) => {
                SignedBody::Sha256(read_signature(&told).map_err(|_| SignatureError::PayloadMismatch)?)
            }
            Owed::Signature(_) => {
                return Err(incomplete("The request requires a 'x-amz-content-sha256' header."));
            }
        };
        let extensions = credentials.extensions.clone();
        Ok(SignedHead { caller: claimed.into_caller(&credentials), payload, extensions })
    }

    /// The signature of a request, if it has one, and all that can be said about it without a secret.
    pub(super) fn read(&self, parts: &Parts) -> Result<Option<Claimed>, SignatureError> {
        let in_header = is_signed_in_header(&parts.headers);
        let query = match Query::parse(&parts.uri) {
            Ok(query) if in_header || is_presigned(&query) => query,
            Err(_) if in_header || Query::seems_to_have(&parts.uri, &IN_QUERY) => {
                return Err(SignatureError::Mismatch);
            }
            // A request without a signature is none of ours to refuse.
            _ => return Ok(None),
        };
        let authorization = Authorization::of(parts, &query)?;
        if authorization.region != self.region {
            return Err(SignatureError::Scope("Credential should be scoped to a valid region."));
        }
        if !self.services.contains(&authorization.service) {
            return Err(SignatureError::Scope("Credential should be scoped to correct service."));
        }
        canonical::check_signed(&parts.headers, &authorization.signed_headers)?;
        self.check_time(&authorization)?;
        if authorization.access_key_id.starts_with("ASIA") && authorization.session_token.is_none() {
            return Err(SignatureError::UnknownKey);
        }
        self.check_payload_form(parts)?;
        Ok(Some(Claimed { authorization, query }))
    }

    pub(super) fn find(&self, claimed: &Claimed) -> FindingCredentials {
        let authorization = &claimed.authorization;
        self.source.find(AccessKey {
            id: &authorization.access_key_id,
            session_token: authorization.session_token.as_deref(),
        })
    }

    /// The credentials, if they are any and still good.
    pub(super) fn admit(
        &self,
        found: Option<SigningCredentials>,
    ) -> Result<SigningCredentials, SignatureError> {
        let credentials = found.ok_or(SignatureError::UnknownKey)?;
        self.check_end(&credentials)?;
        Ok(credentials)
    }

    fn check_end(&self, credentials: &SigningCredentials) -> Result<(), SignatureError> {
        match credentials.expires_at {
            Some(end) if end <= self.clock.now() => Err(SignatureError::ExpiredCredentials),
            _ => Ok(()),
        }
    }

    /// Whether the signature is that of the request, as far as that can be told without its body.
    pub(super) fn check_head(
        &self,
        claimed: &Claimed,
        credentials: &SigningCredentials,
        parts: &Parts,
    ) -> Result<Owed, SignatureError> {
        let path = canonical::path(&parts.uri, self.dialect.encode_again, self.dialect.dots)?;
        let signed = &claimed.authorization.signed_headers;
        let mut text = format!("{}\n{path}\n{}\n", parts.method, claimed.query.canonical()).into_bytes();
        canonical::headers(&parts.headers, &parts.uri, signed, &mut text)?;
        text.push(b'\n');
        for (index, name) in signed.iter().enumerate() {
            if index > 0 {
                text.push(b';');
            }
            text.extend(name.as_str().bytes());
        }
        text.push(b'\n');
        let Some(payload) = self.payload(claimed, parts)? else { return Ok(Owed::Signature(text)) };
        text.extend(payload.bytes());
        if !is_good(&claimed.authorization, &credentials.secret, &text) {
            return Err(SignatureError::Mismatch);
        }
        Ok(if payload == UNSIGNED { Owed::Nothing } else { Owed::Digest(payload) })
    }

    /// Whether the body is the one that was signed.
    pub(super) fn check_body(
        &self,
        claimed: &Claimed,
        credentials: &SigningCredentials,
        owed: Owed,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        // Once more, for the body may have been long in coming.
        self.check_end(credentials)?;
        self.check_time(&claimed.authorization)?;
        match owed {
            Owed::Nothing => Ok(()),
            Owed::Digest(told) if told == sha256_hex(body) => Ok(()),
            Owed::Digest(_) => Err(SignatureError::PayloadMismatch),
            Owed::Signature(mut text) => {
                text.extend(sha256_hex(body).bytes());
                match is_good(&claimed.authorization, &credentials.secret, &text) {
                    true => Ok(()),
                    false => Err(SignatureError::Mismatch),
                }
            }
        }
    }

    pub(super) fn max_body(&self) -> usize {
        self.max_body
    }

    #[cfg(test)]
    pub(super) fn with_dialect(mut self, change: impl FnOnce(&mut Dialect)) -> Self {
        change(&mut self.dialect);
        self
    }

    fn check_time(&self, authorization: &Authorization) -> Result<(), SignatureError> {
        let (now, signed) = (self.clock.now(), authorization.date.time());
        let end = signed.checked_add(authorization.presigned.unwrap_or(self.dialect.skew));
        if now > end.unwrap_or(SystemTime::UNIX_EPOCH) {
            return Err(SignatureError::Expired);
        }
        if signed > now.checked_add(self.dialect.skew).unwrap_or(now) {
            return Err(SignatureError::NotYetCurrent);
        }
        Ok(())
    }

    fn check_payload_form(&self, parts: &Parts) -> Result<(), SignatureError> {
        match one(&parts.headers, &CONTENT_SHA256)? {
            Some(UNSIGNED) if self.dialect.accepts_unsigned => Ok(()),
            Some(told) if told == UNSIGNED || told.starts_with("STREAMING-") => {
                Err(SignatureError::PayloadForm)
            }
            Some(told) if told.len() == 64 => Ok(()),
            Some(_) => Err(incomplete("'x-amz-content-sha256' must be a SHA-256 in hexadecimal digits.")),
            None => Ok(()),
        }
    }

    /// What the request says is signed for the body: a digest, or that it is not signed. `None` where it says nothing, and the digest is
    /// that of the body.
    fn payload(&self, claimed: &Claimed, parts: &Parts) -> Result<Option<String>, SignatureError> {
        let told = one(&parts.headers, &CONTENT_SHA256)?;
        if self.is_unsigned(claimed, told) {
            return Ok(Some(UNSIGNED.to_owned()));
        }
        Ok(told.map(str::to_owned))
    }

    /// Whether the body is not signed, where that is accepted.
    fn is_unsigned(&self, claimed: &Claimed, told: Option<&str>) -> bool {
        let is_unsigned = match told {
            Some(told) => told == UNSIGNED,
            // S3 takes the body of a presigned URL as it is.
            None => claimed.authorization.presigned.is_some(),
        };
        is_unsigned && self.dialect.accepts_unsigned
    }
}

impl SigV4VerifierBuilder {
    /// Also accepts requests that are signed for this service.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.verifier.services.push(service.into());
        self
    }

    /// Reads the time here.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.verifier.clock = Arc::new(clock);
        self
    }

    /// Reads bodies of at most this many bytes; [`MAX_SIGNED_BODY`] unless it is said.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.verifier.max_body = bytes;
        self
    }

    /// Resolves dot segments and empty segments before a path is compared, as AWS does, and does not refuse them.
    ///
    /// *Caveat:* the request goes on with the path as it came. Whoever routes it must take it for the same.
    pub fn normalize_paths(mut self) -> Self {
        self.verifier.dialect.dots = Dots::Resolve;
        self
    }

    /// Checks as Amazon S3 does: paths are signed as they are, the clock may be off by fifteen minutes, and `UNSIGNED-PAYLOAD` is accepted.
    pub fn s3(mut self) -> Self {
        self.verifier.dialect =
            Dialect { encode_again: false, dots: Dots::Keep, skew: S3_SKEW, accepts_unsigned: true };
        self
    }

    /// The verifier.
    #[must_use]
    pub fn build(self) -> SigV4Verifier {
        self.verifier
    }
}

impl Claimed {
    pub(super) fn is_presigned(&self) -> bool {
        self.authorization.presigned.is_some()
    }

    pub(super) fn into_caller(self, credentials: &SigningCredentials) -> SignedCaller {
        SignedCaller {
            caller: credentials.caller.clone(),
            service: self.authorization.service,
            expires_at: credentials.expires_at,
        }
    }
}

impl fmt::Debug for SigV4Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigV4Verifier")
            .field("region", &self.region)
            .field("services", &self.services)
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}
