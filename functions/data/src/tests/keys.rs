//! Keys other than `id`.

use serde_json::json;

use super::*;

const SCHEMA: &str = r#"
type Person @model @auth(rules: [{ allow: private }]) {
  email: AWSEmail! @primaryKey
  name: String
}

type Order @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["editors"] }]) {
  customer: ID! @primaryKey(sortKeyFields: ["day", "number"])
  day: AWSDate!
  number: Int!
  total: Float
}

type Reading @model @auth(rules: [{ allow: private }]) {
  at: AWSTimestamp! @primaryKey
  value: Float
}

type Draft @model @auth(rules: [{ allow: private }]) {
  id: ID! @primaryKey(sortKeyFields: ["version"])
  version: Int!
  text: String
}

type Secret @model @auth(rules: [{ allow: private }]) {
  code: String! @primaryKey(sortKeyFields: ["part"])
  part: Int!
  hint: String @auth(rules: [{ allow: groups, groups: ["editors"] }])
}
"#;

fn key(world: &World, model: &str, segments: &[&str]) -> RecordKey {
    RecordKey::from_segments(world.model(model), segments).unwrap()
}

fn invalid<T: std::fmt::Debug>(answer: Result<T, DataError>) -> String {
    match answer {
        Err(DataError::Invalid(mistakes)) => {
            mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_record_is_found_by_the_key_of_its_model() {
    let world = world_of(SCHEMA).await;
    let table = [
        ("Person", json!({"email": "ann@example.org"}), vec!["ann@example.org"], json!({"name": "n"})),
        (
            "Order",
            json!({"customer": "c", "day": "2024-05-31", "number": 7}),
            vec!["c", "2024-05-31", "7"],
            json!({"total": 1.5}),
        ),
        ("Reading", json!({"at": 1_700_000_000}), vec!["1700000000"], json!({"value": 2.5})),
        ("Draft", json!({"id": "d", "version": -3}), vec!["d", "-3"], json!({"text": "t"})),
    ];
    for (model, input, segments, changes) in table {
        let created = world.create(&ann(), model, input.clone()).await.unwrap();
        let key = key(&world, model, &segments);
        assert_eq!(created.key(), Some(&key), "{model}");
        assert_eq!(key.segments().collect::<Vec<_>>(), segments);
        assert_eq!(RecordKey::from_item(world.model(model), created.item()).unwrap(), key);
        assert!(matches!(world.create(&ann(), model, input.clone()).await, Err(DataError::AlreadyExists)));

        let read = world.data.get(&ann(), world.model(model), &key).await.unwrap();
        assert_eq!(read, created);
        let updated =
            world.data.update(&ann(), world.model(model), &key, fields(changes.clone()), None).await.unwrap();
        for (field, value) in fields(changes).into_iter().chain(fields(input)) {
            assert_eq!(updated.item[&field], value, "{model}");
        }
        assert_eq!(world.pages(&ann(), model, 5).await.concat(), std::slice::from_ref(&updated.item));
        world.records().await;
        world.data.delete(&ann(), world.model(model), &key, None).await.unwrap();
        assert!(matches!(world.data.get(&ann(), world.model(model), &key).await, Err(DataError::NotFound)));
    }
    assert!(world.rows().await.is_empty());
}

#[tokio::test]
async fn an_id_that_a_key_needs_is_made() {
    let world = world_of(SCHEMA).await;
    let created = world.create(&ann(), "Draft", json!({"version": 1})).await.unwrap();
    let id = text(&created.item, "id");
    assert_eq!(created.key().unwrap().segments().collect::<Vec<_>>(), [id.as_str(), "1"]);
    assert!(
        !world
            .create(&ann(), "Person", json!({"email": "a@b.example"}))
            .await
            .unwrap()
            .item
            .contains_key("id")
    );
}

#[tokio::test]
async fn the_values_of_a_key_never_change() {
    let world = world_of(SCHEMA).await;
    let input = json!({"customer": "c", "day": "2024-05-31", "number": 7, "total": 1});
    world.create(&ann(), "Order", input).await.unwrap();
    let key = key(&world, "Order", &["c", "2024-05-31", "7"]);
    let order = world.model("Order");
    for (changes, accepted) in [
        (json!({"customer": "c", "day": "2024-05-31", "number": 7, "total": 2}), true),
        (json!({"customer": "d"}), false),
        (json!({"day": "2024-06-01"}), false),
        (json!({"number": 8}), false),
        (json!({"number": null}), false),
        (json!({"number": "7"}), false),
    ] {
        let answer = world.data.update(&ann(), order, &key, fields(changes.clone()), None).await;
        assert_eq!(answer.is_ok(), accepted, "{changes}: {answer:?}");
        assert!(accepted || matches!(answer, Err(DataError::Invalid(_))), "{changes}");
    }
    assert_eq!(world.records().await.len(), 1);
}

#[tokio::test]
async fn no_two_keys_are_confused() {
    let world = world_of(SCHEMA).await;
    let draft = |id: &str| json!({"id": id, "version": 1});
    for id in ["a#1", "a/b", "", "..", "a\u{1}", "%23", "a?", "a\\", &"i".repeat(513)] {
        let problem = invalid(world.create(&ann(), "Draft", draft(id)).await);
        assert!(problem.contains("`id`"), "{id:?}: {problem}");
    }
    world.create(&ann(), "Draft", draft("a")).await.unwrap();
    // What would make the same text in the table is no key of the model.
    for key in
        [RecordKey::id("a#1"), key(&world, "Secret", &["a#1", "1"]), key(&world, "Draft", &["a#1", "1"])]
    {
        assert!(matches!(world.data.get(&ann(), world.model("Draft"), &key).await, Err(DataError::NotFound)));
    }
    let long = world.create(&ann(), "Draft", draft(&"i".repeat(512))).await;
    assert!(matches!(long, Err(DataError::Invalid(_))), "all values together have to fit");
    world.records().await;
}

#[tokio::test]
async fn segments_are_read_by_the_types_of_the_fields() {
    let world = world_of(SCHEMA).await;
    let read = |model: &str, segments: &[&str]| RecordKey::from_segments(world.model(model), segments);
    assert_eq!(read("Draft", &["a", "01"]).unwrap(), read("Draft", &["a", "1"]).unwrap());
    for (model, segments, problem) in [
        ("Draft", vec!["a", "one"], "`version` must be a whole number of 32 bits"),
        ("Draft", vec!["a", "99999999999"], "`version` must be a whole number of 32 bits"),
        ("Draft", vec!["a"], "`version` is required"),
        ("Draft", vec!["a", "1", "2"], "the input has more values than the key has fields"),
        ("Order", vec!["c", "soon", "1"], "`day` must be a date such as `2024-05-31`"),
        ("Order", vec!["c", "2024-02-30", "1"], "`day` must be a date such as `2024-05-31`"),
        ("Reading", vec!["1.5"], "`at` must be a whole number of seconds"),
    ] {
        assert_eq!(invalid(read(model, &segments)), problem, "{segments:?}");
    }
}

#[tokio::test]
async fn who_may_not_change_a_record_changes_none_by_any_key() {
    let world = world_of(SCHEMA).await;
    world.create(&ann(), "Order", json!({"customer": "c", "day": "2024-05-31", "number": 7})).await.unwrap();
    let key = key(&world, "Order", &["c", "2024-05-31", "7"]);
    let order = world.model("Order");
    assert!(matches!(world.data.get(&bob(), order, &key).await, Err(DataError::NotFound)));
    assert!(matches!(world.data.delete(&bob(), order, &key, None).await, Err(DataError::NotFound)));
    assert!(world.data.get(&editor(), order, &key).await.is_ok());
}

#[tokio::test]
async fn keys_of_one_partition_are_queried_in_order() {
    let world = world_of(SCHEMA).await;
    for (day, number) in [("2024-05-31", 10), ("2024-05-31", 9), ("2024-06-01", 1), ("2024-05-30", 100)] {
        world.create(&ann(), "Order", json!({"customer": "c", "day": day, "number": number})).await.unwrap();
    }
    world.create(&ann(), "Order", json!({"customer": "d", "day": "2024-05-31", "number": 1})).await.unwrap();
    world.create(&bob(), "Order", json!({"customer": "c", "day": "2024-05-31", "number": 1})).await.unwrap();
    let numbers = |who: Identity, sort| {
        let (world, query) = (&world, IndexQuery::new(None, "c").sort(sort));
        async move {
            let page = world.data.query(&who, world.model("Order"), &query, &PageRequest::default()).await;
            page.unwrap().items.iter().map(|item| item["number"].as_i64().unwrap()).collect::<Vec<_>>()
        }
    };
    assert_eq!(numbers(ann(), SortCondition::Any).await, [100, 9, 10, 1]);
    assert_eq!(numbers(ann(), SortCondition::Eq(vec!["2024-05-31".into()])).await, [9, 10]);
    let after = SortCondition::Gt(vec!["2024-05-31".into(), 9.into()]);
    assert_eq!(numbers(ann(), after).await, [10, 1]);
    assert_eq!(numbers(bob(), SortCondition::Any).await, [1]);
    assert_eq!(numbers(editor(), SortCondition::Any).await, [100, 1, 9, 10, 1]);
    world.records().await;
}
