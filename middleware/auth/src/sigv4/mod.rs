//! Requests that are signed with AWS credentials, for those who run outside of API Gateway.

mod authorization;
mod canonical;
mod credential_source;
mod date;
mod error;
mod future;
mod layer;
mod service;
mod signature;
mod signed_caller;
mod signed_head;
#[cfg(test)]
mod suite;
mod verifier;

pub use self::{
    credential_source::{
        AccessKey, CredentialSource, CredentialsUnavailable, FindingCredentials, SigningCredentials,
    },
    error::SignatureError,
    future::SigV4Future,
    layer::SigV4Layer,
    service::SigV4Service,
    signed_caller::SignedCaller,
    signed_head::{SignedBody, SignedHead},
    verifier::{MAX_SIGNED_BODY, SigV4Verifier, SigV4VerifierBuilder},
};
