use std::time::Duration;

use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use aws_sdk_sesv2::{
    Client,
    error::ProvideErrorMetadata,
    types::{Body, Content, Destination, EmailContent, Message},
};
use tokio::sync::OnceCell;

use crate::{Letter, SendError, Sender};

/// How long one attempt may take. What is slower is given up by [`handle`](crate::handle) before.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(1);

/// Amazon SES. The client is made at the first call, so that a function that only defines and verifies does not pay for it.
///
/// The function's role needs `ses:SendEmail` on the identity of `SENDER_ADDRESS`. `AWS_ENDPOINT_URL_SESV2` sends the calls
/// elsewhere, as for every AWS SDK.
#[derive(Debug)]
pub struct SesSender {
    from: String,
    client: OnceCell<Client>,
}

impl SesSender {
    /// A sender of e-mails that come from this address. Nothing is called yet.
    pub fn new(from: impl Into<String>) -> Self {
        Self { from: from.into(), client: OnceCell::new() }
    }

    async fn client(&self) -> &Client {
        self.client
            .get_or_init(async || {
                let limits = TimeoutConfig::builder()
                    .connect_timeout(ATTEMPT_LIMIT)
                    .operation_attempt_timeout(ATTEMPT_LIMIT)
                    .build();
                Client::new(
                    &aws_config::defaults(BehaviorVersion::latest()).timeout_config(limits).load().await,
                )
            })
            .await
    }
}

impl Sender for SesSender {
    async fn send(&self, letter: &Letter) -> Result<(), SendError> {
        let utf8 = |text: &str| {
            Content::builder()
                .data(text)
                .charset("UTF-8")
                .build()
                .map_err(|_| SendError::new("the e-mail could not be put together"))
        };
        let body = Body::builder().text(utf8(letter.text())?).build();
        let message = Message::builder().subject(utf8(letter.subject())?).body(body).build();
        let answer = self
            .client()
            .await
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(letter.to()).build())
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await;
        // SES's own message is left out: it may hold the address.
        answer.map(|_| ()).map_err(|error| {
            let code = error.code().unwrap_or("no answer");
            SendError::new(format!("ses SendEmail failed: {code}"))
        })
    }
}
