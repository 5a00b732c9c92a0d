//! Who may depend on whom. A crate that reaches round its neighbour is found here and not in a review.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use portcullis_tests::repository;

const TRIGGERS: [&str; 6] = [
    "portcullis-pre-signup",
    "portcullis-post-confirmation",
    "portcullis-pre-token-generation",
    "portcullis-custom-challenge",
    "portcullis-custom-message",
    "portcullis-user-migration",
];

/// A crate of the workspace, and the crates of the workspace that may depend on it besides `portcullis-cli` and `portcullis-tests`.
const INSIDE: [(&str, &[&str]); 21] = [
    // The benchmark measures the crates that decide, and nothing depends on it.
    ("portcullis-rules", &["portcullis-schema", "portcullis", "portcullis-data", "portcullis-bench"]),
    ("portcullis-schema", &["portcullis-data", "portcullis-authorizer", "portcullis-bench"]),
    (
        "portcullis-events",
        &[
            "portcullis",
            "portcullis-trigger",
            "portcullis-directory",
            TRIGGERS[0],
            TRIGGERS[1],
            TRIGGERS[2],
            TRIGGERS[3],
            TRIGGERS[4],
            TRIGGERS[5],
        ],
    ),
    // What roles may do, for the system on one machine.
    ("portcullis-iam", &[]),
    // The frame that every trigger function has round its handler.
    ("portcullis-trigger", &TRIGGERS),
    ("portcullis", &["portcullis-api", "portcullis-resolvers", "portcullis-authorizer", "portcullis-bench"]),
    (
        "portcullis-data",
        // The benchmark counts what lists read.
        &[
            "portcullis-handlers",
            "portcullis-api",
            "portcullis-resolvers",
            "portcullis-directory",
            "portcullis-post-confirmation",
            "portcullis-pre-token-generation",
            "portcullis-bench",
        ],
    ),
    // The people of the user pool, whom each trigger asks about.
    ("portcullis-directory", &[TRIGGERS[0], TRIGGERS[1], TRIGGERS[2], TRIGGERS[5]]),
    // The place for handlers, which both doors call.
    ("portcullis-handlers", &["portcullis-api", "portcullis-resolvers"]),
    // The benchmark loads the whole API.
    ("portcullis-api", &["portcullis-bench"]),
    // The same fields at POST /graphql of the HTTP API.
    ("portcullis-resolvers", &["portcullis-api"]),
    ("portcullis-authorizer", &[]),
    (TRIGGERS[0], &[]),
    (TRIGGERS[1], &[]),
    (TRIGGERS[2], &[]),
    (TRIGGERS[3], &[]),
    (TRIGGERS[4], &[]),
    (TRIGGERS[5], &[]),
    ("portcullis-cli", &[]),
    ("portcullis-tests", &[]),
    ("portcullis-bench", &[]),
];

/// Crates that stand above all others: they may use every one but each other.
const TOPS: [&str; 2] = ["portcullis-cli", "portcullis-tests"];

/// A crate from outside, by its name or the beginning of it with `*`, and the only crates that may use it.
const OUTSIDE: [(&str, &[&str]); 19] = [
    // The benchmark compares tokens with what lies beneath the verifier and beside it.
    ("jsonwebtoken", &["portcullis", "portcullis-cli", "portcullis-bench"]),
    ("aws-lc-*", &["portcullis", "portcullis-cli", "portcullis-bench"]),
    ("jwt-authorizer", &["portcullis-bench"]),
    ("tower-oauth2-*", &["portcullis-bench"]),
    // Seals the places that a page's token leads to.
    ("chacha20poly1305", &["portcullis-data"]),
    ("aws-sdk-dynamodb", &["portcullis-data"]),
    // Signs requests for tests; none is checked with it.
    ("aws-sigv4", &["portcullis", "portcullis-cli"]),
    ("serde_dynamo", &["portcullis-data"]),
    ("aws-sdk-cognitoidentityprovider", &["portcullis-directory"]),
    ("aws-sdk-sesv2", &["portcullis-custom-challenge"]),
    // The resolvers parse and check queries, the console reads what they ask for; the tests compare schemas as they are parsed.
    ("apollo-*", &["portcullis-schema", "portcullis-resolvers", "portcullis-cli", "portcullis-tests"]),
    (
        "lambda_runtime",
        &["portcullis-api", "portcullis-resolvers", "portcullis-authorizer", "portcullis-trigger"],
    ),
    // The tests hand events of API Gateway to the API; the local system's do so with the callers that it knows by their signature.
    ("lambda_http", &["portcullis-api", "portcullis-bench", "portcullis-cli", "portcullis-tests"]),
    // An engine to compare with, not to build on.
    ("cedar-policy*", &["portcullis-bench"]),
    ("rusqlite", &["portcullis-cli"]),
    // The documents and the checksums of the local bucket.
    ("quick-xml", &["portcullis-cli"]),
    ("crc", &["portcullis-cli"]),
    ("clap", &["portcullis-cli"]),
    ("indicatif", &["portcullis-cli"]),
];

