//! Signing in with a redirect, by a password of the pool.

use axum::body::Body;
use http::{Request, StatusCode};
use jiff::SignedDuration;
use portcullis_events::Version;
use serde_json::{Value, json};

use super::{
    browser::{Browser, CALLBACK, CHALLENGE, SIGNED_OUT},
    harness::{
        EMAIL, FakeTriggers, OTHER_PASSWORD, PASSWORD, TestPool, WRONG_PASSWORD, choose_password, claims,
    },
};
use crate::pool::{PoolStorage, Trigger, TriggerFailure};

fn pool() -> TestPool {
    configured(Version::V2)
}

fn configured(version: Version) -> TestPool {
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
async fn only_the_form_that_was_shown_in_this_browser_is_accepted() {
    let pool = pool();
    pool.confirmed(EMAIL).await;
    let mut browser = Browser::new(&pool);
    let page = browser.sign_in_page(&[]).await;
    let action = page.between("action=\"", "\"");
    let token = page.between("name=\"_csrf\" value=\"", "\"");
    let mut other = Browser::new(&pool);
    other.sign_in_page(&[]).await;
    let mut without_cookie = Browser::new(&pool);
    let form = [("_csrf", token.as_str()), ("username", EMAIL), ("password", PASSWORD)];
    for page in [
        other.post(&action, &form).await,
        without_cookie.post(&action, &form).await,
        browser.post(&action, &form[1..]).await,
    ] {
        assert_eq!((page.status, page.location()), (StatusCode::FORBIDDEN, ""));
    }
    let foreign = Request::post(&action)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "https://evil.example")
        .body(Body::from(super::browser::encode(&form)))
        .unwrap();
    assert_eq!(browser.send(foreign).await.status, StatusCode::FORBIDDEN);
    assert!(!browser.cookies.contains_key("cognito"));
    assert_eq!(browser.post(&action, &form).await.status, StatusCode::FOUND);
}

#[tokio::test]
async fn a_wrong_password_is_said_on_the_page_and_counted() {
    let pool = pool();
    pool.confirmed(EMAIL).await;
    pool.sign_up("unconfirmed@example.com").await;
    pool.ok("AdminCreateUser", json!({ "Username": "new@example.com", "TemporaryPassword": PASSWORD })).await;
    let mut browser = Browser::new(&pool);
    let page = browser.sign_in_page(&[("login_hint", "<b>")]).await;
    assert!(page.text.contains("value=\"&lt;b&gt;\""), "{}", page.text);
    for (username, password, text) in [
        (EMAIL, WRONG_PASSWORD, "Incorrect username or password."),
        (EMAIL, "", "Incorrect username or password."),
        ("", "", "Incorrect username or password."),
        ("nobody@example.com", PASSWORD, "Incorrect username or password."),
        ("<script>", PASSWORD, "Incorrect username or password."),
        ("unconfirmed@example.com", PASSWORD, "User is not confirmed."),
        ("new@example.com", PASSWORD, "A new password has to be chosen first"),
    ] {
        let answer = browser.fill_in(&page, username, password).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::BAD_REQUEST, ""), "{username}");
        assert!(answer.text.contains(text) && !answer.text.contains("<script>"), "{}", answer.text);
        assert!(password.is_empty() || !answer.text.contains(password), "{}", answer.text);
        assert!(!browser.cookies.contains_key("cognito"));
    }
    for _ in 0..4 {
        browser.fill_in(&page, EMAIL, WRONG_PASSWORD).await;
    }
    let locked = browser.fill_in(&page, EMAIL, PASSWORD).await;
    assert!(locked.text.contains("Password attempts exceeded"), "{}", locked.text);
    assert_eq!(
        pool.fails("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD)).await.1,
        "Password attempts exceeded",
        "both doors count together"
    );
}

#[tokio::test]
async fn pages_run_no_scripts_are_framed_by_nobody_and_kept_by_nobody() {
    let pool = pool();
    let mut browser = Browser::new(&pool);
    let form = browser.sign_in_page(&[]).await;
    let mistake = browser.get("/oauth2/authorize").await;
    for page in [&form, &mistake] {
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for directive in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(directive), "{policy}");
        }
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            assert_eq!(page.headers[name], value);
        }
        assert!(!page.headers.contains_key("access-control-allow-origin"));
        assert!(!page.text.contains("<script"));
    }
    let policy = form.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self' https://app.example.com;"), "{policy}");
    for (label, field) in [("username", "E-mail address"), ("password", "Password")] {
        assert!(form.text.contains(&format!("<label for=\"{label}\">{field}</label>")), "{}", form.text);
    }
}

