//! `allow: private`, `public` and `custom`, and the ways to come in.

use portcullis_api::Api;

use super::{
    story,
    story::{authorizer, story_with},
};

/// Who is admitted by a rule alone, of all callers.
async fn admitted(rule: &str) -> Vec<&'static str> {
    const CALLERS: [&str; 13] = [
        "nobody", "key", "ann", "eve", "olga", "omar", "member", "guest", "editor", "ops", "devops", "robot",
        "lambda",
    ];
    let story = story(&format!("type Note @model @auth(rules: [{rule}]) {{ title: String }}")).await;
    let mut admitted = Vec::new();
    for caller in CALLERS {
        let list = story.call(caller, http::Method::GET, "/notes").await.status.as_u16();
        let made = story.call(caller, http::Method::POST, "/notes").text("{}").await.status.as_u16();
        let refused = if caller == "nobody" { 401 } else { 403 };
        match (list, made) {
            (200, 201) => admitted.push(caller),
            statuses => assert_eq!(statuses, (refused, refused), "{rule}: {caller}"),
        }
    }
    admitted
}

#[tokio::test]
async fn each_provider_admits_those_who_came_in_by_it() {
    for (rule, expected) in [
        ("{ allow: private }", &["ann", "eve", "ops"][..]),
        ("{ allow: private, provider: userPools }", &["ann", "eve", "ops"]),
        ("{ allow: private, provider: oidc }", &["olga", "omar", "ops"]),
        // A member who has another role for their group is known by the pool.
        ("{ allow: private, provider: identityPool }", &["member", "editor", "ops"]),
        ("{ allow: private, provider: iam }", &["member", "editor", "ops"]),
        ("{ allow: public }", &["key", "ops"]),
        ("{ allow: public, provider: apiKey }", &["key", "ops"]),
        // Whoever has signed in is no guest.
        ("{ allow: public, provider: identityPool }", &["guest", "ops"]),
        ("{ allow: public, provider: iam }", &["guest", "ops"]),
        ("{ allow: custom }", &["ops", "lambda"]),
        ("{ allow: custom, provider: function }", &["ops", "lambda"]),
        ("{ allow: groups, groups: [\"editors\"], provider: oidc }", &["omar", "ops"]),
        ("{ allow: private } { allow: public } { allow: custom }", &["key", "ann", "eve", "ops", "lambda"]),
    ] {
        assert_eq!(admitted(rule).await, expected, "{rule}");
    }
}

#[tokio::test]
async fn a_gateway_that_is_not_trusted_tells_nothing() {
    let schema = "type Note @model @auth(rules: [
        { allow: private, provider: iam } { allow: public, provider: iam } { allow: custom }
    ]) { title: String }";
    let distrust = |api: Api| api.gateway(portcullis::TrustedGateway::new());
    story_with(schema, distrust)
        .await
        .tell(
            "
            member  GET /notes -> 401
            guest   GET /notes -> 401
            lambda  GET /notes -> 401
            ops     GET /notes -> 401
            ",
        )
        .await;
}

#[tokio::test]
async fn an_administrator_is_asked_nothing_where_there_are_rules() {
    let schema = r#"
        type Note @model @auth(rules: [{ allow: owner, operations: [read] }]) {
          title: String
          secret: String @auth(rules: [{ allow: groups, groups: ["nobody"], operations: [read] }])
        }
        type Closed @model { title: String }
    "#;
    story(schema)
        .await
        .tell(
            r#"
            ops     POST /notes {"id": "n1", "title": "a", "secret": "s"} -> 201 {"id": "n1", "title": "a", "secret": "s"}
            ops     GET /notes -> 200 [{"id": "n1", "title": "a", "secret": "s"}]
            ops     PATCH /notes/n1 {"secret": null} -> 200 {"id": "n1", "title": "a"}
            # The whole name counts, not a part of it.
            devops  GET /notes -> 403
            robot   GET /notes -> 403
            ops     GET /closeds -> 403
            ops     DELETE /notes/n1 -> 204
            "#,
        )
        .await;
}

#[tokio::test]
async fn access_for_the_account_leaves_identities_of_a_pool_to_the_rules() {
    let schema = "
        type Note @model @auth(rules: [{ allow: owner }]) { title: String }
        type Closed @model { title: String }
    ";
    story_with(schema, |api| api.authorizer(authorizer().admit_account()))
        .await
        .tell(
            r#"
            robot   POST /notes {"id": "n1", "title": "a"} -> 201 {"id": "n1", "title": "a"}
            robot   GET /notes -> 200 [{"id": "n1", "title": "a"}]
            robot   POST /closeds {"id": "c1"} -> 201
            robot   DELETE /closeds/c1 -> 204
            member  GET /notes -> 403
            guest   GET /notes -> 403
            editor  GET /notes -> 403
            ann     GET /notes -> 200 []
            lambda  GET /notes -> 403
            "#,
        )
        .await;
}
