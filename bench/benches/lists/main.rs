//! What a page of twenty records costs, in capacity and time, among so many records that the caller does not see.
//!
//! `cargo bench -p portcullis-bench --bench lists`, and for a million records `-- 1000000` behind it.
//!
//! 1. The capacity is what DynamoDB's embedded stand-in reports as consumed, with the rounding that DynamoDB publishes: 4 KB
//!    of one partition, or of one record, are a read unit. Each size is checked for the records that the caller must get.
//! 2. Beside it stands what it costs to read those twenty records by their keys, and the way of the reference: a scan with a
//!    filter, until there are twenty or the table ends. (The scan is eventually consistent, which costs half.)
//! 3. The time is that of the whole call on this machine, over HTTP to a SQLite file in memory. It says whether it grows.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark whose setting is wrong has nothing to say"
)]

use std::{env, time::Instant};

use portcullis_bench::{Table, duration};
use portcullis_data::{
    AuthorizedRepository, Consumed, HotList, IndexQuery, ListQuery, Meter, PageRequest, RecordKey,
    Repository, Shards, Timestamp,
    rules::{Authorizer, Claims, Identity, Item, User, VerifiedBy},
    schema::{ModelType, Schema},
    testkit,
};
use serde_json::json;

const SIZES: [usize; 3] = [100, 10_000, 100_000];
/// Of all records, those that the caller owns.
const MINE: usize = 20;
const PAGE: u32 = 20;
/// How often each call is made; the figure is the median.
const CALLS: usize = 15;

const SCHEMA: &str = r#"
type Note @model @auth(rules: [{ allow: owner }]) {
  title: String
  topic: String @index(name: "byTopic", sortKeyFields: ["rank"])
  rank: Int
}

type Post @model @auth(rules: [{ allow: private }]) { title: String }

type Feed @model @auth(rules: [{ allow: private }]) { title: String }
"#;

/// Nobody reads these, so they have no index rows.
const UNLISTED: &str = "type Note @model @auth(rules: [{ allow: owner, operations: [create] }]) {
  title: String topic: String rank: Int
}";

struct World {
    data: AuthorizedRepository,
    schema: Schema,
    /// Holds the notes alone, without index rows: the reference has a table for each model.
    scanned: portcullis_data::Table,
    meter: Meter,
    caller: Identity,
}

/// What one call took.
struct Cost {
    consumed: Consumed,
    nanoseconds: f64,
}

fn main() {
    let asked: Vec<usize> = env::args().filter_map(|size| size.parse().ok()).collect();
    let sizes = if asked.is_empty() { SIZES.to_vec() } else { asked };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut table =
        Table::new(["a page of 20", "records", "read units", "of the records alone", "calls", "time"]);
    for size in sizes {
        runtime.block_on(measure(size, &mut table));
    }
    println!("Medians of {CALLS} calls, records of about 1 KB\n\n{table}");
}

async fn measure(size: usize, table: &mut Table) {
    let world = World::new(size).await;
    let (note, post, feed) = (world.model("Note"), world.model("Post"), world.model("Feed"));
    let keys: Vec<RecordKey> = (size - MINE..size).map(|number| RecordKey::id(id(number))).collect();
    let alone =
        world.cost(async |world| world.data.get_all(&world.caller, note, &keys).await.unwrap().len()).await;
    let units = alone.consumed.read;
    let mut push = |name: &str, cost: &Cost| {
        table.push([
            name.to_owned(),
            size.to_string(),
            format!("{}", cost.consumed.read),
            format!("{:.2}×", cost.consumed.read / units),
            cost.consumed.calls.to_string(),
            duration(cost.nanoseconds),
        ]);
    };
    push("the records alone, by their keys", &alone);

    push(
        "of one's own",
        &world.cost(async |world| world.list(note, &ListQuery::default(), None).await.0).await,
    );
    let latest = ListQuery::default().descending();
    push(
        "of one's own, the latest first",
        &world.cost(async |world| world.list(note, &latest, None).await.0).await,
    );
    let topic = IndexQuery::new(Some("byTopic"), "tea");
    let query = async |world: &World| {
        let page = world.data.query(&world.caller, note, &topic, &request(None)).await.unwrap();
        page.items.len()
    };
    push("of one's own, by an index", &world.cost(query).await);
    push("of all", &world.cost(async |world| world.list(post, &ListQuery::default(), None).await.0).await);
    if size > 10_000 {
        let there = world.behind(post, 5_000 * MINE - MINE).await;
        push(
            "of all, page 5,000",
            &world.cost(async |world| world.list(post, &latest, there.clone()).await.0).await,
        );
    }
    push("of all, in 16 shards", &world.cost(async |world| world.list(feed, &latest, None).await.0).await);
    let scan = async |world: &World| {
        testkit::scan_and_filter(&world.scanned, "owner", "u1::ann", MINE).await.unwrap()
    };
    push("scan and filter, for one's own", &world.cost_of(scan, 3).await);
}

