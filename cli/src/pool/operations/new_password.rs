//! Choosing a password in place of a temporary one, in the middle of a sign-in.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::sign_in::{Parameters, parameter};
use crate::pool::{
    attributes::{Attributes, Writer},
    call::Call,
    challenges::Challenge,
    error::ServiceError,
    input::{check_password, check_username},
    password,
    srp::Verifier,
    tokens::{Occasion, disabled},
    users::{Status, User},
};

type Result<T> = std::result::Result<T, ServiceError>;

pub(super) fn ask_for_new_password(call: &Call<'_>, user: &User) -> Result<Value> {
    if user.temporary_until.is_some_and(|until| until <= call.now) {
        return Err(ServiceError::not_authorized(
            "Temporary password has expired and must be reset by an administrator.",
        ));
    }
    let session = call.pool.random.bytes::<64>()?;
    let challenge = Challenge::NewPassword { sub: user.sub.clone(), proven: user.verifier.clone() };
    call.pool.challenges.put(session.to_vec(), challenge, call.now);
    Ok(json!({
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "ChallengeParameters": {
            "USER_ID_FOR_SRP": user.sub,
            "requiredAttributes": "[]",
            "userAttributes": user.attributes.readable().to_json().to_string(),
        },
        "Session": STANDARD.encode(session),
    }))
}

pub(super) fn choose_password(call: &Call<'_>, responses: &Parameters) -> Result<Value> {
    let invalid = || ServiceError::not_authorized("Invalid session for the user, session is expired.");
    let name = check_username("username", parameter(responses, "USERNAME")?)?;
    let chosen = check_password("newPassword", parameter(responses, "NEW_PASSWORD")?)?;
    let session = STANDARD.decode(call.input.string("Session")?).map_err(|_| invalid())?;
    let (sub, proven) = call.pool.challenges.new_password_of(&session, call.now).ok_or_else(invalid)?;
    call.acts_for(&sub);
    password::check_policy(chosen)?;
    let written: Parameters = responses
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("userAttributes.")?.to_owned(), value.clone())))
        .collect();
    let verifier = Verifier::make(&*call.pool.random, &call.pool.settings.short_name, &sub, chosen)?;
    let user = call.pool.store.write(|tx| {
        let user = User::find(tx, name)?.filter(|user| user.sub == sub);
        let user = user.filter(|user| user.status == Status::ForceChangePassword && user.verifier == proven);
        let mut user = user.ok_or_else(invalid)?;
        if !user.enabled {
            return Err(disabled());
        }
        let written = first_attributes(&user, written)?;
        call.pool.challenges.take(&session, call.now).ok_or_else(invalid)?;
        user.verifier = verifier;
        user.attributes.merge(written);
        user.confirm();
        user.update(tx, call.now)?;
        Ok(user)
    })?;
    call.post_authentication(&user, true)?;
    let result = call.begin_session(&user, Occasion::NewPassword, true)?;
    Ok(json!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
}

/// What a user may add to the account that was made for them. What they are reached by stays as it was given.
fn first_attributes(user: &User, written: Parameters) -> Result<Attributes> {
    for (name, message) in [
        ("email", "Cannot modify an already provided email"),
        ("phone_number", "Cannot modify an already provided phone_number"),
    ] {
        if written.contains_key(name) && user.attributes.get(name).is_some() {
            return Err(ServiceError::not_authorized(message));
        }
    }
    Attributes::checked(written, Writer::Client)
}
