//! Whole events in, whole events out.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    sync::Mutex,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use portcullis_custom_challenge::{Config, Letter, SendError, Sender, SystemRandom, handle};
use portcullis_trigger::{Answer, events::Event};
use serde_json::{Value, json};
use tokio::time::Instant;

/// Keeps letters, after a while, and fails if it is told to.
#[derive(Default)]
struct Outbox {
    letters: Mutex<Vec<(String, String)>>,
    takes: Duration,
    fails: bool,
}

impl Sender for Outbox {
    async fn send(&self, letter: &Letter) -> Result<(), SendError> {
        tokio::time::sleep(self.takes).await;
        if self.fails {
            return Err(SendError::new("ses SendEmail failed: MessageRejected"));
        }
        self.letters.lock().unwrap().push((letter.to().to_owned(), letter.text().to_owned()));
        Ok(())
    }
}

impl Outbox {
    /// The code of the one letter.
    fn code(&self) -> String {
        let letters = self.letters.lock().unwrap();
        let [(to, text)] = &letters[..] else { panic!("{} letters", letters.len()) };
        assert_eq!(to, "ann@example.com");
        text.lines()
            .find(|line| line.len() == 8 && line.bytes().all(|b| b.is_ascii_digit()))
            .unwrap()
            .to_owned()
    }
}

