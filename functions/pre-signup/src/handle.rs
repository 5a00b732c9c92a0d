use portcullis_events::{Event, PreSignUp, TriggerError};
use portcullis_trigger::Answer;

use crate::{Config, decide};

/// Answers an event: with what its user gets without a code, or with the refusal.
///
/// # Errors
///
/// A user who may not sign up. The error's text is for the user's eyes.
pub fn handle(mut event: Event, config: &Config) -> Result<Answer, TriggerError> {
    let decision = judge(&mut event, config)?;
    Ok(Answer::new(event, decision))
}

/// What was decided, for the log.
fn judge(event: &mut Event, config: &Config) -> Result<&'static str, TriggerError> {
    let Some(mut sign_up) = PreSignUp::of(event) else {
        return Ok("not ours");
    };
    let verdict = decide(&sign_up, config)?;
    if verdict.auto_confirm {
        sign_up.set_auto_confirm()?;
    }
    if verdict.auto_verify_email {
        sign_up.set_auto_verify_email()?;
    }
    match verdict.auto_confirm {
        true => Ok("confirm"),
        false => Ok("admit"),
    }
}
