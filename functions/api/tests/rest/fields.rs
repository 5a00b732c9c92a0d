//! Fields with rules of their own, over HTTP: who is shown a field, who may write it, and how the answer says so.

use std::fmt::Write;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Caller, House};

const CALLERS: [Caller; 5] = [Caller::Key, Caller::Ann, Caller::Bob, Caller::Eve, Caller::Adam];

/// Everybody reads things; owners write theirs, editors all, and members of a team those of the team. The secret is for
/// its own rules.
fn things(rules_of_secret: &str) -> String {
    format!(
        r#"type Thing @model @auth(rules: [
             {{ allow: private, operations: [read] }}
             {{ allow: public, operations: [read] }}
             {{ allow: owner }}
             {{ allow: groups, groups: ["editors"] }}
             {{ allow: groups, groupsField: "teams" }}
           ]) {{
             name: String
             teams: [String]
             secret: String @auth(rules: [{rules_of_secret}])
           }}"#
    )
}

/// The table of the secret of an item of ann's, which the team of admins shares. Each row is a caller with a house of
/// their own. `get` and `list` say whether the answer holds the secret; `set` and `null` are the statuses of a `PATCH` of
/// it alone, `other` that of another field, `post` that of a new item with a secret.
async fn table(rules_of_secret: &str, author: Caller) -> String {
    let mut table = String::from("\n                get list set null other post delete\n");
    for caller in CALLERS {
        let house = House::new(&things(rules_of_secret)).await;
        let item = house.create(Caller::Ann, "/things", &json!({ "name": "a", "teams": ["admins"] })).await;
        let planted = house.call(author, Method::PATCH, &item).json(&json!({ "secret": "s" })).await;
        assert_eq!(planted.status, StatusCode::OK, "{}", planted.body);

        let get = shown(&house.call(caller, Method::GET, &item).await);
        let list = shown(&house.call(caller, Method::GET, "/things").await);
        let send = async |method: Method, path: &str, body: Value| {
            house.call(caller, method, path).json(&body).await.status.as_u16()
        };
        let set = send(Method::PATCH, &item, json!({ "secret": "t" })).await;
        let null = send(Method::PATCH, &item, json!({ "secret": null })).await;
        let other = send(Method::PATCH, &item, json!({ "name": "b" })).await;
        let post = send(Method::POST, "/things", json!({ "secret": "u" })).await;
        let delete = house.call(caller, Method::DELETE, &item).await.status.as_u16();
        let name = caller.to_string();
        writeln!(table, "{name:15} {get:3} {list:4} {set} {null}  {other}   {post}  {delete}").unwrap();
    }
    table
}

/// Whether the one item of the answer holds the secret.
fn shown(answer: &Answer) -> &'static str {
    assert_eq!(answer.status, StatusCode::OK);
    let item = answer.body.pointer("/items/0").unwrap_or(&answer.body);
    assert!(item["name"].is_string() && item["id"].is_string(), "what is open to all is there: {item}");
    if item.get("secret").is_some() { "yes" } else { "no" }
}

#[tokio::test]
async fn a_secret_of_the_owner() {
    let expected = "
                get list set null other post delete
the api key     no  no   403 403  403   403  403
ann             yes yes  200 200  200   201  204
bob             no  no   403 403  403   201  403
eve of editors  no  no   403 403  200   201  403
adam of admins  no  no   403 403  200   201  403
";
    assert_eq!(table("{ allow: owner }", Caller::Ann).await, expected);
}

