//! Whole events in, whole events out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use portcullis_custom_message::{Config, handle};
use portcullis_trigger::{Answer, events::Event};
use serde_json::{Value, json};

const FIXTURE: &str = include_str!("../../../middleware/events/tests/fixtures/sources/custom-message.json");

fn config() -> Config {
    let message = |hello: &str| {
        json!({
            "subject": format!("{hello} {{{{user.given_name|you}}}}"),
            "email": format!("<style>p {{ color: red }}</style><p>{hello} {{{{user.given_name}}}}: {{{{code}}}}</p>"),
            "sms": format!("{hello}: {{{{code}}}}"),
        })
    };
    let templates = json!({
        "en": {
            "SignUp": message("Hello"),
            "AdminCreateUser": {"sms": "{{username}}: {{code}}"},
            "VerifyUserAttribute": {"subject": "Verify", "email": "{{link}}"},
            "ForgotPassword": {"sms": "Your code: {{code}}"},
        },
        "de": {"SignUp": message("Hallo")},
        "de-CH": {"SignUp": message("Gr\u{fc}ezi")},
    });
    Config::from_env(|name| match name {
        "TEMPLATES" => Some(templates.to_string()),
        "DEFAULT_LANGUAGE" => Some("en".to_owned()),
        "USER_ATTRIBUTES" => Some("given_name".to_owned()),
        _ => None,
    })
    .unwrap()
}

fn fixture(variant: &str, source: &str) -> Value {
    let mut event = serde_json::from_str::<Value>(FIXTURE).unwrap()[variant].take();
    event["triggerSource"] = json!(source);
    event
}

fn deliver(event: Value) -> Answer {
    handle(Event::new(event).unwrap(), &config()).unwrap()
}

#[test]
fn each_message_has_its_own_words_or_cognitos() {
    let before = || json!({"smsMessage": "Your code is {####}.", "emailMessage": "Your code is {####}.", "emailSubject": "Welcome"});
    for (source, words) in [
        (
            "CustomMessage_SignUp",
            Some(json!({
                "emailSubject": "Hello you", "emailMessage": "<style>p { color: red }</style><p>Hello : {####}</p>",
                "smsMessage": "Hello: {####}",
            })),
        ),
        ("CustomMessage_AdminCreateUser", Some(json!({"smsMessage": "{username}: {####}"}))),
        ("CustomMessage_ForgotPassword", Some(json!({"smsMessage": "Your code: {####}"}))),
        (
            "CustomMessage_VerifyUserAttribute",
            Some(json!({"emailSubject": "Verify", "emailMessage": "{##Click Here##}"})),
        ),
        ("CustomMessage_ResendCode", None),
        ("CustomMessage_UpdateUserAttribute", None),
        ("CustomMessage_Authentication", None),
        ("CustomMessage_AccountTakeOverNotification", None),
        ("CustomMessage_Tomorrow", None),
    ] {
        let mut expected = fixture("all", source);
        let answer = deliver(expected.clone());
        assert_eq!(
            answer.decision(),
            if words.is_some() { "own words" } else { "default words" },
            "{source}"
        );
        expected["response"] = before();
        for (name, text) in words.iter().flat_map(|words| words.as_object().unwrap()) {
            expected["response"][name] = text.clone();
        }
        assert_eq!(answer.into_value(), expected, "{source}");
    }
}

#[test]
fn the_language_is_the_clients_then_the_users_then_the_default() {
    for (client, user, expected) in [
        (json!(null), json!(null), "Hello: {####}"),
        (json!(null), json!("de"), "Hallo: {####}"),
        (json!(null), json!("de_AT"), "Hallo: {####}"),
        (json!(null), json!("DE-ch-1996"), "Gr\u{fc}ezi: {####}"),
        (json!("en-GB"), json!("de"), "Hello: {####}"),
        (json!("fr"), json!("de"), "Hallo: {####}"),
        (json!("fr"), json!("it"), "Hello: {####}"),
        (json!(["de"]), json!(""), "Hello: {####}"),
        (json!("de; DROP TABLE"), json!("x".repeat(4000)), "Hello: {####}"),
    ] {
        let mut event = fixture("all", "CustomMessage_SignUp");
        event["request"]["clientMetadata"]["locale"] = client.clone();
        event["request"]["userAttributes"]["locale"] = user.clone();
        assert_eq!(deliver(event).into_value()["response"]["smsMessage"], expected, "{client} {user}");
    }
    // A message that a language lacks is the default's.
    let mut event = fixture("all", "CustomMessage_ForgotPassword");
    event["request"]["userAttributes"]["locale"] = json!("de");
    assert_eq!(deliver(event).into_value()["response"]["smsMessage"], "Your code: {####}");
}

#[test]
fn a_name_is_escaped_in_the_e_mail_and_not_in_the_subject() {
    let mut event = fixture("nulls", "CustomMessage_SignUp");
    event["request"]["userAttributes"] = json!({"given_name": "<img src=x onerror='y'>"});
    let response = deliver(event).into_value()["response"].take();
    assert_eq!(response["emailSubject"], "Hello <img src=x onerror='y'>");
    let body = "<p>Hello &lt;img src=x onerror=&#39;y&#39;&gt;: {####}</p>";
    assert!(response["emailMessage"].as_str().unwrap().ends_with(body), "{response}");
}

#[test]
fn a_pool_that_sends_codes_keeps_its_words_where_a_link_was_wanted() {
    let event = fixture("nulls", "CustomMessage_VerifyUserAttribute");
    let answer = deliver(event.clone());
    assert_eq!((answer.decision(), answer.code()), ("default words", Some("E_NO_LINK")));
    assert_eq!(answer.into_value(), event);
}

#[test]
fn what_cognito_would_refuse_leaves_the_event_as_it_came() {
    // A link longer than any that is known, in words that were checked for a shorter one.
    let mut event = fixture("all", "CustomMessage_VerifyUserAttribute");
    event["request"]["linkParameter"] = json!("x".repeat(20_001));
    let answer = deliver(event.clone());
    assert_eq!((answer.decision(), answer.code()), ("default words", Some("E_INTERNAL")));
    assert_eq!(answer.into_value(), event);
}

#[test]
fn events_of_other_triggers_come_back_as_they_came() {
    for event in [
        fixture("all", "PreSignUp_SignUp"),
        fixture("missing", "CustomMessage_ResendCode"),
        json!({}),
        json!({"triggerSource": null}),
    ] {
        assert_eq!(deliver(event.clone()).into_value(), event);
    }
}
