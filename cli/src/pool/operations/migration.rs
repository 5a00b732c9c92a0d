//! Taking over users from elsewhere, one by one, as they come.
//!
//! 1. The user-migration trigger is asked about an e-mail address that the pool does not know, when it comes with a
//!    password or has forgotten it. It is never asked in the SRP and custom flows, which have no password to show.
//! 2. An answer without attributes means that there is no such user elsewhere either; the client hears what it hears of
//!    nobody. Everything else that goes wrong is `UserNotFoundException: Exception migrating user in app client ..`.
//! 3. A sign-in is counted as a wrong password before the function is asked: it is no way round the limit.
//! 4. The password policy is not asked.
//!
//! This pool differs from Cognito in two things: it sends no welcome message, and refuses `enableSMSMFA`, for it knows no
//! second factor. `forceAliasCreation` has nothing to force: the address that is asked about is nobody's.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::sign_up::with_email;
use crate::pool::{
    attributes::{Attributes, Writer, is_email},
    call::Call,
    error::{Exception, ServiceError},
    input::check_password,
    limits::{Judgement, forget_passwords, judge_password},
    srp::Verifier,
    triggers::{Invocation, Trigger},
    users::{Status, User},
};

type Result<T> = std::result::Result<T, ServiceError>;

/// Whether the migration function is to be asked about this name, which nobody here has.
pub(super) fn is_possible(call: &Call<'_>, name: &str) -> bool {
    is_email(name) && call.pool.triggers_for(Trigger::UserMigration).is_some()
}

/// Takes over whoever signs in under this name; `false` if they are nobody elsewhere either.
pub(super) fn at_sign_in(call: &Call<'_>, name: &str, password: &str, subject: &str) -> Result<bool> {
    match call.pool.store.write(|tx| judge_password(tx, subject, call.now, false))? {
        Judgement::LockedOut => return Err(ServiceError::not_authorized("Password attempts exceeded")),
        Judgement::Wrong | Judgement::Accepted => {}
    }
    if check_password("password", password).is_err() {
        return Ok(false);
    }
    let request = json!({
        "userAttributes": null,
        "password": password,
        "validationData": call.input.string_map("ClientMetadata")?,
    });
    let migrated = migrate(call, "UserMigration_Authentication", name, request, Some(password))?;
    if migrated {
        call.pool.store.write(|tx| forget_passwords(tx, subject))?;
    }
    Ok(migrated)
}

/// Takes over whoever has forgotten their password.
pub(super) fn at_forgotten_password(call: &Call<'_>, name: &str) -> Result<bool> {
    let mut request = json!({ "userAttributes": null, "validationData": null });
    call.put_client_metadata(&mut request)?;
    migrate(call, "UserMigration_ForgotPassword", name, request, None)
}

fn migrate(
    call: &Call<'_>,
    source: &'static str,
    name: &str,
    request: Value,
    password: Option<&str>,
) -> Result<bool> {
    let failed = |reason: &str| {
        tracing::warn!(source, reason, "a user could not be migrated");
        let client = call.trigger_client_id();
        ServiceError::new(Exception::UserNotFound, format!("Exception migrating user in app client {client}"))
    };
    let response = call
        .invoke(Invocation {
            trigger: Trigger::UserMigration,
            source,
            username: name,
            request,
            response: json!({
                "userAttributes": null,
                "forceAliasCreation": null,
                "enableSMSMFA": null,
                "finalUserStatus": null,
                "messageAction": null,
                "desiredDeliveryMediums": null,
            }),
        })
        .map_err(|error| failed(error.exception.name()))?;
    let Some(pairs) = response.as_ref().map(attributes).transpose().map_err(failed)?.flatten() else {
        return Ok(false);
    };
    let chosen = status(response.as_ref()).map_err(failed)?;
    let mut attributes: Attributes =
        with_email(Some(pairs), name, Writer::Administrator).map_err(|error| failed(&error.message))?;
    if attributes.get("email_verified").is_none() {
        attributes.set("email_verified", "false");
    }
    let sub = call.pool.random.uuid()?;
    let (status, verifier) = match password {
        Some(password) => (chosen.unwrap_or(Status::Confirmed), verifier(call, &sub, password)?),
        // They have no password until they have chosen one: this one nobody knows.
        None => (Status::ResetRequired, verifier(call, &sub, &call.pool.random.uuid()?)?),
    };
    let user = User {
        federated_name: None,
        status,
        enabled: true,
        verifier,
        temporary_until: None,
        created_at: call.now,
        modified_at: call.now,
        attributes,
        sub,
    };
    call.acts_for(&user.sub);
    match call.pool.store.write(|tx| user.insert(tx)) {
        // Somebody was quicker: the user is there all the same, and their password is asked next.
        Err(error) if error.exception == Exception::UsernameExists => Ok(true),
        written => written.map(|()| true),
    }
}

fn verifier(call: &Call<'_>, sub: &str, password: &str) -> Result<Verifier> {
    Ok(Verifier::make(&*call.pool.random, &call.pool.settings.short_name, sub, password)?)
}

/// The user's attributes; none if the function knows no such user.
fn attributes(
    response: &Map<String, Value>,
) -> std::result::Result<Option<BTreeMap<String, String>>, &'static str> {
    let map = match response.get("userAttributes") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(map)) if map.is_empty() => return Ok(None),
        Some(Value::Object(map)) => map,
        Some(_) => return Err("userAttributes is no map"),
    };
    let pair = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    map.iter()
        .map(pair)
        .collect::<Option<_>>()
        .map(Some)
        .ok_or("userAttributes holds something that is no string")
}

/// The status that the function wants, once the rest of its answer is found to be in order.
fn status(response: Option<&Map<String, Value>>) -> std::result::Result<Option<Status>, &'static str> {
    let get = |name: &str| response.and_then(|response| response.get(name)).filter(|value| !value.is_null());
    if get("messageAction").is_some_and(|action| action != "SUPPRESS") {
        return Err("messageAction is not SUPPRESS");
    }
    let is_medium = |medium: &Value| medium == "EMAIL" || medium == "SMS";
    if get("desiredDeliveryMediums")
        .is_some_and(|mediums| !mediums.as_array().is_some_and(|list| list.iter().all(is_medium)))
    {
        return Err("desiredDeliveryMediums is no list of EMAIL and SMS");
    }
    if get("forceAliasCreation").is_some_and(|flag| !flag.is_boolean()) {
        return Err("forceAliasCreation is no boolean");
    }
    if get("enableSMSMFA").is_some_and(|flag| *flag != json!(false)) {
        return Err("enableSMSMFA is not false");
    }
    match get("finalUserStatus").map(Value::as_str) {
        None => Ok(None),
        Some(Some("CONFIRMED")) => Ok(Some(Status::Confirmed)),
        Some(Some("RESET_REQUIRED")) => Ok(Some(Status::ResetRequired)),
        Some(_) => Err("finalUserStatus is neither CONFIRMED nor RESET_REQUIRED"),
    }
}
