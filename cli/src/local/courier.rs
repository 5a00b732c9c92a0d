//! Messages to users, which on this machine are printed.

use std::io::Write;

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
        let text = match message.kind() {
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
        // Whoever started this may have closed the terminal; the message is lost then, and the sign-up is not.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }
}
