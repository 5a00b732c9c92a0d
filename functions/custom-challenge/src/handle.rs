use std::time::SystemTime;

use portcullis_events::{Event, PublicError, TriggerError};
use portcullis_trigger::Answer;
use serde_json::{Map, Value, json};

use crate::{
    CUSTOM_CHALLENGE, Config, Letter, MAX_TRIES, Random, RandomError, Round, SendError, Sender, Verdict,
    challenge::Challenge, code::Code, decide,
};

/// Where the challenge stands among the private parameters.
const CHALLENGE: &str = "challenge";

/// The code of an e-mail that was not sent, for alarms. The user is answered as if it had been.
const NOT_SENT: PublicError = PublicError::new("E_CODE_NOT_SENT", "the code could not be sent");

/// Answers an event of one of the three triggers.
///
/// # Errors
///
/// A session that a challenge cannot be read from, and a lack of randomness: faults, of which the user hears no more than
/// that something went wrong.
pub async fn handle(
    event: Event,
    config: &Config,
    sender: &(impl Sender + Sync),
    random: &(impl Random + Sync),
    now: SystemTime,
) -> Result<Answer, TriggerError> {
    let family = event.source().split('_').next().unwrap_or_default();
    match family {
        "DefineAuthChallenge" => define(event),
        "CreateAuthChallenge" if request(&event, "challengeName") == Some(&json!(CUSTOM_CHALLENGE)) => {
            create(event, config, sender, random, now).await
        }
        // Cognito's documentation spells the source in both ways.
        "VerifyAuthChallengeResponse" | "VerifyAuthChallenge" => verify(event, now),
        _ => Ok(Answer::new(event, "not ours")),
    }
}

fn define(event: Event) -> Result<Answer, TriggerError> {
    // What cannot be read is refused, as what is not ours.
    let verdict = match Round::list(request(&event, "session")) {
        Some(rounds) => decide(&rounds, is_nobody(&event)),
        None => Verdict::Refuse,
    };
    let (name, decision) = match verdict {
        Verdict::Ask => (json!(CUSTOM_CHALLENGE), "ask"),
        Verdict::Admit => (Value::Null, "admit"),
        Verdict::Refuse => (Value::Null, "refuse"),
    };
    let response = json!({
        "challengeName": name,
        "issueTokens": verdict == Verdict::Admit,
        "failAuthentication": verdict == Verdict::Refuse,
    });
    answer(event, response, decision)
}

async fn create(
    event: Event,
    config: &Config,
    sender: &(impl Sender + Sync),
    random: &(impl Random + Sync),
    now: SystemTime,
) -> Result<Answer, TriggerError> {
    let rounds = Round::list(request(&event, "session"))
        .ok_or_else(|| PublicError::INTERNAL.with_detail("the session cannot be read"))?;
    let (challenge, sent) = match rounds.last() {
        None => {
            let code = Code::random(config.code_digits.into(), random).map_err(no_randomness)?;
            let user = event.user_name().unwrap_or_default();
            let challenge = Challenge::new(&code, user, now + config.code_lifetime, random);
            let letter = recipient(&event).map(|email| Letter::new(email, &code, config));
            (challenge.map_err(no_randomness)?, deliver(letter, sender, config).await)
        }
        // The same code again: its digest has come along.
        Some(last) => {
            let kept = last.metadata.as_deref().and_then(Challenge::parse);
            let kept = kept
                .ok_or_else(|| PublicError::INTERNAL.with_detail("the session has no challenge of ours"))?;
            (kept, Ok("asked again"))
        }
    };
    let response = json!({
        "publicChallengeParameters": {
            "medium": "EMAIL",
            "digits": config.code_digits.to_string(),
            "triesLeft": MAX_TRIES.saturating_sub(rounds.len()).to_string(),
        },
        "privateChallengeParameters": { CHALLENGE: challenge.to_string() },
        "challengeMetadata": challenge.to_string(),
    });
    match sent {
        Ok(decision) => answer(event, response, decision),
        Err(error) => {
            Ok(answer(event, response, "not sent")?.despite(&NOT_SENT.with_detail(error.to_string())))
        }
    }
}

/// Sends a letter, if there is one, and takes the same time in any case.
async fn deliver(
    letter: Option<Letter>,
    sender: &(impl Sender + Sync),
    config: &Config,
) -> Result<&'static str, SendError> {
    let sending = async {
        let Some(letter) = letter else { return Ok("nobody to send to") };
        let late = || SendError::new(format!("not sent within {} ms", config.answer_after.as_millis()));
        // Without a limit there is nothing to hide behind.
        if config.answer_after.is_zero() {
            return sender.send(&letter).await.map(|()| "sent");
        }
        let sent = tokio::time::timeout(config.answer_after, sender.send(&letter)).await;
        sent.map_err(|_elapsed| late())?.map(|()| "sent")
    };
    let (sent, ()) = tokio::join!(sending, tokio::time::sleep(config.answer_after));
    sent
}

fn verify(event: Event, now: SystemTime) -> Result<Answer, TriggerError> {
    let challenge = request(&event, "privateChallengeParameters")
        .and_then(|parameters| parameters.get(CHALLENGE)?.as_str())
        .and_then(Challenge::parse);
    let code = Code::typed(request(&event, "challengeAnswer").and_then(Value::as_str).unwrap_or_default());
    let user = event.user_name().unwrap_or_default();
    // Looked at for nobody too, so that it takes as long.
    let is_right = challenge.is_some_and(|challenge| challenge.accepts(&code, user, now));
    let is_right = is_right && !is_nobody(&event);
    answer(event, json!({ "answerCorrect": is_right }), if is_right { "right" } else { "wrong" })
}

/// Where a code may be sent to: an address that the pool calls verified, of somebody who exists.
fn recipient(event: &Event) -> Option<&str> {
    let attributes = event.user_attributes();
    (!is_nobody(event) && attributes.is_true("email_verified")).then(|| attributes.email()).flatten()
}

/// Anything but a clear no is a yes.
fn is_nobody(event: &Event) -> bool {
    !matches!(request(event, "userNotFound"), None | Some(Value::Null | Value::Bool(false)))
}

fn request<'e>(event: &'e Event, field: &str) -> Option<&'e Value> {
    event.get("request")?.get(field)
}

/// Puts the members of a response in place, beside those that may be there.
fn answer(event: Event, members: Value, decision: &'static str) -> Result<Answer, TriggerError> {
    let mut event = event.into_value();
    if let (Value::Object(event), Value::Object(members)) = (&mut event, members) {
        let mut response = match event.remove("response") {
            Some(Value::Object(response)) => response,
            _ => Map::new(),
        };
        response.extend(members);
        event.insert("response".to_owned(), Value::Object(response));
    }
    Ok(Answer::new(Event::new(event)?, decision))
}

fn no_randomness(error: RandomError) -> TriggerError {
    PublicError::INTERNAL.with_detail(error.to_string())
}
