//! The list of known differences: `tests/conformance/deviations.jsonl`.

use std::{collections::BTreeSet, fs};

use portcullis_tests::{Result, repository};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    comparison::{Change, How},
    facts::Fact,
    sdl,
};

/// Known differences with one reason. A case is one of them if it meets everything that is said here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deviation {
    pub(crate) kind: Kind,
    /// In which ways the answer may differ.
    how: Vec<How>,
    /// Why, in one line.
    pub(crate) reason: String,
    /// What the field is called, `Query.getNote`: one of these patterns, in which `*` stands for anything.
    #[serde(default)]
    field: Vec<String>,
    /// What some one rule of the schema holds: all of these patterns.
    #[serde(default)]
    rule: Vec<String>,
    /// What the case holds, with the settings of its project; one of these.
    #[serde(default, rename = "where")]
    holds: Vec<Value>,
    /// What the reference's answer holds.
    #[serde(default)]
    expected: Option<Value>,
    /// What must be true of the case besides.
    #[serde(default)]
    fact: Option<Fact>,
    /// The cases of the repository that differ for this reason.
    pub(crate) ids: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// We refuse, or show less.
    Stricter,
    /// Both allow a write, and what is written differs because the caller is somebody else to us.
    OtherWrite,
}

/// A case with all that a pattern can speak of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The case, with the settings of its project in it.
    pub(crate) case: &'a Value,
    /// The text of its schema.
    pub(crate) schema: &'a str,
    pub(crate) expected: &'a Value,
    pub(crate) change: &'a Change,
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
        };
        format!("{kind}: {}", self.reason)
    }

    /// Whether a difference is one of those that the deviation describes.
    pub(crate) fn describes(&self, asked: Asked<'_>) -> bool {
        let field = asked.case.get("field").and_then(Value::as_str).unwrap_or_default();
        let fits_field = || self.field.is_empty() || self.field.iter().any(|pattern| like(pattern, field));
        let fits_rule = || {
            let fits = |rule: &str| self.rule.iter().all(|pattern| like(pattern, rule));
            self.rule.is_empty() || sdl::rules(asked.schema).iter().any(|rule| fits(rule))
        };
        let fits_case = || self.holds.is_empty() || self.holds.iter().any(|part| holds(asked.case, part));
        let fits_expected = || self.expected.as_ref().is_none_or(|part| holds(asked.expected, part));
        self.how.contains(&asked.change.how)
            && fits_field()
            && fits_case()
            && fits_expected()
            && fits_rule()
            && self.fact.is_none_or(|fact| fact.is_true(asked))
    }
}

/// Whether a text is like a pattern, in which `*` stands for anything.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let ends = text.char_indices().map(|(index, _)| index).chain([text.len()]);
            ends.filter_map(|end| text.get(end..)).any(|text| like(rest, text))
        }),
    }
}

/// Whether a value has all that another has; texts are patterns, also of numbers.
fn holds(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::String(value), Value::String(part)) => like(part, value),
        (Value::Number(value), Value::String(part)) => like(part, &value.to_string()),
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
    fn a_deviation_describes_a_difference_by_all_that_it_says() {
        let case = json!({
            "field": "Query.listBlogs", "identity": {"kind": "iam", "role": "auth"}, "args": {"limit": -1},
            "synth": {"enableIamAccess": true},
        });
        let schema =
            "type Blog @model @auth(rules: [{allow: private, groups: [\"A\"]}, {allow: owner}]) { id: ID! }";
        let change = Change { how: How::Refused, fields: BTreeSet::new() };
        let expected = json!({"decision": "allow", "data": {"items": []}});
        let asked = Asked { case: &case, schema, expected: &expected, change: &change };
        let table = [
            (json!({"how": ["refused"]}), true),
            (json!({"how": ["withheld", "refused"]}), true),
            (json!({"how": ["withheld"]}), false),
            (json!({"how": []}), false),
            (json!({"field": ["Query.get*", "Query.*Blogs"]}), true),
            (json!({"field": ["Query.list"]}), false),
            (json!({"rule": ["*allow: private*", "*groups:*"]}), true),
            (json!({"rule": ["*allow: owner*", "*groups:*"]}), false),
            (json!({"where": [{"identity": {"kind": "oidc"}}, {"identity": {"role": "a*h"}}]}), true),
            (json!({"where": [{"identity": {"kind": "oidc"}}]}), false),
            (json!({"where": [{"args": {"limit": "-*"}}]}), true),
            (json!({"where": [{"args": {"limit": "0"}}]}), false),
            (json!({"where": [{"synth": {"enableIamAccess": true}}]}), true),
            (json!({"expected": {"data": {"items": []}}}), true),
            (json!({"expected": {"data": {"items": [1]}}}), false),
        ];
        for (mut line, describes) in table {
            let rest = json!({"kind": "stricter", "how": ["refused"], "reason": "", "ids": []});
            for (name, value) in rest.as_object().unwrap() {
                if line.get(name).is_none() {
                    line[name] = value.clone();
                }
            }
            let deviation = serde_json::from_value::<Deviation>(line.clone()).unwrap();
            assert_eq!(deviation.describes(asked), describes, "{line}");
        }
    }
}
