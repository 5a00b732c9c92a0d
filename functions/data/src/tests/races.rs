//! Several writers at once.
//!
//! The embedded engine carries out one transaction after the other, so that what these tests prove is that conditions are the
//! right ones: no write rests on what is not so any more. DynamoDB also cancels a transaction that meets another one
//! (`TransactionConflict`); that this is understood and tried again is tested on its answers alone (`commit/failure.rs`), and
//! how often it happens under load is not known from here.

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use super::*;
use crate::testkit::verify_table;

#[tokio::test(flavor = "multi_thread")]
async fn counters_that_expect_a_revision_lose_no_update() {
    const WRITERS: usize = 6;
    const EACH: usize = 5;
    let world = Arc::new(world().await);
    world.create(&ann(), "Note", json!({"id": "n", "title": "t", "words": 0})).await.unwrap();
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let world = Arc::clone(&world);
        writers.spawn(async move {
            let mut done = 0;
            while done < EACH {
                let seen = world.get(&ann(), "Note", "n").await.unwrap();
                let more = fields(json!({"words": seen.item["words"].as_i64().unwrap() + 1}));
                match world
                    .data
                    .update(&ann(), world.model("Note"), &RecordKey::id("n"), more, Some(&seen.revision))
                    .await
                {
                    Ok(_) => done += 1,
                    Err(DataError::PreconditionFailed | DataError::Conflict) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
    }
    writers.join_all().await;
    assert_eq!(world.get(&ann(), "Note", "n").await.unwrap().item["words"], WRITERS * EACH);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_different_fields_all_survive() {
    let world = Arc::new(world().await);
    world.create(&ann(), "Note", json!({"id": "n", "title": "t"})).await.unwrap();
    let changes = [
        json!({"title": "u"}),
        json!({"body": "b"}),
        json!({"pinned": true}),
        json!({"words": 3}),
        json!({"tags": ["x"]}),
    ];
    let mut writers = JoinSet::new();
    for change in changes.clone() {
        let world = Arc::clone(&world);
        writers.spawn(async move { world.update(&ann(), "Note", "n", change).await.unwrap() });
    }
    writers.join_all().await;
    let item = world.get(&ann(), "Note", "n").await.unwrap().item;
    for change in changes {
        for (field, value) in fields(change) {
            assert_eq!(item[&field], value);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_who_create_one_id_one_succeeds() {
    let world = Arc::new(world().await);
    let mut writers = JoinSet::new();
    for number in 0..8 {
        let world = Arc::clone(&world);
        let who = user(&format!("s{number}"), &format!("n{number}"), &[]);
        writers
            .spawn(async move { world.create(&who, "Note", json!({"id": "n", "title": "t"})).await.is_ok() });
    }
    let created = writers.join_all().await.into_iter().filter(|created| *created).count();
    assert_eq!(created, 1);
    assert_eq!(world.records().await.len(), 1);
}

#[tokio::test]
async fn a_decision_does_not_outlive_the_state_it_was_made_on() {
    let world = world().await;
    let rules = world.model("Doc").rules();
    let authorizer = Authorizer::default();
    world.create(&ann(), "Doc", json!({"id": "d", "editors": ["bob"]})).await.unwrap();

    let load = authorizer.permit_load(&bob(), portcullis_rules::Operation::Update, rules).unwrap();
    let seen = world.repository.load(&load, world.model("Doc"), &RecordKey::id("d")).await.unwrap().unwrap();
    let decide =
        || authorizer.permit_update(&bob(), rules, &seen.item, fields(json!({"title": "bob's"}))).unwrap();

    // Ann shuts bob out between his check and his write.
    world.update(&ann(), "Doc", "d", json!({"editors": ["carol"]})).await.unwrap();
    assert!(matches!(
        world.repository.update(decide(), world.layout("Doc"), &seen).await,
        Err(DataError::Conflict)
    ));

    // Even with the new revision the old decision does not hold: its condition is on the field itself.
    let now = world.repository.load(&load, world.model("Doc"), &RecordKey::id("d")).await.unwrap().unwrap();
    assert!(matches!(
        world.repository.update(decide(), world.layout("Doc"), &now).await,
        Err(DataError::Conflict)
    ));

    // Deciding anew, he no longer sees the record.
    let again = world.update(&bob(), "Doc", "d", json!({"title": "bob's"})).await;
    assert!(matches!(again, Err(DataError::NotFound)));
    assert!(!world.get(&ann(), "Doc", "d").await.unwrap().item.contains_key("title"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_who_races_a_change_of_owner_never_writes_after_it() {
    let world = Arc::new(world().await);
    for round in 0..10 {
        let id = format!("d{round}");
        world.create(&ann(), "Doc", json!({"id": id, "editors": ["bob"], "words": 0})).await.unwrap();
        let (writer, taker) = (Arc::clone(&world), Arc::clone(&world));
        let (bobs, anns) = (id.clone(), id.clone());
        let writing = tokio::spawn(async move {
            let mut written = 0;
            while writer.update(&bob(), "Doc", &bobs, json!({"words": written + 1})).await.is_ok() {
                written += 1;
            }
            written
        });
        let shut_out = tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(3)).await;
            taker.update(&ann(), "Doc", &anns, json!({"editors": []})).await
        });
        shut_out.await.unwrap().unwrap();
        let at_that_moment = world.get(&ann(), "Doc", &id).await.unwrap();
        let written: i64 = writing.await.unwrap();
        let at_the_end = world.get(&ann(), "Doc", &id).await.unwrap();
        assert_eq!(at_the_end.item["words"], written);
        assert_eq!(at_the_end.revision, at_that_moment.revision);
    }
    world.records().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_who_create_under_one_owner_lose_nothing() {
    let world = Arc::new(world().await);
    let mut writers = JoinSet::new();
    for writer in 0..50 {
        let world = Arc::clone(&world);
        writers.spawn(async move {
            let mut ids = BTreeSet::new();
            for number in 0..3 {
                let note = json!({"title": format!("{writer}/{number}")});
                ids.insert(text(&world.create(&ann(), "Note", note).await.unwrap().item, "id"));
            }
            ids
        });
    }
    let created: BTreeSet<String> = writers.join_all().await.into_iter().flatten().collect();
    let listed = world.ids(&ann(), "Note").await;
    assert_eq!((created.len(), listed.len()), (150, 150));
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), created);
    let verified = verify_table(&world.table, &world.schema, &Authorizer::default()).await.unwrap();
    assert_eq!(
        (verified.records, verified.index_rows),
        (150, 300),
        "a row for the owner and one for editors"
    );
}
