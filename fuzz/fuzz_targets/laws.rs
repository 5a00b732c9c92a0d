//! The laws of the evaluator, driven by libFuzzer: `cargo +nightly fuzz run laws` in the root of the repository.
//!
//! The target is that of `middleware/schema/tests/fuzz`, which `cargo test` runs with bytes from a generator.

#![no_main]

#[path = "../../middleware/schema/tests/fuzz/callers.rs"]
mod callers;
#[path = "../../middleware/schema/tests/fuzz/dice.rs"]
mod dice;
#[path = "../../middleware/schema/tests/fuzz/laws.rs"]
mod laws;
#[path = "../../middleware/rules/tests/naive/mod.rs"]
mod naive;
#[path = "../../middleware/schema/tests/fuzz/requests.rs"]
mod requests;
#[path = "../../middleware/schema/tests/fuzz/sdl.rs"]
mod sdl;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = laws::hold(bytes);
});
