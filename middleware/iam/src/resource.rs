//! Which resources a statement is about.

use crate::{
    Context, InvalidPolicy,
    pattern::{Pattern, Syntax},
};

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`
const COLONS: usize = 5;

/// An ARN with wildcards and variables, or `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResourcePattern {
    All,
    /// A wildcard stays within its part, except in the last, where it may match `:` and `/` too.
    Arn(Vec<Pattern>),
}

/// What can be said of a list of patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Yes,
    No,
    /// No, but a pattern has a variable without a value.
    NotKnown,
}

impl ResourcePattern {
    pub(crate) fn parse(text: &str, path: &str) -> Result<Self, InvalidPolicy> {
        let pattern = Pattern::parse(text, Syntax::Both, path)?;
        if pattern.is_any() {
            return Ok(Self::All);
        }
        let parts = pattern.split_at_colons(COLONS);
        if parts.len() != COLONS + 1 || !text.starts_with("arn:") {
            return Err(InvalidPolicy::new(path, "is neither `*` nor a whole ARN"));
        }
        Ok(Self::Arn(parts))
    }

    /// `None` if a variable has no value.
    fn matches(&self, resource: &str, context: &Context) -> Option<bool> {
        let Self::Arn(patterns) = self else { return Some(true) };
        let parts: Vec<&str> = resource.splitn(COLONS + 1, ':').collect();
        let mut matches = patterns.len() == parts.len();
        for (pattern, part) in patterns.iter().zip(parts) {
            matches &= pattern.resolve(context)?.matches(part);
        }
        Some(matches)
    }

    pub(crate) fn find(patterns: &[Self], resource: &str, context: &Context) -> Found {
        let mut found = Found::No;
        for pattern in patterns {
            match pattern.matches(resource, context) {
                Some(true) => return Found::Yes,
                Some(false) => {}
                None => found = Found::NotKnown,
            }
        }
        found
    }
}
