//! Messages in the words of a function.

use serde_json::{Value, json};

use super::harness::{CODE, EMAIL, FakeTriggers, PASSWORD, TestPool};
use crate::pool::{MessageKind, Trigger, TriggerFailure};

const WORDS: &[Trigger] = &[Trigger::CustomMessage];

/// Answers with these members in place of the response.
fn saying(
    response: Value,
) -> impl Fn(Trigger, Value) -> Result<Value, TriggerFailure> + Send + Sync + 'static {
    move |_, mut event| {
        event["response"] = response.clone();
        Ok(event)
    }
}

#[tokio::test]
async fn every_message_is_announced_with_the_event_that_cognito_sends() {
    let pool = TestPool::new();
    let triggers = FakeTriggers::attach_these(&pool, WORDS, |_, event| Ok(event));
    let nothing = json!({ "smsMessage": null, "emailMessage": null, "emailSubject": null });
    let request = |attributes: Value, username: Value| {
        json!({
            "userAttributes": attributes,
            "codeParameter": "{####}",
            "linkParameter": "{##Click Here##}",
            "usernameParameter": username,
        })
    };
    let body = json!({
        "Username": EMAIL,
        "Password": PASSWORD,
        "ClientMetadata": { "language": "de" },
    });
    let sub = pool.ok("SignUp", body).await["UserSub"].as_str().unwrap().to_owned();
    let attributes = |status: &str, verified: &str| json!({ "sub": sub, "email": EMAIL, "email_verified": verified, "cognito:user_status": status });
    let mut expected = request(attributes("UNCONFIRMED", "false"), Value::Null);
    expected["clientMetadata"] = json!({ "language": "de" });
    assert_eq!(triggers.events(), [pool.event("1", "CustomMessage_SignUp", &sub, expected, nothing.clone())]);
    // A function that says nothing leaves the message as it is.
    assert_eq!((pool.sent()[0].text(), pool.sent().len()), (None, 0));

    pool.ok("ResendConfirmationCode", json!({ "Username": EMAIL })).await;
    let expected = request(attributes("UNCONFIRMED", "false"), Value::Null);
    assert_eq!(
        triggers.events(),
        [pool.event("1", "CustomMessage_ResendCode", &sub, expected, nothing.clone())]
    );
    pool.ok("ConfirmSignUp", json!({ "Username": EMAIL, "ConfirmationCode": CODE })).await;
    pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    let expected = request(attributes("CONFIRMED", "true"), Value::Null);
    assert_eq!(
        triggers.events(),
        [pool.event("1", "CustomMessage_ForgotPassword", &sub, expected, nothing.clone())]
    );

    let token = pool.sign_in(EMAIL, PASSWORD).await["AccessToken"].clone();
    let email = json!([{ "Name": "email", "Value": "new@example.com" }]);
    pool.ok("UpdateUserAttributes", json!({ "AccessToken": token, "UserAttributes": email })).await;
    pool.ok("AdminUpdateUserAttributes", json!({ "Username": EMAIL, "UserAttributes": email })).await;
    let body = json!({ "AccessToken": token, "AttributeName": "email" });
    pool.ok("GetUserAttributeVerificationCode", body).await;
    assert_eq!(
        triggers.sources(),
        [
            "CustomMessage_UpdateUserAttribute",
            "CustomMessage_UpdateUserAttribute",
            "CustomMessage_VerifyUserAttribute",
        ]
    );

    let body = json!({ "Username": "bob@example.com", "ClientMetadata": { "for": "pre-sign-up alone" } });
    let bob = pool.ok("AdminCreateUser", body).await["User"]["Username"].as_str().unwrap().to_owned();
    let attributes =
        json!({ "sub": bob, "email": "bob@example.com", "cognito:user_status": "FORCE_CHANGE_PASSWORD" });
    let mut expected = pool.event(
        "1",
        "CustomMessage_AdminCreateUser",
        &bob,
        request(attributes, json!("{username}")),
        nothing,
    );
    expected["callerContext"]["clientId"] = json!("CLIENT_ID_NOT_APPLICABLE");
    assert_eq!(triggers.events(), [expected]);
    pool.ok("AdminCreateUser", json!({ "Username": "bob@example.com", "MessageAction": "RESEND" })).await;
    let body = json!({ "Username": "carol@example.com", "MessageAction": "SUPPRESS" });
    pool.ok("AdminCreateUser", body).await;
    assert_eq!(triggers.sources(), ["CustomMessage_AdminCreateUser"], "one of two: the other is suppressed");

    // Nobody gets no message, and is answered as somebody.
    pool.ok("ForgotPassword", json!({ "Username": "nobody@example.com" })).await;
    assert!(triggers.events().is_empty());
}

