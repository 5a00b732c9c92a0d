//! Keys of a model's own, indexes, and owners and groups that are part of them.

use super::story;

#[tokio::test]
async fn a_record_is_found_by_each_field_of_its_key() {
    let schema = r#"type Order @model @auth(rules: [{ allow: owner }]) {
        customer: ID! @primaryKey(sortKeyFields: ["day", "number"])
        day: AWSDate!
        number: Int!
        note: String
    }"#;
    let story = story(schema).await;
    story
        .tell(
            r#"
            ann  POST /orders {"customer": "c 7", "day": "2026-01-31", "number": 12} -> 201 {"customer": "c 7", "day": "2026-01-31", "number": 12, "owner": "ann"}
            ann  POST /orders {"customer": "c 7", "day": "2026-01-31", "number": 12} -> 409
            ann  POST /orders {"customer": "c 7", "day": "2026-01-31"} -> 422 ["number"]
            ann  GET /orders/c%207/2026-01-31/12 -> 200 {"customer": "c 7", "day": "2026-01-31", "number": 12, "owner": "ann"}
            ann  PATCH /orders/c%207/2026-01-31/12 {"note": "n"} -> 200
            # The key may be sent along, and never changes.
            ann  PATCH /orders/c%207/2026-01-31/12 {"customer": "c 7", "note": "m"} -> 200
            ann  PATCH /orders/c%207/2026-01-31/12 {"customer": "c8"} -> 422 ["customer"]
            bob  GET /orders/c%207/2026-01-31/12 -> 404
            bob  DELETE /orders/c%207/2026-01-31/12 -> 404
            # What is no key names nothing.
            ann  GET /orders/c%207/2026-01-31/twelve -> 404
            ann  GET /orders/c%207/2026-01-31 -> 404
            ann  GET /orders/c%207/2026-01-31/12/13 -> 404
            ann  DELETE /orders/c%207/2026-01-31/12 -> 204
            ann  GET /orders/c%207/2026-01-31/12 -> 404
            "#,
        )
        .await;
    let body = r#"{"customer": "c/7", "day": "2026-01-31", "number": -3}"#;
    let made = story.call("ann", http::Method::POST, "/orders").text(body).await;
    assert_eq!((made.status.as_u16(), made.fields()), (422, vec!["customer".to_owned()]), "{}", made.text());
    let body = r#"{"customer": "c+7", "day": "2026-01-31", "number": -3}"#;
    let made = story.call("ann", http::Method::POST, "/orders").text(body).await;
    assert_eq!(made.location(), Some("/orders/c%2B7/2026-01-31/-3"), "{}", made.text());
    assert_eq!(story.call("ann", http::Method::GET, made.location().unwrap()).await.status, 200);
}

