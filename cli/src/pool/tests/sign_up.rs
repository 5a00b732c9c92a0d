use jiff::SignedDuration;
use serde_json::{Value, json};

use super::harness::{CODE, EMAIL, PASSWORD, TestPool, WRONG_CODE, attribute};
use crate::pool::{MessageKind, PoolStorage};

fn confirm(name: &str, code: &str) -> Value {
    json!({ "Username": name, "ConfirmationCode": code })
}

#[tokio::test]
async fn a_sign_up_is_confirmed_by_the_code_that_was_sent() {
    let pool = TestPool::open(PoolStorage::Memory, None);
    let attributes = json!([{ "Name": "email", "Value": EMAIL }, { "Name": "name", "Value": "Alice" }]);
    let answer = pool
        .ok("SignUp", json!({ "Username": EMAIL, "Password": PASSWORD, "UserAttributes": attributes }))
        .await;
    assert_eq!(answer["UserConfirmed"], false);
    assert_eq!(
        answer["CodeDeliveryDetails"],
        json!({ "AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "a***@e***" })
    );
    let [message] = &pool.sent()[..] else { panic!() };
    assert_eq!((message.kind(), message.email()), (MessageKind::SignUp, EMAIL));
    assert_eq!(Some(message.username()), answer["UserSub"].as_str());
    assert!(message.secret().len() == 6 && message.secret().bytes().all(|b| b.is_ascii_digit()));

    pool.refuses(
        "InitiateAuth",
        TestPool::by_password(EMAIL, PASSWORD),
        "UserNotConfirmedException",
        "User is not confirmed.",
    )
    .await;
    pool.ok("ConfirmSignUp", confirm(EMAIL, message.secret())).await;
    let token = pool.sign_in(EMAIL, PASSWORD).await["AccessToken"].clone();
    let user = pool.ok("GetUser", json!({ "AccessToken": token })).await;
    assert_eq!(user["Username"], answer["UserSub"]);
    for (name, value) in [
        ("sub", &answer["UserSub"]),
        ("email", &json!(EMAIL)),
        ("name", &json!("Alice")),
        ("email_verified", &json!("true")),
    ] {
        assert_eq!(&attribute(&user["UserAttributes"], name), value);
    }
}

#[tokio::test]
async fn a_sign_up_that_cannot_be_is_refused() {
    let pool = TestPool::new();
    pool.sign_up(EMAIL).await;
    let with = |name: &str, value: &str| json!({ "Username": "b@example.com", "Password": PASSWORD, "UserAttributes": [{ "Name": name, "Value": value }] });
    for (body, exception, message) in [
        (json!({ "Password": PASSWORD }), "InvalidParameterException", ""),
        (json!({ "Username": EMAIL }), "InvalidParameterException", ""),
        (
            json!({ "Username": "bob", "Password": PASSWORD }),
            "InvalidParameterException",
            "Username should be an email.",
        ),
        (
            json!({ "Username": EMAIL, "Password": PASSWORD }),
            "UsernameExistsException",
            "User already exists",
        ),
        (json!({ "Username": "Alice@EXAMPLE.com", "Password": PASSWORD }), "UsernameExistsException", ""),
        (
            json!({ "Username": "b@example.com", "Password": "short" }),
            "InvalidPasswordException",
            "Password did not conform with policy: Password not long enough",
        ),
        (
            json!({ "Username": "b@example.com", "Password": format!(" {PASSWORD}") }),
            "InvalidParameterException",
            "",
        ),
        (with("email", "c@example.com"), "InvalidParameterException", ""),
        (
            with("email_verified", "true"),
            "NotAuthorizedException",
            "A client attempted to write unauthorized attribute",
        ),
        (
            with("phone_number", "+15550100"),
            "NotAuthorizedException",
            "A client attempted to write unauthorized attribute",
        ),
        (with("sub", "1"), "InvalidParameterException", ""),
        (with("custom:role", "admin"), "InvalidParameterException", ""),
        (with("cognito:groups", "admin"), "InvalidParameterException", ""),
    ] {
        pool.refuses("SignUp", body, exception, message).await;
    }
    assert_eq!(pool.sent().len(), 1);
}

#[tokio::test]
async fn a_code_is_good_once_for_a_day_and_replaced_by_the_next() {
    let pool = TestPool::open(PoolStorage::Memory, None);
    pool.sign_up(EMAIL).await;
    pool.ok("ResendConfirmationCode", json!({ "Username": EMAIL })).await;
    let [first, second] = &pool.sent()[..] else { panic!() };
    if first.secret() != second.secret() {
        pool.refuses(
            "ConfirmSignUp",
            confirm(EMAIL, first.secret()),
            "CodeMismatchException",
            "Invalid verification code provided, please try again.",
        )
        .await;
    }
    pool.advance(SignedDuration::from_hours(24));
    pool.refuses(
        "ConfirmSignUp",
        confirm(EMAIL, second.secret()),
        "ExpiredCodeException",
        "Invalid code provided, please request a code again.",
    )
    .await;
    pool.ok("ResendConfirmationCode", json!({ "Username": EMAIL })).await;
    let third = pool.sent().pop().unwrap();
    pool.advance(SignedDuration::from_secs(24 * 3600 - 1));
    pool.ok("ConfirmSignUp", confirm(EMAIL, third.secret())).await;
    pool.refuses(
        "ConfirmSignUp",
        confirm(EMAIL, third.secret()),
        "NotAuthorizedException",
        "User cannot be confirmed. Current status is CONFIRMED",
    )
    .await;
    pool.refuses(
        "ResendConfirmationCode",
        json!({ "Username": EMAIL }),
        "InvalidParameterException",
        "User is already confirmed.",
    )
    .await;
}

#[tokio::test]
async fn wrong_codes_and_requests_for_codes_are_limited() {
    let pool = TestPool::new();
    pool.sign_up(EMAIL).await;
    for _ in 0..15 {
        pool.refuses("ConfirmSignUp", confirm(EMAIL, WRONG_CODE), "CodeMismatchException", "").await;
    }
    let limit = "Attempt limit exceeded, please try after some time.";
    pool.refuses("ConfirmSignUp", confirm(EMAIL, CODE), "LimitExceededException", limit).await;
    // Nobody's requests are limited like a user's, so the limit tells nothing.
    for name in [EMAIL, "nobody@example.com"] {
        for _ in 0..5 {
            pool.ok("ResendConfirmationCode", json!({ "Username": name })).await;
        }
        pool.refuses("ResendConfirmationCode", json!({ "Username": name }), "LimitExceededException", limit)
            .await;
    }
    pool.advance(SignedDuration::from_hours(1));
    pool.ok("ConfirmSignUp", confirm(EMAIL, CODE)).await;
}

#[tokio::test]
async fn nobody_is_answered_as_somebody() {
    let pool = TestPool::new();
    let nobody = "nobody@example.com";
    pool.refuses("ConfirmSignUp", confirm(nobody, CODE), "ExpiredCodeException", "").await;
    let answer = pool.ok("ResendConfirmationCode", json!({ "Username": nobody })).await;
    assert_eq!(answer["CodeDeliveryDetails"]["Destination"], "n***@e***");
    assert!(pool.sent().is_empty());
}
