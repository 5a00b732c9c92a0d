//! What hostile or careless clients send.

use serde_json::json;

use super::*;

const STRANGE: [&str; 14] = [
    "#pk = :x OR 1=1",
    "') OR ('1'='1",
    "Note",
    "Note#x",
    "Note@owner#ann",
    "x#y#z",
    "../../etc/passwd",
    "attribute_exists(pk)",
    "a\u{0}b",
    "\u{202E}\u{1F600}é",
    " ",
    "{\"S\": \"x\"}",
    "%00%23",
    "--; DROP TABLE test",
];

#[tokio::test]
async fn strange_ids_are_ids() {
    let world = world().await;
    let ids = STRANGE.into_iter().filter(|id| crate::record_key::check_new_value("id", id).is_ok());
    assert!(ids.clone().count() > 5);
    for id in ids.clone() {
        assert!(matches!(world.get(&ann(), "Note", id).await, Err(DataError::NotFound)), "{id:?}");
        world.create(&ann(), "Note", json!({"id": id, "title": id})).await.unwrap();
    }
    for id in ids.clone() {
        let read = world.update(&ann(), "Note", id, json!({"body": id})).await.unwrap();
        assert_eq!((text(&read.item, "id"), text(&read.item, "body")), (id.to_owned(), id.to_owned()));
        assert!(matches!(world.get(&bob(), "Note", id).await, Err(DataError::NotFound)));
    }
    assert_eq!(world.records().await.len(), ids.clone().count());
    assert_eq!(world.ids(&ann(), "Note").await, ids.clone().collect::<Vec<_>>());
    for id in ids.clone() {
        world.delete(&ann(), "Note", id).await.unwrap();
    }
    assert!(world.rows().await.is_empty());
}

#[tokio::test]
async fn ids_that_a_path_could_change_are_refused() {
    let world = world().await;
    let note = world.model("Note").rules();
    for id in ["a/b", "a\\b", "a%62", "a?b", "a#b", "a\tb", "a\u{0}b", ".", ".."] {
        let input = json!({"id": id, "title": "t"});
        let permit = Authorizer::default().permit_create(&ann(), note, fields(input)).unwrap();
        match world.repository.create(permit, world.layout("Note")).await {
            Err(DataError::Invalid(invalid)) => assert_eq!(invalid[0].field, "id", "{id:?}"),
            other => panic!("{id:?}: {other:?}"),
        }
    }
    assert!(world.rows().await.is_empty());
}

#[tokio::test]
async fn ids_that_fit_no_key_are_refused_or_not_found() {
    let world = world().await;
    let longest = "i".repeat(crate::record_key::MAX_ID);
    world.create(&ann(), "Note", json!({"id": longest, "title": "t"})).await.unwrap();
    assert_eq!(world.ids(&ann(), "Note").await, [longest]);
    for id in [String::new(), "i".repeat(crate::record_key::MAX_ID + 1), "i".repeat(100_000)] {
        let created = world.create(&ann(), "Note", json!({"id": id, "title": "t"})).await;
        assert!(matches!(created, Err(DataError::Invalid(_))));
        assert!(matches!(world.get(&ann(), "Note", &id).await, Err(DataError::NotFound)));
        assert!(matches!(
            world.update(&ann(), "Note", &id, json!({"title": "u"})).await,
            Err(DataError::NotFound)
        ));
        assert!(matches!(world.delete(&ann(), "Note", &id).await, Err(DataError::NotFound)));
    }
}

#[tokio::test]
async fn owners_with_strange_names_own_and_see_their_own() {
    let world = world().await;
    for (number, name) in STRANGE.into_iter().enumerate() {
        let who = user(&format!("s{number}"), name, &[]);
        let created = world.create(&who, "Note", json!({"title": name})).await.unwrap();
        assert_eq!(world.ids(&who, "Note").await, [text(&created.item, "id")], "{name:?}");
    }
    world.records().await;
}

#[tokio::test]
async fn fields_may_be_named_like_reserved_words_and_functions() {
    let world = world().await;
    let input = json!({
        "id": "o", "size": 1, "name": "n", "status": "s", "value": [1.5],
        "attribute_not_exists": "a",
    });
    let created = world.create(&ann(), "Odd", input.clone()).await.unwrap();
    for (field, value) in fields(input) {
        assert_eq!(created.item[&field], value);
    }
    let changes = json!({"size": 2, "name": null, "status": "t", "value": []});
    let updated = world.update(&ann(), "Odd", "o", changes).await.unwrap();
    assert_eq!(updated.item, world.get(&ann(), "Odd", "o").await.unwrap().item);
    assert!(!updated.item.contains_key("name"));
    world.records().await;
    world.delete(&ann(), "Odd", "o").await.unwrap();
    assert!(world.rows().await.is_empty());
}

#[tokio::test]
async fn what_the_table_cannot_hold_is_named_as_a_mistake_of_the_input() {
    let world = world().await;
    let many: Vec<String> = (0..60).map(|number| format!("editor{number}")).collect();
    let same = vec!["bob"; 200];
    let large = "x".repeat(410 * 1024);
    for (model, input, field) in [
        ("Note", json!({"title": "t", "body": large}), ""),
        ("Doc", json!({ "editors": many }), "editors"),
        ("Doc", json!({ "editors": ["x".repeat(2000)] }), "editors"),
    ] {
        match world.create(&ann(), model, input).await {
            Err(DataError::Invalid(invalid)) => assert_eq!(invalid[0].field, field),
            other => panic!("{other:?}"),
        }
    }
    world.create(&ann(), "Doc", json!({"id": "d", "editors": same})).await.unwrap();
    let most: Vec<&String> = many.iter().take(45).collect();
    world.update(&ann(), "Doc", "d", json!({ "editors": most })).await.unwrap();
    let others: Vec<String> = (0..45).map(|number| format!("other{number}")).collect();
    world.update(&ann(), "Doc", "d", json!({ "editors": others })).await.unwrap();
    assert!(matches!(
        world.update(&ann(), "Doc", "d", json!({ "editors": many })).await,
        Err(DataError::Invalid(_))
    ));
    world.records().await;
}

#[tokio::test]
async fn a_failure_of_the_store_says_nothing_about_it_to_the_client() {
    let world = world().await;
    let gone = Table::new(world.table.connection.clone(), "no-such-table");
    let data = AuthorizedRepository::new(Repository::new(gone), Authorizer::default());
    let error = data.get(&ann(), world.model("Note"), &RecordKey::id("n")).await.unwrap_err();
    assert_eq!(error.to_string(), "the data store is unavailable");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "dynamodb GetItem failed: ResourceNotFoundException");
    assert!(!format!("{error:?}").contains("no-such-table"));
}
