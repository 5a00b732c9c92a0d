use std::error::Error;

use portcullis_data::{Profile, Timestamp};
use portcullis_directory::{
    Enrollments, Ensured, FederatedIdentity, Groups, PoolUser, ProfileReader, UserGroups, ensure_user,
};
use portcullis_events::{
    Attributes, Event, PreTokenGeneration, PublicError, TokenSource, TriggerError, Version,
};
use portcullis_trigger::Answer;
use tokio::time::{Instant, timeout_at};

use crate::{Config, OnReadFailure, additions::Written, decide};

/// The profile could not be read and `ON_READ_FAILURE=deny`.
pub const PROFILE_UNAVAILABLE: PublicError =
    PublicError::fault("E_PROFILE_UNAVAILABLE", "the profile could not be read, try again");

/// The user has no complete profile, and none could be made. The code of the log line only: they get a token.
pub const SETUP_INCOMPLETE: PublicError =
    PublicError::fault("E_SETUP_INCOMPLETE", "the account could not be set up, try to sign in again");

/// The code of the warning about a user who has no profile. They get the token without its additions.
pub const NO_PROFILE: &str = "E_NO_PROFILE";

/// Answers an event with what the profile and the configuration add.
///
/// # Errors
///
/// A federated user whose e-mail domain may not come in any more; with `ON_READ_FAILURE=deny`, a profile that cannot be read.
/// The error's text is for the user's eyes.
pub async fn handle(
    mut event: Event,
    config: &Config,
    profiles: &(impl ProfileReader + Enrollments),
    groups: &impl Groups,
    now: Timestamp,
) -> Result<Answer, TriggerError> {
    let outcome = enrich(&mut event, config, profiles, groups, now).await?;
    Ok(match outcome {
        Outcome::Unchanged(decision) => Answer::new(event, decision),
        Outcome::Written(decision, written) => Answer::new(event, decision).detail(written.to_string()),
        Outcome::NoProfile => Answer::new(event, "no profile").warning(NO_PROFILE),
        Outcome::Plain(error) => Answer::new(event, "plain").despite(&error),
    })
}

