//! What a case expects, and where an answer differs from it.

use std::collections::BTreeSet;

use portcullis_rules::Item;
use serde_json::Value;

/// The parts of an answer that a case may speak of, in the order in which they are compared.
const PARTS: [Part; 12] = [
    Part { name: "decision", path: &["decision"], compare: alike },
    Part { name: "written", path: &["effective", "written"], compare: alike },
    Part { name: "deleted", path: &["effective", "deleted"], compare: alike },
    Part { name: "data", path: &["data"], compare: alike },
    Part { name: "fieldErrors", path: &["fieldErrors"], compare: same_errors },
    Part { name: "authFilter", path: &["effective", "authFilter"], compare: same_terms },
    Part { name: "subscriptionFilter", path: &["effective", "subscriptionFilter"], compare: same_terms },
    Part { name: "nested", path: &["effective", "nested"], compare: alike },
    Part { name: "reads", path: &["effective", "reads"], compare: alike },
    Part { name: "delivered", path: &["delivered"], compare: alike },
    Part { name: "error", path: &["error"], compare: alike },
    Part { name: "warnings", path: &["warnings"], compare: same_set },
];
/// Holds some of the parts in the answers of `portcullis decide`.
const EFFECTIVE: &str = "effective";

#[derive(Clone, Copy)]
struct Part {
    name: &'static str,
    /// Where it stands in an answer.
    path: &'static [&'static str],
    /// Whether an answer is as expected.
    compare: fn(&Value, &Value) -> bool,
}

/// What a case expects: parts of an answer. What it does not speak of may be anything.
#[derive(Clone, Debug)]
pub(crate) struct Expectation {
    parts: Item,
}

/// A part of an answer that is not as expected.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) part: &'static str,
    pub(crate) expected: Value,
    pub(crate) came: Value,
}

impl Expectation {
    /// Reads what stands under `expect`.
    pub(crate) fn read(expect: Option<&Value>) -> Result<Self, String> {
        let Some(Value::Object(expect)) = expect else {
            return Err("`expect` is missing: an object such as {\"decision\": \"deny\"}".to_owned());
        };
        let mut parts = Item::new();
        for (name, value) in expect {
            match (name.as_str(), value) {
                (EFFECTIVE, Value::Object(inner)) => parts.extend(inner.clone()),
                _ => {
                    parts.insert(name.clone(), value.clone());
                }
            }
        }
        if let Some(name) = parts.keys().find(|name| PARTS.iter().all(|part| part.name != *name)) {
            let known: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
            return Err(format!("`expect` cannot speak of `{name}`; it may of {}", known.join(", ")));
        }
        if parts.is_empty() {
            return Err("`expect` says nothing".to_owned());
        }
        Ok(Self { parts })
    }

    /// Where an answer differs, the most important part first.
    pub(crate) fn differences(&self, answer: &Value) -> Vec<Difference> {
        let differing = PARTS.iter().filter_map(|part| {
            let expected = self.parts.get(part.name)?;
            let came =
                part.path.iter().try_fold(answer, |value, step| value.get(step)).unwrap_or(&Value::Null);
            let differs = !(part.compare)(expected, came);
            differs.then(|| Difference { part: part.name, expected: expected.clone(), came: came.clone() })
        });
        differing.collect()
    }
}

/// Whether an answer has all that is expected. Of an object only the members that are named are looked at, `null` is the
/// same as absent, and all made ids are alike.
fn alike(expected: &Value, came: &Value) -> bool {
    match (expected, came) {
        (Value::Object(expected), Value::Object(came)) => {
            expected.iter().all(|(name, value)| alike(value, came.get(name).unwrap_or(&Value::Null)))
        }
        (Value::Array(expected), Value::Array(came)) => {
            expected.len() == came.len() && expected.iter().zip(came).all(|(one, other)| alike(one, other))
        }
        (Value::String(expected), Value::String(came)) => {
            expected == came || is_made_id(expected) && is_made_id(came)
        }
        _ => expected == came,
    }
}

