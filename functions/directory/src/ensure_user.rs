use std::{error::Error, fmt, future::Future, time::Duration};

use portcullis_data::{NewProfile, Timestamp};
use portcullis_events::check_group_name;

use crate::{Enrollments, Groups};

/// A user, as an event names them.
#[derive(Clone, PartialEq, Eq)]
pub struct PoolUser {
    /// Their `sub`.
    pub sub: String,
    /// What the pool calls them.
    pub username: String,
    /// The pool.
    pub user_pool_id: String,
}

/// The groups that users get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserGroups {
    /// Those of every user.
    pub every_user: Vec<String>,
    /// That of the first user since the table was made.
    pub first_user: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ensured {
    /// This call wrote the profile; false if it was there.
    pub created: bool,
    /// The user is the first.
    pub first_user: bool,
    /// The groups that the user is now in because of it.
    pub groups: Vec<String>,
}

/// Which steps failed, and why. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct EnsureError {
    detail: String,
}

/// Gives a user what each user has: a profile, and the configured groups.
///
/// 1. May be repeated, also at the same time: the profile and the mark of the first user are one conditional
///    transaction, and adding to a group twice is adding once.
/// 2. May die at any point. The profile is marked as incomplete until every group is joined, so whoever reads it
///    knows to come here again; and whoever holds the mark of the first user is added to its group again.
/// 3. The profile and the groups of every user do not wait for each other, so that one failure is not two.
/// 4. Takes no longer than `limit` for each step.
///
/// # Errors
///
/// What could not be done; the rest is.
pub async fn ensure_user(
    user: &PoolUser,
    groups: &UserGroups,
    profiles: &impl Enrollments,
    directory: &impl Groups,
    now: Timestamp,
    limit: Duration,
) -> Result<Ensured, EnsureError> {
    let (enrolled, joined) = tokio::join!(
        within(limit, "profile and first user's group", enroll(user, groups, profiles, directory, now)),
        within(limit, "default groups", join(user, &groups.every_user, directory)),
    );
    let (created, first_user) = match (enrolled, joined) {
        (Ok(enrolled), Ok(())) => enrolled,
        (Err(one), Err(other)) => return Err(EnsureError { detail: format!("{one}; {other}") }),
        (Err(detail), Ok(())) | (Ok(_), Err(detail)) => return Err(EnsureError { detail }),
    };
    let complete = async { profiles.complete(&user.sub).await.map_err(|error| with_cause(&error)) };
    within(limit, "profile", complete).await.map_err(|detail| EnsureError { detail })?;
    let mut joined = groups.every_user.clone();
    joined.extend(groups.first_user.clone().filter(|_| first_user));
    Ok(Ensured { created, first_user, groups: joined })
}

/// Whether the profile is new, and the user the first.
async fn enroll(
    user: &PoolUser,
    groups: &UserGroups,
    profiles: &impl Enrollments,
    directory: &impl Groups,
    now: Timestamp,
) -> Result<(bool, bool), String> {
    let profile = NewProfile { sub: user.sub.clone(), username: user.username.clone(), created_at: now };
    let enrollment = profiles.enroll(&profile).await.map_err(|error| with_cause(&error))?;
    if enrollment.first_admin {
        // Also on a repeat: nobody knows how far the last delivery came.
        join(user, groups.first_user.as_slice(), directory).await?;
    }
    Ok((enrollment.created, enrollment.first_admin))
}

/// One after the other: Cognito limits how fast one user is written.
async fn join(user: &PoolUser, groups: &[String], directory: &impl Groups) -> Result<(), String> {
    for group in groups {
        let added = directory.add_user_to_group(&user.user_pool_id, &user.username, group);
        added.await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The error and what is right below it. Deeper down, an SDK's text may quote a request.
fn with_cause(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

async fn within<T>(
    limit: Duration,
    step: &str,
    effect: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    match tokio::time::timeout(limit, effect).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(format!("{step}: {error}")),
        Err(_elapsed) => Err(format!("{step}: took longer than {} ms", limit.as_millis())),
    }
}

impl UserGroups {
    /// Reads `DEFAULT_GROUP` (one, or several separated by commas) and `FIRST_USER_GROUP` through `lookup`, and tells
    /// `mistake` each mistake: the variable, and what is wrong in words that fit after its name.
    pub fn from_env(
        lookup: impl Fn(&str) -> Option<String>,
        mistake: &mut impl FnMut(&'static str, String),
    ) -> Self {
        const NO_NAME: &str = "is no group's name: 1 to 128 characters without blanks";
        let mut every_user = Vec::new();
        for (index, name) in lookup("DEFAULT_GROUP").iter().flat_map(|list| list.split(',')).enumerate() {
            let name = name.trim();
            if check_group_name(name).is_err() {
                mistake("DEFAULT_GROUP", format!("entry {} {NO_NAME}", index + 1));
            }
            every_user.push(name.to_owned());
        }
        let first_user = lookup("FIRST_USER_GROUP");
        if first_user.as_deref().is_some_and(|name| check_group_name(name).is_err()) {
            mistake("FIRST_USER_GROUP", NO_NAME.to_owned());
        }
        Self { every_user, first_user }
    }
}

impl Ensured {
    /// What happened, for the log.
    pub fn decision(&self) -> &'static str {
        match (self.first_user, self.created) {
            (true, true) => "first user enrolled",
            (true, false) => "first user enrolled again",
            (false, true) => "user enrolled",
            (false, false) => "user enrolled again",
        }
    }
}

/// Leaves the name out, for it may be an e-mail address.
impl fmt::Debug for PoolUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolUser")
            .field("sub", &self.sub)
            .field("user_pool_id", &self.user_pool_id)
            .finish_non_exhaustive()
    }
}
