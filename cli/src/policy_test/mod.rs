//! `portcullis test`: a file of cases with expectations, run like tests.
//!
//! A case is what `portcullis decide` takes, with what is expected of the answer. Each is answered in memory by the evaluator that
//! the doors use; nothing is started and nothing is stored.

mod expectation;
mod report;
mod test_file;

use std::{io, path::PathBuf, process::ExitCode};

use portcullis_rules::Item;
use portcullis_schema::{Project, Schema};
use serde_json::json;
use thiserror::Error;

use self::{report::Outcome, test_file::TestCase};
use crate::{
    decide::{Case, Catalogue, DecideError, read_schemas},
    output,
};

/// The status when a case fails.
const FAILED: u8 = 1;

/// What a file looks like, for `--help`. A test runs it.
const EXAMPLE: &str = r#"A file holds one case a line: a caller, a request, and what is expected of the answer.

  {"name": "ann makes a note of her own", "field": "Mutation.createNote", "args": {"input": {"title": "Milk"}}, "identity": {"kind": "userPools", "claims": {"sub": "u1", "username": "ann"}}, "expect": {"decision": "allow", "written": {"owner": "u1::ann"}}}
  {"name": "bob does not read it", "field": "Query.getNote", "args": {"id": "n1"}, "existing": [{"id": "n1", "title": "Milk", "owner": "u1::ann", "createdAt": "2024-01-01T00:00:00.000Z", "updatedAt": "2024-01-01T00:00:00.000Z"}], "identity": {"kind": "userPools", "claims": {"sub": "u2", "username": "bob"}}, "expect": {"decision": "deny", "error": {"layer": "vtl"}}}

"expect" may speak of decision, written, deleted, data, fieldErrors, authFilter, subscriptionFilter, nested, reads, delivered,
error and warnings, as `portcullis decide` prints them. Only what is stated is compared: of an object the members that are
named (null means absent), of a list every item; filters and errors of fields are compared as sets, and "auto-1" stands for any
id that is made. In fieldErrors a text is the path of an error. Lines that begin with # or // are comments.

Exit status:
  0  every case is as expected
  1  a case is not
  2  the file or a schema cannot be read, or the command line is wrong"#;

/// What `portcullis test` is told.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = EXAMPLE)]
pub struct TestArgs {
    /// The cases, one JSON object a line
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The schema of cases that name none
    #[arg(long, default_value = "schema.graphql", value_name = "FILE")]
    pub schema: PathBuf,
    /// The schemas that cases name by "schemaId", as `portcullis decide` takes them
    #[arg(long, value_name = "FILE")]
    pub schemas: Option<PathBuf>,
    /// Print the report for a program
    #[arg(long)]
    pub json: bool,
}

