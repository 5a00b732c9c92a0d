//! What goes wrong: at start, and in an operation.

use std::borrow::Cow;

use http::StatusCode;
use thiserror::Error;

use crate::{pool::RandomError, template::TemplateMistake};

/// Why there is no identity pool.
#[derive(Debug, Error)]
pub(crate) enum SetupError {
    #[error(transparent)]
    Template(#[from] TemplateMistake),
    /// A role's policy is none that is understood here.
    #[error("{role}: {error}")]
    Policy { role: String, error: portcullis_iam::InvalidPolicy },
    /// The template says something that cannot be done here.
    #[error("{place} {problem}")]
    Unsupported { place: String, problem: &'static str },
    #[error("the identity pool's file {0}")]
    File(&'static str),
    #[error("the identity pool's file: {0}")]
    Database(#[from] rusqlite::Error),
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error(transparent)]
    Verifier(#[from] portcullis::ConfigError),
    #[error("the identity pool's key: {0}")]
    Key(#[from] crate::pool::PoolError),
    #[error("the user pool's keys cannot be read: {0}")]
    Keys(#[from] portcullis::InvalidJwkSet),
}

impl SetupError {
    pub(crate) fn unsupported(place: impl Into<String>, problem: &'static str) -> Self {
        Self::Unsupported { place: place.into(), problem }
    }
}

/// The exceptions of Cognito's API that this pool raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exception {
    Forbidden,
    InternalError,
    InvalidIdentityPoolConfiguration,
    InvalidParameter,
    NotAuthorized,
    RequestEntityTooLarge,
    ResourceConflict,
    ResourceNotFound,
    Serialization,
    UnknownOperation,
}

impl Exception {
    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Forbidden => "ForbiddenException",
            Self::InternalError => "InternalErrorException",
            Self::InvalidIdentityPoolConfiguration => "InvalidIdentityPoolConfigurationException",
            Self::InvalidParameter => "InvalidParameterException",
            Self::NotAuthorized => "NotAuthorizedException",
            Self::RequestEntityTooLarge => "RequestEntityTooLargeException",
            Self::ResourceConflict => "ResourceConflictException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::UnknownOperation => "UnknownOperationException",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::RequestEntityTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// An exception and its message, both for the client's eyes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceError {
    pub(crate) exception: Exception,
    pub(crate) message: Cow<'static, str>,
}

impl ServiceError {
    pub(crate) fn new(exception: Exception, message: impl Into<Cow<'static, str>>) -> Self {
        Self { exception, message: message.into() }
    }

    pub(crate) fn not_authorized(message: &'static str) -> Self {
        Self::new(Exception::NotAuthorized, message)
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Exception::InvalidParameter, message)
    }

    /// The roles of the pool cannot be given as they are.
    pub(crate) fn roles() -> Self {
        Self::new(
            Exception::InvalidIdentityPoolConfiguration,
            "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
        )
    }

    /// A fault of ours. The detail goes to the log, which the client never sees.
    pub(crate) fn internal(detail: &dyn std::fmt::Display) -> Self {
        tracing::error!(%detail, "the identity pool failed");
        Self::new(Exception::InternalError, "Internal server error")
    }
}

impl From<rusqlite::Error> for ServiceError {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<RandomError> for ServiceError {
    fn from(error: RandomError) -> Self {
        Self::internal(&error)
    }
}
