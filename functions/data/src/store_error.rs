//! What can go wrong between this process and DynamoDB.

use std::{error::Error, fmt};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// A call to DynamoDB that failed.
///
/// The text names the operation and DynamoDB's error code; what DynamoDB said about it is the
/// [`source`](Error::source). Neither belongs in an answer to a client.
pub struct StoreError {
    operation: &'static str,
    code: Option<String>,
    throttled: bool,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    pub(crate) fn new<E, R>(operation: &'static str, error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        R: fmt::Debug + Send + Sync + 'static,
    {
        let code = error.code().map(str::to_owned);
        let throttled = code.as_deref().is_some_and(is_throttling);
        Self { operation, code, throttled, source: Some(Box::new(error)) }
    }

    /// A failure that DynamoDB did not report as an error: an answer that this crate does not understand.
    pub(crate) fn unexpected(operation: &'static str, code: impl Into<String>) -> Self {
        let code = code.into();
        let throttled = is_throttling(&code);
        Self { operation, code: Some(code), throttled, source: None }
    }

    /// A transaction that was cancelled for this reason.
    pub(crate) fn cancelled<E>(operation: &'static str, reason: &str, error: E) -> Self
    where
        E: Error + Send + Sync + 'static,
    {
        Self {
            operation,
            code: Some(reason.to_owned()),
            throttled: is_throttling(reason),
            source: Some(Box::new(error)),
        }
    }

    /// The DynamoDB operation, such as `GetItem`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The error code of DynamoDB, if it answered at all.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Whether DynamoDB asked to be called less often.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.throttled
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_deref().unwrap_or("no answer");
        write!(f, "dynamodb {} failed: {code}", self.operation)
    }
}

/// Leaves the source out: the SDK's own `Debug` prints whole responses, and these hold people's data.
impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreError")
            .field("operation", &self.operation)
            .field("code", &self.code)
            .field("throttled", &self.throttled)
            .finish_non_exhaustive()
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}

/// The codes by which DynamoDB asks for patience, as errors and as reasons of a cancelled transaction.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "ThrottlingError"
            | "ProvisionedThroughputExceededException"
            | "ProvisionedThroughputExceeded"
            | "RequestLimitExceeded"
    )
}
