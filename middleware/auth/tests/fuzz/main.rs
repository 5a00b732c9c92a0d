//! Bytes become headers, claims, whole tokens, keys and key sets, proofs, and what services in front of a function say about who calls, most
//! of them a little wrong.
//!
//! `cargo test` runs some thousand of each. A million of each, on a stable compiler:
//!
//! ```text
//! PORTCULLIS_CASES=1000000 cargo test --release -p portcullis --test fuzz -- --nocapture
//! ```
//!
//! A failure names the seed of its round; `PORTCULLIS_SEED=.. PORTCULLIS_CASES=1` runs that round alone. The same bytes
//! can come from libFuzzer: see the folder `fuzz` at the root of the repository.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod contexts;
#[path = "../../../schema/tests/fuzz/dice.rs"]
mod dice;
mod identities;
mod laws;
mod proofs;
mod spoil;

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

/// What a round reads at most.
const BYTES: usize = 512;

/// Runs a law on as many inputs as are asked for, and asserts that it met both good and bad ones.
fn run(name: &str, law: impl Fn(&[u8]) -> bool + Sync) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let cases = number("PORTCULLIS_CASES").unwrap_or(5_000);
    let first = number("PORTCULLIS_SEED").unwrap_or(1);
    let start = Instant::now();
    let (next, accepted) = (AtomicU64::new(first), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + cases {
                        break;
                    }
                    let input = bytes(seed);
                    let holds = catch_unwind(AssertUnwindSafe(|| law(&input))).unwrap_or_else(|panic| {
                        eprintln!("PORTCULLIS_SEED={seed} PORTCULLIS_CASES=1 runs it again");
                        resume_unwind(panic)
                    });
                    accepted.fetch_add(u64::from(holds), Ordering::Relaxed);
                }
            });
        }
    });
    let accepted = accepted.into_inner();
    println!("{name}: {cases} inputs, {accepted} accepted, {:.1} s", start.elapsed().as_secs_f64());
    // A generator that lost its way would prove nothing.
    if cases >= 1_000 {
        assert!(accepted * 50 > cases, "{name}: too few are accepted: {accepted} of {cases}");
        assert!(accepted * 50 < cases * 49, "{name}: too few are refused: {accepted} of {cases}");
    }
}

/// Bytes that follow from the seed alone: SplitMix64 (Steele, Lea, Flood 2014).
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    };
    let length = BYTES >> (next() % 4);
    (0..length / 8).flat_map(|_| next().to_le_bytes()).collect()
}

#[test]
fn headers() {
    run("headers", laws::header);
}

#[test]
fn claims() {
    run("claims", laws::claims);
}

#[test]
fn tokens() {
    run("tokens", laws::token);
}

#[test]
fn keys() {
    run("keys", laws::key);
}

#[test]
fn key_sets() {
    run("key sets", laws::key_set);
}

#[test]
fn load_balancers() {
    run("load balancers", laws::load_balancer);
}

#[test]
fn proofs() {
    run("proofs", proofs::proof);
}

#[test]
fn provider_strings() {
    run("provider strings", identities::sign_ins);
}

#[test]
fn identities_of_app_sync() {
    run("identities of AppSync", identities::app_sync);
}

#[test]
fn contexts_of_api_gateway() {
    run("contexts of API Gateway", contexts::api_gateway);
}
