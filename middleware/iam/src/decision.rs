//! What the policies of a role say to a request.

use crate::{Context, Policy, statement::Effect};

/// What somebody wants to do.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    action: String,
    resource: String,
    context: &'a Context,
}

impl<'a> Request<'a> {
    /// An action such as `execute-api:Invoke` on a resource, which is an ARN.
    #[must_use]
    pub fn new(action: impl Into<String>, resource: impl Into<String>, context: &'a Context) -> Self {
        Self { action: action.into(), resource: resource.into(), context }
    }

    /// The action.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The ARN of the resource.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    pub(crate) fn context(&self) -> &Context {
        self.context
    }
}

/// What the policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it, and none denies it.
    Allowed,
    /// A statement denies it, whatever others allow.
    Denied,
    /// No statement allows it.
    NotAllowed,
}

impl Decision {
    /// What these policies, all of which are the caller's, say to the request.
    #[must_use]
    pub fn of<'a>(policies: impl IntoIterator<Item = &'a Policy>, request: &Request<'_>) -> Self {
        let mut decision = Self::NotAllowed;
        for policy in policies {
            if policy.has(Effect::Deny, request) {
                return Self::Denied;
            }
            if policy.has(Effect::Allow, request) {
                decision = Self::Allowed;
            }
        }
        decision
    }

    /// Whether it may be done.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }
}