/// Why the cases could not be run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TestError {
    /// The file cannot be read.
    #[error("cannot read the cases in {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Some lines of the file are no cases; the text names each by its number.
    #[error("cannot read the cases in {}:\n{problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The lines and what is wrong with them.
        problem: String,
    },
    /// The file of schemas cannot be used.
    #[error(transparent)]
    Schemas(#[from] DecideError),
    /// The schema of cases that name none cannot be read.
    #[error("cannot read the schema {}: {source}; name another with --schema FILE", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The schema of cases that name none has mistakes; every one is in the text.
    #[error("the schema has mistakes\n{0}")]
    Mistakes(String),
    /// The report could not be printed.
    #[error("cannot print the report: {0}")]
    Print(#[from] io::Error),
}

/// Runs the cases and prints the report.
pub(crate) fn run(args: &TestArgs) -> Result<ExitCode, TestError> {
    let path = || args.file.clone();
    let cases = test_file::read(&args.file).map_err(|source| TestError::Read { path: path(), source })?;
    let cases = cases.map_err(|problem| TestError::Malformed { path: path(), problem })?;
    let mut catalogue = catalogue(args, &cases)?;
    let outcomes =
        outcomes(&mut catalogue, &cases).map_err(|problem| TestError::Malformed { path: path(), problem })?;
    let file = args.file.display().to_string();
    output::print(&match args.json {
        true => format!("{:#}\n", report::json(&file, &outcomes)),
        false => report::text(&file, &outcomes),
    })?;
    Ok(if outcomes.iter().all(Outcome::passed) { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// The schemas. The default one is read only if a case needs it.
fn catalogue(args: &TestArgs, cases: &[TestCase]) -> Result<Catalogue, TestError> {
    let catalogue = match &args.schemas {
        Some(path) => read_schemas(path.clone())?,
        None => Catalogue::default(),
    };
    let names_one = |case: &TestCase| {
        ["schema", "schemaId"].iter().any(|name| case.case.get(*name).is_some_and(|value| !value.is_null()))
    };
    if cases.iter().all(names_one) {
        return Ok(catalogue);
    }
    let source = std::fs::read_to_string(&args.schema)
        .map_err(|source| TestError::Schema { path: args.schema.clone(), source })?;
    // Told once, with its places, and not for each case.
    Schema::read(&source, &args.schema.display().to_string(), &Project::default())
        .map_err(|mistakes| TestError::Mistakes(mistakes.to_string()))?;
    Ok(catalogue.with_default(default_entry(&source)))
}

/// A schema as the doors read it: with what this project adds to the language.
fn default_entry(source: &str) -> Item {
    let entry = json!({"schema": source, "params": {"extensions": true}});
    entry.as_object().cloned().unwrap_or_default()
}

/// What comes of each case. `Err` names the lines that are no cases.
fn outcomes<'a>(catalogue: &mut Catalogue, cases: &'a [TestCase]) -> Result<Vec<Outcome<'a>>, String> {
    let (mut outcomes, mut malformed) = (Vec::new(), Vec::new());
    for test in cases {
        let case = Case::new(test.case.clone());
        let answer = case.answer_line(catalogue);
        let of_answer = |name: &str| answer.get(name).and_then(|value| value.as_str()).unwrap_or_default();
        if of_answer("decision") == "malformed" {
            let problem = answer.pointer("/error/message").and_then(|text| text.as_str()).unwrap_or_default();
            malformed.push(format!("line {}: {problem}", test.line));
            continue;
        }
        let differences = test.expectation.differences(&answer);
        let why = if differences.is_empty() { None } else { case.why(catalogue) };
        outcomes.push(Outcome { case: test, differences, why });
    }
    if malformed.is_empty() { Ok(outcomes) } else { Err(malformed.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "type Note @model @auth(rules: [{allow: owner}]) { title: String! }";

    fn report(cases: &str) -> (String, serde_json::Value) {
        let cases = test_file::parse(cases).unwrap();
        let mut catalogue = Catalogue::default().with_default(default_entry(SCHEMA));
        let outcomes = outcomes(&mut catalogue, &cases).unwrap();
        (report::text("notes.jsonl", &outcomes), report::json("notes.jsonl", &outcomes))
    }

    #[test]
    fn the_example_of_the_help_passes() {
        let lines: Vec<&str> = EXAMPLE.lines().map(str::trim).filter(|line| line.starts_with('{')).collect();
        assert_eq!(lines.len(), 2);
        let (text, json) = report(&lines.join("\n"));
        assert_eq!((text.as_str(), &json["failed"]), ("2 passed, 0 failed\n", &json!(0)));
    }

    #[test]
    fn a_case_that_fails_is_told_with_what_came_and_why() {
        let case = EXAMPLE.lines().find(|line| line.contains("bob")).unwrap().replace("deny", "allow");
        let (text, json) = report(&case);
        let expected = "\
FAIL notes.jsonl:1 bob does not read it
  decision: expected \"allow\", came \"deny\"
  why: denied
         { allow: owner }: the record names another owner, or none
0 passed, 1 failed
";
        assert_eq!(text, expected);
        assert_eq!(json["cases"][0]["differences"][0]["part"], "decision");
        assert!(!text.contains("u1"), "nobody is named");
    }

    #[test]
    fn a_line_that_says_too_little_is_no_case() {
        let cases =
            test_file::parse(r#"{"field": "Query.getNote", "expect": {"decision": "deny"}}"#).unwrap();
        let mut catalogue = Catalogue::default().with_default(default_entry(SCHEMA));
        let problem = outcomes(&mut catalogue, &cases).unwrap_err();
        assert_eq!(problem, "line 1: `identity` is missing");
    }
}
