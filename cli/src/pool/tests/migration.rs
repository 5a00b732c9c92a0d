//! Users who come from elsewhere.

use serde_json::{Value, json};

use super::harness::{
    CODE, EMAIL, FakeTriggers, OTHER_PASSWORD, PASSWORD, TestPool, WRONG_PASSWORD, attribute,
};
use crate::pool::{MessageKind, Trigger, TriggerFailure};

const WRONG: &str = "Incorrect username or password.";
const MIGRATION: &[Trigger] = &[
    Trigger::PreSignUp,
    Trigger::PostConfirmation,
    Trigger::PreAuthentication,
    Trigger::PostAuthentication,
    Trigger::UserMigration,
];

/// Another directory, which knows one user.
fn elsewhere(
    response: Value,
) -> impl Fn(Trigger, Value) -> Result<Value, TriggerFailure> + Send + Sync + 'static {
    move |trigger, mut event| {
        if trigger == Trigger::UserMigration && event["userName"] == EMAIL {
            let password = &event["request"]["password"];
            if password.is_string() && password != PASSWORD {
                return Err(TriggerFailure::Refused("E_WRONG: no".to_owned()));
            }
            event["response"] = response.clone();
        }
        Ok(event)
    }
}

fn alice() -> Value {
    json!({ "userAttributes": { "email": EMAIL, "email_verified": "true", "name": "Alice" }, "messageAction": "SUPPRESS" })
}

fn event(pool: &TestPool, source: &str, request: Value) -> Value {
    let nothing = json!({
        "userAttributes": null,
        "forceAliasCreation": null,
        "enableSMSMFA": null,
        "finalUserStatus": null,
        "messageAction": null,
        "desiredDeliveryMediums": null,
    });
    pool.event("1", source, EMAIL, request, nothing)
}

#[tokio::test]
async fn who_signs_in_with_the_password_from_elsewhere_is_taken_over() {
    let pool = TestPool::new();
    let triggers = FakeTriggers::attach_these(&pool, MIGRATION, elsewhere(alice()));
    let mut body = TestPool::by_password(EMAIL, PASSWORD);
    body["ClientMetadata"] = json!({ "from": "test" });
    let tokens = pool.ok("InitiateAuth", body).await["AuthenticationResult"].clone();
    let events = triggers.events();
    let request =
        json!({ "userAttributes": null, "password": PASSWORD, "validationData": { "from": "test" } });
    assert_eq!(events[0], event(&pool, "UserMigration_Authentication", request));
    // They are somebody from then on, and have neither signed up nor been confirmed.
    let sources: Vec<&Value> = events[1..].iter().map(|event| &event["triggerSource"]).collect();
    assert_eq!(sources, ["PreAuthentication_Authentication", "PostAuthentication_Authentication"]);
    assert_eq!(events[1]["request"]["userNotFound"], false);
    assert_eq!(events[1]["request"]["userAttributes"]["name"], "Alice");

    let user = pool.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    assert_eq!(attribute(&user["UserAttributes"], "email_verified"), "true");
    assert!(pool.sent().is_empty());
    // Nobody is asked elsewhere again, with whatever password.
    pool.sign_in(EMAIL, PASSWORD).await;
    let wrong = TestPool::by_password(EMAIL, WRONG_PASSWORD);
    pool.refuses("InitiateAuth", wrong, "NotAuthorizedException", WRONG).await;
    assert!(!triggers.sources().iter().any(|source| source.starts_with("UserMigration")));
    // The policy is not asked: the password is what it is.
    let pool = TestPool::new();
    FakeTriggers::attach_these(&pool, MIGRATION, |trigger, mut event| {
        if trigger == Trigger::UserMigration {
            event["response"] = alice();
        }
        Ok(event)
    });
    pool.ok("AdminInitiateAuth", TestPool::by_password(EMAIL, "weak")).await;
}

