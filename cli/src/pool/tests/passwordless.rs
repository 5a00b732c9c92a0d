//! Signing in with a code by e-mail: the function of the custom challenge triggers, as the pool calls it.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use portcullis_custom_challenge::{Config, Letter, SendError, Sender, SystemRandom, handle};
use portcullis_trigger::{Answer, events::Event};
use serde_json::{Value, json};

use super::harness::{EMAIL, PASSWORD, TestPool, claims};
use crate::pool::{Trigger, TriggerFailure, TriggerFuture, Triggers, srp::client::Client};

const WRONG: &str = "Incorrect username or password.";
const NOBODY: &str = "nobody@example.com";

#[derive(Clone, Default)]
struct Outbox(Arc<Mutex<Vec<(String, String)>>>);

impl Sender for Outbox {
    async fn send(&self, letter: &Letter) -> Result<(), SendError> {
        self.0.lock().unwrap().push((letter.to().to_owned(), letter.text().to_owned()));
        Ok(())
    }
}

impl Outbox {
    /// Whom letters have gone to since the last look, and the codes in them.
    fn codes(&self) -> Vec<(String, String)> {
        let is_code = |line: &&str| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit());
        let letters = std::mem::take(&mut *self.0.lock().unwrap());
        letters.into_iter().map(|(to, text)| (to, text.lines().find(is_code).unwrap().to_owned())).collect()
    }
}

struct Function {
    config: Config,
    outbox: Outbox,
}

impl Triggers for Function {
    fn is_attached(&self, trigger: Trigger) -> bool {
        matches!(
            trigger,
            Trigger::DefineAuthChallenge
                | Trigger::CreateAuthChallenge
                | Trigger::VerifyAuthChallengeResponse
        )
    }

    fn invoke(&self, _: Trigger, event: Value) -> TriggerFuture {
        let (config, outbox) = (self.config.clone(), self.outbox.clone());
        Box::pin(async move {
            let event = Event::new(event).unwrap();
            let answer = handle(event, &config, &outbox, &SystemRandom, now()).await;
            answer.map(Answer::into_value).map_err(|error| TriggerFailure::Refused(error.to_string()))
        })
    }
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn attach(pool: &TestPool) -> Outbox {
    let variables = |name: &str| (name == "SENDER_ADDRESS").then(|| "sign-in@example.com".to_owned());
    let config = Config { answer_after: Duration::ZERO, ..Config::from_env(variables).unwrap() };
    let outbox = Outbox::default();
    pool.pool.set_triggers(Arc::new(Function { config, outbox: outbox.clone() }));
    outbox
}

fn begin(name: &str) -> Value {
    json!({ "AuthFlow": "CUSTOM_AUTH", "AuthParameters": { "USERNAME": name } })
}

fn answer(challenge: &Value, name: &str, code: &str) -> Value {
    json!({
        "ChallengeName": "CUSTOM_CHALLENGE",
        "Session": challenge["Session"],
        "ChallengeResponses": { "USERNAME": name, "ANSWER": code },
    })
}

fn wrong(code: &str) -> &'static str {
    if code.starts_with('1') { "20000000" } else { "10000000" }
}

#[tokio::test]
async fn the_code_from_the_letter_signs_in_at_the_third_try() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let outbox = attach(&pool);
    let challenge = pool.ok("InitiateAuth", begin(EMAIL)).await;
    let [(to, code)] = &outbox.codes()[..] else { panic!() };
    assert_eq!(to, EMAIL);
    assert_eq!(
        challenge["ChallengeParameters"],
        json!({ "USERNAME": sub, "medium": "EMAIL", "digits": "8", "triesLeft": "3" })
    );
    let challenge = pool.ok("RespondToAuthChallenge", answer(&challenge, EMAIL, wrong(code))).await;
    let challenge = pool.ok("RespondToAuthChallenge", answer(&challenge, EMAIL, wrong(code))).await;
    assert_eq!(challenge["ChallengeParameters"]["triesLeft"], "1");
    let tokens = pool.ok("RespondToAuthChallenge", answer(&challenge, EMAIL, code)).await;
    let tokens = &tokens["AuthenticationResult"];
    assert_eq!(claims(&tokens["IdToken"])["sub"], sub);
    pool.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    assert!(outbox.codes().is_empty(), "a second letter");
}

#[tokio::test]
async fn three_wrong_codes_end_the_sign_in_and_the_next_one_has_a_code_of_its_own() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let outbox = attach(&pool);
    let mut challenge = pool.ok("InitiateAuth", begin(EMAIL)).await;
    let old = outbox.codes().remove(0).1;
    for _ in 0..2 {
        challenge = pool.ok("RespondToAuthChallenge", answer(&challenge, EMAIL, wrong(&old))).await;
    }
    let body = answer(&challenge, EMAIL, wrong(&old));
    pool.refuses("RespondToAuthChallenge", body, "NotAuthorizedException", WRONG).await;
    let challenge = pool.ok("InitiateAuth", begin(EMAIL)).await;
    let code = outbox.codes().remove(0).1;
    assert_ne!(code, old, "one in a hundred million");
    let challenge = pool.ok("RespondToAuthChallenge", answer(&challenge, EMAIL, &old)).await;
    assert_eq!(challenge["ChallengeName"], "CUSTOM_CHALLENGE");
    pool.ok("RespondToAuthChallenge", answer(&challenge, EMAIL, &code)).await;
}

#[tokio::test]
async fn nobody_is_answered_as_somebody_and_gets_neither_letters_nor_tokens() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    pool.sign_up("unconfirmed@example.com").await;
    let outbox = attach(&pool);
    let mut answers = Vec::new();
    for name in [EMAIL, NOBODY, "unconfirmed@example.com"] {
        let mut seen = Vec::new();
        let mut challenge = pool.ok("InitiateAuth", begin(name)).await;
        for _ in 0..2 {
            let mut shape = challenge.clone();
            shape["ChallengeParameters"]["USERNAME"].take();
            shape["Session"].take();
            seen.push(shape);
            challenge = pool.ok("RespondToAuthChallenge", answer(&challenge, name, "no code")).await;
        }
        let body = answer(&challenge, name, "no code");
        let (exception, message) = pool.fails("RespondToAuthChallenge", body).await;
        seen.push(json!([exception, message]));
        answers.push(seen);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    let to: Vec<String> = outbox.codes().into_iter().map(|(to, _)| to).collect();
    assert_eq!(to, [EMAIL]);
}

#[tokio::test]
async fn a_sign_in_that_begins_with_srp_is_none_of_this_flow() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let outbox = attach(&pool);
    for name in [EMAIL, NOBODY] {
        let parameters =
            json!({ "USERNAME": name, "CHALLENGE_NAME": "SRP_A", "SRP_A": Client::new(7).srp_a() });
        let body = json!({ "AuthFlow": "CUSTOM_AUTH", "AuthParameters": parameters });
        pool.refuses("InitiateAuth", body, "NotAuthorizedException", WRONG).await;
    }
    assert!(outbox.codes().is_empty());
    // The other ways to sign in are as they were.
    pool.sign_in(EMAIL, PASSWORD).await;
}
