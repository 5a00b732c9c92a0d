//! Signing in with a redirect, by a password of the pool.

use http::StatusCode;
use jiff::SignedDuration;
use portcullis_events::Version;
use serde_json::{Value, json};

use super::{
    browser::{Browser, CALLBACK, CHALLENGE, SIGNED_OUT},
    harness::{EMAIL, FakeTriggers, OTHER_PASSWORD, PASSWORD, TestPool, choose_password, claims},
};
use crate::pool::{PoolStorage, Trigger};

pub(super) fn pool() -> TestPool {
    configured(Version::V2)
}

pub(super) fn configured(version: Version) -> TestPool {
    TestPool::configured(PoolStorage::Memory, Some(super::harness::CODE), |config| {
        config.callback_urls = vec![CALLBACK.parse().unwrap(), "myapp://back".parse().unwrap()];
        config.logout_urls = vec![SIGNED_OUT.parse().unwrap()];
        config.resource_scopes = vec!["notes/read".parse().unwrap(), "notes/write".parse().unwrap()];
        config.token_version = version;
    })
}

#[tokio::test]
async fn a_person_signs_in_and_the_client_gets_tokens() {
    let pool = pool();
    let sub = pool.confirmed(EMAIL).await;
    let mut browser = Browser::new(&pool);
    let code = browser.code(&[("nonce", "n-1")], EMAIL, PASSWORD).await;
    pool.advance(SignedDuration::from_secs(60));
    let tokens = pool.tokens(&code).await;
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let id = claims(&tokens["id_token"]);
    assert_eq!(
        (&id["sub"], &id["nonce"], &id["aud"]),
        (&json!(sub), &json!("n-1"), &json!(pool.pool.client_id()))
    );
    assert_eq!((&id["email"], &id["auth_time"]), (&json!(EMAIL), &json!(1_800_000_000)));
    let access = claims(&tokens["access_token"]);
    assert_eq!(access["scope"], "openid email aws.cognito.signin.user.admin");
    assert_eq!(
        (&access["iat"], &access["client_id"]),
        (&json!(1_800_000_060), &json!(pool.pool.client_id()))
    );

    let (status, info) = pool.user_info(&tokens["access_token"]).await;
    let expected = json!({ "sub": sub, "email": EMAIL, "email_verified": "true", "username": sub });
    assert_eq!((status, info), (StatusCode::OK, expected));
    pool.ok("GetUser", json!({ "AccessToken": tokens["access_token"] })).await;

    let (status, refreshed) = pool.refresh(&tokens["refresh_token"]).await;
    assert_eq!(status, StatusCode::OK, "{refreshed}");
    assert_eq!(claims(&refreshed["access_token"])["scope"], access["scope"]);
    assert_eq!(claims(&refreshed["id_token"]).get("nonce"), None);
    assert!(refreshed.get("refresh_token").is_none());
}

#[tokio::test]
async fn tokens_hold_what_the_scopes_allow() {
    let pool = pool();
    pool.confirmed(EMAIL).await;
    let mut browser = Browser::new(&pool);
    browser.code(&[], EMAIL, PASSWORD).await;
    for (scope, granted, has_id, has_email, may_use_api) in [
        ("openid", "openid", true, true, false),
        ("openid email", "openid email", true, true, false),
        ("openid phone", "openid phone", true, false, false),
        ("notes/read", "notes/read", false, false, false),
        ("aws.cognito.signin.user.admin", "aws.cognito.signin.user.admin", false, false, true),
        (
            "",
            "openid email phone profile aws.cognito.signin.user.admin notes/read notes/write",
            true,
            true,
            true,
        ),
    ] {
        let url = browser.authorize_url(&[("scope", scope)]);
        let code = browser.get(&url).await.parameter("code").unwrap();
        let tokens = pool.tokens(&code).await;
        assert_eq!(claims(&tokens["access_token"])["scope"], granted);
        assert_eq!(tokens.get("id_token").is_some(), has_id, "{scope}");
        if has_id {
            assert_eq!(claims(&tokens["id_token"]).get("email").is_some(), has_email, "{scope}");
        }
        let (status, _) = pool.user_info(&tokens["access_token"]).await;
        assert_eq!(status == StatusCode::OK, has_id, "{scope}");
        let (status, _) = pool.call("GetUser", json!({ "AccessToken": tokens["access_token"] })).await;
        assert_eq!(status == StatusCode::OK, may_use_api, "{scope}");
    }
}

