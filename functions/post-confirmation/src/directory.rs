use std::future::Future;

use thiserror::Error;

/// The user pool's groups.
pub trait Directory: Sync {
    /// Adds a user to a group. Adding twice is adding once.
    fn add_user_to_group(
        &self,
        user_pool_id: &str,
        username: &str,
        group: &str,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;
}

/// A group that could not be changed. The text is for the log and must hold no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{detail}")]
pub struct DirectoryError {
    detail: String,
}

impl DirectoryError {
    /// An error that the log will show as `detail`.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into() }
    }
}
