//! The page on which a person signs in, and what else may ask the endpoints of a redirect.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;

use super::{
    browser::{Browser, CALLBACK, CHALLENGE},
    harness::{EMAIL, PASSWORD, TestPool, WRONG_PASSWORD},
    redirects::pool,
};

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
