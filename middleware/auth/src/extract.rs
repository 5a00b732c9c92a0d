//! The caller as an argument of an axum handler.

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use portcullis_rules::Identity;

use crate::{Refusal, identity_ext::Authenticated};

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
