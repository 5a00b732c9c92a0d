//! Custom queries and mutations.

use http::Method;
use portcullis_api::{Api, FunctionError, Invocation};
use serde_json::{Value, json};

use super::{
    story,
    story::{Story, story_with},
};

const SCHEMA: &str = r#"
    type Query {
        hello(name: String!, times: Int = 1): String @function(name: "hello-${env}") @auth(rules: [{ allow: private }])
        open: String @function(name: "hello")
        board: Report @function(name: "board") @auth(rules: [{ allow: private }, { allow: public }, { allow: custom }])
        reports: [Report!] @function(name: "board") @function(name: "twice") @auth(rules: [{ allow: groups, groups: ["editors"] }])
        latest: Note @function(name: "latest") @auth(rules: [{ allow: private }, { allow: public }])
        guests: String @function(name: "hello") @auth(rules: [{ allow: public, provider: identityPool }])
        members: String @function(name: "hello") @auth(rules: [{ allow: private, provider: identityPool }])
    }
    type Mutation {
        publish(input: Draft!, places: [Place!]): String @function(name: "publish") @auth(rules: [{ allow: groups, groups: ["editors"] }])
        fail(how: String): String @function(name: "fail") @auth(rules: [{ allow: private }])
    }
    type Report {
        title: String!
        figures: [Int]
        salary: Int @auth(rules: [{ allow: groups, groups: ["admins"] }])
        author: Person
    }
    type Person {
        name: String
        phone: String @auth(rules: [{ allow: private }])
    }
    input Draft { title: String! words: Int }
    enum Place { FRONT BACK }
    type Note @model @auth(rules: [{ allow: owner }]) {
        title: String
        diary: String @auth(rules: [{ allow: owner }])
        open: String @auth(rules: [{ allow: private, operations: [read] }, { allow: owner }])
    }
"#;

async fn hello(call: Invocation) -> Result<Value, FunctionError> {
    let name = call.arguments.get("name").and_then(Value::as_str).unwrap_or("you");
    let times = call.arguments.get("times").and_then(Value::as_i64).unwrap_or(0);
    Ok(json!(format!("{} {name} {times}", call.field)))
}

async fn board(_: Invocation) -> Result<Value, FunctionError> {
    Ok(json!({
        "title": "2026", "figures": [1, null], "salary": 7, "internal": "x",
        "author": { "name": "Ann", "phone": "1", "internal": "x" },
    }))
}

async fn twice(call: Invocation) -> Result<Value, FunctionError> {
    let report = call.previous.unwrap_or_default();
    Ok(json!([report, report]))
}

async fn latest(_: Invocation) -> Result<Value, FunctionError> {
    Ok(json!({ "id": "n1", "title": "t", "diary": "d", "open": "o", "owner": "u-ann::ann", "internal": "x" }))
}

async fn publish(call: Invocation) -> Result<Value, FunctionError> {
    Ok(call.arguments["input"]["title"].clone())
}

async fn fail(call: Invocation) -> Result<Value, FunctionError> {
    match call.arguments.get("how").and_then(Value::as_str) {
        Some("rejected") => Err(FunctionError::Rejected("there is nothing to publish")),
        Some("absent") => Err(FunctionError::NotFound),
        Some("forbidden") => Err(FunctionError::Forbidden),
        Some("panic") => panic!("a secret of the house"),
        _ => Err(FunctionError::failed("a secret of the house")),
    }
}

fn handlers(api: Api) -> Api {
    api.function("hello", hello)
        .function("board", board)
        .function("twice", twice)
        .function("latest", latest)
        .function("publish", publish)
        .function("fail", fail)
}

async fn tale() -> Story {
    story_with(SCHEMA, handlers).await
}

#[tokio::test]
async fn a_field_is_called_by_whom_its_rules_admit() {
    tale()
        .await
        .tell(
            r#"
            ann     POST /queries/hello {"name": "bob"} -> 200 "hello bob 1"
            ann     POST /queries/hello {"name": "bob", "times": 2} -> 200 "hello bob 2"
            key     POST /queries/hello {"name": "bob"} -> 403
            olga    POST /queries/hello {"name": "bob"} -> 403
            nobody  POST /queries/hello {"name": "bob"} -> 401
            # A field without rules is for those who came in by the default way.
            ann     POST /queries/open {} -> 200 "open you 0"
            key     POST /queries/open {} -> 403
            lambda  POST /queries/open {} -> 403
            member  POST /queries/open {} -> 403
            ops     POST /queries/open {} -> 403
            ops     POST /queries/members {} -> 200
            member  POST /queries/members {} -> 200 "members you 0"
            guest   POST /queries/members {} -> 403
            guest   POST /queries/guests {} -> 200
            member  POST /queries/guests {} -> 403
            # A query is no mutation, and nothing but POST calls it.
            ann     POST /mutations/hello {"name": "bob"} -> 404
            ann     GET /queries/hello -> 405
            ann     POST /queries/nothing {} -> 404
            "#,
        )
        .await;
}

#[tokio::test]
async fn arguments_are_checked_before_anybody_answers() {
    tale()
        .await
        .tell(
            r#"
            ann  POST /queries/hello {} -> 422 ["name"]
            ann  POST /queries/hello {"name": null} -> 422 ["name"]
            ann  POST /queries/hello {"name": 7, "times": "2", "loud": true} -> 422 ["loud", "name", "times"]
            ann  POST /queries/hello?name=bob {"name": "bob"} -> 400
            eve  POST /mutations/publish {"input": {"title": "a"}, "places": ["FRONT"]} -> 200 "a"
            eve  POST /mutations/publish {"input": {"words": 1}} -> 422 ["input.title"]
            eve  POST /mutations/publish {"input": {"title": "a", "more": 1}, "places": ["SIDE", null]} -> 422 ["input.more", "places[0]", "places[1]"]
            # Who may not call learns nothing of it.
            ann  POST /mutations/publish {"input": 7} -> 403
            "#,
        )
        .await;
}

