//! Proving a password by SRP.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    custom_auth,
    sign_in::{Claimed, Parameters, after_password, judge, parameter},
};
use crate::pool::{
    call::Call,
    challenges::Challenge,
    custom_flow::CustomFlow,
    error::ServiceError,
    input::check_username,
    srp::{Handshake, PasswordClaim, SrpError},
    users::User,
};

type Result<T> = std::result::Result<T, ServiceError>;

pub(super) fn begin(call: &Call<'_>, parameters: &Parameters) -> Result<Value> {
    let name = check_username("username", parameter(parameters, "USERNAME")?)?;
    let srp_a = parameter(parameters, "SRP_A")?;
    let claimed = Claimed::load(call, name)?;
    call.pre_authentication(&claimed.user_id, claimed.user.as_ref())?;
    ask_for_password(call, claimed, srp_a, None)
}

/// Asks for a proof of the password; in the custom flow it is one challenge of several.
pub(super) fn ask_for_password(
    call: &Call<'_>,
    claimed: Claimed,
    srp_a: &str,
    custom: Option<CustomFlow>,
) -> Result<Value> {
    let handshake =
        Handshake::start(&*call.pool.random, claimed.verifier(), srp_a).map_err(|error| match error {
            SrpError::PublicNumber => ServiceError::invalid("SRP_A is not acceptable"),
            SrpError::Random => error.into(),
        })?;
    let secret_block = call.pool.random.bytes::<64>()?;
    let secret_text = STANDARD.encode(secret_block);
    let mut answer = json!({
        "ChallengeName": CustomFlow::PASSWORD_VERIFIER,
        "ChallengeParameters": {
            "SALT": claimed.verifier().salt_hex(),
            "SECRET_BLOCK": secret_text,
            "SRP_B": handshake.srp_b(),
            "USERNAME": claimed.user_id,
            "USER_ID_FOR_SRP": claimed.user_id,
        },
    });
    // The secret block names the challenge; the custom flow shows it as its session too, which clients send back.
    if custom.is_some()
        && let Value::Object(answer) = &mut answer
    {
        answer.insert("Session".to_owned(), json!(secret_text));
    }
    let challenge = Challenge::PasswordVerifier {
        handshake,
        user_id: claimed.user_id,
        sub: claimed.user.map(|user| user.sub),
        decoy: claimed.decoy,
        subject: claimed.subject,
        custom,
    };
    call.pool.challenges.put(secret_block.to_vec(), challenge, call.now);
    Ok(answer)
}

pub(super) fn prove_password(call: &Call<'_>, responses: &Parameters) -> Result<Value> {
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
    let Some(Challenge::PasswordVerifier { handshake, user_id, sub, decoy, subject, custom }) =
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
    match custom {
        None => after_password(call, &user, true),
        Some(mut flow) => {
            flow.add(CustomFlow::PASSWORD_VERIFIER, true, None);
            flow.proven = Some(user.verifier.clone());
            custom_auth::advance(call, flow, Some(&user), None, true)
        }
    }
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
