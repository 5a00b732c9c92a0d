//! A whole function, in a process of its own: this test starts itself again, as Lambda starts a function, and plays Lambda.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    env,
    process::{Command, Output, Stdio},
};

use portcullis_testkit::PlayedLambda;
use portcullis_trigger::{
    Answer, ConfigErrors, TriggerLayer,
    events::{Event, PublicError, TriggerError},
    run, service_fn, start,
};
use serde_json::{Value, json};

const CHILD: &str = "PORTCULLIS_TEST_CHILD";
const CLOSED: PublicError = PublicError::new("E_CLOSED", "nobody may sign up today");

/// This test binary again, as a function: only the test that is named runs in it, and finds [`CHILD`] set.
fn child(test: &str, lambda: Option<&PlayedLambda>) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env_clear().env(CHILD, "1");
    if let Some(lambda) = lambda {
        command.envs(lambda.environment("test")).env("GREETING", "hello");
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// The lines that the function logged, without what the test harness says around them.
fn logged(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(|line| serde_json::from_str(line.get(line.find('{')?..)?).ok()).collect()
}

fn greeting(lookup: impl Fn(&str) -> Option<String>) -> Result<String, ConfigErrors> {
    let mut errors = ConfigErrors::default();
    let greeting = lookup("GREETING").unwrap_or_else(|| {
        errors.push("GREETING", "is missing");
        String::new()
    });
    errors.or(greeting)
}

async fn handle(event: Event) -> Result<Answer, TriggerError> {
    match event.user_name() {
        Some("welcome") => Ok(Answer::new(event, "admit")),
        Some("refused") => Err(CLOSED.into()),
        _ => panic!("ann@example.com"),
    }
}

fn function() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if start("test", greeting).is_some() {
        runtime.block_on(run(TriggerLayer::new("test"), service_fn(handle)));
    }
}

#[test]
fn a_function_answers_logs_a_line_for_each_event_and_outlives_panics() {
    if is_child() {
        return function();
    }
    let events = vec![
        r#"{"triggerSource": "PreSignUp_SignUp", "userName": "welcome", "response": {}}"#,
        r#"{"triggerSource": "PreSignUp_SignUp", "userName": "refused"}"#,
        r#"{"triggerSource": "PreSignUp_SignUp", "userName": "panics"}"#,
        r#"{"userName": "ann@example.com", "requ"#,
        r#"{"triggerSource": "PreSignUp_SignUp", "userName": "welcome"}"#,
    ];
    let lambda = PlayedLambda::new(events);
    let name = "a_function_answers_logs_a_line_for_each_event_and_outlives_panics";
    let function = child(name, Some(&lambda)).spawn().unwrap();
    let failure =
        |code: &str, text: &str| json!({"errorType": code, "errorMessage": format!("{code}: {text}")});
    let expected = [
        ("r0/response", json!({"triggerSource": "PreSignUp_SignUp", "userName": "welcome", "response": {}})),
        ("r1/error", failure("E_CLOSED", "nobody may sign up today")),
        ("r2/error", failure("E_INTERNAL", "something went wrong, try again later")),
        ("r3/error", failure("E_MALFORMED_EVENT", "the request could not be read")),
        ("r4/response", json!({"triggerSource": "PreSignUp_SignUp", "userName": "welcome"})),
    ];
    for (end, body) in expected {
        let (path, answer) = lambda.answer();
        assert_eq!(path, format!("/2018-06-01/runtime/invocation/{end}"));
        assert_eq!(answer, body, "{end}");
    }
    let output = PlayedLambda::end(function);
    let lines = logged(&output);
    let decisions: Vec<&Value> = lines.iter().filter_map(|line| line.get("decision")).collect();
    assert_eq!(decisions, ["admit", "refuse", "fail", "fail", "admit"]);
    // Of the panic there is the place as well, and nothing else.
    let places: Vec<&str> = lines.iter().filter_map(|line| line["location"].as_str()).collect();
    assert!(places.len() == 1 && places[0].contains("start.rs"), "{places:?}");
    assert_eq!(lines.len(), 6, "{lines:?}");
    for text in [&output.stdout, &output.stderr] {
        assert!(!String::from_utf8_lossy(text).contains("ann@"));
    }
}

#[test]
fn a_function_that_is_configured_wrongly_says_all_of_it_and_does_not_start() {
    if is_child() {
        return function();
    }
    let name = "a_function_that_is_configured_wrongly_says_all_of_it_and_does_not_start";
    let output = child(name, None).output().unwrap();
    let mistakes: Vec<String> =
        logged(&output).iter().map(|line| line["mistake"].as_str().unwrap().to_owned()).collect();
    assert_eq!(mistakes.len(), 5, "{mistakes:?}");
    assert!(mistakes[0].starts_with("AWS_LAMBDA_RUNTIME_API is missing"), "{mistakes:?}");
    assert_eq!(mistakes[4], "GREETING is missing");
}
