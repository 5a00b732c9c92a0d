//! Bytes become a schema, callers and records, and the laws of the evaluator are held against them.
//!
//! `cargo test` runs a thousand cases. A million of them, on a stable compiler:
//!
//! ```text
//! PORTCULLIS_CASES=1000000 cargo test --release -p portcullis-schema --test fuzz -- --nocapture
//! ```
//!
//! A failure names the seed of its round; `PORTCULLIS_SEED=.. PORTCULLIS_CASES=1` runs that round alone. The same bytes
//! can come from libFuzzer: see the folder `fuzz` at the root of the repository.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod callers;
mod dice;
mod laws;
#[path = "../../../rules/tests/naive/mod.rs"]
mod naive;
mod requests;
mod sdl;

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Mutex,
    time::{Duration, Instant},
};

use laws::Tally;

/// What a round reads at most.
const BYTES: usize = 4096;
/// How long a schema of a few kilobytes may take, on a busy machine and without optimization.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn the_laws_hold_for_whatever_comes() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let cases = number("PORTCULLIS_CASES").unwrap_or(1_000);
    let first = number("PORTCULLIS_SEED").unwrap_or(1);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(cases as usize) as u64;
    let start = Instant::now();
    let total = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let total = &total;
            scope.spawn(move || {
                let mut seed = first + thread;
                while total.lock().unwrap().cases < cases {
                    let tally = round(seed);
                    *total.lock().unwrap() += tally;
                    seed += threads;
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    println!("{total} in {:.1} s", start.elapsed().as_secs_f64());
    assert!(total.slowest < PATIENCE, "a schema took {:?}", total.slowest);
    // A generator that lost its way would prove nothing.
    if cases >= 1_000 {
        assert!(total.accepted * 4 > total.schemas, "too few schemas are accepted: {total}");
        assert!(total.refused * 20 > total.schemas, "too few schemas are refused: {total}");
        assert!(total.allowed * 20 > total.decisions, "too few decisions allow: {total}");
        assert!(total.allowed * 20 < total.decisions * 19, "too few decisions deny: {total}");
        assert!(total.permits * 10 > total.cases, "too few permits: {total}");
    }
}

fn round(seed: u64) -> Tally {
    let bytes = bytes(seed);
    catch_unwind(AssertUnwindSafe(|| laws::hold(&bytes))).unwrap_or_else(|panic| {
        eprintln!("PORTCULLIS_SEED={seed} PORTCULLIS_CASES=1 runs it again");
        resume_unwind(panic)
    })
}

/// Bytes that follow from the seed alone: SplitMix64 (Steele, Lea, Flood 2014).
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    };
    // Short inputs too: they end in the middle of something.
    let length = BYTES >> (next() % 4);
    (0..length / 8).flat_map(|_| next().to_le_bytes()).collect()
}
