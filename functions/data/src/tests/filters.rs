//! Filters of lists and conditions of writes: what the client states, within what the rules let them see.

use std::sync::Arc;

use portcullis_rules::Denied;
use serde_json::json;
use tokio::task::JoinSet;

use super::*;
use crate::{Expected, Filter, ListQuery};

const SCHEMA: &str = r#"
type Task @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["editors"] }]) {
  state: String @index(name: "byState", sortKeyFields: ["rank"])
  rank: Int
}

type Paid @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["editors"] }]) {
  rank: Int
  salary: Int @auth(rules: [{ allow: groups, groups: ["editors"] }])
}

type Drop @model @auth(rules: [{ allow: private, operations: [create, update, delete] }, { allow: groups, groups: ["editors"] }]) {
  state: String
}
"#;

fn filter(filter: Value) -> Filter {
    Filter::parse(&filter).unwrap()
}

async fn found(world: &World, who: &Identity, query: &ListQuery, limit: u32) -> Vec<Vec<String>> {
    let (mut pages, mut request) = (Vec::new(), PageRequest { limit: Some(limit), next_token: None });
    loop {
        let page = world.data.list_by(who, world.model("Task"), query, &request).await.unwrap();
        pages.push(page.items.iter().map(|item| text(item, "id")).collect());
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn limit_counts_what_the_filter_lets_through() {
    let world = world_of(SCHEMA).await;
    for number in 0..40 {
        let (who, state) = (if number % 2 == 0 { ann() } else { bob() }, ["open", "done"][number / 2 % 2]);
        let input = json!({"id": format!("t{number:02}"), "state": state, "rank": number});
        world.create(&who, "Task", input).await.unwrap();
    }
    let expected: Vec<String> = (0..40).step_by(4).map(|number| format!("t{number:02}")).collect();
    let open = ListQuery::default().filter(filter(json!({"state": {"eq": "open"}})));
    for limit in [1, 3, 10, 100] {
        let pages = found(&world, &ann(), &open, limit).await;
        assert_eq!(pages.concat(), expected, "limit {limit}");
        let full = pages.iter().take(expected.len() / limit as usize);
        assert!(full.into_iter().all(|page| page.len() == limit as usize), "limit {limit}: {pages:?}");
        let mut latest = found(&world, &ann(), &open.clone().descending(), limit).await.concat();
        latest.reverse();
        assert_eq!(latest, expected, "limit {limit}, the latest first");
    }
    let query =
        IndexQuery::new(Some("byState"), "open").filter(filter(json!({"rank": {"between": [8, 30]}})));
    for (query, expected) in [
        (query.clone(), ["t08", "t12", "t16", "t20", "t24", "t28"]),
        (query.descending(), ["t28", "t24", "t20", "t16", "t12", "t08"]),
    ] {
        let page =
            world.data.query(&ann(), world.model("Task"), &query, &PageRequest::default()).await.unwrap();
        assert_eq!(page.items.iter().map(|item| text(item, "id")).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn a_token_of_one_direction_is_none_of_the_other() {
    let world = world_of(SCHEMA).await;
    for _ in 0..3 {
        world.create(&ann(), "Task", json!({"state": "open"})).await.unwrap();
    }
    let request = PageRequest { limit: Some(1), next_token: None };
    let there = world.data.list(&ann(), world.model("Task"), &request).await.unwrap().next_token;
    let request = PageRequest { next_token: there, ..request };
    let back = ListQuery::default().descending();
    let answer = world.data.list_by(&ann(), world.model("Task"), &back, &request).await;
    assert!(matches!(answer, Err(DataError::InvalidCursor)));
}

#[tokio::test]
async fn a_page_that_finds_nothing_ends_after_a_bounded_number_of_records() {
    let world = world_of(SCHEMA).await;
    let tasks = (0..2300)
        .map(|number| fields(json!({"id": format!("t{number}"), "owner": "u1::ann", "rank": number})));
    let from = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
    testkit::plant(&world.table, world.model("Task"), &Authorizer::default(), from, tasks).await.unwrap();
    let none = ListQuery::default().filter(filter(json!({"rank": {"gt": 2299}})));
    let pages = found(&world, &ann(), &none, 10).await;
    assert!(pages.concat().is_empty() && (2..=3).contains(&pages.len()), "{}", pages.len());
    let last = ListQuery::default().filter(filter(json!({"rank": {"gt": 2295}})));
    assert_eq!(found(&world, &ann(), &last, 10).await.concat().len(), 4);
}

#[tokio::test]
async fn what_is_withheld_is_found_by_no_filter_and_tested_by_no_condition() {
    let world = world_of(SCHEMA).await;
    let (paid, key) = (world.model("Paid"), RecordKey::id("t"));
    let record = fields(json!({"id": "t", "owner": "u1::ann", "salary": 9}));
    testkit::plant(&world.table, paid, &Authorizer::default(), Timestamp::UNIX_EPOCH, [record])
        .await
        .unwrap();
    let rich = json!({"salary": {"gt": 5}});
    // A denial does not show that there is something either.
    for (asked, who, expected) in [
        (rich.clone(), editor(), vec!["t"]),
        (rich.clone(), ann(), vec![]),
        (json!({"not": rich}), editor(), vec![]),
        (json!({"not": rich}), ann(), vec!["t"]),
    ] {
        let query = ListQuery::default().filter(filter(asked.clone()));
        let page = world.data.list_by(&who, paid, &query, &PageRequest::default()).await.unwrap();
        assert_eq!(page.items.iter().map(|item| text(item, "id")).collect::<Vec<_>>(), expected, "{asked}");
    }
    let (change, rich) = (|| fields(json!({"rank": 1})), filter(rich));
    let refused = world.data.update(&ann(), paid, &key, change(), &rich).await;
    assert!(
        matches!(&refused, Err(DataError::Forbidden(Denied::Fields(names))) if names == &["salary"]),
        "{refused:?}"
    );
    assert!(world.data.update(&editor(), paid, &key, change(), &rich).await.is_ok());

    // Whoever may write and not read asks about nothing but the key.
    world.create(&ann(), "Drop", json!({"id": "d", "state": "open"})).await.unwrap();
    let (drop, key) = (world.model("Drop"), RecordKey::id("d"));
    let state = filter(json!({"state": {"eq": "open"}}));
    let asked = world.data.update(&ann(), drop, &key, fields(json!({"state": "x"})), &state).await;
    assert!(
        matches!(&asked, Err(DataError::Forbidden(Denied::Fields(names))) if names == &["state"]),
        "{asked:?}"
    );
    let id = filter(json!({"id": {"eq": "d"}}));
    assert!(world.data.update(&ann(), drop, &key, fields(json!({"state": "x"})), &id).await.is_ok());
}

#[tokio::test]
async fn what_the_schema_no_longer_declares_is_tested_by_no_condition() {
    let world = world_of(SCHEMA).await;
    let (paid, key) = (world.model("Paid"), RecordKey::id("t"));
    // It was withheld as long as it was declared, and nobody is shown it now.
    let record = fields(json!({"id": "t", "owner": "u1::ann", "bonus": 9}));
    testkit::plant(&world.table, paid, &Authorizer::default(), Timestamp::UNIX_EPOCH, [record])
        .await
        .unwrap();
    for asked in
        [json!({"bonus": {"gt": 5}}), json!({"bonus": {"le": 5}}), json!({"not": {"bonus": {"gt": 5}}})]
    {
        let condition = filter(asked.clone());
        let change = || fields(json!({"rank": 1}));
        let outcomes = [
            world.data.update(&ann(), paid, &key, change(), &condition).await,
            world.data.update(&editor(), paid, &key, change(), &condition).await,
            world.data.delete(&editor(), paid, &key, &condition).await,
        ];
        for outcome in outcomes {
            assert!(
                matches!(&outcome, Err(DataError::Forbidden(Denied::Fields(names))) if names == &["bonus"]),
                "{asked}: {outcome:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_write_happens_under_its_condition_or_not_at_all() {
    let world = world_of(SCHEMA).await;
    let task = world.model("Task");
    let (open, done) = (filter(json!({"state": {"eq": "open"}})), filter(json!({"state": {"eq": "done"}})));
    let fresh = filter(json!({"state": {"attributeExists": false}}));
    let new = |id: &str| fields(json!({"id": id, "state": "open"}));
    for (condition, made) in [(&open, false), (&fresh, true)] {
        let created = world.data.create_if(&ann(), task, new("t"), Some(condition)).await;
        assert_eq!(created.is_ok(), made);
    }
    let key = RecordKey::id("t");
    let change = || fields(json!({"rank": 1}));
    let kept = world.data.update(&ann(), task, &key, change(), &done).await;
    assert!(matches!(kept, Err(DataError::ConditionFailed)));
    assert!(matches!(world.data.delete(&ann(), task, &key, &done).await, Err(DataError::ConditionFailed)));
    // Somebody who may not see the record does not learn whether the condition holds.
    for condition in [&open, &done] {
        let hidden = world.data.update(&bob(), task, &key, change(), condition).await;
        assert!(matches!(hidden, Err(DataError::NotFound)));
    }
    let before = world.get(&ann(), "Task", "t").await.unwrap();
    let both = Expected::from(&open).revision(before.revision());
    world.data.update(&ann(), task, &key, change(), both).await.unwrap();
    let late = world.data.update(&ann(), task, &key, change(), both).await;
    assert!(matches!(late, Err(DataError::PreconditionFailed)));
    world.data.delete(&ann(), task, &key, &open).await.unwrap();
    assert!(world.records().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_that_state_what_they_have_seen_lose_no_update() {
    const WRITERS: u64 = 5;
    const EACH: u64 = 6;
    let world = Arc::new(world_of(SCHEMA).await);
    world.create(&ann(), "Task", json!({"id": "t", "rank": 0})).await.unwrap();
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let world = Arc::clone(&world);
        writers.spawn(async move {
            let mut done = 0;
            while done < EACH {
                let seen = world.get(&ann(), "Task", "t").await.unwrap().item["rank"].clone();
                let next = fields(json!({"rank": seen.as_u64().unwrap() + 1}));
                let as_seen = filter(json!({"rank": {"eq": seen}}));
                let key = RecordKey::id("t");
                match world.data.update(&ann(), world.model("Task"), &key, next, &as_seen).await {
                    Ok(_) => done += 1,
                    Err(DataError::ConditionFailed | DataError::Conflict) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
    }
    writers.join_all().await;
    assert_eq!(world.get(&ann(), "Task", "t").await.unwrap().item["rank"], WRITERS * EACH);
    world.records().await;
}

#[tokio::test]
async fn many_records_are_read_at_once_and_each_is_shown_to_whom_it_may_be() {
    let world = world_of(SCHEMA).await;
    let tasks = (0..230).map(|number| {
        let owner = if number % 2 == 0 { "u1::ann" } else { "u2::bob" };
        fields(json!({"id": format!("t{number}"), "owner": owner, "salary": 3}))
    });
    let from = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
    let task = world.model("Paid");
    testkit::plant(&world.table, task, &Authorizer::default(), from, tasks).await.unwrap();
    let ids = (0..230).rev().chain([7, 7, 8]).map(|number| format!("t{number}"));
    let keys: Vec<RecordKey> = ids.chain(["none".to_owned(), "a/b".to_owned()]).map(RecordKey::id).collect();
    let found = world.data.get_all(&ann(), task, &keys).await.unwrap();
    assert_eq!(found.len(), keys.len());
    for (key, shown) in keys.iter().zip(&found) {
        let number: Option<usize> = key.text().strip_prefix('t').and_then(|number| number.parse().ok());
        let visible = number.is_some_and(|number| number % 2 == 0);
        assert_eq!(shown.as_ref().map(|shown| text(shown.item(), "id")), visible.then(|| key.text()));
        assert!(shown.as_ref().is_none_or(|shown| !shown.item().contains_key("salary")));
    }
    assert!(world.data.get_all(&ann(), task, &[]).await.unwrap().is_empty());
    let refused = world.data.get_all(&Identity::ApiKey, task, &keys).await;
    assert!(matches!(refused, Err(DataError::Forbidden(_))));
}
