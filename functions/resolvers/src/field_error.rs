//! What a client is told of a field that has no answer, in the words of AppSync.

use std::borrow::Cow;

use portcullis_data::{DataError, FunctionError, rules::Denied};
use thiserror::Error;

/// Why a field has no answer. Both texts are for the client: fixed, and without personal data.
///
/// ```
/// use portcullis_data::DataError;
/// use portcullis_resolvers::FieldError;
///
/// let error = FieldError::of_data("Mutation", "updateNote", DataError::ConditionFailed);
/// assert_eq!(error.kind(), "DynamoDB:ConditionalCheckFailedException");
/// let error = FieldError::of_data("Mutation", "updateNote", DataError::NotFound);
/// assert_eq!(error.to_string(), "Not Authorized to access updateNote on type Mutation");
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct FieldError {
    kind: &'static str,
    message: Cow<'static, str>,
}

impl FieldError {
    /// AppSync's `errorType`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The rules refuse the field as a whole.
    #[must_use]
    pub fn unauthorized(of: &str, field: &str) -> Self {
        Self::new("Unauthorized", format!("Not Authorized to access {field} on type {of}"))
    }

    /// What the data layer says about a field.
    #[must_use]
    pub fn of_data(of: &str, field: &str, error: DataError) -> Self {
        match error {
            DataError::Forbidden(denied) => Self::of_denied(of, field, &denied),
            DataError::NotFound => Self::unauthorized(of, field),
            DataError::Invalid(mistakes) => {
                let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
                Self::new("ValidationError", mistakes.join("; "))
            }
            DataError::AlreadyExists | DataError::ConditionFailed | DataError::PreconditionFailed => {
                Self::condition_failed()
            }
            DataError::Conflict => {
                Self::new("DynamoDB:TransactionConflictException", "The record was changed at the same time")
            }
            DataError::InvalidCursor => Self::new("ValidationError", "nextToken is not valid"),
            DataError::Unavailable(error) => {
                tracing::error!(%error, "the data store is unavailable");
                Self::internal()
            }
            other => {
                tracing::error!(error = %other, "an answer of the data layer is not known");
                Self::internal()
            }
        }
    }

    pub(crate) fn of_denied(of: &str, field: &str, denied: &Denied) -> Self {
        match denied {
            Denied::Fields(fields) if of == "Mutation" => {
                Self::new("Unauthorized", format!("Unauthorized on [{}]", fields.join(", ")))
            }
            _ => Self::unauthorized(of, field),
        }
    }

    pub(crate) fn of_function(of: &str, field: &str, error: FunctionError) -> Self {
        match error {
            FunctionError::Rejected(text) => Self::new("ValidationError", text),
            FunctionError::NotFound => Self::new("NotFound", "there is no such thing"),
            FunctionError::Forbidden => Self::unauthorized(of, field),
            FunctionError::Data(error) => Self::of_data(of, field, error),
            FunctionError::Failed(error) => {
                tracing::error!(%error, "a handler failed");
                Self::internal()
            }
            other => {
                tracing::error!(error = %other, "an answer of a handler is not known");
                Self::internal()
            }
        }
    }

    /// Something broke; what it was is in the log.
    pub(crate) fn internal() -> Self {
        Self::new("InternalFailure", "An internal failure occurred")
    }

    /// The condition of a write did not hold.
    pub(crate) fn condition_failed() -> Self {
        Self::new("DynamoDB:ConditionalCheckFailedException", "The conditional request failed")
    }

    /// What DynamoDB would refuse.
    pub(crate) fn store(message: &'static str) -> Self {
        Self::new("DynamoDB:DynamoDbException", message)
    }

    /// Arguments that do not go together.
    pub(crate) fn arguments(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("InvalidArgumentsError", message)
    }

    pub(crate) fn new(kind: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into() }
    }
}
