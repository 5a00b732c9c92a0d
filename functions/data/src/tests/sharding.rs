//! Lists that are spread over several partitions: nothing is lost, the order holds, and a page costs what it did.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::*;
use crate::{Consumed, HotList, ListQuery, Meter, Shards, ShardsError, testkit::verify_table};

const SCHEMA: &str = r#"
type Post @model @auth(rules: [{ allow: private }, { allow: owner }]) {
  topic: String @index(name: "byTopic", sortKeyFields: ["rank"])
  rank: Int
}
"#;

/// A world whose clock can be moved.
async fn spread_world() -> (World, Arc<AtomicI64>, Meter) {
    let meter = Meter::default();
    let table = testkit::metered_table(&meter).await.unwrap();
    let time = Arc::new(AtomicI64::new(1_767_225_600_000));
    let repository = Repository::new(table.clone()).clock(clock(&time));
    let data = AuthorizedRepository::new(repository.clone(), Authorizer::default());
    let schema = Schema::parse(SCHEMA, "schema.graphql").unwrap();
    (World { table, repository, data, schema }, time, meter)
}

fn clock(time: &Arc<AtomicI64>) -> impl Fn() -> Timestamp + Send + Sync + 'static {
    let time = Arc::clone(time);
    move || Timestamp::from_millisecond(time.fetch_add(1, Ordering::Relaxed)).unwrap()
}

async fn listed(world: &World, query: &ListQuery, limit: u32) -> Vec<String> {
    let (mut ids, mut request) = (Vec::new(), PageRequest { limit: Some(limit), next_token: None });
    loop {
        let page = world.data.list_by(&bob(), world.model("Post"), query, &request).await.unwrap();
        assert!(page.next_token.is_none() || page.items.len() == limit as usize, "a page is full");
        ids.extend(page.items.iter().map(|item| text(item, "id")));
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            return ids;
        }
    }
}

#[tokio::test]
async fn a_list_can_be_spread_and_drawn_together_while_it_is_written() {
    let (world, time, meter) = spread_world().await;
    let (post, shards) = (world.model("Post"), Shards::new(world.table.clone()).clock(clock(&time)));
    let everybody = HotList::everybody(post);
    let index = HotList::in_index(post, "byTopic", "tea", None).unwrap();
    let mut expected = Vec::new();
    for number in [1, 6, 2] {
        // The process knows the number of shards of before, and the new one is to begin in some minutes.
        for list in [&everybody, &index] {
            shards.set(list, number).await.unwrap();
        }
        for phase in 0..2 {
            for record in 0..15 {
                // Names of its own choice, so that the hashes are the same in every run.
                let id = format!("p{}", expected.len());
                let input = json!({"id": id, "topic": "tea", "rank": (record * 7) % 15});
                let created = world.create(&ann(), "Post", input).await.unwrap();
                expected.push(text(&created.item, "id"));
            }
            if phase == 0 {
                time.fetch_add(310_000, Ordering::Relaxed);
                assert_eq!(shards.of(&everybody).await.unwrap(), number);
            }
        }
    }
    let verified = verify_table(&world.table, &world.schema, &Authorizer::default()).await.unwrap();
    assert_eq!((verified.records, verified.index_rows), (90, 4 * 90));
    let partitions: BTreeSet<String> =
        world.rows().await.iter().map(|row| row[PK].as_s().unwrap().clone()).collect();
    for shard in 0..6 {
        assert!(partitions.contains(&format!("Post@#{shard}")), "{shard}");
    }
    for limit in [3, 7, 60, 1000] {
        assert_eq!(listed(&world, &ListQuery::default(), limit).await, expected, "limit {limit}");
        let mut latest = listed(&world, &ListQuery::default().descending(), limit).await;
        latest.reverse();
        assert_eq!(latest, expected, "limit {limit}, the latest first");
    }
    for query in
        [IndexQuery::new(Some("byTopic"), "tea"), IndexQuery::new(Some("byTopic"), "tea").descending()]
    {
        let request = PageRequest { limit: Some(1000), next_token: None };
        let page = world.data.query(&bob(), post, &query, &request).await.unwrap();
        let mut ranks: Vec<i64> = page.items.iter().map(|item| item["rank"].as_i64().unwrap()).collect();
        if query.is_descending() {
            ranks.reverse();
        }
        assert_eq!(ranks.len(), 90);
        assert!(ranks.is_sorted());
    }
    // A record keeps its rows where they are, and takes all of them along when it goes.
    for id in [&expected[0], &expected[40], &expected[89]] {
        world.update(&ann(), "Post", id, json!({"topic": "coffee", "rank": 1})).await.unwrap();
        world.delete(&ann(), "Post", id).await.unwrap();
    }
    verify_table(&world.table, &world.schema, &Authorizer::default()).await.unwrap();

    // A page of the time before the list was spread reads one partition, as it did then.
    let request = PageRequest { limit: Some(20), next_token: None };
    let _ = meter.take();
    world.data.list(&bob(), post, &request).await.unwrap();
    let Consumed { calls, .. } = meter.take();
    assert!(calls <= 4, "{calls} calls: shards, index rows, records");
}

