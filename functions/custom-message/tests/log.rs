//! What a log line holds, and what it does not.

use std::future::ready;

use portcullis_custom_message::{Config, handle};
use portcullis_testkit::Log;
use portcullis_trigger::{TriggerLayer, invocation, service_fn};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

#[tokio::test]
async fn no_name_address_or_word_of_a_message_is_in_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let templates = r#"{"en": {
        "SignUp": {"subject": "Swordfish", "email": "{{user.given_name}} {{code}}"},
        "ResendCode": {"subject": "Swordfish", "email": "{{user.given_name}} {{link}}"}
    }}"#;
    let config = Config::from_env(|name| match name {
        "TEMPLATES" => Some(templates.to_owned()),
        "USER_ATTRIBUTES" => Some("given_name".to_owned()),
        _ => None,
    })
    .unwrap();
    for (source, link, decision) in [
        ("CustomMessage_SignUp", json!(null), "own words"),
        ("CustomMessage_ResendCode", json!(null), "default words"),
        ("CustomMessage_ResendCode", json!("x".repeat(20_001)), "default words"),
        ("CustomMessage_ForgotPassword", json!(null), "default words"),
        ("PreSignUp_SignUp", json!(null), "not ours"),
    ] {
        let event = json!({
            "triggerSource": source, "userName": "ann-user",
            "request": {
                "userAttributes": {"sub": "s-1", "given_name": "Ann", "email": "ann@example.com"},
                "codeParameter": "{####}", "linkParameter": link, "clientMetadata": {"locale": "en", "ticket": "ann-ticket"},
            },
            "response": {"emailMessage": "Swordfish"},
        });
        let function =
            TriggerLayer::new("custom-message").layer(service_fn(|event| ready(handle(event, &config))));
        function.oneshot(invocation(event)).await.unwrap();
        let text = log.take();
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line.pointer("/fields/decision"), Some(&json!(decision)), "{text}");
        for word in ["Ann", "ann", "Swordfish", "####"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}
