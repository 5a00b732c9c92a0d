use serde_json::{Value, json};

use super::harness::{CODE, EMAIL, PASSWORD, TestPool, WRONG_CODE, attribute, claims};
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
        (update(&token, "phone_number", "+15550100"), "NotAuthorizedException"),
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
async fn a_new_address_is_not_the_users_until_its_code_comes_back() {
    let pool = TestPool::new();
    let token = pool.access_token(EMAIL).await;
    pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    pool.sent();
    let new = "alice@new.example.com";
    let answer = pool.ok("UpdateUserAttributes", update(&token, "email", new)).await;
    assert_eq!(answer["CodeDeliveryDetailsList"][0]["Destination"], "a***@n***");
    let [message] = &pool.sent()[..] else { panic!() };
    assert_eq!((message.kind(), message.email()), (MessageKind::VerifyAttribute, new));

    // The old address stays what they sign in with and what a password is reset with.
    assert_eq!(own_attribute(&pool, &token, "email").await, EMAIL);
    assert_eq!(own_attribute(&pool, &token, "email_verified").await, "true");
    let id_token = pool.sign_in(EMAIL, PASSWORD).await["IdToken"].clone();
    assert_eq!(
        (&claims(&id_token)["email"], &claims(&id_token)["email_verified"]),
        (&json!(EMAIL), &json!(true))
    );
    pool.refuses("InitiateAuth", TestPool::by_password(new, PASSWORD), "NotAuthorizedException", "").await;
    pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    assert_eq!(pool.sent()[0].email(), EMAIL);

    // The code that is asked for again goes to the new address too.
    let ask = json!({ "AccessToken": token, "AttributeName": "email" });
    pool.ok("GetUserAttributeVerificationCode", ask.clone()).await;
    assert_eq!(pool.sent()[0].email(), new);

    let verify = |code: &str| json!({ "AccessToken": token, "AttributeName": "email", "Code": code });
    pool.refuses("VerifyUserAttribute", verify(WRONG_CODE), "CodeMismatchException", "").await;
    assert_eq!(own_attribute(&pool, &token, "email").await, EMAIL);
    pool.ok("VerifyUserAttribute", verify(CODE)).await;
    assert_eq!(own_attribute(&pool, &token, "email").await, new);
    assert_eq!(own_attribute(&pool, &token, "email_verified").await, "true");
    pool.refuses("VerifyUserAttribute", verify(CODE), "ExpiredCodeException", "").await;
    for body in [ask, json!({ "AccessToken": token, "AttributeName": "name" })] {
        pool.refuses("GetUserAttributeVerificationCode", body, "InvalidParameterException", "").await;
    }
    pool.sign_in(new, PASSWORD).await;
    pool.refuses("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD), "NotAuthorizedException", "").await;

    // A code that went to the old address opens nothing any more.
    let reset = json!({ "Username": new, "ConfirmationCode": CODE, "Password": PASSWORD });
    pool.refuses("ConfirmForgotPassword", reset, "ExpiredCodeException", "").await;

    // Another spelling is the same inbox.
    let answer = pool.ok("UpdateUserAttributes", update(&token, "email", "Alice@New.example.com")).await;
    assert_eq!(answer, json!({ "CodeDeliveryDetailsList": [] }));
    assert_eq!(own_attribute(&pool, &token, "email").await, "Alice@New.example.com");
    assert_eq!(own_attribute(&pool, &token, "email_verified").await, "true");
}

#[tokio::test]
async fn an_address_that_waits_is_given_up_or_lost_to_who_takes_it_first() {
    let pool = TestPool::new();
    let token = pool.access_token(EMAIL).await;
    let verify = json!({ "AccessToken": token, "AttributeName": "email", "Code": CODE });
    pool.ok("UpdateUserAttributes", update(&token, "email", "b@example.com")).await;
    pool.ok("UpdateUserAttributes", update(&token, "email", EMAIL)).await;
    pool.refuses("VerifyUserAttribute", verify.clone(), "ExpiredCodeException", "").await;

    pool.ok("UpdateUserAttributes", update(&token, "email", "b@example.com")).await;
    pool.confirmed("b@example.com").await;
    pool.refuses("VerifyUserAttribute", verify, "AliasExistsException", "").await;
    assert_eq!(own_attribute(&pool, &token, "email").await, EMAIL);
}

#[tokio::test]
async fn verification_codes_are_limited_however_they_are_asked_for() {
    let pool = TestPool::new();
    let token = pool.access_token(EMAIL).await;
    let ask = json!({ "AccessToken": token, "AttributeName": "email" });
    for number in 0..3 {
        pool.ok("UpdateUserAttributes", update(&token, "email", &format!("b{number}@example.com"))).await;
    }
    for _ in 0..2 {
        pool.ok("GetUserAttributeVerificationCode", ask.clone()).await;
    }
    pool.sent();
    pool.refuses("GetUserAttributeVerificationCode", ask, "LimitExceededException", "").await;
    let another = update(&token, "email", "c@example.com");
    pool.refuses("UpdateUserAttributes", another, "LimitExceededException", "").await;
    assert!(pool.sent().is_empty());
    // What needs no code is not limited.
    pool.ok("UpdateUserAttributes", update(&token, "name", "Alice")).await;
}

#[tokio::test]
async fn proving_an_own_address_buys_no_guesses_at_another() {
    let pool = TestPool::new();
    let token = pool.access_token(EMAIL).await;
    let verify = |code: &str| json!({ "AccessToken": token, "AttributeName": "email", "Code": code });
    pool.ok("UpdateUserAttributes", update(&token, "email", "victim@example.com")).await;
    for _ in 0..14 {
        pool.refuses("VerifyUserAttribute", verify(WRONG_CODE), "CodeMismatchException", "").await;
    }
    pool.ok("UpdateUserAttributes", update(&token, "email", "own@example.com")).await;
    pool.ok("VerifyUserAttribute", verify(CODE)).await;
    pool.ok("UpdateUserAttributes", update(&token, "email", "victim@example.com")).await;
    pool.refuses("VerifyUserAttribute", verify(WRONG_CODE), "CodeMismatchException", "").await;
    pool.refuses("VerifyUserAttribute", verify(CODE), "LimitExceededException", "").await;
}

#[tokio::test]
async fn a_client_shows_its_user_only_what_it_may_read() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let attributes =
        json!([{ "Name": "name", "Value": "Alice" }, { "Name": "phone_number", "Value": "+15550100" }]);
    pool.ok("AdminUpdateUserAttributes", json!({ "Username": EMAIL, "UserAttributes": attributes })).await;
    let tokens = pool.sign_in(EMAIL, PASSWORD).await;
    let user = pool.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    assert_eq!(
        user["UserAttributes"],
        json!([
            { "Name": "sub", "Value": sub },
            { "Name": "email", "Value": EMAIL },
            { "Name": "email_verified", "Value": "true" },
            { "Name": "name", "Value": "Alice" },
        ])
    );
    let id = claims(&tokens["IdToken"]);
    assert_eq!(id["name"], "Alice");
    assert!(id.get("phone_number").is_none() && id.get("phone_number_verified").is_none(), "{id}");
    // An administrator sees everything.
    let user = pool.ok("AdminGetUser", json!({ "Username": EMAIL })).await;
    assert_eq!(attribute(&user["UserAttributes"], "phone_number"), "+15550100");
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
