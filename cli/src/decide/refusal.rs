//! Why a case goes no further.

use portcullis_data::InvalidFilter;
use portcullis_schema::SchemaErrors;

use super::answer::Answer;

/// Why a case goes no further.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// The case does not say what it must.
    Malformed(String),
    /// The case asks for what is not done yet.
    Unsupported(String),
    /// The schema of the case is wrong.
    Schema(SchemaErrors),
    /// The request is refused, and this is the answer.
    Answered(Box<Answer>),
}

impl Refusal {
    pub(crate) fn malformed(problem: impl Into<String>) -> Self {
        Self::Malformed(problem.into())
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }
}

impl From<Answer> for Refusal {
    fn from(answer: Answer) -> Self {
        Self::Answered(Box::new(answer))
    }
}

impl From<InvalidFilter> for Refusal {
    fn from(error: InvalidFilter) -> Self {
        Self::malformed(error.to_string())
    }
}

impl From<SchemaErrors> for Refusal {
    fn from(errors: SchemaErrors) -> Self {
        Self::Schema(errors)
    }
}
