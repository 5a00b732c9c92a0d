//! What an authorizer answers to the events that AWS documents.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod app_sync;
mod gateways;
mod hostile;
mod shapes;
mod sources;

use std::sync::LazyLock;

use portcullis::{
    TokenUse, Verifier,
    testkit::{TestIssuer, TestToken},
};
use portcullis_authorizer::LambdaAuthorizer;
use portcullis_schema::Schema;
use serde_json::{Value, json};

/// The pool of all tests: an RSA key takes long to make.
static POOL: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::cognito);

const CLIENT: &str = "web";

/// Editors do everything with articles; whoever has signed in reads them, and keeps notes.
const SCHEMA: &str = r#"
    type Note @model @auth(rules: [{ allow: owner }]) { title: String }
    type Article @model @auth(rules: [
        { allow: groups, groups: ["editors"] }
        { allow: private, operations: [read] }
        { allow: custom, operations: [get, list] }
    ]) { text: String draft: String @auth(rules: [{ allow: groups, groups: ["editors"] }]) }
    type Query { ping: String @function(name: "ping") @auth(rules: [{ allow: custom }]) }
"#;

const EVENTS: [(&str, &str); 6] = [
    ("rest token", include_str!("../fixtures/rest-token.json")),
    ("rest request", include_str!("../fixtures/rest-request.json")),
    ("http 1.0", include_str!("../fixtures/http-1.0.json")),
    ("http 2.0", include_str!("../fixtures/http-2.0.json")),
    ("websocket", include_str!("../fixtures/websocket.json")),
    ("appsync", include_str!("../fixtures/appsync.json")),
];

fn event(name: &str) -> Value {
    let (_, text) = EVENTS.iter().find(|(known, _)| *known == name).unwrap();
    serde_json::from_str(text).unwrap()
}

/// The documented event as a client with this token makes the gateway send it.
fn with_token(name: &str, token: &str) -> Value {
    let mut event = event(name);
    let bearer = format!("Bearer {token}");
    match name {
        "rest token" => event["authorizationToken"] = bearer.into(),
        "appsync" => event["authorizationToken"] = token.into(),
        "http 1.0" => {
            event["headers"]["Authorization"] = bearer.clone().into();
            event["identitySource"] = bearer.clone().into();
            event["authorizationToken"] = bearer.into();
        }
        "http 2.0" => {
            event["headers"]["authorization"] = bearer.clone().into();
            event["identitySource"] = json!([bearer]);
        }
        _ => {
            event["headers"]["Authorization"] = bearer.clone().into();
            event["multiValueHeaders"]["Authorization"] = json!([bearer]);
        }
    }
    event
}

fn verifier() -> Verifier {
    let issuer = POOL.issuer().client_ids([CLIENT]).token_use(TokenUse::Access);
    Verifier::builder().issuer(issuer).clock(POOL.clock()).build().unwrap()
}

fn authorizer_of(schema: &str) -> LambdaAuthorizer {
    LambdaAuthorizer::new(&Schema::parse(schema, "test.graphql").unwrap(), verifier()).clock(POOL.clock())
}

fn authorizer() -> LambdaAuthorizer {
    authorizer_of(SCHEMA)
}

fn token(groups: &[&str]) -> TestToken {
    let token = POOL.access_token("ann").claim("client_id", CLIENT);
    if groups.is_empty() { token } else { token.claim("cognito:groups", json!(groups)) }
}

/// The resources that a policy names, without the stage that they all begin with.
fn resources(answer: &Value, effect: &str) -> Vec<String> {
    const STAGE: &str = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/";
    let document = &answer["policyDocument"];
    assert_eq!(document["Version"], "2012-10-17", "{answer}");
    let mut found = Vec::new();
    for statement in document["Statement"].as_array().unwrap() {
        assert_eq!(statement["Action"], "execute-api:Invoke", "{answer}");
        if statement["Effect"] == effect {
            for resource in statement["Resource"].as_array().unwrap() {
                let resource = resource.as_str().unwrap().strip_prefix(STAGE).unwrap();
                found.push(resource.split_once('/').unwrap().1.to_owned());
            }
        }
    }
    found
}
