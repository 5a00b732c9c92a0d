//! Requests that no honest client sends: a clear refusal each, never a panic, never another's data.

use std::future::IntoFuture;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    NEWSROOM,
    support::{self, Answer, Caller, House, percent_encode},
};

fn assert_problem(answer: &Answer, status: StatusCode, case: &str) {
    assert_eq!(answer.status, status, "{case}: {}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{case}");
    assert_eq!(answer.body["status"], status.as_u16(), "{case}");
    assert_eq!(answer.body["title"], status.canonical_reason().unwrap(), "{case}");
    assert!(answer.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{case}");
}

#[tokio::test]
async fn bodies_that_are_not_json_are_refused_with_their_place() {
    let house = House::new(NEWSROOM).await;
    for (body, word) in [
        ("", "line 1, column 0"),
        ("{\"title\": \"a\",\n}", "line 2, column 1"),
        ("{\"title\": 'a'}", "line 1, column 11"),
        ("{\"title\":\"a\",\"title\":\"b\"}", "twice"),
        ("[1]", "JSON object"),
        ("\"title\"", "JSON object"),
        ("null", "JSON object"),
    ] {
        let answer = house.call(Caller::Ann, Method::POST, "/notes").text(body).await;
        assert_problem(&answer, StatusCode::BAD_REQUEST, body);
        assert!(answer.body["detail"].as_str().unwrap().contains(word), "{body}: {}", answer.body);
    }
    let deep = format!("{{\"title\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let answer = house.call(Caller::Ann, Method::POST, "/notes").text(&deep).await;
    assert_problem(&answer, StatusCode::BAD_REQUEST, "deep nesting");
    let answer = house.call(Caller::Ann, Method::POST, "/notes").bytes(b"{\"title\":\"\xff\xfe\"}").await;
    assert_problem(&answer, StatusCode::BAD_REQUEST, "not UTF-8");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let house = House::new(NEWSROOM).await;
    let huge = json!({ "title": "a".repeat(10 * 1024 * 1024) }).to_string();
    let answer = house.call(Caller::Ann, Method::POST, "/notes").text(&huge).await;
    assert_problem(&answer, StatusCode::PAYLOAD_TOO_LARGE, "10 MB");
    let answer = house.call(Caller::Ann, Method::PATCH, "/notes/n1").text(&huge).await;
    assert_problem(&answer, StatusCode::PAYLOAD_TOO_LARGE, "10 MB");
}

/// Such a client would see a broken pipe in the place of an answer if the rest of its body stayed unread.
#[tokio::test]
async fn a_client_that_sends_everything_first_still_hears_that_it_is_too_much() {
    let house = House::new(NEWSROOM).await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    tokio::spawn(axum::serve(listener, house.router()).into_future());
    let size = 10 * 1024 * 1024;
    let token = house.token(Caller::Ann);
    let head = format!(
        "POST /notes HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n"
    );
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&vec![b' '; size]).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_panic_is_a_fixed_answer() {
    let house = House::new(NEWSROOM).await;
    let answer = house.call(Caller::Ann, Method::POST, "/notes").unreadable_body().await;
    assert_problem(&answer, StatusCode::INTERNAL_SERVER_ERROR, "a panic while the body is read");
    assert!(!answer.text().contains(support::PANIC), "{}", answer.body);
}

#[tokio::test]
async fn a_refused_caller_does_not_get_their_body_read() {
    let house = House::new(NEWSROOM).await;
    for (caller, status) in [(Caller::Nobody, StatusCode::UNAUTHORIZED), (Caller::Ann, StatusCode::FORBIDDEN)]
    {
        let answer = house.call(caller, Method::POST, "/articles").unreadable_body().await;
        assert_problem(&answer, status, "a body that must not be read");
    }
}

#[tokio::test]
async fn only_json_is_taken() {
    let house = House::new(NEWSROOM).await;
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
    {
        let call = house.call(Caller::Ann, Method::POST, "/notes").text("{\"title\":\"a\"}");
        let answer = call.header("content-type", content_type).await;
        assert_problem(&answer, StatusCode::UNSUPPORTED_MEDIA_TYPE, content_type);
        assert_eq!(answer.header("accept"), Some("application/json"), "{content_type}");
    }
    let call = house.call(Caller::Ann, Method::PATCH, "/notes/n1").text("[]");
    let answer = call.header("content-type", "application/json-patch+json").await;
    assert_problem(&answer, StatusCode::UNSUPPORTED_MEDIA_TYPE, "RFC 6902");
    assert!(answer.header("accept-patch").is_some_and(|it| it.contains("application/merge-patch+json")));
}

#[tokio::test]
async fn every_mistake_in_an_input_is_named() {
    let house = House::new(NEWSROOM).await;
    for (path, input, fields) in [
        ("/notes", json!({}), vec!["title"]),
        ("/notes", json!({ "title": null }), vec!["title"]),
        ("/notes", json!({ "title": 1, "pinned": "yes", "tags": "a" }), vec!["title", "pinned", "tags"]),
        ("/notes", json!({ "title": "a", "tags": ["a", null, 3] }), vec!["tags[1]", "tags[2]"]),
        ("/notes", json!({ "title": "a", "color": "red", "owner": "me" }), vec!["color", "owner"]),
        ("/notes", json!({ "title": "a", "createdAt": "2024-01-01T00:00:00Z" }), vec!["createdAt"]),
        (
            "/notes",
            json!({ "title": "a", "__proto__": {}, "pk": "x", "sk": "y" }),
            vec!["__proto__", "pk", "sk"],
        ),
        ("/notes", json!({ "title": { "S": "a" } }), vec!["title"]),
        ("/notes", json!({ "title": "a", "id": 7 }), vec!["id"]),
        ("/comments", json!({ "articleId": ["a"], "text": false }), vec!["articleId", "text"]),
    ] {
        let answer = house.call(Caller::Ann, Method::POST, path).json(&input).await;
        assert_problem(&answer, StatusCode::UNPROCESSABLE_ENTITY, &input.to_string());
        assert_eq!(answer.fields(), sorted(&fields), "{input}");
    }
    for (input, fields) in [
        (json!({ "headline": "a", "text": "b", "section": "MARS" }), vec!["section"]),
        (json!({ "headline": "a", "text": "b", "section": "LOCAL", "words": 1.5 }), vec!["words"]),
        (
            json!({ "headline": "a", "text": "b", "section": "LOCAL", "words": 9_999_999_999_u64 }),
            vec!["words"],
        ),
        (json!({ "headline": "a", "text": "b", "section": "LOCAL", "source": "not a url" }), vec!["source"]),
    ] {
        let answer = house.call(Caller::Eve, Method::POST, "/articles").json(&input).await;
        assert_problem(&answer, StatusCode::UNPROCESSABLE_ENTITY, &input.to_string());
        assert_eq!(answer.fields(), sorted(&fields), "{input}");
    }
    let note = house.create(Caller::Ann, "/notes", &json!({ "title": "a" })).await;
    for (changes, fields) in [
        (json!({ "title": null }), vec!["title"]),
        (json!({ "title": 1, "x": 1 }), vec!["title", "x"]),
        (json!({ "owner": "bob" }), vec!["owner"]),
        (json!({ "id": "other" }), vec!["id"]),
        (json!({ "updatedAt": "2024-01-01T00:00:00Z" }), vec!["updatedAt"]),
    ] {
        let answer = house.call(Caller::Ann, Method::PATCH, &note).json(&changes).await;
        assert_problem(&answer, StatusCode::UNPROCESSABLE_ENTITY, &changes.to_string());
        assert_eq!(answer.fields(), sorted(&fields), "{changes}");
    }
}

fn sorted(fields: &[&str]) -> Vec<String> {
    let mut fields: Vec<_> = fields.iter().map(|it| (*it).to_owned()).collect();
    fields.sort();
    fields
}

#[tokio::test]
async fn strings_that_look_like_expressions_are_only_strings() {
    let house = House::new(NEWSROOM).await;
    let secret = house.create(Caller::Bob, "/notes", &json!({ "id": "n1", "title": "bob's" })).await;
    for text in [
        "' OR '1'='1",
        "\"; DROP TABLE notes; --",
        "n1 OR attribute_exists(pk)",
        "#pk = :pk",
        ":owner",
        "${jndi:ldap://192.0.2.1/a}",
        "{{7*7}}",
        "../../etc/passwd",
        "Note#n1",
        "*",
        "%",
        "\u{0}",
        "\u{202e}\u{1f600}",
        "SETTINGS",
    ] {
        let id = percent_encode(text);
        let answer = house.call(Caller::Ann, Method::GET, &format!("/notes/{id}")).await;
        assert_problem(&answer, StatusCode::NOT_FOUND, text);
        let answer = house.call(Caller::Ann, Method::DELETE, &format!("/notes/{id}")).await;
        assert_problem(&answer, StatusCode::NOT_FOUND, text);
        let answer = house
            .call(Caller::Ann, Method::PATCH, &format!("/notes/{id}"))
            .json(&json!({ "title": "x" }))
            .await;
        assert_problem(&answer, StatusCode::NOT_FOUND, text);
        let answer = house.call(Caller::Ann, Method::GET, &format!("/notes?nextToken={id}")).await;
        assert_problem(&answer, StatusCode::BAD_REQUEST, text);
        let answer = house.call(Caller::Ann, Method::GET, &format!("/notes?filter={id}")).await;
        assert_problem(&answer, StatusCode::BAD_REQUEST, text);

        let input = json!({ "title": text, "body": text, "tags": [text] });
        let answer = house.call(Caller::Ann, Method::POST, "/notes").json(&input).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{text:?}: {}", answer.body);
        assert_eq!(answer.body["title"], text);
    }
    let bobs = house.call(Caller::Bob, Method::GET, &secret).await;
    assert_eq!((bobs.status, &bobs.body["title"]), (StatusCode::OK, &json!("bob's")));
}

#[tokio::test]
async fn an_id_may_be_strange_but_not_unbounded() {
    let house = House::new(NEWSROOM).await;
    for id in ["a b", "ü+ö", "n:1", "' OR 1=1", "..."] {
        let note = house.create(Caller::Ann, "/notes", &json!({ "id": id, "title": "a" })).await;
        let answer = house.call(Caller::Ann, Method::GET, &note).await;
        assert_eq!((answer.status, &answer.body["id"]), (StatusCode::OK, &json!(id)));
    }
    let long = "x".repeat(5000);
    for path in [format!("/notes/{long}"), "/notes/%ff".to_owned()] {
        let answer = house.call(Caller::Ann, Method::GET, &path).await;
        assert_problem(&answer, StatusCode::NOT_FOUND, "an id that cannot be");
    }
    for id in [long.as_str(), "", "ü/ö", "n#1", "n?1", "n\\1", "%2e%2e", "..", ".", "n\n"] {
        let answer =
            house.call(Caller::Ann, Method::POST, "/notes").json(&json!({ "id": id, "title": "a" })).await;
        assert_problem(&answer, StatusCode::UNPROCESSABLE_ENTITY, "an id that cannot be");
    }
}

#[tokio::test]
async fn a_page_token_shows_nobody_anothers_items() {
    let house = House::new(NEWSROOM).await;
    for title in ["a", "b", "c"] {
        house.create(Caller::Ann, "/notes", &json!({ "title": title })).await;
    }
    let page = house.call(Caller::Ann, Method::GET, "/notes?limit=1").await;
    let token = page.body["nextToken"].as_str().unwrap().to_owned();
    let answer =
        house.call(Caller::Bob, Method::GET, &format!("/notes?nextToken={}", percent_encode(&token))).await;
    let shown = answer.body["items"].as_array().map_or(0, Vec::len);
    assert_eq!(shown, 0, "{}", answer.body);

    let mut changed = token.into_bytes();
    let last = changed.len() / 2;
    changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    let answer = house.call(Caller::Bob, Method::GET, &format!("/notes?nextToken={changed}")).await;
    assert!(answer.status.is_client_error() || answer.body["items"] == json!([]), "{}", answer.body);
    for token in
        ["x".repeat(60_000), "null".to_owned(), "e30".to_owned(), "eyJwayI6eyJTIjoiTm90ZSJ9fQ".to_owned()]
    {
        let answer = house.call(Caller::Ann, Method::GET, &format!("/notes?nextToken={token}")).await;
        assert_problem(&answer, StatusCode::BAD_REQUEST, "a made-up token");
    }
}

#[tokio::test]
async fn unknown_paths_methods_and_conditions_are_told_apart() {
    let house = House::new(NEWSROOM).await;
    for (method, path, status, allow) in [
        (Method::GET, "/", StatusCode::NOT_FOUND, None),
        (Method::GET, "/note", StatusCode::NOT_FOUND, None),
        (Method::GET, "/notes/n1/more", StatusCode::NOT_FOUND, None),
        (Method::GET, "/notes/", StatusCode::NOT_FOUND, None),
        (Method::PUT, "/notes/n1", StatusCode::METHOD_NOT_ALLOWED, Some("DELETE,GET,HEAD,PATCH")),
        (Method::DELETE, "/notes", StatusCode::METHOD_NOT_ALLOWED, Some("GET,HEAD,POST")),
        (Method::POST, "/health", StatusCode::METHOD_NOT_ALLOWED, Some("GET,HEAD")),
        (Method::TRACE, "/notes", StatusCode::METHOD_NOT_ALLOWED, Some("GET,HEAD,POST")),
    ] {
        let answer = house.call(Caller::Ann, method.clone(), path).await;
        assert_problem(&answer, status, path);
        let found = answer.header("allow").map(|allow| {
            let mut methods: Vec<_> = allow.split(',').map(str::trim).collect();
            methods.sort_unstable();
            methods.join(",")
        });
        assert_eq!(found.as_deref(), allow, "{method} {path}");
    }
    for value in ["1", "\"1", "**"] {
        let answer = house.call(Caller::Ann, Method::DELETE, "/notes/n1").header("if-match", value).await;
        assert_problem(&answer, StatusCode::BAD_REQUEST, value);
    }
    for query in ["limit=0", "limit=1001", "limit=a", "limit=1&limit=2", "offset=1"] {
        let answer = house.call(Caller::Ann, Method::GET, &format!("/notes?{query}")).await;
        assert_problem(&answer, StatusCode::BAD_REQUEST, query);
        assert!(
            answer.body["errors"].as_array().is_some_and(|errors| errors.len() == 1),
            "{query}: {}",
            answer.body
        );
    }
    let answer =
        house.call(Caller::Ann, Method::POST, "/notes?dryRun=true").json(&json!({ "title": "a" })).await;
    assert_problem(&answer, StatusCode::BAD_REQUEST, "a parameter where none is");
}

#[tokio::test]
async fn no_answer_tells_what_is_inside() {
    let house = House::without_table(NEWSROOM);
    for (method, path, input) in [
        (Method::GET, "/notes", Value::Null),
        (Method::GET, "/notes/n1", Value::Null),
        (Method::POST, "/notes", json!({ "title": "a" })),
    ] {
        let answer = house.call(Caller::Ann, method, path).json(&input).await;
        assert_problem(&answer, StatusCode::SERVICE_UNAVAILABLE, path);
        assert_eq!(answer.header("retry-after"), Some("1"), "{path}");
        let text = answer.body.to_string().to_lowercase();
        for word in ["dynamo", "table", "resource", "aws", "sdk", "http"] {
            assert!(!text.contains(word), "{path}: {text}");
        }
    }
}