/// Crates that decide and do nothing else.
const PURE: [&str; 4] = ["portcullis-rules", "portcullis-schema", "portcullis-events", "portcullis-iam"];

/// What a crate that only decides has no use for.
const EFFECTS: [&str; 9] = [
    "tokio",
    "reqwest",
    "hyper",
    "axum",
    "tower",
    "tower-service",
    "futures-util",
    "aws-config",
    "tracing-subscriber",
];

#[test]
fn crates_of_the_workspace_depend_on_each_other_only_as_agreed() {
    let packages = packages();
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, INSIDE.map(|(name, _)| name).into(), "a crate is new or gone: say here who may use it");

    let mut wrong = Vec::new();
    for package in &packages {
        for dependency in
            package.dependencies.iter().filter(|dependency| names.contains(dependency.name.as_str()))
        {
            let user = package.name.as_str();
            let listed = INSIDE.iter().any(|(name, users)| dependency.name == *name && users.contains(&user));
            let from_above = TOPS.contains(&user) && !TOPS.contains(&dependency.name.as_str());
            // A crate's own tests may use it with another feature.
            let itself = user == dependency.name;
            if !listed && !from_above && !itself {
                wrong.push(format!("{user} -> {} ({})", dependency.name, dependency.kind));
            }
        }
    }
    assert!(wrong.is_empty(), "not agreed:\n{}", wrong.join("\n"));
}

#[test]
fn crates_from_outside_are_used_where_they_belong() {
    let mut wrong = Vec::new();
    for package in &packages() {
        for dependency in &package.dependencies {
            let user = package.name.as_str();
            let belongs = OUTSIDE.iter().find(|(name, _)| match name.strip_suffix('*') {
                Some(beginning) => dependency.name.starts_with(beginning),
                None => dependency.name == *name,
            });
            // The middleware knows Lambda only when a feature asks for it, or in an example.
            let optional = user == "portcullis"
                && dependency.name.starts_with("lambda_")
                && (dependency.optional || dependency.kind == DependencyKind::Development);
            if belongs.is_some_and(|(_, users)| !users.contains(&user)) && !optional {
                wrong.push(format!("{user} -> {} ({})", dependency.name, dependency.kind));
            }
        }
    }
    assert!(wrong.is_empty(), "not where it belongs:\n{}", wrong.join("\n"));
}

#[test]
fn crates_that_decide_have_no_effects() {
    let mut wrong = Vec::new();
    for package in packages().iter().filter(|package| PURE.contains(&package.name.as_str())) {
        let used = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        for dependency in used.filter(|dependency| EFFECTS.contains(&dependency.name.as_str())) {
            wrong.push(format!("{} -> {}", package.name, dependency.name));
        }
    }
    assert!(wrong.is_empty(), "a crate that decides has effects:\n{}", wrong.join("\n"));
}

fn packages() -> Vec<Package> {
    let metadata = MetadataCommand::new()
        .manifest_path(repository().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec();
    metadata.map(|metadata| metadata.packages).unwrap_or_else(|error| panic!("cargo metadata: {error}"))
}

/// cargo-lambda builds with `panic = "abort"` unless the profile says otherwise, and then a panic in one request would end the
/// process instead of being answered.
#[test]
fn a_released_function_outlives_a_panic() {
    let manifest = std::fs::read_to_string(portcullis_tests::repository().join("Cargo.toml")).unwrap();
    let (_, release) = manifest.split_once("[profile.release]\n").unwrap();
    let release = release.split("\n[").next().unwrap();
    assert!(release.lines().any(|line| line == "panic = \"unwind\""), "{release}");
}
