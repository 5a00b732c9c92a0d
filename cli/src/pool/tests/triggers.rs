use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::harness::{
    CODE, EMAIL, FakeTriggers, OTHER_PASSWORD, PASSWORD, TestPool, attribute, choose_password, claims,
};
use crate::pool::{PoolStorage, Trigger, TriggerFailure, TriggerFuture, Triggers, wire::MAX_RUNNING};

fn answering(
    wanted: Trigger,
    response: Value,
) -> impl Fn(Trigger, Value) -> Result<Value, TriggerFailure> + Send + Sync + 'static {
    move |trigger, mut event| {
        if trigger == wanted {
            event["response"] = response.clone();
        }
        Ok(event)
    }
}

fn failing(
    wanted: Trigger,
    failure: TriggerFailure,
) -> impl Fn(Trigger, Value) -> Result<Value, TriggerFailure> + Send + Sync + 'static {
    move |trigger, event| if trigger == wanted { Err(failure.clone()) } else { Ok(event) }
}

fn sign_up() -> Value {
    json!({
        "Username": EMAIL,
        "Password": PASSWORD,
        "ValidationData": [{ "Name": "invitation", "Value": "42" }],
        "ClientMetadata": { "from": "test" },
    })
}

#[tokio::test]
async fn the_events_are_those_that_cognito_sends() {
    let pool = TestPool::new();
    let triggers = FakeTriggers::attach(&pool, |_, event| Ok(event));
    let sub = pool.ok("SignUp", sign_up()).await["UserSub"].clone();
    let envelope = |version: &str, source: &str, client: &str, request: Value, response: Value| {
        json!({
            "version": version,
            "triggerSource": source,
            "region": "us-east-1",
            "userPoolId": pool.pool.id(),
            "userName": sub,
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client },
            "request": request,
            "response": response,
        })
    };
    let client = pool.pool.client_id();
    let flags = json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false });
    let request = json!({
        "userAttributes": { "email": EMAIL },
        "validationData": { "invitation": "42" },
        "clientMetadata": { "from": "test" },
    });
    assert_eq!(triggers.events(), [envelope("1", "PreSignUp_SignUp", client, request, flags)]);

    pool.ok("ConfirmSignUp", json!({ "Username": EMAIL, "ConfirmationCode": CODE })).await;
    let attributes =
        json!({ "sub": sub, "email": EMAIL, "email_verified": "true", "cognito:user_status": "CONFIRMED" });
    let request = json!({ "userAttributes": attributes });
    assert_eq!(
        triggers.events(),
        [envelope("1", "PostConfirmation_ConfirmSignUp", client, request.clone(), json!({}))]
    );

    pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    let body = json!({ "Username": EMAIL, "ConfirmationCode": CODE, "Password": OTHER_PASSWORD });
    pool.ok("ConfirmForgotPassword", body).await;
    assert_eq!(
        triggers.events(),
        [envelope("1", "PostConfirmation_ConfirmForgotPassword", client, request, json!({}))]
    );

    pool.ok("AdminAddUserToGroup", json!({ "Username": EMAIL, "GroupName": "editors" })).await;
    let mut body = TestPool::by_password(EMAIL, OTHER_PASSWORD);
    body["ClientMetadata"] = json!({ "from": "InitiateAuth does not hand it on" });
    let tokens = pool.ok("InitiateAuth", body).await["AuthenticationResult"].clone();
    let mut request = json!({
        "userAttributes": attributes,
        "groupConfiguration":
            { "groupsToOverride": ["editors"], "iamRolesToOverride": [], "preferredRole": null },
        "scopes": ["aws.cognito.signin.user.admin"],
    });
    let response = json!({ "claimsAndScopeOverrideDetails": null });
    assert_eq!(
        triggers.events(),
        [envelope("2", "TokenGeneration_Authentication", client, request.clone(), response.clone())]
    );
    request["clientMetadata"] = json!({ "from": "refresh" });
    let refresh = json!({
        "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] },
        "ClientMetadata": { "from": "refresh" },
    });
    pool.ok("InitiateAuth", refresh).await;
    assert_eq!(
        triggers.events(),
        [envelope("2", "TokenGeneration_RefreshTokens", client, request, response)]
    );
}

