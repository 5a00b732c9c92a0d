use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::harness::{EMAIL, PASSWORD, TestPool, claims, part};

const NOW: i64 = 1_800_000_000;

fn names(claims: &Value) -> BTreeSet<String> {
    claims.as_object().unwrap().keys().cloned().collect()
}

fn set(names: &str) -> BTreeSet<String> {
    names.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test]
async fn tokens_have_the_header_and_the_claims_that_cognito_sends() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    pool.ok("AdminAddUserToGroup", json!({ "Username": EMAIL, "GroupName": "editors" })).await;
    let answer = pool.ok("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD)).await;
    assert_eq!(answer["ChallengeParameters"], json!({}));
    let tokens = &answer["AuthenticationResult"];
    assert_eq!((&tokens["TokenType"], &tokens["ExpiresIn"]), (&json!("Bearer"), &json!(3600)));
    let kid = &pool.pool.key_set()["keys"][0]["kid"];
    for token in ["IdToken", "AccessToken"] {
        assert_eq!(part(&tokens[token], 0), json!({ "kid": kid, "alg": "RS256" }));
    }
    let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
    assert_eq!(
        names(&id),
        set(
            "sub email_verified iss cognito:username cognito:groups origin_jti aud event_id token_use auth_time exp \
             iat jti email"
        )
    );
    assert_eq!(
        names(&access),
        set(
            "sub cognito:groups iss client_id origin_jti event_id token_use scope auth_time exp iat jti username"
        )
    );
    for (name, value) in [
        ("sub", json!(sub)),
        ("iss", json!(pool.pool.issuer())),
        ("cognito:groups", json!(["editors"])),
        ("auth_time", json!(NOW)),
        ("iat", json!(NOW)),
        ("exp", json!(NOW + 3600)),
        ("origin_jti", access["origin_jti"].clone()),
        ("event_id", access["event_id"].clone()),
    ] {
        assert_eq!((&id[name], &access[name]), (&value, &value), "{name}");
    }
    assert_ne!(id["jti"], access["jti"]);
    assert_eq!((&id["token_use"], &access["token_use"]), (&json!("id"), &json!("access")));
    assert_eq!(
        (&id["aud"], &access["client_id"]),
        (&json!(pool.pool.client_id()), &json!(pool.pool.client_id()))
    );
    assert_eq!((&id["cognito:username"], &access["username"]), (&json!(sub), &json!(sub)));
    assert_eq!((&id["email"], &id["email_verified"]), (&json!(EMAIL), &json!(true)));
    assert_eq!(access["scope"], "aws.cognito.signin.user.admin");
}

#[tokio::test]
async fn without_groups_there_is_no_claim_of_groups() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let tokens = pool.sign_in(EMAIL, PASSWORD).await;
    assert!(claims(&tokens["IdToken"]).get("cognito:groups").is_none());
}

#[tokio::test]
async fn a_refresh_token_lasts_thirty_days_and_keeps_the_session() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let first = pool.sign_in(EMAIL, PASSWORD).await;
    let refresh_token = &first["RefreshToken"];
    pool.advance(SignedDuration::from_secs(30 * 24 * 3600 - 1));
    pool.ok("AdminAddUserToGroup", json!({ "Username": EMAIL, "GroupName": "editors" })).await;
    let by_flow =
        json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": { "REFRESH_TOKEN": refresh_token } });
    let by_operation = json!({ "RefreshToken": refresh_token });
    for (operation, body) in [
        ("InitiateAuth", by_flow.clone()),
        ("AdminInitiateAuth", by_flow.clone()),
        ("GetTokensFromRefreshToken", by_operation.clone()),
    ] {
        let second = pool.ok(operation, body).await["AuthenticationResult"].clone();
        assert!(second.get("RefreshToken").is_none());
        let (before, after) = (claims(&first["AccessToken"]), claims(&second["AccessToken"]));
        assert_eq!(before["origin_jti"], after["origin_jti"]);
        assert_eq!(before["auth_time"], after["auth_time"]);
        assert_ne!(before["jti"], after["jti"]);
        assert_eq!(after["cognito:groups"], json!(["editors"]));
        pool.ok("GetUser", json!({ "AccessToken": second["AccessToken"] })).await;
    }
    pool.advance(SignedDuration::from_secs(1));
    for (operation, body) in [("InitiateAuth", by_flow), ("GetTokensFromRefreshToken", by_operation)] {
        pool.refuses(operation, body, "NotAuthorizedException", "Refresh Token has expired").await;
    }
}

