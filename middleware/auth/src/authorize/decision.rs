//! What a layer asks.

use std::borrow::Cow;

use portcullis_rules::Identity;
use thiserror::Error;

/// Decides whether a caller may call at all. A closure is one:
///
/// ```
/// use portcullis::{AuthorizeLayer, Forbidden, rules::Identity};
///
/// let people_only = AuthorizeLayer::new(|identity: &Identity| match identity {
///     Identity::User(_) => Ok(()),
///     _ => Err(Forbidden::because("not_a_person")),
/// });
/// # drop(people_only);
/// ```
pub trait Authorize {
    /// Says yes, or why not.
    ///
    /// # Errors
    ///
    /// When the caller may not call.
    fn authorize(&self, identity: &Identity) -> Result<(), Forbidden>;
}

/// Why a caller may not call.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("forbidden: {reason}")]
pub struct Forbidden {
    pub(crate) reason: Cow<'static, str>,
    pub(crate) scope: Option<String>,
}

impl Forbidden {
    /// A refusal with a short code for the log, without personal data.
    #[must_use]
    pub fn because(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), scope: None }
    }

    /// Names the scope that would be needed; the client is told.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }
}

impl<F: Fn(&Identity) -> Result<(), Forbidden>> Authorize for F {
    fn authorize(&self, identity: &Identity) -> Result<(), Forbidden> {
        self(identity)
    }
}
