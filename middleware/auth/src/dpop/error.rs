//! Why a proof is not accepted.

use std::time::Duration;

use thiserror::Error;

/// What is wrong with a proof, or with the token that it comes with.
///
/// The text and [`reason`](Self::reason) are for the log. A client is told less: see [`Refusal`](crate::Refusal).
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// There is none.
    #[error("there is no proof")]
    Missing,
    /// There are several, or something that is not text.
    #[error("there is more than one proof")]
    Several,
    /// It is longer than [`MAX_PROOF_BYTES`](crate::MAX_PROOF_BYTES).
    #[error("the proof is too long")]
    TooLong,
    /// It is not a signed token of three parts in base64url, with strict JSON objects as header and claims.
    #[error("the proof is not a signed token")]
    Form,
    /// Its `typ` is not `dpop+jwt`.
    #[error("the proof is of another type")]
    Type,
    /// Its header asks for an extension, encryption or compression.
    #[error("the proof asks for an extension")]
    Extension,
    /// Its `alg` is not one of those that are accepted.
    #[error("the algorithm of the proof is not accepted")]
    Algorithm,
    /// Its header has no `jwk`, or one that is weak, malformed or not for its `alg`.
    #[error("the key of the proof is missing or cannot be used")]
    Key,
    /// Its header shows a private or a symmetric key.
    #[error("the proof shows a private key")]
    PrivateKey,
    /// It was not signed with the key that it shows.
    #[error("the signature of the proof is wrong")]
    Signature,
    /// `jti`, `htm`, `htu`, `iat` or `ath` is missing, or a claim is of another type or too long.
    #[error("a claim of the proof is missing or malformed")]
    Claim,
    /// It is for another method (`htm`).
    #[error("the proof is for another method")]
    Method,
    /// It is for another URL (`htu`).
    #[error("the proof is for another url")]
    Uri,
    /// It was made too long ago, or in the future (`iat`).
    #[error("the proof is not of this time")]
    Time,
    /// It is for another token (`ath`).
    #[error("the proof is for another token")]
    Token,
    /// It was used already (`jti`).
    #[error("the proof was used already")]
    Replayed,
    /// It has no nonce, or one that is not accepted now.
    #[error("the proof needs a nonce of the server")]
    Nonce {
        /// The nonce that the client should use.
        nonce: String,
    },
    /// The token is not bound to a key, so that a proof proves nothing.
    #[error("the token is not bound to a key")]
    Unbound,
    /// The token is bound to another key than the one of the proof.
    #[error("the token is bound to another key")]
    KeyBinding,
    /// As many proofs as can be remembered were used just now. None is accepted that could not be remembered.
    #[error("too many proofs were used just now")]
    Full {
        /// When one of them can be forgotten.
        retry_after: Duration,
    },
}

impl ProofError {
    /// A short code for logs and metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "proof_missing",
            Self::Several => "several_proofs",
            Self::TooLong => "proof_too_long",
            Self::Form => "proof_form",
            Self::Type => "proof_type",
            Self::Extension => "proof_extension",
            Self::Algorithm => "proof_algorithm",
            Self::Key => "proof_key",
            Self::PrivateKey => "proof_private_key",
            Self::Signature => "proof_signature",
            Self::Claim => "proof_claim",
            Self::Method => "proof_method",
            Self::Uri => "proof_uri",
            Self::Time => "proof_time",
            Self::Token => "proof_token",
            Self::Replayed => "proof_replayed",
            Self::Nonce { .. } => "proof_nonce",
            Self::Unbound => "token_not_bound",
            Self::KeyBinding => "key_binding",
            Self::Full { .. } => "replay_store_full",
        }
    }
}
