//! Rules of single fields, which replace those of the model. The tables of who is shown a field are in `tests/rest/fields.rs`.

use super::story;

#[tokio::test]
async fn rules_of_a_field_replace_those_of_the_model() {
    let schema = r#"type Note @model @auth(rules: [{ allow: private }, { allow: groups, groups: ["editors"] }]) {
        title: String
        grade: String @auth(rules: [{ allow: groups, groups: ["editors"] }, { allow: private, operations: [read] }])
    }"#;
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /notes {"id": "n1", "title": "a"} -> 403 ["id"]
            ann  POST /notes {"title": "a"} -> 201
            ann  POST /notes {"title": "a", "grade": "A"} -> 403 ["grade"]
            eve  PATCH /notes/* {"grade": "B"} -> 200
            ann  PATCH /notes/* {"title": "b", "grade": "A"} -> 403 ["grade"]
            # Nothing of a refused request is written.
            ann  PATCH /notes/* {"title": "b"} -> 200
            ann  PATCH /notes/* {"title": null} -> 200
            ann  PATCH /notes/* {"grade": null} -> 403 ["grade"]
            # Who may not delete the field may not delete the record.
            ann  DELETE /notes/* -> 403
            eve  DELETE /notes/* -> 204
            "#,
        )
        .await;
}

#[tokio::test]
async fn what_may_not_be_read_is_left_out_of_every_answer() {
    let schema = r#"type Note @model @auth(rules: [{ allow: owner }, { allow: private, operations: [read, update] }]) {
        id: ID!
        title: String
        diary: String @auth(rules: [{ allow: owner }])
    }"#;
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /notes {"id": "n1", "title": "a", "diary": "d"} -> 201 {"id": "n1", "title": "a", "diary": "d", "owner": "ann"}
            ann  GET /notes -> 200 [{"id": "n1", "title": "a", "diary": "d", "owner": "ann"}]
            bob  GET /notes/n1 -> 200 {"id": "n1", "title": "a", "owner": "ann"}
            bob  GET /notes -> 200 [{"id": "n1", "title": "a", "owner": "ann"}]
            bob  PATCH /notes/n1 {"title": "b"} -> 200 {"id": "n1", "title": "b", "owner": "ann"}
            bob  PATCH /notes/n1 {"diary": "mine"} -> 403 ["diary"]
            ann  PATCH /notes/n1 {"title": "c"} -> 200 {"id": "n1", "title": "c", "diary": "d", "owner": "ann"}
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_model_without_rules_is_closed() {
    let closed = "type Note @model { title: String }";
    story(closed)
        .await
        .tell(
            r#"
            ann    POST /notes {"title": "a"} -> 403
            eve    GET /notes -> 403
            key    GET /notes -> 403
            ops    GET /notes -> 403
            nobody GET /notes -> 401
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_default_is_sent_in_the_name_of_whoever_makes_the_record() {
    let schema = r#"type Note @model @auth(rules: [{ allow: groups, groups: ["editors"] }]) {
        title: String @auth(rules: [{ allow: groups, groups: ["editors"] }, { allow: private, operations: [create, read] }])
        kind: String @default(value: "plain")
    }"#;
    story(schema)
        .await
        .tell(
            r#"
            eve  POST /notes {"id": "n1", "title": "a"} -> 201 {"id": "n1", "title": "a", "kind": "plain"}
            ann  POST /notes {"title": "a"} -> 403 ["kind"]
            ann  POST /notes {"title": "a", "kind": "other"} -> 403 ["kind"]
            "#,
        )
        .await;
}
