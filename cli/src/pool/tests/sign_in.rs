use jiff::SignedDuration;
use serde_json::{Value, json};

use super::harness::{CODE, EMAIL, OTHER_PASSWORD, PASSWORD, TestPool, WRONG_PASSWORD, claims};

const WRONG: &str = "Incorrect username or password.";

#[tokio::test]
async fn srp_lets_in_who_knows_the_password_and_nobody_else() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    for name in [EMAIL, "ALICE@example.COM", &sub] {
        let answer = pool.srp_answer(name, PASSWORD).await;
        let tokens = pool.ok("RespondToAuthChallenge", answer.clone()).await["AuthenticationResult"].clone();
        assert_eq!(claims(&tokens["IdToken"])["sub"], sub);
        pool.refuses("RespondToAuthChallenge", answer, "NotAuthorizedException", WRONG).await;
    }
    for (name, password) in [(EMAIL, WRONG_PASSWORD), ("nobody@example.com", PASSWORD)] {
        let answer = pool.srp_answer(name, password).await;
        pool.refuses("RespondToAuthChallenge", answer, "NotAuthorizedException", WRONG).await;
    }
    let answer = pool.srp_answer(EMAIL, PASSWORD).await;
    pool.ok("AdminRespondToAuthChallenge", answer).await;
}

#[tokio::test]
async fn a_claim_that_was_tampered_with_is_refused() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    pool.confirmed("bob@example.com").await;
    for (name, value, exception) in [
        ("USERNAME", json!("bob@example.com"), "NotAuthorizedException"),
        ("USERNAME", json!("nobody@example.com"), "NotAuthorizedException"),
        ("TIMESTAMP", json!("Mon Nov 23 2:03:05 UTC 2026"), "NotAuthorizedException"),
        ("TIMESTAMP", json!("yesterday"), "InvalidParameterException"),
        ("PASSWORD_CLAIM_SIGNATURE", json!("AAAA"), "NotAuthorizedException"),
        ("PASSWORD_CLAIM_SIGNATURE", json!("!"), "NotAuthorizedException"),
        ("PASSWORD_CLAIM_SECRET_BLOCK", json!("AAAA"), "NotAuthorizedException"),
        ("PASSWORD_CLAIM_SIGNATURE", json!(""), "InvalidParameterException"),
        ("USERNAME", Value::Null, "InvalidParameterException"),
    ] {
        let mut answer = pool.srp_answer(EMAIL, PASSWORD).await;
        answer["ChallengeResponses"][name] = value.clone();
        pool.refuses("RespondToAuthChallenge", answer, exception, "").await;
        // One that is right forgets the failures, so that no lockout hides the next case.
        pool.sign_in(EMAIL, PASSWORD).await;
    }
}

#[tokio::test]
async fn a_challenge_is_open_for_three_minutes() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let answer = pool.srp_answer(EMAIL, PASSWORD).await;
    pool.advance(SignedDuration::from_mins(3));
    pool.refuses("RespondToAuthChallenge", answer, "NotAuthorizedException", WRONG).await;
}

