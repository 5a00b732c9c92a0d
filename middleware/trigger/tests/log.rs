//! One line for each event, and what is in it.
#![expect(clippy::panic, reason = "tests")]

use std::{future::pending, time::Duration};

use portcullis_testkit::Log;
use portcullis_trigger::{
    Answer, TriggerLayer,
    events::{Event, PublicError, TriggerError},
    invocation, service_fn,
};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

const CLOSED: PublicError = PublicError::new("E_CLOSED", "nobody may sign up today");
const BROKEN: PublicError = PublicError::fault("E_BROKEN", "the list cannot be read, try again");

async fn handler(event: Event) -> Result<Answer, TriggerError> {
    match event.client_metadata().get("case").unwrap_or_default() {
        "plain" => Ok(event.into()),
        "decided" => Ok(Answer::new(event, "admit").detail("2 groups")),
        "warned" => Ok(Answer::new(event, "no profile").warning("E_NO_PROFILE")),
        "spared" => Ok(Answer::new(event, "continue").despite(&BROKEN.with_detail("status 500"))),
        "refused" => Err(CLOSED.with_detail("it is sunday")),
        "broken" => Err(BROKEN.with_detail("status 500")),
        "hangs" => pending().await,
        _ => panic!("ann@example.com"),
    }
}

#[tokio::test(start_paused = true)]
async fn each_event_is_one_line_without_personal_data() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();

    for (case, expected) in [
        ("plain", json!({"level": "INFO", "message": "trigger answered", "decision": "answer"})),
        (
            "decided",
            json!({"level": "INFO", "message": "trigger answered", "decision": "admit", "detail": "2 groups"}),
        ),
        (
            "warned",
            json!({
                "level": "WARN", "message": "trigger answered with a warning", "decision": "no profile", "code": "E_NO_PROFILE",
            }),
        ),
        (
            "spared",
            json!({
                "level": "ERROR", "message": "trigger answered despite a failure", "decision": "continue", "code": "E_BROKEN",
                "detail": "status 500",
            }),
        ),
        (
            "refused",
            json!({
                "level": "INFO", "message": "trigger refused", "decision": "refuse", "code": "E_CLOSED", "detail": "it is sunday",
            }),
        ),
        (
            "broken",
            json!({
                "level": "ERROR", "message": "trigger failed", "decision": "fail", "code": "E_BROKEN", "detail": "status 500",
            }),
        ),
        (
            "hangs",
            json!({
                "level": "ERROR", "message": "trigger failed", "decision": "fail", "code": "E_TIMEOUT",
                "detail": "the handler took longer than 700 ms", "duration_ms": 700,
            }),
        ),
        (
            "panics",
            json!({
                "level": "ERROR", "message": "trigger failed", "decision": "fail", "code": "E_INTERNAL",
                "detail": "the handler panicked",
            }),
        ),
    ] {
        let event = json!({
            "triggerSource": "PreSignUp_SignUp", "userName": "ann", "callerContext": {"clientId": "app1"},
            "request": {
                "userAttributes": {"sub": "s-1", "email": "ann@example.com"}, "clientMetadata": {"case": case}, "password": "hunter2",
            },
            "response": {"secret": "swordfish"},
        });
        let function =
            TriggerLayer::new("test").deadline(Duration::from_millis(700)).layer(service_fn(handler));
        let _ = function.oneshot(invocation(event)).await;
        let text = log.take();
        for word in ["ann", "app1", "hunter2", "swordfish"] {
            assert!(!text.contains(word), "{case}: {text}");
        }
        let [line] = text.lines().collect::<Vec<_>>()[..] else { panic!("not one line: {text}") };
        let mut line: Value = serde_json::from_str(line).unwrap();
        let fields = line.as_object_mut().unwrap();
        fields.remove("timestamp");
        assert!(fields.remove("target").unwrap().as_str().unwrap().starts_with("portcullis"));
        let mut complete = expected;
        for (name, value) in [
            ("function", json!("test")),
            ("source", json!("PreSignUp_SignUp")),
            ("sub", json!("s-1")),
            ("duration_ms", json!(0)),
        ] {
            complete.as_object_mut().unwrap().entry(name).or_insert(value);
        }
        assert_eq!(line, complete, "{case}");
    }

    // What is no event has neither source nor user.
    let function = TriggerLayer::new("test").layer(service_fn(handler));
    let _ = function.oneshot(invocation(json!("ann@example.com"))).await;
    let text = log.take();
    let line: Value = serde_json::from_str(&text).unwrap();
    let named = (&line["level"], &line["code"], &line["detail"], line.get("source"), line.get("sub"));
    let detail = json!("the event is a string, not an object");
    assert_eq!(named, (&json!("ERROR"), &json!("E_MALFORMED_EVENT"), &detail, None, None));
}
