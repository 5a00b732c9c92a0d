use std::future::Future;

use thiserror::Error;

use crate::Message;

/// Who sends messages.
pub trait Sender: Sync {
    /// Sends one.
    fn send(&self, message: &Message) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// A message that could not be sent. The text is for the log and must hold no personal data.
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
