//! The decision that the layer carries.

use futures_util::future::BoxFuture;
use http::HeaderMap;
use portcullis_rules::Identity;

use crate::{AuthenticateError, Refusal, Verifier, api_keys::ApiKeys, credentials::Credentials};

/// Says who calls.
#[derive(Clone, Debug)]
pub(crate) struct Authenticator {
    pub(crate) verifier: Verifier,
    pub(crate) api_keys: ApiKeys,
    pub(crate) optional: bool,
}

/// What can be said about a request at once.
pub(crate) enum Check {
    /// The caller; `None` where authentication is optional and nothing was sent.
    Known(Option<Identity>),
    Refused(Refusal),
    /// Keys have to be fetched first.
    Pending(BoxFuture<'static, Result<Identity, AuthenticateError>>),
}

impl Authenticator {
    pub(crate) fn check(&self, headers: &HeaderMap) -> Check {
        match Credentials::of(headers) {
            Ok(Credentials::Bearer(token)) => match self.verifier.authenticate_now(token) {
                Some(Ok(identity)) => Check::Known(Some(identity)),
                Some(Err(error)) => Check::Refused(error.into()),
                None => Check::Pending(self.verifier.authenticate_later(token)),
            },
            Ok(Credentials::ApiKey(key)) if self.api_keys.contain(key) => {
                Check::Known(Some(Identity::ApiKey))
            }
            Ok(Credentials::ApiKey(_)) => Check::Refused(Refusal::BAD_API_KEY),
            Ok(Credentials::Nothing) if self.optional => Check::Known(None),
            Ok(Credentials::Nothing) => Check::Refused(Refusal::MISSING),
            Err(refusal) => Check::Refused(refusal),
        }
    }
}
