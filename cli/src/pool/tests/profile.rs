use serde_json::{Value, json};

use super::harness::{CODE, EMAIL, PASSWORD, TestPool, WRONG_CODE, attribute};
use crate::pool::MessageKind;

fn update(token: &Value, name: &str, value: &str) -> Value {
    json!({ "AccessToken": token, "UserAttributes": [{ "Name": name, "Value": value }] })
}

async fn own_attribute(pool: &TestPool, token: &Value, name: &str) -> Value {
    let user = pool.ok("GetUser", json!({ "AccessToken": token })).await;
    attribute(&user["UserAttributes"], name)
}

#[tokio::test]
async fn users_change_their_attributes_within_bounds() {
    let pool = TestPool::new();
    let token = pool.access_token(EMAIL).await;
    pool.confirmed("bob@example.com").await;
    let answer = pool.ok("UpdateUserAttributes", update(&token, "name", "Alice")).await;
    assert_eq!(answer, json!({ "CodeDeliveryDetailsList": [] }));
    assert_eq!(own_attribute(&pool, &token, "name").await, "Alice");
    pool.ok("UpdateUserAttributes", update(&token, "name", "")).await;
    assert_eq!(own_attribute(&pool, &token, "name").await, Value::Null);
    for (body, exception) in [
        (update(&token, "email_verified", "true"), "NotAuthorizedException"),
        (update(&token, "sub", "1"), "InvalidParameterException"),
        (update(&token, "cognito:user_status", "CONFIRMED"), "InvalidParameterException"),
        (update(&token, "email", "nobody"), "InvalidParameterException"),
        (update(&token, "email", ""), "InvalidParameterException"),
        (update(&token, "name", &"x".repeat(2049)), "InvalidParameterException"),
        (update(&token, "email", "BOB@example.com"), "AliasExistsException"),
        (update(&json!("x"), "name", "Alice"), "NotAuthorizedException"),
    ] {
        pool.refuses("UpdateUserAttributes", body, exception, "").await;
    }
    assert_eq!(own_attribute(&pool, &token, "email").await, EMAIL);
    assert_eq!(own_attribute(&pool, &token, "email_verified").await, "true");
}

#[tokio::test]
async fn a_new_address_is_unverified_until_its_code_comes_back() {
    let pool = TestPool::new();
    let token = pool.access_token(EMAIL).await;
    pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    pool.sent();
    let new = "alice@new.example.com";
    let answer = pool.ok("UpdateUserAttributes", update(&token, "email", new)).await;
    assert_eq!(answer["CodeDeliveryDetailsList"][0]["Destination"], "a***@n***");
    let [message] = &pool.sent()[..] else { panic!() };
    assert_eq!((message.kind(), message.email()), (MessageKind::VerifyAttribute, new));
    assert_eq!(own_attribute(&pool, &token, "email_verified").await, "false");

    // A code that went to the old address opens nothing any more.
    let reset = json!({ "Username": new, "ConfirmationCode": CODE, "Password": PASSWORD });
    pool.refuses("ConfirmForgotPassword", reset, "ExpiredCodeException", "").await;

    let verify = |code: &str| json!({ "AccessToken": token, "AttributeName": "email", "Code": code });
    pool.refuses("VerifyUserAttribute", verify(WRONG_CODE), "CodeMismatchException", "").await;
    pool.ok("GetUserAttributeVerificationCode", json!({ "AccessToken": token, "AttributeName": "email" }))
        .await;
    pool.ok("VerifyUserAttribute", verify(CODE)).await;
    assert_eq!(own_attribute(&pool, &token, "email_verified").await, "true");
    pool.refuses("VerifyUserAttribute", verify(CODE), "ExpiredCodeException", "").await;
    for body in [
        json!({ "AccessToken": token, "AttributeName": "email" }),
        json!({ "AccessToken": token, "AttributeName": "name" }),
    ] {
        pool.refuses("GetUserAttributeVerificationCode", body, "InvalidParameterException", "").await;
    }
    pool.sign_in(new, PASSWORD).await;
    pool.refuses("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD), "NotAuthorizedException", "").await;

    // Another spelling is the same inbox.
    let answer = pool.ok("UpdateUserAttributes", update(&token, "email", "Alice@New.example.com")).await;
    assert_eq!(answer, json!({ "CodeDeliveryDetailsList": [] }));
    assert_eq!(own_attribute(&pool, &token, "email_verified").await, "true");
}

#[tokio::test]
async fn verification_codes_are_limited() {
    let pool = TestPool::new();
    let token = pool.access_token(EMAIL).await;
    pool.ok("UpdateUserAttributes", update(&token, "email", "b@example.com")).await;
    let ask = json!({ "AccessToken": token, "AttributeName": "email" });
    for _ in 0..5 {
        pool.ok("GetUserAttributeVerificationCode", ask.clone()).await;
    }
    pool.refuses("GetUserAttributeVerificationCode", ask, "LimitExceededException", "").await;
}

#[tokio::test]
async fn a_deleted_user_is_gone_with_everything() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let tokens = pool.sign_in(EMAIL, PASSWORD).await;
    let token = &tokens["AccessToken"];
    pool.ok("AdminAddUserToGroup", json!({ "Username": EMAIL, "GroupName": "editors" })).await;
    pool.ok("DeleteUser", json!({ "AccessToken": token })).await;
    pool.refuses("GetUser", json!({ "AccessToken": token }), "UserNotFoundException", "User does not exist.")
        .await;
    let refresh = json!({ "RefreshToken": tokens["RefreshToken"] });
    pool.refuses("GetTokensFromRefreshToken", refresh, "NotAuthorizedException", "Invalid Refresh Token")
        .await;
    pool.refuses("AdminGetUser", json!({ "Username": sub }), "UserNotFoundException", "").await;
    let again = pool.confirmed(EMAIL).await;
    assert_ne!(sub, again);
    let groups = pool.ok("AdminListGroupsForUser", json!({ "Username": EMAIL })).await;
    assert_eq!(groups, json!({ "Groups": [] }));
}
