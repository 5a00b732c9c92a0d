//! Programs that a fresh machine may not have.

use std::{env, io::Write, process::Command};

/// Whether one of these programs is missing, so that the test cannot be done here. Said aloud.
///
/// # Panics
///
/// In CI (the variable `CI` is set), where nothing may be skipped.
#[must_use]
pub fn missing(what: &str, probes: &[(&str, &[&str])]) -> bool {
    let works = |&(program, arguments): &(&str, &[&str])| {
        let ended = Command::new(program).args(arguments).output();
        ended.is_ok_and(|ended| ended.status.success())
    };
    if probes.iter().all(works) {
        return false;
    }
    let in_ci = env::var_os("CI").is_some_and(|ci| !ci.is_empty());
    assert!(!in_ci, "{what} is missing, and nothing is skipped in CI");
    // The test harness shows what a passing test prints only when asked; this goes round it.
    let _ = writeln!(std::io::stderr(), "\nSKIPPED for want of {what}\n");
    true
}
