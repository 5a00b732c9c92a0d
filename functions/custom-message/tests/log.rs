//! What a log line holds, and what it does not.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    future::ready,
    io,
    sync::{Arc, Mutex},
};

use portcullis_custom_message::{Config, handle};
use portcullis_trigger::{TriggerLayer, invocation, service_fn};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

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
        let text = String::from_utf8(std::mem::take(&mut *log.0.lock().unwrap())).unwrap();
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line.pointer("/fields/decision"), Some(&json!(decision)), "{text}");
        for word in ["Ann", "ann", "Swordfish", "####"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}
