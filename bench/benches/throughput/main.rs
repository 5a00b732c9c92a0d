//! Requests a second through the REST API, beside the same records without a layer.
//!
//! `cargo bench -p portcullis-bench --bench throughput`, which needs the load generator `wrk`.
//!
//! 1. Both doors stand on one table in DynamoDB's embedded stand-in, within this process, over HTTP. `wrk` asks each in turn, so
//!    that whatever slows the machine slows both.
//! 2. "With the layers" is the API as it is deployed: panics caught, CORS, the log with one line a request as JSON (to nowhere), the
//!    token verified, the rules decided for the caller whom it names.
//! 3. "Without" is a router of axum with the same two operations for a caller who is always the same.
//! 4. The processor time is that of this process, so of doors and DynamoDB together; the generator is another process.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark whose setting is wrong has nothing to say"
)]

mod bare;
mod generator;

use std::{net::SocketAddr, process, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
};
use portcullis::{TokenUse, Verifier, testkit::TestIssuer};
use portcullis_api::Api;
use portcullis_bench::{Table, cpu_time_of, duration};
use portcullis_data::{Repository, schema::Schema, testkit};
use tokio::{net::TcpListener, runtime::Runtime};
use tower::ServiceExt;

use self::generator::{Load, Request};

const CLIENT: &str = "7abcdefghijklmnopqrstuvwxy";
const CALLER: &str = "2e54d8f4-70d1-70c2-a4a1-4d4c00000001";
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_secs(2);
const SCHEMA: &str = r#"
type Note @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["editors"], operations: [read] }]) {
  title: String!
  content: String
}
"#;

/// One way in, and what it did in each round.
struct Door {
    name: &'static str,
    address: SocketAddr,
    token: Option<String>,
    rounds: Vec<Round>,
}

#[derive(Clone, Copy)]
struct Round {
    requests_a_second: f64,
    cpu_nanoseconds: f64,
}

fn main() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(portcullis_api::log_filter(tracing::Level::INFO))
        .with_writer(std::io::sink)
        .init();
    let runtime = Runtime::new().unwrap();
    let pool = TestIssuer::cognito();
    let token = pool
        .access_token(CALLER)
        .claim("client_id", CLIENT)
        // In the year 2100.
        .claim("exp", 4_102_444_800_u64)
        .sign();
    let issuer = pool.issuer().client_ids([CLIENT]).token_use(TokenUse::Access);
    let verifier = Verifier::builder().issuer(issuer).build().unwrap();
    let schema = Schema::parse(SCHEMA, "schema.graphql").unwrap();
    let table = runtime.block_on(testkit::table()).unwrap();

    let note = schema.model("Note").unwrap().clone();
    let without = serve(&runtime, bare::router(note, Repository::new(table.clone()), CALLER));
    let api = Api::new(schema, table, verifier).unwrap();
    let router = portcullis_api::router(api).unwrap();
    let id = runtime.block_on(create_one(router.clone(), &token));
    let with = serve(&runtime, router);
    let door = |name, address, token| Door { name, address, token, rounds: Vec::new() };
    let mut doors = [door("without layers", without, None), door("with the layers", with, Some(token))];
    let mut results = Table::new(["", "requests a second", "of the bare", "CPU a request", "of the bare"]);
    for (operation, request) in [("get", Request::Get(id)), ("create", Request::Create)] {
        for _ in 0..ROUNDS {
            for door in &mut doors {
                door.run(&request);
            }
        }
        for (number, door) in doors.iter().enumerate() {
            let of_bare = |figure: fn(&Round) -> f64| {
                let pairs = door.rounds.iter().zip(&doors[0].rounds);
                let ratio = median(pairs.map(|(one, bare)| figure(one) / figure(bare)));
                if number == 0 { "1.000".to_owned() } else { format!("{ratio:.3}") }
            };
            results.push([
                format!("{operation}, {}", door.name),
                format!("{:.0}", median(door.rounds.iter().map(|round| round.requests_a_second))),
                of_bare(|round| round.requests_a_second),
                duration(median(door.rounds.iter().map(|round| round.cpu_nanoseconds))),
                of_bare(|round| round.cpu_nanoseconds),
            ]);
        }
        doors.iter_mut().for_each(|door| door.rounds.clear());
    }
    println!(
        "Medians of {ROUNDS} rounds of {} s with {} connections\n\n{results}",
        ROUND.as_secs(),
        Load::CONNECTIONS
    );
}

impl Door {
    fn run(&mut self, request: &Request) {
        let before = cpu_time_of(process::id());
        let load = Load::run(&self.address, self.token.as_deref(), request, ROUND);
        let spent = cpu_time_of(process::id()).saturating_sub(before);
        self.rounds.push(Round {
            requests_a_second: load.requests as f64 / load.seconds,
            cpu_nanoseconds: spent as f64 / load.requests as f64,
        });
    }
}

/// Makes one record, and tells its id.
async fn create_one(router: Router, token: &str) -> String {
    let request = http::Request::post("/notes")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(generator::BODY))
        .unwrap();
    let answer = router.oneshot(request).await.unwrap().into_body();
    let record: serde_json::Value =
        serde_json::from_slice(&to_bytes(answer, 64 * 1024).await.unwrap()).unwrap();
    record.get("id").and_then(|id| id.as_str()).unwrap().to_owned()
}

/// Serves on a free port of this machine, until the process ends.
fn serve(runtime: &Runtime, router: Router) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, router).await });
    address
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
