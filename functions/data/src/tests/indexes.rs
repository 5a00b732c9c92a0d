//! Queries by an index: what is asked for, in order, once, as far as the caller may see it.

use serde_json::json;

use super::*;

const SCHEMA: &str = r#"
enum State { OPEN DONE }

type Task @model @auth(rules: [
  { allow: owner }
  { allow: groups, groupsField: "teams", operations: [read] }
  { allow: groups, groups: ["editors"], operations: [read] }
]) {
  state: State @index(name: "byState", sortKeyFields: ["due"]) @index(name: "byStateAndSize", sortKeyFields: ["size", "name"])
  due: AWSDateTime
  size: Int
  name: String
  owner: String @index(name: "byOwner", sortKeyFields: ["name"])
  teams: [String]
}

type Paper @model @auth(rules: [{ allow: private, operations: [create, read] }]) {
  id: ID!
  topic: String @index(name: "byTopic", sortKeyFields: ["grade"])
  grade: Int @auth(rules: [{ allow: owner, operations: [create, read] }])
}

type Memo @model @auth(rules: [
  { and: [{ allow: groups, groupsField: "tenant" }, { allow: owner, ownerField: "author" }] }
]) {
  tenant: String
  author: String
  topic: String @index(name: "byTopic")
}
"#;

fn member(team: &str) -> Identity {
    user("u4", "tom", &[team])
}

async fn tasks() -> World {
    let world = world_of(SCHEMA).await;
    for (name, size, due) in [
        ("ab", 10, "2024-05-31T12:00:00Z"),
        ("a", -5, "2024-05-31T13:00:00+02:00"),
        ("b", 9, "2024-06-01T00:00:00.5Z"),
        ("\u{e9}", 100, "2023-12-31T23:59:59Z"),
        ("A", 9, "2024-06-01T00:00:00Z"),
    ] {
        let input =
            json!({"id": name, "name": name, "size": size, "due": due, "state": "OPEN", "teams": ["red"]});
        world.create(&ann(), "Task", input).await.unwrap();
    }
    world
}

async fn found(world: &World, who: &Identity, model: &str, query: &IndexQuery, limit: u32) -> Vec<String> {
    let mut request = PageRequest { limit: Some(limit), next_token: None };
    let mut ids = Vec::new();
    loop {
        let page = world.data.query(who, world.model(model), query, &request).await.unwrap();
        ids.extend(page.items.iter().map(|item| text(item, "id")));
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            return ids;
        }
        assert_eq!(page.items.len(), limit as usize, "pages are full");
    }
}

#[tokio::test]
async fn a_condition_finds_what_it_says_in_the_order_of_the_sort_key() {
    use SortCondition::{Any, BeginsWith, Between, Eq, Ge, Gt, Le, Lt};
    let world = tasks().await;
    let at = |time: &str| vec![json!(time)];
    let table = [
        ("byState", Any, "\u{e9} a ab A b"),
        ("byState", Eq(at("2024-05-31T11:00:00Z")), "a"),
        ("byState", Gt(at("2024-05-31T12:00:00Z")), "A b"),
        ("byState", Ge(at("2024-05-31T12:00:00Z")), "ab A b"),
        ("byState", Lt(at("2024-05-31T11:00:00Z")), "\u{e9}"),
        ("byState", Le(at("2024-05-31T11:00:00Z")), "\u{e9} a"),
        ("byState", Between(at("2024-01-01T00:00:00Z"), at("2024-06-01T00:00:00Z")), "a ab A"),
        ("byState", Between(at("2025-01-01T00:00:00Z"), at("2024-06-01T00:00:00Z")), ""),
        ("byState", BeginsWith(at("2024-05")), "a ab"),
        ("byState", BeginsWith(at("")), "\u{e9} a ab A b"),
        ("byStateAndSize", Any, "a A b ab \u{e9}"),
        ("byStateAndSize", Eq(vec![json!(9)]), "A b"),
        ("byStateAndSize", Eq(vec![json!(9), json!("b")]), "b"),
        ("byStateAndSize", Gt(vec![json!(9)]), "ab \u{e9}"),
        ("byStateAndSize", Gt(vec![json!(9), json!("A")]), "b ab \u{e9}"),
        ("byStateAndSize", Le(vec![json!(9)]), "a A b"),
        ("byStateAndSize", Lt(vec![json!(9)]), "a"),
        ("byStateAndSize", Between(vec![json!(-5)], vec![json!(9), json!("A")]), "a A"),
        ("byStateAndSize", BeginsWith(vec![json!(10), json!("a")]), "ab"),
    ];
    for (index, sort, expected) in table {
        let what = format!("{index} {sort:?} {expected}");
        let expected: Vec<&str> = expected.split_whitespace().collect();
        let query = IndexQuery::new(Some(index), "OPEN").sort(sort);
        let reversed: Vec<&str> = expected.iter().rev().copied().collect();
        for limit in [1, 2, 100] {
            assert_eq!(found(&world, &ann(), "Task", &query, limit).await, expected, "{what}");
            assert_eq!(found(&world, &member("red"), "Task", &query, limit).await, expected, "{what}");
            assert_eq!(found(&world, &editor(), "Task", &query, limit).await, expected, "{what}");
            let descending = query.clone().descending();
            assert_eq!(found(&world, &ann(), "Task", &descending, limit).await, reversed, "{what}");
        }
        assert!(found(&world, &bob(), "Task", &query, 5).await.is_empty(), "{what}");
        assert!(found(&world, &member("blue"), "Task", &query, 5).await.is_empty(), "{what}");
    }
}

