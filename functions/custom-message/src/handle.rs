use portcullis_events::{CustomMessage, EditError, Event, TriggerError};
use portcullis_trigger::Answer;

use crate::{Config, Verdict, Words, decide};

/// The code of the log line when a template wants a link and the pool sends codes.
pub const NO_LINK: &str = "E_NO_LINK";

/// Answers an event: with words of ours, or as it came, and then Cognito says what it always does.
///
/// # Errors
///
/// None so far: a message in Cognito's words is better than a user who cannot sign up. What went wrong is in the log.
pub fn handle(mut event: Event, config: &Config) -> Result<Answer, TriggerError> {
    let before = event.clone();
    let Some(mut message) = CustomMessage::of(&mut event) else {
        return Ok(Answer::new(event, "not ours"));
    };
    let (language, words) = match decide(&message, &config.templates) {
        Verdict::Words(language, words) => (language, words),
        Verdict::Default => return Ok(Answer::new(before, "default words")),
        Verdict::NoLink => return Ok(Answer::new(before, "default words").warning(NO_LINK)),
    };
    match set(&mut message, &words) {
        Ok(()) => Ok(Answer::new(event, "own words").detail(language.as_str())),
        Err(error) => Ok(Answer::new(before, "default words").despite(&TriggerError::from(error))),
    }
}

fn set(message: &mut CustomMessage<'_>, words: &Words) -> Result<(), EditError> {
    if let Some((subject, body)) = &words.email {
        message.set_email(subject, body)?;
    }
    if let Some(text) = &words.sms {
        message.set_sms(text)?;
    }
    Ok(())
}