#[tokio::test]
async fn the_code_takes_the_place_of_its_parameter() {
    let pool = TestPool::new();
    FakeTriggers::attach_these(
        &pool,
        WORDS,
        saying(json!({
            "emailSubject": "Welcome",
            "emailMessage": "<b>{####}</b>, once more: {####}. {username} is no parameter here.",
        })),
    );
    pool.sign_up(EMAIL).await;
    let message = pool.sent().remove(0);
    assert_eq!((message.kind(), message.email(), message.secret()), (MessageKind::SignUp, EMAIL, CODE));
    assert_eq!(message.subject(), Some("Welcome"));
    assert_eq!(message.text(), Some("<b>123456</b>, once more: 123456. {username} is no parameter here."));
    // The code is good.
    pool.ok("ConfirmSignUp", json!({ "Username": EMAIL, "ConfirmationCode": CODE })).await;

    FakeTriggers::attach_these(&pool, WORDS, saying(json!({ "emailMessage": "{username}: {####}" })));
    let body = json!({ "Username": "bob@example.com", "TemporaryPassword": "Has-{username}-1" });
    pool.ok("AdminCreateUser", body).await;
    let message = pool.sent().remove(0);
    assert_eq!(message.text(), Some("bob@example.com: Has-{username}-1"));
}

#[tokio::test]
async fn words_that_cannot_be_sent_are_refused_and_the_code_can_still_be_had() {
    let long = |count: usize| format!("{{####}}{}", "ä".repeat(count - "{####}".len()));
    for (response, message) in [
        (json!({ "emailMessage": "hello" }), "emailMessage does not contain {####}"),
        (json!({ "emailMessage": "{##Click Here##}" }), "emailMessage does not contain {####}"),
        (json!({ "emailMessage": long(20_001) }), "emailMessage is longer than 20000 characters"),
        (json!({ "emailSubject": "ä".repeat(141) }), "emailSubject is longer than 140 characters"),
        (json!({ "emailMessage": 1 }), "Unrecognizable lambda output"),
        (json!({ "emailSubject": [] }), "Unrecognizable lambda output"),
        (json!({ "smsMessage": {} }), "Unrecognizable lambda output"),
    ] {
        let pool = TestPool::new();
        FakeTriggers::attach_these(&pool, WORDS, saying(response.clone()));
        let body = json!({ "Username": EMAIL, "Password": PASSWORD });
        let (exception, text) = pool.fails("SignUp", body).await;
        assert_eq!(exception, "InvalidLambdaResponseException", "{response}");
        assert!(text.ends_with(message), "{text}");
        assert!(pool.sent().is_empty(), "{response}");
        FakeTriggers::attach_these(&pool, WORDS, |_, event| Ok(event));
        pool.ok("ResendConfirmationCode", json!({ "Username": EMAIL })).await;
        assert_eq!(pool.sent()[0].secret(), CODE);
    }
    // As long as they may be.
    let pool = TestPool::new();
    let response = json!({ "emailMessage": long(20_000), "emailSubject": "ä".repeat(140) });
    FakeTriggers::attach_these(&pool, WORDS, saying(response));
    pool.sign_up(EMAIL).await;
    assert!(pool.sent()[0].text().is_some());

    FakeTriggers::attach_these(&pool, WORDS, saying(json!({ "emailMessage": "{####}" })));
    let message = "Invalid lambda function output : emailMessage does not contain {username}";
    let body = json!({ "Username": "bob@example.com" });
    pool.refuses("AdminCreateUser", body, "InvalidLambdaResponseException", message).await;
}

#[tokio::test]
async fn a_function_that_refuses_keeps_the_message_back() {
    let pool = TestPool::new();
    FakeTriggers::attach_these(&pool, WORDS, |_, _| {
        Err(TriggerFailure::Refused("E_WORDS: none today".to_owned()))
    });
    let body = json!({ "Username": EMAIL, "Password": PASSWORD });
    let message = "CustomMessage failed with error E_WORDS: none today.";
    pool.refuses("SignUp", body, "UserLambdaValidationException", message).await;
    assert!(pool.sent().is_empty());
}
