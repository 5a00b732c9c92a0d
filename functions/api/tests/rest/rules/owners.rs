//! `allow: owner`.

use serde_json::json;

use super::story;

#[tokio::test]
async fn an_owner_is_filled_in_and_keeps_others_out() {
    let story = story("type Note @model @auth(rules: [{ allow: owner }]) { title: String }").await;
    story
        .tell(
            r#"
            ann  POST /notes {"id": "n1", "title": "a"} -> 201 {"id": "n1", "title": "a", "owner": "ann"}
            ann  GET /notes/n1 -> 200 {"id": "n1", "title": "a", "owner": "ann"}
            ann  GET /notes -> 200 [{"id": "n1", "title": "a", "owner": "ann"}]
            ann  PATCH /notes/n1 {"title": "b"} -> 200 {"id": "n1", "title": "b", "owner": "ann"}
            # Others do not even learn that it exists.
            bob  GET /notes/n1 -> 404
            bob  GET /notes -> 200 []
            bob  PATCH /notes/n1 {"title": "c"} -> 404
            bob  DELETE /notes/n1 -> 404
            # An owner field that the type does not declare is in no input.
            ann  POST /notes {"title": "a", "owner": "u-ann::ann"} -> 422 ["owner"]
            ann  PATCH /notes/n1 {"owner": "u-bob::bob"} -> 422 ["owner"]
            # Other ways to come in are closed before any record is looked at.
            olga    GET /notes -> 403
            key     GET /notes -> 403
            member  GET /notes -> 403
            lambda  GET /notes -> 403
            nobody  GET /notes -> 401
            ann  DELETE /notes/n1 -> 204
            ann  GET /notes/n1 -> 404
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_declared_owner_may_be_named_left_out_and_given_away() {
    let schema = "type Note @model @auth(rules: [{ allow: owner }]) { title: String owner: String }";
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /notes {"id": "n1", "owner": "u-ann::ann"} -> 201 {"id": "n1", "owner": "ann"}
            ann  POST /notes {"id": "n2", "owner": "u-ann"} -> 201 {"id": "n2", "owner": "u-ann"}
            ann  POST /notes {"id": "n3", "owner": "u-bob::bob"} -> 403
            # A null is not silence: nobody would own the note.
            ann  POST /notes {"id": "n4", "owner": null} -> 403
            ann  POST /notes {"id": "n5", "owner": ""} -> 403
            # Who owns a note may give it away, and then no longer has it.
            ann  PATCH /notes/n1 {"owner": "u-bob::bob"} -> 200
            ann  GET /notes/n1 -> 404
            bob  GET /notes/n1 -> 200 {"id": "n1", "owner": "bob"}
            "#,
        )
        .await;
}

#[tokio::test]
async fn ownership_is_protected_by_rules_of_the_owner_field() {
    let schema = "type Note @model @auth(rules: [{ allow: owner }]) {
        title: String
        owner: String @auth(rules: [{ allow: owner, operations: [read, delete] }])
    }";
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /notes {"title": "a"} -> 201
            ann  PATCH /notes/* {"title": "b"} -> 200
            ann  PATCH /notes/* {"owner": "u-bob::bob"} -> 403 ["owner"]
            ann  PATCH /notes/* {"title": "c", "owner": "u-ann::ann"} -> 403 ["owner"]
            ann  DELETE /notes/* -> 204
            ann  POST /notes {"title": "a", "owner": "u-ann::ann"} -> 403 ["owner"]
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_list_names_several_owners() {
    let schema = r#"type Note @model @auth(rules: [{ allow: owner, ownerField: "authors" }]) {
        title: String
        authors: [String]
    }"#;
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /notes {"id": "n1"} -> 201 {"id": "n1", "authors": ["ann"]}
            ann  POST /notes {"id": "n2", "authors": ["u-bob::bob", "u-ann::ann"]} -> 201 {"id": "n2", "authors": ["bob", "ann"]}
            ann  POST /notes {"id": "n3", "authors": ["u-bob::bob"]} -> 403
            ann  POST /notes {"id": "n3", "authors": []} -> 403
            ann  POST /notes {"id": "n3", "authors": null} -> 403
            bob  GET /notes -> 200 [{"id": "n2", "authors": ["bob", "ann"]}]
            bob  PATCH /notes/n2 {"title": "b"} -> 200 {"id": "n2", "title": "b", "authors": ["bob", "ann"]}
            eve  GET /notes/n2 -> 404
            bob  PATCH /notes/n2 {"authors": ["u-eve::eve"]} -> 200
            eve  GET /notes/n2 -> 200 {"id": "n2", "title": "b", "authors": ["eve"]}
            ann  GET /notes/n2 -> 404
            "#,
        )
        .await;
}

#[tokio::test]
async fn an_owner_is_known_by_the_claim_that_the_rule_names() {
    let schema = r#"
        type Draft @model @auth(rules: [{ allow: owner, identityClaim: "username" }]) { title: String }
        type Order @model @auth(rules: [{ allow: owner, ownerField: "tenant", identityClaim: "custom:tenant" }]) { title: String }
        type Pair @model @auth(rules: [{ allow: owner, identityClaim: "custom:tenant::sub" }]) { title: String owner: String }
    "#;
    story(schema)
        .await
        .user("tina", json!({ "custom:tenant": "acme" }))
        .user("tom", json!({ "custom:tenant": "acme" }))
        .user("uma", json!({ "custom:tenant": "umbrella" }))
        .user("nina", json!({ "custom:tenant": "" }))
        .user("liz", json!({ "custom:tenant": ["acme"] }))
        .tell(
            r#"
            tina  POST /drafts {"id": "d1"} -> 201 {"id": "d1", "owner": "tina"}
            tom   GET /drafts/d1 -> 404
            # Everybody of a tenant shares its orders.
            tina  POST /orders {"id": "o1"} -> 201 {"id": "o1", "tenant": "acme"}
            tom   GET /orders/o1 -> 200 {"id": "o1", "tenant": "acme"}
            tom   PATCH /orders/o1 {"title": "b"} -> 200 {"id": "o1", "title": "b", "tenant": "acme"}
            uma   GET /orders/o1 -> 404
            uma   GET /orders -> 200 []
            # Without the claim, or with something that is no name, nobody owns or makes anything.
            ann   POST /orders {"id": "o2"} -> 403
            ann   GET /orders -> 403
            nina  POST /orders {"id": "o2"} -> 403
            liz   POST /orders {"id": "o2"} -> 403
            liz   GET /orders/o1 -> 403
            # Of a claim of several parts, any part reads and writes, and all of it is stored.
            tina  POST /pairs {"id": "p1"} -> 201 {"id": "p1", "owner": "u-tina"}
            tom   GET /pairs/p1 -> 404
            tina  POST /pairs {"id": "p2", "owner": "acme"} -> 201 {"id": "p2", "owner": "acme"}
            tom   GET /pairs/p2 -> 200 {"id": "p2", "owner": "acme"}
            tom   PATCH /pairs/p2 {"title": "b"} -> 200
            uma   GET /pairs/p2 -> 404
            "#,
        )
        .await;
}

#[tokio::test]
async fn two_owner_rules_are_alternatives_and_both_fill_in() {
    let schema = r#"type Note @model @auth(rules: [
        { allow: owner }
        { allow: owner, ownerField: "author", operations: [create, read] }
    ]) { title: String owner: String author: String }"#;
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /notes {"id": "n1"} -> 201 {"id": "n1", "owner": "ann", "author": "ann"}
            # One field left out admits, even if the other names somebody else.
            ann  POST /notes {"id": "n2", "owner": "u-bob::bob"} -> 201 {"id": "n2", "owner": "bob", "author": "ann"}
            ann  GET /notes/n2 -> 200 {"id": "n2", "owner": "bob", "author": "ann"}
            ann  PATCH /notes/n2 {"title": "b"} -> 403
            bob  PATCH /notes/n2 {"title": "b"} -> 200
            ann  POST /notes {"id": "n3", "owner": "u-bob::bob", "author": "u-bob::bob"} -> 403
            "#,
        )
        .await;
}

#[tokio::test]
async fn somebody_whom_another_rule_admits_may_set_any_owner() {
    let schema = r#"type Note @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["editors"] }]) {
        title: String
        owner: String
    }"#;
    story(schema)
        .await
        .tell(
            r#"
            eve  POST /notes {"id": "n1"} -> 201 {"id": "n1", "owner": "eve"}
            eve  POST /notes {"id": "n2", "owner": "u-bob::bob"} -> 201 {"id": "n2", "owner": "bob"}
            eve  POST /notes {"id": "n3", "owner": null} -> 201 {"id": "n3"}
            eve  GET /notes/n3 -> 200 {"id": "n3"}
            bob  GET /notes -> 200 [{"id": "n2", "owner": "bob"}]
            ann  GET /notes/n3 -> 404
            "#,
        )
        .await;
}

#[tokio::test]
async fn owners_of_another_issuer_are_others() {
    let schema = "type Note @model @auth(rules: [{ allow: owner, provider: oidc, identityClaim: \"sub\" }]) { title: String }";
    story(schema)
        .await
        .user("olga", json!({ "sub": "o-olga" }))
        .tell(
            r#"
            omar  POST /notes {"id": "n1"} -> 201 {"id": "n1", "owner": "o-omar"}
            omar  GET /notes/n1 -> 200
            # A user of the pool with the same name is somebody else.
            olga  GET /notes -> 403
            ann   POST /notes {"title": "a"} -> 403
            "#,
        )
        .await;
}