#[tokio::test]
async fn only_this_machine_may_use_the_endpoints() {
    let pool = pool();
    for (method, path) in [
        ("GET", "/oauth2/authorize"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("GET", "/logout"),
        ("GET", "/oauth2/idpresponse"),
        ("POST", "/oauth2/token"),
        ("POST", "/oauth2/revoke"),
        ("GET", "/oauth2/userInfo"),
    ] {
        let request = |host: &'static str, method: &str| {
            Request::builder().method(method).uri(path).header("host", host).body(Body::empty()).unwrap()
        };
        assert_eq!(pool.send(request("evil.example", method)).await.0, StatusCode::FORBIDDEN, "{path}");
        let (status, headers, _) = pool.send(request("127.0.0.1:9229", method)).await;
        assert!(status.is_client_error() && status != StatusCode::NOT_FOUND, "{path}: {status}");
        let for_programs = ["/oauth2/token", "/oauth2/revoke", "/oauth2/userInfo"].contains(&path);
        assert_eq!(headers.contains_key("access-control-allow-origin"), for_programs, "{path}");
        let (_, headers, _) = pool.send(request("127.0.0.1:9229", "OPTIONS")).await;
        assert_eq!(headers.contains_key("access-control-allow-origin"), for_programs, "{path}");
    }
}

