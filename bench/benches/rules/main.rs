//! Decisions about records: this project's evaluator beside `cedar-policy` and beside the naive evaluator of the tests.
//!
//! `cargo bench -p portcullis-bench --features peers`; without the feature Cedar is left out.

#![expect(clippy::unwrap_used, reason = "a benchmark whose setting is wrong has nothing to say")]

#[cfg(feature = "peers")]
mod cedar;
mod decisions;
mod growth;
mod loading;
#[path = "../../../middleware/rules/tests/naive/mod.rs"]
#[expect(dead_code, reason = "the tests of the rules ask it more")]
mod naive;
mod people;

fn main() {
    println!("{}\n", machine());
    decisions::print();
    growth::print();
    loading::print();
}

/// What the figures depend on, as far as the machine tells.
fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("an unknown processor");
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{} ({}); load {}",
        model.trim_start_matches([' ', '\t', ':']),
        std::env::consts::OS,
        load.split(' ').next().unwrap_or("unknown"),
    )
}
