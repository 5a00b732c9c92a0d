//! The caller as an argument of an axum handler.

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use portcullis_rules::Identity;
use serde::de::DeserializeOwned;

use crate::{ClaimsError, Forbidden, Refusal, identity_ext::Authenticated, typed_claims};

/// The authenticated caller, as an argument of an axum handler.
///
/// Without a caller the answer is 401, and `Option<Caller>` is `None`. Without an
/// [`AuthenticateLayer`](crate::AuthenticateLayer) it is 500 in both cases, and an error is logged.
///
/// ```
/// use axum::{Router, routing::get};
/// use portcullis::Caller;
///
/// async fn hello(Caller(identity): Caller) -> String {
///     format!("hello {}", identity.sub().unwrap_or("machine"))
/// }
///
/// let router: Router = Router::new().route("/", get(hello));
/// # drop(router);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Caller(pub Identity);

/// The claims of the caller's token as a type of one's own, as an argument of an axum handler.
///
/// Without a caller the answer is 401. It is 403 if the caller has no token, as with an API key, or if the claims do not fit the
/// type. Without an [`AuthenticateLayer`](crate::AuthenticateLayer) it is 500, and an error is logged.
///
/// ```
/// use axum::{Router, routing::get};
/// use portcullis::CallerClaims;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Member {
///     sub: String,
///     #[serde(rename = "custom:tenant")]
///     tenant: String,
/// }
///
/// async fn hello(CallerClaims(member): CallerClaims<Member>) -> String {
///     format!("hello {} of {}", member.sub, member.tenant)
/// }
///
/// let router: Router = Router::new().route("/", get(hello));
/// # drop(router);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerClaims<T>(pub T);

fn find(parts: &Parts) -> Result<Option<Caller>, Refusal> {
    if parts.extensions.get::<Authenticated>().is_none() {
        tracing::error!("a handler asked for the caller without an AuthenticateLayer outside of it");
        return Err(Refusal::MISCONFIGURED);
    }
    Ok(parts.extensions.get::<Identity>().cloned().map(Caller))
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        find(parts)?.ok_or(Refusal::MISSING)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Refusal> {
        find(parts)
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for CallerClaims<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let Caller(identity) = find(parts)?.ok_or(Refusal::MISSING)?;
        typed_claims::of_caller(&identity).map(Self).map_err(|error| {
            tracing::debug!(%error, "the claims of the caller cannot be read");
            let reason = match error {
                ClaimsError::NoToken => "no_token",
                ClaimsError::Mismatch { .. } => "claims",
            };
            Forbidden::because(reason).into()
        })
    }
}
