//! The whole function, in a process of its own: this test plays AWS Lambda and Amazon SES.
#![cfg(feature = "ses")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    process::{Command, Stdio},
    sync::mpsc,
};

use portcullis_testkit::{PlayedLambda, Response, serve};
use serde_json::{Value, json};

const EVENT: &str = r#"{
    "version": "1",
    "triggerSource": "CreateAuthChallenge_Authentication",
    "userName": "5f0c9d5e-3a64-4c1b-9d0e-1b2c3d4e5f60",
    "request": {
        "userAttributes": {"sub": "u-1", "email": "ann@example.com", "email_verified": "true"},
        "challengeName": "CUSTOM_CHALLENGE",
        "session": [],
        "userNotFound": false
    },
    "response": {}
}"#;

/// What a function has posted: the path, and the body.
type Posted = (String, Value);

/// Starts the function, gives it the event, and returns the letters that it sent, its answer and its log.
fn run(ses: Response) -> (Vec<Posted>, Posted, String) {
    let (sender, letters) = mpsc::channel();
    let address = serve(move |request| {
        sender.send((request.path.clone(), request.json())).unwrap();
        ses.clone()
    });
    let lambda = PlayedLambda::new([EVENT]);
    let function = Command::new(env!("CARGO_BIN_EXE_custom-challenge"))
        .env_clear()
        .envs(lambda.environment("custom-challenge"))
        .envs([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_MAX_ATTEMPTS", "1"),
            ("SENDER_ADDRESS", "sign-in@example.com"),
        ])
        .env("AWS_ENDPOINT_URL_SESV2", format!("http://{address}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let answer = lambda.answer();
    let output = PlayedLambda::end(function);
    (letters.try_iter().collect(), answer, String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_letter_goes_out_by_ses_and_the_code_stands_nowhere_else() {
    let (letters, (answered, answer), log) = run(Response::json(200, &json!({ "MessageId": "1" })));
    let [(path, letter)] = &letters[..] else { unreachable!("{letters:?}") };
    assert_eq!(path, "/v2/email/outbound-emails");
    assert_eq!(letter["FromEmailAddress"], "sign-in@example.com");
    assert_eq!(letter["Destination"], json!({ "ToAddresses": ["ann@example.com"] }));
    let simple = &letter["Content"]["Simple"];
    assert_eq!(simple["Subject"], json!({ "Data": "Your code to sign in", "Charset": "UTF-8" }));
    let text = simple["Body"]["Text"]["Data"].as_str().unwrap();
    let code = text.lines().find(|line| line.len() == 8 && line.bytes().all(|b| b.is_ascii_digit())).unwrap();

    assert_eq!(answered, "/2018-06-01/runtime/invocation/r0/response");
    assert_eq!(answer["response"]["publicChallengeParameters"]["digits"], "8");
    assert!(log.contains(r#""decision":"sent""#), "{log}");
    for text in [&answer["response"].to_string(), &log] {
        assert!(!text.contains(code) && !text.contains("ann@"), "{text}");
    }
}

#[test]
fn a_letter_that_ses_refuses_is_in_the_log_and_not_in_the_answer() {
    let refused = Response::json(400, &json!({ "message": "ann@example.com is not verified here." }))
        .header("X-Amzn-Errortype", "MessageRejected");
    let (_, (answered, answer), log) = run(refused);
    assert_eq!(answered, "/2018-06-01/runtime/invocation/r0/response");
    assert_eq!(answer["response"]["publicChallengeParameters"]["triesLeft"], "3");
    assert!(log.contains("E_CODE_NOT_SENT") && log.contains("MessageRejected"), "{log}");
    assert!(!log.contains("ann@"), "{log}");
}
