//! Signing in: by SRP, by password, by refresh token, and the challenges on the way.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use uuid::{Uuid, fmt::Hyphenated};

use super::refresh::refresh;
use crate::pool::{
    attributes::{Attributes, Writer},
    call::Call,
    challenges::Challenge,
    error::{Exception, ServiceError},
    input::{check_password, check_username, constraint},
    limits::{Judgement, judge_password},
    password,
    random::uuid_of,
    srp::{Handshake, PasswordClaim, SrpError, Verifier},
    tokens::{Occasion, disabled},
    users::{Status, User},
};

type Result<T> = std::result::Result<T, ServiceError>;
type Parameters = BTreeMap<String, String>;

const FLOWS: &str = "Member must satisfy enum value set: [USER_SRP_AUTH, REFRESH_TOKEN_AUTH, REFRESH_TOKEN, \
                     CUSTOM_AUTH, ADMIN_NO_SRP_AUTH, USER_PASSWORD_AUTH, ADMIN_USER_PASSWORD_AUTH, USER_AUTH]";

pub(super) fn initiate_auth(call: &Call<'_>) -> Result<Value> {
    call.check_client()?;
    match call.input.string("AuthFlow")? {
        "USER_PASSWORD_AUTH" => by_password(call, &auth_parameters(call)?),
        "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" => {
            Err(ServiceError::invalid("Initiate Auth method not supported."))
        }
        flow => by_common_flow(call, flow),
    }
}

pub(super) fn admin_initiate_auth(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    call.check_client()?;
    match call.input.string("AuthFlow")? {
        "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" | "USER_PASSWORD_AUTH" => {
            by_password(call, &auth_parameters(call)?)
        }
        flow => by_common_flow(call, flow),
    }
}

fn by_common_flow(call: &Call<'_>, flow: &str) -> Result<Value> {
    match flow {
        "USER_SRP_AUTH" => begin_srp(call, &auth_parameters(call)?),
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => {
            let result =
                refresh(call, parameter(&auth_parameters(call)?, "REFRESH_TOKEN")?, Occasion::Refresh)?;
            Ok(json!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
        }
        "CUSTOM_AUTH" | "USER_AUTH" => {
            Err(ServiceError::invalid(format!("{flow} flow not enabled for this client")))
        }
        _ => Err(constraint("AuthFlow", FLOWS)),
    }
}

pub(super) fn respond_to_auth_challenge(call: &Call<'_>) -> Result<Value> {
    call.check_client()?;
    let responses = call.input.string_map("ChallengeResponses")?.unwrap_or_default();
    match call.input.string("ChallengeName")? {
        "PASSWORD_VERIFIER" => prove_password(call, &responses),
        "NEW_PASSWORD_REQUIRED" => choose_password(call, &responses),
        _ => Err(ServiceError::invalid("The challenge is not one that this pool asks")),
    }
}

pub(super) fn admin_respond_to_auth_challenge(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    respond_to_auth_challenge(call)
}

/// Who a client says it is, and what to check the password of nobody with.
struct Claimed {
    user: Option<User>,
    user_id: String,
    decoy: Verifier,
    subject: String,
}

impl Claimed {
    fn load(call: &Call<'_>, name: &str) -> Result<Self> {
        let user = call.pool.store.read(|connection| User::find(connection, name))?;
        let subject = call.subject(user.as_ref(), name);
        let decoy = Verifier::decoy(&call.pool.secret, &subject);
        let user_id = match &user {
            Some(user) => {
                call.acts_for(&user.sub);
                user.sub.clone()
            }
            None => decoy_id(call, &subject, name),
        };
        Ok(Self { user, user_id, decoy, subject })
    }

    fn verifier(&self) -> &Verifier {
        self.user.as_ref().map_or(&self.decoy, |user| &user.verifier)
    }
}

/// The id of nobody, the same for the same name.
///
/// Who is named by an id is answered with it, so nobody must be too. Any other id comes from a label of its own: what the
/// client sees besides, such as the salt, must not be the same bytes again.
fn decoy_id(call: &Call<'_>, subject: &str, name: &str) -> String {
    if let Ok(id) = Uuid::try_parse(name)
        && name.len() == Hyphenated::LENGTH
    {
        return id.to_string();
    }
    let digest = hmac::sign(&call.pool.secret, format!("user id {subject}").as_bytes());
    uuid_of(digest.as_ref().first_chunk().copied().unwrap_or_default())
}

fn by_password(call: &Call<'_>, parameters: &Parameters) -> Result<Value> {
    let name = check_username("username", parameter(parameters, "USERNAME")?)?;
    let typed = parameter(parameters, "PASSWORD")?;
    let claimed = Claimed::load(call, name)?;
    // Longer ones cannot be right; hashing them is work for nothing.
    let right = check_password("password", typed).is_ok()
        && claimed.verifier().accepts(&call.pool.settings.short_name, &claimed.user_id, typed);
    let user = judge(call, claimed.user, &claimed.subject, right)?;
    after_password(call, &user, false)
}

fn begin_srp(call: &Call<'_>, parameters: &Parameters) -> Result<Value> {
    let name = check_username("username", parameter(parameters, "USERNAME")?)?;
    let srp_a = parameter(parameters, "SRP_A")?;
    let claimed = Claimed::load(call, name)?;
    let handshake =
        Handshake::start(&*call.pool.random, claimed.verifier(), srp_a).map_err(|error| match error {
            SrpError::PublicNumber => ServiceError::invalid("SRP_A is not acceptable"),
            SrpError::Random => error.into(),
        })?;
    let secret_block = call.pool.random.bytes::<64>()?;
    let answer = json!({
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeParameters": {
            "SALT": claimed.verifier().salt_hex(),
            "SECRET_BLOCK": STANDARD.encode(secret_block),
            "SRP_B": handshake.srp_b(),
            "USERNAME": claimed.user_id,
            "USER_ID_FOR_SRP": claimed.user_id,
        },
    });
    let challenge = Challenge::PasswordVerifier {
        handshake,
        user_id: claimed.user_id,
        sub: claimed.user.map(|user| user.sub),
        decoy: claimed.decoy,
        subject: claimed.subject,
    };
    call.pool.challenges.put(secret_block.to_vec(), challenge, call.now);
    Ok(answer)
}

