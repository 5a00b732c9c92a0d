//! One record at a time: who gets which answer, and what is stored.

use serde_json::json;

use super::*;
use crate::Revision;

/// The answer in a word.
fn outcome<T>(answer: &Result<T, DataError>) -> &'static str {
    match answer {
        Ok(_) => "ok",
        Err(DataError::NotFound) => "not found",
        Err(DataError::Forbidden(_)) => "forbidden",
        Err(DataError::Invalid(_)) => "invalid",
        Err(DataError::AlreadyExists) => "exists",
        Err(DataError::PreconditionFailed) => "changed",
        Err(_) => "error",
    }
}

#[tokio::test]
async fn each_caller_gets_the_answer_that_the_rules_give() {
    let world = world().await;
    let table = [
        // model, caller, get, update, delete of a record of ann's (an editor's, where only editors create)
        ("Note", ann(), ["ok", "ok", "ok"]),
        ("Note", bob(), ["not found", "not found", "not found"]),
        ("Note", editor(), ["ok", "ok", "forbidden"]),
        ("Note", Identity::ApiKey, ["forbidden", "forbidden", "forbidden"]),
        ("Article", ann(), ["ok", "forbidden", "forbidden"]),
        ("Article", editor(), ["ok", "ok", "ok"]),
        ("Article", Identity::ApiKey, ["ok", "forbidden", "forbidden"]),
        ("Comment", ann(), ["ok", "ok", "ok"]),
        ("Comment", bob(), ["ok", "forbidden", "forbidden"]),
        ("Comment", Identity::ApiKey, ["forbidden", "forbidden", "forbidden"]),
        ("Box", ann(), ["forbidden", "ok", "ok"]),
        ("Box", bob(), ["forbidden", "not found", "not found"]),
    ];
    for (model, who, expected) in table {
        let (author, input, change) = match model {
            "Note" => (ann(), json!({"title": "t"}), json!({"title": "u"})),
            "Article" => (editor(), json!({"headline": "t"}), json!({"headline": "u"})),
            _ => (ann(), json!({"text": "t"}), json!({"text": "u"})),
        };
        let id = text(&world.create(&author, model, input).await.unwrap().item, "id");
        let answers = [
            outcome(&world.get(&who, model, &id).await),
            outcome(&world.update(&who, model, &id, change).await),
            outcome(&world.delete(&who, model, &id).await),
        ];
        assert_eq!(answers, expected, "{model} {who:?}");
    }
    world.records().await;
}

#[tokio::test]
async fn a_record_comes_back_as_it_was_written_and_without_anything_internal() {
    let world = world().await;
    let input = json!({
        "title": "\u{1F600} #pk = :x OR 1=1", "body": "", "tags": ["a", "", "a"], "pinned": false,
        "words": -2_147_483_648, "score": 0.1,
    });
    let created = world.create(&ann(), "Note", input.clone()).await.unwrap();
    for (field, value) in input.as_object().unwrap() {
        assert_eq!(&created.item[field], value);
    }
    let names: Vec<&str> = created.item.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["body", "createdAt", "id", "owner", "pinned", "score", "tags", "title", "updatedAt", "words"]
    );
    assert_eq!(created.item["owner"], "ann", "the owner is shown by the last of the claims");
    assert_eq!(created.item["createdAt"], "2026-01-01T00:00:00.000Z");
    let id = text(&created.item, "id");
    let read = world.get(&ann(), "Note", &id).await.unwrap();
    assert_eq!((&read.item, &read.revision), (&created.item, &created.revision));
    assert_eq!(world.pages(&ann(), "Note", 1).await, [[read.item]]);
}

