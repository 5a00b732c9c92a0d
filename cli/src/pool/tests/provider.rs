//! An OpenID Connect provider on loopback that says what it is told to say.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::testkit::{TestIssuer, TestToken};
use serde_json::{Map, Value, json};

use super::browser::parameter;
use crate::pool::IdentityProvider;

pub(super) const NAME: &str = "Acme_Login";
const SECRET: &str = "the pool's secret at the provider";

/// A running provider.
#[derive(Clone)]
pub(super) struct FakeProvider {
    url: String,
    keys: TestIssuer,
    other_keys: TestIssuer,
    says: Arc<Mutex<Says>>,
}

/// What it says next.
struct Says {
    /// The claims of the ID token, with those that are always right.
    id_token: Map<String, Value>,
    user_info: Value,
    token_status: u16,
    signs_with_other_keys: bool,
    /// That each of its answers names it.
    announces_issuer: bool,
    /// The challenge of the sign-in under way.
    challenge: String,
    /// The codes that it has given out and not seen again.
    codes: Vec<String>,
}

impl FakeProvider {
    /// Starts it.
    pub(super) async fn start() -> Self {
        let socket = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let keys = TestIssuer::at(&url);
        let says = Says {
            id_token: Map::new(),
            user_info: Value::Null,
            token_status: 200,
            signs_with_other_keys: false,
            announces_issuer: false,
            challenge: String::new(),
            codes: Vec::new(),
        };
        let provider = Self { other_keys: keys.with_new_keys(), url, keys, says: Arc::new(Mutex::new(says)) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(async |State(it): State<Self>| Json(it.keys.jwk_set_json())))
            .route("/token", post(token))
            .route("/me", get(user_info))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(socket, router).await });
        provider
    }

    /// Its configuration in the pool. The name is not in the ID token, so that the userinfo endpoint is asked.
    pub(super) fn config(&self) -> IdentityProvider {
        let config = json!({
            "ProviderName": NAME,
            "ProviderType": "OIDC",
            "ProviderDetails": { "client_id": "pool", "client_secret": SECRET, "oidc_issuer": self.url },
            "AttributeMapping": { "email": "email", "email_verified": "email_verified", "name": "name" },
            "IdpIdentifiers": ["acme.example"],
        });
        IdentityProvider::from_json(&config.to_string()).unwrap()
    }

    /// Signs somebody in: from the address that the browser was sent to, to the query that it comes back with.
    pub(super) fn signs_in(&self, url: &str, claims: Value) -> String {
        assert!(url.starts_with(&format!("{}/authorize?", self.url)), "{url}");
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "pool"),
            ("redirect_uri", "http://127.0.0.1:9229/oauth2/idpresponse"),
            ("scope", "openid email profile"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(parameter(url, name).as_deref(), Some(value));
        }
        let mut says = self.says.lock().unwrap();
        let code = format!("code-{}", says.codes.len());
        says.codes.push(code.clone());
        says.challenge = parameter(url, "code_challenge").unwrap();
        says.user_info = json!({ "sub": claims["sub"], "name": "Ada", "email": "other@example.com" });
        says.id_token = json!({
            "iss": self.url,
            "aud": "pool",
            "iat": 1_800_000_000,
            "exp": 1_800_003_600,
            "nonce": parameter(url, "nonce").unwrap(),
        })
        .as_object()
        .unwrap()
        .clone();
        says.id_token.extend(claims.as_object().unwrap().clone());
        let state = parameter(url, "state").unwrap();
        super::browser::encode(&[("code", &code), ("state", &state), ("iss", &self.url)])
    }

    pub(super) fn fails_with(&self, status: u16) {
        self.says.lock().unwrap().token_status = status;
    }

    pub(super) fn signs_with_other_keys(&self) {
        self.says.lock().unwrap().signs_with_other_keys = true;
    }

    pub(super) fn says_about_user(&self, user_info: Value) {
        self.says.lock().unwrap().user_info = user_info;
    }

    pub(super) fn announces_issuer(&self) {
        self.says.lock().unwrap().announces_issuer = true;
    }

    pub(super) fn changes_challenge(&self) {
        self.says.lock().unwrap().challenge = "another".to_owned();
    }
}

async fn discovery(State(provider): State<FakeProvider>) -> Json<Value> {
    let url = &provider.url;
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/me"),
        "jwks_uri": format!("{url}/jwks"),
        "authorization_response_iss_parameter_supported": provider.says.lock().unwrap().announces_issuer,
    }))
}

async fn token(State(provider): State<FakeProvider>, body: String) -> (StatusCode, Json<Value>) {
    let form: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let mut says = provider.says.lock().unwrap();
    let verifier = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, form["code_verifier"].as_bytes());
    let known = says.codes.iter().position(|code| *code == form["code"]);
    let good = form["client_secret"] == SECRET
        && form["grant_type"] == "authorization_code"
        && form["redirect_uri"] == "http://127.0.0.1:9229/oauth2/idpresponse"
        && URL_SAFE_NO_PAD.encode(verifier) == says.challenge;
    if says.token_status != 200 || !good || known.is_none() {
        let status = StatusCode::from_u16(says.token_status.max(400)).unwrap();
        return (status, Json(json!({ "error": "invalid_grant" })));
    }
    says.codes.remove(known.unwrap());
    let issuer = if says.signs_with_other_keys { &provider.other_keys } else { &provider.keys };
    let mut token: TestToken =
        issuer.id_token("").without("token_use").without("auth_time").without("cognito:username");
    let mut claims = says.id_token.clone();
    // A claim that is null is one that the token lacks.
    for (name, _) in claims.clone().iter().filter(|(_, value)| value.is_null()) {
        token = token.without(name);
        claims.remove(name);
    }
    let id_token =
        token.claims(claims).header("kid", provider.keys.key_id(portcullis::Algorithm::Rs256)).sign();
    let answer = json!({ "access_token": "at the provider", "token_type": "Bearer", "id_token": id_token });
    (StatusCode::OK, Json(answer))
}

async fn user_info(State(provider): State<FakeProvider>, headers: HeaderMap) -> (StatusCode, Json<Value>) {
    if headers.get("authorization").is_none_or(|token| token != "Bearer at the provider") {
        return (StatusCode::UNAUTHORIZED, Json(Value::Null));
    }
    (StatusCode::OK, Json(provider.says.lock().unwrap().user_info.clone()))
}