#[tokio::test]
async fn a_row_of_an_index_alone_shows_nothing() {
    let world = tasks().await;
    let created = world.get(&ann(), "Task", "a").await.unwrap();
    let position = Position::new(text(&created.item, "createdAt").parse().unwrap(), "a");
    // Somebody planted rows: for bob in the same place, for ann in a place that the record has left.
    let query = IndexQuery::new(Some("byStateAndSize"), "OPEN");
    let owned = |owner: &str, sort: &str| IndexRow {
        partition: format!("Task@@byStateAndSize@OPEN\u{1}owner#{owner}"),
        sort: Some(sort.to_owned()),
    };
    for row in
        [owned("u2::bob", "3ffc000000000000\u{1}a"), owned("u1::ann", "0\u{1}a"), owned("u1::ann", "x\u{1}y")]
    {
        let put = world.table.client().await.put_item().table_name(world.table.name());
        put.set_item(Some(layout::index_row(&row, &position))).send().await.unwrap();
    }
    for limit in [1, 2, 100] {
        assert!(found(&world, &bob(), "Task", &query, limit).await.is_empty());
        assert_eq!(found(&world, &ann(), "Task", &query, limit).await, ["a", "A", "b", "ab", "\u{e9}"]);
    }
}

#[tokio::test]
async fn strange_values_are_values() {
    let world = world_of(SCHEMA).await;
    let strange = [
        "",
        "\0",
        "\u{1}",
        "\u{1}\u{1}",
        "\u{2}",
        "a\u{1}owner#u1:ann",
        "x@y#z",
        "#0",
        "@@byOwner@",
        "\u{10FFFF}",
        "' OR 1=1",
    ];
    for (number, value) in strange.into_iter().enumerate() {
        let who = user(&format!("s{number}"), &format!("n{value}"), &[]);
        let made = world.create(&who, "Task", json!({"id": number.to_string(), "name": value})).await;
        assert!(made.is_ok(), "{value:?} {made:?}");
        let owner = format!("s{number}::n{value}");
        let by_owner = IndexQuery::new(Some("byOwner"), owner);
        for sort in [
            SortCondition::Any,
            SortCondition::Eq(vec![value.into()]),
            SortCondition::Ge(vec![value.into()]),
            SortCondition::BeginsWith(vec![value.into()]),
        ] {
            let query = by_owner.clone().sort(sort);
            assert_eq!(
                found(&world, &who, "Task", &query, 1).await,
                [number.to_string()],
                "{value:?} {query:?}"
            );
            assert_eq!(found(&world, &editor(), "Task", &query, 1).await, [number.to_string()], "{value:?}");
        }
    }
    world.records().await;
}

