use std::fmt;

use thiserror::Error;

/// Everything that is wrong with a function's configuration, a line each. Empty while nothing is.
///
/// ```
/// use portcullis_trigger::ConfigErrors;
///
/// fn port(lookup: impl Fn(&str) -> Option<String>) -> Result<u16, ConfigErrors> {
///     let mut errors = ConfigErrors::default();
///     let port = lookup("PORT").and_then(|text| text.parse().ok()).unwrap_or_else(|| {
///         errors.push("PORT", "is no port");
///         0
///     });
///     errors.or(port)
/// }
///
/// assert_eq!(port(|_| Some("80".to_owned())), Ok(80));
/// assert_eq!(port(|_| Some("secret".to_owned())).unwrap_err().to_string(), "PORT is no port");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Error)]
pub struct ConfigErrors(Vec<ConfigError>);

/// A variable that is missing or wrong. The text does not repeat its value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{variable} {problem}")]
pub struct ConfigError {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong, in words that fit after the name.
    pub problem: String,
}

impl ConfigErrors {
    /// Adds a mistake: a variable, and what is wrong with it in words that fit after its name. They must not repeat the value.
    pub fn push(&mut self, variable: &'static str, problem: impl Into<String>) {
        self.0.push(ConfigError { variable, problem: problem.into() });
    }

    /// The configuration, if there are no mistakes.
    ///
    /// # Errors
    ///
    /// The mistakes.
    pub fn or<T>(self, config: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(config) } else { Err(self) }
    }

    /// The mistakes, in the order in which they were found.
    pub fn errors(&self) -> &[ConfigError] {
        &self.0
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }
}

impl fmt::Display for ConfigErrors {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_a_line_each_in_their_order() {
        assert_eq!(ConfigErrors::default().or(7), Ok(7));
        let mut errors = ConfigErrors::default();
        errors.push("TABLE_NAME", "is missing");
        errors.push("LIMIT", format!("is not below {}", 5));
        assert_eq!(errors.errors().len(), 2);
        assert_eq!(errors.or(7).unwrap_err().to_string(), "TABLE_NAME is missing\nLIMIT is not below 5");
    }
}
