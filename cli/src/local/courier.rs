//! Messages to users, which on this machine are printed.

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
        match message.kind() {
            MessageKind::Invitation => println!("temporary password for {email}: {secret}"),
            MessageKind::SignUp => {
                let request =
                    json!({ "ClientId": self.client_id, "Username": email, "ConfirmationCode": secret });
                println!("code for {email}: {secret}");
                println!("{}", pool_command(&self.pool, "ConfirmSignUp", &request));
            }
            MessageKind::ForgotPassword | MessageKind::VerifyAttribute => {
                println!("code for {email}: {secret}")
            }
        }
    }
}
