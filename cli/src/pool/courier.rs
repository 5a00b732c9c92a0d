//! How a code reaches its user. Cognito sends an e-mail; this pool tells a [`Courier`].

use std::fmt;

/// Delivers codes and temporary passwords.
///
/// Called on a blocking thread, once for each message, after the code was stored.
pub trait Courier: Send + Sync {
    /// Delivers one message.
    fn deliver(&self, message: &Message);
}

/// Why a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// The code that confirms a sign-up.
    SignUp,
    /// The code that resets a forgotten password.
    ForgotPassword,
    /// The code that verifies a changed e-mail address.
    VerifyAttribute,
    /// The temporary password of a user whom an administrator created.
    Invitation,
}

/// A message to one user. Its `Debug` form shows neither the address nor the secret.
#[derive(Clone)]
pub struct Message {
    pub(crate) kind: MessageKind,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) secret: String,
    pub(crate) wording: Wording,
}

/// The words of a custom-message trigger, with the secret put in.
#[derive(Clone, Default)]
pub(crate) struct Wording {
    pub(crate) subject: Option<String>,
    pub(crate) text: Option<String>,
}

impl Message {
    /// Why it is sent.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The user's name in the pool: a UUID.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The address it is sent to.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The address with most of its local part hidden: `al***@example.com`.
    #[must_use]
    pub fn masked_email(&self) -> String {
        let (local, domain) = self.email.rsplit_once('@').unwrap_or((&self.email, ""));
        let shown: String = local.chars().take(2.min(local.chars().count().saturating_sub(1))).collect();
        format!("{shown}***@{domain}")
    }

    /// The subject that a custom-message trigger has chosen.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.wording.subject.as_deref()
    }

    /// The text that a custom-message trigger has written, the secret in its place. It may be HTML.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.wording.text.as_deref()
    }

    /// The code, or the temporary password.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl fmt::Debug for dyn Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Courier")
    }
}

/// An address as `CodeDeliveryDetails` shows it: `a***@e***`.
pub(crate) fn delivery_destination(email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    format!("{}***@{}***", first(local), first(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_address_never_shows_the_whole_local_part() {
        for (email, masked) in
            [("alice@example.com", "al***@example.com"), ("ab@x.org", "a***@x.org"), ("a@x.org", "***@x.org")]
        {
            let message = Message {
                kind: MessageKind::SignUp,
                username: String::new(),
                email: email.to_owned(),
                secret: "123456".to_owned(),
                wording: Wording { subject: None, text: Some("Ann: 123456".to_owned()) },
            };
            assert_eq!(message.masked_email(), masked);
            let debug = format!("{message:?}");
            assert!(!debug.contains("123456") && !debug.contains('@'), "{debug}");
        }
        assert_eq!(delivery_destination("alice@example.com"), "a***@e***");
    }
}
