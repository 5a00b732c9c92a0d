use jiff::SignedDuration;
use serde_json::{Value, json};

use super::harness::{
    CODE, EMAIL, OTHER_PASSWORD, PASSWORD, TestPool, WRONG_CODE, WRONG_PASSWORD, choose_password,
};
use crate::pool::MessageKind;

const LIMIT: &str = "Attempt limit exceeded, please try after some time.";

fn confirm(name: &str, code: &str) -> Value {
    json!({ "Username": name, "ConfirmationCode": code, "Password": OTHER_PASSWORD })
}

fn change(token: &Value, previous: &str, proposed: &str) -> Value {
    json!({ "AccessToken": token, "PreviousPassword": previous, "ProposedPassword": proposed })
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_with_a_code() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    pool.sent();
    pool.refuses("ConfirmForgotPassword", confirm(EMAIL, CODE), "ExpiredCodeException", "").await;
    let answer = pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    assert_eq!(answer["CodeDeliveryDetails"]["Destination"], "a***@e***");
    assert_eq!(pool.sent()[0].kind(), MessageKind::ForgotPassword);
    let mut weak = confirm(EMAIL, CODE);
    weak["Password"] = json!("weak");
    pool.refuses("ConfirmForgotPassword", weak, "InvalidPasswordException", "").await;
    pool.refuses("ConfirmForgotPassword", confirm(EMAIL, WRONG_CODE), "CodeMismatchException", "").await;
    pool.ok("ConfirmForgotPassword", confirm(EMAIL, CODE)).await;
    pool.refuses("ConfirmForgotPassword", confirm(EMAIL, CODE), "ExpiredCodeException", "").await;
    pool.sign_in(EMAIL, OTHER_PASSWORD).await;
    pool.refuses("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD), "NotAuthorizedException", "").await;
}

#[tokio::test]
async fn a_code_for_a_password_is_good_for_an_hour() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    pool.advance(SignedDuration::from_hours(1));
    pool.refuses("ConfirmForgotPassword", confirm(EMAIL, CODE), "ExpiredCodeException", "").await;
    pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    pool.advance(SignedDuration::from_secs(3599));
    pool.ok("ConfirmForgotPassword", confirm(EMAIL, CODE)).await;
}

#[tokio::test]
async fn guessing_a_code_is_limited_and_tells_nobody_who_exists() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    pool.sent();
    for name in [EMAIL, "nobody@example.com"] {
        let answer = pool.ok("ForgotPassword", json!({ "Username": name })).await;
        assert_eq!(answer["CodeDeliveryDetails"]["AttributeName"], "email");
        for _ in 0..5 {
            pool.refuses("ConfirmForgotPassword", confirm(name, WRONG_CODE), "CodeMismatchException", "")
                .await;
        }
        // The right code comes too late.
        pool.refuses("ConfirmForgotPassword", confirm(name, CODE), "LimitExceededException", LIMIT).await;
        for _ in 0..4 {
            pool.ok("ForgotPassword", json!({ "Username": name })).await;
        }
        pool.refuses("ForgotPassword", json!({ "Username": name }), "LimitExceededException", LIMIT).await;
    }
    assert!(pool.sent().iter().all(|message| message.email() == EMAIL));
    pool.refuses("ConfirmForgotPassword", confirm("other@example.com", CODE), "ExpiredCodeException", "")
        .await;
}

#[tokio::test]
async fn no_code_goes_to_an_address_that_nobody_has_verified() {
    let pool = TestPool::new();
    pool.sign_up(EMAIL).await;
    pool.sent();
    pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    assert!(pool.sent().is_empty());
    pool.ok("AdminCreateUser", json!({ "Username": "b@example.com", "TemporaryPassword": PASSWORD })).await;
    pool.refuses(
        "ForgotPassword",
        json!({ "Username": "b@example.com" }),
        "NotAuthorizedException",
        "User password cannot be reset in the current state.",
    )
    .await;
}

#[tokio::test]
async fn who_knows_the_password_may_change_it() {
    let pool = TestPool::new();
    let token = pool.access_token(EMAIL).await;
    for (body, exception) in [
        (change(&token, WRONG_PASSWORD, OTHER_PASSWORD), "NotAuthorizedException"),
        (change(&token, PASSWORD, "weak"), "InvalidPasswordException"),
        (change(&json!("x"), PASSWORD, OTHER_PASSWORD), "NotAuthorizedException"),
        (json!({ "AccessToken": token, "ProposedPassword": OTHER_PASSWORD }), "InvalidParameterException"),
    ] {
        pool.refuses("ChangePassword", body, exception, "").await;
    }
    pool.ok("ChangePassword", change(&token, PASSWORD, OTHER_PASSWORD)).await;
    pool.sign_in(EMAIL, OTHER_PASSWORD).await;
    for _ in 0..5 {
        let body = change(&token, WRONG_PASSWORD, PASSWORD);
        pool.refuses("ChangePassword", body, "NotAuthorizedException", "Incorrect username or password.")
            .await;
    }
    pool.refuses("ChangePassword", change(&token, OTHER_PASSWORD, PASSWORD), "LimitExceededException", LIMIT)
        .await;
    pool.advance(SignedDuration::from_secs(1));
    pool.ok("ChangePassword", change(&token, OTHER_PASSWORD, PASSWORD)).await;
}

#[tokio::test]
async fn a_password_that_was_replaced_meanwhile_changes_nothing_any_more() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let token = pool.sign_in(EMAIL, PASSWORD).await["AccessToken"].clone();
    // The operation first makes its event's id; the next randomness is the salt of the password that is proposed.
    let replace = pool.changes_user(&sub, |user, inner| choose_password(user, inner, OTHER_PASSWORD));
    pool.interrupt(1, replace);
    let body = change(&token, PASSWORD, "Third-horse-3");
    pool.refuses("ChangePassword", body, "NotAuthorizedException", "Incorrect username or password.").await;
    assert!(pool.was_interrupted());
    pool.sign_in(EMAIL, OTHER_PASSWORD).await;
}