fn config() -> Config {
    Config::from_env(|name| (name == "SENDER_ADDRESS").then(|| "sign-in@example.com".to_owned())).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

fn event(source: &str, request: Value, response: Value) -> Value {
    json!({
        "version": "1",
        "triggerSource": source,
        "region": "us-east-1",
        "userPoolId": "us-east-1_AbCdEfGhI",
        "userName": "5f0c9d5e-3a64-4c1b-9d0e-1b2c3d4e5f60",
        "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "app" },
        "request": request,
        "response": response,
        "somethingNew": [1],
    })
}

fn ann() -> Value {
    json!({ "sub": "5f0c9d5e-3a64-4c1b-9d0e-1b2c3d4e5f60", "email": "ann@example.com", "email_verified": "true" })
}

fn create(attributes: Value, nobody: bool, session: Value) -> Value {
    let request = json!({
        "userAttributes": attributes,
        "challengeName": "CUSTOM_CHALLENGE",
        "session": session,
        "userNotFound": nobody,
    });
    let response = json!({
        "publicChallengeParameters": null,
        "privateChallengeParameters": null,
        "challengeMetadata": null,
    });
    event("CreateAuthChallenge_Authentication", request, response)
}

fn verify(parameters: Value, answer: &str, nobody: bool) -> Value {
    let request = json!({
        "userAttributes": if nobody { json!({}) } else { ann() },
        "privateChallengeParameters": parameters,
        "challengeAnswer": answer,
        "userNotFound": nobody,
    });
    event("VerifyAuthChallengeResponse_Authentication", request, json!({ "answerCorrect": null }))
}

async fn deliver(event: Value, outbox: &Outbox, seconds: u64) -> Answer {
    handle(Event::new(event).unwrap(), &config(), outbox, &SystemRandom, at(seconds)).await.unwrap()
}

/// The response, once all else has been found to be as it came.
fn response(answer: Answer, mut sent: Value) -> Value {
    let mut value = answer.into_value();
    let response = value["response"].take();
    sent["response"] = Value::Null;
    assert_eq!(value, sent);
    response
}

fn round(name: &str, passed: bool, metadata: &Value) -> Value {
    json!({ "challengeName": name, "challengeResult": passed, "challengeMetadata": metadata })
}

#[tokio::test(start_paused = true)]
async fn a_code_is_sent_once_and_accepted_from_its_user_within_three_tries() {
    let outbox = Outbox::default();
    let event = create(ann(), false, json!([]));
    let answer = deliver(event.clone(), &outbox, 0).await;
    assert_eq!((answer.decision(), answer.code()), ("sent", None));
    let first = response(answer, event);
    assert_eq!(
        first["publicChallengeParameters"],
        json!({ "medium": "EMAIL", "digits": "8", "triesLeft": "3" })
    );
    let code = outbox.code();
    assert!(!first.to_string().contains(&code));
    let parameters = &first["privateChallengeParameters"];

    let wrong = if code.starts_with('1') { "20000000" } else { "10000000" };
    let spaced = format!(" {} {} ", &code[..4], &code[4..]);
    for (typed, seconds, right) in [
        (code.as_str(), 0, true),
        (&spaced, 179, true),
        (&code, 180, false),
        (wrong, 0, false),
        ("", 0, false),
    ] {
        let event = verify(parameters.clone(), typed, false);
        let answer = deliver(event.clone(), &outbox, seconds).await;
        assert_eq!(answer.decision(), if right { "right" } else { "wrong" });
        assert_eq!(response(answer, event), json!({ "answerCorrect": right }), "{typed} {seconds}");
    }

    // The next try is for the same code.
    let session = json!([round("CUSTOM_CHALLENGE", false, &first["challengeMetadata"])]);
    let event = create(ann(), false, session);
    let answer = deliver(event.clone(), &outbox, 60).await;
    assert_eq!(answer.decision(), "asked again");
    let second = response(answer, event);
    assert_eq!(second["publicChallengeParameters"]["triesLeft"], "2");
    assert_eq!(second["privateChallengeParameters"], *parameters);
    assert_eq!(outbox.code(), code, "a second letter");
    // It is the same time that runs out.
    let event = verify(second["privateChallengeParameters"].clone(), &code, false);
    assert_eq!(
        response(deliver(event.clone(), &outbox, 180).await, event),
        json!({ "answerCorrect": false })
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_gets_no_letter_is_answered_alike_in_words_and_in_time() {
    let shape = |response: &Value| {
        let mut shape = response.clone();
        for pointer in ["/privateChallengeParameters/challenge", "/challengeMetadata"] {
            let value = shape.pointer_mut(pointer).unwrap();
            *value = json!(value.as_str().unwrap().len());
        }
        shape
    };
    let with = |name: &str, value: Value| {
        let mut attributes = ann();
        attributes[name] = value;
        attributes
    };
    let somebody = {
        let event = create(ann(), false, json!([]));
        shape(&response(deliver(event.clone(), &Outbox::default(), 0).await, event))
    };
    let slow = Outbox { takes: Duration::from_millis(1400), ..Outbox::default() };
    let never = Outbox { takes: Duration::from_secs(60), ..Outbox::default() };
    let failing = Outbox { fails: true, ..Outbox::default() };
    for (attributes, nobody, outbox, decision, code, letters) in [
        (ann(), false, slow, "sent", None, 1),
        (json!({}), true, Outbox::default(), "nobody to send to", None, 0),
        // Cognito's word is taken, whatever else the event says.
        (ann(), true, Outbox::default(), "nobody to send to", None, 0),
        (with("email_verified", json!("false")), false, Outbox::default(), "nobody to send to", None, 0),
        (with("email_verified", Value::Null), false, Outbox::default(), "nobody to send to", None, 0),
        (with("email", json!("")), false, Outbox::default(), "nobody to send to", None, 0),
        (ann(), false, never, "not sent", Some("E_CODE_NOT_SENT"), 0),
        (ann(), false, failing, "not sent", Some("E_CODE_NOT_SENT"), 0),
    ] {
        let event = create(attributes, nobody, json!(null));
        let started = Instant::now();
        let answer = deliver(event.clone(), &outbox, 0).await;
        assert_eq!(started.elapsed(), Duration::from_millis(1500), "{decision}");
        assert_eq!((answer.decision(), answer.code()), (decision, code));
        assert_eq!(shape(&response(answer, event)), somebody, "{decision}");
        assert_eq!(outbox.letters.lock().unwrap().len(), letters, "{decision}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer_of_nobody_is_right() {
    let outbox = Outbox::default();
    let event = create(ann(), false, json!([]));
    let parameters =
        response(deliver(event.clone(), &outbox, 0).await, event)["privateChallengeParameters"].take();
    let code = outbox.code();
    for (nobody, parameters, right) in [
        (false, parameters.clone(), true),
        (true, parameters, false),
        (false, json!({}), false),
        (false, json!(null), false),
        (false, json!({ "challenge": "1.9999999999.AAAA.AAAA" }), false),
        (false, json!({ "challenge": code }), false),
    ] {
        let event = verify(parameters, &code, nobody);
        let answer = response(deliver(event.clone(), &outbox, 0).await, event);
        assert_eq!(answer, json!({ "answerCorrect": right }));
    }
    // The other spelling of the source, and a flag that is no flag.
    let mut event = verify(json!({}), &code, false);
    event["triggerSource"] = json!("VerifyAuthChallenge_Authentication");
    event["request"]["userNotFound"] = json!("false");
    assert_eq!(response(deliver(event.clone(), &outbox, 0).await, event), json!({ "answerCorrect": false }));
}

#[tokio::test]
async fn tokens_are_issued_for_a_passed_code_alone() {
    let passed = [round("CUSTOM_CHALLENGE", true, &Value::Null)];
    let failed = round("CUSTOM_CHALLENGE", false, &Value::Null);
    let (ask, admit, refuse) = (
        json!({ "challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": false }),
        json!({ "challengeName": null, "issueTokens": true, "failAuthentication": false }),
        json!({ "challengeName": null, "issueTokens": false, "failAuthentication": true }),
    );
    for (session, nobody, expected, decision) in [
        (json!([]), false, &ask, "ask"),
        (json!([]), true, &ask, "ask"),
        (Value::Null, false, &ask, "ask"),
        (json!([failed]), false, &ask, "ask"),
        (json!(passed), false, &admit, "admit"),
        (json!(passed), true, &refuse, "refuse"),
        (json!([failed, failed, failed]), false, &refuse, "refuse"),
        (json!([round("SRP_A", true, &Value::Null)]), false, &refuse, "refuse"),
        // What is no list is a sign-in that begins, and what is no challenge is none of ours.
        (json!({ "0": passed[0] }), false, &ask, "ask"),
        (json!([{ "challengeResult": true }]), false, &refuse, "refuse"),
    ] {
        let request = json!({ "userAttributes": {}, "session": session, "userNotFound": nobody });
        let nothing = json!({ "challengeName": null, "issueTokens": null, "failAuthentication": null });
        let event = event("DefineAuthChallenge_Authentication", request, nothing);
        let answer = deliver(event.clone(), &Outbox::default(), 0).await;
        assert_eq!(answer.decision(), decision, "{session}");
        assert_eq!(&response(answer, event), expected, "{session}");
    }
}

#[tokio::test]
async fn a_session_that_is_not_ours_gets_no_challenge() {
    for session in [
        json!([round("CUSTOM_CHALLENGE", false, &Value::Null)]),
        json!([round("CUSTOM_CHALLENGE", false, &json!("CODE-123456"))]),
        json!(["x"]),
    ] {
        let event = Event::new(create(ann(), false, session)).unwrap();
        let outbox = Outbox::default();
        let error = handle(event, &config(), &outbox, &SystemRandom, at(0)).await.unwrap_err();
        assert_eq!(error.code(), "E_INTERNAL");
        assert!(outbox.letters.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn events_of_other_triggers_come_back_as_they_came() {
    let mut other = create(ann(), false, json!([]));
    other["request"]["challengeName"] = json!("SOMETHING_ELSE");
    for event in [
        event("PreSignUp_SignUp", json!({}), json!({})),
        event("TokenGeneration_Authentication", json!(null), json!(null)),
        event("", json!({}), json!({})),
        other,
    ] {
        let answer = deliver(event.clone(), &Outbox::default(), 0).await;
        assert_eq!(answer.decision(), "not ours");
        assert_eq!(answer.into_value(), event);
    }
}
