use std::time::Duration;

use portcullis_data::Timestamp;
use portcullis_directory::{Enrollments, Groups, PoolUser, ProfileReader, ensure_user};
use portcullis_events::{Event, PublicError, TriggerError};
use portcullis_trigger::Answer;

use crate::{Config, OnError, Plan, decide};

/// Something failed: the code of the log line, and with `ON_ERROR=fail` the user's answer too. The user is confirmed
/// nevertheless.
pub const SETUP_INCOMPLETE: PublicError = PublicError::fault(
    "E_SETUP_INCOMPLETE",
    "the account is confirmed but could not be set up, try to sign in",
);

/// How long the effects may take: less than the layer's deadline, which knows nothing of `ON_ERROR`.
const LIMIT: Duration = Duration::from_secs(4);

/// Gives a user what they get, and answers with the event as it came.
///
/// # Errors
///
/// With `ON_ERROR=fail`, an effect that failed. The error's text is for the user's eyes.
pub async fn handle(
    event: Event,
    config: &Config,
    profiles: &(impl Enrollments + ProfileReader),
    groups: &impl Groups,
    now: Timestamp,
) -> Result<Answer, TriggerError> {
    let outcome = match decide(&event) {
        Ok(None) => Ok("nothing to do"),
        Ok(Some(plan)) => {
            match tokio::time::timeout(LIMIT, carry_out(plan, config, profiles, groups, now)).await {
                Ok(outcome) => outcome,
                Err(_elapsed) => {
                    Err(SETUP_INCOMPLETE.with_detail(format!("took longer than {} s", LIMIT.as_secs())))
                }
            }
        }
        Err(error) => Err(error),
    };
    match (outcome, config.on_error) {
        (Ok(decision), _) => Ok(Answer::new(event, decision)),
        (Err(error), OnError::Continue) => Ok(Answer::new(event, "continue").despite(&error)),
        (Err(error), OnError::Fail) => Err(error),
    }
}

async fn carry_out(
    plan: Plan,
    config: &Config,
    profiles: &(impl Enrollments + ProfileReader),
    groups: &impl Groups,
    now: Timestamp,
) -> Result<&'static str, TriggerError> {
    let user = match plan {
        Plan::Enroll(user) => user,
        Plan::EnrollIfNew(user) if is_complete(&user, profiles).await? => return Ok("user known"),
        Plan::EnrollIfNew(user) => user,
    };
    match ensure_user(&user, &config.groups, profiles, groups, now, LIMIT).await {
        Ok(ensured) => Ok(ensured.decision()),
        Err(error) => Err(SETUP_INCOMPLETE.with_detail(error.to_string())),
    }
}

async fn is_complete(user: &PoolUser, profiles: &impl ProfileReader) -> Result<bool, TriggerError> {
    match profiles.get(&user.sub).await {
        Ok(profile) => Ok(profile.is_some_and(|profile| profile.complete)),
        Err(error) => Err(SETUP_INCOMPLETE.with_detail(format!("profile: {error}"))),
    }
}
