use std::fmt;

use thiserror::Error;

/// Everything that is wrong with the variables, a line each.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct EnvironmentErrors(Vec<EnvironmentError>);

/// A variable that is missing or wrong. The text never repeats its value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{variable} {problem}")]
pub struct EnvironmentError {
    /// The name of the variable.
    pub variable: &'static str,
    /// What is wrong, in words that fit after the name.
    pub problem: String,
}

impl EnvironmentErrors {
    pub(super) fn new(errors: Vec<EnvironmentError>) -> Self {
        Self(errors)
    }

    /// The mistakes, in the order in which the variables were read.
    #[must_use]
    pub fn errors(&self) -> &[EnvironmentError] {
        &self.0
    }
}

impl fmt::Display for EnvironmentErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}
