//! What runs before and after a password is looked at.

use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{CODE, EMAIL, FakeTriggers, OTHER_PASSWORD, PASSWORD, TestPool, WRONG_PASSWORD};
use crate::pool::{PoolStorage, Trigger, TriggerFailure, TriggerFuture, Triggers};

const WRONG: &str = "Incorrect username or password.";
const NOBODY: &str = "nobody@example.com";
const AROUND: &[Trigger] =
    &[Trigger::PreAuthentication, Trigger::PostAuthentication, Trigger::PreTokenGeneration];

fn attributes(sub: &str, status: &str) -> Value {
    json!({ "sub": sub, "email": EMAIL, "email_verified": "true", "cognito:user_status": status })
}

#[tokio::test]
async fn a_sign_in_by_password_is_announced_before_and_after() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let triggers = FakeTriggers::attach_these(&pool, AROUND, |_, event| Ok(event));
    let mut body = TestPool::by_password(EMAIL, PASSWORD);
    body["ClientMetadata"] = json!({ "from": "test" });
    pool.ok("InitiateAuth", body).await;
    let attributes = attributes(&sub, "CONFIRMED");
    let events = triggers.events();
    assert_eq!(
        events[..2],
        [
            pool.event(
                "1",
                "PreAuthentication_Authentication",
                &sub,
                json!({
                    "userAttributes": attributes,
                    "validationData": { "from": "test" },
                    "userNotFound": false,
                }),
                json!({}),
            ),
            // It gets no metadata of InitiateAuth, and `newDeviceUsed` only where devices are remembered.
            pool.event(
                "1",
                "PostAuthentication_Authentication",
                &sub,
                json!({ "userAttributes": attributes }),
                json!({}),
            ),
        ]
    );
    assert_eq!(events[2]["triggerSource"], "TokenGeneration_Authentication");
    assert_eq!(events.len(), 3);
}

#[tokio::test]
async fn each_way_to_sign_in_runs_its_triggers_in_order() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let triggers = FakeTriggers::attach_these(&pool, AROUND, |_, event| Ok(event));
    let before = "PreAuthentication_Authentication";
    let after = "PostAuthentication_Authentication";

    pool.refuses(
        "InitiateAuth",
        TestPool::by_password(EMAIL, WRONG_PASSWORD),
        "NotAuthorizedException",
        WRONG,
    )
    .await;
    assert_eq!(triggers.sources(), [before], "a wrong password");

    let mut answer = pool.srp_answer(EMAIL, PASSWORD).await;
    assert_eq!(triggers.sources(), [before], "the beginning of SRP");
    answer["ClientMetadata"] = json!({ "from": "respond" });
    let tokens = pool.ok("RespondToAuthChallenge", answer).await["AuthenticationResult"].clone();
    let events = triggers.events();
    assert_eq!(events[0]["triggerSource"], after);
    assert_eq!(events[0]["request"]["clientMetadata"], json!({ "from": "respond" }));
    assert_eq!(events[1]["triggerSource"], "TokenGeneration_Authentication");
    assert_eq!(events.len(), 2, "the end of SRP");

    pool.ok("GetTokensFromRefreshToken", json!({ "RefreshToken": tokens["RefreshToken"] })).await;
    assert_eq!(triggers.sources(), ["TokenGeneration_Authentication"], "a refresh");

    let body = TestPool::by_password(EMAIL, PASSWORD);
    pool.ok("AdminInitiateAuth", body).await;
    assert_eq!(triggers.sources(), [before, after, "TokenGeneration_Authentication"], "an administrator");

    let body = json!({ "Username": "bob@example.com", "TemporaryPassword": PASSWORD });
    pool.ok("AdminCreateUser", body).await;
    let challenge = pool.ok("InitiateAuth", TestPool::by_password("bob@example.com", PASSWORD)).await;
    assert_eq!(triggers.sources(), [before], "a temporary password");
    let body = json!({
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": challenge["Session"],
        "ChallengeResponses": { "USERNAME": "bob@example.com", "NEW_PASSWORD": OTHER_PASSWORD },
    });
    pool.ok("RespondToAuthChallenge", body).await;
    assert_eq!(triggers.sources(), [after, "TokenGeneration_NewPasswordChallenge"], "a new password");
}