#[tokio::test]
async fn records_are_in_an_index_as_long_as_they_have_its_fields() {
    let world = world_of(SCHEMA).await;
    let open = IndexQuery::new(Some("byState"), "OPEN");
    let done = IndexQuery::new(Some("byState"), "DONE");
    let due = "2024-05-31T12:00:00Z";
    let steps = [
        (json!({"state": "OPEN"}), "", ""),
        (json!({"due": due}), "t", ""),
        (json!({"state": "DONE"}), "", "t"),
        (json!({"due": "2025-05-31T12:00:00Z"}), "", "t"),
        (json!({"due": null}), "", ""),
        (json!({"due": due, "state": "OPEN"}), "t", ""),
        (json!({"state": null}), "", ""),
    ];
    world.create(&ann(), "Task", json!({"id": "t"})).await.unwrap();
    for (changes, in_open, in_done) in steps {
        world.update(&ann(), "Task", "t", changes.clone()).await.unwrap();
        world.records().await;
        for (query, expected) in [(&open, in_open), (&done, in_done)] {
            assert_eq!(found(&world, &ann(), "Task", query, 5).await.concat(), expected, "{changes}");
        }
    }
    world.delete(&ann(), "Task", "t").await.unwrap();
    assert!(world.rows().await.is_empty());
}

#[tokio::test]
async fn an_index_of_owners_is_queried_by_the_owner_that_is_stored() {
    let world = tasks().await;
    let mine = IndexQuery::new(Some("byOwner"), "u1::ann");
    assert_eq!(found(&world, &ann(), "Task", &mine, 2).await, ["A", "a", "ab", "b", "\u{e9}"]);
    assert_eq!(found(&world, &editor(), "Task", &mine, 2).await, ["A", "a", "ab", "b", "\u{e9}"]);
    let of_others = world.data.query(&bob(), world.model("Task"), &mine, &PageRequest::default()).await;
    assert!(matches!(of_others, Err(DataError::Forbidden(_))), "{of_others:?}");
    assert!(matches!(
        world.data.query(&Identity::ApiKey, world.model("Task"), &mine, &PageRequest::default()).await,
        Err(DataError::Forbidden(_))
    ));
}

