use std::error::Error;

use portcullis_data::Profile;
use portcullis_events::{Event, PreTokenGeneration, PublicError, TokenSource, TriggerError};
use portcullis_trigger::Answer;

use crate::{Config, OnReadFailure, ProfileReader, additions::Written, decide};

/// The profile could not be read and `ON_READ_FAILURE=deny`.
pub const PROFILE_UNAVAILABLE: PublicError =
    PublicError::fault("E_PROFILE_UNAVAILABLE", "the profile could not be read, try again");

/// The code of the warning about a user who has no profile. They get the token without additions.
pub const NO_PROFILE: &str = "E_NO_PROFILE";

/// Answers an event with what the profile adds.
///
/// # Errors
///
/// With `ON_READ_FAILURE=deny`, a profile that cannot be read. The error's text is for the user's eyes.
pub async fn handle(
    mut event: Event,
    config: &Config,
    profiles: &impl ProfileReader,
) -> Result<Answer, TriggerError> {
    let outcome = enrich(&mut event, config, profiles).await?;
    Ok(match outcome {
        Outcome::Unchanged(decision) => Answer::new(event, decision),
        Outcome::NoProfile => Answer::new(event, "no profile").warning(NO_PROFILE),
        Outcome::Enriched(Written { claims, groups, left_out }) => Answer::new(event, "enrich")
            .detail(format!("{claims} claims, {groups} groups, {left_out} left out")),
        Outcome::Plain(error) => Answer::new(event, "plain").despite(&error),
    })
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
