//! `operations`.

use super::story;

/// What a caller may do under a rule, by the names of the operations.
async fn granted(operations: &str) -> Vec<&'static str> {
    let schema = format!(
        r#"type Note @model @auth(rules: [
             {{ allow: groups, groups: ["editors"] }}
             {{ allow: private, {operations} }}
           ]) {{ title: String }}"#
    );
    let story = story(&schema).await;
    story.tell(r#"eve POST /notes {"id": "n1", "title": "a"} -> 201"#).await;
    let mut granted = Vec::new();
    for (operation, method, path, body, good) in [
        ("create", "POST", "/notes", Some("{}"), 201),
        ("get", "GET", "/notes/n1", None, 200),
        ("list", "GET", "/notes", None, 200),
        ("update", "PATCH", "/notes/n1", Some(r#"{"title": "b"}"#), 200),
        ("null", "PATCH", "/notes/n1", Some(r#"{"title": null}"#), 200),
        ("delete", "DELETE", "/notes/n1", None, 204),
    ] {
        let call = story.call("ann", method.parse().unwrap(), path);
        let answer = match body {
            Some(body) => call.text(body).await,
            None => call.await,
        };
        match answer.status.as_u16() {
            status if status == good => granted.push(operation),
            // Who may not read it does not learn that it exists, whatever else they ask of it.
            403 | 404 => {}
            status => panic!("{operations}: {operation} is {status}: {}", answer.text()),
        }
    }
    granted
}

#[tokio::test]
async fn an_operation_is_granted_by_its_name() {
    for (operations, expected) in [
        ("operations: [create]", &["create"][..]),
        ("operations: [get]", &["get"]),
        ("operations: [list]", &["list"]),
        ("operations: [read]", &["get", "list"]),
        ("operations: [update]", &["update"]),
        ("operations: [delete]", &["delete"]),
        ("operations: [sync]", &[]),
        ("operations: [listen]", &[]),
        ("operations: [search]", &[]),
        ("operations: []", &[]),
        // Removing the value of a field takes both.
        ("operations: [update, delete]", &["update", "null", "delete"]),
        ("operations: [create, read, update]", &["create", "get", "list", "update"]),
        (
            "operations: [create, read, update, delete]",
            &["create", "get", "list", "update", "null", "delete"],
        ),
    ] {
        assert_eq!(granted(operations).await, expected, "{operations}");
    }
}

#[tokio::test]
async fn whoever_may_write_and_not_read_gets_back_what_they_sent() {
    let schema = r#"type Note @model @auth(rules: [
        { allow: groups, groups: ["editors"] }
        { allow: private, operations: [create, update] }
    ]) { title: String text: String }"#;
    story(schema)
        .await
        .tell(
            r#"
            eve  POST /notes {"id": "n1", "title": "a", "text": "b"} -> 201
            ann  PATCH /notes/n1 {"title": "c"} -> 200 {"id": "n1", "title": "c"}
            ann  GET /notes/n1 -> 403
            ann  GET /notes -> 403
            ann  DELETE /notes/n1 -> 403
            "#,
        )
        .await;
}
