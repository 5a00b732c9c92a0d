//! Who has signed a request.

use portcullis_rules::IamCaller;

/// Stands in the extensions of a request whose signature [`SigV4Layer`](crate::SigV4Layer) has found to be good. Nobody else can make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCaller {
    pub(super) caller: IamCaller,
    pub(super) service: String,
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
}