#[tokio::test]
async fn a_page_of_twenty_costs_at_most_twice_its_records_with_sixteen_shards_and_at_any_depth() {
    let (world, time, meter) = spread_world().await;
    let post = world.model("Post");
    let since_ever = Shards::new(world.table.clone()).clock(|| Timestamp::UNIX_EPOCH);
    since_ever.set(&HotList::everybody(post), 16).await.unwrap();
    let posts = (0..600).map(|number| {
        fields(json!({"id": format!("p{number:04}"), "topic": "tea", "rank": number, "owner": "u1::ann"}))
    });
    let from = Timestamp::from_millisecond(1_767_225_600_000).unwrap();
    testkit::plant(&world.table, post, &Authorizer::default(), from, posts).await.unwrap();
    time.fetch_add(10_000, Ordering::Relaxed);
    verify_table(&world.table, &world.schema, &Authorizer::default()).await.unwrap();

    let mut request = PageRequest { limit: Some(20), next_token: None };
    let mut costs = Vec::new();
    for query in [ListQuery::default(), ListQuery::default().descending()] {
        for page in 0..20 {
            let answer = world.data.list_by(&bob(), post, &query, &request).await.unwrap();
            assert_eq!(answer.items.len(), 20);
            let first: usize = if query.descending { 599 - 20 * page } else { 20 * page };
            assert_eq!(answer.items[0]["id"], format!("p{first:04}"));
            request.next_token = answer.next_token;
            costs.push(meter.take().read);
        }
        request.next_token = None;
    }
    // The first page reads the key of tokens and the numbers of shards besides.
    let dearest = costs.iter().skip(1).copied().fold(0.0, f64::max);
    assert!(dearest <= 40.0, "{costs:?}");
}

#[tokio::test]
async fn a_number_of_shards_is_checked_and_changed_one_at_a_time() {
    let (world, time, _) = spread_world().await;
    let post = world.model("Post");
    let shards = Shards::new(world.table.clone()).clock(clock(&time));
    let list = HotList::named(post, "owner", "ann").unwrap();
    for number in [0, 257] {
        assert!(matches!(shards.set(&list, number).await, Err(ShardsError::Number)), "{number}");
    }
    assert_eq!(shards.of(&list).await.unwrap(), 1);
    shards.set(&list, 1).await.unwrap();
    let from = shards.set(&list, 8).await.unwrap();
    assert_eq!(shards.set(&list, 8).await.unwrap().as_millisecond(), from.as_millisecond(), "the same again");
    assert!(matches!(shards.set(&list, 4).await, Err(ShardsError::Pending(_))));
    assert_eq!(shards.of(&list).await.unwrap(), 1, "not yet");
    let long =
        HotList::in_index(post, "byTopic", "t".repeat(500), Some(("owner", &"o".repeat(600)))).unwrap();
    assert!(matches!(shards.set(&long, 4).await, Err(ShardsError::Unsuitable(_))));
    assert!(HotList::named(post, "topic", "tea").is_err());
    assert!(HotList::in_index(post, "byNothing", "tea", None).is_err());
    assert!(!format!("{list:?}").contains("ann"));
}

#[tokio::test]
async fn two_who_spread_a_list_at_once_do_not_overwrite_each_other() {
    let (world, time, _) = spread_world().await;
    let shards = Shards::new(world.table.clone()).clock(clock(&time));
    let list = HotList::everybody(world.model("Post"));
    let (one, other) = tokio::join!(shards.set(&list, 4), shards.set(&list, 8));
    let done = [one, other].into_iter().filter(Result::is_ok).count();
    assert_eq!(done, 1);
    // Whoever asks in vain is told so, and not after a while.
    let again = tokio::time::timeout(Duration::from_secs(5), shards.set(&list, 16)).await.unwrap();
    assert!(matches!(again, Err(ShardsError::Pending(_))));
}
