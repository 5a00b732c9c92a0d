//! What administrators do with the links between users and other providers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::pool::{
    call::Call,
    error::{Exception, ServiceError},
    input::missing,
    oauth::{LinkError, disable_provider, link},
    password,
    sessions::Session,
    srp::Verifier,
    users::User,
};

type Result<T> = std::result::Result<T, ServiceError>;

/// Whom an administrator names.
struct Named {
    provider: String,
    value: String,
}

pub(super) fn admin_link_provider_for_user(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    let destination = named(call, "DestinationUser", false)?;
    let source = named(call, "SourceUser", true)?;
    if destination.provider != "Cognito" {
        return Err(ServiceError::invalid(
            "The DestinationUser is named by ProviderName Cognito and the username.",
        ));
    }
    if source.provider.eq_ignore_ascii_case("cognito") {
        return Err(ServiceError::invalid("The SourceUser cannot be a user of this pool."));
    }
    let sub = call
        .pool
        .store
        .write(|tx| link(call.pool, tx, &destination.value, &source.provider, &source.value))?;
    call.acts_for(&sub);
    Ok(json!({}))
}

pub(super) fn admin_disable_provider_for_user(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    let user = named(call, "User", true)?;
    if user.provider == "Cognito" {
        return without_password(call, &user.value);
    }
    let sub = call.pool.store.write(|tx| disable_provider(call.pool, tx, &user.provider, &user.value))?;
    call.acts_for(&sub.ok_or_else(ServiceError::user_not_found)?);
    Ok(json!({}))
}

/// Takes the password from a user of the pool.
fn without_password(call: &Call<'_>, username: &str) -> Result<Value> {
    let sub = call.pool.store.read(|connection| User::find(connection, username))?;
    let sub = sub.ok_or_else(ServiceError::user_not_found)?.sub;
    call.acts_for(&sub);
    let nobodys = password::temporary(&*call.pool.random)?;
    let verifier = Verifier::make(&*call.pool.random, &call.pool.settings.short_name, &sub, &nobodys)?;
    call.pool.store.write(|tx| {
        let mut user = User::find(tx, &sub)?.ok_or_else(ServiceError::user_not_found)?;
        user.verifier = verifier;
        super::profile::save(call, tx, &mut user)?;
        Ok::<_, ServiceError>(Session::revoke_all(tx, &sub)?)
    })?;
    Ok(json!({}))
}

fn named(call: &Call<'_>, member: &str, by_subject: bool) -> Result<Named> {
    let mut members: BTreeMap<String, String> =
        call.input.string_map(member)?.ok_or_else(|| missing(member))?;
    let mut take = |name: &str| members.remove(name).filter(|value| !value.is_empty());
    let attribute = take("ProviderAttributeName");
    if by_subject && attribute.as_deref() != Some("Cognito_Subject") {
        return Err(ServiceError::invalid(
            "The ProviderAttributeName is Cognito_Subject for OIDC providers.",
        ));
    }
    match (take("ProviderName"), take("ProviderAttributeValue")) {
        (Some(provider), Some(value)) => Ok(Named { provider, value }),
        (None, _) => Err(missing(&format!("{member}.providerName"))),
        (_, None) => Err(missing(&format!("{member}.providerAttributeValue"))),
    }
}

impl From<LinkError> for ServiceError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::UnknownProvider => {
                Self::new(Exception::ResourceNotFound, "The pool has no such identity provider.")
            }
            LinkError::AlreadyLinked => Self::invalid("SourceUser is already linked to DestinationUser"),
            LinkError::Taken => {
                Self::invalid("SourceUser belongs to another user, and users are not merged.")
            }
            LinkError::TooMany => {
                Self::new(Exception::LimitExceeded, "A user may be linked to five identities at most.")
            }
            LinkError::UserNotFound => Self::user_not_found(),
            LinkError::Database(error) => error.into(),
        }
    }
}
