use std::time::Duration;

use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use aws_sdk_sesv2::{
    Client,
    error::ProvideErrorMetadata,
    types::{Body, Content, Destination, EmailContent, Message as Email},
};
use portcullis_events::Channel;

use crate::{Message, SendError, Sender};

/// How long one call may take with its retries. Cognito does not wait for it.
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// Amazon SES, for e-mails. Text messages it refuses: they need another [`Sender`].
///
/// The function's role needs `ses:SendEmail` on the identity of the address.
#[derive(Debug)]
pub struct SesSender {
    from: String,
    client: Client,
}

impl SesSender {
    /// A sender of e-mails that come from this address. Nothing is called yet.
    pub async fn new(from: &str) -> Self {
        let limits = TimeoutConfig::builder().operation_timeout(CALL_LIMIT).build();
        let sdk = aws_config::defaults(BehaviorVersion::latest()).timeout_config(limits).load().await;
        Self { from: from.to_owned(), client: Client::new(&sdk) }
    }
}

impl Sender for SesSender {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        if message.channel != Channel::Email {
            return Err(SendError::new("there is no sender of text messages"));
        }
        let utf8 = |text: &str| {
            let content = Content::builder().data(text).charset("UTF-8").build();
            content.map_err(|_| SendError::new("the e-mail could not be put together"))
        };
        let body = Body::builder().text(utf8(&message.text)?).build();
        let email = Email::builder().subject(utf8(&message.subject)?).body(body).build();
        let answer = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(&message.to).build())
            .content(EmailContent::builder().simple(email).build())
            .send()
            .await;
        // SES's own message is left out: it may hold the address.
        answer.map(|_| ()).map_err(|error| {
            SendError::new(format!("ses SendEmail failed: {}", error.code().unwrap_or("no answer")))
        })
    }
}
