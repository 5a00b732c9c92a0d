//! The answers of this crate that are not a record.

use portcullis_rules::Denied;
use portcullis_schema::InvalidField;
use thiserror::Error;

use crate::StoreError;

/// A request that was not carried out. The texts are fixed and may be shown to a client.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is no such record, or none that the caller may know of.
    #[error("not found")]
    NotFound,
    /// The caller may not do this, and may know so.
    #[error(transparent)]
    Forbidden(#[from] Denied),
    /// The input cannot be accepted; every mistake is named.
    #[error("the input is not valid")]
    Invalid(Vec<InvalidField>),
    /// A record with the key that the client chose exists.
    #[error("a record with this id exists")]
    AlreadyExists,
    /// Others changed the record at the same time, again and again.
    #[error("the record was changed at the same time")]
    Conflict,
    /// The record is not in the state that the client expected.
    #[error("the record has changed since it was read")]
    PreconditionFailed,
    /// The record does not meet the condition that the client stated.
    #[error("the condition does not hold")]
    ConditionFailed,
    /// The token is not one that a page came with.
    #[error("the token of the next page is not valid")]
    InvalidCursor,
    /// DynamoDB did not answer or refused; the source is for the log.
    #[error("the data store is unavailable")]
    Unavailable(#[from] StoreError),
}

impl DataError {
    pub(crate) fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid(vec![InvalidField { field: field.into(), problem: problem.into() }])
    }
}
