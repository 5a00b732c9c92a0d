//! What a client is told when it is not let in.

use std::{borrow::Cow, time::Duration};

use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::json;

use crate::{AuthenticateError, Forbidden};

/// The answer to a request that is not let in, as RFC 6750 has it.
///
/// | refusal | status | `WWW-Authenticate` |
/// |---|---|---|
/// | no credentials | 401 | `Bearer` |
/// | the token is not accepted | 401 | `Bearer error="invalid_token"` and a fixed description |
/// | the request is malformed | 400 | `Bearer error="invalid_request"` and a fixed description |
/// | the caller may not do this | 403 | `Bearer error="insufficient_scope"`, with the scope if one is required |
/// | the issuer's keys cannot be had | 503 | none, but `Retry-After` |
/// | no [`AuthenticateLayer`](crate::AuthenticateLayer) ran | 500 | none |
///
/// The text is fixed and says nothing about the token. Layers put the refusal into the extensions of their response, so that
/// a layer outside can see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    kind: RefusalKind,
    /// For the log.
    reason: Cow<'static, str>,
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
    pub(crate) const MISSING: Self =
        Self { kind: RefusalKind::MissingCredentials, reason: Cow::Borrowed("missing_credentials") };
    pub(crate) const BAD_API_KEY: Self =
        Self { kind: RefusalKind::MissingCredentials, reason: Cow::Borrowed("api_key") };
    pub(crate) const EMPTY_TOKEN: Self =
        Self { kind: RefusalKind::InvalidToken, reason: Cow::Borrowed("empty_token") };
    pub(crate) const MISCONFIGURED: Self =
        Self { kind: RefusalKind::Misconfigured, reason: Cow::Borrowed("no_authenticate_layer") };

    pub(crate) fn invalid_request(reason: &'static str) -> Self {
        Self { kind: RefusalKind::InvalidRequest, reason: Cow::Borrowed(reason) }
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
            RefusalKind::MissingCredentials | RefusalKind::InvalidToken => StatusCode::UNAUTHORIZED,
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
            RefusalKind::Forbidden { .. } => "not allowed",
            RefusalKind::Unavailable { .. } => "try again later",
            RefusalKind::Misconfigured => "internal error",
        }
    }

    /// The value of `WWW-Authenticate`, where one belongs.
    #[must_use]
    pub fn challenge(&self) -> Option<HeaderValue> {
        let error = match &self.kind {
            RefusalKind::MissingCredentials => return Some(HeaderValue::from_static("Bearer")),
            RefusalKind::InvalidToken => "invalid_token",
            RefusalKind::InvalidRequest => "invalid_request",
            RefusalKind::Forbidden { .. } => "insufficient_scope",
            RefusalKind::Unavailable { .. } | RefusalKind::Misconfigured => return None,
        };
        let mut challenge = format!(r#"Bearer error="{error}", error_description="{}""#, self.detail());
        if let RefusalKind::Forbidden { scope: Some(scope) } = &self.kind {
            challenge.push_str(&format!(r#", scope="{scope}""#));
        }
        HeaderValue::try_from(challenge).ok()
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
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(challenge) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let RefusalKind::Unavailable { retry_after } = self.kind {
            // Whole seconds, rounded up: a client that came back at once would only be sent away again.
            let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
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
        Self { kind, reason: Cow::Borrowed(error.reason()) }
    }
}

impl From<Forbidden> for Refusal {
    fn from(forbidden: Forbidden) -> Self {
        let Forbidden { reason, scope } = forbidden;
        Self { kind: RefusalKind::Forbidden { scope }, reason }
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
