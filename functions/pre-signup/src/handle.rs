use std::time::Instant;

use portcullis_events::{Event, PreSignUp, TriggerError};
use serde_json::Value;

use crate::{Config, decide};

/// Answers an event, and writes one line to the log.
///
/// # Errors
///
/// A user who may not sign up, and an event that is no JSON object. The error's text is for the
/// user's eyes.
pub fn handle(event: Value, config: &Config) -> Result<Value, TriggerError> {
    let started = Instant::now();
    let mut event = match Event::new(event) {
        Ok(event) => event,
        Err(error) => {
            let (code, detail) = (error.code(), error.detail());
            tracing::warn!(decision = "refuse", code, detail, "pre-sign-up refused");
            return Err(error);
        }
    };
    let outcome = judge(&mut event, config);
    let (source, sub) = (event.source(), event.user_attributes().sub());
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(decision) => {
            tracing::info!(source, sub, decision, duration_ms, "pre-sign-up answered");
            Ok(event.into_value())
        }
        Err(error) => {
            let (decision, code, detail) = ("refuse", error.code(), error.detail());
            tracing::info!(source, sub, decision, code, detail, duration_ms, "pre-sign-up refused");
            Err(error)
        }
    }
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
