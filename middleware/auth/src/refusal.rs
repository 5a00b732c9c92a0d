//! What a client is told when it is not let in.

use std::{borrow::Cow, sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::json;

use crate::{
    AuthenticateError, Forbidden, ProofError,
    challenge::{Offer, Scheme},
};

/// Where a server puts a nonce for proofs.
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The answer to a request that is not let in, as RFC 6750 and RFC 9449 have it.
///
/// | refusal | status | `WWW-Authenticate` |
/// |---|---|---|
/// | no credentials | 401 | `Bearer` |
/// | the token is not accepted | 401 | `Bearer error="invalid_token"` and a fixed description |
/// | the proof is not accepted | 401 | `DPoP error="invalid_dpop_proof"` and a fixed description |
/// | the proof needs a nonce | 401 | `DPoP error="use_dpop_nonce"` and a fixed description, and `DPoP-Nonce` |
/// | the request is malformed | 400 | `Bearer error="invalid_request"` and a fixed description |
/// | the caller may not do this | 403 | `Bearer error="insufficient_scope"`, with the scope if one is required |
/// | the issuer's keys cannot be had | 503 | none, but `Retry-After` |
/// | no [`AuthenticateLayer`](crate::AuthenticateLayer) ran | 500 | none |
///
/// Behind a layer that accepts [proofs](crate::AuthenticateLayer::dpop) as well as plain bearers there is a challenge for each,
/// the one that was used first, as in `Bearer error="invalid_token", .., DPoP algs="ES256 .."`; and `resource_metadata` stands
/// with each where it is [configured](crate::AuthenticateLayer::resource_metadata). The layer also completes what a service inside
/// of it refuses.
///
/// The text is fixed and says nothing about the token. Layers put the refusal into the extensions of their response, so that
/// a layer outside can see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    kind: RefusalKind,
    /// For the log.
    reason: Cow<'static, str>,
    used: Scheme,
    /// What the service accepts; a plain bearer if nobody has said.
    offer: Option<Arc<Offer>>,
}

/// The kinds of [`Refusal`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalKind {
    /// Nothing in the request says who calls.
    MissingCredentials,
    /// The credentials cannot be read, or are there twice.
    InvalidRequest,
    /// The token or the API key is not accepted.
    InvalidToken,
    /// The proof that came with the token is not accepted.
    InvalidProof,
    /// The proof that came with the token needs a nonce.
    NonceRequired {
        /// The nonce that the client should use.
        nonce: String,
    },
    /// The caller is known and may not do this.
    Forbidden {
        /// The scope that would be needed.
        scope: Option<String>,
    },
    /// It cannot be said now whether the token is good.
    Unavailable {
        /// When it makes sense to ask again.
        retry_after: Duration,
    },
    /// The server lacks an [`AuthenticateLayer`](crate::AuthenticateLayer).
    Misconfigured,
}

impl Refusal {
    pub(crate) const MISSING: Self = Self::new(RefusalKind::MissingCredentials, "missing_credentials");
    pub(crate) const BAD_API_KEY: Self = Self::new(RefusalKind::MissingCredentials, "api_key");
    pub(crate) const EMPTY_TOKEN: Self = Self::new(RefusalKind::InvalidToken, "empty_token");
    pub(crate) const PROOF_REQUIRED: Self = Self::new(RefusalKind::InvalidToken, "proof_required");
    pub(crate) const MISCONFIGURED: Self = Self::new(RefusalKind::Misconfigured, "no_authenticate_layer");

    const fn new(kind: RefusalKind, reason: &'static str) -> Self {
        Self { kind, reason: Cow::Borrowed(reason), used: Scheme::Bearer, offer: None }
    }

    pub(crate) fn invalid_request(reason: &'static str) -> Self {
        Self::new(RefusalKind::InvalidRequest, reason)
    }

    /// The same, of a request that has used this scheme.
    pub(crate) fn of_scheme(mut self, used: Scheme) -> Self {
        self.used = used;
        self
    }

    /// The same, by a service that accepts this.
    pub(crate) fn offering(mut self, offer: &Arc<Offer>) -> Self {
        self.offer = Some(Arc::clone(offer));
        self
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.offer.is_some()
    }

    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> &RefusalKind {
        &self.kind
    }