#[tokio::test]
async fn administration_raises_its_own_events() {
    let pool = TestPool::new();
    let triggers = FakeTriggers::attach(&pool, |_, event| Ok(event));
    let answer =
        pool.ok("AdminCreateUser", json!({ "Username": EMAIL, "TemporaryPassword": PASSWORD })).await;
    let [event] = &triggers.events()[..] else { panic!() };
    assert_eq!(event["triggerSource"], "PreSignUp_AdminCreateUser");
    assert_eq!(event["callerContext"]["clientId"], "CLIENT_ID_NOT_APPLICABLE");
    assert_eq!(event["userName"], answer["User"]["Username"]);
    assert_eq!(event["request"]["validationData"], Value::Null);

    let challenge = pool.ok("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD)).await;
    let body = json!({
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": challenge["Session"],
        "ChallengeResponses": { "USERNAME": EMAIL, "NEW_PASSWORD": OTHER_PASSWORD },
        "ClientMetadata": { "from": "respond" },
    });
    pool.ok("AdminRespondToAuthChallenge", body).await;
    let [event] = &triggers.events()[..] else { panic!() };
    assert_eq!(event["triggerSource"], "TokenGeneration_NewPasswordChallenge");
    assert_eq!(event["request"]["clientMetadata"], json!({ "from": "respond" }));

    pool.sign_up("b@example.com").await;
    triggers.events();
    pool.ok("AdminConfirmSignUp", json!({ "Username": "b@example.com" })).await;
    let [event] = &triggers.events()[..] else { panic!() };
    assert_eq!(event["triggerSource"], "PostConfirmation_ConfirmSignUp");
    assert_eq!(event["callerContext"]["clientId"], "CLIENT_ID_NOT_APPLICABLE");
    pool.refuses("AdminConfirmSignUp", json!({ "Username": "b@example.com" }), "NotAuthorizedException", "")
        .await;
}

#[tokio::test]
async fn pre_sign_up_may_confirm_and_verify() {
    let pool = TestPool::new();
    let response = json!({ "autoConfirmUser": true, "autoVerifyEmail": true, "autoVerifyPhone": null });
    let triggers = FakeTriggers::attach(&pool, answering(Trigger::PreSignUp, response));
    let answer = pool.ok("SignUp", sign_up()).await;
    assert_eq!(answer["UserConfirmed"], true);
    assert!(answer.get("CodeDeliveryDetails").is_none() && pool.sent().is_empty());
    let sources: Vec<Value> = triggers.events().iter().map(|event| event["triggerSource"].clone()).collect();
    assert_eq!(sources, ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"]);
    let token = pool.sign_in(EMAIL, PASSWORD).await["AccessToken"].clone();
    let user = pool.ok("GetUser", json!({ "AccessToken": token })).await;
    assert_eq!(attribute(&user["UserAttributes"], "email_verified"), "true");
    // An administrator's user is not confirmed by it.
    let user = pool.ok("AdminCreateUser", json!({ "Username": "b@example.com" })).await;
    assert_eq!(user["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
}

#[tokio::test]
async fn a_failing_trigger_fails_the_operation_without_detail() {
    for (failure, exception, message) in [
        (
            TriggerFailure::Refused("E_DOMAIN_NOT_ALLOWED: not here".to_owned()),
            "UserLambdaValidationException",
            "PreSignUp failed with error E_DOMAIN_NOT_ALLOWED: not here.",
        ),
        (
            TriggerFailure::Crashed,
            "UnexpectedLambdaException",
            "PreSignUp invocation failed due to error Unhandled.",
        ),
        (
            TriggerFailure::NotInvoked("AccessDeniedException"),
            "UnexpectedLambdaException",
            "PreSignUp invocation failed due to error AccessDeniedException.",
        ),
        (
            TriggerFailure::NotJson,
            "InvalidLambdaResponseException",
            "Invalid lambda function output : Invalid JSON",
        ),
    ] {
        let pool = TestPool::new();
        FakeTriggers::attach(&pool, failing(Trigger::PreSignUp, failure));
        pool.refuses("SignUp", sign_up(), exception, message).await;
        pool.refuses("AdminCreateUser", json!({ "Username": EMAIL }), exception, message).await;
        assert!(pool.sent().is_empty());
        assert_eq!(pool.ok("ListUsers", json!({})).await["Users"], json!([]));
    }
}

#[tokio::test]
async fn a_failing_post_confirmation_leaves_the_user_confirmed() {
    let pool = TestPool::new();
    let failure = TriggerFailure::Refused("E_PROFILE: later".to_owned());
    FakeTriggers::attach(&pool, failing(Trigger::PostConfirmation, failure));
    pool.sign_up(EMAIL).await;
    let body = json!({ "Username": EMAIL, "ConfirmationCode": CODE });
    let message = "PostConfirmation failed with error E_PROFILE: later.";
    pool.refuses("ConfirmSignUp", body, "UserLambdaValidationException", message).await;
    pool.sign_in(EMAIL, PASSWORD).await;
}

#[tokio::test]
async fn without_an_answer_to_token_generation_there_are_no_tokens() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    FakeTriggers::attach(&pool, failing(Trigger::PreTokenGeneration, TriggerFailure::Crashed));
    pool.refuses("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD), "UnexpectedLambdaException", "")
        .await;
}

#[tokio::test]
async fn an_answer_of_another_shape_is_refused() {
    for answer in [
        json!("x"),
        json!([]),
        json!(null),
        json!({ "response": 1 }),
        json!({ "response": { "autoConfirmUser": "yes" } }),
    ] {
        let pool = TestPool::new();
        FakeTriggers::attach(&pool, move |_, _| Ok(answer.clone()));
        pool.refuses("SignUp", sign_up(), "InvalidLambdaResponseException", "Unrecognizable lambda output")
            .await;
    }
}

#[tokio::test]
async fn token_generation_changes_claims_scopes_and_groups() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let generation = json!({
        "claimsToAddOrOverride": { "tenant": "acme", "sub": "root", "exp": 9_999_999_999_i64, "limits": { "notes": 3 } },
        "claimsToSuppress": ["email", "iss"],
    });
    let mut access = generation.clone();
    access["scopesToAdd"] = json!(["notes/read"]);
    let response = json!({ "claimsAndScopeOverrideDetails": {
        "idTokenGeneration": generation,
        "accessTokenGeneration": access,
        "groupOverrideDetails": { "groupsToOverride": ["guests"] },
    } });
    FakeTriggers::attach(&pool, answering(Trigger::PreTokenGeneration, response));
    let tokens = pool.sign_in(EMAIL, PASSWORD).await;
    for token in ["IdToken", "AccessToken"] {
        let claims = claims(&tokens[token]);
        for (name, value) in [
            ("tenant", json!("acme")),
            ("limits", json!({ "notes": 3 })),
            ("sub", json!(sub)),
            ("exp", json!(1_800_003_600)),
            ("iss", json!(pool.pool.issuer())),
            ("cognito:groups", json!(["guests"])),
        ] {
            assert_eq!(claims[name], value, "{token} {name}");
        }
        assert!(claims.get("email").is_none());
    }
    assert_eq!(claims(&tokens["AccessToken"])["scope"], "aws.cognito.signin.user.admin notes/read");
}

#[tokio::test]
async fn without_its_scope_an_access_token_is_no_good_for_the_pool() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let access = json!({ "scopesToSuppress": ["aws.cognito.signin.user.admin"] });
    let response = json!({ "claimsAndScopeOverrideDetails": { "accessTokenGeneration": access } });
    FakeTriggers::attach(&pool, answering(Trigger::PreTokenGeneration, response));
    let body = json!({ "AccessToken": pool.sign_in(EMAIL, PASSWORD).await["AccessToken"] });
    pool.refuses("GetUser", body, "NotAuthorizedException", "Access Token does not have required scopes")
        .await;
}

#[tokio::test]
async fn roles_of_groups_are_in_the_id_token_unless_the_answer_says_otherwise() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    for (group, precedence, role) in
        [("low", 2, Some("arn:low")), ("high", 1, Some("arn:high")), ("none", 0, None)]
    {
        let body = json!({ "GroupName": group, "Precedence": precedence, "RoleArn": role });
        pool.ok("CreateGroup", body).await;
        pool.ok("AdminAddUserToGroup", json!({ "Username": EMAIL, "GroupName": group })).await;
    }
    let own = json!({
        "groupsToOverride": ["none", "high", "low"],
        "iamRolesToOverride": ["arn:high", "arn:low"],
        "preferredRole": "arn:high",
    });
    let both = json!(["arn:high", "arn:low"]);
    let groups = json!(["none", "high", "low"]);
    for (details, groups, roles, preferred) in [
        (json!(null), groups.clone(), both.clone(), json!("arn:high")),
        (json!({ "groupOverrideDetails": own }), groups.clone(), both, json!("arn:high")),
        (json!({ "groupOverrideDetails": {} }), Value::Null, Value::Null, Value::Null),
        (
            json!({ "groupOverrideDetails": { "iamRolesToOverride": ["arn:x"], "preferredRole": "arn:x" } }),
            Value::Null,
            json!(["arn:x"]),
            json!("arn:x"),
        ),
        (
            json!({ "idTokenGeneration": { "claimsToSuppress": ["cognito:groups"] } }),
            Value::Null,
            Value::Null,
            Value::Null,
        ),
    ] {
        let response = json!({ "claimsAndScopeOverrideDetails": details });
        let triggers = FakeTriggers::attach(&pool, answering(Trigger::PreTokenGeneration, response));
        let tokens = pool.sign_in(EMAIL, PASSWORD).await;
        assert_eq!(triggers.events()[0]["request"]["groupConfiguration"], own);
        let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
        assert_eq!(id["cognito:groups"], groups, "{details}");
        assert_eq!(id["cognito:roles"], roles, "{details}");
        assert_eq!(id["cognito:preferred_role"], preferred, "{details}");
        assert!(access.get("cognito:roles").is_none() && access.get("cognito:preferred_role").is_none());
    }
}

#[tokio::test]
async fn who_is_disabled_or_has_another_password_when_the_trigger_returns_gets_no_tokens() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let tokens = pool.sign_in(EMAIL, PASSWORD).await;
    let at_token_generation = |event: Box<dyn Fn() + Send + Sync>| {
        FakeTriggers::attach(&pool, move |_, answer| {
            event();
            Ok(answer)
        })
    };
    let sessions = || {
        let count = |connection: &rusqlite::Connection| {
            connection.query_row("SELECT count(*) FROM sessions", [], |row| row.get::<_, i64>(0))
        };
        pool.pool.inner.store.read(count).unwrap()
    };
    let disable = pool.changes_user(&sub, |user, _| user.enabled = false);
    at_token_generation(Box::new(disable));
    let sign_in = TestPool::by_password(EMAIL, PASSWORD);
    pool.refuses("InitiateAuth", sign_in.clone(), "NotAuthorizedException", "User is disabled.").await;
    pool.ok("AdminEnableUser", json!({ "Username": EMAIL })).await;

    at_token_generation(Box::new(
        pool.changes_user(&sub, |user, inner| choose_password(user, inner, OTHER_PASSWORD)),
    ));
    let message = "Incorrect username or password.";
    pool.refuses("InitiateAuth", sign_in, "NotAuthorizedException", message).await;
    assert_eq!(sessions(), 1, "a refused sign-in left a session");

    let inner = Arc::clone(&pool.pool.inner);
    at_token_generation(Box::new(move || {
        inner.store.write(|tx| tx.execute("UPDATE sessions SET revoked = 1", []).map(drop)).unwrap();
    }));
    let refresh = json!({ "RefreshToken": tokens["RefreshToken"] });
    let message = "Refresh Token has been revoked";
    pool.refuses("GetTokensFromRefreshToken", refresh, "NotAuthorizedException", message).await;
}

