//! Callers whom a service in front of this process has checked: what is believed, and what is checked once more.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod api_gateway;
mod app_sync;
mod layer;
mod token;

use std::sync::LazyLock;

use http::HeaderMap;
use lambda_http::request::{LambdaRequest, RequestContext};
use portcullis::{
    GatewayTokens, GatewayTokensBuilder, Rejection, TokenUse, TrustedGateway,
    rules::{Identity, Provider, VerifiedBy},
    testkit::TestIssuer,
};
use serde_json::{Value, json};

const NOW: u64 = TestIssuer::NOW;

static POOL: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::cognito);
static SIGN_IN: LazyLock<TestIssuer> = LazyLock::new(|| TestIssuer::at("https://sign-in.example.com"));

/// Access tokens of the pool for `web`.
fn tokens() -> GatewayTokensBuilder {
    let pool = POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    GatewayTokens::builder().issuer(pool).clock(POOL.clock())
}

fn trusting(tokens: GatewayTokensBuilder) -> TrustedGateway {
    TrustedGateway::new().tokens(tokens.build().unwrap())
}

fn context(event: Value) -> RequestContext {
    match serde_json::from_value(event).unwrap() {
        LambdaRequest::ApiGatewayV1(event) => RequestContext::ApiGatewayV1(event.request_context),
        LambdaRequest::ApiGatewayV2(event) => RequestContext::ApiGatewayV2(event.request_context),
        other => panic!("{other:?}"),
    }
}

/// What an HTTP API says after its JWT authorizer.
fn http_api(claims: &Value) -> RequestContext {
    context(json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "headers": {}, "isBase64Encoded": false,
        "requestContext": {
            "http": { "method": "GET", "path": "/" },
            "authorizer": { "jwt": { "claims": claims, "scopes": null } },
        },
    }))
}

/// What a REST API says after its Cognito authorizer.
fn rest_api(claims: &Value) -> RequestContext {
    context(json!({
        "resource": "/", "path": "/", "httpMethod": "GET", "headers": {}, "multiValueHeaders": {},
        "isBase64Encoded": false,
        "requestContext": {
            "httpMethod": "GET", "identity": { "sourceIp": "203.0.113.1" },
            "authorizer": { "claims": claims, "scopes": "a" },
        },
    }))
}

/// An access token's claims, as either kind of API writes them.
fn flattened() -> Value {
    json!({
        "iss": POOL.url(), "sub": "ada", "username": "ada", "token_use": "access", "client_id": "web",
        "exp": (NOW + 60).to_string(), "iat": NOW.to_string(), "scope": "notes/read notes/write",
    })
}

/// Members, and the values that they get.
type Changes<'a> = &'a [(&'a str, Value)];

/// With other values, or, for null, without.
fn with(mut claims: Value, changes: Changes<'_>) -> Value {
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes {
        match value {
            Value::Null => drop(members.remove(*name)),
            value => drop(members.insert((*name).to_owned(), value.clone())),
        }
    }
    claims
}

fn bearer(token: &str) -> HeaderMap {
    [(http::header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap())].into_iter().collect()
}

fn groups(identity: &Identity) -> Option<Value> {
    identity.user().and_then(|user| user.claims().get("cognito:groups").cloned())
}