#[tokio::test]
async fn part_of_a_key_is_asked_for_in_the_order_of_the_rest() {
    let schema = r#"type Event @model @auth(rules: [{ allow: private }]) {
        place: ID! @primaryKey(sortKeyFields: ["day", "hour"])
        day: AWSDate!
        hour: Int!
    }"#;
    let hours = |hours: &[(u8, u8)]| {
        let event = |(day, hour): &(u8, u8)| {
            format!(r#"{{"place": "hall", "day": "2026-01-{day:02}", "hour": {hour}}}"#)
        };
        hours.iter().map(event).collect::<Vec<_>>().join(", ")
    };
    let story = story(schema).await;
    for (day, hour) in [(2, 9), (1, 9), (1, 18), (2, 11), (1, 100)] {
        story.tell(&format!("ann POST /events {} -> 201", hours(&[(day, hour)]))).await;
    }
    story.tell(r#"ann POST /events {"place": "yard", "day": "2026-01-01", "hour": 9} -> 201"#).await;
    for (query, expected) in [
        ("place=hall", &[(1, 9), (1, 18), (1, 100), (2, 9), (2, 11)][..]),
        ("place=hall&sortDirection=DESC", &[(2, 11), (2, 9), (1, 100), (1, 18), (1, 9)]),
        ("place=hall&day=2026-01-01", &[(1, 9), (1, 18), (1, 100)]),
        ("place=hall&day.ge=2026-01-02", &[(2, 9), (2, 11)]),
        ("place=hall&day.lt=2026-01-02", &[(1, 9), (1, 18), (1, 100)]),
        ("place=hall&day=2026-01-01&hour=18", &[(1, 18)]),
        ("place=hall&day=2026-01-01&hour.ge=18", &[(1, 18), (1, 100)]),
        ("place=hall&day=2026-01-01&hour.le=18", &[(1, 9), (1, 18)]),
        ("place=hall&day=2026-01-01&hour.ge=10&hour.le=99", &[(1, 18)]),
        ("place=hall&day.beginsWith=2026-01-0", &[(1, 9), (1, 18), (1, 100), (2, 9), (2, 11)]),
        ("place=nowhere", &[]),
    ] {
        story.tell(&format!("ann GET /events?{query} -> 200 [{}]", hours(expected))).await;
    }
    story
        .tell(
            "
            ann GET /events?day=2026-01-01 -> 400
            ann GET /events?place=hall&hour=9 -> 400
            ann GET /events?place=hall&day=yesterday -> 400
            ann GET /events?place=hall&limit=0 -> 400
            key GET /events?place=hall -> 403
            ",
        )
        .await;
    let page = story.call("ann", http::Method::GET, "/events?place=hall&limit=3").await;
    let token = page.body["nextToken"].as_str().unwrap();
    let next =
        story.call("ann", http::Method::GET, &format!("/events?place=hall&limit=3&nextToken={token}")).await;
    assert_eq!(
        (page.body["items"].as_array().unwrap().len(), next.body["items"].as_array().unwrap().len()),
        (3, 2)
    );
    assert!(next.body["nextToken"].is_null());
    let moved = story.call("ann", http::Method::GET, &format!("/events?place=yard&nextToken={token}")).await;
    assert_eq!(moved.status, 400, "a token is for the list that it came from");
}

#[tokio::test]
async fn an_index_finds_what_the_caller_may_see() {
    let schema = r#"type Note @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["editors"], operations: [read] }]) {
        id: ID!
        topic: String @index(name: "byTopic", sortKeyFields: ["day"])
        day: AWSDate
    }"#;
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /notes {"id": "n1", "topic": "tea", "day": "2026-01-02"} -> 201
            bob  POST /notes {"id": "n2", "topic": "tea", "day": "2026-01-01"} -> 201
            ann  POST /notes {"id": "n3", "topic": "oats", "day": "2026-01-01"} -> 201
            ann  POST /notes {"id": "n4", "topic": "tea"} -> 201
            ann  GET /notes?index=byTopic&topic=tea -> 200 [{"id": "n1", "topic": "tea", "day": "2026-01-02", "owner": "ann"}]
            eve  GET /notes?index=byTopic&topic=tea -> 200 [{"id": "n2", "topic": "tea", "day": "2026-01-01", "owner": "bob"}, {"id": "n1", "topic": "tea", "day": "2026-01-02", "owner": "ann"}]
            eve  GET /notes?index=byTopic&topic=tea&day.gt=2026-01-01 -> 200 [{"id": "n1", "topic": "tea", "day": "2026-01-02", "owner": "ann"}]
            key  GET /notes?index=byTopic&topic=tea -> 403
            ann  GET /notes?index=byTopic -> 400
            ann  GET /notes?topic=tea -> 400
            ann  GET /notes?index=byDay&day=2026-01-01 -> 400
            # An index follows its records.
            ann  PATCH /notes/n1 {"topic": "oats"} -> 200
            eve  GET /notes?index=byTopic&topic=tea -> 200 [{"id": "n2", "topic": "tea", "day": "2026-01-01", "owner": "bob"}]
            bob  DELETE /notes/n2 -> 204
            eve  GET /notes?index=byTopic&topic=tea -> 200 []
            "#,
        )
        .await;
}

#[tokio::test]
async fn an_owner_is_part_of_the_key() {
    let schema = r#"type Visit @model @auth(rules: [{ allow: owner, ownerField: "visitor", identityClaim: "username" }]) {
        visitor: String! @primaryKey(sortKeyFields: ["place"])
        place: String!
        text: String
    }"#;
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /visits {"visitor": "ann", "place": "rome"} -> 201 {"visitor": "ann", "place": "rome"}
            ann  POST /visits {"visitor": "bob", "place": "rome"} -> 403
            bob  POST /visits {"visitor": "bob", "place": "oslo"} -> 201
            ann  GET /visits/ann/rome -> 200 {"visitor": "ann", "place": "rome"}
            ann  GET /visits?visitor=ann -> 200 [{"visitor": "ann", "place": "rome"}]
            ann  GET /visits -> 200 [{"visitor": "ann", "place": "rome"}]
            ann  GET /visits?visitor=bob -> 403
            # Whether what is another's exists is not told.
            ann  GET /visits/bob/oslo -> 404
            ann  GET /visits/bob/nowhere -> 404
            ann  PATCH /visits/bob/oslo {"text": "t"} -> 404
            ann  DELETE /visits/bob/nowhere -> 404
            ann  PATCH /visits/ann/rome {"text": "t"} -> 200
            "#,
        )
        .await;
}