    /// A short code that says why, for the log and not for the client.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.kind {
            RefusalKind::MissingCredentials
            | RefusalKind::InvalidToken
            | RefusalKind::InvalidProof
            | RefusalKind::NonceRequired { .. } => StatusCode::UNAUTHORIZED,
            RefusalKind::InvalidRequest => StatusCode::BAD_REQUEST,
            RefusalKind::Forbidden { .. } => StatusCode::FORBIDDEN,
            RefusalKind::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            RefusalKind::Misconfigured => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The fixed text that a client is shown.
    #[must_use]
    pub fn detail(&self) -> &'static str {
        match self.kind {
            RefusalKind::MissingCredentials => "credentials are required",
            RefusalKind::InvalidToken => "the token is not valid",
            RefusalKind::InvalidRequest => "the credentials are malformed",
            RefusalKind::InvalidProof => "the proof is not valid",
            RefusalKind::NonceRequired { .. } => "the proof needs a nonce",
            RefusalKind::Forbidden { .. } => "not allowed",
            RefusalKind::Unavailable { .. } => "try again later",
            RefusalKind::Misconfigured => "internal error",
        }
    }

    /// The value of `WWW-Authenticate`, where one belongs.
    #[must_use]
    pub fn challenge(&self) -> Option<HeaderValue> {
        let error = match &self.kind {
            RefusalKind::MissingCredentials => None,
            RefusalKind::InvalidToken => Some("invalid_token"),
            RefusalKind::InvalidRequest => Some("invalid_request"),
            RefusalKind::InvalidProof => Some("invalid_dpop_proof"),
            RefusalKind::NonceRequired { .. } => Some("use_dpop_nonce"),
            RefusalKind::Forbidden { .. } => Some("insufficient_scope"),
            RefusalKind::Unavailable { .. } | RefusalKind::Misconfigured => return None,
        };
        let mut wrong = Vec::new();
        if let Some(error) = error {
            wrong.extend([("error", error), ("error_description", self.detail())]);
        }
        if let RefusalKind::Forbidden { scope: Some(scope) } = &self.kind {
            wrong.push(("scope", scope));
        }
        let offer = self.offer.as_deref().unwrap_or(&Offer::BEARER);
        HeaderValue::try_from(offer.challenges(self.used, &wrong)).ok()
    }

    /// The headers of the answer, without those that describe its body: for an [`Answer`] of your own.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(challenge) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let RefusalKind::NonceRequired { nonce } = &self.kind
            && let Ok(nonce) = HeaderValue::try_from(nonce)
        {
            headers.insert(DPOP_NONCE, nonce);
            // A nonce out of a cache would be an old one (RFC 9449, 8.2).
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if let RefusalKind::Unavailable { retry_after } = self.kind {
            // Whole seconds, rounded up: a client that came back at once would only be sent away again.
            let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        headers
    }

    /// The body of the answer, a problem of RFC 9457.
    #[must_use]
    pub fn problem(&self) -> String {
        let status = self.status();
        json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.detail(),
        })
        .to_string()
    }

    /// The whole answer, for any body that can be made from text.
    #[must_use]
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.problem()));
        *response.status_mut() = self.status();
        *response.headers_mut() = self.headers();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response.extensions_mut().insert(self);
        response
    }
}

impl From<AuthenticateError> for Refusal {
    fn from(error: AuthenticateError) -> Self {
        let kind = match error {
            AuthenticateError::Rejected(_) => RefusalKind::InvalidToken,
            AuthenticateError::KeysUnavailable { retry_after } => RefusalKind::Unavailable { retry_after },
        };
        Self::new(kind, error.reason())
    }
}

impl From<ProofError> for Refusal {
    fn from(error: ProofError) -> Self {
        let reason = error.reason();
        let kind = match error {
            ProofError::Several => RefusalKind::InvalidRequest,
            ProofError::Nonce { nonce } => RefusalKind::NonceRequired { nonce },
            ProofError::Unbound | ProofError::KeyBinding => RefusalKind::InvalidToken,
            ProofError::Full { retry_after } => RefusalKind::Unavailable { retry_after },
            _ => RefusalKind::InvalidProof,
        };
        Self::new(kind, reason).of_scheme(Scheme::Dpop)
    }
}

impl From<Forbidden> for Refusal {
    fn from(forbidden: Forbidden) -> Self {
        let Forbidden { reason, scope } = forbidden;
        Self { reason, ..Self::new(RefusalKind::Forbidden { scope }, "") }
    }
}

/// Makes the response to a [`Refusal`], for services whose body cannot be made from a `String`.
///
/// A closure is one; the default is [`ProblemJson`].
pub trait Answer<B> {
    /// Makes the response.
    fn answer(&self, refusal: Refusal) -> Response<B>;
}

/// Answers with [`Refusal::into_response`], for every body that can be made from a `String`: axum's, `lambda_http`'s,
/// `http_body_util::Full`, `String` and others.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProblemJson;

impl<B: From<String>> Answer<B> for ProblemJson {
    fn answer(&self, refusal: Refusal) -> Response<B> {
        refusal.into_response()
    }
}

impl<B, F: Fn(Refusal) -> Response<B>> Answer<B> for F {
    fn answer(&self, refusal: Refusal) -> Response<B> {
        self(refusal)
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for Refusal {
    fn into_response(self) -> axum_core::response::Response {
        Refusal::into_response(self)
    }
}