#[tokio::test]
async fn until_the_redirect_is_known_to_be_good_nobody_is_sent_anywhere() {
    let pool = pool();
    let mut browser = Browser::new(&pool);
    let machine = pool.pool.machine_client().unwrap().0.to_owned();
    for (name, value) in [
        ("client_id", ""),
        ("client_id", "another"),
        ("client_id", &machine),
        ("redirect_uri", ""),
        ("redirect_uri", "https://app.example.com/callback/"),
        ("redirect_uri", "https://app.example.com/callback?x=y"),
        ("redirect_uri", "https://APP.example.com/callback"),
        ("redirect_uri", "https://app.example.com/"),
        ("redirect_uri", "https://app.example.com.evil.example/callback"),
        ("redirect_uri", "http://app.example.com/callback"),
        ("redirect_uri", "//evil.example"),
        ("redirect_uri", "javascript://%0aalert(1)"),
    ] {
        let url = browser.authorize_url(&[(name, value)]);
        for url in [
            url.clone(),
            url.replace("/oauth2/authorize", "/login"),
            url.replace("/oauth2/authorize", "/logout"),
        ] {
            let page = browser.get(&url).await;
            assert_eq!((page.status, page.location()), (StatusCode::BAD_REQUEST, ""), "{url}");
            assert!(value.is_empty() || !page.text.contains(value), "{}", page.text);
            assert!(browser.cookies.is_empty(), "{url}");
        }
    }
    let twice = browser.authorize_url(&[]) + "&redirect_uri=https://evil.example";
    let page = browser.get(&twice).await;
    assert_eq!((page.status, page.location()), (StatusCode::BAD_REQUEST, ""));
}

#[tokio::test]
async fn afterwards_mistakes_are_told_to_the_client() {
    let pool = pool();
    let mut browser = Browser::new(&pool);
    for (name, value, error) in [
        ("response_type", "", "invalid_request"),
        ("response_type", "id_token", "invalid_request"),
        ("response_type", "token", "unauthorized_client"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "too-short", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("scope", "openid admin", "invalid_scope"),
        ("scope", "email", "invalid_scope"),
        ("identity_provider", "Nobody", "invalid_request"),
        ("idp_identifier", "nobody.example", "invalid_request"),
        ("prompt", "sometimes", "invalid_request"),
        ("prompt", "none", "login_required"),
    ] {
        let url = browser.authorize_url(&[(name, value)]);
        let page = browser.get(&url).await;
        assert_eq!(page.status, StatusCode::FOUND, "{name}={value}");
        assert!(page.location().starts_with(&format!("{CALLBACK}?error=")), "{}", page.location());
        assert_eq!(page.parameter("error").as_deref(), Some(error), "{name}={value}");
        assert_eq!(page.parameter("state").as_deref(), Some("a state & more"), "{name}={value}");
        assert_eq!(page.parameter("code"), None);
    }
    let url = browser.authorize_url(&[("redirect_uri", "myapp://back"), ("scope", "x"), ("state", "")]);
    let page = browser.get(&url).await;
    assert!(page.location().starts_with("myapp://back?error=invalid_scope"), "{}", page.location());
    assert_eq!(page.parameter("state"), None);
}

#[tokio::test]
async fn a_code_is_for_its_redirect_and_its_verifier_and_only_for_a_while() {
    let pool = pool();
    pool.confirmed(EMAIL).await;
    let mut browser = Browser::new(&pool);
    browser.code(&[], EMAIL, PASSWORD).await;
    let other = "a".repeat(43);
    for (name, value, seconds, error) in [
        ("code_verifier", other.as_str(), 0, "invalid_grant"),
        ("code_verifier", CHALLENGE, 0, "invalid_grant"),
        ("code_verifier", "", 0, "invalid_request"),
        ("redirect_uri", "myapp://back", 0, "invalid_grant"),
        ("redirect_uri", "", 0, "invalid_request"),
        ("code", "another", 0, "invalid_grant"),
        ("client_id", "another", 0, "invalid_client"),
        ("client_secret", "guessed", 0, "invalid_client"),
        ("grant_type", "", 0, "invalid_request"),
        ("grant_type", "password", 0, "unsupported_grant_type"),
        ("grant_type", "client_credentials", 0, "unauthorized_client"),
        ("state", "a state", 300, "invalid_grant"),
    ] {
        let url = browser.authorize_url(&[]);
        let code = browser.get(&url).await.parameter("code").unwrap();
        pool.advance(SignedDuration::from_secs(seconds));
        let (status, body) = pool.exchange(&code, &[(name, value)]).await;
        assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!(error)), "{name}={value}");
        if error == "invalid_grant" && name != "code" {
            // One guess was all there is.
            assert_eq!(pool.exchange(&code, &[]).await.1["error"], "invalid_grant", "{name}={value}");
        }
    }
}