#[tokio::test]
async fn a_challenge_for_nobody_looks_like_one_for_somebody() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let flow = |name: &str| json!({ "AuthFlow": "USER_SRP_AUTH", "AuthParameters": { "USERNAME": name, "SRP_A": "abcdef" } });
    let somebody = pool.ok("InitiateAuth", flow(EMAIL)).await["ChallengeParameters"].clone();
    let nobody = pool.ok("InitiateAuth", flow("nobody@example.com")).await["ChallengeParameters"].clone();
    let again = pool.ok("InitiateAuth", flow("NOBODY@example.com")).await["ChallengeParameters"].clone();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&somebody), keys(&nobody));
    for name in ["SALT", "USER_ID_FOR_SRP"] {
        assert_eq!(nobody[name], again[name]);
        assert_ne!(nobody[name], somebody[name]);
        // A salt loses its leading zeros.
        let (left, right) = (nobody[name].as_str().unwrap().len(), somebody[name].as_str().unwrap().len());
        assert!(left.abs_diff(right) <= 3, "{name}: {left} {right}");
    }
    assert_ne!(nobody["SRP_B"], again["SRP_B"]);
    // A user's id has nothing to do with their salt. A UUID leaves its first 48 bits as they were.
    for parameters in [&somebody, &nobody] {
        let text = |name: &str| parameters[name].as_str().unwrap().replace('-', "");
        let salt = format!("{:0>32}", text("SALT"));
        assert_ne!(text("USER_ID_FOR_SRP")[..12], salt[..12]);
    }
    // A user who is named by their id is answered with it.
    let id = "5F0C9D5E-3A64-4C1B-9D0E-1B2C3D4E5F60";
    let nobody = pool.ok("InitiateAuth", flow(id)).await["ChallengeParameters"].clone();
    assert_eq!(nobody["USER_ID_FOR_SRP"], id.to_lowercase());
}

#[tokio::test]
async fn a_sign_in_that_cannot_be_is_refused() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let parameters =
        |flow: &str, parameters: Value| json!({ "AuthFlow": flow, "AuthParameters": parameters });
    for (operation, body, exception, message) in [
        ("InitiateAuth", TestPool::by_password(EMAIL, WRONG_PASSWORD), "NotAuthorizedException", WRONG),
        (
            "InitiateAuth",
            TestPool::by_password("nobody@example.com", PASSWORD),
            "NotAuthorizedException",
            WRONG,
        ),
        ("InitiateAuth", TestPool::by_password("%", PASSWORD), "NotAuthorizedException", WRONG),
        ("InitiateAuth", TestPool::by_password(EMAIL, &"x".repeat(9999)), "NotAuthorizedException", WRONG),
        ("InitiateAuth", json!({}), "InvalidParameterException", ""),
        ("InitiateAuth", json!({ "AuthFlow": "MAGIC" }), "InvalidParameterException", ""),
        (
            "InitiateAuth",
            json!({ "AuthFlow": "USER_PASSWORD_AUTH" }),
            "InvalidParameterException",
            "Missing required parameter USERNAME",
        ),
        (
            "InitiateAuth",
            parameters("CUSTOM_AUTH", json!({ "USERNAME": EMAIL })),
            "InvalidParameterException",
            "CUSTOM_AUTH flow not enabled for this client",
        ),
        (
            "InitiateAuth",
            parameters("ADMIN_USER_PASSWORD_AUTH", json!({ "USERNAME": EMAIL, "PASSWORD": PASSWORD })),
            "InvalidParameterException",
            "Initiate Auth method not supported.",
        ),
        (
            "InitiateAuth",
            parameters("USER_SRP_AUTH", json!({ "USERNAME": EMAIL })),
            "InvalidParameterException",
            "",
        ),
        (
            "InitiateAuth",
            parameters("USER_SRP_AUTH", json!({ "USERNAME": EMAIL, "SRP_A": "0" })),
            "InvalidParameterException",
            "",
        ),
        (
            "InitiateAuth",
            parameters("REFRESH_TOKEN_AUTH", json!({ "REFRESH_TOKEN": "x" })),
            "NotAuthorizedException",
            "Invalid Refresh Token",
        ),
        ("RespondToAuthChallenge", json!({ "ChallengeName": "SMS_MFA" }), "InvalidParameterException", ""),
        (
            "RespondToAuthChallenge",
            json!({ "ChallengeName": "PASSWORD_VERIFIER" }),
            "InvalidParameterException",
            "",
        ),
        (
            "GetTokensFromRefreshToken",
            json!({ "RefreshToken": "x" }),
            "NotAuthorizedException",
            "Invalid Refresh Token",
        ),
    ] {
        pool.refuses(operation, body, exception, message).await;
    }
    let admin = parameters("ADMIN_USER_PASSWORD_AUTH", json!({ "USERNAME": EMAIL, "PASSWORD": PASSWORD }));
    pool.ok("AdminInitiateAuth", admin).await;
}

