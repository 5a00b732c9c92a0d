//! Codes as Cognito encrypts them, with the same library and suite, under a key of the test's own; whole events in, messages
//! out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex},
};

use aws_esdk::{
    Client,
    material_providers::{
        client::Client as MaterialProviders,
        types::{
            AesWrappingAlg, EsdkAlgorithmSuiteId, EsdkCommitmentPolicy, keyring::KeyringRef,
            material_providers_config::MaterialProvidersConfig,
        },
    },
    types::aws_encryption_sdk_config::AwsEncryptionSdkConfig,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use portcullis_custom_sender::{
    Config, DecryptError, Decrypter, EsdkDecrypter, Message, SendError, Sender, SentCodes, handle,
};
use portcullis_trigger::{TriggerLayer, events::Event, invocation, service_fn};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

const POOL: &str = "eu-west-1_Pool1";
const CODE: &str = "493817";

async fn keyring(byte: u8) -> KeyringRef {
    let config = MaterialProvidersConfig::builder().build().unwrap();
    MaterialProviders::from_conf(config)
        .unwrap()
        .create_raw_aes_keyring()
        .key_namespace("tests")
        .key_name("key")
        .wrapping_key(vec![byte; 32])
        .wrapping_alg(AesWrappingAlg::AlgAes256GcmIv12Tag16)
        .send()
        .await
        .unwrap()
}

/// Encrypts under suite 0x0378, as Cognito does.
async fn encrypt(text: &str, context: &[(&str, &str)]) -> Vec<u8> {
    let config = AwsEncryptionSdkConfig::builder()
        .commitment_policy(EsdkCommitmentPolicy::ForbidEncryptAllowDecrypt)
        .build()
        .unwrap();
    let context: HashMap<String, String> =
        context.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let answer = Client::from_conf(config)
        .unwrap()
        .encrypt()
        .plaintext(text.as_bytes())
        .keyring(keyring(7).await)
        .algorithm_suite_id(EsdkAlgorithmSuiteId::AlgAes256GcmIv12Tag16HkdfSha384EcdsaP384)
        .encryption_context(context)
        .send()
        .await
        .unwrap();
    let message = answer.ciphertext().as_ref().unwrap().as_ref().to_vec();
    // Version 1, a customer's authenticated encrypted data, the suite.
    assert_eq!(message[..4], [0x01, 0x80, 0x03, 0x78]);
    message
}

async fn decrypter() -> EsdkDecrypter {
    EsdkDecrypter::with_keyring(keyring(7).await).unwrap()
}

/// Keeps messages, and fails as often as it is told to.
#[derive(Default)]
struct Outbox {
    sent: Mutex<Vec<Message>>,
    failures: Mutex<usize>,
}

impl Sender for Outbox {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(SendError::new("ses SendEmail failed: TooManyRequestsException"));
        }
        self.sent.lock().unwrap().push(message.clone());
        Ok(())
    }
}

fn config() -> Config {
    Config::from_env(|name| {
        let value = match name {
            "KMS_KEY_ARN" => "arn:aws:kms:eu-west-1:111122223333:key/1234",
            "SENDER_ADDRESS" => "sign-in@example.com",
            _ => "Notes",
        };
        Some(value.to_owned())
    })
    .unwrap()
}

