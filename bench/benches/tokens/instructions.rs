//! How many instructions a token takes, which no neighbour on the machine can change.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
};

use portcullis_bench::Table;

use crate::{
    contenders::{NAMES, contender},
    setting::Setting,
};

/// The difference between two runs of so many tokens is what the tokens take, without what it takes to begin.
const FEW: u64 = 20;
const MANY: u64 = 220;

pub(crate) fn print() {
    for setting in [Setting::rs256(), Setting::es256()] {
        let counts: Vec<Option<u64>> = NAMES.iter().map(|name| of_a_token(name, &setting)).collect();
        let mut table = Table::new([setting.algorithm.name(), "instructions", "of raw"]);
        let raw = counts.first().copied().flatten();
        for (name, count) in NAMES.iter().zip(counts) {
            let Some((count, raw)) = count.zip(raw) else {
                println!("valgrind could not count: {name}");
                continue;
            };
            table.push([(*name).to_owned(), count.to_string(), format!("{:.3}", count as f64 / raw as f64)]);
        }
        println!("A token of {} bytes\n\n{table}", setting.token.len());
    }
}

fn of_a_token(name: &str, setting: &Setting) -> Option<u64> {
    let [few, many] = [FEW, MANY].map(|times| count(name, times, setting));
    Some(many?.checked_sub(few?)? / (MANY - FEW))
}

/// The instructions of a process that verifies so many tokens.
fn count(name: &str, times: u64, setting: &Setting) -> Option<u64> {
    let mut valgrind = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args(["work", name, &times.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let given = serde_json::to_vec(setting).ok()?;
    valgrind.stdin.take()?.write_all(&given).ok()?;
    let said = valgrind.wait_with_output().ok()?;
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

/// What the process does that is counted: the contender, and how many tokens.
pub(crate) fn work(mut arguments: impl Iterator<Item = String>) {
    let (name, times) = (arguments.next().unwrap(), arguments.next().unwrap().parse().unwrap());
    let mut given = String::new();
    std::io::stdin().read_to_string(&mut given).unwrap();
    let setting: Setting = serde_json::from_str(&given).unwrap();
    contender(&name, &setting).repeat(times);
}