fn prove_password(call: &Call<'_>, responses: &Parameters) -> Result<Value> {
    let name = check_username("username", parameter(responses, "USERNAME")?)?;
    let timestamp = parameter(responses, "TIMESTAMP")?;
    if !is_timestamp(timestamp) {
        return Err(ServiceError::invalid(
            "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.",
        ));
    }
    let bytes = |name: &str| -> Result<Vec<u8>> {
        STANDARD.decode(parameter(responses, name)?).map_err(|_| ServiceError::wrong_password())
    };
    let secret_block = bytes("PASSWORD_CLAIM_SECRET_BLOCK")?;
    let signature = bytes("PASSWORD_CLAIM_SIGNATURE")?;
    // Once taken it is gone, so a claim cannot be sent twice; its timestamp need not be judged.
    let Some(Challenge::PasswordVerifier { handshake, user_id, sub, decoy, subject }) =
        call.pool.challenges.take(&secret_block, call.now)
    else {
        return Err(ServiceError::wrong_password());
    };
    let (user, named) = call.pool.store.read(|connection| {
        let user = match &sub {
            Some(sub) => User::find(connection, sub)?,
            None => None,
        };
        Ok::<_, ServiceError>((user, User::find(connection, name)?))
    })?;
    if let Some(user) = &user {
        call.acts_for(&user.sub);
    }
    let claim = PasswordClaim {
        pool: &call.pool.settings.short_name,
        user_id: &user_id,
        secret_block: &secret_block,
        timestamp,
        signature: &signature,
    };
    let proven = handshake.proves(user.as_ref().map_or(&decoy, |user| &user.verifier), &claim);
    let same_user = name == user_id || named.is_some_and(|named| named.sub == user_id);
    let user = judge(call, user, &subject, proven && same_user)?;
    after_password(call, &user, true)
}

/// Counts the attempt and gives the user if the password was right.
fn judge(call: &Call<'_>, user: Option<User>, subject: &str, right: bool) -> Result<User> {
    let right = right && user.is_some();
    let judgement = call.pool.store.write(|tx| judge_password(tx, subject, call.now, right))?;
    match (judgement, user) {
        (Judgement::Accepted, Some(user)) => Ok(user),
        (Judgement::LockedOut, _) => Err(ServiceError::not_authorized("Password attempts exceeded")),
        _ => Err(ServiceError::wrong_password()),
    }
}

// Only who knows the password learns in what state the user is.
fn after_password(call: &Call<'_>, user: &User, with_metadata: bool) -> Result<Value> {
    if !user.enabled {
        return Err(disabled());
    }
    match user.status {
        Status::Unconfirmed => Err(ServiceError::new(Exception::UserNotConfirmed, "User is not confirmed.")),
        Status::ForceChangePassword if user.temporary_until.is_some_and(|until| until <= call.now) => {
            Err(ServiceError::not_authorized(
                "Temporary password has expired and must be reset by an administrator.",
            ))
        }
        Status::ForceChangePassword => ask_for_new_password(call, user),
        Status::Confirmed => {
            let result = call.begin_session(user, Occasion::Authentication, with_metadata)?;
            Ok(json!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
        }
    }
}

fn ask_for_new_password(call: &Call<'_>, user: &User) -> Result<Value> {
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

fn choose_password(call: &Call<'_>, responses: &Parameters) -> Result<Value> {
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

fn auth_parameters(call: &Call<'_>) -> Result<Parameters> {
    Ok(call.input.string_map("AuthParameters")?.unwrap_or_default())
}

fn parameter<'a>(parameters: &'a Parameters, name: &str) -> Result<&'a str> {
    parameters
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| ServiceError::invalid(format!("Missing required parameter {name}")))
}

// "Tue Apr 5 09:03:00 UTC 2026"
fn is_timestamp(text: &str) -> bool {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split(' ').collect();
    let [day, month, date, time, zone, year] = parts.as_slice() else { return false };
    let within = |text: &str, range: std::ops::RangeInclusive<u16>| {
        text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse().is_ok_and(|number| range.contains(&number))
    };
    let time: Vec<&str> = time.split(':').collect();
    DAYS.contains(day)
        && MONTHS.contains(month)
        && within(date, 1..=31)
        && matches!(time.as_slice(), [h, m, s] if within(h, 0..=23) && within(m, 0..=59) && within(s, 0..=60))
        && *zone == "UTC"
        && year.len() == 4
        && within(year, 1970..=9999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_an_english_date_in_utc() {
        for (text, good) in [
            ("Tue Apr 5 09:03:00 UTC 2026", true),
            ("Tue Apr 15 09:03:00 UTC 2026", true),
            ("Di Apr 5 09:03:00 UTC 2026", false),
            ("Tue Apr 5 09:03 UTC 2026", false),
            ("Tue Apr 5 29:03:00 UTC 2026", false),
            ("Tue Apr 5 09:03:00 CET 2026", false),
            ("Tue Apr 5 +9:03:00 UTC 2026", false),
            ("2026-04-05T09:03:00Z", false),
            ("", false),
        ] {
            assert_eq!(is_timestamp(text), good, "{text}");
        }
    }
}
