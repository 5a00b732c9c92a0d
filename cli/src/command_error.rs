//! Why a command could not do what it was told.

use thiserror::Error;

use crate::{StartError, access::AccessError, decide::DecideError, explain::ExplainError};

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
    /// `portcullis decide` could not answer.
    #[error(transparent)]
    Decide(#[from] DecideError),
}
