//! Verifying a token: this project beside the bare signature check of aws-lc, `jsonwebtoken` and two layers.
//!
//! `cargo bench -p portcullis-bench --bench tokens --features peers`; without the feature the two layers are left out.
//! `cargo bench -p portcullis-bench --bench tokens --features peers -- instructions` counts instructions instead of time, which
//! needs valgrind.
//!
//! All are given the same tokens, check signature, issuer, expiry and client or audience, and hand over the claims. What
//! differs is what else they check: this project refuses all that its documentation lists.

#![expect(clippy::unwrap_used, reason = "a benchmark whose setting is wrong has nothing to say")]

mod contenders;
mod instructions;
mod setting;

use portcullis_bench::{Table, duration, race_all};

use self::{
    contenders::{NAMES, contender},
    setting::Setting,
};

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    match arguments.next().as_deref() {
        Some("instructions") => instructions::print(),
        Some("work") => instructions::work(arguments),
        Some(name) if !name.starts_with('-') => {
            eprintln!("`{name}` is nothing to measure; try `instructions`")
        }
        _ => print(),
    }
}

fn print() {
    println!("{}\n", machine());
    for setting in [Setting::rs256(), Setting::es256()] {
        let mut contenders: Vec<_> = NAMES.iter().map(|name| contender(name, &setting)).collect();
        let mut table = Table::new([setting.algorithm.name(), "a token", "a CPU second", "of raw"]);
        for (name, figure) in NAMES.iter().zip(race_all(&mut contenders)) {
            table.push([
                (*name).to_owned(),
                duration(figure.nanoseconds),
                format!("{:.0}", 1e9 / figure.nanoseconds),
                format!("{:.3}", 1.0 / figure.times_first),
            ]);
        }
        println!("A token of {} bytes\n\n{table}", setting.token.len());
    }
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