#[tokio::test]
async fn an_owner_or_a_group_is_the_sort_key() {
    let schema = r#"
        type Page @model @auth(rules: [{ allow: owner, ownerField: "author", identityClaim: "username" }]) {
            book: ID! @primaryKey(sortKeyFields: ["author"])
            author: String!
        }
        type Shelf @model @auth(rules: [{ allow: groups, groupsField: "team" }]) {
            room: ID! @primaryKey(sortKeyFields: ["team"])
            team: String!
        }
    "#;
    story(schema)
        .await
        .tell(
            r#"
            ann   POST /pages {"book": "b", "author": "ann"} -> 201
            bob   POST /pages {"book": "b", "author": "bob"} -> 201
            ann   GET /pages?book=b -> 200 [{"book": "b", "author": "ann"}]
            ann   GET /pages/b/ann -> 200
            ann   GET /pages?book=b&author=bob -> 403
            eve   POST /shelves {"room": "r", "team": "editors"} -> 201
            eve   POST /shelves {"room": "r", "team": "admins"} -> 403
            adam  POST /shelves {"room": "r", "team": "admins"} -> 201
            eve   GET /shelves?room=r -> 200 [{"room": "r", "team": "editors"}]
            eve   GET /shelves -> 200 [{"room": "r", "team": "editors"}]
            adam  GET /shelves/r/admins -> 200
            ann   GET /shelves?room=r -> 403
            "#,
        )
        .await;
}

#[tokio::test]
async fn an_owner_or_a_group_is_looked_up_by_an_index() {
    let schema = r#"type Task @model @auth(rules: [
        { allow: owner, ownerField: "assignee", identityClaim: "username" }
        { allow: groups, groupsField: "team", operations: [read, create] }
    ]) {
        id: ID!
        assignee: String @index(name: "byAssignee")
        team: String @index(name: "byTeam", sortKeyFields: ["rank"])
        rank: Int
    }"#;
    story(schema)
        .await
        .tell(
            r#"
            eve  POST /tasks {"id": "t1", "assignee": "bob", "team": "editors", "rank": 10} -> 201
            eve  POST /tasks {"id": "t2", "assignee": "ann", "team": "editors", "rank": 9} -> 201
            ann  POST /tasks {"id": "t3", "assignee": "ann", "team": "admins", "rank": 1} -> 201
            ann  GET /tasks?index=byAssignee&assignee=ann -> 200 [{"id": "t2", "assignee": "ann", "team": "editors", "rank": 9}, {"id": "t3", "assignee": "ann", "team": "admins", "rank": 1}]
            bob  GET /tasks?index=byAssignee&assignee=bob -> 200 [{"id": "t1", "assignee": "bob", "team": "editors", "rank": 10}]
            eve  GET /tasks?index=byTeam&team=editors -> 200 [{"id": "t2", "assignee": "ann", "team": "editors", "rank": 9}, {"id": "t1", "assignee": "bob", "team": "editors", "rank": 10}]
            adam GET /tasks?index=byTeam&team=admins -> 200 [{"id": "t3", "assignee": "ann", "team": "admins", "rank": 1}]
            bob  GET /tasks?index=byAssignee&assignee=ann -> 403
            "#,
        )
        .await;
}

#[tokio::test]
async fn operations_that_a_model_does_not_have_have_no_route() {
    let schema = r#"type Note @model(mutations: { delete: null, update: null }, queries: { list: null }) @auth(rules: [{ allow: private }]) { title: String }"#;
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /notes {"id": "n1"} -> 201
            ann  GET /notes/n1 -> 200
            ann  GET /notes -> 405
            ann  PATCH /notes/n1 {"title": "a"} -> 405
            ann  DELETE /notes/n1 -> 405
            "#,
        )
        .await;
}
