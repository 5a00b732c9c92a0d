//! The list of known differences: `tests/conformance/deviations.jsonl`.

use std::{collections::BTreeSet, fs};

use portcullis_tests::{Result, repository};
use serde::Deserialize;
use serde_json::Value;

/// Known differences with one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deviation {
    pub(crate) kind: Kind,
    /// Why, in one line.
    pub(crate) reason: String,
    /// The cases it concerns: patterns of the schema's name and of the field, in which `*` stands for anything.
    schema: Option<String>,
    field: Option<String>,
    /// What the case holds.
    #[serde(rename = "where")]
    holds: Option<Value>,
    /// The cases of the repository that differ for this reason. Those that are unsupported are not listed one by one.
    #[serde(default)]
    pub(crate) ids: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// We refuse, or show less.
    Stricter,
    /// Both allow a write, and what is written differs because the caller is somebody else to us.
    OtherWrite,
    /// We answer `unsupported`.
    UnsupportedYet,
}

impl Deviation {
    pub(crate) fn all() -> Result<Vec<Self>> {
        let text = fs::read_to_string(repository().join("tests/conformance/deviations.jsonl"))?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        Ok(lines.map(serde_json::from_str).collect::<std::result::Result<_, _>>()?)
    }

    /// The kind and the reason.
    pub(crate) fn title(&self) -> String {
        let kind = match self.kind {
            Kind::Stricter => "stricter",
            Kind::OtherWrite => "other write",
            Kind::UnsupportedYet => "unsupported yet",
        };
        format!("{kind}: {}", self.reason)
    }

    /// Whether a case is one of those that the deviation describes.
    pub(crate) fn describes(&self, case: &Value) -> bool {
        let fits = |pattern: &Option<String>, name: &str| {
            let text = case.get(name).and_then(Value::as_str).unwrap_or_default();
            pattern.as_ref().is_none_or(|pattern| like(pattern, text))
        };
        fits(&self.schema, "schemaId")
            && fits(&self.field, "field")
            && self.holds.as_ref().is_none_or(|part| holds(case, part))
    }
}

/// Whether a text is like a pattern, in which `*` stands for anything.
fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let ends = text.char_indices().map(|(index, _)| index).chain([text.len()]);
            ends.filter_map(|end| text.get(end..)).any(|text| like(rest, text))
        }),
    }
}

/// Whether a value has all that another has; texts are patterns.
fn holds(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::String(value), Value::String(part)) => like(part, value),
        (Value::Object(value), Value::Object(part)) => {
            part.iter().all(|(name, part)| value.get(name).is_some_and(|value| holds(value, part)))
        }
        _ => value == part,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deviation_describes_cases_by_patterns_and_by_what_they_hold() {
        let read = |line: Value| serde_json::from_value::<Deviation>(line).unwrap();
        let case = json!({"schemaId": "rel-a", "field": "Query.getBlog", "identity": {"kind": "iam", "role": "auth"}});
        let table = [
            (json!({"schema": "rel-*"}), true),
            (json!({"schema": "*-a", "field": "Query.*Blog"}), true),
            (json!({"schema": "rel"}), false),
            (json!({"field": "Query.get"}), false),
            (json!({"where": {"identity": {"kind": "iam"}}}), true),
            (json!({"where": {"identity": {"kind": "oidc"}}}), false),
            (json!({"where": {"identity": {"role": "a*h"}, "field": "Query.*"}}), true),
            (json!({}), true),
        ];
        for (mut line, expected) in table {
            line["kind"] = "stricter".into();
            line["reason"] = "".into();
            assert_eq!(read(line.clone()).describes(&case), expected, "{line}");
        }
    }
}
