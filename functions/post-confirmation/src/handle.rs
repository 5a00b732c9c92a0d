use std::{error::Error, future::Future, time::Duration};

use portcullis_data::Timestamp;
use portcullis_events::{Event, PostConfirmation, PublicError, TriggerError};
use portcullis_trigger::Answer;

use crate::{Config, Directory, Enrollments, OnError, Plan, decide};

/// Something failed: the code of the log line, and with `ON_ERROR=fail` the user's answer too. The user is confirmed
/// nevertheless.
pub const SETUP_INCOMPLETE: PublicError = PublicError::fault(
    "E_SETUP_INCOMPLETE",
    "the account is confirmed but could not be set up, try to sign in",
);

/// How long the effects may take: less than the layer's deadline, which knows nothing of `ON_ERROR`.
const LIMIT: Duration = Duration::from_secs(4);

/// Gives a new user what they get, and answers with the event as it came.
///
/// # Errors
///
/// With `ON_ERROR=fail`, an effect that failed. The error's text is for the user's eyes.
pub async fn handle(
    event: Event,
    config: &Config,
    profiles: &impl Enrollments,
    directory: &impl Directory,
    now: Timestamp,
) -> Result<Answer, TriggerError> {
    let outcome = match PostConfirmation::of(&event).map(|view| decide(view, config, now)) {
        None => Ok("not ours"),
        Some(Ok(None)) => Ok("nothing to do"),
        Some(Ok(Some(plan))) => carry_out(&plan, profiles, directory).await,
        Some(Err(error)) => Err(error),
    };
    match (outcome, config.on_error) {
        (Ok(decision), _) => Ok(Answer::new(event, decision)),
        (Err(error), OnError::Continue) => Ok(Answer::new(event, "continue").despite(&error)),
        (Err(error), OnError::Fail) => Err(error),
    }
}

/// The profile and the default group do not wait for each other, so that one failure is not two.
async fn carry_out(
    plan: &Plan,
    profiles: &impl Enrollments,
    directory: &impl Directory,
) -> Result<&'static str, TriggerError> {
    let (enrolled, grouped) = tokio::join!(
        within_limit("profile and first user's group", enroll(plan, profiles, directory)),
        within_limit("default group", join_group(plan, plan.default_group.as_deref(), directory)),
    );
    match (enrolled, grouped) {
        (Ok(decision), Ok(())) => Ok(decision),
        (Err(one), Err(other)) => Err(SETUP_INCOMPLETE.with_detail(format!("{one}; {other}"))),
        (Err(only), Ok(())) | (Ok(_), Err(only)) => Err(SETUP_INCOMPLETE.with_detail(only)),
    }
}

async fn enroll(
    plan: &Plan,
    profiles: &impl Enrollments,
    directory: &impl Directory,
) -> Result<&'static str, String> {
    let enrollment = profiles.enroll(&plan.profile).await.map_err(|error| with_causes(&error))?;
    if enrollment.first_admin {
        // Also on a repeat: nobody knows how far the last delivery came.
        join_group(plan, plan.first_user_group.as_deref(), directory).await?;
    }
    Ok(match (enrollment.first_admin, enrollment.created) {
        (true, true) => "first user enrolled",
        (true, false) => "first user enrolled again",
        (false, true) => "user enrolled",
        (false, false) => "user enrolled again",
    })
}

async fn join_group(plan: &Plan, group: Option<&str>, directory: &impl Directory) -> Result<(), String> {
    let Some(group) = group else { return Ok(()) };
    let added = directory.add_user_to_group(&plan.user_pool_id, &plan.profile.username, group);
    added.await.map_err(|error| error.to_string())
}

/// The error and what is right below it. Deeper down, an SDK's text may quote a request.
fn with_causes(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

async fn within_limit<T>(step: &str, effect: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    match tokio::time::timeout(LIMIT, effect).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(format!("{step}: {error}")),
        Err(_elapsed) => Err(format!("{step}: took longer than {} s", LIMIT.as_secs())),
    }
}