#[tokio::test]
async fn a_user_may_be_taken_over_without_their_password() {
    let pool = TestPool::new();
    let mut response = alice();
    response["finalUserStatus"] = json!("RESET_REQUIRED");
    FakeTriggers::attach_these(&pool, MIGRATION, elsewhere(response));
    let reset = ("PasswordResetRequiredException", "Password reset required for the user");
    for _ in 0..2 {
        pool.refuses("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD), reset.0, reset.1).await;
    }
    // Only who knows the password learns of it.
    let wrong = TestPool::by_password(EMAIL, WRONG_PASSWORD);
    pool.refuses("InitiateAuth", wrong, "NotAuthorizedException", WRONG).await;
    let user = pool.ok("AdminGetUser", json!({ "Username": EMAIL })).await;
    assert_eq!(user["UserStatus"], "RESET_REQUIRED");
    pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    let body = json!({ "Username": EMAIL, "ConfirmationCode": CODE, "Password": OTHER_PASSWORD });
    pool.ok("ConfirmForgotPassword", body).await;
    pool.sign_in(EMAIL, OTHER_PASSWORD).await;
}

#[tokio::test]
async fn who_has_forgotten_the_password_is_taken_over_and_chooses_another() {
    let pool = TestPool::new();
    let triggers = FakeTriggers::attach_these(&pool, MIGRATION, elsewhere(alice()));
    let body = json!({ "Username": EMAIL, "ClientMetadata": { "from": "test" } });
    let answer = pool.ok("ForgotPassword", body).await;
    assert_eq!(answer["CodeDeliveryDetails"]["Destination"], "a***@e***");
    let request =
        json!({ "userAttributes": null, "validationData": null, "clientMetadata": { "from": "test" } });
    assert_eq!(triggers.events(), [event(&pool, "UserMigration_ForgotPassword", request)]);
    assert_eq!(pool.sent()[0].kind(), MessageKind::ForgotPassword);
    // Nobody knows a password of theirs yet.
    pool.refuses("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD), "NotAuthorizedException", WRONG)
        .await;
    let body = json!({ "Username": EMAIL, "ConfirmationCode": CODE, "Password": OTHER_PASSWORD });
    pool.ok("ConfirmForgotPassword", body).await;
    pool.sign_in(EMAIL, OTHER_PASSWORD).await;

    // Without a verified address there is nowhere to send a code to, and the answer does not say so.
    let pool = TestPool::new();
    FakeTriggers::attach_these(&pool, MIGRATION, elsewhere(json!({ "userAttributes": { "name": "Alice" } })));
    assert_eq!(pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await, answer);
    assert!(pool.sent().is_empty());
}

#[tokio::test]
async fn whoever_is_unknown_elsewhere_too_is_answered_as_nobody() {
    for response in
        [json!({}), json!({ "userAttributes": null }), json!({ "userAttributes": {} }), json!(null)]
    {
        let pool = TestPool::new();
        let triggers = FakeTriggers::attach_these(&pool, MIGRATION, elsewhere(response));
        pool.refuses("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD), "NotAuthorizedException", WRONG)
            .await;
        let events = triggers.events();
        assert_eq!(events[1]["triggerSource"], "PreAuthentication_Authentication");
        assert_eq!((&events[1]["request"]["userNotFound"], events.len()), (&json!(true), 2));
        let answer = pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
        assert_eq!(answer["CodeDeliveryDetails"]["Destination"], "a***@e***");
        assert_eq!(pool.ok("ListUsers", json!({})).await["Users"], json!([]));
        assert!(pool.sent().is_empty());
    }
    // Not asked: by SRP there is no password to show, and no other name can become a user's.
    let pool = TestPool::new();
    let triggers = FakeTriggers::attach_these(&pool, &[Trigger::UserMigration], elsewhere(alice()));
    pool.srp_answer(EMAIL, PASSWORD).await;
    let body = TestPool::by_password("alice", PASSWORD);
    pool.refuses("InitiateAuth", body, "NotAuthorizedException", WRONG).await;
    assert!(triggers.events().is_empty());
}

#[tokio::test]
async fn whatever_goes_wrong_elsewhere_is_masked() {
    let with = |name: &str, value: Value| {
        let mut response = alice();
        response[name] = value;
        Ok(response)
    };
    for answer in [
        Err(TriggerFailure::Refused("E_WRONG: the other directory says no".to_owned())),
        Err(TriggerFailure::Crashed),
        Ok(json!([])),
        with("userAttributes", json!("x")),
        with("userAttributes", json!({ "email_verified": true })),
        with("userAttributes", json!({ "custom:unknown": "1" })),
        with("userAttributes", json!({ "email": "bob@example.com" })),
        with("finalUserStatus", json!("UNCONFIRMED")),
        with("finalUserStatus", json!(1)),
        with("messageAction", json!("RESEND")),
        with("desiredDeliveryMediums", json!(["PIGEON"])),
        with("desiredDeliveryMediums", json!("EMAIL")),
        with("forceAliasCreation", json!("yes")),
        with("enableSMSMFA", json!(true)),
    ] {
        let pool = TestPool::new();
        let said = answer.clone();
        FakeTriggers::attach_these(&pool, MIGRATION, move |trigger, mut event| {
            if trigger == Trigger::UserMigration {
                event["response"] = said.clone()?;
            }
            Ok(event)
        });
        let message = format!("Exception migrating user in app client {}", pool.pool.client_id());
        let sign_in = TestPool::by_password(EMAIL, PASSWORD);
        for (operation, body) in [("InitiateAuth", sign_in), ("ForgotPassword", json!({ "Username": EMAIL }))]
        {
            pool.refuses(operation, body, "UserNotFoundException", &message).await;
        }
        assert_eq!(pool.ok("ListUsers", json!({})).await["Users"], json!([]), "{answer:?}");
        assert!(pool.sent().is_empty());
    }
}

#[tokio::test]
async fn the_other_directory_is_asked_no_oftener_than_a_password_may_be_tried() {
    let pool = TestPool::new();
    let triggers = FakeTriggers::attach_these(&pool, &[Trigger::UserMigration], elsewhere(alice()));
    let wrong = TestPool::by_password(EMAIL, WRONG_PASSWORD);
    for _ in 0..5 {
        pool.refuses("InitiateAuth", wrong.clone(), "UserNotFoundException", "").await;
    }
    let exceeded = "Password attempts exceeded";
    let right = TestPool::by_password(EMAIL, PASSWORD);
    pool.refuses("InitiateAuth", right.clone(), "NotAuthorizedException", exceeded).await;
    assert_eq!(triggers.events().len(), 5);
    pool.advance(jiff::SignedDuration::from_secs(1));
    pool.ok("InitiateAuth", right).await;
}
