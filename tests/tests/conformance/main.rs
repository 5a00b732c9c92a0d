//! The decisions of `portcullis decide` against those of Amplify's own resolvers.
//!
//! Where the two differ, `tests/conformance/deviations.jsonl` says why. It fails here what differs and is not listed, what is listed
//! and does not differ, and, whatever the list says, any case that is more open than the reference or that is not answered. The folder that
//! `PORTCULLIS_CONFORMANCE` names takes the place of the repository's vectors; the list then holds for the cases that it describes.

mod comparison;
mod deviations;
mod endpoint;
mod enhanced_filter;
mod expanded;
mod facts;
mod sdl;
mod vectors;

use std::collections::{BTreeMap, BTreeSet};

use portcullis_tests::Result;
use serde_json::{Value, json};

use self::{
    comparison::{Change, difference, is_more_open, word, writes_otherwise},
    deviations::{Asked, Deviation, Kind},
    vectors::{ById, Vectors},
};

/// Cases and what the reference answers to them.
const FILES: [(&str, &str); 2] =
    [("cases.jsonl", "expected.jsonl"), ("validate.jsonl", "validate-expected.jsonl")];
/// So many mistakes are shown.
const SHOWN: usize = 40;

#[test]
fn the_decisions_are_those_of_the_reference() -> Result<()> {
    let deviations = Deviation::all()?;
    let mut verdict = Verdict::default();
    let folders = Vectors::find();
    for vectors in &folders {
        for (cases, expected) in FILES {
            if vectors.has(cases) {
                let run = Run {
                    schemas: vectors.schemas()?,
                    cases: vectors.lines(cases)?,
                    expected: vectors.lines(expected)?,
                    answers: vectors.answers(cases)?,
                };
                let of_file = run.judge(&deviations, vectors.are_ours());
                println!("{}: {}", vectors.name(cases), of_file.summary());
                verdict.add(of_file);
            }
        }
    }
    if folders.iter().all(Vectors::are_ours) {
        verdict.look_for_stale(&deviations);
    }
    let mistakes = verdict.mistakes.len();
    if mistakes > 0 {
        let shown = verdict.mistakes.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
        panic!("{mistakes} mistakes:\n{shown}");
    }
    Ok(())
}

#[test]
fn the_expanded_apis_are_those_of_the_reference() -> Result<()> {
    let mut mistakes = Vec::new();
    for vectors in Vectors::find() {
        let expanded = vectors.expanded()?;
        let case = |name: &String| json!({"id": name, "op": "expand", "schemaId": name}).to_string();
        let cases: Vec<String> = expanded.keys().map(case).collect();
        let answers = vectors.answers_to(&cases.join("\n"))?;
        let mut agree = 0;
        for (name, expected) in &expanded {
            let Some(sdl) = answers.get(name).and_then(|answer| answer.get("sdl")).and_then(Value::as_str)
            else {
                let error = answers.get(name).and_then(|answer| answer.get("error")).map(Value::to_string);
                mistakes.push(format!("{name}: not expanded: {}", error.unwrap_or_default()));
                continue;
            };
            let differences = expanded::differences(expected, sdl)?;
            agree += usize::from(differences.is_empty());
            mistakes.extend(differences.iter().map(|difference| format!("{name}: {difference}")));
        }
        println!("{}: {agree} of {} agree", vectors.name("sdl"), expanded.len());
    }
    let count = mistakes.len();
    if count > 0 {
        panic!("{count} differences:\n{}", mistakes.into_iter().take(SHOWN).collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}

/// Cases, what the reference says and what we say.
struct Run {
    schemas: ById,
    cases: ById,
    expected: ById,
    answers: ById,
}

#[derive(Default)]
struct Verdict {
    cases: usize,
    agree: usize,
    /// How many differ, by reason.
    differ: BTreeMap<String, usize>,
    /// The cases that differ as listed.
    listed: BTreeSet<String>,
    mistakes: Vec<String>,
}

impl Run {
    fn judge(&self, deviations: &[Deviation], listed_by_id: bool) -> Verdict {
        let mut verdict = Verdict::default();
        for (id, case) in &self.cases {
            let Some(expected) = self.expected.get(id) else {
                verdict.mistakes.push(format!("{id}: the reference has no answer"));
                continue;
            };
            if expected.get("engineSensitive") == Some(&Value::Bool(true)) {
                continue;
            }
            verdict.cases += 1;
            let Some(answer) = self.answers.get(id) else {
                verdict.mistakes.push(format!("{id}: no answer"));
                continue;
            };
            if is_more_open(expected, answer) {
                let difference = difference(expected, answer).unwrap_or_default();
                verdict.mistakes.push(format!("{id}: MORE OPEN: {difference}"));
                continue;
            }
            if ["unsupported", "malformed"].contains(&word(answer).as_str()) {
                let error = answer.get("error").map(Value::to_string).unwrap_or_default();
                verdict.mistakes.push(format!("{id}: {}: {error}", word(answer)));
                continue;
            }
            let Some(difference) = difference(expected, answer) else {
                verdict.agree += 1;
                continue;
            };
            let kind = if writes_otherwise(expected, answer) { Kind::OtherWrite } else { Kind::Stricter };
            let change = Change::between(expected, answer);
            let (case, schema) = self.with_project(case);
            let describing: Vec<&Deviation> = change
                .iter()
                .flat_map(|change| {
                    let asked = Asked { case: &case, schema: &schema, expected, change };
                    deviations.iter().filter(move |listed| listed.kind == kind && listed.describes(asked))
                })
                .collect();
            let Some(listed) = describing.iter().find(|listed| !listed_by_id || listed.ids.contains(id))
            else {
                let error = answer.get("error").map(Value::to_string).unwrap_or_default();
                verdict.mistakes.push(match describing.first() {
                    Some(described) => format!("{id}: differs, and is no id of: {}", described.title()),
                    None => format!("{id}: differs, and is not listed: {change:?} {difference} {error}"),
                });
                continue;
            };
            verdict.listed.insert(id.clone());
            *verdict.differ.entry(listed.title()).or_default() += 1;
        }
        verdict
    }
}

impl Run {
    /// The case with the settings of its project in it, and the text of its schema.
    fn with_project(&self, case: &Value) -> (Value, String) {
        let entry = case.get("schemaId").and_then(Value::as_str).and_then(|name| self.schemas.get(name));
        let mut both = case.clone();
        if let Some(both) = both.as_object_mut() {
            for (name, value) in entry.and_then(Value::as_object).into_iter().flatten() {
                both.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        let schema = both.get("schema").and_then(Value::as_str).unwrap_or_default().to_owned();
        (both, schema)
    }
}

impl Verdict {
    fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.agree += other.agree;
        for (title, count) in other.differ {
            *self.differ.entry(title).or_default() += count;
        }
        self.listed.extend(other.listed);
        self.mistakes.extend(other.mistakes);
    }

    fn look_for_stale(&mut self, deviations: &[Deviation]) {
        for id in deviations.iter().flat_map(|listed| &listed.ids) {
            if !self.listed.contains(id) {
                self.mistakes.push(format!("{id}: listed, and does not differ"));
            }
        }
        for listed in deviations {
            if !self.differ.contains_key(&listed.title()) {
                self.mistakes.push(format!("no case differs for the reason listed: {}", listed.reason));
            }
        }
    }

    fn summary(&self) -> String {
        let differ: Vec<String> =
            self.differ.iter().map(|(reason, count)| format!("\n  {count:>5} {reason}")).collect();
        format!("{} of {} agree{}", self.agree, self.cases, differ.join(""))
    }
}
