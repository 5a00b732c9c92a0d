use thiserror::Error;

/// Something in the template that cannot be used here, or a parameter that it does not have.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{place} {problem}")]
pub(crate) struct TemplateMistake {
    /// Where, such as `MembersPool.Properties.Roles`.
    place: String,
    problem: String,
}

impl TemplateMistake {
    pub(crate) fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}
