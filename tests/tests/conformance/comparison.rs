//! Where an answer differs from the reference, and in which direction.

use std::collections::BTreeSet;

use serde_json::Value;

/// Set by the server's clock, which is not compared.
const TIMES: [&str; 2] = ["createdAt", "updatedAt"];

/// The first difference, in the order of importance; `None` if there is none.
pub(crate) fn difference(expected: &Value, answer: &Value) -> Option<String> {
    let parts: [(&str, Read); 10] = [
        ("decision", |line| at(line, &["decision"])),
        ("effective.written", |line| plain(&at(line, &["effective", "written"]))),
        ("effective.deleted", |line| plain(&at(line, &["effective", "deleted"]))),
        ("data", |line| plain(&at(line, &["data"]))),
        ("fieldErrors", |line| set(&at(line, &["fieldErrors"]))),
        ("effective.authFilter", |line| terms(&at(line, &["effective", "authFilter"]))),
        ("effective.subscriptionFilter", |line| terms(&at(line, &["effective", "subscriptionFilter"]))),
        ("delivered", |line| at(line, &["delivered"])),
        ("error", error),
        ("warnings", |line| set(&at(line, &["warnings"]))),
    ];
    parts.into_iter().find_map(|(name, read)| {
        let (expected, answer) = (read(expected), read(answer));
        (expected != answer).then(|| format!("{name} is {answer}, the reference's {expected}"))
    })
}

/// Whether an answer lets the caller do or see what the reference does not.
pub(crate) fn is_more_open(expected: &Value, answer: &Value) -> bool {
    let passes = |line| ["allow", "error", "valid"].contains(&word(line).as_str());
    match (word(expected).as_str(), word(answer).as_str()) {
        ("allow", "allow") if writes_otherwise(expected, answer) => false,
        ("allow", "allow") => shows_more(&plain(&at(expected, &["data"])), &plain(&at(answer, &["data"]))),
        ("error", "allow") => true,
        _ => passes(answer) && !passes(expected),
    }
}

/// Whether something else is written or deleted, though both allow it.
pub(crate) fn writes_otherwise(expected: &Value, answer: &Value) -> bool {
    let differs =
        |name| plain(&at(expected, &["effective", name])) != plain(&at(answer, &["effective", name]));
    word(expected) == "allow" && word(answer) == "allow" && (differs("written") || differs("deleted"))
}

/// The decision in one word.
pub(crate) fn word(line: &Value) -> String {
    at(line, &["decision"]).as_str().unwrap_or("none").to_owned()
}

type Read = fn(&Value) -> Value;

/// The value at a path; `null` and absent are the same.
fn at(line: &Value, path: &[&str]) -> Value {
    path.iter().try_fold(line, |value, name| value.get(name)).cloned().unwrap_or_default()
}

/// Without the times, and with all made ids alike.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(name, _)| !TIMES.contains(&name.as_str()));
            kept.map(|(name, value)| (name.clone(), plain(value))).collect()
        }
        Value::Array(list) => list.iter().map(plain).collect(),
        Value::String(text) => match text.strip_prefix("auto-") {
            Some(number) if number.parse::<u32>().is_ok() => "auto".into(),
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

/// A list whose order means nothing; an empty one is like none.
fn set(value: &Value) -> Value {
    let items: BTreeSet<String> = value.as_array().into_iter().flatten().map(Value::to_string).collect();
    if items.is_empty() { Value::Null } else { items.into_iter().collect() }
}

/// A filter as the set of its terms, each with one value.
fn terms(filter: &Value) -> Value {
    let mut terms = BTreeSet::new();
    collect_terms(filter, "", &mut terms);
    if terms.is_empty() { Value::Null } else { terms.into_iter().collect() }
}

fn collect_terms(filter: &Value, path: &str, terms: &mut BTreeSet<String>) {
    match filter {
        Value::Object(object) => {
            for (name, inner) in object {
                // One of a list is the same as an alternative for each of its values.
                let name = match name.as_str() {
                    "in" => "eq",
                    "containsAny" => "contains",
                    name => name,
                };
                let below = if name == "or" { path.to_owned() } else { format!("{path}.{name}") };
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

/// The class and the text of an error, and what refused. The text of GraphQL's own errors is not part of the language.
fn error(line: &Value) -> Value {
    let mut error = at(line, &["error"]);
    if let (Some(error), "invalid") = (error.as_object_mut(), word(line).as_str()) {
        error.remove("message");
    }
    error
}

/// Whether some value of an answer is not one that the reference shows.
fn shows_more(expected: &Value, answer: &Value) -> bool {
    match (expected, answer) {
        (_, Value::Null) => false,
        (Value::Object(expected), Value::Object(answer)) => {
            answer.iter().any(|(name, value)| shows_more(expected.get(name).unwrap_or(&Value::Null), value))
        }
        (Value::Array(expected), Value::Array(answer)) => {
            answer.iter().any(|value| expected.iter().all(|expected| shows_more(expected, value)))
        }
        _ => expected != answer,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_means_the_same_is_no_difference() {
        let reference = json!({
            "decision": "allow",
            "data": {"id": "auto-1", "updatedAt": "x", "title": null},
            "effective": {"authFilter": {"or": [{"team": {"in": ["a", "b"]}}, {"owner": {"eq": "c"}}]}},
        });
        let answer = json!({
            "decision": "allow",
            "data": {"id": "auto-7", "updatedAt": "y", "title": null},
            "effective": {"authFilter": {"or": [{"owner": {"eq": "c"}}, {"team": {"eq": "b"}}, {"team": {"eq": "a"}}]}},
            "fieldErrors": [],
        });
        assert_eq!(difference(&reference, &answer), None);
        assert!(!is_more_open(&reference, &answer));
    }

    #[test]
    fn the_decision_comes_before_what_follows_from_it() {
        let reference = json!({"decision": "deny", "data": null});
        let answer = json!({"decision": "allow", "data": {"id": "1"}});
        assert!(difference(&reference, &answer).is_some_and(|text| text.starts_with("decision")));
        assert!(is_more_open(&reference, &answer) && !is_more_open(&answer, &reference));
    }

    #[test]
    fn to_show_more_is_to_be_more_open() {
        let line = |data: Value, written: Value| json!({"decision": "allow", "data": data, "effective": {"written": written}});
        let reference = line(json!({"items": [{"id": "1", "secret": null}]}), json!({"id": "1"}));
        let table = [
            (line(json!({"items": [{"id": "1", "secret": null}]}), json!({"id": "1"})), false),
            (line(json!({"items": []}), json!({"id": "1"})), false),
            (line(Value::Null, json!({"id": "1"})), false),
            (line(json!({"items": [{"id": "1", "secret": "s"}]}), json!({"id": "1"})), true),
            (line(json!({"items": [{"id": "2", "secret": null}]}), json!({"id": "1"})), true),
            (line(json!({"items": [{"id": "1", "secret": 0}]}), json!({"id": "1"})), true),
        ];
        for (answer, open) in table {
            assert_eq!(is_more_open(&reference, &answer), open, "{answer}");
            assert!(!writes_otherwise(&reference, &answer));
        }
        assert!(writes_otherwise(&reference, &line(Value::Null, json!({"id": "1", "owner": "x"}))));
    }
}
