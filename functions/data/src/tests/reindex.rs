//! Index rows made anew: old records are found by new rules, whoever writes meanwhile.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize},
};

use portcullis_rules::IamCaller;
use serde_json::json;
use tokio::{sync::Notify, task::JoinSet};

use super::*;
use crate::{Meter, Reindex, testkit::verify_table};

const OLD: &str = "type Doc @model @auth(rules: [{ allow: owner }]) {
    title: String  editors: [String]  rank: Int
}
type Gone @model @auth(rules: [{ allow: owner }]) { title: String }";

const NEW: &str = "type Doc @model @auth(rules: [{ allow: owner, ownerField: \"editors\" }, { allow: private, operations: [read] }]) {
    title: String @index(name: \"byTitle\", sortKeyFields: [\"rank\"])  editors: [String]  owner: String  rank: Int
}";

fn schema(source: &str) -> Schema {
    Schema::parse(source, "schema.graphql").unwrap()
}

/// A table of old records, seen with the new rules.
async fn changed_world(records: usize) -> World {
    let world = world_of(OLD).await;
    let docs = (0..records).map(|number| {
        let title = ["tea", "coffee"][number % 2];
        fields(json!({"id": format!("d{number:04}"), "title": title, "rank": number, "owner": "u1::ann", "editors": ["bob"]}))
    });
    let from = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
    testkit::plant(&world.table, world.model("Doc"), &Authorizer::default(), from, docs).await.unwrap();
    World { schema: schema(NEW), ..world }
}

fn run(world: &World) -> Reindex {
    Reindex::new(world.table.clone(), world.schema.clone(), Authorizer::default())
}

#[tokio::test]
async fn old_records_are_found_by_new_rules_and_indexes() {
    let world = changed_world(40).await;
    let old = World { schema: schema(OLD), table: world.table.clone(), ..world_of(OLD).await };
    let gone = fields(json!({"id": "g", "owner": "u1::ann"}));
    testkit::plant(&world.table, old.model("Gone"), &Authorizer::default(), Timestamp::UNIX_EPOCH, [gone])
        .await
        .unwrap();
    assert!(world.ids(&editor(), "Doc").await.is_empty());

    let rehearsal = run(&world).dry_run().run(&|_| {}).await.unwrap();
    assert_eq!((rehearsal.progress.changed, rehearsal.progress.unknown), (40, 1));
    assert!(world.ids(&editor(), "Doc").await.is_empty(), "nothing was written");

    let revision = world.get(&editor(), "Doc", "d0001").await.unwrap().revision().clone();
    let report = run(&world).run(&|_| {}).await.unwrap();
    assert_eq!((report.progress.records, report.progress.changed, report.resumed), (41, 40, false));
    assert_eq!(world.ids(&editor(), "Doc").await.len(), 40);
    assert_eq!(world.ids(&bob(), "Doc").await.len(), 40);
    let query = IndexQuery::new(Some("byTitle"), "tea").descending();
    let page =
        world.data.query(&editor(), world.model("Doc"), &query, &PageRequest::default()).await.unwrap();
    let ranks: Vec<i64> = page.items.iter().map(|item| item["rank"].as_i64().unwrap()).collect();
    assert_eq!(ranks, (0..20).rev().map(|half| half * 2).collect::<Vec<i64>>());
    let now = world.get(&editor(), "Doc", "d0001").await.unwrap();
    assert_ne!(now.revision(), &revision, "a writer who has read the old rows decides anew");
    assert_eq!(now.item()["rank"], 1, "nothing else changed");

    let with_gone =
        schema(&format!("{NEW} type Gone @model @auth(rules: [{{ allow: owner }}]) {{ title: String }}"));
    let verified = verify_table(&world.table, &with_gone, &Authorizer::default()).await.unwrap();
    assert_eq!((verified.records, verified.index_rows), (41, 40 * 4 + 1));
    let again = run(&world).run(&|_| {}).await.unwrap();
    assert_eq!((again.progress.records, again.progress.changed), (41, 0), "all is as it should be");
}

