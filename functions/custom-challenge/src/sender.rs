use std::future::Future;

use thiserror::Error;

use crate::Letter;

/// Who sends the e-mails.
pub trait Sender {
    /// Sends one.
    fn send(&self, letter: &Letter) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// An e-mail that could not be sent. The text is for the log and must hold no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{detail}")]
pub struct SendError {
    detail: String,
}

impl SendError {
    /// An error that the log will show as `detail`.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into() }
    }
}
