//! Handing a message to a function that sends it, in place of sending it.
//!
//! 1. The function gets the secret encrypted, bound to the pool, and asks the pool's own stand-in for AWS KMS for the key.
//! 2. The operation does not wait for it and never fails because of it: what goes wrong is in the log. AWS Lambda would deliver the
//!    event twice more, after minutes; here it is delivered once.
//! 3. The custom-message trigger is not asked, for nobody would send its words.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::pool::{
    Message, TriggerFailure, call::Call, custom_message::Sending, encrypted_message::encrypt,
    error::ServiceError, kms::EncryptionContext, triggers::Trigger, users::User,
};

/// How many functions may be sending at once. What is more than that is lost, and the log says so.
pub(crate) const MAX_SENDING: usize = 64;
/// How long a function may take. Nobody waits for it.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// What Cognito binds a code to.
const USER_POOL_ID: &str = "userpool-id";

impl Call<'_> {
    /// Hands the message to the function of this trigger. `false` if there is none, and then nothing is done.
    pub(crate) fn hand_over(
        &self,
        trigger: Trigger,
        user: &User,
        message: &Message,
        sending: Sending,
    ) -> Result<bool, ServiceError> {
        let Some(triggers) = self.pool.triggers_for(trigger) else { return Ok(false) };
        let (source, kind) = match trigger {
            Trigger::CustomSmsSender => (sending.text_sender_source(), "customSMSSenderRequestV1"),
            _ => (sending.email_sender_source(), "customEmailSenderRequestV1"),
        };
        // Cognito writes a temporary password as HTML has it.
        let secret = match sending {
            Sending::AdminCreateUser => escaped(message.secret()),
            _ => message.secret().to_owned(),
        };
        let context =
            EncryptionContext::from([(USER_POOL_ID.to_owned(), self.pool.settings.pool_id.clone())]);
        let code = encrypt(secret.as_bytes(), context, &self.pool.kms_key, &*self.pool.random)
            .map_err(|error| ServiceError::internal(&error))?;
        let mut request = json!({
            "type": kind,
            "code": STANDARD.encode(code),
            "clientMetadata": null,
            "userAttributes": user.trigger_attributes(),
        });
        // Cognito hands an invitation's metadata to the pre-sign-up trigger alone.
        if sending != Sending::AdminCreateUser {
            self.put_client_metadata(&mut request)?;
        }
        let event = self.event(trigger, source, user.username(), request);
        let name = trigger.name();
        let Ok(turn) = Arc::clone(&self.pool.sending).try_acquire_owned() else {
            tracing::error!(trigger = name, "too many messages are being sent: one is lost");
            return Ok(true);
        };
        // A task of its own: a panic in the function ends here, as it would end in its Lambda.
        let mut task = self.runtime.spawn(triggers.invoke(trigger, event));
        self.runtime.spawn(async move {
            let _turn = turn;
            let outcome = match tokio::time::timeout(TIME_LIMIT, &mut task).await {
                Ok(Ok(Ok(_))) => return,
                Ok(Ok(Err(TriggerFailure::Refused(_)))) => "refused",
                Ok(Ok(Err(TriggerFailure::NotInvoked(_)))) => "not invoked",
                Ok(Ok(Err(TriggerFailure::NotJson | TriggerFailure::Crashed))) | Ok(Err(_)) => "crashed",
                Err(_elapsed) => {
                    task.abort();
                    "took too long"
                }
            };
            tracing::error!(trigger = name, source, outcome, "a message was not sent");
        });
        Ok(true)
    }

    /// An event without a response, in the envelope that all events have.
    pub(crate) fn event(
        &self,
        trigger: Trigger,
        source: &'static str,
        username: &str,
        request: Value,
    ) -> Value {
        json!({
            "version": self.event_version(trigger),
            "triggerSource": source,
            "region": self.pool.settings.region,
            "userPoolId": self.pool.settings.pool_id,
            "userName": username,
            "callerContext": {
                "awsSdkVersion": "aws-sdk-unknown-unknown",
                "clientId": self.trigger_client_id(),
            },
            "request": request,
        })
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
