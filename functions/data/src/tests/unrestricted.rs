//! Callers whom configuration lets in whatever the rules say, and what the server fills in.

use portcullis_rules::IamCaller;
use serde_json::json;

use super::*;

const SCHEMA: &str = r#"
type Note @model @auth(rules: [{ allow: owner }]) {
  title: String @index(name: "byTitle")
}

type Box @model @auth(rules: [{ allow: owner, operations: [create] }]) { text: String }

type Form @model(timestamps: { createdAt: "made", updatedAt: "touched" }) @auth(rules: [{ allow: owner }]) {
  state: String @default(value: "new") @index(name: "byState")
  stars: Int @default(value: "3")
  text: String
}

type Bare @model(timestamps: null) @auth(rules: [{ allow: owner }]) { text: String }
"#;

fn operator() -> Identity {
    let user_arn = Some("arn:aws:sts::111122223333:assumed-role/ops/session".to_owned());
    Identity::Iam(IamCaller { user_arn, ..IamCaller::default() })
}

#[tokio::test]
async fn whoever_is_let_in_whatever_the_rules_say_lists_and_finds_everything() {
    for authorizer in [Authorizer::new().admin_roles(["ops"]), Authorizer::new().admit_account()] {
        let mut world = world_of(SCHEMA).await;
        world.data = AuthorizedRepository::new(world.repository.clone(), authorizer);
        for (id, who) in [("1", ann()), ("2", bob()), ("3", operator())] {
            world.create(&who, "Note", json!({"id": id, "title": "t"})).await.unwrap();
        }
        world.create(&ann(), "Box", json!({"id": "b"})).await.unwrap();
        let query = IndexQuery::new(Some("byTitle"), "t");
        for (who, expected) in [(operator(), vec!["1", "2", "3"]), (ann(), vec!["1"]), (bob(), vec!["2"])] {
            assert_eq!(world.ids(&who, "Note").await, expected);
            let page =
                world.data.query(&who, world.model("Note"), &query, &PageRequest::default()).await.unwrap();
            assert_eq!(page.items.iter().map(|item| text(item, "id")).collect::<Vec<_>>(), expected);
        }
        assert_eq!(world.ids(&operator(), "Box").await, ["b"]);
        world.update(&operator(), "Note", "1", json!({"title": "u"})).await.unwrap();
        assert_eq!(world.ids(&operator(), "Note").await, ["1", "2", "3"]);
        world.records().await;
        for id in ["1", "2", "3"] {
            world.delete(&operator(), "Note", id).await.unwrap();
        }
        assert_eq!(world.records().await.len(), 1);
    }
}

#[tokio::test]
async fn where_nobody_is_let_in_like_that_no_row_is_written_for_them() {
    let world = world_of(SCHEMA).await;
    world.create(&ann(), "Note", json!({"title": "t"})).await.unwrap();
    assert_eq!(world.rows().await.len(), 3, "the record, the list of its owner, the index of its owner");
}

#[tokio::test]
async fn records_from_before_somebody_was_let_in_are_listed_once_they_are_written_again() {
    let mut world = world_of(SCHEMA).await;
    world.create(&ann(), "Note", json!({"id": "n", "title": "t"})).await.unwrap();
    world.data = AuthorizedRepository::new(world.repository.clone(), Authorizer::new().admin_roles(["ops"]));
    assert!(world.ids(&operator(), "Note").await.is_empty());
    assert!(world.get(&operator(), "Note", "n").await.is_ok());
    world.update(&ann(), "Note", "n", json!({})).await.unwrap();
    assert_eq!(world.ids(&operator(), "Note").await, ["n"]);
    world.records().await;
}

#[tokio::test]
async fn what_is_absent_is_filled_in_by_the_schema() {
    let world = world_of(SCHEMA).await;
    let created = world.create(&ann(), "Form", json!({"id": "f", "stars": 5})).await.unwrap();
    assert_eq!((&created.item["state"], &created.item["stars"]), (&json!("new"), &json!(5)));
    let query = IndexQuery::new(Some("byState"), "new");
    let page = world.data.query(&ann(), world.model("Form"), &query, &PageRequest::default()).await.unwrap();
    assert_eq!(page.items, std::slice::from_ref(&created.item));
    let updated = world.update(&ann(), "Form", "f", json!({"text": "t", "stars": null})).await.unwrap();
    assert!(!updated.item.contains_key("stars"), "a change fills in nothing");
    world.records().await;
}

#[tokio::test]
async fn times_have_the_names_that_the_model_gives_them() {
    let world = world_of(SCHEMA).await;
    let created = world.create(&ann(), "Form", json!({"id": "f"})).await.unwrap();
    let names: Vec<&str> = created.item.keys().map(String::as_str).collect();
    assert_eq!(names, ["id", "made", "owner", "stars", "state", "touched"]);
    let updated = world.update(&ann(), "Form", "f", json!({})).await.unwrap();
    assert_eq!(updated.item["made"], created.item["made"]);
    assert!(text(&updated.item, "touched") > text(&created.item, "touched"));
    let bare = world.create(&ann(), "Bare", json!({"id": "b"})).await.unwrap();
    assert_eq!(bare.item.keys().collect::<Vec<_>>(), ["id", "owner"]);
}