fn is_made_id(text: &str) -> bool {
    text.strip_prefix("auto-").is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Errors of fields in any order; a text stands for the path of one.
fn same_errors(expected: &Value, came: &Value) -> bool {
    let is_it = |expected: &Value, came: &Value| match expected {
        Value::String(path) => came.get("path").is_some_and(|came| came == path),
        _ => alike(expected, came),
    };
    let (expected, came) = (list(expected), list(came));
    expected.len() == came.len()
        && expected.iter().all(|one| came.iter().any(|other| is_it(one, other)))
        && came.iter().all(|other| expected.iter().any(|one| is_it(one, other)))
}

/// A list whose order means nothing; an empty one is like none.
fn same_set(expected: &Value, came: &Value) -> bool {
    let set = |value: &Value| -> BTreeSet<String> { list(value).iter().map(Value::to_string).collect() };
    set(expected) == set(came)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Filters as sets of their terms, each with one value.
fn same_terms(expected: &Value, came: &Value) -> bool {
    let terms = |filter: &Value| {
        let mut terms = BTreeSet::new();
        collect_terms(filter, "", &mut terms);
        terms
    };
    terms(expected) == terms(came)
}

fn collect_terms(filter: &Value, path: &str, terms: &mut BTreeSet<String>) {
    match filter {
        Value::Object(object) => {
            for (name, inner) in object {
                // One of a list is the same as an alternative for each of its values.
                let step = match name.as_str() {
                    "in" => "eq",
                    "containsAny" => "contains",
                    name => name,
                };
                let below = if step == "or" { path.to_owned() } else { format!("{path}.{step}") };
                collect_terms(inner, &below, terms);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| collect_terms(inner, path, terms)),
        Value::Null => {}
        value => {
            terms.insert(format!("{path} {value}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differing(expect: Value, answer: &Value) -> Vec<&'static str> {
        let expectation = Expectation::read(Some(&expect)).unwrap();
        expectation.differences(answer).into_iter().map(|difference| difference.part).collect()
    }

    #[test]
    fn only_what_is_stated_is_compared() {
        let answer = json!({
            "decision": "allow",
            "data": {"id": "auto-1", "title": "a", "tags": ["x", "y"], "secret": null},
            "effective": {
                "written": {"id": "auto-1", "owner": "u1::ann"},
                "authFilter": {"or": [{"owner": {"eq": "a"}}, {"team": {"in": ["r", "g"]}}]},
            },
            "fieldErrors": [{"path": "secret", "type": "Unauthorized", "message": "no"}],
        });
        let table: [(Value, &[&str]); 17] = [
            (json!({"decision": "allow"}), &[]),
            (json!({"decision": "deny"}), &["decision"]),
            (json!({"written": {"owner": "u1::ann"}}), &[]),
            (json!({"effective": {"written": {"owner": "u2::bob"}}}), &["written"]),
            (json!({"written": {"id": "auto-9", "secret": null}}), &[]),
            (json!({"written": null}), &["written"]),
            (json!({"deleted": null}), &[]),
            (json!({"data": {"tags": ["x", "y"]}}), &[]),
            (json!({"data": {"tags": ["x"]}}), &["data"]),
            (json!({"data": {"title": null}}), &["data"]),
            (json!({"fieldErrors": ["secret"]}), &[]),
            (json!({"fieldErrors": [{"path": "secret", "type": "Unauthorized"}]}), &[]),
            (json!({"fieldErrors": []}), &["fieldErrors"]),
            (
                json!({"authFilter": {"or": [{"team": {"eq": "g"}}, {"team": {"eq": "r"}}, {"owner": {"eq": "a"}}]}}),
                &[],
            ),
            (json!({"authFilter": null}), &["authFilter"]),
            (json!({"error": null}), &[]),
            (
                json!({"error": {"layer": "vtl"}, "decision": "deny", "data": {"id": 1}}),
                &["decision", "data", "error"],
            ),
        ];
        for (expect, expected) in table {
            assert_eq!(differing(expect.clone(), &answer), expected, "{expect}");
        }
    }

    #[test]
    fn an_expectation_that_cannot_fail_is_none() {
        for expect in [
            json!(null),
            json!({}),
            json!([]),
            json!("deny"),
            json!({"desicion": "deny"}),
            json!({"effective": {}}),
        ] {
            assert!(Expectation::read(Some(&expect)).is_err(), "{expect}");
        }
        assert!(Expectation::read(None).is_err());
    }
}
