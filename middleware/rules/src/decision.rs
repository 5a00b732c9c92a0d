//! The answers of the authorizer.

use thiserror::Error;

use crate::Operation;

/// Yes or no, for one caller, one operation and one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Some rule admits the caller.
    Allow,
    /// No rule does.
    Deny,
}

/// What can be said before the record is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Screening {
    /// No record exists that this caller could be admitted to.
    Denied,
    /// The caller is admitted whatever the record holds.
    Allowed,
    /// It depends on the record.
    NeedsItem,
}

/// The refusal of a permit.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// No rule grants the operation.
    #[error("not authorized to {operation} `{model}`")]
    Operation {
        /// What was asked for.
        operation: Operation,
        /// On which model.
        model: String,
    },
    /// The operation is granted, but not on these fields.
    #[error("unauthorized on {}", .0.join(", "))]
    Fields(Vec<String>),
}

impl Decision {
    /// Whether the answer is yes.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        self == Self::Allow
    }
}

impl From<bool> for Decision {
    fn from(allowed: bool) -> Self {
        if allowed { Self::Allow } else { Self::Deny }
    }
}