#[tokio::test]
async fn wrong_passwords_lock_out_somebody_and_nobody_alike() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let exceeded = "Password attempts exceeded";
    for name in [EMAIL, "nobody@example.com"] {
        for _ in 0..3 {
            pool.refuses(
                "InitiateAuth",
                TestPool::by_password(name, WRONG_PASSWORD),
                "NotAuthorizedException",
                WRONG,
            )
            .await;
        }
        // Failures by SRP count with the others.
        for _ in 0..2 {
            let answer = pool.srp_answer(name, WRONG_PASSWORD).await;
            pool.refuses("RespondToAuthChallenge", answer, "NotAuthorizedException", WRONG).await;
        }
        pool.refuses(
            "InitiateAuth",
            TestPool::by_password(name, PASSWORD),
            "NotAuthorizedException",
            exceeded,
        )
        .await;
        let answer = pool.srp_answer(name, PASSWORD).await;
        pool.refuses("RespondToAuthChallenge", answer, "NotAuthorizedException", exceeded).await;
    }
    pool.advance(SignedDuration::from_secs(1));
    pool.sign_in(EMAIL, PASSWORD).await;
}

#[tokio::test]
async fn parallel_guesses_are_all_counted() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let guesses = (0..12).map(|_| pool.fails("InitiateAuth", TestPool::by_password(EMAIL, WRONG_PASSWORD)));
    let mut looked_at = 0;
    for (_, message) in join_all(guesses).await {
        looked_at += usize::from(message == WRONG);
    }
    assert_eq!(looked_at, 5);
}

async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        for (future, output) in running.iter_mut().zip(&mut done) {
            if output.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *output = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            return std::task::Poll::Ready(done.iter_mut().filter_map(Option::take).collect());
        }
        std::task::Poll::Pending
    })
    .await
}

async fn created(pool: &TestPool) -> String {
    let body = json!({
        "Username": EMAIL,
        "TemporaryPassword": PASSWORD,
        "UserAttributes": [
            { "Name": "email_verified", "Value": "true" },
            { "Name": "phone_number", "Value": "+15550199" },
        ],
    });
    pool.ok("AdminCreateUser", body).await["User"]["Username"].as_str().unwrap().to_owned()
}

fn choose(session: &Value, name: &str, password: &str) -> Value {
    json!({
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": session,
        "ChallengeResponses": { "USERNAME": name, "NEW_PASSWORD": password, "userAttributes.name": "Alice" },
    })
}

