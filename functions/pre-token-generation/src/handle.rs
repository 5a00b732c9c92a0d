use std::{error::Error, time::Instant};

use portcullis_data::Profile;
use portcullis_events::{Event, PreTokenGeneration, PublicError, TokenSource, TriggerError};
use serde_json::Value;

use crate::{Config, OnReadFailure, ProfileReader, additions::Written, decide};

/// The profile could not be read and `ON_READ_FAILURE=deny`.
pub const PROFILE_UNAVAILABLE: PublicError =
    PublicError::new("E_PROFILE_UNAVAILABLE", "the profile could not be read, try again");

/// The code of the warning about a user who has no profile. They get the token without additions.
pub const NO_PROFILE: &str = "E_NO_PROFILE";

/// Answers an event with what the profile adds, and writes one line to the log.
///
/// # Errors
///
/// An event that is no JSON object; with `ON_READ_FAILURE=deny` also a profile that cannot be read.
/// The error's text is for the user's eyes.
pub async fn handle(
    event: Value,
    config: &Config,
    profiles: &impl ProfileReader,
) -> Result<Value, TriggerError> {
    let started = Instant::now();
    let mut event = match Event::new(event) {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(
                decision = "refuse",
                code = error.code(),
                detail = error.detail(),
                "token generation refused"
            );
            return Err(error);
        }
    };
    let outcome = enrich(&mut event, config, profiles).await;
    let (source, sub) = (event.source(), event.user_attributes().sub());
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(Outcome::Unchanged(decision)) => {
            tracing::info!(source, sub, decision, duration_ms, "token generation answered");
        }
        Ok(Outcome::NoProfile) => {
            let (decision, code) = ("no profile", NO_PROFILE);
            tracing::warn!(source, sub, decision, code, duration_ms, "token generation without profile");
        }
        Ok(Outcome::Enriched(Written { claims, groups, left_out })) => {
            let decision = "enrich";
            tracing::info!(
                source,
                sub,
                decision,
                claims,
                groups,
                left_out,
                duration_ms,
                "token generation answered"
            );
        }
        Ok(Outcome::Plain(error)) => {
            let (code, detail) = (error.code(), error.detail());
            tracing::error!(
                source,
                sub,
                decision = "plain",
                code,
                detail,
                duration_ms,
                "token generation without profile"
            );
        }
        Err(error) => {
            let (code, detail) = (error.code(), error.detail());
            tracing::error!(
                source,
                sub,
                decision = "refuse",
                code,
                detail,
                duration_ms,
                "token generation refused"
            );
            return Err(error);
        }
    }
    Ok(event.into_value())
}

/// What became of an event that is answered.
enum Outcome {
    /// There was nothing to add; why.
    Unchanged(&'static str),
    /// The user has none.
    NoProfile,
    /// The profile was added.
    Enriched(Written),
    /// The profile could not be read, and that is no reason to refuse.
    Plain(TriggerError),
}

async fn enrich(
    event: &mut Event,
    config: &Config,
    profiles: &impl ProfileReader,
) -> Result<Outcome, TriggerError> {
    let Some(mut tokens) = PreTokenGeneration::of(event) else {
        return Ok(Outcome::Unchanged("not ours"));
    };
    if tokens.source() == TokenSource::ClientCredentials {
        return Ok(Outcome::Unchanged("no user"));
    }
    let Some(version) = tokens.version() else {
        return Ok(Outcome::Unchanged("unknown version"));
    };
    let Some(sub) = tokens.user_attributes().sub() else {
        return Ok(Outcome::Unchanged("no sub"));
    };
    let profile = match read(sub, config, profiles).await {
        Ok(Some(profile)) => profile,
        Ok(None) => return Ok(Outcome::NoProfile),
        Err(error) => {
            return match config.on_read_failure {
                OnReadFailure::Plain => Ok(Outcome::Plain(error)),
                OnReadFailure::Deny => Err(error),
            };
        }
    };
    let additions = decide(&tokens, version, &profile, config);
    Ok(Outcome::Enriched(additions.write(&mut tokens, version)?))
}

async fn read(
    sub: &str,
    config: &Config,
    profiles: &impl ProfileReader,
) -> Result<Option<Profile>, TriggerError> {
    match tokio::time::timeout(config.read_timeout, profiles.get(sub)).await {
        Ok(Ok(profile)) => Ok(profile),
        Ok(Err(error)) => Err(PROFILE_UNAVAILABLE.with_detail(with_cause(&error))),
        Err(_elapsed) => {
            let limit = config.read_timeout.as_millis();
            Err(PROFILE_UNAVAILABLE.with_detail(format!("the read took longer than {limit} ms")))
        }
    }
}

/// The error and what is right below it. Deeper down, an SDK's text may quote a request.
fn with_cause(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
