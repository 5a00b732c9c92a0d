use std::fmt;

use portcullis_events::{Channel, MessageSource};

use crate::{Secret, unescape::unescape};

/// A message that is about to go out.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// How it goes out.
    pub channel: Channel,
    /// The address or the phone number.
    pub to: String,
    /// The subject of an e-mail. It holds no code, for it is shown on locked screens.
    pub subject: String,
    /// The text, which is plain.
    pub text: String,
}

impl Message {
    /// The words for a code, or for the warning that comes without one.
    pub(crate) fn new(
        channel: Channel,
        to: &str,
        source: MessageSource,
        user_name: &str,
        secret: Option<&Secret>,
        app_name: &str,
    ) -> Self {
        let code = secret.map_or("", Secret::reveal);
        let (subject, text) = match (source, secret) {
            (_, None) => (
                format!("Somebody may have tried to enter your account at {app_name}"),
                format!(
                    "Somebody may have tried to enter your account at {app_name}. If it was not you, change your password."
                ),
            ),
            (MessageSource::AdminCreateUser, _) => (
                format!("Your account at {app_name}"),
                format!(
                    "Your user name at {app_name} is {user_name}, and your temporary password is {}",
                    unescape(code)
                ),
            ),
            (MessageSource::ForgotPassword, _) => (
                format!("Your code for a new password at {app_name}"),
                format!("Your code for a new password at {app_name} is {code}"),
            ),
            _ => (format!("Your code for {app_name}"), format!("Your code for {app_name} is {code}")),
        };
        Self { channel, to: to.to_owned(), subject, text }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("channel", &self.channel).finish_non_exhaustive()
    }
}
