//! Messages to users, which on this machine are printed.

use std::{fmt::Write as _, io::Write as _};

use portcullis_custom_challenge::{Letter, SendError, Sender};
use serde_json::json;

use crate::{
    local::banner::pool_command,
    pool::{Courier, Message, MessageKind},
};

/// Prints a message, and where it can the command that answers it.
#[derive(Debug)]
pub(crate) struct Printer {
    pub(crate) pool: String,
    pub(crate) client_id: String,
}

impl Courier for Printer {
    // This is the terminal of the person who plays all users, and the only place where a code is shown.
    fn deliver(&self, message: &Message) {
        let (email, secret) = (message.email(), message.secret());
        let mut text = match message.kind() {
            MessageKind::Invitation => format!("temporary password for {email}: {secret}"),
            MessageKind::SignUp => {
                let request =
                    json!({ "ClientId": self.client_id, "Username": email, "ConfirmationCode": secret });
                let command = pool_command(&self.pool, "ConfirmSignUp", &request);
                format!("code for {email}: {secret}\n{command}")
            }
            MessageKind::ForgotPassword | MessageKind::VerifyAttribute => {
                format!("code for {email}: {secret}")
            }
        };
        if let Some(wording) = message.text() {
            let subject = message.subject().unwrap_or_default();
            let _ = write!(text, "\nmessage to {email}: {}\n{}", printable(subject), printable(wording));
        }
        // Whoever started this may have closed the terminal; the message is lost then, and the sign-up is not.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }
}

/// Prints the e-mails of the custom challenge function, which sends its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LetterPrinter;

impl Sender for LetterPrinter {
    async fn send(&self, letter: &Letter) -> Result<(), SendError> {
        let (to, subject, text) = (letter.to(), letter.subject(), letter.text());
        let text = format!("message to {to}: {subject}\n{}", printable(text));
        writeln!(std::io::stdout().lock(), "{text}").map_err(|_| SendError::new("the terminal is closed"))
    }
}

/// A function's words may hold what users call themselves, and that must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|character| *character == '\n' || !character.is_control()).collect()
}