fn event(source: &str, message: Option<&[u8]>) -> Value {
    json!({
        "version": "1", "triggerSource": source, "region": "eu-west-1", "userPoolId": POOL, "userName": "ann-user",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "app1"},
        "request": {
            "type": "customEmailSenderRequestV1", "code": message.map(|message| STANDARD.encode(message)),
            "clientMetadata": null,
            "userAttributes": {"sub": "s-1", "email": "ann@example.com", "phone_number": "+15550100"},
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_decrypted_for_its_own_pool_and_under_its_own_key_alone() {
    let message = encrypt(CODE, &[("userpool-id", POOL)]).await;
    assert_eq!(decrypter().await.decrypt(&message, POOL).await.unwrap().reveal(), CODE);

    let other_key = EsdkDecrypter::with_keyring(keyring(8).await).unwrap();
    assert_eq!(other_key.decrypt(&message, POOL).await, Err(DecryptError::Refused));
    for pool in ["eu-west-1_Pool2", "", "eu-west-1_Pool"] {
        assert_eq!(decrypter().await.decrypt(&message, pool).await, Err(DecryptError::OtherPool), "{pool}");
    }
    let unbound = encrypt(CODE, &[("something", "else")]).await;
    assert_eq!(decrypter().await.decrypt(&unbound, POOL).await, Err(DecryptError::OtherPool));
    // One byte in each part of the message, and the end of it.
    for position in [0, 3, 30, 100, message.len() / 2, message.len() - 1] {
        let mut changed = message.clone();
        changed[position] ^= 1;
        assert_eq!(decrypter().await.decrypt(&changed, POOL).await, Err(DecryptError::Refused), "{position}");
    }
    for cut in [0, 1, 50, message.len() - 1] {
        assert_eq!(
            decrypter().await.decrypt(&message[..cut], POOL).await,
            Err(DecryptError::Refused),
            "{cut}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_goes_to_its_address_with_its_words() {
    let code = encrypt(CODE, &[("userpool-id", POOL)]).await;
    let password = encrypt("&lt;Aa1&amp;b&gt;", &[("userpool-id", POOL)]).await;
    for (source, message, to, text) in [
        ("CustomEmailSender_SignUp", Some(&code), "ann@example.com", "Your code for Notes is 493817"),
        (
            "CustomEmailSender_ForgotPassword",
            Some(&code),
            "ann@example.com",
            "Your code for a new password at Notes is 493817",
        ),
        ("CustomSMSSender_Authentication", Some(&code), "+15550100", "Your code for Notes is 493817"),
        ("CustomSmsSender_Authentication", Some(&code), "+15550100", "Your code for Notes is 493817"),
        (
            "CustomEmailSender_AdminCreateUser",
            Some(&password),
            "ann@example.com",
            "Your user name at Notes is ann-user, and your temporary password is <Aa1&b>",
        ),
        (
            "CustomEmailSender_AccountTakeOverNotification",
            None,
            "ann@example.com",
            "Somebody may have tried to enter your account at Notes. If it was not you, change your password.",
        ),
    ] {
        let (outbox, sent) = (Outbox::default(), SentCodes::default());
        let event = event(source, message.map(Vec::as_slice));
        let answer =
            handle(Event::new(event.clone()).unwrap(), &config(), &decrypter().await, &outbox, &sent).await;
        assert_eq!(answer.unwrap().into_value(), event, "{source}");
        let messages = outbox.sent.lock().unwrap();
        let [message] = &messages[..] else { panic!("{source}: {} messages", messages.len()) };
        assert_eq!((message.to.as_str(), message.text.as_str()), (to, text), "{source}");
        assert!(!message.subject.contains(CODE));
    }
}

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
async fn what_failed_is_sent_when_it_comes_again_and_what_was_sent_is_not_and_the_log_tells_nothing() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let message = encrypt(CODE, &[("userpool-id", POOL)]).await;
    let mut changed = message.clone();
    changed[200] ^= 1;
    let foreign = encrypt(CODE, &[("userpool-id", "eu-west-1_Pool2")]).await;
    let mut nowhere = event("CustomEmailSender_SignUp", Some(&message));
    nowhere["request"]["userAttributes"] = json!(null);
    let mut no_base64 = event("CustomEmailSender_SignUp", None);
    no_base64["request"]["code"] = json!("493817!");
    let outbox = Outbox { failures: Mutex::new(1), ..Outbox::default() };
    let (decrypter, sent, config) = (decrypter().await, SentCodes::default(), config());
    for (event, decision, detail, so_far) in [
        (nowhere, "nobody to send to", None, 0),
        (
            event("CustomEmailSender_SignUp", Some(&message)),
            "fail",
            Some("ses SendEmail failed: TooManyRequestsException"),
            0,
        ),
        (event("CustomEmailSender_SignUp", Some(&message)), "sent", None, 1),
        (event("CustomEmailSender_SignUp", Some(&message)), "sent before", None, 1),
        (
            event("CustomEmailSender_SignUp", Some(&changed)),
            "fail",
            Some("the encryption sdk cannot decrypt the code under this key"),
            1,
        ),
        (
            event("CustomEmailSender_SignUp", Some(&foreign)),
            "fail",
            Some("the code was encrypted for another user pool"),
            1,
        ),
        (no_base64, "fail", Some("the code is no Base64"), 1),
        (event("CustomEmailSender_SignUp", None), "fail", Some("the event has no code"), 1),
        (event("PreSignUp_SignUp", Some(&message)), "not ours", None, 1),
    ] {
        let function = TriggerLayer::new("custom-sender")
            .layer(service_fn(|event| handle(event, &config, &decrypter, &outbox, &sent)));
        let answer = function.oneshot(invocation(event)).await;
        if let Err(diagnostic) = &answer {
            assert_eq!(diagnostic.error_message, "E_NOT_SENT: the message could not be sent");
        }
        assert_eq!(answer.is_err(), decision == "fail");
        let text = String::from_utf8(std::mem::take(&mut *log.0.lock().unwrap())).unwrap();
        let line: Value = serde_json::from_str(&text).unwrap();
        let fields = &line["fields"];
        assert_eq!((&fields["decision"], fields["detail"].as_str()), (&json!(decision), detail), "{text}");
        for word in [CODE, "ann@", "ann-user", "+1555", "Notes"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        assert_eq!(outbox.sent.lock().unwrap().len(), so_far, "{decision}");
    }
}
