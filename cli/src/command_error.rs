//! Why a command could not do what it was told.

use std::process::ExitCode;

use thiserror::Error;

use crate::{
    StartError, access::AccessError, client_config::ClientConfigError, decide::DecideError,
    expand::ExpandError, explain::ExplainError, keys::KeysError, policy_test::TestError,
    reindex::ReindexCommandError, shards::ShardsCommandError, verify::VerifyError,
};

/// Why a command could not do what it was told, in words for the person at the terminal.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The local system could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// `portcullis explain` could not answer.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// `portcullis access` could not answer.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// `portcullis client-config` has no configuration.
    #[error(transparent)]
    ClientConfig(#[from] ClientConfigError),
    /// `portcullis decide` could not answer.
    #[error(transparent)]
    Decide(#[from] DecideError),
    /// `portcullis expand` could not answer.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// `portcullis test` could not run the cases.
    #[error(transparent)]
    Test(#[from] TestError),
    /// `portcullis verify` has no verdict.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// `portcullis reindex` ended early.
    #[error(transparent)]
    Reindex(#[from] ReindexCommandError),
    /// `portcullis shards` has no number, or could not set it.
    #[error(transparent)]
    Shards(#[from] ShardsCommandError),
    /// `portcullis keys` has no key set.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl CommandError {
    /// The status to exit with. That a test could not be run is told from a test that fails, and that there is no verdict from
    /// a token that is refused.
    #[must_use]
    pub fn status(&self) -> ExitCode {
        match self {
            Self::Test(_) | Self::Verify(_) => ExitCode::from(2),
            Self::Start(_)
            | Self::Explain(_)
            | Self::Access(_)
            | Self::ClientConfig(_)
            | Self::Decide(_)
            | Self::Expand(_)
            | Self::Keys(_)
            | Self::Reindex(_)
            | Self::Shards(_) => ExitCode::FAILURE,
        }
    }
}
