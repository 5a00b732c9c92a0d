//! Where the secrets come from.

use std::{fmt, pin::Pin, time::SystemTime};

use http::Extensions;
use portcullis_rules::IamCaller;
use thiserror::Error;

/// Knows the secret access keys of those who may call.
///
/// It is asked before the signature is checked, with what stands in the request. An implementation tells nobody apart by how long it takes, and
/// answers `None` to a key that it does not know, to a temporary key without its session token, and to one with the token of another.
pub trait CredentialSource: fmt::Debug + Send + Sync {
    /// Starts to look for the credentials of this key.
    fn find(&self, key: AccessKey<'_>) -> FindingCredentials;
}

/// A search under way.
pub type FindingCredentials =
    Pin<Box<dyn Future<Output = Result<Option<SigningCredentials>, CredentialsUnavailable>> + Send>>;

/// It cannot be said now whose key this is.
#[derive(Clone, Copy, Debug, Default, Error, PartialEq, Eq)]
#[error("the credentials cannot be looked up now")]
#[non_exhaustive]
pub struct CredentialsUnavailable;

/// What a request says about its key. Nothing of it is proven.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessKey<'a> {
    /// The access key id, such as `ASIA..` (temporary credentials) or `AKIA..`.
    pub id: &'a str,
    /// The session token, which temporary credentials come with.
    pub session_token: Option<&'a str>,
}

impl<'a> AccessKey<'a> {
    /// A key by its id, with the session token that came along.
    #[must_use]
    pub fn new(id: &'a str, session_token: Option<&'a str>) -> Self {
        Self { id, session_token }
    }
}

/// A secret, and whose it is.
#[derive(Clone)]
#[must_use]
pub struct SigningCredentials {
    pub(super) secret: String,
    pub(super) caller: IamCaller,
    pub(super) expires_at: Option<SystemTime>,
    pub(super) extensions: Extensions,
}

impl SigningCredentials {
    /// The credentials of this caller.
    pub fn new(secret_access_key: impl Into<String>, caller: IamCaller) -> Self {
        let secret = secret_access_key.into();
        Self { secret, caller, expires_at: None, extensions: Extensions::new() }
    }

    /// They are good until then.
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.expires_at = Some(time);
        self
    }

    /// Something that a request which is signed with these credentials shall have in its extensions.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, extension: T) -> Self {
        self.extensions.insert(extension);
        self
    }
}

// A session token is as good as a password.
impl fmt::Debug for AccessKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for SigningCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningCredentials").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
