//! A file of cases with expectations.

use std::{fs, io, path::Path};

use portcullis_rules::Item;
use serde_json::Value;

use super::expectation::Expectation;

/// So many lines that cannot be read are named.
const SHOWN: usize = 20;

/// A case and what it expects.
#[derive(Clone, Debug)]
pub(crate) struct TestCase {
    /// Its line in the file, from 1.
    pub(crate) line: usize,
    /// What it is called: its `name`, or else its `id`.
    pub(crate) name: Option<String>,
    pub(crate) case: Item,
    pub(crate) expectation: Expectation,
}

/// Reads the cases of a file; blank lines, and lines that begin with `//` or `#`, are passed over.
pub(crate) fn read(path: &Path) -> io::Result<Result<Vec<TestCase>, String>> {
    Ok(parse(&fs::read_to_string(path)?))
}

/// The cases of a text. `Err` names the lines that are none, each with its number.
pub(crate) fn parse(text: &str) -> Result<Vec<TestCase>, String> {
    let (mut cases, mut mistakes) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        if line.is_empty() || line.starts_with('#') || line.starts_with("//") {
            continue;
        }
        match TestCase::read(number, line) {
            Ok(case) => cases.push(case),
            Err(problem) => mistakes.push(format!("line {number}: {problem}")),
        }
    }
    if !mistakes.is_empty() {
        let more = mistakes.len().saturating_sub(SHOWN);
        mistakes.truncate(SHOWN);
        if more > 0 {
            mistakes.push(format!("and {more} more"));
        }
        return Err(mistakes.join("\n"));
    }
    if cases.is_empty() {
        return Err("it holds no case".to_owned());
    }
    Ok(cases)
}

impl TestCase {
    fn read(line: usize, text: &str) -> Result<Self, String> {
        let case = match serde_json::from_str(text) {
            Ok(Value::Object(case)) => case,
            Ok(_) => return Err("a case is a JSON object".to_owned()),
            // The parser counts lines within this one.
            Err(error) => return Err(format!("not JSON at column {}", error.column())),
        };
        let expectation = Expectation::read(case.get("expect"))?;
        let name = ["name", "id"].iter().find_map(|name| match case.get(*name) {
            Some(Value::String(name)) => Some(name.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        });
        Ok(Self { line, name, case, expectation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_that_is_no_case_is_named() {
        let text = "\n# a comment\n{\"expect\": {\"decision\": \"deny\"}}\n{\n[]\n{\"field\": \"Query.x\"}\n";
        let mistakes = parse(text).unwrap_err();
        let lines: Vec<&str> = mistakes.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("line 4: not JSON at column 1"), "{mistakes}");
        assert!(lines[1].starts_with("line 5: a case is a JSON object"));
        assert!(lines[2].starts_with("line 6: `expect` is missing"));
        assert!(parse("\n// nothing\n").is_err(), "a file without a case tests nothing");
    }

    #[test]
    fn a_case_is_called_by_its_name_or_its_id() {
        let named = |text: &str| parse(text).unwrap().remove(0).name;
        let with = |more: &str| format!("{{\"expect\": {{\"decision\": \"deny\"}}{more}}}");
        assert_eq!(named(&with(", \"id\": 7, \"name\": \"bob\"")).as_deref(), Some("bob"));
        assert_eq!(named(&with(", \"id\": 7")).as_deref(), Some("7"));
        assert_eq!(named(&with("")), None);
    }
}