#[tokio::test]
async fn a_secret_of_a_group() {
    let expected = "
                get list set null other post delete
the api key     no  no   403 403  403   403  403
ann             no  no   403 403  200   403  403
bob             no  no   403 403  403   403  403
eve of editors  yes yes  200 200  200   201  204
adam of admins  no  no   403 403  200   403  403
";
    assert_eq!(table(r#"{ allow: groups, groups: ["editors"] }"#, Caller::Eve).await, expected);
}

#[tokio::test]
async fn a_secret_of_the_team_that_the_item_names() {
    let expected = "
                get list set null other post delete
the api key     no  no   403 403  403   403  403
ann             no  no   403 403  200   403  403
bob             no  no   403 403  403   403  403
eve of editors  no  no   403 403  200   403  403
adam of admins  yes yes  200 200  200   403  204
";
    assert_eq!(table(r#"{ allow: groups, groupsField: "teams" }"#, Caller::Adam).await, expected);
}

#[tokio::test]
async fn a_field_that_everybody_reads_and_the_owner_writes() {
    let expected = "
                get list set null other post delete
the api key     yes yes  403 403  403   403  403
ann             yes yes  200 200  200   201  204
bob             no  no   403 403  403   201  403
eve of editors  no  no   403 403  200   201  403
adam of admins  no  no   403 403  200   201  403
";
    let rules = "{ allow: public, operations: [read] } { allow: owner }";
    assert_eq!(table(rules, Caller::Ann).await, expected);
}

#[tokio::test]
async fn a_field_that_whoever_signed_in_sets_and_its_owner_removes() {
    let expected = "
                get list set null other post delete
the api key     no  no   403 403  403   403  403
ann             yes yes  200 200  200   201  204
bob             yes yes  200 403  403   201  403
eve of editors  yes yes  200 403  200   201  403
adam of admins  yes yes  200 403  200   201  403
";
    let rules = "{ allow: private, operations: [create, read, update] } { allow: owner }";
    assert_eq!(table(rules, Caller::Bob).await, expected);
}

#[tokio::test]
async fn a_field_that_nobody_may_remove_keeps_the_item_as_well() {
    let expected = "
                get list set null other post delete
the api key     no  no   403 403  403   403  403
ann             yes yes  200 403  200   201  403
bob             no  no   403 403  403   201  403
eve of editors  yes yes  403 403  200   201  403
adam of admins  no  no   403 403  200   201  403
";
    let rules = r#"{ allow: owner, operations: [create, read, update] }
                   { allow: groups, groups: ["editors"], operations: [read] }"#;
    assert_eq!(table(rules, Caller::Ann).await, expected);
}

const TASKS: &str = r#"
type Task @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["editors"] }]) {
  title: String!
  owner: String @auth(rules: [{ allow: owner, operations: [read, delete] }, { allow: groups, groups: ["editors"] }])
  grade: Int @auth(rules: [{ allow: groups, groups: ["editors"] }, { allow: owner, operations: [read, delete] }])
}
"#;

#[tokio::test]
async fn an_owner_keeps_what_is_theirs_by_a_rule_on_the_owner_field() {
    let house = House::new(TASKS).await;
    let task = house.create(Caller::Ann, "/tasks", &json!({ "title": "t" })).await;
    let owner = house.call(Caller::Ann, Method::GET, &task).await.body["owner"].clone();
    assert_eq!(owner, Caller::Ann.sub());
    for sent in [owner, Caller::Ann.owner().into(), Caller::Bob.owner().into(), Value::Null] {
        let answer = house.call(Caller::Ann, Method::PATCH, &task).json(&json!({ "owner": sent })).await;
        assert_eq!(
            (answer.status, &answer.body["fields"]),
            (StatusCode::FORBIDDEN, &json!(["owner"])),
            "{sent}"
        );
    }
    let named = json!({ "title": "t", "owner": Caller::Ann.owner() });
    assert_eq!(
        house.call(Caller::Ann, Method::POST, "/tasks").json(&named).await.status,
        StatusCode::FORBIDDEN
    );

    let given =
        house.call(Caller::Eve, Method::PATCH, &task).json(&json!({ "owner": Caller::Bob.owner() })).await;
    assert_eq!(given.status, StatusCode::OK);
    assert_eq!(house.call(Caller::Ann, Method::GET, &task).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.call(Caller::Bob, Method::DELETE, &task).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_refusal_names_the_fields_and_nothing_is_written() {
    let house = House::new(TASKS).await;
    let task = house.create(Caller::Ann, "/tasks", &json!({ "title": "t" })).await;
    let before = house.call(Caller::Ann, Method::GET, &task).await;
    let changes = json!({ "title": "u", "grade": 1, "owner": "me" });
    let answer = house.call(Caller::Ann, Method::PATCH, &task).json(&changes).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let expected = json!({
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "not allowed with these fields",
        "errors": [
            { "field": "grade", "problem": "may not be set by you" },
            { "field": "owner", "problem": "may not be set by you" },
        ],
        "fields": ["grade", "owner"],
    });
    assert_eq!(answer.body, expected);
    let after = house.call(Caller::Ann, Method::GET, &task).await;
    assert_eq!((&after.body, after.header("etag")), (&before.body, before.header("etag")));

    let hidden = house.call(Caller::Bob, Method::PATCH, &task).json(&changes).await;
    assert_eq!(
        hidden.status,
        StatusCode::NOT_FOUND,
        "whoever may not see the item hears nothing of its fields"
    );
}

#[tokio::test]
async fn the_tag_is_that_of_the_whole_item_for_every_reader() {
    let house = House::new(&things("{ allow: owner }")).await;
    let item = house.create(Caller::Ann, "/things", &json!({ "name": "a", "secret": "s" })).await;
    let full = house.call(Caller::Ann, Method::GET, &item).await;
    let reduced = house.call(Caller::Bob, Method::GET, &item).await;
    assert_eq!(full.header("etag"), reduced.header("etag"));
    let tag = reduced.header("etag").unwrap();

    // Eve writes under the tag of an item that she was shown in part.
    let patched =
        house.call(Caller::Eve, Method::PATCH, &item).header("if-match", tag).json(&json!({ "name": "b" }));
    let patched = patched.await;
    assert_eq!((patched.status, patched.body.get("secret")), (StatusCode::OK, None));
    let kept = house.call(Caller::Ann, Method::GET, &item).await;
    assert_eq!((&kept.body["name"], &kept.body["secret"]), (&json!("b"), &json!("s")));
    let unchanged = house.call(Caller::Bob, Method::GET, &item).header("if-none-match", tag).await;
    assert_eq!(unchanged.status, StatusCode::OK);
}

#[tokio::test]
async fn the_description_requires_no_field_that_may_be_left_out() {
    let house = House::new(
        r#"type Thing @model @auth(rules: [{ allow: private }, { allow: public, operations: [read] }]) {
             name: String!
             label: String! @auth(rules: [{ allow: private }, { allow: public, operations: [read] }])
             "For few eyes."
             secret: String @auth(rules: [{ allow: private }])
           }
           type Other @model @auth(rules: [{ allow: private }]) { name: String! }"#,
    )
    .await;
    let document = house.call(Caller::Nobody, Method::GET, "/openapi.json").await.body;
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Thing"]["required"], json!(["name", "id", "createdAt", "updatedAt"]));
    assert_eq!(
        schemas["Thing"]["properties"]["secret"]["description"],
        "For few eyes.\n\nLeft out for whoever may not read it."
    );
    assert_eq!(schemas["Thing.Input"]["required"], json!(["name", "label"]));
    assert_eq!(schemas["Other"]["required"], json!(["name", "id", "createdAt", "updatedAt"]));
    let key = json!({ "apiKey": [] });
    let paths = &document["paths"]["/things"];
    assert!(paths["get"]["security"].as_array().unwrap().contains(&key));
    assert!(!paths["post"]["security"].as_array().unwrap().contains(&key));
}
