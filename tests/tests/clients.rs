//! Clients that were written against Amazon Cognito, by others, against the local system: AWS Amplify in Node, boto3 in Python.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::PathBuf, process::Command};

use portcullis_tests::{
    CODE, Launch, LocalSystem, Result, client_sources, missing, npm_scripts, python_client, repository,
};

/// The domain that the local pre-signup trigger refuses.
const DENIED_DOMAIN: &str = "blocked.example";

/// A script for Node, beside the modules that all of them use.
fn node_script(name: &str) -> Result<PathBuf> {
    Ok(npm_scripts("node", &[name, "memory.js", "steps.js"])?.join(name))
}

#[test]
fn amplify_signs_up_signs_in_refreshes_and_calls_the_api() {
    if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
        return;
    }
    let script = node_script("amplify.js").unwrap();
    let mut client = Command::new("node");
    against(&Launch::in_memory().start().unwrap(), client.arg(script));
}

#[test]
fn amplify_asks_the_graphql_api_with_statements_such_as_it_generates() {
    if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
        return;
    }
    let script = node_script("graphql.js").unwrap();
    let schema = repository().join("tests/schemas/blog.graphql");
    let system = Launch::in_memory().schema(&schema).start().unwrap();
    let mut client = Command::new("node");
    against(&system, client.env("API_KEY", &system.api_key).arg(script));
}

#[test]
fn amplify_subscribes_and_is_told_only_of_what_is_permitted() {
    if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
        return;
    }
    let script = node_script("subscriptions.js").unwrap();
    let schema = repository().join("tests/schemas/blog.graphql");
    let system = Launch::in_memory().schema(&schema).start().unwrap();
    let mut client = Command::new("node");
    against(&system, client.env("API_KEY", &system.api_key).arg(script));
}

#[test]
fn boto3_administers_users_and_signs_in_with_passwords() {
    if missing("Python with venv", &[("python3", &["-c", "import ensurepip, venv"])]) {
        return;
    }
    let mut client = Command::new(python_client("python").unwrap());
    // The source tree is not for caches.
    client.arg("-B").arg(client_sources("python").join("admin.py"));
    against(&Launch::in_memory().start().unwrap(), &mut client);
}

#[test]
fn amplify_signs_requests_with_credentials_of_the_identity_pool() {
    if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
        return;
    }
    let script = node_script("credentials.js").unwrap();
    let mut client = Command::new("node");
    against(&with_guests().start().unwrap(), client.arg(script));
}

#[test]
fn amplify_subscribes_with_credentials_of_the_identity_pool() {
    if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
        return;
    }
    let script = node_script("signed_subscriptions.js").unwrap();
    let mut client = Command::new("node");
    against(&with_guests().start().unwrap(), client.arg(script));
}

#[test]
fn the_signer_of_the_sdk_for_javascript_signs_paths_and_queries_of_every_kind() {
    if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
        return;
    }
    let script = node_script("signed.js").unwrap();
    let mut client = Command::new("node");
    against(&with_guests().start().unwrap(), client.arg(script));
}

#[test]
fn botocore_signs_requests_with_credentials_of_the_identity_pool() {
    if missing("Python with venv", &[("python3", &["-c", "import ensurepip, venv"])]) {
        return;
    }
    let python = python_client("python").unwrap();
    let script = client_sources("python").join("signed.py");
    against(&with_guests().start().unwrap(), Command::new(&python).arg("-B").arg(&script));
    let short_lived = with_guests().arguments(&["--credential-seconds", "5"]).start().unwrap();
    against(&short_lived, Command::new(&python).arg("-B").arg(&script).env("SHORT_LIVED", "true"));
}

#[test]
fn amplify_keeps_files_of_ones_own_and_reads_those_of_others() {
    if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
        return;
    }
    let script = node_script("storage.js").unwrap();
    against(&with_guests().start().unwrap(), Command::new("node").arg(&script));
    let short_lived = with_guests().arguments(&["--credential-seconds", "5"]).start().unwrap();
    against(&short_lived, Command::new("node").arg(&script).env("SHORT_LIVED", "true"));
}

#[test]
fn boto3_keeps_files_and_is_refused_what_the_policies_refuse() {
    if missing("Python with venv", &[("python3", &["-c", "import ensurepip, venv"])]) {
        return;
    }
    let python = python_client("python").unwrap();
    let script = client_sources("python").join("storage.py");
    let system = with_guests().log("debug").start().unwrap();
    against(&system, Command::new(&python).arg("-B").arg(&script));
    // One line for each request, and nothing of what was sent or of the keys.
    let log = system.log();
    assert!(log.contains("bucket request"), "{log}");
    for told in ["private/", "Dear David"] {
        assert!(!log.contains(told), "the log tells `{told}`:\n{log}");
    }
    let short_lived = with_guests().arguments(&["--credential-seconds", "5"]).start().unwrap();
    against(&short_lived, Command::new(&python).arg("-B").arg(&script).env("SHORT_LIVED", "true"));
}

/// A system that gives credentials to guests too, with records that rules open to the identity pool.
fn with_guests() -> Launch {
    let schema = repository().join("tests/schemas/signed.graphql");
    Launch::in_memory().schema(&schema).arguments(&[
        "--parameter",
        "Guests=true",
        "--parameter",
        "GraphqlIam=true",
    ])
}

/// Runs a client against a system and shows what it printed if it fails.
fn against(system: &LocalSystem, client: &mut Command) {
    client
        .env("API_URL", &system.api)
        .env("POOL_URL", &system.pool)
        .env("POOL_ID", &system.pool_id)
        .env("CLIENT_ID", &system.client_id)
        .env("IDENTITY_POOL_ID", &system.identity_pool_id)
        .env("BUCKET_URL", system.bucket.as_deref().unwrap_or_default())
        .env("CODE", CODE)
        .env("DENIED_DOMAIN", DENIED_DOMAIN)
        // Loopback is never reached through a proxy, and a developer's own AWS profile is not part of the test.
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .env_remove("AWS_PROFILE");
    let ended = client.output().unwrap();
    assert!(
        ended.status.success(),
        "{}\n{}\nthe system's log:\n{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr),
        system.log()
    );
    assert!(!ended.stdout.is_empty(), "the client did nothing");
}
