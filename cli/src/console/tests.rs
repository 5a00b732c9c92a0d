use axum::body::Body;
use http::{Request, header::CONTENT_SECURITY_POLICY};
use http_body_util::BodyExt;
use portcullis::{TokenUse, Verifier, testkit::TestIssuer};
use portcullis_api::Api;
use portcullis_data::testkit;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::client_config::{GraphQlApi, Mode, UserPool};

const HOST: &str = "127.0.0.1:3000";
const SOURCE: &str = r#"
    type Note @model @auth(rules: [
      { allow: owner }
      { allow: groups, groups: ["editors"], operations: [read, update] }
    ]) {
      id: ID!
      title: String!
      stars: Int @auth(rules: [{ allow: owner }])
      parts: [Part] @hasMany
    }
    type Part @model @auth(rules: [{ allow: private, operations: [read] }, { allow: groups, groups: ["editors"] }]) {
      id: ID!
      text: String
    }
    type Query { hello(name: String): String @function(name: "hello") @auth(rules: [{ allow: private }]) }
"#;

/// The console beside the API, as the local system has them, and people with tokens.
struct System {
    pool: TestIssuer,
    console: Router,
    api: Router,
}

impl System {
    async fn start() -> Self {
        let pool = TestIssuer::cognito();
        let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
        let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build().unwrap();
        let schema = Schema::parse(SOURCE, "schema.graphql").unwrap();
        let table = testkit::table().await.unwrap();
        let api = Api::new(schema.clone(), table.clone(), verifier).unwrap();
        let api = api.function("hello", async |_| Ok("hello".into()));
        let console = Console { schema: Arc::new(schema), backend: backend_of_test(), example: None };
        let console = console.router(table, api.authenticate());
        Self { pool, console, api: portcullis_api::router(api).unwrap() }
    }

    /// The `Authorization` of somebody in these groups.
    fn token(&self, who: &str, groups: &[&str]) -> Option<String> {
        let token = self.pool.access_token(who).claim("client_id", "web").claim("username", who);
        Some(format!("Bearer {}", token.claim("cognito:groups", json!(groups)).sign()))
    }

    async fn explain(&self, caller: Option<&str>, request: Value) -> Value {
        let (status, body) = send(&self.console, caller, "POST", "/console/explain", request).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }
}

fn backend_of_test() -> Backend {
    Backend {
        region: "us-east-1".to_owned(),
        user_pool: UserPool {
            id: "us-east-1_Test".to_owned(),
            client_id: "web".to_owned(),
            endpoint: Some("http://127.0.0.1:9229".to_owned()),
            password_length: None,
            mfa: None,
            redirects: None,
        },
        identity_pool: None,
        rest: format!("http://{HOST}"),
        graphql: Some(GraphQlApi {
            url: format!("http://{HOST}/graphql"),
            modes: vec![Mode::ApiKey],
            api_key: Some("local-key-that-opens".to_owned()),
        }),
        bucket: None,
    }
}

async fn send(
    router: &Router,
    caller: Option<&str>,
    method: &str,
    path: &str,
    body: Value,
) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path).header("host", HOST);
    let request = caller.into_iter().fold(request, |it, token| it.header("authorization", token));
    let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let (body, request) = match body {
        Value::Null => (Body::empty(), request),
        body => (Body::from(body.to_string()), request.header("content-type", kind)),
    };
    let response = router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn page(router: &Router, path: &str) -> (String, String) {
    let request = Request::get(path).header("host", HOST).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let policy = response.headers().get(CONTENT_SECURITY_POLICY);
    let policy = policy.and_then(|policy| policy.to_str().ok()).unwrap_or_default().to_owned();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (policy, String::from_utf8(bytes.to_vec()).unwrap())
}

/// The paths that a page or a script of ours loads.
fn loaded(text: &str) -> Vec<String> {
    let quoted = text.split(['"', '\'']).skip(1).step_by(2);
    let own = quoted.filter(|text| text.starts_with("/console/") || text.starts_with("./"));
    own.map(|text| text.replace("./", "/console/")).collect()
}