#[tokio::test]
async fn an_access_token_is_good_for_an_hour_and_only_as_it_was_made() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let tokens = pool.sign_in(EMAIL, PASSWORD).await;
    let other = TestPool::new();
    let foreign = other.access_token(EMAIL).await;
    let changed = {
        let token = tokens["AccessToken"].as_str().unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let payload = foreign.as_str().unwrap().split('.').nth(1).unwrap();
        json!(format!("{header}.{payload}.{signature}"))
    };
    for token in
        [&tokens["IdToken"], &tokens["RefreshToken"], &foreign, &changed, &json!("x"), &json!("a.b.c")]
    {
        pool.refuses(
            "GetUser",
            json!({ "AccessToken": token }),
            "NotAuthorizedException",
            "Invalid Access Token",
        )
        .await;
    }
    let own = json!({ "AccessToken": tokens["AccessToken"] });
    pool.advance(SignedDuration::from_secs(3599));
    pool.ok("GetUser", own.clone()).await;
    pool.advance(SignedDuration::from_secs(1));
    for operation in ["GetUser", "GlobalSignOut", "DeleteUser"] {
        pool.refuses(operation, own.clone(), "NotAuthorizedException", "Access Token has expired").await;
    }
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_its_session_and_no_other() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let (first, second) = (pool.sign_in(EMAIL, PASSWORD).await, pool.sign_in(EMAIL, PASSWORD).await);
    pool.ok("RevokeToken", json!({ "Token": first["RefreshToken"] })).await;
    pool.ok("RevokeToken", json!({ "Token": first["RefreshToken"] })).await;
    pool.ok("RevokeToken", json!({ "Token": "unknown" })).await;
    pool.refuses(
        "RevokeToken",
        json!({ "Token": second["AccessToken"] }),
        "UnsupportedTokenTypeException",
        "",
    )
    .await;
    let user = |tokens: &Value| json!({ "AccessToken": tokens["AccessToken"] });
    let refresh = |tokens: &Value| json!({ "RefreshToken": tokens["RefreshToken"] });
    pool.refuses("GetUser", user(&first), "NotAuthorizedException", "Access Token has been revoked").await;
    pool.refuses(
        "GetTokensFromRefreshToken",
        refresh(&first),
        "NotAuthorizedException",
        "Refresh Token has been revoked",
    )
    .await;
    pool.ok("GetUser", user(&second)).await;
    pool.ok("GetTokensFromRefreshToken", refresh(&second)).await;
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    for (operation, admin) in [("GlobalSignOut", false), ("AdminUserGlobalSignOut", true)] {
        let (first, second) = (pool.sign_in(EMAIL, PASSWORD).await, pool.sign_in(EMAIL, PASSWORD).await);
        let body =
            if admin { json!({ "Username": EMAIL }) } else { json!({ "AccessToken": first["AccessToken"] }) };
        pool.ok(operation, body).await;
        for tokens in [first, second] {
            let body = json!({ "AccessToken": tokens["AccessToken"] });
            pool.refuses("GetUser", body, "NotAuthorizedException", "Access Token has been revoked").await;
            let body = json!({ "RefreshToken": tokens["RefreshToken"] });
            pool.refuses(
                "GetTokensFromRefreshToken",
                body,
                "NotAuthorizedException",
                "Refresh Token has been revoked",
            )
            .await;
        }
    }
    pool.sign_in(EMAIL, PASSWORD).await;
}
