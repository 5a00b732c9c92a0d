//! Linking identities at other providers to users, and taking the links away.

use rusqlite::Connection;
use thiserror::Error;

use super::identity::{Identity, write_attribute};
use crate::pool::{Inner, sessions::Session, users::User};

/// How many identities a user may be linked to, as Amazon Cognito has it.
const MAX_LINKS: usize = 5;

/// Why an identity was not linked.
#[derive(Debug, Error)]
pub(crate) enum LinkError {
    #[error("the pool has no such identity provider")]
    UnknownProvider,
    #[error("the identity is linked to this user already")]
    AlreadyLinked,
    #[error("the identity belongs to another user already")]
    Taken,
    #[error("the user is linked to as many identities as one may be")]
    TooMany,
    #[error("the user does not exist")]
    UserNotFound,
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
}

/// Lets whoever is `subject` at the provider sign in as this user; gives the user's `sub`.
pub(crate) fn link(
    pool: &Inner,
    connection: &Connection,
    username: &str,
    provider: &str,
    subject: &str,
) -> Result<String, LinkError> {
    let provider = pool.oauth.provider(provider).ok_or(LinkError::UnknownProvider)?.config.name();
    let mut user = User::find(connection, username)?.ok_or(LinkError::UserNotFound)?;
    match Identity::owner(connection, provider, subject)? {
        Some((sub, _)) if sub == user.sub => return Err(LinkError::AlreadyLinked),
        Some(_) => return Err(LinkError::Taken),
        None => {}
    }
    if Identity::of_user(connection, &user.sub)?.iter().filter(|identity| !identity.own).count() >= MAX_LINKS
    {
        return Err(LinkError::TooMany);
    }
    let now = pool.clock.now();
    let identity =
        Identity { provider: provider.to_owned(), subject: subject.to_owned(), own: false, created_at: now };
    if !identity.insert(connection, &user.sub)? {
        return Err(LinkError::Taken);
    }
    store(pool, connection, &mut user)?;
    Ok(user.sub)
}

/// Keeps whoever is `subject` at the provider from signing in as the user they have been. A linked user stays and loses the link; one
/// whom the provider brought is disabled. Gives the `sub`, or `None` if they have been nobody.
pub(crate) fn disable_provider(
    pool: &Inner,
    connection: &Connection,
    provider: &str,
    subject: &str,
) -> Result<Option<String>, LinkError> {
    let provider = pool.oauth.provider(provider).ok_or(LinkError::UnknownProvider)?.config.name();
    let Some((sub, own)) = Identity::owner(connection, provider, subject)? else { return Ok(None) };
    let mut user = User::find(connection, &sub)?.ok_or(LinkError::UserNotFound)?;
    if own {
        user.enabled = false;
    } else {
        Identity::remove(connection, provider, subject)?;
    }
    // Sessions that began with it end with it; nobody knows any more which those were.
    Session::revoke_all(connection, &sub)?;
    store(pool, connection, &mut user)?;
    Ok(Some(sub))
}

fn store(pool: &Inner, connection: &Connection, user: &mut User) -> Result<(), LinkError> {
    write_attribute(connection, user, |name| kind(pool, name))?;
    if user.update(connection, pool.clock.now())? { Ok(()) } else { Err(LinkError::UserNotFound) }
}

/// The type of a provider. One that is not configured any more was an OpenID Connect one, as all are here.
pub(super) fn kind(pool: &Inner, provider: &str) -> &'static str {
    pool.oauth.provider(provider).map_or("OIDC", |provider| provider.config.kind)
}