#[tokio::test]
async fn pages_load_nothing_but_what_is_served_here_and_have_nothing_inline() {
    let system = System::start().await;
    for path in ["/", "/graphiql"] {
        let (policy, html) = page(&system.console, path).await;
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert!(!html.contains("NONCE") && !html.contains("style=") && !html.contains("://"), "{path}");
        let mut tags = html.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default());
        assert!(!tags.any(|tag| tag.contains(" on") || tag == "script" || tag == "style"), "{path}");
        let mut waiting = loaded(&html);
        let mut seen = Vec::new();
        while let Some(path) = waiting.pop() {
            let endpoint = ["backend", "start", "access", "explain"].iter().any(|it| path.ends_with(it));
            if endpoint || seen.contains(&path) {
                continue;
            }
            let (_, text) = page(&system.console, &path).await;
            if !path.contains("graphiql") {
                waiting.extend(loaded(&text));
            }
            seen.push(path);
        }
        assert!(seen.len() > 2, "{seen:?}");
    }
    let nonces = [page(&system.console, "/graphiql").await, page(&system.console, "/graphiql").await];
    for (policy, html) in &nonces {
        let (_, nonce) = policy.split_once("'nonce-").unwrap();
        let nonce = nonce.split('\'').next().unwrap();
        assert!(nonce.len() == 24 && html.contains(&format!("nonce=\"{nonce}\"")), "{html}");
    }
    assert_ne!(nonces[0], nonces[1]);
}

#[tokio::test]
async fn pages_of_other_sites_learn_nothing() {
    let system = System::start().await;
    for (path, header, expected) in [
        ("/console/backend", ("host", HOST), 200),
        ("/console/backend", ("sec-fetch-site", "cross-site"), 403),
        ("/console/backend", ("origin", "https://example.com"), 403),
        ("/console/backend", ("host", "rebound.example.com:3000"), 403),
        ("/console/access", ("origin", "null"), 403),
        ("/console/start", ("sec-fetch-site", "same-site"), 403),
        ("/console/console.js", ("sec-fetch-site", "cross-site"), 403),
        // A link may lead to a page, which tells nothing.
        ("/", ("sec-fetch-site", "cross-site"), 200),
        ("/", ("host", "rebound.example.com:3000"), 403),
        ("/graphiql", ("host", "rebound.example.com:3000"), 403),
    ] {
        let mut request = Request::get(path).header("host", HOST).body(Body::empty()).unwrap();
        request.headers_mut().insert(header.0, header.1.parse().unwrap());
        let response = system.console.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), expected, "{path} {header:?}");
        assert!(!response.headers().contains_key("access-control-allow-origin"), "{path}");
        assert_eq!(response.headers()["cross-origin-resource-policy"], "same-origin");
    }
}

/// Each request is explained, made, and compared: allowed is what succeeds.
#[tokio::test]
async fn what_is_explained_is_what_happens() {
    let system = System::start().await;
    let (ann, bob) = (system.token("ann", &[]), system.token("bob", &[]));
    let editor = system.token("eve", &["editors"]);
    let note = json!({ "id": "n1", "title": "hush", "stars": 5 });
    let (ann, bob, editor) = (ann.as_deref(), bob.as_deref(), editor.as_deref());
    for (caller, method, path, body, status, decision) in [
        (ann, "POST", "/notes", note.clone(), 201, "allowed"),
        (ann, "GET", "/notes/n1", Value::Null, 200, "allowed"),
        (bob, "GET", "/notes/n1", Value::Null, 404, "denied"),
        (editor, "GET", "/notes/n1", Value::Null, 200, "allowed"),
        (None, "GET", "/notes/n1", Value::Null, 401, "denied"),
        (editor, "PATCH", "/notes/n1", json!({ "title": "hush hush" }), 200, "allowed"),
        (editor, "PATCH", "/notes/n1", json!({ "stars": 1 }), 403, "denied"),
        (bob, "PATCH", "/notes/n1", json!({ "title": "mine" }), 404, "denied"),
        (editor, "DELETE", "/notes/n1", Value::Null, 403, "denied"),
        (ann, "GET", "/notes", Value::Null, 200, "depends"),
        (editor, "GET", "/notes?limit=5", Value::Null, 200, "allowed"),
        (ann, "GET", "/notes/n1/parts", Value::Null, 200, "allowed"),
        (bob, "POST", "/parts", json!({ "text": "hush" }), 403, "denied"),
        (ann, "POST", "/queries/hello", json!({}), 200, "allowed"),
        (None, "POST", "/queries/hello", json!({}), 401, "denied"),
        (ann, "DELETE", "/notes/n1", Value::Null, 204, "allowed"),
    ] {
        let told =
            system.explain(caller, json!({ "rest": { "method": method, "path": path, "body": body } })).await;
        let explanation = &told["explanations"][0];
        assert_eq!(explanation["decision"], decision, "{method} {path}: {told}");
        assert!(!told.to_string().contains("hush"), "{told}");
        let (answered, answer) = send(&system.api, caller, method, path, body).await;
        assert_eq!(answered, status, "{method} {path}: {answer}");
    }
    let told = system.explain(ann, json!({ "rest": { "method": "GET", "path": "/notes/n1" } })).await;
    assert_eq!(told["explanations"][0]["note"], "there is no such record");
}

