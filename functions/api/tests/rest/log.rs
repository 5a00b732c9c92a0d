//! What a request leaves behind in the log.

use std::{cell::RefCell, io, sync::Once};

use http::{Method, StatusCode};
use portcullis_api::log_filter;
use serde_json::{Value, json};
use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    NEWSROOM,
    support::{Caller, House, KEY},
};

/// Everything that is ours; what the store and its client say is not.
const EVERYTHING: &str = "trace,hyper=off,hyper_util=off,aws=off,dynoxide=off";

// A test runs on one thread. One subscriber for all of them, because tracing remembers for the whole process which
// lines somebody wants.
thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static EVERY_LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Lines(&'static std::thread::LocalKey<RefCell<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.with_borrow_mut(|lines| lines.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn record() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let lines = fmt::layer().json().flatten_event(true).with_writer(|| Lines(&LINES));
        let every_line = fmt::layer().json().flatten_event(true).with_writer(|| Lines(&EVERY_LINE));
        let lines = lines.with_filter(EnvFilter::new(log_filter(tracing::Level::INFO)));
        let every_line = every_line.with_filter(EnvFilter::new(EVERYTHING));
        tracing_subscriber::registry().with(lines).with(every_line).init();
    });
    LINES.take();
    EVERY_LINE.take();
}

/// The lines since the last call, as they are deployed.
fn take_lines() -> Vec<Value> {
    let text = String::from_utf8(LINES.take()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn one_request_is_one_line() {
    let house = House::new(NEWSROOM).await;
    let note = house.create(Caller::Ann, "/notes", &json!({ "title": "plan" })).await;
    record();
    let ann = json!(Caller::Ann.sub());
    let bob = json!(Caller::Bob.sub());
    for (caller, method, path, fields) in [
        (
            Caller::Ann,
            Method::GET,
            "/notes",
            json!(["/notes", "Note", "list", "user", ann, "allowed", null, 200]),
        ),
        (
            Caller::Ann,
            Method::GET,
            &note,
            json!(["/notes/{id}", "Note", "get", "user", ann, "allowed", null, 200]),
        ),
        (
            Caller::Bob,
            Method::GET,
            &note,
            json!(["/notes/{id}", "Note", "get", "user", bob, "not-visible", null, 404]),
        ),
        (
            Caller::Key,
            Method::GET,
            "/articles",
            json!(["/articles", "Article", "list", "api-key", null, "allowed", null, 200]),
        ),
        (
            Caller::Ann,
            Method::DELETE,
            "/articles/a",
            json!(["/articles/{id}", "Article", "delete", "user", ann, "denied", "screened", 403]),
        ),
        (
            Caller::Nobody,
            Method::GET,
            "/notes",
            json!(["/notes", "Note", "list", null, null, "unauthenticated", "missing_credentials", 401]),
        ),
        (
            Caller::BadToken,
            Method::GET,
            "/notes",
            json!(["/notes", "Note", "list", null, null, "unauthenticated", "base64", 401]),
        ),
        (Caller::Nobody, Method::GET, "/nowhere", json!([null, null, null, null, null, null, null, 404])),
    ] {
        let answer = house.call(caller, method.clone(), path).await;
        let lines = take_lines();
        let [line] = &lines[..] else { panic!("{method} {path}: {lines:?}") };
        let names = ["route", "model", "operation", "caller", "sub", "decision", "reason", "status"];
        assert_eq!(json!(names.map(|name| &line[name])), fields, "{line}");
        assert_eq!((&line["level"], &line["method"]), (&json!("INFO"), &json!(method.as_str())));
        assert!(line["duration_ms"].is_u64(), "{line}");
        assert_eq!(line["span"]["request_id"].as_str(), answer.header("x-request-id"), "{line}");
    }
}

#[tokio::test]
async fn lines_about_handlers_relations_and_signed_requests_say_what_and_who() {
    let schema = r#"
        type Query { hello(name: String): String @function(name: "hello") @auth(rules: [{ allow: private }]) }
        type Blog @model @auth(rules: [{ allow: private }]) { id: ID! posts: [Post] @hasMany }
        type Post @model @auth(rules: [{ allow: private }]) { id: ID! blog: Blog @belongsTo }
    "#;
    let house =
        House::open(schema, |api| api.function("hello", async |_| Ok(json!("a very private answer")))).await;
    house.create(Caller::Ann, "/blogs", &json!({ "id": "b1" })).await;
    record();
    let ann = json!(Caller::Ann.sub());
    for (caller, method, path, fields) in [
        (
            Caller::Ann,
            Method::POST,
            "/queries/hello",
            json!(["/queries/hello", "Query", "hello", "user", ann, "allowed", null, 200]),
        ),
        (
            Caller::Key,
            Method::POST,
            "/queries/hello",
            json!(["/queries/hello", "Query", "hello", "api-key", null, "denied", "no_rule_admits", 403]),
        ),
        (
            Caller::Ann,
            Method::GET,
            "/blogs/b1/posts",
            json!(["/blogs/{id}/posts", "Post", "list", "user", ann, "allowed", null, 200]),
        ),
        (
            Caller::Ann,
            Method::GET,
            "/posts/p1/blog",
            json!(["/posts/{id}/blog", "Blog", "get", "user", ann, "not-visible", null, 404]),
        ),
    ] {
        let call = house.call(caller, method.clone(), path);
        let answer =
            if method == Method::POST { call.json(&json!({ "name": "a secret" })).await } else { call.await };
        let lines = take_lines();
        let [line] = &lines[..] else { panic!("{method} {path}: {lines:?}") };
        let names = ["route", "model", "operation", "caller", "sub", "decision", "reason", "status"];
        assert_eq!(json!(names.map(|name| &line[name])), fields, "{line} {}", answer.text());
    }
    let text = String::from_utf8(EVERY_LINE.take()).unwrap();
    assert!(!text.contains("a secret") && !text.contains("private answer"), "{text}");
}

#[tokio::test]
async fn no_line_at_any_level_holds_a_secret_or_a_body() {
    let house = House::new(NEWSROOM).await;
    let token = house.access_token(Caller::Ann).claim("email", "ann@example.com").sign();
    record();
    for (path, input) in [
        ("/notes", json!({ "title": "a very private thought" })),
        ("/notes", json!({ "title": "a very private thought", "color": "a very private thought" })),
    ] {
        let answer = house.call(Caller::Nobody, Method::POST, path).bearer(&token).json(&input).await;
        assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.body);
        house.call(Caller::Key, Method::GET, "/articles").await;
        house
            .call(Caller::Nobody, Method::GET, "/notes")
            .header("x-api-key", "a-wrong-key-that-is-long")
            .await;
        house.call(Caller::Nobody, Method::GET, "/notes?email=ann@example.com").bearer(&token).await;
    }
    let text = String::from_utf8(EVERY_LINE.take()).unwrap();
    assert!(text.contains("request answered"), "{text}");
    let signature = token.rsplit('.').next().unwrap();
    for secret in [token.as_str(), signature, "ann@example.com", "very private", KEY, "a-wrong-key"] {
        assert!(!text.contains(secret), "{secret}");
    }
}
