//! What is wrong with a configuration, all of it at once.

use std::fmt;

use thiserror::Error;

/// Everything that is wrong with the configuration of a [`Verifier`](crate::Verifier).
///
/// It is found when the verifier is built, never while it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    mistakes: Vec<Mistake>,
}

/// One mistake in a configuration.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mistake {
    /// A verifier without an issuer would refuse everything.
    #[error("no issuer is configured")]
    NoIssuer,
    /// The same issuer twice.
    #[error("issuer `{0}` is configured twice")]
    IssuerTwice(String),
    /// Two issuers that each stand for any, so that one of them would never be asked.
    #[error("issuer `{0}`: another one accepts any issuer already")]
    AnyIssuerTwice(String),
    /// The issuer is not a URL that keys could be fetched from safely.
    #[error("issuer `{issuer}`: `{url}` is not an https URL (http is allowed on loopback only)")]
    Url {
        /// The issuer.
        issuer: String,
        /// The URL.
        url: String,
    },
    /// The user pool id is not `REGION_ID`.
    #[error("`{pool_id}` is not a user pool id of region `{region}`")]
    PoolId {
        /// The region that was given.
        region: String,
        /// The pool id that was given.
        pool_id: String,
    },
    /// A check was neither stated nor waived.
    #[error("issuer `{issuer}`: {what} not stated; call `{state}`, or `{waive}` to do without")]
    NotStated {
        /// The issuer.
        issuer: String,
        /// What is missing.
        what: &'static str,
        /// The method that states it.
        state: &'static str,
        /// The method that waives it.
        waive: &'static str,
    },
    /// A list that would refuse everything, or hold a value that cannot be.
    #[error("issuer `{issuer}`: `{list}` is empty or holds an empty value")]
    EmptyList {
        /// The issuer.
        issuer: String,
        /// The list.
        list: &'static str,
    },
    /// Any issuer is accepted, so that nothing says where its keys are.
    #[error("issuer `{issuer}`: any issuer is accepted; give the keys with `keys`")]
    AnyIssuerWithoutKeys {
        /// The issuer.
        issuer: String,
    },
    /// A gateway's word would be taken for the token of any issuer.
    #[error("issuer `{issuer}`: any issuer is accepted, which the claims of a gateway cannot be")]
    AnyIssuerAtGateway {
        /// The issuer.
        issuer: String,
    },
    /// It is stated what the header of a token must say, and a gateway does not show it.
    #[error(
        "issuer `{issuer}`: a gateway does not show the header of a token; call `claims_of_token`, or state no types and algorithms and call `insecure_any_token_use`"
    )]
    HeaderUnseen {
        /// The issuer.
        issuer: String,
    },
    /// It is not known where the keys of the load balancers are.
    #[error(
        "load balancer: the region of the keys is not known; name load balancers of one region by their ARNs, or call `region`, `keys_url` or `keys`"
    )]
    LoadBalancerRegion,
    /// Keys must be fetched and there is nothing to fetch them with.
    #[error("issuer `{issuer}`: no fetcher; give one, give the keys, or enable the feature `fetch`")]
    NoFetcher {
        /// The issuer.
        issuer: String,
    },
    /// Proofs say which URL they are for.
    #[error("no origin is configured; call `origin` with the public url of the service")]
    NoOrigin,
    /// The public URL of the service is not one that a proof could name.
    #[error(
        "origin `{0}` is not an https url without user, query and fragment (http is allowed on loopback only)"
    )]
    Origin(String),
    /// No algorithm, or one twice.
    #[error("the algorithms of proofs are an empty list, or name one twice")]
    ProofAlgorithms,
    /// A window that accepts nothing, or proofs of long ago.
    #[error("the window of proofs is not between one second and one hour")]
    ProofWindow,
    /// Without memory no proof could be accepted.
    #[error("no proof can be remembered; call `remember` with a number above zero")]
    NothingRemembered,
    /// Nonces that could be guessed.
    #[error("the secret of the nonces has less than 32 bytes")]
    NonceSecret,
    /// Nonces that change too fast to be used.
    #[error("the period of the nonces is under one second")]
    NoncePeriod,
    /// The protected resource is not a URL that could be told to clients.
    #[error(
        "resource `{0}` is not an https url without user, query and fragment (http is allowed on loopback only)"
    )]
    Resource(String),
    /// A URL in the metadata of a protected resource that nobody could follow safely.
    #[error(
        "resource metadata: `{member}` holds `{url}`, which is not an https url (http is allowed on loopback only)"
    )]
    ResourceUrl {
        /// The member of the metadata.
        member: &'static str,
        /// The URL.
        url: String,
    },
    /// A list in the metadata of a protected resource that holds an empty value, or a scope with a character that has no place there.
    #[error("resource metadata: `{member}` holds a value that cannot be")]
    ResourceValue {
        /// The member of the metadata.
        member: &'static str,
    },
    /// A verifier that cannot accept any token.
    #[error("the size limit is zero")]
    SizeLimit,
}

impl ConfigError {
    pub(crate) fn check(mistakes: Vec<Mistake>) -> Result<(), Self> {
        if mistakes.is_empty() { Ok(()) } else { Err(Self { mistakes }) }
    }

    /// Every mistake, in the order of the configuration.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
