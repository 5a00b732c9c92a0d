use std::time::SystemTime;

use portcullis_events::{
    ChallengeName, CreateAuthChallenge, DefineAuthChallenge, Event, PublicError, TriggerError,
    VerifyAuthChallenge,
};
use portcullis_trigger::Answer;

use crate::{
    Config, Letter, MAX_TRIES, Random, RandomError, SendError, Sender, Verdict, challenge::Challenge,
    code::Code, decide,
};

/// Where the challenge stands among the private parameters.
const CHALLENGE: &str = "challenge";

/// The code of an e-mail that was not sent, for alarms. The user is answered as if it had been.
const NOT_SENT: PublicError = PublicError::new("E_CODE_NOT_SENT", "the code could not be sent");

/// Answers an event of one of the three triggers.
///
/// # Errors
///
/// A session that holds no challenge of ours, and a lack of randomness: faults, of which the user hears no more than that
/// something went wrong.
pub async fn handle(
    mut event: Event,
    config: &Config,
    sender: &(impl Sender + Sync),
    random: &(impl Random + Sync),
    now: SystemTime,
) -> Result<Answer, TriggerError> {
    if let Some(mut sign_in) = DefineAuthChallenge::of(&mut event) {
        let decision = define(&mut sign_in)?;
        return Ok(Answer::new(event, decision));
    }
    if let Some(mut challenge) = VerifyAuthChallenge::of(&mut event) {
        let decision = verify(&mut challenge, now)?;
        return Ok(Answer::new(event, decision));
    }
    let Some(mut challenge) = CreateAuthChallenge::of(&mut event) else {
        return Ok(Answer::new(event, "not ours"));
    };
    if challenge.challenge_name() != Some(ChallengeName::Custom) {
        return Ok(Answer::new(event, "not ours"));
    }
    match create(&mut challenge, config, sender, random, now).await? {
        Ok(decision) => Ok(Answer::new(event, decision)),
        Err(error) => Ok(Answer::new(event, "not sent").despite(&NOT_SENT.with_detail(error.to_string()))),
    }
}

fn define(sign_in: &mut DefineAuthChallenge<'_>) -> Result<&'static str, TriggerError> {
    match decide(&sign_in.session(), sign_in.user_not_found()) {
        Verdict::Ask => {
            sign_in.present(ChallengeName::Custom);
            Ok("ask")
        }
        Verdict::Admit => {
            sign_in.issue_tokens_after(ChallengeName::Custom)?;
            Ok("admit")
        }
        Verdict::Refuse => {
            sign_in.fail();
            Ok("refuse")
        }
    }
}

/// Makes a challenge, or takes up the one of the last round. The inner result is that of sending.
async fn create(
    event: &mut CreateAuthChallenge<'_>,
    config: &Config,
    sender: &(impl Sender + Sync),
    random: &(impl Random + Sync),
    now: SystemTime,
) -> Result<Result<&'static str, SendError>, TriggerError> {
    let rounds = event.session().len();
    let (challenge, sent) = if rounds == 0 {
        let code = Code::random(config.code_digits.into(), random).map_err(no_randomness)?;
        let user = event.event().user_name().unwrap_or_default();
        let challenge = Challenge::new(&code, user, now + config.code_lifetime, random);
        let letter = recipient(event).map(|email| Letter::new(email, &code, config));
        (challenge.map_err(no_randomness)?, deliver(letter, sender, config).await)
    } else {
        // The same code again: its digest has come along.
        let kept = event.session().last().and_then(|last| Challenge::parse(last.metadata?));
        let missing = || PublicError::INTERNAL.with_detail("the session has no challenge of ours");
        (kept.ok_or_else(missing)?, Ok("asked again"))
    };
    let challenge = challenge.to_string();
    event.set_public_parameter("medium", "EMAIL")?;
    event.set_public_parameter("digits", &config.code_digits.to_string())?;
    event.set_public_parameter("triesLeft", &MAX_TRIES.saturating_sub(rounds).to_string())?;
    event.set_private_parameter(CHALLENGE, &challenge)?;
    event.set_challenge_metadata(&challenge);
    Ok(sent)
}

/// Sends a letter, if there is one, and takes the same time in any case.
async fn deliver(
    letter: Option<Letter>,
    sender: &(impl Sender + Sync),
    config: &Config,
) -> Result<&'static str, SendError> {
    let sending = async {
        let Some(letter) = letter else { return Ok("nobody to send to") };
        // Without a limit there is nothing to hide behind.
        if config.answer_after.is_zero() {
            return sender.send(&letter).await.map(|()| "sent");
        }
        let late = || SendError::new(format!("not sent within {} ms", config.answer_after.as_millis()));
        let sent = tokio::time::timeout(config.answer_after, sender.send(&letter)).await;
        sent.map_err(|_elapsed| late())?.map(|()| "sent")
    };
    let (sent, ()) = tokio::join!(sending, tokio::time::sleep(config.answer_after));
    sent
}

fn verify(event: &mut VerifyAuthChallenge<'_>, now: SystemTime) -> Result<&'static str, TriggerError> {
    let challenge = event.private_parameters().get(CHALLENGE).and_then(Challenge::parse);
    let code = Code::typed(event.answer().unwrap_or_default());
    let user = event.event().user_name().unwrap_or_default();
    // Looked at for nobody too, so that it takes as long.
    let is_right = challenge.is_some_and(|challenge| challenge.accepts(&code, user, now));
    let is_right = is_right && !event.user_not_found();
    event.set_answer_correct(is_right)?;
    Ok(if is_right { "right" } else { "wrong" })
}

/// Where a code may be sent to: an address that the pool calls verified, of somebody who exists.
fn recipient<'e>(event: &'e CreateAuthChallenge<'_>) -> Option<&'e str> {
    let attributes = event.user_attributes();
    (!event.user_not_found() && attributes.is_true("email_verified")).then(|| attributes.email()).flatten()
}

fn no_randomness(error: RandomError) -> TriggerError {
    PublicError::INTERNAL.with_detail(error.to_string())
}