#[tokio::test]
async fn a_temporary_password_must_be_changed() {
    let pool = TestPool::new();
    let sub = created(&pool).await;
    let answer = pool.srp_answer(EMAIL, PASSWORD).await;
    let challenge = pool.ok("RespondToAuthChallenge", answer).await;
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert_eq!(challenge["ChallengeParameters"]["USER_ID_FOR_SRP"], sub);
    let attributes = challenge["ChallengeParameters"]["userAttributes"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(attributes).unwrap(),
        json!({ "email": EMAIL, "email_verified": "true" })
    );
    assert_eq!(challenge["ChallengeParameters"]["requiredAttributes"], "[]");
    let session = &challenge["Session"];

    pool.confirmed("bob@example.com").await;
    let with = |name: &str, value: &str| {
        let mut body = choose(session, EMAIL, OTHER_PASSWORD);
        body["ChallengeResponses"][format!("userAttributes.{name}")] = json!(value);
        body
    };
    let unauthorized = "A client attempted to write unauthorized attribute";
    let expired = "Invalid session for the user, session is expired.";
    for (body, exception, message) in [
        (choose(session, EMAIL, "weak"), "InvalidPasswordException", ""),
        (choose(session, "bob@example.com", OTHER_PASSWORD), "NotAuthorizedException", expired),
        (choose(&json!("AAAA"), EMAIL, OTHER_PASSWORD), "NotAuthorizedException", expired),
        (choose(&Value::Null, EMAIL, OTHER_PASSWORD), "InvalidParameterException", ""),
        (with("email", "c@example.com"), "NotAuthorizedException", "Cannot modify an already provided email"),
        (
            with("phone_number", "+15550100"),
            "NotAuthorizedException",
            "Cannot modify an already provided phone_number",
        ),
        (with("nickname", "Al"), "NotAuthorizedException", unauthorized),
    ] {
        pool.refuses("RespondToAuthChallenge", body, exception, message).await;
    }
    let tokens = pool.ok("RespondToAuthChallenge", choose(session, EMAIL, OTHER_PASSWORD)).await;
    assert_eq!(claims(&tokens["AuthenticationResult"]["IdToken"])["name"], "Alice");
    pool.refuses(
        "RespondToAuthChallenge",
        choose(session, EMAIL, PASSWORD),
        "NotAuthorizedException",
        expired,
    )
    .await;
    pool.sign_in(EMAIL, OTHER_PASSWORD).await;
}

#[tokio::test]
async fn who_has_proven_a_temporary_password_must_prove_the_next_one() {
    let pool = TestPool::new();
    created(&pool).await;
    let challenge = pool.ok("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD)).await;
    let again = json!({ "Username": EMAIL, "MessageAction": "RESEND", "TemporaryPassword": OTHER_PASSWORD });
    pool.ok("AdminCreateUser", again).await;
    let expired = "Invalid session for the user, session is expired.";
    let body = choose(&challenge["Session"], EMAIL, "Third-horse-3");
    pool.refuses("RespondToAuthChallenge", body, "NotAuthorizedException", expired).await;
    let challenge = pool.ok("InitiateAuth", TestPool::by_password(EMAIL, OTHER_PASSWORD)).await;
    pool.ok("RespondToAuthChallenge", choose(&challenge["Session"], EMAIL, "Third-horse-3")).await;
}

#[tokio::test]
async fn a_temporary_password_lasts_a_week() {
    let pool = TestPool::new();
    created(&pool).await;
    pool.advance(SignedDuration::from_hours(7 * 24));
    pool.refuses(
        "InitiateAuth",
        TestPool::by_password(EMAIL, PASSWORD),
        "NotAuthorizedException",
        "Temporary password has expired and must be reset by an administrator.",
    )
    .await;
}

#[tokio::test]
async fn a_disabled_user_cannot_sign_in_nor_go_on() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let tokens = pool.sign_in(EMAIL, PASSWORD).await;
    pool.ok("AdminDisableUser", json!({ "Username": EMAIL })).await;
    let refresh = json!({ "RefreshToken": tokens["RefreshToken"] });
    pool.refuses(
        "InitiateAuth",
        TestPool::by_password(EMAIL, PASSWORD),
        "NotAuthorizedException",
        "User is disabled.",
    )
    .await;
    pool.refuses(
        "InitiateAuth",
        TestPool::by_password(EMAIL, WRONG_PASSWORD),
        "NotAuthorizedException",
        WRONG,
    )
    .await;
    pool.refuses("GetTokensFromRefreshToken", refresh, "NotAuthorizedException", "").await;
    pool.refuses("GetUser", json!({ "AccessToken": tokens["AccessToken"] }), "NotAuthorizedException", "")
        .await;
    let reset = json!({ "Username": EMAIL, "ConfirmationCode": CODE, "Password": OTHER_PASSWORD });
    pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    pool.refuses("ConfirmForgotPassword", reset, "ExpiredCodeException", "").await;
    pool.ok("AdminEnableUser", json!({ "Username": EMAIL })).await;
    pool.sign_in(EMAIL, PASSWORD).await;
}
