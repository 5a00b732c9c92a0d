//! The whole function, in a process of its own: this test plays AWS Lambda and the user pool that publishes its keys.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use portcullis::testkit::TestIssuer;
use portcullis_testkit::{PlayedLambda, Response, serve};
use serde_json::{Value, json};

/// Long after this test is forgotten: the function looks at the clock of the machine.
const FAR: u64 = 7_258_118_400;

/// A user pool with its keys, at an address of this machine.
fn play_pool() -> TestIssuer {
    let keys: Arc<Mutex<String>> = Arc::default();
    let published = Arc::clone(&keys);
    let address = serve(move |request| {
        let is_keys = request.path.ends_with("/.well-known/jwks.json");
        assert!(is_keys, "{}", request.path);
        Response::new(200, published.lock().unwrap().clone()).header("Content-Type", "application/json")
    });
    let pool = TestIssuer::at(format!("http://{address}/local_1"));
    *keys.lock().unwrap() = pool.jwk_set_json().to_string();
    pool
}

/// Starts the function, gives it the events, and returns what it posted for each, and its log.
fn run(events: Vec<Value>, set: &[(&str, &str)]) -> (Vec<(String, Value)>, String) {
    let count = events.len();
    let lambda = PlayedLambda::new(events);
    let function = Command::new(env!("CARGO_BIN_EXE_authorizer"))
        .env_clear()
        .envs(lambda.environment("authorizer"))
        .env("AWS_LAMBDA_LOG_LEVEL", "DEBUG")
        .envs(set.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let posted = (0..count).map(|_| lambda.answer()).collect();
    (posted, String::from_utf8(PlayedLambda::end(function).stdout).unwrap())
}

#[test]
fn a_gateway_is_answered_and_the_log_holds_no_token() {
    const STAGE: &str = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/prod";
    let pool = play_pool();
    let good = pool
        .access_token("ann")
        .claim("client_id", "web")
        .claim("email", "ann@example.com")
        .claim("cognito:groups", json!(["editors"]))
        .claim("exp", FAR)
        .sign();
    let expired = pool.access_token("ann").claim("client_id", "web").sign();
    let event = |authorization: &str| json!({ "type": "TOKEN", "methodArn": format!("{STAGE}/GET/notes"), "authorizationToken": authorization });
    let app_sync = json!({
        "authorizationToken": good,
        "requestContext": { "apiId": "a", "accountId": "1", "requestId": "r", "queryString": "{ a }", "variables": {} },
    });
    let events = vec![
        event(&format!("Bearer {good}")),
        event(&format!("Bearer {expired}")),
        event("Basic YW5uOnNlc2FtZQ=="),
        json!({ "hello": "ann@example.com" }),
        app_sync,
        // It goes on after what it could not answer.
        event(&format!("bearer {good}")),
    ];
    let (posted, log) = run(events, &[("ISSUER", pool.url()), ("USER_POOL_CLIENT_IDS", "web")]);
    let [answered, late, basic, unknown, graph, again] = posted.as_slice() else { panic!("{posted:?}") };

    assert_eq!(answered.0, "/2018-06-01/runtime/invocation/r0/response");
    let resources = answered.1["policyDocument"]["Statement"][0]["Resource"].as_array().unwrap();
    for (route, expected) in
        [("GET/notes/*", true), ("POST/articles", true), ("DELETE/comments/*", true), ("GET/secrets", false)]
    {
        assert_eq!(resources.contains(&json!(format!("{STAGE}/{route}"))), expected, "{route}");
    }
    assert_eq!(answered.1["context"]["groups"], r#"["editors"]"#);
    assert_eq!(again.1, answered.1);

    for (number, refused) in [(1, late), (2, basic)] {
        assert_eq!(refused.0, format!("/2018-06-01/runtime/invocation/r{number}/error"));
        assert_eq!(refused.1["errorMessage"], "Unauthorized");
        assert_eq!(refused.1["errorType"], "Unauthorized");
    }
    assert_eq!(unknown.0, "/2018-06-01/runtime/invocation/r3/error");
    assert_eq!(unknown.1["errorType"], "UnknownEvent");
    // No rule of the schema is for those who come in through an authorizer.
    assert_eq!(graph.1, json!({ "isAuthorized": false, "ttlOverride": 0 }));

    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| -> Vec<&Value> {
        lines.iter().map(|line| &line[name]).filter(|it| !it.is_null()).collect()
    };
    assert_eq!(of("decision"), ["allow", "refuse", "refuse", "fail", "deny", "allow"], "{log}");
    assert_eq!(of("reason"), ["expired", "authorization_scheme"], "{log}");
    assert_eq!(of("sub"), ["ann", "ann", "ann"], "{log}");
    for secret in [good.as_str(), &expired, "YW5u", "ann@", "editors"] {
        assert!(!log.contains(secret), "{secret}: {log}");
        assert!(!late.1.to_string().contains(secret) && !unknown.1.to_string().contains(secret), "{secret}");
    }
}

#[test]
fn mistakes_in_the_configuration_are_said_all_at_once_and_the_function_ends() {
    let output = Command::new(env!("CARGO_BIN_EXE_authorizer"))
        .env_clear()
        .envs([("USER_POOL_ID", "sesame"), ("IDENTITY", "sesame")])
        .output()
        .unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success(), "{log}");
    for variable in ["AWS_LAMBDA_RUNTIME_API", "USER_POOL_ID", "USER_POOL_CLIENT_IDS", "IDENTITY"] {
        assert!(log.contains(variable), "{variable}: {log}");
    }
    assert!(!log.contains("sesame"), "{log}");
}
