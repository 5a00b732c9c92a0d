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
    /// Keys must be fetched and there is nothing to fetch them with.
    #[error("issuer `{issuer}`: no fetcher; give one, give the keys, or enable the feature `fetch`")]
    NoFetcher {
        /// The issuer.
        issuer: String,
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
