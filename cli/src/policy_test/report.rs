//! What a run prints.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{expectation::Difference, test_file::TestCase};
use crate::output::visible;

/// So much of a value is shown, in characters.
const SHOWN: usize = 400;

/// What came of one case.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) case: &'a TestCase,
    /// Empty if all is as expected.
    pub(crate) differences: Vec<Difference>,
    /// What the evaluator says about the decision; only where something differs.
    pub(crate) why: Option<String>,
}

impl Outcome<'_> {
    /// Whether all is as expected.
    pub(crate) fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// The report for a person: the cases that fail, and a summary.
pub(crate) fn text(file: &str, outcomes: &[Outcome<'_>]) -> String {
    let mut text = String::new();
    for outcome in outcomes.iter().filter(|outcome| !outcome.passed()) {
        let name = outcome.case.name.as_deref().map(|name| format!(" {}", visible(name))).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "FAIL {file}:{}{name}", outcome.case.line);
        for Difference { part, expected, came } in &outcome.differences {
            let _ = writeln!(text, "  {part}: expected {}, came {}", shortened(expected), shortened(came));
        }
        for (index, line) in outcome.why.iter().flat_map(|why| why.lines()).enumerate() {
            let label = if index == 0 { "why: " } else { "     " };
            let _ = writeln!(text, "  {label}{}", visible(line));
        }
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    let _ = writeln!(text, "{} passed, {failed} failed", outcomes.len() - failed);
    text
}

/// The report for a program.
pub(crate) fn json(file: &str, outcomes: &[Outcome<'_>]) -> Value {
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    let differences = |outcome: &Outcome<'_>| -> Vec<Value> {
        let differences = outcome.differences.iter();
        differences.map(|it| json!({"part": it.part, "expected": it.expected, "came": it.came})).collect()
    };
    let cases = outcomes.iter().map(|outcome| {
        json!({
            "line": outcome.case.line,
            "name": outcome.case.name,
            "passed": outcome.passed(),
            "differences": differences(outcome),
            "why": outcome.why,
        })
    });
    let cases: Vec<Value> = cases.collect();
    json!({"file": file, "passed": outcomes.len() - failed, "failed": failed, "cases": cases})
}

fn shortened(value: &Value) -> String {
    let text = visible(&value.to_string());
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}..", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