#[tokio::test]
async fn mistakes_in_a_query_are_named() {
    use SortCondition::{BeginsWith, Eq};
    let world = tasks().await;
    let by = |index: &str| IndexQuery::new(Some(index), "OPEN");
    let table = [
        (by("byNothing"), "`index` is not an index of Task"),
        (IndexQuery::new(None, "OPEN"), "`index` is not an index of Task"),
        (IndexQuery::new(Some("byState"), "SHUT"), "`state` is no value of the enum"),
        (IndexQuery::new(Some("byState"), 7), "`state` must be a string"),
        (by("byState").sort(Eq(vec![])), "`due` takes from one to 1 values in a condition"),
        (by("byState").sort(Eq(vec![json!("2024")])), "`due` must be a date and time with an offset"),
        (
            by("byStateAndSize").sort(Eq(vec![json!(1), json!("a"), json!(2)])),
            "`size` takes from one to 2 values in a condition",
        ),
        (by("byStateAndSize").sort(BeginsWith(vec![json!(1)])), "`size` must be the beginning of a text"),
        (
            by("byStateAndSize").sort(Eq(vec![json!(1), json!("x".repeat(1000))])),
            "`name` is longer than any value of the index",
        ),
    ];
    for (query, expected) in table {
        match world.data.query(&ann(), world.model("Task"), &query, &PageRequest::default()).await {
            Err(DataError::Invalid(mistakes)) => assert_eq!(mistakes[0].to_string(), expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    let long =
        world.create(&ann(), "Task", json!({"state": "OPEN", "size": 1, "name": "x".repeat(1000)})).await;
    assert!(matches!(long, Err(DataError::Invalid(mistakes)) if mistakes[0].field == "name"));
}

#[tokio::test]
async fn a_token_is_one_of_its_own_query() {
    let world = tasks().await;
    let task = world.model("Task");
    let query = IndexQuery::new(Some("byState"), "OPEN");
    let one = |next_token| PageRequest { limit: Some(1), next_token };
    let first = world.data.query(&ann(), task, &query, &one(None)).await.unwrap();
    let token = first.next_token.unwrap();
    let later = query.clone().sort(SortCondition::Ge(vec![json!("2024-06-01T00:00:00Z")]));
    let others = [
        later,
        query.clone().descending(),
        IndexQuery::new(Some("byState"), "DONE"),
        IndexQuery::new(Some("byStateAndSize"), "OPEN"),
    ];
    for other in others {
        let answer = world.data.query(&ann(), task, &other, &one(Some(token.clone()))).await;
        assert!(matches!(answer, Err(DataError::InvalidCursor)), "{other:?}");
    }
    assert!(matches!(
        world.data.list(&ann(), task, &one(Some(token.clone()))).await,
        Err(DataError::InvalidCursor)
    ));
    let of_list = world.data.list(&ann(), task, &one(None)).await.unwrap().next_token;
    assert!(matches!(
        world.data.query(&ann(), task, &query, &one(of_list)).await,
        Err(DataError::InvalidCursor)
    ));
    let of_bob = world.data.query(&bob(), task, &query, &one(Some(token))).await;
    assert!(matches!(of_bob, Err(DataError::InvalidCursor)));
}

#[tokio::test]
async fn an_index_tells_nothing_of_a_field_that_is_withheld() {
    let world = world_of(SCHEMA).await;
    world.create(&ann(), "Paper", json!({"id": "p", "topic": "x", "grade": 3})).await.unwrap();
    world.create(&bob(), "Paper", json!({"id": "q", "topic": "x", "grade": 4})).await.unwrap();
    let query = IndexQuery::new(Some("byTopic"), "x");
    assert_eq!(found(&world, &ann(), "Paper", &query, 5).await, ["p"]);
    assert_eq!(found(&world, &bob(), "Paper", &query, 5).await, ["q"]);
    assert_eq!(world.ids(&ann(), "Paper").await, ["p", "q"]);
}

#[tokio::test]
async fn rules_that_must_all_hold_are_looked_up_by_one_and_checked_by_all() {
    let world = world_of(SCHEMA).await;
    let of = |sub: &str, name: &str, tenant: &str| user(sub, name, &[tenant]);
    for (id, who, tenant) in [
        ("1", of("u1", "ann", "red"), "red"),
        ("2", of("u2", "bob", "red"), "red"),
        ("3", of("u1", "ann", "blue"), "blue"),
        ("4", of("u1", "ann", "red"), "red"),
    ] {
        world.create(&who, "Memo", json!({"id": id, "tenant": tenant, "topic": "x"})).await.unwrap();
    }
    let query = IndexQuery::new(Some("byTopic"), "x");
    for (who, expected) in [
        (of("u1", "ann", "red"), vec!["1", "4"]),
        (of("u2", "bob", "red"), vec!["2"]),
        (of("u1", "ann", "blue"), vec!["3"]),
        (user("u1", "ann", &["red", "blue"]), vec!["1", "3", "4"]),
        (of("u2", "bob", "blue"), vec![]),
    ] {
        for limit in [1, 2, 50] {
            let pages = world.pages(&who, "Memo", limit).await;
            let ids: Vec<String> = pages.concat().iter().map(|item| text(item, "id")).collect();
            assert_eq!(ids, expected);
            assert_eq!(found(&world, &who, "Memo", &query, limit).await, expected);
        }
    }
    // The write is bound to all that the decision rested on.
    let (who, model) = (of("u1", "ann", "red"), world.model("Memo"));
    let authorizer = Authorizer::default();
    let load = authorizer.permit_load(&who, portcullis_rules::Operation::Update, model.rules()).unwrap();
    let seen = world.repository.load(&load, model, &RecordKey::id("1")).await.unwrap().unwrap();
    let both = user("u1", "ann", &["red", "blue"]);
    for changes in [json!({"tenant": "blue"}), json!({"tenant": "red", "author": "u2::bob"})] {
        let changed = fields(json!({"topic": "y"}));
        let permit = authorizer.permit_update(&who, model.rules(), &seen.item, changed).unwrap();
        world.update(&both, "Memo", "1", changes.clone()).await.unwrap();
        let now = world.repository.load(&load, model, &RecordKey::id("1")).await.unwrap().unwrap();
        let answer = world.repository.update(permit, world.layout("Memo"), &now).await;
        assert!(matches!(answer, Err(DataError::Conflict)), "{changes}");
    }
    world.records().await;
}