#[tokio::test]
async fn who_uses_a_code_twice_ends_its_session() {
    let pool = pool();
    pool.confirmed(EMAIL).await;
    let code = Browser::new(&pool).code(&[], EMAIL, PASSWORD).await;
    let tokens = pool.tokens(&code).await;
    assert_eq!(pool.user_info(&tokens["access_token"]).await.0, StatusCode::OK);
    for _ in 0..2 {
        assert_eq!(pool.exchange(&code, &[]).await.1, json!({ "error": "invalid_grant" }));
        assert_eq!(pool.refresh(&tokens["refresh_token"]).await.1["error"], "invalid_grant");
        assert_eq!(pool.user_info(&tokens["access_token"]).await.0, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_code_that_is_used_twice_at_once_begins_no_session() {
    let pool = pool();
    pool.confirmed(EMAIL).await;
    let code = Browser::new(&pool).code(&[], EMAIL, PASSWORD).await;
    let (enter, entered) = tokio::sync::oneshot::channel();
    let (leave, left) = std::sync::mpsc::channel();
    let gate = std::sync::Mutex::new(Some((enter, left)));
    // The first exchange has spent the code and waits for its tokens while the second one comes.
    let _triggers = FakeTriggers::attach_these(&pool, &[Trigger::PreTokenGeneration], move |_, event| {
        if let Some((enter, left)) = gate.lock().unwrap().take() {
            enter.send(()).unwrap();
            left.recv().unwrap();
        }
        Ok(event)
    });
    let second = async {
        entered.await.unwrap();
        let second = pool.exchange(&code, &[]).await;
        leave.send(()).unwrap();
        second
    };
    let (first, second) = tokio::join!(pool.exchange(&code, &[]), second);
    for (_, answer) in [first, second] {
        assert_eq!(answer, json!({ "error": "invalid_grant" }));
    }
}

#[tokio::test]
async fn a_browser_that_knows_somebody_asks_only_if_told_to() {
    let pool = pool();
    let sub = pool.confirmed(EMAIL).await;
    let mut browser = Browser::new(&pool);
    browser.code(&[], EMAIL, PASSWORD).await;
    for (prompt, provider, knows) in [
        ("", "", true),
        ("none", "", true),
        ("", "COGNITO", true),
        ("login", "", false),
        ("select_account", "", false),
    ] {
        let url = browser.authorize_url(&[("prompt", prompt), ("identity_provider", provider)]);
        let page = browser.get(&url).await;
        assert_eq!(page.parameter("code").is_some(), knows, "{prompt} {provider}: {}", page.location());
    }
    let url = browser.authorize_url(&[]);
    assert!(Browser::new(&pool).get(&url).await.location().starts_with("/login"), "another browser");
    let known = browser.cookies.clone();
    // A sign-in gets a cookie of its own, so that a planted one is worth nothing.
    browser.code(&[("prompt", "login")], EMAIL, PASSWORD).await;
    assert_ne!(browser.cookies["cognito"], known["cognito"]);
    let mut planted = Browser::new(&pool);
    planted.cookies = known;
    assert!(planted.get(&url).await.location().starts_with("/login"));

    pool.changes_user(&sub, |user, inner| choose_password(user, inner, OTHER_PASSWORD))();
    assert!(browser.get(&url).await.location().starts_with("/login"), "the password has changed");
    browser.code(&[], EMAIL, OTHER_PASSWORD).await;
    pool.ok("AdminDisableUser", json!({ "Username": EMAIL })).await;
    assert!(browser.get(&url).await.location().starts_with("/login"), "the user is disabled");
    pool.ok("AdminEnableUser", json!({ "Username": EMAIL })).await;
    assert!(browser.get(&url).await.parameter("code").is_some());
    pool.advance(SignedDuration::from_hours(1));
    assert!(browser.get(&url).await.location().starts_with("/login"), "an hour has passed");
}

#[tokio::test]
async fn a_code_of_somebody_who_has_been_disabled_is_worth_nothing() {
    let pool = pool();
    pool.confirmed(EMAIL).await;
    for (operation, body) in [
        ("AdminDisableUser", json!({ "Username": EMAIL })),
        ("AdminDeleteUser", json!({ "Username": EMAIL })),
    ] {
        pool.ok("AdminEnableUser", json!({ "Username": EMAIL })).await;
        let code = Browser::new(&pool).code(&[], EMAIL, PASSWORD).await;
        pool.ok(operation, body).await;
        assert_eq!(pool.exchange(&code, &[]).await.1["error"], "invalid_grant", "{operation}");
    }
}

#[tokio::test]
async fn a_code_from_before_another_password_is_worth_nothing() {
    let pool = pool();
    let sub = pool.confirmed(EMAIL).await;
    let code = Browser::new(&pool).code(&[], EMAIL, PASSWORD).await;
    pool.changes_user(&sub, |user, inner| choose_password(user, inner, OTHER_PASSWORD))();
    assert_eq!(pool.exchange(&code, &[]).await.1, json!({ "error": "invalid_grant" }));
}

#[tokio::test]
async fn the_browser_forgets_who_signs_out_and_goes_where_it_may() {
    let pool = pool();
    pool.confirmed(EMAIL).await;
    let mut browser = Browser::new(&pool);
    browser.code(&[], EMAIL, PASSWORD).await;
    let cookies = browser.cookies.clone();
    let client = pool.pool.client_id();
    let url = |client: &str, to: &str| {
        format!("/logout?{}", super::browser::encode(&[("client_id", client), ("logout_uri", to)]))
    };
    for (client, to) in [
        (client, "https://evil.example"),
        (client, CALLBACK),
        (client, "https://app.example.com/bye?x"),
        (client, ""),
        ("another", SIGNED_OUT),
    ] {
        let page = browser.get(&url(client, to)).await;
        assert_eq!((page.status, page.location()), (StatusCode::BAD_REQUEST, ""), "{client} {to}");
        assert_eq!(browser.cookies, cookies, "a mistake signs nobody out");
    }
    let page = browser.get(&url(client, SIGNED_OUT)).await;
    assert_eq!((page.status, page.location()), (StatusCode::FOUND, SIGNED_OUT));
    assert!(!browser.cookies.contains_key("cognito"));
    browser.cookies = cookies;
    let begin = browser.authorize_url(&[]);
    assert!(browser.get(&begin).await.location().starts_with("/login"), "the old cookie is worth nothing");
    // With the parameters of a sign-in, the sign-in page is next.
    let again = browser.get(&begin.replace("/oauth2/authorize", "/logout")).await;
    assert!(again.location().starts_with("/login?"), "{}", again.location());
}

#[tokio::test]
async fn a_machine_gets_a_token_with_its_secret() {
    let pool = pool();
    let (id, secret) = pool.pool.machine_client().unwrap();
    let basic = Some((id, secret.as_str()));
    let grant = ("grant_type", "client_credentials");
    let by_body = [grant, ("client_id", id), ("client_secret", &secret), ("scope", "notes/read")];
    for (basic, form) in [(None, &by_body[..]), (basic, &[grant, ("scope", "notes/read")][..])] {
        let (status, body) = pool.form("/oauth2/token", basic, form).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let token = claims(&body["access_token"]);
        assert_eq!((&token["sub"], &token["scope"]), (&json!(id), &json!("notes/read")));
        assert_eq!((&token["token_use"], &token["username"]), (&json!("access"), &Value::Null));
        assert!(body.get("id_token").is_none() && body.get("refresh_token").is_none());
        assert_eq!(pool.user_info(&body["access_token"]).await.0, StatusCode::UNAUTHORIZED);
        pool.refuses("GetUser", json!({ "AccessToken": body["access_token"] }), "NotAuthorizedException", "")
            .await;
    }
    let (_, all) = pool.form("/oauth2/token", basic, &[grant]).await;
    assert_eq!(claims(&all["access_token"])["scope"], "notes/read notes/write");
    let web = pool.pool.client_id();
    for (basic, form, error) in [
        (Some((id, "guessed")), &[grant][..], "invalid_client"),
        (Some((web, "")), &[grant], "invalid_client"),
        (None, &[grant, ("client_id", id)], "invalid_client"),
        (None, &[grant, ("client_id", web)], "unauthorized_client"),
        (None, &[grant], "invalid_request"),
        (basic, &[grant, ("client_id", web)], "invalid_request"),
        (basic, &[grant, ("client_secret", &secret)], "invalid_request"),
        (basic, &[grant, ("scope", "openid")], "invalid_scope"),
        (basic, &[grant, ("scope", "aws.cognito.signin.user.admin")], "invalid_scope"),
        (basic, &[grant, ("aws_client_metadata", "{\"a\":1}")], "invalid_request"),
        (basic, &[("grant_type", "refresh_token"), ("refresh_token", "x")], "unauthorized_client"),
    ] {
        let (status, body) = pool.form("/oauth2/token", basic, form).await;
        assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!(error)), "{form:?}");
    }
    assert!(TestPool::new().pool.machine_client().is_none(), "no scopes, no client");
}

#[tokio::test]
async fn a_revoked_refresh_token_takes_its_access_tokens_with_it() {
    let pool = pool();
    pool.confirmed(EMAIL).await;
    let client = pool.pool.client_id();
    let tokens = pool.tokens(&Browser::new(&pool).code(&[], EMAIL, PASSWORD).await).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    for (form, status, error) in [
        (&[("client_id", client)][..], 400, "invalid_request"),
        (&[("client_id", "another"), ("token", refresh)], 401, "invalid_client"),
        (&[("client_id", client), ("client_secret", "x"), ("token", refresh)], 401, "invalid_client"),
        (
            &[("client_id", client), ("token", tokens["access_token"].as_str().unwrap())],
            400,
            "unsupported_token_type",
        ),
        (&[("client_id", client), ("token", "nobody's")], 200, ""),
    ] {
        let (answered, body) = pool.form("/oauth2/revoke", None, form).await;
        assert_eq!((answered.as_u16(), body["error"].as_str().unwrap_or_default()), (status, error));
    }
    assert_eq!(pool.user_info(&tokens["access_token"]).await.0, StatusCode::OK, "nothing was revoked yet");
    let form = [("client_id", client), ("token", refresh)];
    assert_eq!(pool.form("/oauth2/revoke", None, &form).await, (StatusCode::OK, Value::Null));
    assert_eq!(pool.user_info(&tokens["access_token"]).await.0, StatusCode::UNAUTHORIZED);
    pool.refuses(
        "GetUser",
        json!({ "AccessToken": tokens["access_token"] }),
        "NotAuthorizedException",
        "Access Token has been revoked",
    )
    .await;
    assert_eq!(pool.refresh(&tokens["refresh_token"]).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn the_discovery_document_names_endpoints_that_are_there() {
    let pool = pool();
    let mut browser = Browser::new(&pool);
    let page = browser.get(&format!("/{}/.well-known/openid-configuration", pool.pool.id())).await;
    let document: Value = serde_json::from_str(&page.text).unwrap();
    assert_eq!(document["issuer"], pool.pool.issuer());
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["authorization_endpoint"], pool.pool.authorization_endpoint());
    for member in ["authorization_endpoint", "end_session_endpoint", "jwks_uri", "userinfo_endpoint"] {
        let answer = browser.get(document[member].as_str().unwrap()).await;
        assert_ne!(answer.status, StatusCode::NOT_FOUND, "{member}");
    }
    for member in ["token_endpoint", "revocation_endpoint"] {
        let path = document[member].as_str().unwrap().strip_prefix("http://127.0.0.1:9229").unwrap();
        assert_eq!(pool.form(path, None, &[]).await.1["error"], "invalid_request", "{member}");
    }
}

#[tokio::test]
async fn a_sign_in_outlives_a_restart_as_a_refresh_token() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        TestPool::configured(
            PoolStorage::File(folder.path().join("pool.sqlite")),
            Some(super::harness::CODE),
            |config| {
                config.callback_urls = vec![CALLBACK.parse().unwrap()];
                config.resource_scopes = vec!["notes/read".parse().unwrap()];
            },
        )
    };
    let pool = open();
    pool.confirmed(EMAIL).await;
    let tokens = pool
        .tokens(&Browser::new(&pool).code(&[("scope", "openid notes/read")], EMAIL, PASSWORD).await)
        .await;
    let (id, secret) = pool.pool.machine_client().map(|(id, secret)| (id.to_owned(), secret)).unwrap();
    drop(pool);
    let pool = open();
    let (status, refreshed) = pool.refresh(&tokens["refresh_token"]).await;
    assert_eq!(status, StatusCode::OK, "{refreshed}");
    assert_eq!(claims(&refreshed["access_token"])["scope"], "openid notes/read");
    assert_eq!(pool.pool.machine_client(), Some((id.as_str(), secret)));
}