#[tokio::test]
async fn numbers_stay_exact() {
    let world = world().await;
    let values = [0.1, -1.5, 1e100, 123_456_789.012_345_6, 1e-9, 5e-130, f64::from(f32::MAX)];
    let created = world.create(&ann(), "Odd", json!({ "value": values })).await.unwrap();
    let read = world.get(&ann(), "Odd", &text(&created.item, "id")).await.unwrap();
    let back: Vec<f64> =
        read.item["value"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
    assert_eq!(back, values);
    let too_large = world.create(&ann(), "Odd", json!({"value": [1e300]})).await;
    assert_eq!(outcome(&too_large), "invalid");
}

#[tokio::test]
async fn null_is_not_stored_and_removes_what_was_stored() {
    let world = world().await;
    let created =
        world.create(&ann(), "Note", json!({"title": "t", "body": null, "words": 1})).await.unwrap();
    assert!(!created.item.contains_key("body"));
    let id = text(&created.item, "id");
    let updated = world.update(&ann(), "Note", &id, json!({"words": null, "body": "b"})).await.unwrap();
    assert!(!updated.item.contains_key("words"));
    assert_eq!(updated.item, world.get(&ann(), "Note", &id).await.unwrap().item);
    assert_eq!(updated.item["createdAt"], created.item["createdAt"]);
    assert!(text(&updated.item, "updatedAt") > text(&created.item, "updatedAt"));
    assert_ne!(updated.revision, created.revision);
}

#[tokio::test]
async fn a_revision_that_is_expected_must_be_the_one_that_is_found() {
    let world = world().await;
    let first = world.create(&ann(), "Note", json!({"id": "n", "title": "1"})).await.unwrap();
    let note = world.model("Note");
    let set = |title: &str| fields(json!({ "title": title }));
    let second =
        world.data.update(&ann(), note, &RecordKey::id("n"), set("2"), Some(&first.revision)).await.unwrap();
    let stale = world.data.update(&ann(), note, &RecordKey::id("n"), set("3"), Some(&first.revision)).await;
    assert_eq!(outcome(&stale), "changed");
    assert_eq!(
        outcome(&world.data.delete(&ann(), note, &RecordKey::id("n"), Some(&first.revision)).await),
        "changed"
    );
    let hidden =
        world.data.update(&bob(), note, &RecordKey::id("n"), set("3"), Some(&Revision::new("x"))).await;
    assert_eq!(outcome(&hidden), "not found", "whoever may not see the record is not told its state");
    world.data.delete(&ann(), note, &RecordKey::id("n"), Some(&second.revision)).await.unwrap();
    // The same id again is another record.
    world.create(&ann(), "Note", json!({"id": "n", "title": "1"})).await.unwrap();
    assert_eq!(
        outcome(&world.data.update(&ann(), note, &RecordKey::id("n"), set("3"), Some(&first.revision)).await),
        "changed"
    );
}

#[tokio::test]
async fn an_id_can_be_chosen_once() {
    let world = world().await;
    world.create(&ann(), "Note", json!({"id": "mine", "title": "t"})).await.unwrap();
    assert_eq!(outcome(&world.create(&bob(), "Note", json!({"id": "mine", "title": "t"})).await), "exists");
    assert_eq!(
        outcome(&world.create(&ann(), "Odd", json!({"id": "mine"})).await),
        "ok",
        "another model, another record"
    );
    assert_eq!(outcome(&world.get(&bob(), "Note", "mine").await), "not found");
    world.records().await;
}

#[tokio::test]
async fn the_caller_is_refused_before_the_input_is_judged() {
    let world = world().await;
    let wrong = json!({"headline": 7, "nonsense": true});
    assert_eq!(outcome(&world.create(&ann(), "Article", wrong.clone()).await), "forbidden");
    assert_eq!(outcome(&world.create(&editor(), "Article", wrong.clone()).await), "invalid");
    assert_eq!(outcome(&world.update(&ann(), "Article", "none", wrong.clone()).await), "forbidden");
    assert_eq!(outcome(&world.update(&editor(), "Article", "none", wrong).await), "invalid");
    assert_eq!(
        outcome(&world.update(&editor(), "Article", "none", json!({"headline": "h"})).await),
        "not found"
    );
}

#[tokio::test]
async fn the_key_may_come_along_with_the_changes_but_not_change() {
    let world = world().await;
    world.create(&ann(), "Note", json!({"id": "n", "title": "t"})).await.unwrap();
    assert_eq!(outcome(&world.update(&ann(), "Note", "n", json!({"id": "n", "title": "u"})).await), "ok");
    assert_eq!(
        outcome(&world.update(&ann(), "Note", "n", json!({"id": "m", "title": "u"})).await),
        "invalid"
    );
    assert_eq!(world.records().await.len(), 1);
}

#[tokio::test]
async fn whoever_may_change_and_not_read_gets_back_only_what_they_sent() {
    let world = world().await;
    world.create(&ann(), "Box", json!({"id": "b", "text": "t", "stamp": "s"})).await.unwrap();
    let updated = world.update(&ann(), "Box", "b", json!({"text": "u"})).await.unwrap();
    assert_eq!(updated.item, fields(json!({"id": "b", "text": "u"})));
    let deleted = world.delete(&ann(), "Box", "b").await.unwrap();
    assert_eq!(deleted.item, fields(json!({"id": "b"})));
}

#[tokio::test]
async fn times_that_the_schema_declares_may_be_sent() {
    let world = world().await;
    let (early, late) = ("2001-01-01T00:00:00Z", "2002-02-02T00:00:00Z");
    let input = json!({"id": "d", "createdAt": early, "updatedAt": late});
    let created = world.create(&ann(), "Dated", input).await.unwrap();
    assert_eq!((&created.item["createdAt"], &created.item["updatedAt"]), (&json!(early), &json!(late)));
    // Without one the server sets it, on every change too.
    let created = world.create(&ann(), "Dated", json!({"id": "e", "createdAt": null})).await.unwrap();
    assert!(text(&created.item, "createdAt").starts_with("2026-"));
    let updated = world.update(&ann(), "Dated", "d", json!({})).await.unwrap();
    assert_eq!(updated.item["createdAt"], early);
    assert!(text(&updated.item, "updatedAt").starts_with("2026-"));
    let updated = world.update(&ann(), "Dated", "d", json!({"updatedAt": late})).await.unwrap();
    assert_eq!(updated.item["updatedAt"], late);
    let updated = world.update(&ann(), "Dated", "d", json!({"updatedAt": null})).await.unwrap();
    assert!(text(&updated.item, "updatedAt").starts_with("2026-"));
    // Lists go by the time at which the records came.
    assert_eq!(world.ids(&ann(), "Dated").await, ["d", "e"]);
    world.records().await;
}

#[tokio::test]
async fn a_deletion_of_which_the_answer_was_lost_is_a_deletion() {
    let world = world().await;
    let authorizer = Authorizer::default();
    // One with index rows, and one without.
    for (model, input) in
        [("Note", json!({"id": "n", "title": "t"})), ("Box", json!({"id": "n", "text": "t"}))]
    {
        let rules = world.model(model).rules();
        world.create(&ann(), model, input).await.unwrap();
        let load = authorizer.permit_load(&ann(), portcullis_rules::Operation::Delete, rules).unwrap();
        let seen =
            world.repository.load(&load, world.model(model), &RecordKey::id("n")).await.unwrap().unwrap();
        let permit = || authorizer.permit_delete(&ann(), rules, &seen.item).unwrap();
        world.update(&ann(), model, "n", json!({})).await.unwrap();
        assert!(
            matches!(world.repository.delete(permit(), &seen).await, Err(DataError::Conflict)),
            "{model}"
        );
        let seen =
            world.repository.load(&load, world.model(model), &RecordKey::id("n")).await.unwrap().unwrap();
        world.repository.delete(permit(), &seen).await.unwrap();
        world.repository.delete(permit(), &seen).await.unwrap();
        assert_eq!(outcome(&world.delete(&ann(), model, "n").await), "not found", "{model}");
    }
    assert!(world.rows().await.is_empty());
}

#[tokio::test]
async fn a_deleted_record_is_gone_with_all_its_rows() {
    let world = world().await;
    let created = world
        .create(&ann(), "Doc", json!({"id": "d", "title": "t", "editors": ["bob", "u9"]}))
        .await
        .unwrap();
    assert_eq!(world.rows().await.len(), 4);
    let deleted = world.delete(&ann(), "Doc", "d").await.unwrap();
    assert_eq!(deleted.item, created.item);
    assert_eq!(world.rows().await.len(), 0);
    assert_eq!(outcome(&world.delete(&ann(), "Doc", "d").await), "not found");
}
