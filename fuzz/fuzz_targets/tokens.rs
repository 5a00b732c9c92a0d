//! Tokens, proofs, keys and key sets, driven by libFuzzer: `cargo +nightly fuzz run tokens` in the root of the repository.
//!
//! The laws are those of `middleware/auth/tests/fuzz`, which `cargo test` runs with bytes from a generator. The first byte says
//! which of them is held.

#![no_main]

#[path = "../../middleware/schema/tests/fuzz/dice.rs"]
mod dice;
#[path = "../../middleware/auth/tests/fuzz/identities.rs"]
#[expect(dead_code, reason = "callers are a target of their own")]
mod identities;
#[path = "../../middleware/auth/tests/fuzz/laws.rs"]
mod laws;
#[path = "../../middleware/auth/tests/fuzz/proofs.rs"]
mod proofs;
#[path = "../../middleware/auth/tests/fuzz/spoil.rs"]
mod spoil;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((law, bytes)) = bytes.split_first() else { return };
    let _ = match law % 7 {
        0 => laws::header(bytes),
        1 => laws::claims(bytes),
        2 => laws::token(bytes),
        3 => laws::key(bytes),
        4 => laws::key_set(bytes),
        5 => proofs::proof(bytes),
        _ => laws::load_balancer(bytes),
    };
});
