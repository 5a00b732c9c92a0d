//! Messages that a function sends.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::harness::{CODE, EMAIL, FakeTriggers, PASSWORD, TestPool};
use crate::pool::{Trigger, TriggerFailure, TriggerFuture, Triggers, custom_sender::MAX_SENDING};

const EMAILS: &[Trigger] = &[Trigger::CustomEmailSender];
const BOTH: &[Trigger] = &[Trigger::CustomEmailSender, Trigger::CustomSmsSender];

/// The events, each with its code taken out and found to be one that nobody can read.
fn events(triggers: &FakeTriggers) -> Vec<Value> {
    let mut events = triggers.events();
    for event in &mut events {
        let code = event["request"].as_object_mut().unwrap().remove("code").unwrap();
        let message = STANDARD.decode(code.as_str().unwrap()).unwrap();
        assert_eq!(message[..4], [0x01, 0x80, 0x03, 0x78]);
        assert!(!message.windows(CODE.len()).any(|window| window == CODE.as_bytes()));
    }
    events
}

fn sources(triggers: &FakeTriggers) -> Vec<String> {
    events(triggers).iter().map(|event| event["triggerSource"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_function_is_handed_every_message_in_the_event_that_cognito_sends() {
    let pool = TestPool::new();
    // The words of a message would be nobody's to send.
    let attached = &[Trigger::CustomEmailSender, Trigger::CustomMessage];
    let triggers = FakeTriggers::attach_these(&pool, attached, |_, event| Ok(event));
    let body = json!({ "Username": EMAIL, "Password": PASSWORD, "ClientMetadata": { "language": "de" } });
    let sub = pool.ok("SignUp", body).await["UserSub"].as_str().unwrap().to_owned();
    let request = json!({
        "type": "customEmailSenderRequestV1",
        "clientMetadata": { "language": "de" },
        "userAttributes": {
            "sub": sub, "email": EMAIL, "email_verified": "false", "cognito:user_status": "UNCONFIRMED",
        },
    });
    let mut expected = pool.event("1", "CustomEmailSender_SignUp", &sub, request, Value::Null);
    expected.as_object_mut().unwrap().remove("response");
    assert_eq!(events(&triggers), [expected]);

    pool.ok("ResendConfirmationCode", json!({ "Username": EMAIL })).await;
    pool.ok("ConfirmSignUp", json!({ "Username": EMAIL, "ConfirmationCode": CODE })).await;
    pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    let token = pool.sign_in(EMAIL, PASSWORD).await["AccessToken"].clone();
    let email = json!([{ "Name": "email", "Value": "new@example.com" }]);
    pool.ok("UpdateUserAttributes", json!({ "AccessToken": token, "UserAttributes": email })).await;
    pool.ok("AdminUpdateUserAttributes", json!({ "Username": EMAIL, "UserAttributes": email })).await;
    let body = json!({ "AccessToken": token, "AttributeName": "email" });
    pool.ok("GetUserAttributeVerificationCode", body).await;
    assert_eq!(
        sources(&triggers),
        [
            "CustomEmailSender_ResendCode",
            "CustomEmailSender_ForgotPassword",
            "CustomEmailSender_UpdateUserAttribute",
            "CustomEmailSender_UpdateUserAttribute",
            "CustomEmailSender_VerifyUserAttribute",
        ]
    );
    let body = json!({ "Username": "bob@example.com", "ClientMetadata": { "for": "pre-sign-up alone" } });
    pool.ok("AdminCreateUser", body).await;
    let [event] = &events(&triggers)[..] else { panic!() };
    assert_eq!(event["triggerSource"], "CustomEmailSender_AdminCreateUser");
    assert_eq!(event["callerContext"]["clientId"], "CLIENT_ID_NOT_APPLICABLE");
    assert_eq!(event["request"]["clientMetadata"], Value::Null);

    pool.ok("ForgotPassword", json!({ "Username": "nobody@example.com" })).await;
    assert!(triggers.events().is_empty());
    assert!(pool.sent().is_empty(), "the courier delivers nothing");
}

#[tokio::test]
async fn nobody_waits_for_the_function_or_hears_of_its_failure() {
    for failure in [
        TriggerFailure::Refused("E_NOT_SENT: not today".to_owned()),
        TriggerFailure::Crashed,
        TriggerFailure::NotInvoked("ServiceException"),
        TriggerFailure::NotJson,
    ] {
        let pool = TestPool::new();
        FakeTriggers::attach_these(&pool, EMAILS, move |_, _| Err(failure.clone()));
        pool.confirmed(EMAIL).await;
        assert!(pool.sent().is_empty());
    }
}

/// Functions that never come to an end.
#[derive(Default)]
struct Endless(AtomicUsize);

impl Triggers for Endless {
    fn is_attached(&self, trigger: Trigger) -> bool {
        trigger == Trigger::CustomEmailSender
    }

    fn invoke(&self, _: Trigger, _: Value) -> TriggerFuture {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn functions_that_hang_hold_no_operation_up_and_are_not_called_without_end() {
    let pool = TestPool::new();
    let endless = Arc::new(Endless::default());
    pool.pool.set_triggers(Arc::clone(&endless) as Arc<dyn Triggers>);
    for number in 0..MAX_SENDING + 2 {
        pool.sign_up(&format!("user{number}@example.com")).await;
    }
    assert_eq!(endless.0.load(Ordering::SeqCst), MAX_SENDING);
}

#[tokio::test]
async fn an_invitation_goes_out_as_the_administrator_wants_and_can_be_had() {
    let phone = json!([{ "Name": "phone_number", "Value": "+15550100" }]);
    let (email, text) = ("CustomEmailSender_AdminCreateUser", "CustomSMSSender_AdminCreateUser");
    for (mediums, attributes, attached, expected, delivered) in [
        (json!(null), &phone, BOTH, &[email][..], 0),
        (json!([]), &phone, BOTH, &[email], 0),
        (json!(["EMAIL"]), &phone, BOTH, &[email], 0),
        (json!(["SMS"]), &phone, BOTH, &[text], 0),
        (json!(["SMS", "EMAIL"]), &phone, BOTH, &[text, email], 0),
        (json!(["SMS"]), &json!([]), BOTH, &[email], 0),
        (json!(["SMS"]), &phone, EMAILS, &[email], 0),
        (json!(["SMS"]), &phone, &[Trigger::CustomSmsSender], &[text], 0),
        (json!(["EMAIL"]), &phone, &[Trigger::CustomSmsSender], &[], 1),
        (json!(["SMS"]), &phone, &[], &[], 1),
    ] {
        let pool = TestPool::new();
        let triggers = FakeTriggers::attach_these(&pool, attached, |_, event| Ok(event));
        let body = json!({
            "Username": EMAIL, "UserAttributes": attributes, "DesiredDeliveryMediums": mediums,
        });
        pool.ok("AdminCreateUser", body).await;
        let events = events(&triggers);
        let sources: Vec<&str> =
            events.iter().map(|event| event["triggerSource"].as_str().unwrap()).collect();
        assert_eq!(sources, expected, "{mediums} {attached:?}");
        for event in events {
            let is_text = event["triggerSource"] == text;
            let kind = if is_text { "customSMSSenderRequestV1" } else { "customEmailSenderRequestV1" };
            assert_eq!(event["request"]["type"], kind);
        }
        assert_eq!(pool.sent().len(), delivered, "{mediums} {attached:?}");
    }
    let pool = TestPool::new();
    let body = json!({ "Username": EMAIL, "DesiredDeliveryMediums": ["PIGEON"] });
    pool.refuses("AdminCreateUser", body, "InvalidParameterException", "").await;
    assert_eq!(pool.ok("ListUsers", json!({})).await["Users"], json!([]));
}

/// `Decrypt` of AWS KMS, which the function's library calls.
async fn decrypt(pool: &TestPool, body: Value, origin: Option<&str>) -> (StatusCode, Value) {
    let mut request = Request::post("/")
        .header("host", "127.0.0.1:9229")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "TrentService.Decrypt");
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    let (status, _, answer) = pool.send(request.body(body.to_string().into()).unwrap()).await;
    (status, answer)
}

#[tokio::test]
async fn the_key_of_a_message_is_given_to_programs_of_this_machine_that_say_what_it_is_for() {
    let pool = TestPool::new();
    let inner = &pool.pool.inner;
    let context = json!({ "userpool-id": pool.pool.id(), "aws-crypto-public-key": "A" });
    let pairs = serde_json::from_value(context.clone()).unwrap();
    let blob = STANDARD.encode(inner.kms_key.wrap(&[7; 32], &pairs, &*inner.random).unwrap());
    let arn = pool.pool.kms_key_arn();
    assert!(arn.starts_with("arn:aws:kms:us-east-1:000000000000:key/"), "{arn}");
    let (_, id) = arn.split_once("key/").unwrap();
    for name in [json!(null), json!(arn), json!(id)] {
        let body = json!({ "CiphertextBlob": blob, "EncryptionContext": context, "KeyId": name });
        let (status, answer) = decrypt(&pool, body, None).await;
        let expected = json!({
            "KeyId": arn, "Plaintext": STANDARD.encode([7; 32]), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        });
        assert_eq!((status, answer), (StatusCode::OK, expected));
    }
    let other = json!({ "userpool-id": "us-east-1_another", "aws-crypto-public-key": "A" });
    for (body, exception) in [
        (json!({ "CiphertextBlob": blob, "EncryptionContext": other }), "InvalidCiphertextException"),
        (json!({ "CiphertextBlob": blob }), "InvalidCiphertextException"),
        (json!({ "CiphertextBlob": "AAAA", "EncryptionContext": context }), "InvalidCiphertextException"),
        (json!({ "CiphertextBlob": "no base64" }), "SerializationException"),
        (json!({ "CiphertextBlob": 7 }), "SerializationException"),
        (json!({ "EncryptionContext": context }), "InvalidParameterException"),
        (
            json!({ "CiphertextBlob": blob, "EncryptionContext": context, "KeyId": "arn:aws:kms:x:1:key/2" }),
            "NotFoundException",
        ),
        (
            json!({ "CiphertextBlob": blob, "EncryptionAlgorithm": "RSAES_OAEP_SHA_1" }),
            "InvalidParameterException",
        ),
    ] {
        let (status, answer) = decrypt(&pool, body.clone(), None).await;
        assert_eq!((status, &answer["__type"]), (StatusCode::BAD_REQUEST, &json!(exception)), "{body}");
    }
    let body = json!({ "CiphertextBlob": blob, "EncryptionContext": context });
    let (status, answer) = decrypt(&pool, body, Some("http://localhost:5173")).await;
    assert_eq!((status, answer.get("Plaintext")), (StatusCode::FORBIDDEN, None), "a page is no program");
}