#[tokio::test]
async fn of_an_answer_each_sees_what_its_fields_allow() {
    tale()
        .await
        .tell(
            r#"
            ann     POST /queries/board {} -> 200 {"title": "2026", "figures": [1, null], "author": {"name": "Ann", "phone": "1"}}
            adam    POST /queries/board {} -> 200 {"title": "2026", "figures": [1, null], "salary": 7, "author": {"name": "Ann", "phone": "1"}}
            key     POST /queries/board {} -> 200 {"title": "2026", "figures": [1, null], "author": {"name": "Ann"}}
            lambda  POST /queries/board {} -> 200 {"title": "2026", "figures": [1, null], "author": {"name": "Ann"}}
            # The second function goes on with what the first has answered.
            eve     POST /queries/reports {} -> 200 [{"title": "2026", "figures": [1, null], "author": {"name": "Ann", "phone": "1"}}, {"title": "2026", "figures": [1, null], "author": {"name": "Ann", "phone": "1"}}]
            ann     POST /queries/reports {} -> 403
            # A record is shown as its model says, to those whom the model knows at all.
            ann     POST /queries/latest {} -> 200 {"id": "n1", "title": "t", "diary": "d", "open": "o", "owner": "ann"}
            bob     POST /queries/latest {} -> 200 {"id": "n1", "open": "o", "owner": "ann"}
            key     POST /queries/latest {} -> 200 null
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_handler_that_fails_tells_the_client_nothing() {
    let tale = tale().await;
    tale.tell(
        r#"
        ann  POST /mutations/fail {"how": "rejected"} -> 422
        ann  POST /mutations/fail {"how": "absent"} -> 404
        ann  POST /mutations/fail {"how": "forbidden"} -> 403
        ann  POST /mutations/fail {"how": "panic"} -> 500
        ann  POST /mutations/fail {} -> 500
        "#,
    )
    .await;
    for how in [r#"{"how": "panic"}"#, "{}"] {
        let answer = tale.call("ann", Method::POST, "/mutations/fail").text(how).await;
        assert_eq!(answer.body["detail"], "internal error", "{}", answer.text());
    }
    let rejected = tale.call("ann", Method::POST, "/mutations/fail").text(r#"{"how": "rejected"}"#).await;
    assert_eq!(rejected.body["detail"], "there is nothing to publish");
}

#[tokio::test]
async fn templates_and_rules_that_must_all_hold_admit_as_one() {
    let schema = r#"type Note @model @auth(rules: [
        { and: [{ allow: owner, ownerField: "tenant", identityClaim: "custom:tenant" }, { allow: groups, groups: ["editors"] }] }
        { allow: groups, groups: ["tenant-{custom:tenant}-readers"], operations: [read] }
    ]) { title: String tenant: String }"#;
    story(schema)
        .await
        .user("tina", json!({ "custom:tenant": "acme", "cognito:groups": ["editors"] }))
        .user("tom", json!({ "custom:tenant": "acme" }))
        .user("uma", json!({ "custom:tenant": "umbrella", "cognito:groups": ["editors"] }))
        .user("ron", json!({ "custom:tenant": "acme", "cognito:groups": ["tenant-acme-readers"] }))
        .user("rob", json!({ "custom:tenant": "umbrella", "cognito:groups": ["tenant-acme-readers"] }))
        .tell(
            r#"
            tina  POST /notes {"id": "n1", "title": "a"} -> 201 {"id": "n1", "title": "a", "tenant": "acme"}
            tina  POST /notes {"id": "n2", "tenant": "umbrella"} -> 403
            tom   POST /notes {"id": "n2"} -> 403
            eve   POST /notes {"id": "n2"} -> 403
            tina  GET /notes -> 200 [{"id": "n1", "title": "a", "tenant": "acme"}]
            uma   GET /notes -> 200 []
            uma   GET /notes/n1 -> 404
            uma   PATCH /notes/n1 {"title": "b"} -> 404
            tom   GET /notes -> 403
            ron   GET /notes -> 200 [{"id": "n1", "title": "a", "tenant": "acme"}]
            ron   PATCH /notes/n1 {"title": "b"} -> 403
            rob   GET /notes -> 403
            tina  PATCH /notes/n1 {"title": "b"} -> 200
            tina  DELETE /notes/n1 -> 204
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_function_that_nobody_registered_keeps_the_api_from_starting() {
    use portcullis::{TokenUse, Verifier, testkit::TestIssuer};
    use portcullis_data::{schema::Schema, testkit};

    let pool = TestIssuer::cognito();
    let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build().unwrap();
    let api =
        Api::new(Schema::parse(SCHEMA, "test.graphql").unwrap(), testkit::table().await.unwrap(), verifier);
    let api = api.unwrap().function("hello", hello).function("latest", latest);
    let error = portcullis_api::router(api.clone()).unwrap_err().to_string();
    assert_eq!(error, "nobody answers these functions of the schema: board, fail, publish, twice");
    let twice = portcullis_api::router(handlers(api)).unwrap_err().to_string();
    assert!(twice.contains("registered twice"), "{twice}");
}
