use base64::{Engine, engine::general_purpose::STANDARD};
use portcullis_events::{Channel, CustomSender, Event, MessageSource, PublicError, TriggerError};
use portcullis_trigger::Answer;

use crate::{Config, Decrypter, Message, Sender, SentCodes};

/// A message did not go out. Cognito does not read it: Lambda delivers the event again, and puts it into the queue of failures
/// at last, if there is one.
pub const NOT_SENT: PublicError = PublicError::fault("E_NOT_SENT", "the message could not be sent");

/// The code of the log line of a user who has no address.
pub const NO_ADDRESS: &str = "E_NO_ADDRESS";

/// Sends the message that an event asks for.
///
/// # Errors
///
/// [`NOT_SENT`], if it should be tried again.
pub async fn handle(
    event: Event,
    config: &Config,
    decrypter: &impl Decrypter,
    sender: &impl Sender,
    sent: &SentCodes,
) -> Result<Answer, TriggerError> {
    let Some(request) = CustomSender::of(&event) else {
        return Ok(Answer::new(event, "not ours"));
    };
    let attributes = request.user_attributes();
    let address = match request.channel() {
        Channel::Email => attributes.email(),
        Channel::Sms => attributes.get("phone_number").filter(|number| !number.is_empty()),
    };
    let Some(address) = address else {
        return Ok(Answer::new(event, "nobody to send to").warning(NO_ADDRESS));
    };
    let (key, secret) = match request.encrypted_code() {
        Some(code) => {
            let message = STANDARD.decode(code).map_err(|_| NOT_SENT.with_detail("the code is no Base64"))?;
            let key = SentCodes::key(&message);
            if sent.contains(&key) {
                return Ok(Answer::new(event, "sent before"));
            }
            let pool = event.user_pool_id().unwrap_or_default();
            let secret = decrypter.decrypt(&message, pool).await;
            (Some(key), Some(secret.map_err(|error| NOT_SENT.with_detail(error.to_string()))?))
        }
        None if request.source() == MessageSource::AccountTakeOverNotification => (None, None),
        None => return Err(NOT_SENT.with_detail("the event has no code")),
    };
    let user_name = event.user_name().unwrap_or_default();
    let message = Message::new(
        request.channel(),
        address,
        request.source(),
        user_name,
        secret.as_ref(),
        &config.app_name,
    );
    sender.send(&message).await.map_err(|error| NOT_SENT.with_detail(error.to_string()))?;
    if let Some(key) = key {
        sent.add(key);
    }
    Ok(Answer::new(event, "sent"))
}