#[tokio::test]
async fn no_hostile_value_breaks_an_endpoint() {
    let pool = pool();
    let (id, secret) = pool.pool.machine_client().unwrap();
    let client = pool.pool.client_id().to_owned();
    let redirect = super::browser::encode(&[("redirect_uri", CALLBACK)]);
    let good = format!(
        "client_id={client}&{redirect}&response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    let machine = format!("client_id={id}&client_secret={secret}&grant_type=client_credentials");
    let code = format!("client_id={client}&grant_type=authorization_code&code_verifier=x&{redirect}");
    let names = "scope state nonce prompt identity_provider login_hint logout_uri code refresh_token token \
                 aws_client_metadata _csrf username";
    let long = "x".repeat(20_000);
    for value in
        ["%", "%ff%fe", "%00", "%0d%0aSet-Cookie:x", "'--", "%F0%9F%98%80", "{", "[[[[", "../..", &long]
    {
        for name in names.split_whitespace() {
            for path in ["/oauth2/authorize", "/login", "/logout", "/oauth2/idpresponse"] {
                let mut browser = Browser::new(&pool);
                let page = browser.get(&format!("{path}?{good}&{name}={value}")).await;
                assert!(!page.status.is_server_error(), "{path} {name} {value}");
                assert!(page.location().is_ascii(), "{path} {name} {value}");
            }
            for path in ["/login", "/oauth2/token", "/oauth2/revoke", "/oauth2/userInfo"] {
                for start in [good.as_str(), &machine, &code] {
                    let mut request = Request::post(path)
                        .header("host", "127.0.0.1:9229")
                        .header("content-type", "application/x-www-form-urlencoded");
                    if path == "/oauth2/userInfo" {
                        request = request.header("authorization", format!("Bearer {name}.b.c"));
                    } else if start == good {
                        request = request.header("authorization", format!("Basic {value}"));
                    }
                    let request = request.body(Body::from(format!("{start}&{name}={value}")));
                    let (status, _, body) = pool.send(request.unwrap()).await;
                    assert!(!status.is_server_error(), "{path} {name} {value}: {status} {body}");
                }
            }
        }
    }
    for path in ["/oauth2/token", "/oauth2/revoke", "/login"] {
        let body = Body::from(vec![b'a'; 1 << 20]);
        let request = Request::post(path)
            .header("host", "127.0.0.1:9229")
            .header("content-type", "application/x-www-form-urlencoded");
        let (status, _, _) = pool.send(request.body(body).unwrap()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
    }
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

const ALL: &[Trigger] =
    &[Trigger::PreAuthentication, Trigger::PostAuthentication, Trigger::PreTokenGeneration];

#[tokio::test]
async fn triggers_run_as_for_a_hosted_sign_in() {
    let pool = pool();
    let sub = pool.confirmed(EMAIL).await;
    let triggers = FakeTriggers::attach_these(&pool, ALL, |trigger, mut event| {
        if trigger == Trigger::PreTokenGeneration {
            event["response"] = json!({ "claimsAndScopeOverrideDetails": {
                "idTokenGeneration": { "claimsToAddOrOverride": { "tenant": "acme" } },
                "accessTokenGeneration": { "scopesToAdd": ["more"], "scopesToSuppress": ["email"] },
            } });
        }
        Ok(event)
    });
    let code = Browser::new(&pool).code(&[], EMAIL, PASSWORD).await;
    assert_eq!(triggers.sources(), ["PreAuthentication_Authentication", "PostAuthentication_Authentication"]);
    let tokens = pool.tokens(&code).await;
    let [event] = &triggers.events()[..] else { panic!() };
    assert_eq!(
        (&event["triggerSource"], &event["userName"]),
        (&json!("TokenGeneration_HostedAuth"), &json!(sub))
    );
    assert_eq!(event["request"]["scopes"], json!(["openid", "email", "aws.cognito.signin.user.admin"]));
    assert_eq!(claims(&tokens["id_token"])["tenant"], "acme");
    assert_eq!(claims(&tokens["access_token"])["scope"], "openid aws.cognito.signin.user.admin more");
    pool.refresh(&tokens["refresh_token"]).await;
    assert_eq!(triggers.sources(), ["TokenGeneration_RefreshTokens"]);
}

#[tokio::test]
async fn what_a_trigger_refuses_is_told_where_it_helps() {
    for (refusing, told) in [
        (Trigger::PreAuthentication, "PreAuthentication failed with error E_NO: not today."),
        (Trigger::PostAuthentication, "PostAuthentication failed with error E_NO: not today."),
    ] {
        let pool = pool();
        pool.confirmed(EMAIL).await;
        FakeTriggers::attach_these(&pool, ALL, move |trigger, event| {
            if trigger == refusing {
                Err(TriggerFailure::Refused("E_NO: not today".to_owned()))
            } else {
                Ok(event)
            }
        });
        let mut browser = Browser::new(&pool);
        let page = browser.sign_in_page(&[]).await;
        let answer = browser.fill_in(&page, EMAIL, PASSWORD).await;
        assert!(answer.status == StatusCode::BAD_REQUEST && answer.text.contains(told), "{}", answer.text);
        assert!(!browser.cookies.contains_key("cognito"));
    }
    let pool = pool();
    pool.confirmed(EMAIL).await;
    FakeTriggers::attach_these(&pool, &[Trigger::PreTokenGeneration], |_, _| {
        Err(TriggerFailure::Refused("E_NO: not today".to_owned()))
    });
    let code = Browser::new(&pool).code(&[], EMAIL, PASSWORD).await;
    let expected = json!({
        "error": "invalid_request",
        "error_description": "PreTokenGeneration failed with error E_NO: not today.",
    });
    assert_eq!(pool.exchange(&code, &[]).await, (StatusCode::BAD_REQUEST, expected));
}

#[tokio::test]
async fn version_3_of_the_token_trigger_hears_of_machines() {
    for version in [Version::V2, Version::V3] {
        let pool = configured(version);
        let triggers = FakeTriggers::attach(&pool, |_, mut event| {
            event["response"] = json!({ "claimsAndScopeOverrideDetails": { "accessTokenGeneration": {
                "claimsToAddOrOverride": { "job": "nightly", "sub": "root" },
                "scopesToSuppress": ["notes/write"],
            } } });
            Ok(event)
        });
        let (id, secret) = pool.pool.machine_client().unwrap();
        let form = [("grant_type", "client_credentials"), ("aws_client_metadata", "{\"job\":\"nightly\"}")];
        let (_, body) = pool.form("/oauth2/token", Some((id, &secret)), &form).await;
        let token = claims(&body["access_token"]);
        assert_eq!(token["sub"], id);
        if version == Version::V2 {
            assert_eq!((triggers.events(), &token["job"]), (vec![], &Value::Null));
            continue;
        }
        assert_eq!((&token["job"], &token["scope"]), (&json!("nightly"), &json!("notes/read")));
        let expected = json!({
            "version": "3",
            "triggerSource": "TokenGeneration_ClientCredentials",
            "region": "us-east-1",
            "userPoolId": pool.pool.id(),
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": id },
            "request": {
                "userAttributes": {},
                "groupConfiguration": null,
                "clientMetadata": { "job": "nightly" },
                "scopes": ["notes/read", "notes/write"],
            },
            "response": { "claimsAndScopeOverrideDetails": null },
        });
        assert_eq!(triggers.events(), [expected]);
    }
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