#[tokio::test]
async fn either_may_refuse_and_then_there_are_no_tokens() {
    let refusal = TriggerFailure::Refused("E_SUSPENDED: not today".to_owned());
    for wanted in [Trigger::PreAuthentication, Trigger::PostAuthentication] {
        let name = wanted.name();
        for (answer, exception, message) in [
            (
                Err(refusal.clone()),
                "UserLambdaValidationException",
                format!("{name} failed with error E_SUSPENDED: not today."),
            ),
            (
                Err(TriggerFailure::Crashed),
                "UnexpectedLambdaException",
                format!("{name} invocation failed due to error Unhandled."),
            ),
            (
                Ok(json!({ "response": "yes" })),
                "InvalidLambdaResponseException",
                "Unrecognizable lambda output".to_owned(),
            ),
        ] {
            let pool = TestPool::new();
            pool.confirmed(EMAIL).await;
            FakeTriggers::attach_these(&pool, AROUND, move |trigger, event| {
                if trigger == wanted { answer.clone() } else { Ok(event) }
            });
            pool.refuses("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD), exception, &message).await;
            let sessions = |connection: &rusqlite::Connection| {
                connection.query_row("SELECT count(*) FROM sessions", [], |row| row.get::<_, i64>(0))
            };
            assert_eq!(pool.pool.inner.store.read(sessions).unwrap(), 0, "{name}");
        }
    }
}

#[tokio::test]
async fn nobody_is_announced_too_and_answered_as_somebody() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let triggers = FakeTriggers::attach_these(&pool, AROUND, |_, event| Ok(event));
    pool.refuses("InitiateAuth", TestPool::by_password(NOBODY, PASSWORD), "NotAuthorizedException", WRONG)
        .await;
    let [event] = &triggers.events()[..] else { panic!() };
    let id = event["userName"].as_str().unwrap();
    assert!(id.len() == sub.len() && id != sub, "{id}");
    let request = json!({ "userAttributes": {}, "validationData": null, "userNotFound": true });
    assert_eq!(event, &pool.event("1", "PreAuthentication_Authentication", id, request, json!({})));

    // By SRP nobody has the same name as before, and a refusal reads the same for both.
    let answer = pool.srp_answer(NOBODY, PASSWORD).await;
    assert_eq!(answer["ChallengeResponses"]["USERNAME"], id);
    assert_eq!(triggers.events()[0]["userName"], id);
    let closed = "UserLambdaValidationException";
    FakeTriggers::attach_these(&pool, AROUND, |_, _| {
        Err(TriggerFailure::Refused("E_CLOSED: come back later".to_owned()))
    });
    for name in [EMAIL, NOBODY] {
        let message = "PreAuthentication failed with error E_CLOSED: come back later.";
        pool.refuses("InitiateAuth", TestPool::by_password(name, PASSWORD), closed, message).await;
    }
}

/// One trigger that panics or never answers; the others do nothing.
struct Misbehaving {
    wanted: Trigger,
    panics: bool,
}

impl Triggers for Misbehaving {
    fn is_attached(&self, trigger: Trigger) -> bool {
        trigger == self.wanted
    }

    fn invoke(&self, _: Trigger, _: Value) -> TriggerFuture {
        let panics = self.panics;
        Box::pin(async move {
            assert!(!panics, "alice@example.com made it panic");
            std::future::pending().await
        })
    }
}

#[tokio::test]
async fn whichever_trigger_panics_or_takes_too_long_is_cut_off() {
    let sign_in = TestPool::by_password(EMAIL, PASSWORD);
    let custom = json!({ "AuthFlow": "CUSTOM_AUTH", "AuthParameters": { "USERNAME": EMAIL } });
    let forgotten = json!({ "Username": EMAIL });
    for (wanted, operation, body) in [
        (Trigger::PreAuthentication, "InitiateAuth", &sign_in),
        (Trigger::PostAuthentication, "InitiateAuth", &sign_in),
        (Trigger::PreTokenGeneration, "InitiateAuth", &sign_in),
        (Trigger::DefineAuthChallenge, "InitiateAuth", &custom),
        (Trigger::CustomMessage, "ForgotPassword", &forgotten),
    ] {
        let name = wanted.name();
        for (panics, message) in [
            (true, format!("{name} invocation failed due to error Unhandled.")),
            (false, format!("{name} failed with error Socket timeout while invoking Lambda function.")),
        ] {
            let pool = TestPool::configured(PoolStorage::Memory, Some(CODE), |config| {
                config.trigger_timeout = Duration::from_millis(200);
            });
            pool.confirmed(EMAIL).await;
            pool.sent();
            pool.pool.set_triggers(std::sync::Arc::new(Misbehaving { wanted, panics }));
            pool.refuses(operation, body.clone(), "UnexpectedLambdaException", &message).await;
            assert!(pool.sent().is_empty(), "{name}");
        }
    }
}