#[tokio::test]
async fn whoever_is_refused_whatever_a_record_holds_does_not_learn_whether_there_is_one() {
    let system = System::start().await;
    let (ann, bob) = (system.token("ann", &[]), system.token("bob", &[]));
    for (path, body) in
        [("/notes", json!({ "id": "n1", "title": "hush" })), ("/parts", json!({ "id": "p1" }))]
    {
        let editor = system.token("ann", &["editors"]);
        let (status, answer) = send(&system.api, editor.as_deref(), "POST", path, body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    }
    // A part may be deleted by an editor alone, and that bob is none is known without it.
    for (caller, method, model, there, absent) in [
        (None, "GET", "notes", "n1", "n2"),
        (None, "PATCH", "notes", "n1", "n2"),
        (None, "DELETE", "parts", "p1", "p2"),
        (bob.as_deref(), "DELETE", "parts", "p1", "p2"),
        (bob.as_deref(), "PATCH", "parts", "p1", "p2"),
    ] {
        let explain = async |id: &str| {
            let request =
                json!({ "method": method, "path": format!("/{model}/{id}"), "body": { "text": "x" } });
            system.explain(caller, json!({ "rest": request })).await
        };
        let told = explain(there).await;
        assert_eq!(told["explanations"][0]["decision"], "denied", "{method} {model}: {told}");
        assert_eq!(told, explain(absent).await, "{method} {model}");
    }
    // Whoever may own a record is told why they may not have this one.
    let request = |id: &str| json!({ "rest": { "method": "GET", "path": format!("/notes/{id}") } });
    let told = system.explain(bob.as_deref(), request("n1")).await;
    assert_eq!(
        (&told["explanations"][0]["decision"], &told["explanations"][0]["note"]),
        (&json!("denied"), &Value::Null)
    );
    assert_eq!(system.explain(ann.as_deref(), request("n1")).await["explanations"][0]["decision"], "allowed");
}

#[tokio::test]
async fn what_has_no_rules_is_said_to_have_none() {
    let system = System::start().await;
    let ann = system.token("ann", &[]);
    for (method, path) in [
        ("GET", "/health"),
        ("GET", "/"),
        ("PUT", "/notes/n1"),
        ("GET", "/notes/n1/nothing"),
        ("GET", "/notes/a/b/c"),
        ("POST", "/queries/nothing"),
        ("GET", "/%ff"),
        ("", ""),
    ] {
        let told =
            system.explain(ann.as_deref(), json!({ "rest": { "method": method, "path": path } })).await;
        assert_eq!(told["explanations"][0]["note"], "no rule is asked about this", "{method} {path}");
    }
    for body in [json!({}), json!([]), json!({ "rest": {} }), json!({ "graphql": { "query": 1 } })] {
        let (status, _) =
            send(&system.console, ann.as_deref(), "POST", "/console/explain", body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    let forged = Some("Bearer e30.e30.c2ln");
    let (status, _) = send(&system.console, forged, "POST", "/console/explain", json!({})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn each_top_field_of_a_query_is_explained() {
    let system = System::start().await;
    let ann = system.token("ann", &[]);
    let bob = system.token("bob", &[]);
    let made =
        send(&system.api, ann.as_deref(), "POST", "/notes", json!({ "id": "n1", "title": "hush" })).await;
    assert_eq!(made.0, StatusCode::CREATED, "{}", made.1);
    let query = r#"
        query Other { hello }
        query Mine($id: ID!, $no: ID = "n9") {
          mine: getNote(id: $id) { title }
          ...More
          ... on Query { hello(name: "x") }
          none: getNote(id: $no) { title }
          __typename
        }
        fragment More on Query { listNotes { items { id } } }
    "#;
    let request =
        json!({ "graphql": { "query": query, "variables": { "id": "n1" }, "operationName": "Mine" } });
    for (caller, expected) in
        [(&ann, ["allowed", "depends", "allowed"]), (&bob, ["denied", "depends", "allowed"])]
    {
        let told = system.explain(caller.as_deref(), request.clone()).await;
        let explanations = told["explanations"].as_array().unwrap();
        let fields: Vec<&str> = explanations.iter().filter_map(|it| it["field"].as_str()).collect();
        let names = ["Query.getNote", "Query.listNotes", "Query.hello", "Query.getNote", "Query.__typename"];
        assert_eq!(fields, names);
        for (explanation, decision) in explanations.iter().zip(expected) {
            assert_eq!(explanation["decision"], decision, "{explanation}");
        }
        assert_eq!(explanations[3]["note"], "there is no such record");
        assert_eq!(explanations[4]["note"], "no rule is asked about this");
        assert!(!told.to_string().contains("hush"));
    }

    let change = "mutation Change($input: UpdateNoteInput!) { updateNote(input: $input) { id } deleteNote(input: { id: \"n1\" }) { id } }";
    let request =
        json!({ "graphql": { "query": change, "variables": { "input": { "id": "n1", "stars": 3 } } } });
    let editor = system.token("eve", &["editors"]);
    let told = system.explain(editor.as_deref(), request).await;
    assert_eq!(told["explanations"][0]["decision"], "denied");
    assert_eq!(told["explanations"][0]["refused"], json!(["stars"]));
    assert_eq!(told["explanations"][1]["decision"], "denied");
}

#[tokio::test]
async fn a_hostile_query_is_explained_within_bounds() {
    let system = System::start().await;
    let ann = system.token("ann", &[]);
    let many = format!("{{ {} }}", (0..1000).map(|n| format!("a{n}: hello ")).collect::<String>());
    let round = "{ ...A } fragment A on Query { ...B hello } fragment B on Query { ...A }".to_owned();
    // Two times two times two ..: never ready, if each were followed.
    let bomb = (0..50).map(|n| format!("fragment F{n} on Query {{ ...F{} ...F{} }} ", n + 1, n + 1));
    let bomb = format!("{{ ...F0 }} {} fragment F50 on Query {{ a: __typename }}", bomb.collect::<String>());
    let deep = format!("{}{}", "{ a ".repeat(5000), "}".repeat(5000));
    let words = "{ hello } ".repeat(20_000);
    for query in
        [many, round, bomb, deep, words, "{".to_owned(), String::new(), "type Query { a: Int }".to_owned()]
    {
        let told = system.explain(ann.as_deref(), json!({ "graphql": { "query": query } })).await;
        assert!(told["explanations"].as_array().unwrap().len() <= 20);
    }
    let (status, _) = send(
        &system.console,
        ann.as_deref(),
        "POST",
        "/console/explain",
        json!({ "x": "x".repeat(MAX_BODY) }),
    )
    .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn the_start_and_the_matrix_are_those_of_the_schema() {
    let system = System::start().await;
    let (_, start) = send(&system.console, None, "GET", "/console/start", Value::Null).await;
    assert_eq!(start["models"][0], json!({ "name": "Note", "path": "/notes", "key": ["id"] }));
    assert_eq!(start["calls"], json!(["/queries/hello"]));
    let query = start["query"].as_str().unwrap();
    assert!(query.starts_with("query List {\n  listNotes {"), "{query}");
    let (_, matrix) = send(&system.console, None, "GET", "/console/access", Value::Null).await;
    let schema = Schema::parse(SOURCE, "schema.graphql").unwrap();
    assert_eq!(matrix, access::matrix_of(&schema).unwrap());
    let (_, told) = send(&system.console, None, "GET", BACKEND_PATH, Value::Null).await;
    assert_eq!(serde_json::from_value::<Backend>(told).unwrap(), backend_of_test());
}
