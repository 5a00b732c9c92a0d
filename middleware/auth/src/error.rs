//! Why a token is not accepted.

use std::time::Duration;

use thiserror::Error;

/// The failure to turn a token into an identity.
///
/// The text and [`reason`](Self::reason) are for the log. A client is told less: see [`Refusal`](crate::Refusal).
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthenticateError {
    /// The token is the client's fault.
    #[error("token rejected: {0}")]
    Rejected(#[from] Rejection),
    /// The issuer's keys cannot be had, so that nothing can be said about the token.
    #[error("the keys of the issuer are not available")]
    KeysUnavailable {
        /// When it makes sense to ask again.
        retry_after: Duration,
    },
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// It is longer than the verifier's limit.
    #[error("it is too long")]
    TooLong,
    /// It is not three parts separated by dots.
    #[error("it is not a signed token of three parts")]
    Parts,
    /// A part is not unpadded base64url, spelled in the one way that is right.
    #[error("a part is not base64url")]
    Base64,
    /// The header is not one strict JSON object.
    #[error("the header is not a strict JSON object")]
    HeaderJson,
    /// The claims are not one strict JSON object.
    #[error("the claims are not a strict JSON object")]
    ClaimsJson,
    /// The header's `alg` is missing, or names an algorithm that is never accepted.
    #[error("the algorithm is not accepted")]
    Algorithm,
    /// The header's `alg` is not one that the key is for.
    #[error("the algorithm is not that of the key")]
    AlgorithmMismatch,
    /// The header asks for an extension: `crit` or `b64`.
    #[error("the header asks for an extension")]
    Extension,
    /// The header carries a key of its own: `jwk` or `x5c`.
    #[error("the header carries a key")]
    EmbeddedKey,
    /// The header speaks of encryption, compression or a nested token: `enc`, `zip` or `cty`.
    #[error("the header speaks of encryption, compression or nesting")]
    Encrypted,
    /// The header's `typ` is not one that is expected.
    #[error("the type is not expected")]
    Type,
    /// The header's `kid` is not a string.
    #[error("the key id is not a string")]
    KeyId,
    /// The `iss` claim is not that of a configured issuer, byte by byte.
    #[error("the issuer is not known")]
    Issuer,
    /// The issuer has no key of this id.
    #[error("the key is not known")]
    UnknownKey,
    /// The signature does not belong to the token and the key.
    #[error("the signature is wrong")]
    Signature,
    /// `exp`, `nbf` or `iat` is not a number, or `exp` is missing.
    #[error("a time claim is missing or not a number")]
    TimeClaim,
    /// `exp` has been reached.
    #[error("it has expired")]
    Expired,
    /// `nbf` has not been reached.
    #[error("it is not valid yet")]
    NotYetValid,
    /// The token is for another use: `token_use`, or an ID token where an access token is expected.
    #[error("the token use is not the expected one")]
    TokenUse,
    /// It was issued to a client that is not allowed.
    #[error("the client is not allowed")]
    Client,
    /// It was signed for another load balancer: the header's `signer` is not one that is allowed.
    #[error("the load balancer is not expected")]
    Signer,
    /// It is meant for another audience.
    #[error("the audience is not expected")]
    Audience,
    /// `sub` is missing, empty or not a string.
    #[error("the subject is missing")]
    Subject,
    /// It is bound to a key of the sender (`cnf`) and was sent without proof of that key.
    #[error("it is bound to a sender and came without proof")]
    SenderConstrained,
    /// It is bound to another key than the one that was proven (`cnf.jkt`).
    #[error("it is bound to another key")]
    KeyBinding,
    /// It is bound to another certificate than that of the connection (`cnf.x5t#S256`).
    #[error("it is bound to another certificate")]
    CertificateBinding,
    /// A gateway has made a text of a list, and it can be read in more than one way.
    #[error("a list of the gateway can be read in more than one way")]
    AmbiguousList,
    /// The token in the request is not the one that the gateway has checked.
    #[error("it is not the token that the gateway has checked")]
    GatewayToken,
}

impl AuthenticateError {
    /// A short code for logs and metrics.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::KeysUnavailable { .. } => "keys_unavailable",
        }
    }
}

impl Rejection {
    /// A short code for logs and metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Parts => "parts",
            Self::Base64 => "base64",
            Self::HeaderJson => "header_json",
            Self::ClaimsJson => "claims_json",
            Self::Algorithm => "algorithm",
            Self::AlgorithmMismatch => "algorithm_mismatch",
            Self::Extension => "extension",
            Self::EmbeddedKey => "embedded_key",
            Self::Encrypted => "encrypted",
            Self::Type => "type",
            Self::KeyId => "key_id",
            Self::Issuer => "issuer",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::TimeClaim => "time_claim",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::TokenUse => "token_use",
            Self::Client => "client",
            Self::Signer => "signer",
            Self::Audience => "audience",
            Self::Subject => "subject",
            Self::SenderConstrained => "sender_constrained",
            Self::KeyBinding => "key_binding",
            Self::CertificateBinding => "certificate_binding",
            Self::AmbiguousList => "ambiguous_list",
            Self::GatewayToken => "gateway_token",
        }
    }
}
