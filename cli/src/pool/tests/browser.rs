//! A browser without a screen: it keeps cookies, follows nothing by itself, and reads forms.

use std::collections::BTreeMap;

use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;

use super::harness::TestPool;

pub(super) const CALLBACK: &str = "https://app.example.com/callback";
pub(super) const SIGNED_OUT: &str = "https://app.example.com/bye";
/// A verifier and its challenge, those of RFC 7636.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(super) struct Browser<'a> {
    pool: &'a TestPool,
    pub(super) cookies: BTreeMap<String, String>,
}

/// What a browser shows.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Page {
    /// Where the browser is sent.
    pub(super) fn location(&self) -> &str {
        self.headers.get("location").map(|url| url.to_str().unwrap()).unwrap_or_default()
    }

    /// A parameter of where the browser is sent.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        parameter(self.location(), name)
    }

    /// What is between these texts.
    pub(super) fn between(&self, before: &str, after: &str) -> String {
        let (_, rest) = self.text.split_once(before).unwrap_or_else(|| panic!("{}", self.text));
        rest.split_once(after).unwrap().0.replace("&amp;", "&")
    }
}

pub(super) fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

pub(super) fn encode(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

impl<'a> Browser<'a> {
    pub(super) fn new(pool: &'a TestPool) -> Self {
        Self { pool, cookies: BTreeMap::new() }
    }

    pub(super) async fn get(&mut self, url: &str) -> Page {
        let url = url.strip_prefix("http://127.0.0.1:9229").unwrap_or(url);
        self.send(Request::get(url).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Page {
        let request = Request::post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", "http://127.0.0.1:9229");
        self.send(request.body(encode(form).into()).unwrap()).await
    }

    pub(super) async fn send(&mut self, mut request: Request<Body>) -> Page {
        let headers = request.headers_mut();
        headers.entry("host").or_insert("127.0.0.1:9229".parse().unwrap());
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            headers.insert("cookie", cookies.join("; ").parse().unwrap());
        }
        let (status, headers, text) = self.pool.send_for_text(request).await;
        for cookie in headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"), "{cookie}");
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Page { status, headers, text }
    }

    /// The address of a good request, with these parameters in place of or besides the usual ones; an empty value leaves one out.
    pub(super) fn authorize_url(&self, changes: &[(&str, &str)]) -> String {
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", self.pool.pool.client_id()),
            ("redirect_uri", CALLBACK),
            ("state", "a state & more"),
            ("scope", "openid email aws.cognito.signin.user.admin"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            parameters.push((name, value));
        }
        parameters.retain(|(_, value)| !value.is_empty());
        format!("/oauth2/authorize?{}", encode(&parameters))
    }

    /// Begins to sign in and gives the sign-in page.
    pub(super) async fn sign_in_page(&mut self, changes: &[(&str, &str)]) -> Page {
        let url = self.authorize_url(changes);
        let sent = self.get(&url).await;
        assert_eq!(sent.status, StatusCode::FOUND, "{}", sent.text);
        assert!(sent.location().starts_with("/login?"), "{}", sent.location());
        self.get(sent.location()).await
    }

    /// Fills in the form of a page and sends it.
    pub(super) async fn fill_in(&mut self, page: &Page, username: &str, password: &str) -> Page {
        let action = page.between("action=\"", "\"");
        let token = page.between("name=\"_csrf\" value=\"", "\"");
        self.post(&action, &[("_csrf", &token), ("username", username), ("password", password)]).await
    }

    /// Signs in with a password and gives the code.
    pub(super) async fn code(&mut self, changes: &[(&str, &str)], username: &str, password: &str) -> String {
        let page = self.sign_in_page(changes).await;
        let sent = self.fill_in(&page, username, password).await;
        assert_eq!(sent.status, StatusCode::FOUND, "{}", sent.text);
        assert!(sent.location().starts_with(&format!("{CALLBACK}?")), "{}", sent.location());
        assert_eq!(sent.parameter("state").as_deref(), Some("a state & more"));
        sent.parameter("code").unwrap()
    }
}

/// What programs ask the endpoints.
impl TestPool {
    pub(super) async fn form(
        &self,
        path: &str,
        basic: Option<(&str, &str)>,
        form: &[(&str, &str)],
    ) -> (StatusCode, Value) {
        let mut request = Request::post(path)
            .header("host", "127.0.0.1:9229")
            .header("origin", "https://app.example.com")
            .header("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
        if let Some((id, secret)) = basic {
            request = request
                .header("authorization", format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))));
        }
        let (status, headers, body) = self.send(request.body(encode(form).into()).unwrap()).await;
        assert_eq!(headers["access-control-allow-origin"], "*");
        (status, body)
    }

    /// Exchanges a code, with these parameters in place of the good ones.
    pub(super) async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> (StatusCode, Value) {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", self.pool.client_id()),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in changes {
            form.retain(|(known, _)| known != name);
            form.push((name, value));
        }
        self.form("/oauth2/token", None, &form).await
    }

    /// Exchanges a code for tokens.
    pub(super) async fn tokens(&self, code: &str) -> Value {
        let (status, tokens) = self.exchange(code, &[]).await;
        assert_eq!(status, StatusCode::OK, "{tokens}");
        tokens
    }

    pub(super) async fn refresh(&self, token: &Value) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", self.pool.client_id()),
            ("refresh_token", token.as_str().unwrap()),
        ];
        self.form("/oauth2/token", None, &form).await
    }

    pub(super) async fn user_info(&self, token: &Value) -> (StatusCode, Value) {
        let request = Request::get("/oauth2/userInfo")
            .header("host", "127.0.0.1:9229")
            .header("authorization", format!("Bearer {}", token.as_str().unwrap()));
        let (status, headers, body) = self.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(headers.contains_key("www-authenticate"), !status.is_success());
        (status, body)
    }
}