/// Scattered, for a scan meets records in the order of a hash at DynamoDB and in that of their keys here.
fn id(number: usize) -> String {
    format!("{:08x}", (number as u32).wrapping_mul(2_654_435_761))
}

fn request(next_token: Option<String>) -> PageRequest {
    PageRequest { limit: Some(PAGE), next_token }
}

impl World {
    /// Twenty notes of the caller at the end of as many of others as there are to be, and as many posts for all.
    async fn new(size: usize) -> Self {
        let meter = Meter::default();
        let table = testkit::metered_table(&meter).await.unwrap();
        let scanned = testkit::metered_table(&meter).await.unwrap();
        let schema = Schema::parse(SCHEMA, "schema.graphql").unwrap();
        let unlisted = Schema::parse(UNLISTED, "schema.graphql").unwrap();
        let authorizer = Authorizer::default();
        // From the beginning, as an operator would have it for a list that is hot from its first day.
        let shards = Shards::new(table.clone()).clock(|| Timestamp::UNIX_EPOCH);
        shards.set(&HotList::everybody(schema.model("Feed").unwrap()), 16).await.unwrap();
        let body = "a note of some length ".repeat(40);
        let record = |id: String, owner: String, rank: usize| -> Item {
            let value = json!({
                "id": id, "owner": owner, "title": body, "topic": "tea", "rank": rank,
                "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
            });
            value.as_object().cloned().unwrap()
        };
        let from = Timestamp::from_millisecond(1_767_225_600_000).unwrap();
        // Each kind is planted in parts, so that no part is held in memory whole.
        for start in (0..size).step_by(20_000) {
            let end = (start + 20_000).min(size);
            let begun = Timestamp::from_millisecond(from.as_millisecond() + start as i64).unwrap();
            let notes = || {
                (start..end).map(|number| match (number + MINE).checked_sub(size) {
                    None => record(id(number), format!("o{number}::other{number}"), number),
                    Some(_) => record(id(number), "u1::ann".to_owned(), number),
                })
            };
            for (table, schema) in [(&table, &schema), (&scanned, &unlisted)] {
                let note = schema.model("Note").unwrap();
                testkit::plant(table, note, &authorizer, begun, notes()).await.unwrap();
            }
            for model in ["Post", "Feed"] {
                let posts = (start..end).map(|number| {
                    let mut post = record(format!("p{number}"), String::new(), number);
                    post.retain(|field, _| !matches!(field.as_str(), "owner" | "topic" | "rank"));
                    post
                });
                testkit::plant(&table, schema.model(model).unwrap(), &authorizer, begun, posts)
                    .await
                    .unwrap();
            }
        }
        let claims = json!({"sub": "u1", "username": "ann"});
        let claims = Claims::from(claims.as_object().cloned().unwrap());
        let caller = Identity::User(User::user_pools(claims, VerifiedBy::Portcullis));
        let data = AuthorizedRepository::new(Repository::new(table.clone()), authorizer);
        Self { data, schema, scanned, meter, caller }
    }

    fn model(&self, name: &str) -> &ModelType {
        self.schema.model(name).unwrap()
    }

    /// How many records a page has, and where the next begins.
    async fn list(
        &self,
        model: &ModelType,
        query: &ListQuery,
        after: Option<String>,
    ) -> (usize, Option<String>) {
        let page = self.data.list_by(&self.caller, model, query, &request(after)).await.unwrap();
        (page.items.len(), page.next_token)
    }

    /// The token behind so many records, the latest first.
    async fn behind(&self, model: &ModelType, mut records: usize) -> Option<String> {
        let latest = ListQuery::default().descending();
        let mut next_token = None;
        while records > 0 {
            let request = PageRequest { limit: Some(records.min(1000) as u32), next_token };
            let page = self.data.list_by(&self.caller, model, &latest, &request).await.unwrap();
            records -= page.items.len();
            next_token = page.next_token;
        }
        next_token
    }

    async fn cost(&self, call: impl AsyncFn(&Self) -> usize) -> Cost {
        self.cost_of(call, CALLS).await
    }

    async fn cost_of(&self, call: impl AsyncFn(&Self) -> usize, calls: usize) -> Cost {
        // The first reads what every process reads once.
        assert_eq!(call(self).await, MINE, "it finds what the caller must get");
        let (mut times, mut costs) = (Vec::new(), Vec::new());
        for _ in 0..calls {
            let _ = self.meter.take();
            let started = Instant::now();
            let _ = call(self).await;
            times.push(started.elapsed().as_secs_f64() * 1e9);
            costs.push(self.meter.take());
        }
        times.sort_by(f64::total_cmp);
        costs.sort_by(|a, b| a.read.total_cmp(&b.read));
        Cost { consumed: costs[calls / 2], nanoseconds: times[calls / 2] }
    }
}
