//! Tokens that have been verified before: what remembering them saves, and what it takes.
//!
//! `cargo bench -p portcullis-bench --bench cache`
//!
//! The tokens are access tokens as Amazon Cognito writes them, each signed with RS256. They come in turn, as from a list, or in no order, which
//! finds nothing in the caches of the processor.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark whose setting is wrong has nothing to say"
)]

use std::{cell::Cell, convert::Infallible, future::ready, hint::black_box, time::Instant};

use futures_util::FutureExt;
use http::{HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION};
use portcullis::{AuthenticateLayer, CachingVerifier, TokenUse, Verifier, testkit::TestIssuer};
use portcullis_bench::{Contender, Table, duration, race};
use tower::{Layer, Service, service_fn};

const CLIENT: &str = "7abcdefghijklmnopqrstuvwxy";
const MANY: usize = 10_000;

fn main() {
    let pool = TestIssuer::cognito();
    let issuer = pool.issuer().client_ids([CLIENT]).token_use(TokenUse::Access);
    // The clock of the machine, as in earnest.
    let verifier = Verifier::builder().issuer(issuer).build().unwrap();
    let tokens: Vec<String> = (0..MANY).map(|number| token(&pool, number)).collect();

    let before = resident();
    let caching = CachingVerifier::new(verifier.clone());
    for token in &tokens {
        caching.authenticate_now(token).unwrap().unwrap();
    }
    let bytes = resident().saturating_sub(before);
    assert_eq!(caching.remembered(), MANY, "all of them fit");
    println!(
        "{MANY} tokens of {} bytes, {} bytes of memory for each that is remembered\n",
        tokens.iter().map(String::len).sum::<usize>() / MANY,
        bytes / MANY
    );

    // What no cache that compares whole tokens can do without: to read a token and its copy.
    let copies = tokens.clone();
    let compared = |index: usize| assert_eq!(black_box(&tokens[index]), &copies[index]);
    let numbers: Vec<usize> = (0..MANY).collect();

    let one = &tokens[..1];
    let layer = AuthenticateLayer::new(caching.clone());
    // One alone where there are many tokens: whoever has a turn in between takes the caches of the processor away.
    let alone = |contender| race([contender])[0];
    let next = in_turn(&numbers);
    let in_turn_compared = alone(Contender::new(move || compared(*next())));
    let next = shuffled(&numbers);
    let many_compared = alone(Contender::new(move || compared(*next())));
    let in_turn_bare = alone(bare(caching.clone(), in_turn(&tokens)));
    let many_bare = alone(bare(caching.clone(), shuffled(&tokens)));
    let many = headers(&tokens);
    let in_turn_layer = alone(through(&layer, in_turn(many)));
    let many_layer = alone(through(&layer, shuffled(many)));
    let [verified, one_bare, one_layer] = race([
        bare(CachingVerifier::new(verifier).without_cache(), in_turn(one)),
        bare(caching.clone(), in_turn(one)),
        through(&layer, in_turn(headers(one))),
    ]);
    let mut table = Table::new(["RS256", "a token", "a CPU second"]);
    for (name, figure) in [
        ("verified each time", verified),
        ("compared with a copy and no more, 10,000 tokens in turn", in_turn_compared),
        ("compared with a copy and no more, 10,000 tokens in no order", many_compared),
        ("remembered, one token", one_bare),
        ("remembered, 10,000 tokens in turn", in_turn_bare),
        ("remembered, 10,000 tokens in no order", many_bare),
        ("remembered, one token, through the layer", one_layer),
        ("remembered, 10,000 tokens in turn, through the layer", in_turn_layer),
        ("remembered, 10,000 tokens in no order, through the layer", many_layer),
    ] {
        table.push([
            name.to_owned(),
            duration(figure.nanoseconds),
            format!("{:.2} million", 1e3 / figure.nanoseconds),
        ]);
    }
    println!("{table}");
    let (threads, hits) = together(&caching, &tokens);
    println!(
        "{threads} threads at once find {:.2} million of 10,000 tokens in a second of the clock",
        hits / 1e6
    );
}

/// How many tokens all cores find in a second when they share one cache. The clock is that of the wall: other work on the machine
/// makes it less.
fn together(caching: &CachingVerifier, tokens: &[String]) -> (usize, f64) {
    const ROUNDS: usize = 200;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                // Each at another place, so that no core finds what another has just read.
                let (rest, first) = tokens.split_at(tokens.len() / threads * thread);
                for token in (0..ROUNDS).flat_map(|_| first.iter().chain(rest)) {
                    assert!(black_box(caching.authenticate_now(token)).unwrap().is_ok());
                }
            });
        }
    });
    let hits = (threads * ROUNDS * tokens.len()) as f64;
    (threads, hits / start.elapsed().as_secs_f64())
}

fn token(pool: &TestIssuer, number: usize) -> String {
    let sub = format!("2e54d8f4-70d1-70c2-a4a1-4d4c{number:08}");
    pool.access_token(&sub)
        .claim("client_id", CLIENT)
        .claim("origin_jti", "a1b2c3d4-1111-4222-8333-444455556666")
        .claim("event_id", "0f9e8d7c-aaaa-4bbb-8ccc-ddddeeeeffff")
        .claim("jti", "99998888-7777-4666-9555-444433332222")
        .claim("version", 2)
        .claim("scope", "aws.cognito.signin.user.admin openid profile email")
        .claim("cognito:groups", vec!["editors", "reviewers"])
        // In the year 2100.
        .claim("exp", 4_102_444_800_u64)
        .sign()
}

/// One after another.
fn in_turn<'a, T>(items: &'a [T]) -> impl Fn() -> &'a T {
    let index = Cell::new(0);
    move || {
        let item = &items[index.get()];
        index.set((index.get() + 1) % items.len());
        item
    }
}

/// One after another, in an order that no processor can foresee.
fn shuffled<'a, T>(items: &'a [T]) -> impl Fn() -> &'a T {
    let state = Cell::new(1_u64);
    move || {
        state
            .set(state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        let index = (state.get() >> 33) as usize % items.len();
        &items[index]
    }
}

fn bare<'a>(verifier: CachingVerifier, next: impl Fn() -> &'a String + 'a) -> Contender<'a> {
    Contender::new(move || assert!(verifier.authenticate_now(next()).unwrap().is_ok()))
}

fn headers(tokens: &[String]) -> &'static [HeaderValue] {
    let header = |token| HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    tokens.iter().map(header).collect::<Vec<_>>().leak()
}

/// A request through the layer to a service that answers at once.
fn through<'a>(layer: &AuthenticateLayer, next: impl Fn() -> &'static HeaderValue + 'a) -> Contender<'a> {
    let answer = service_fn(|_: Request<String>| ready(Ok::<_, Infallible>(Response::new(String::new()))));
    let mut service = layer.layer(answer);
    Contender::new(move || {
        let mut request = Request::new(String::new());
        request.headers_mut().insert(AUTHORIZATION, next().clone());
        let response = service.call(request).now_or_never().unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    })
}

/// The memory of this process, in bytes, where the system tells.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or_default() * 4096
}
