//! What an operation answers when it does not do what was asked: Cognito's exceptions.

use std::borrow::Cow;

use crate::pool::{RandomError, keys::SigningError, srp::SrpError};

/// The exceptions of Cognito's API that this pool raises, and of AWS KMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exception {
    AliasExists,
    CodeMismatch,
    ExpiredCode,
    Forbidden,
    GroupExists,
    InternalError,
    InvalidCiphertext,
    InvalidLambdaResponse,
    InvalidParameter,
    InvalidPassword,
    LimitExceeded,
    NotAuthorized,
    NotFound,
    PasswordResetRequired,
    RequestEntityTooLarge,
    ResourceNotFound,
    Serialization,
    UnexpectedLambda,
    UnknownOperation,
    UnsupportedTokenType,
    UnsupportedUserState,
    UserLambdaValidation,
    UserNotConfirmed,
    UserNotFound,
    UsernameExists,
}

impl Exception {
    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AliasExists => "AliasExistsException",
            Self::CodeMismatch => "CodeMismatchException",
            Self::ExpiredCode => "ExpiredCodeException",
            Self::Forbidden => "ForbiddenException",
            Self::GroupExists => "GroupExistsException",
            Self::InternalError => "InternalErrorException",
            Self::InvalidCiphertext => "InvalidCiphertextException",
            Self::InvalidLambdaResponse => "InvalidLambdaResponseException",
            Self::InvalidParameter => "InvalidParameterException",
            Self::InvalidPassword => "InvalidPasswordException",
            Self::LimitExceeded => "LimitExceededException",
            Self::NotAuthorized => "NotAuthorizedException",
            Self::NotFound => "NotFoundException",
            Self::PasswordResetRequired => "PasswordResetRequiredException",
            Self::RequestEntityTooLarge => "RequestEntityTooLargeException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::UnexpectedLambda => "UnexpectedLambdaException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::UnsupportedTokenType => "UnsupportedTokenTypeException",
            Self::UnsupportedUserState => "UnsupportedUserStateException",
            Self::UserLambdaValidation => "UserLambdaValidationException",
            Self::UserNotConfirmed => "UserNotConfirmedException",
            Self::UserNotFound => "UserNotFoundException",
            Self::UsernameExists => "UsernameExistsException",
        }
    }

    /// The HTTP status on the wire: 400 for almost everything, as Cognito has it.
    pub(crate) fn status(self) -> http::StatusCode {
        match self {
            Self::InternalError => http::StatusCode::INTERNAL_SERVER_ERROR,
            Self::Forbidden => http::StatusCode::FORBIDDEN,
            Self::RequestEntityTooLarge => http::StatusCode::PAYLOAD_TOO_LARGE,
            _ => http::StatusCode::BAD_REQUEST,
        }
    }
}

/// An exception and its message. Both are for the client's eyes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceError {
    pub(crate) exception: Exception,
    pub(crate) message: Cow<'static, str>,
}

impl ServiceError {
    pub(crate) fn new(exception: Exception, message: impl Into<Cow<'static, str>>) -> Self {
        Self { exception, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Exception::InvalidParameter, message)
    }

    pub(crate) fn not_authorized(message: &'static str) -> Self {
        Self::new(Exception::NotAuthorized, message)
    }

    /// The one answer to a wrong password and to a user who does not exist.
    pub(crate) fn wrong_password() -> Self {
        Self::not_authorized("Incorrect username or password.")
    }

    pub(crate) fn code_mismatch() -> Self {
        Self::new(Exception::CodeMismatch, "Invalid verification code provided, please try again.")
    }

    pub(crate) fn expired_code() -> Self {
        Self::new(Exception::ExpiredCode, "Invalid code provided, please request a code again.")
    }

    pub(crate) fn limit_exceeded() -> Self {
        Self::new(Exception::LimitExceeded, "Attempt limit exceeded, please try after some time.")
    }

    pub(crate) fn user_not_found() -> Self {
        Self::new(Exception::UserNotFound, "User does not exist.")
    }

    pub(crate) fn username_exists() -> Self {
        Self::new(Exception::UsernameExists, "User already exists")
    }

    /// A fault of ours. The detail goes to the log, which the client never sees.
    pub(crate) fn internal(detail: &dyn std::fmt::Display) -> Self {
        tracing::error!(%detail, "the user pool failed");
        Self::new(Exception::InternalError, "Internal server error")
    }
}

// SQLite's messages name tables and columns, never values.
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

impl From<SigningError> for ServiceError {
    fn from(error: SigningError) -> Self {
        Self::internal(&error)
    }
}

impl From<SrpError> for ServiceError {
    fn from(error: SrpError) -> Self {
        Self::internal(&error)
    }
}
