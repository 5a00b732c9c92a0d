//! Why a document is no policy.

use thiserror::Error;

/// A document that is no policy, or none that this crate understands in full.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{path}` {problem}")]
pub struct InvalidPolicy {
    /// Where in the document, such as `Statement[0].Action`.
    pub path: String,
    /// What is wrong, in words that fit after the path.
    pub problem: &'static str,
}

impl InvalidPolicy {
    pub(crate) fn new(path: impl Into<String>, problem: &'static str) -> Self {
        Self { path: path.into(), problem }
    }
}
