//! `allow: groups`.

use serde_json::json;

use super::story;

#[tokio::test]
async fn a_static_group_is_in_the_token() {
    let schema = r#"type Note @model @auth(rules: [{ allow: groups, groups: ["editors", "admins"] }]) { title: String }"#;
    story(schema)
        .await
        .user("stray", json!({ "cognito:groups": "editors" }))
        .user("super", json!({ "cognito:groups": "supereditors" }))
        .user("odd", json!({ "cognito:groups": [["editors"], { "editors": true }, 7] }))
        .tell(
            r#"
            eve    POST /notes {"id": "n1", "title": "a"} -> 201 {"id": "n1", "title": "a"}
            adam   GET /notes/n1 -> 200 {"id": "n1", "title": "a"}
            adam   PATCH /notes/n1 {"title": null} -> 200 {"id": "n1"}
            ann    GET /notes -> 403
            ann    POST /notes {"title": "a"} -> 403
            # A claim that is one word is one group, and not a text in which to look for one.
            stray  GET /notes -> 200 [{"id": "n1"}]
            super  GET /notes -> 403
            odd    GET /notes -> 403
            omar   GET /notes -> 403
            key    GET /notes -> 403
            adam   DELETE /notes/n1 -> 204
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_rule_names_the_claim_that_lists_the_groups() {
    let schema = r#"type Note @model @auth(rules: [{ allow: groups, groups: ["staff"], groupClaim: "custom:roles" }]) { title: String }"#;
    story(schema)
        .await
        .user("sam", json!({ "custom:roles": ["staff"] }))
        .user("kim", json!({ "custom:roles": r#"["staff", "night"]"# }))
        .user("ned", json!({ "custom:roles": ["nightstaff"], "cognito:groups": ["staff"] }))
        .tell(
            r#"
            sam  POST /notes {"id": "n1"} -> 201
            sam  GET /notes/n1 -> 200
            ned  GET /notes/n1 -> 403
            ann  GET /notes -> 403
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_record_names_its_group() {
    let schema = r#"type Note @model @auth(rules: [{ allow: groups, groupsField: "team" }]) { title: String team: String }"#;
    story(schema)
        .await
        .tell(
            r#"
            eve   POST /notes {"id": "n1", "team": "editors"} -> 201 {"id": "n1", "team": "editors"}
            eve   POST /notes {"id": "n2", "team": "admins"} -> 403
            eve   POST /notes {"id": "n2"} -> 403
            eve   POST /notes {"id": "n2", "team": null} -> 403
            ann   POST /notes {"id": "n2", "team": "editors"} -> 403
            eve   GET /notes -> 200 [{"id": "n1", "team": "editors"}]
            adam  GET /notes -> 200 []
            adam  GET /notes/n1 -> 404
            adam  PATCH /notes/n1 {"team": "admins"} -> 404
            # The record decides as it is stored, so that a member may hand it over.
            eve   PATCH /notes/n1 {"team": "admins"} -> 200
            eve   GET /notes/n1 -> 404
            adam  GET /notes/n1 -> 200 {"id": "n1", "team": "admins"}
            adam  DELETE /notes/n1 -> 204
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_record_names_several_groups() {
    let schema = r#"type Note @model @auth(rules: [
        { allow: groups, groupsField: "teams" }
        { allow: groups, groupsField: "readers", operations: [read] }
    ]) { title: String teams: [String] readers: [String] }"#;
    story(schema)
        .await
        .tell(
            r#"
            eve   POST /notes {"id": "n1", "teams": ["editors", "writers"], "readers": ["admins"]} -> 201
            adam  GET /notes -> 200 [{"id": "n1", "teams": ["editors", "writers"], "readers": ["admins"]}]
            adam  PATCH /notes/n1 {"title": "b"} -> 403
            adam  DELETE /notes/n1 -> 403
            ann   GET /notes/n1 -> 403
            eve   PATCH /notes/n1 {"readers": []} -> 200 {"id": "n1", "teams": ["editors", "writers"], "readers": []}
            adam  GET /notes/n1 -> 404
            eve   DELETE /notes/n1 -> 204
            "#,
        )
        .await;
}

#[tokio::test]
async fn groups_of_another_issuer_are_its_own() {
    let schema = r#"type Note @model @auth(rules: [{ allow: groups, groups: ["editors"], provider: oidc }]) { title: String }"#;
    story(schema)
        .await
        .tell(
            r#"
            omar  POST /notes {"id": "n1"} -> 201
            omar  GET /notes/n1 -> 200
            olga  GET /notes/n1 -> 403
            eve   GET /notes/n1 -> 403
            "#,
        )
        .await;
}