/// A trigger whose work needs a blocking thread, as writing to a file or joining a group does.
struct Blocking;

impl Triggers for Blocking {
    fn is_attached(&self, _: Trigger) -> bool {
        true
    }

    fn invoke(&self, _: Trigger, event: Value) -> TriggerFuture {
        Box::pin(
            async move { tokio::task::spawn_blocking(|| event).await.map_err(|_| TriggerFailure::Crashed) },
        )
    }
}

#[test]
fn however_many_operations_wait_for_triggers_the_triggers_find_a_thread() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(MAX_RUNNING + 1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let pool = Arc::new(TestPool::new());
        pool.confirmed(EMAIL).await;
        let token = pool.sign_in(EMAIL, PASSWORD).await["RefreshToken"].clone();
        pool.pool.set_triggers(Arc::new(Blocking));
        let refresh = json!({ "RefreshToken": token });
        // Tasks of their own, so that all of them have asked for a thread before the first trigger does.
        let running: Vec<_> = (0..3 * MAX_RUNNING)
            .map(|_| {
                let (pool, refresh) = (Arc::clone(&pool), refresh.clone());
                tokio::spawn(async move { pool.call("GetTokensFromRefreshToken", refresh).await })
            })
            .collect();
        for answer in running {
            let (status, answer) = answer.await.unwrap();
            assert_eq!(status, 200, "{answer}");
        }
    });
}

struct Misbehaving {
    panics: bool,
}

impl Triggers for Misbehaving {
    fn is_attached(&self, _: Trigger) -> bool {
        true
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
async fn a_trigger_that_panics_or_takes_too_long_is_cut_off() {
    for (panics, message) in [
        (true, "PreSignUp invocation failed due to error Unhandled."),
        (false, "PreSignUp failed with error Socket timeout while invoking Lambda function."),
    ] {
        let pool = TestPool::configured(PoolStorage::Memory, Some(CODE), |config| {
            config.trigger_timeout = Duration::from_millis(200);
        });
        pool.pool.set_triggers(Arc::new(Misbehaving { panics }));
        pool.refuses("SignUp", sign_up(), "UnexpectedLambdaException", message).await;
    }
}
