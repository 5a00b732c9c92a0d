//! What services in front of a function say about who calls, driven by libFuzzer: `cargo +nightly fuzz run callers` in the root of the
//! repository.
//!
//! The laws are those of `middleware/auth/tests/fuzz`, which `cargo test` runs with bytes from a generator. The first byte says
//! which of them is held.

#![no_main]

#[path = "../../middleware/auth/tests/fuzz/contexts.rs"]
mod contexts;
#[path = "../../middleware/schema/tests/fuzz/dice.rs"]
mod dice;
#[path = "../../middleware/auth/tests/fuzz/identities.rs"]
mod identities;
#[path = "../../middleware/auth/tests/fuzz/spoil.rs"]
mod spoil;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((law, bytes)) = bytes.split_first() else { return };
    let _ = match law % 3 {
        0 => identities::sign_ins(bytes),
        1 => identities::app_sync(bytes),
        _ => contexts::api_gateway(bytes),
    };
});