/// What became of an event that is answered.
enum Outcome {
    /// There was nothing to add; why.
    Unchanged(&'static str),
    /// This was written; why.
    Written(&'static str, Written),
    /// The user has none.
    NoProfile,
    /// The profile could not be read or made, and that is no reason to refuse.
    Plain(TriggerError),
}

/// What is known of the user besides the event.
struct Known {
    profile: Option<Profile>,
    /// Made or completed just now.
    ensured: Option<Ensured>,
    /// What could not be read or made.
    failure: Option<TriggerError>,
}

async fn enrich(
    event: &mut Event,
    config: &Config,
    profiles: &(impl ProfileReader + Enrollments),
    groups: &impl Groups,
    now: Timestamp,
) -> Result<Outcome, TriggerError> {
    let Some(mut tokens) = PreTokenGeneration::of(event) else {
        return Ok(Outcome::Unchanged("not ours"));
    };
    let Some(version) = tokens.version() else {
        return Ok(Outcome::Unchanged("unknown version"));
    };
    if tokens.source() == TokenSource::ClientCredentials {
        return machine(&mut tokens, config);
    }
    let attributes = tokens.user_attributes();
    if is_federated(attributes) {
        config.email.judge(attributes, true)?;
    }
    let known = match attributes.sub() {
        Some(sub) => know(sub, tokens.event(), config, profiles, groups, now).await?,
        None => Known { profile: None, ensured: None, failure: None },
    };
    let joined = known.ensured.as_ref().map_or(&[][..], |ensured| &ensured.groups);
    let additions = decide(&tokens, version, known.profile.as_ref(), joined, config);
    let written = additions.write(&mut tokens, version)?;
    Ok(match known {
        Known { failure: Some(error), .. } => Outcome::Plain(error),
        Known { ensured: Some(ensured), .. } => Outcome::Written(ensured.decision(), written),
        Known { profile: None, .. } => Outcome::NoProfile,
        Known { .. } => Outcome::Written("enrich", written),
    })
}

/// A machine has no profile and no groups: what it gets is by its client's id.
fn machine(tokens: &mut PreTokenGeneration<'_>, config: &Config) -> Result<Outcome, TriggerError> {
    let client = tokens.event().client_id().unwrap_or_default();
    let scopes: Vec<String> =
        config.client_scopes.of(|id| id == client).into_iter().map(str::to_owned).collect();
    if scopes.is_empty() || tokens.version() == Some(Version::V1) {
        return Ok(Outcome::Unchanged("no user"));
    }
    scopes.iter().try_for_each(|scope| tokens.add_scope(scope))?;
    Ok(Outcome::Written("machine", Written { scopes: scopes.len(), ..Written::default() }))
}

/// If another provider says what the user's address is, now or whenever they sign in through it.
fn is_federated(attributes: Attributes<'_>) -> bool {
    attributes.get("cognito:user_status") == Some("EXTERNAL_PROVIDER")
        || attributes.get("identities").is_some_and(|text| !FederatedIdentity::list(text).is_empty())
}

/// Reads the profile, and makes or completes it if that is configured, all within the read's time limit.
async fn know(
    sub: &str,
    event: &Event,
    config: &Config,
    profiles: &(impl ProfileReader + Enrollments),
    groups: &impl Groups,
    now: Timestamp,
) -> Result<Known, TriggerError> {
    let deadline = Instant::now() + config.read_timeout;
    let profile = match read(sub, config, profiles, deadline).await {
        Ok(profile) => profile,
        Err(error) if config.on_read_failure == OnReadFailure::Deny => return Err(error),
        Err(error) => return Ok(Known { profile: None, ensured: None, failure: Some(error) }),
    };
    let complete = profile.as_ref().is_some_and(|profile| profile.complete);
    let Some(user_groups) = config.ensure_user.as_ref().filter(|_| !complete) else {
        return Ok(Known { profile, ensured: None, failure: None });
    };
    Ok(match ensure(sub, event, user_groups, config, profiles, groups, now, deadline).await {
        Ok(ensured) => Known { profile, ensured: Some(ensured), failure: None },
        Err(detail) => Known { profile, ensured: None, failure: Some(SETUP_INCOMPLETE.with_detail(detail)) },
    })
}

#[expect(clippy::too_many_arguments, reason = "one call, apart for its errors")]
async fn ensure(
    sub: &str,
    event: &Event,
    user_groups: &UserGroups,
    config: &Config,
    profiles: &impl Enrollments,
    groups: &impl Groups,
    now: Timestamp,
    deadline: Instant,
) -> Result<Ensured, String> {
    let (Some(username), Some(user_pool_id)) = (event.user_name(), event.user_pool_id()) else {
        return Err("the event has no userName or no userPoolId".to_owned());
    };
    let user = PoolUser {
        sub: sub.to_owned(),
        username: username.to_owned(),
        user_pool_id: user_pool_id.to_owned(),
    };
    let ensured = ensure_user(&user, user_groups, profiles, groups, now, config.read_timeout);
    match timeout_at(deadline, ensured).await {
        Ok(Ok(ensured)) => Ok(ensured),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_elapsed) => Err(too_long(config)),
    }
}

async fn read(
    sub: &str,
    config: &Config,
    profiles: &impl ProfileReader,
    deadline: Instant,
) -> Result<Option<Profile>, TriggerError> {
    match timeout_at(deadline, profiles.get(sub)).await {
        Ok(Ok(profile)) => Ok(profile),
        Ok(Err(error)) => Err(PROFILE_UNAVAILABLE.with_detail(with_cause(&error))),
        Err(_elapsed) => Err(PROFILE_UNAVAILABLE.with_detail(too_long(config))),
    }
}

fn too_long(config: &Config) -> String {
    format!("took longer than {} ms", config.read_timeout.as_millis())
}

/// The error and what is right below it. Deeper down, an SDK's text may quote a request.
fn with_cause(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
