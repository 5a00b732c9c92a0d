//! The Lambda authorizer with what stands behind it: the routes that it knows are those of the REST API, what it lets through is decided
//! there in the same way, and what it refuses would have been refused there too.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod conformance;
mod deployed;
mod gateway;
mod graph;
mod rest;
mod routes;
mod vectors;

use std::sync::LazyLock;

use portcullis::{
    TokenUse, Verifier,
    testkit::{ManualClock, TestIssuer},
};
use portcullis_authorizer::LambdaAuthorizer;
use portcullis_schema::Schema;
use serde_json::json;

/// The pool of all tests: an RSA key takes long to make. Its clock stands still.
static POOL: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::cognito);

const CLIENT: &str = "web";

/// Rules for those who bring a token, and for those whom an authorizer lets in.
const SCHEMA: &str = r#"
    type Note @model @auth(rules: [{ allow: owner }]) { title: String }
    type Article @model @auth(rules: [
        { allow: groups, groups: ["editors"] }
        { allow: private, operations: [read] }
        { allow: custom, operations: [get, list, create] }
    ]) {
      text: String
      comments: [Comment] @hasMany
      notices: [Notice] @hasMany
    }
    type Comment @model @auth(rules: [{ allow: groups, groups: ["editors"] }]) { text: String }
    type Notice @model(mutations: { update: null }) @auth(rules: [{ allow: custom }, { allow: private, operations: [get] }]) {
      text: String
    }
    type Query { ping: String @function(name: "ping") @auth(rules: [{ allow: custom }, { allow: groups, groups: ["editors"] }]) }
    type Mutation { publish: String @function(name: "ping") @auth(rules: [{ allow: private }]) }
"#;

fn parse(schema: &str) -> Schema {
    Schema::parse(schema, "test.graphql").unwrap_or_else(|errors| panic!("{errors}"))
}

fn verifier(clock: ManualClock) -> Verifier {
    let issuer = POOL.issuer().client_ids([CLIENT]).token_use(TokenUse::Access);
    Verifier::builder().issuer(issuer).clock(clock).build().unwrap()
}

fn authorizer(schema: &Schema) -> LambdaAuthorizer {
    LambdaAuthorizer::new(schema, verifier(POOL.clock())).clock(POOL.clock())
}

fn token(groups: &[&str]) -> String {
    let token = POOL.access_token("ann").claim("client_id", CLIENT);
    let token = if groups.is_empty() { token } else { token.claim("cognito:groups", json!(groups)) };
    token.sign()
}
