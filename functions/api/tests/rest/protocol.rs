//! HTTP as clients know it: status, headers, conditions, pages, CORS.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    NEWSROOM,
    support::{Caller, House, percent_encode},
};

#[tokio::test]
async fn an_item_lives_from_post_to_delete() {
    let house = House::new(NEWSROOM).await;
    let input = json!({ "title": "plan", "tags": ["a", "b"], "pinned": true });
    let created = house.call(Caller::Ann, Method::POST, "/notes").json(&input).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
    let id = created.body["id"].as_str().unwrap();
    assert_eq!(created.location(), Some(format!("/notes/{id}").as_str()));
    assert!(created.header("etag").is_some_and(|tag| tag.starts_with('"') && tag.ends_with('"')));
    assert_eq!(created.header("cache-control"), Some("no-store"));
    assert_eq!(created.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(created.header("content-type"), Some("application/json"));
    for (field, value) in input.as_object().unwrap() {
        assert_eq!(&created.body[field], value);
    }
    assert!(created.body["createdAt"].is_string() && created.body["updatedAt"].is_string());
    assert!(!created.text().contains('#'), "nothing of the table's own is shown: {}", created.body);

    let item = created.location().unwrap();
    let got = house.call(Caller::Ann, Method::GET, item).await;
    assert_eq!((got.status, &got.body), (StatusCode::OK, &created.body));
    assert_eq!(got.header("etag"), created.header("etag"));

    let deleted = house.call(Caller::Ann, Method::DELETE, item).await;
    assert_eq!((deleted.status, deleted.text().as_str()), (StatusCode::NO_CONTENT, ""));
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(house.call(Caller::Ann, method, item).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_patch_sets_what_is_sent_and_null_removes() {
    let house = House::new(NEWSROOM).await;
    let note = house
        .create(Caller::Ann, "/notes", &json!({ "title": "plan", "body": "x", "tags": ["a", "b"] }))
        .await;
    for (content_type, changes, expected) in [
        ("application/merge-patch+json", json!({ "pinned": true }), ["plan", "x", "a b", "true"]),
        ("application/json", json!({ "title": "plan b", "tags": ["c"] }), ["plan b", "x", "c", "true"]),
        (
            "application/merge-patch+json; charset=utf-8",
            json!({ "body": null, "pinned": null }),
            ["plan b", "", "c", ""],
        ),
        ("application/merge-patch+json", json!({}), ["plan b", "", "c", ""]),
    ] {
        let call =
            house.call(Caller::Ann, Method::PATCH, &note).json(&changes).header("content-type", content_type);
        let answer = call.await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let stored = house.call(Caller::Ann, Method::GET, &note).await;
        assert_eq!(stored.body, answer.body);
        assert_eq!(stored.header("etag"), answer.header("etag"));
        let words = |value: &Value| {
            value.as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        };
        let body = &stored.body;
        let found = [
            body["title"].as_str().unwrap_or_default().to_owned(),
            body["body"].as_str().unwrap_or_default().to_owned(),
            words(&body["tags"]),
            body["pinned"].as_bool().map(|it| it.to_string()).unwrap_or_default(),
        ];
        assert_eq!(found, expected, "{changes}");
    }
}

#[tokio::test]
async fn an_id_that_a_client_chose_is_taken_once() {
    let house = House::new(NEWSROOM).await;
    let input = json!({ "id": "n1", "title": "plan" });
    assert_eq!(house.create(Caller::Ann, "/notes", &input).await, "/notes/n1");
    for caller in [Caller::Ann, Caller::Bob] {
        let answer = house.call(caller, Method::POST, "/notes").json(&input).await;
        assert_eq!((answer.status, &answer.body["title"]), (StatusCode::CONFLICT, &json!("Conflict")));
    }
}

#[tokio::test]
async fn conditions_guard_reads_and_writes() {
    let house = House::new(NEWSROOM).await;
    let note = house.create(Caller::Ann, "/notes", &json!({ "title": "plan" })).await;
    let read = house.call(Caller::Ann, Method::GET, &note).await;
    let old = read.header("etag").unwrap().to_owned();

    for (tag, status) in [
        (old.clone(), StatusCode::NOT_MODIFIED),
        (format!("W/{old}"), StatusCode::NOT_MODIFIED),
        (format!("\"x\", {old}"), StatusCode::NOT_MODIFIED),
        ("*".to_owned(), StatusCode::NOT_MODIFIED),
        ("\"x\"".to_owned(), StatusCode::OK),
    ] {
        let answer = house.call(Caller::Ann, Method::GET, &note).header("if-none-match", &tag).await;
        assert_eq!(answer.status, status, "{tag}");
        assert_eq!(answer.header("etag"), Some(old.as_str()), "{tag}");
        assert_eq!(answer.text().is_empty(), status == StatusCode::NOT_MODIFIED, "{tag}");
    }

    let change = |tag: &str, title: &str| {
        house.call(Caller::Ann, Method::PATCH, &note).json(&json!({ "title": title })).header("if-match", tag)
    };
    let answer = change(&old, "second").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let new = answer.header("etag").unwrap().to_owned();
    assert_ne!(old, new);
    for tag in [old.as_str(), "\"x\"", "\"\"", &format!("W/{new}")] {
        assert_eq!(change(tag, "lost").await.status, StatusCode::PRECONDITION_FAILED, "{tag}");
        let answer = house.call(Caller::Ann, Method::DELETE, &note).header("if-match", tag).await;
        assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED, "{tag}");
    }
    assert_eq!(change("\"a\", \"b\"", "which").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(change("", "unguarded").await.status, StatusCode::BAD_REQUEST);
    let answer = house.call(Caller::Ann, Method::DELETE, &note).header("if-match", "").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(change("*", "third").await.status, StatusCode::OK);
    let read = house.call(Caller::Ann, Method::GET, &note).await;
    assert_eq!(read.body["title"], "third");

    // Who may not know of the item learns nothing from a condition, nor does who may not change it.
    let answer = house
        .call(Caller::Bob, Method::PATCH, &note)
        .json(&json!({ "title": "x" }))
        .header("if-match", "\"x\"");
    assert_eq!(answer.await.status, StatusCode::NOT_FOUND);
    let answer = house.call(Caller::Eve, Method::DELETE, &note).header("if-match", "\"x\"").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let tag = read.header("etag").unwrap();
    let answer = house.call(Caller::Ann, Method::DELETE, &note).header("if-match", tag).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let house = House::new(NEWSROOM).await;
    let note = house.create(Caller::Ann, "/notes", &json!({ "title": "plan" })).await;
    for (caller, path, status) in [
        (Caller::Ann, note.as_str(), StatusCode::OK),
        (Caller::Ann, "/notes", StatusCode::OK),
        (Caller::Bob, note.as_str(), StatusCode::NOT_FOUND),
        (Caller::Nobody, note.as_str(), StatusCode::UNAUTHORIZED),
        (Caller::Nobody, "/health", StatusCode::OK),
        (Caller::Nobody, "/openapi.json", StatusCode::OK),
    ] {
        let get = house.call(caller, Method::GET, path).await;
        let head = house.call(caller, Method::HEAD, path).await;
        assert_eq!((get.status, head.status), (status, status), "{path}");
        assert_eq!(head.header("etag"), get.header("etag"), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert!(head.text().is_empty() && !get.text().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn pages_are_full_and_lead_through_everything_once() {
    let house = House::new(NEWSROOM).await;
    for number in 0..7 {
        house.create(Caller::Ann, "/notes", &json!({ "title": format!("a{number}") })).await;
        house.create(Caller::Bob, "/notes", &json!({ "title": format!("b{number}") })).await;
    }
    let (mut titles, mut sizes, mut query) = (Vec::new(), Vec::new(), "limit=3".to_owned());
    loop {
        let page = house.call(Caller::Ann, Method::GET, &format!("/notes?{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let items = page.body["items"].as_array().unwrap();
        sizes.push(items.len());
        titles.extend(items.iter().map(|item| item["title"].as_str().unwrap().to_owned()));
        match page.body["nextToken"].as_str() {
            Some(token) => query = format!("limit=3&nextToken={}", percent_encode(token)),
            None => break,
        }
    }
    assert_eq!(sizes, [3, 3, 1]);
    titles.sort();
    assert_eq!(titles, ["a0", "a1", "a2", "a3", "a4", "a5", "a6"]);
}

#[tokio::test]
async fn the_description_knows_keys_indexes_relations_and_handlers() {
    let schema = r#"
        type Query { hello(name: String!): Report @function(name: "hello") @auth(rules: [{ allow: public }]) }
        type Mutation { publish: Boolean @function(name: "hello") @auth(rules: [{ allow: private }]) }
        type Report { title: String! }
        type Event @model(mutations: { delete: null }) @auth(rules: [{ allow: private }]) {
            place: ID! @primaryKey(sortKeyFields: ["hour"])
            hour: Int!
            kind: String @index(name: "byKind", sortKeyFields: ["hour"])
            guests: [Guest] @hasMany
        }
        type Guest @model @auth(rules: [{ allow: private }]) { id: ID! event: Event @belongsTo }
    "#;
    let house = House::open(schema, |api| api.function("hello", async |_| Ok(Value::Null))).await;
    let document = house.call(Caller::Nobody, Method::GET, "/openapi.json").await.body;
    let paths = document["paths"].as_object().unwrap();
    let mut names: Vec<_> = paths.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "/events",
            "/events/{place}/{hour}",
            "/events/{place}/{hour}/guests",
            "/guests",
            "/guests/{id}",
            "/guests/{id}/event",
            "/health",
            "/mutations/publish",
            "/queries/hello",
        ]
    );
    assert_references_hold(&document, &document);
    let hour = &paths["/events/{place}/{hour}"]["parameters"][1];
    assert_eq!(
        (&hour["name"], &hour["in"], &hour["schema"]["type"]),
        (&json!("hour"), &json!("path"), &json!("integer"))
    );
    assert_eq!(paths["/events/{place}/{hour}"].get("delete"), None);
    let parameters = paths["/events"]["get"]["parameters"].as_array().unwrap();
    let mut queries: Vec<_> = parameters.iter().map(|it| it["name"].as_str().unwrap()).collect();
    queries.sort_unstable();
    assert_eq!(
        queries,
        [
            "hour",
            "hour.ge",
            "hour.gt",
            "hour.le",
            "hour.lt",
            "index",
            "kind",
            "limit",
            "nextToken",
            "place",
            "sortDirection",
        ]
    );
    let hello = &paths["/queries/hello"]["post"];
    let arguments = &hello["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!((&arguments["required"], hello["security"].as_array().unwrap().len()), (&json!(["name"]), 2));
    assert_eq!(paths["/mutations/publish"]["post"]["security"].as_array().unwrap().len(), 1);
    assert_eq!(paths["/guests"]["get"]["parameters"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_description_names_everything_that_is_served() {
    let house = House::new(NEWSROOM).await;
    let answer = house.call(Caller::Nobody, Method::GET, "/openapi.json").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["openapi"], "3.1.0");
    let tag = answer.header("etag").unwrap();
    let again = house.call(Caller::Nobody, Method::GET, "/openapi.json").header("if-none-match", tag).await;
    assert_eq!(
        (again.status, again.header("cache-control")),
        (StatusCode::NOT_MODIFIED, Some("public, max-age=300"))
    );

    let mut paths: Vec<_> = answer.body["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    paths.sort_unstable();
    let expected =
        ["/articles", "/articles/{id}", "/comments", "/comments/{id}", "/health", "/notes", "/notes/{id}"];
    assert_eq!(paths, expected);
    assert_references_hold(&answer.body, &answer.body);
    let ids: Vec<_> = answer.body["paths"].as_object().unwrap().values().flat_map(operation_ids).collect();
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!((ids.len(), unique.len()), (16, 16), "{ids:?}");

    // The key is offered where a public rule takes it and nowhere else.
    let schemes =
        |path: &str, method: &str| answer.body["paths"][path][method]["security"].as_array().unwrap().len();
    assert_eq!(
        (schemes("/articles", "get"), schemes("/articles", "post"), schemes("/notes", "get")),
        (2, 1, 1)
    );
    let input = &answer.body["components"]["schemas"]["Note.Input"];
    assert_eq!(input["required"], json!(["title"]), "{input}");
}

fn operation_ids(path: &Value) -> Vec<String> {
    path.as_object()
        .unwrap()
        .values()
        .filter_map(|it| it["operationId"].as_str())
        .map(str::to_owned)
        .collect()
}

fn assert_references_hold(part: &Value, whole: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(whole.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            members.values().for_each(|part| assert_references_hold(part, whole));
        }
        Value::Array(parts) => parts.iter().for_each(|part| assert_references_hold(part, whole)),
        _ => {}
    }
}

#[tokio::test]
async fn health_is_told_to_everybody_and_tells_nothing() {
    let house = House::new(NEWSROOM).await;
    let answer = house.call(Caller::Nobody, Method::GET, "/health").await;
    assert_eq!((answer.status, &answer.body), (StatusCode::OK, &json!({ "status": "ok" })));
}

#[tokio::test]
async fn pages_of_listed_origins_may_call() {
    let house = House::with_cors(NEWSROOM, "https://app.example.com").await;
    let preflight = |origin: &str| {
        house
            .call(Caller::Nobody, Method::OPTIONS, "/notes")
            .header("origin", origin)
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "authorization,content-type,if-match,x-api-key")
    };
    let answer = preflight("https://app.example.com").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert!(answer.header("access-control-allow-methods").is_some_and(|it| it.contains("PATCH")));
    let allowed = answer.header("access-control-allow-headers").unwrap();
    let signed = ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-user-agent"];
    for name in
        ["authorization", "content-type", "if-match", "if-none-match", "x-api-key"].into_iter().chain(signed)
    {
        assert!(allowed.contains(name), "{name}: {allowed}");
    }
    let answer = preflight("https://app.example.com.evil.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), None);

    // Errors too, for a page could not read them otherwise.
    for caller in [Caller::Ann, Caller::Nobody] {
        let answer =
            house.call(caller, Method::GET, "/notes").header("origin", "https://app.example.com").await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.com"));
        assert!(
            answer
                .header("access-control-expose-headers")
                .is_some_and(|it| it.contains("etag") && it.contains("location"))
        );
    }
}

#[tokio::test]
async fn without_configuration_no_page_may_call() {
    let house = House::new(NEWSROOM).await;
    let answer =
        house.call(Caller::Ann, Method::GET, "/notes").header("origin", "https://app.example.com").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (StatusCode::OK, None));
    let answer = house
        .call(Caller::Nobody, Method::OPTIONS, "/notes")
        .header("origin", "https://app.example.com")
        .await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}
