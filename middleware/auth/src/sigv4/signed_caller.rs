//! Who has signed a request.

use std::time::SystemTime;

use portcullis_rules::IamCaller;

/// Stands in the extensions of a request whose signature [`SigV4Layer`](crate::SigV4Layer) has found to be good. Nobody else can make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCaller {
    pub(super) caller: IamCaller,
    pub(super) service: String,
    pub(super) expires_at: Option<SystemTime>,
}

impl SignedCaller {
    /// The caller.
    #[must_use]
    pub fn caller(&self) -> &IamCaller {
        &self.caller
    }

    /// The service that the request was signed for, such as `execute-api`.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// When the credentials end that the request was signed with; `None` for those that last. Whoever goes on for the caller after the
    /// request has been answered, such as a WebSocket, must end then.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }
}
