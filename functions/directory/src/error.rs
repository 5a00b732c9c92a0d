use thiserror::Error;

/// A call to the user pool that failed. The texts are for the log and hold no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// There is no such user.
    #[error("{operation}: the user does not exist")]
    UserNotFound {
        /// The operation, in Cognito's words.
        operation: &'static str,
    },
    /// A user has that name, or has that address as an alias.
    #[error("{operation}: a user has that name or address already")]
    UserExists {
        /// The operation, in Cognito's words.
        operation: &'static str,
    },
    /// The pool does not take what was asked for: a parameter that it refuses, a limit that is reached. Asking
    /// again changes nothing.
    #[error("{operation} was refused: {code}")]
    Refused {
        /// The operation, in Cognito's words.
        operation: &'static str,
        /// Cognito's error code.
        code: String,
    },
    /// The pool did not answer, was too busy, or does not let this function ask.
    #[error("{operation} failed: {code}")]
    Unavailable {
        /// The operation, in Cognito's words.
        operation: &'static str,
        /// Cognito's error code, or `no answer`.
        code: String,
    },
    /// More users have the address than are looked at.
    #[error("{operation}: more users than are looked at have that address")]
    TooMany {
        /// The operation, in Cognito's words.
        operation: &'static str,
    },
    /// This directory cannot do that.
    #[error("{operation} is not offered by this directory")]
    Unsupported {
        /// The operation, in Cognito's words.
        operation: &'static str,
    },
}

impl DirectoryError {
    /// If asking again later may help.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
