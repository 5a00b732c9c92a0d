//! A signed request before its body.

use http::Extensions;

use super::SignedCaller;

/// The head of a request whose signature [`SigV4Verifier::verify_head`](crate::SigV4Verifier::verify_head) has found to be good.
///
/// *Caveat:* nothing is known of the body yet. Whoever reads it must hold it against [`payload`](Self::payload).
#[derive(Clone, Debug)]
pub struct SignedHead {
    pub(super) caller: SignedCaller,
    pub(super) payload: SignedBody,
    pub(super) extensions: Extensions,
}

/// Which body was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedBody {
    /// None: the signer has said so, and any body is as good as another.
    Unsigned,
    /// The one with this SHA-256.
    Sha256([u8; 32]),
}

impl SignedHead {
    /// Who has signed it.
    #[must_use]
    pub fn caller(&self) -> &SignedCaller {
        &self.caller
    }

    /// Which body was signed.
    #[must_use]
    pub fn payload(&self) -> SignedBody {
        self.payload
    }

    /// What came with the [credentials](crate::SigningCredentials::extension).
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }
}