#[tokio::test]
async fn a_run_that_was_cut_off_goes_on_where_it_ended() {
    let world = changed_world(500).await;
    let (pages, enough) = (AtomicUsize::new(0), Notify::new());
    let tell = |_: &crate::Progress| {
        if pages.fetch_add(1, Ordering::Relaxed) == 1 {
            enough.notify_one();
        }
    };
    let first = run(&world).segments(1);
    tokio::select! {
        biased;
        () = enough.notified() => {}
        outcome = first.run(&tell) => panic!("not cut off: {outcome:?}"),
    }
    assert!(world.ids(&editor(), "Doc").await.len() < 500);
    // Not from where other rules were: these make other rows.
    let other = Reindex::new(world.table.clone(), schema(OLD), Authorizer::default());
    assert!(!other.segments(1).dry_run().run(&|_| {}).await.unwrap().resumed);
    let report = run(&world).segments(1).run(&|_| {}).await.unwrap();
    assert!(report.resumed);
    // The page during which it was cut off is counted again.
    assert_eq!(report.progress.records, 500);
    assert_eq!(world.ids(&editor(), "Doc").await.len(), 500);
    verify_table(&world.table, &world.schema, &Authorizer::default()).await.unwrap();
    assert!(!run(&world).segments(1).run(&|_| {}).await.unwrap().resumed, "what is done is not resumed");
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_who_know_the_new_rules_lose_nothing_to_a_run() {
    let world = Arc::new(changed_world(60).await);
    let done = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..4_usize {
        let (world, done) = (Arc::clone(&world), Arc::clone(&done));
        writers.spawn(async move {
            let (mut counts, mut round) = (BTreeMap::<String, u64>::new(), writer);
            while !done.load(Ordering::Relaxed) || round < 40 {
                round += 1;
                let id = format!("d{:04}", (round * 4 + writer) % 60);
                let (title, editors) = (format!("t{}", round % 3), ["bob", "u4"][round % 2]);
                // Each writer has records of its own, so that it knows what they must be in the end.
                match round % 9 {
                    0 => {
                        let new = json!({"title": title, "editors": ["bob"], "rank": 1});
                        world.create(&bob(), "Doc", new).await.unwrap();
                    }
                    _ => {
                        let changes = json!({"title": title, "rank": round, "editors": ["bob", editors]});
                        world.update(&bob(), "Doc", &id, changes).await.unwrap();
                        counts.insert(id, round as u64);
                    }
                }
            }
            counts
        });
    }
    let report = run(&world).run(&|_| {}).await.unwrap();
    done.store(true, Ordering::Relaxed);
    assert!(report.problems.is_empty());
    for counts in writers.join_all().await {
        for (id, round) in counts {
            assert_eq!(world.get(&bob(), "Doc", &id).await.unwrap().item["rank"], round, "{id}");
        }
    }
    verify_table(&world.table, &world.schema, &Authorizer::default()).await.unwrap();
}

#[tokio::test]
async fn a_record_that_the_rules_cannot_index_is_left_and_named() {
    let world = world_of(OLD).await;
    let many: Vec<String> = (0..60).map(|number| format!("secret{number}")).collect();
    let docs = [
        fields(json!({"id": "a", "owner": "u1::ann", "editors": many})),
        fields(json!({"id": "b", "owner": "u1::ann", "editors": ["bob"]})),
    ];
    testkit::plant(&world.table, world.model("Doc"), &Authorizer::default(), Timestamp::UNIX_EPOCH, docs)
        .await
        .unwrap();
    let world = World { schema: schema(NEW), ..world };
    let report = run(&world).run(&|_| {}).await.unwrap();
    assert_eq!((report.progress.changed, report.progress.refused), (1, 1));
    let problems: Vec<&str> = report.problems.iter().map(String::as_str).collect();
    assert_eq!(problems, ["Doc: `editors` has too many values: more than 48 index rows"]);
    assert_eq!(world.ids(&editor(), "Doc").await, ["b"]);
    let old = World { schema: schema(OLD), ..world };
    assert_eq!(old.ids(&ann(), "Doc").await, ["a"], "it is found as it was before");
}

#[tokio::test]
async fn whoever_is_let_in_whatever_the_rules_say_lists_what_was_there_before() {
    let world = changed_world(5).await;
    let authorizer = Authorizer::new().admin_roles(["ops"]);
    let world = World {
        data: AuthorizedRepository::new(world.repository.clone(), authorizer.clone()),
        schema: schema(OLD),
        ..world
    };
    let user_arn = Some("arn:aws:sts::111122223333:assumed-role/ops/session".to_owned());
    let operator = Identity::Iam(IamCaller { user_arn, ..IamCaller::default() });
    assert!(world.ids(&operator, "Doc").await.is_empty());
    Reindex::new(world.table.clone(), world.schema.clone(), authorizer).run(&|_| {}).await.unwrap();
    assert_eq!(world.ids(&operator, "Doc").await.len(), 5);
}

// The clock moves only while the run waits, so that a slow machine waits no less.
#[tokio::test(start_paused = true)]
async fn a_run_consumes_no_more_than_it_may() {
    let meter = Meter::default();
    let table = testkit::metered_table(&meter).await.unwrap();
    let docs = (0..120).map(|number| fields(json!({"id": format!("d{number}"), "owner": "u1::ann"})));
    let old = schema(OLD);
    testkit::plant(&table, old.model("Doc").unwrap(), &Authorizer::default(), Timestamp::UNIX_EPOCH, docs)
        .await
        .unwrap();
    let _ = meter.take();
    let started = tokio::time::Instant::now();
    // So many records in transactions of three and four rows each are more than 720 units. A few are under way at once, whose
    // debt nobody waits for at the end.
    let new = schema("type Doc @model @auth(rules: [{ allow: private }]) { owner: String }");
    let run = Reindex::new(table, new, Authorizer::default()).rate(meter, 100.0);
    assert_eq!(run.run(&|_| {}).await.unwrap().progress.changed, 120);
    assert!(started.elapsed() > std::time::Duration::from_secs(4), "{:?}", started.elapsed());
}
