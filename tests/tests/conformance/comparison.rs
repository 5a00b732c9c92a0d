//! Where an answer differs from the reference, and in which direction.

use std::collections::BTreeSet;

use serde::Deserialize;
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
        ("fieldErrors", |line| set(&field_errors(line))),
        ("effective.authFilter", |line| terms(&at(line, &["effective", "authFilter"]))),
        ("effective.subscriptionFilter", |line| terms(&at(line, &["effective", "subscriptionFilter"]))),
        ("delivered", |line| set(&at(line, &["delivered"]))),
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
        ("allow", "allow") => {
            delivers_more(&at(expected, &["delivered"]), &at(answer, &["delivered"]))
                || shows_more(&plain(&at(expected, &["data"])), &plain(&at(answer, &["data"])))
        }
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

/// In which way an answer differs, and is stricter.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum How {
    /// The reference carries the request out, we refuse it.
    Refused,
    /// GraphQL takes the request in the reference, and not here.
    Invalid,
    /// Both carry it out, and some values are kept from the caller.
    Withheld,
    /// Both carry it out, and the answer has fewer records or events because we filter them.
    Filtered,
    /// Both establish a subscription with the same filter, and fewer events are told.
    Undelivered,
    /// Both carry out a write, and something else is written.
    OtherWrite,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) how: How,
    /// The fields that are kept from the caller.
    pub(crate) fields: BTreeSet<String>,
}

impl Change {
    /// The change from the reference's answer to ours; `None` if it is of another sort.
    pub(crate) fn between(expected: &Value, answer: &Value) -> Option<Self> {
        let change = |how| Some(Self { how, fields: BTreeSet::new() });
        match (word(expected).as_str(), word(answer).as_str()) {
            _ if writes_otherwise(expected, answer) => change(How::OtherWrite),
            ("allow" | "error", "deny") => change(How::Refused),
            ("allow" | "error" | "deny", "invalid") => change(How::Invalid),
            ("allow", "allow") => {
                let same = |path: &[&str]| terms(&at(expected, path)) == terms(&at(answer, path));
                let filters =
                    same(&["effective", "authFilter"]) && same(&["effective", "subscriptionFilter"]);
                let told = set(&at(expected, &["delivered"])) == set(&at(answer, &["delivered"]));
                match withheld(expected, answer) {
                    Some(fields) if filters && told => Some(Self { how: How::Withheld, fields }),
                    _ if !filters => change(How::Filtered),
                    Some(fields) if fields.is_empty() && !told => change(How::Undelivered),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The fields that are kept from the caller, if that is all that is different in what is shown.
fn withheld(expected: &Value, answer: &Value) -> Option<BTreeSet<String>> {
    let errors = |line| -> BTreeSet<String> {
        field_errors(line).as_array().into_iter().flatten().map(Value::to_string).collect()
    };
    let (theirs, ours) = (errors(expected), errors(answer));
    let mut paths = Vec::new();
    lost(&plain(&at(expected, &["data"])), &plain(&at(answer, &["data"])), String::new(), &mut paths)?;
    let place = |error: &String| {
        let error: Value = serde_json::from_str(error).ok()?;
        Some((error.get("type")? == "Unauthorized", error.get("path")?.as_str()?.to_owned()))
    };
    // Of what is lost the reference may still say more.
    let is_below = |path: &str| {
        paths.iter().any(|lost| path.strip_prefix(lost.as_str()).is_some_and(|rest| rest.starts_with('.')))
    };
    if !theirs.difference(&ours).all(|error| place(error).is_some_and(|(_, path)| is_below(&path))) {
        return None;
    }
    let refused = ours.difference(&theirs).map(|error| place(error).filter(|(refused, _)| *refused));
    let refused: Vec<String> = refused.map(|place| Some(place?.1)).collect::<Option<_>>()?;
    // Where a field must have a value, the object is lost with it.
    paths.retain(|path| !refused.iter().any(|refused| refused.starts_with(path.as_str())));
    let last = |path: &String| path.rsplit('.').next().unwrap_or_default().to_owned();
    Some(paths.iter().chain(&refused).map(last).collect())
}

/// The paths at which a value is `null` instead; `None` if something else differs.
fn lost(expected: &Value, answer: &Value, path: String, paths: &mut Vec<String>) -> Option<()> {
    let join = |step: &str| if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") };
    match (expected, answer) {
        (Value::Object(expected), Value::Object(answer)) if expected.len() == answer.len() => {
            let mut all = expected.iter();
            all.try_for_each(|(name, value)| lost(value, answer.get(name)?, join(name), paths))
        }
        (Value::Array(expected), Value::Array(answer)) if expected.len() == answer.len() => {
            let mut all = expected.iter().zip(answer).enumerate();
            all.try_for_each(|(place, (one, other))| lost(one, other, join(&place.to_string()), paths))
        }
        (expected, answer) if expected == answer => Some(()),
        (_, Value::Null) => {
            paths.push(path);
            Some(())
        }
        _ => None,
    }
}

/// The decision in one word.
pub(crate) fn word(line: &Value) -> String {
    at(line, &["decision"]).as_str().unwrap_or("none").to_owned()
}

type Read = fn(&Value) -> Value;

/// The value at a path; `null` and absent are the same.
pub(crate) fn at(line: &Value, path: &[&str]) -> Value {
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

/// The errors of fields. What GraphQL itself says about a value is not part of the language.
fn field_errors(line: &Value) -> Value {
    let mut errors = at(line, &["fieldErrors"]);
    for error in errors.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        if error.get("type").is_some_and(|kind| kind == "GraphQL") {
            error.remove("message");
        }
    }
    errors
}

/// The class and the text of an error, and what refused. The text of GraphQL's own errors is not part of the language, and
/// neither is the order in which fields are named.
fn error(line: &Value) -> Value {
    let mut error = at(line, &["error"]);
    let is_of_graphql =
        word(line) == "invalid" || error.get("type").is_some_and(|kind| kind == "GraphQLError");
    if let Some(error) = error.as_object_mut() {
        // AppSync's class of an error whose template names none.
        error.retain(|name, value| name != "type" || !value.is_null() && *value != "CustomTemplateException");
        if is_of_graphql {
            error.remove("message");
        } else if let Some(message) = error.get_mut("message") {
            *message = in_order(message.as_str().unwrap_or_default()).into();
        }
    }
    error
}

/// A message with the fields that it names in order.
fn in_order(message: &str) -> String {
    let names = message.strip_prefix("Unauthorized on [").and_then(|rest| rest.strip_suffix(']'));
    match names {
        Some(names) => {
            let names: BTreeSet<&str> = names.split(", ").collect();
            format!("Unauthorized on {names:?}")
        }
        None => message.to_owned(),
    }
}

/// Whether a subscriber gets an event that the reference does not deliver.
fn delivers_more(expected: &Value, answer: &Value) -> bool {
    let events = |line: &Value| line.as_array().cloned().unwrap_or_default();
    let expected = events(expected);
    events(answer).iter().any(|event| !expected.contains(event))
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
        let delivers = |ids: Value| json!({"decision": "allow", "delivered": ids});
        for (answer, open) in [(json!(["e1"]), false), (json!([]), false), (json!(["e1", "e3"]), true)] {
            assert_eq!(is_more_open(&delivers(json!(["e1", "e2"])), &delivers(answer)), open);
        }
        assert!(writes_otherwise(&reference, &line(Value::Null, json!({"id": "1", "owner": "x"}))));
    }

    #[test]
    fn the_order_of_names_and_the_words_of_graphql_do_not_matter() {
        let line = |message: &str| json!({"decision": "deny", "error": {"type": "Unauthorized", "message": message}});
        let (one, other) = (line("Unauthorized on [b, a]"), line("Unauthorized on [a, b]"));
        assert_eq!(difference(&one, &other), None);
        assert!(difference(&one, &line("Unauthorized on [a]")).is_some());
        let shown = |message: &str| json!({"decision": "allow", "fieldErrors": [{"path": "a", "type": "GraphQL", "message": message}]});
        assert_eq!(difference(&shown("x"), &shown("y")), None);
    }

    #[test]
    fn a_stricter_answer_is_so_in_one_way() {
        let line = |decision: &str, data: Value, errors: Value, filter: Value| json!({"decision": decision, "data": data, "fieldErrors": errors, "effective": {"authFilter": filter}});
        let allow = |data: Value| line("allow", data, Value::Null, Value::Null);
        let refused = |path: &str| json!([{"path": path, "type": "Unauthorized", "message": "no"}]);
        let owner = json!({"owner": {"eq": "a"}});
        let data = json!({"id": "1", "s": "x", "inner": {"t": "y"}});
        let reference = allow(data.clone());
        let table = [
            (line("deny", Value::Null, Value::Null, Value::Null), Some((How::Refused, ""))),
            (line("invalid", Value::Null, Value::Null, Value::Null), Some((How::Invalid, ""))),
            (allow(json!({"id": "1", "s": null, "inner": {"t": "y"}})), Some((How::Withheld, "s"))),
            (
                line("allow", json!({"id": "1", "s": "x", "inner": null}), refused("inner.t"), Value::Null),
                Some((How::Withheld, "t")),
            ),
            (line("allow", data.clone(), refused("s"), Value::Null), Some((How::Withheld, "s"))),
            (line("allow", data, Value::Null, owner), Some((How::Filtered, ""))),
            (allow(json!({"id": "1", "s": "y", "inner": {"t": "y"}})), None),
            (line("error", Value::Null, Value::Null, Value::Null), None),
        ];
        for (answer, expected) in table {
            let change = Change::between(&reference, &answer);
            let expected = expected.map(|(how, field)| {
                let fields = Some(field.to_owned()).filter(|field| !field.is_empty());
                Change { how, fields: fields.into_iter().collect() }
            });
            assert_eq!(change, expected, "{answer}");
        }
        let told = |ids: Value| json!({"decision": "allow", "delivered": ids});
        let change = Change::between(&told(json!(["1", "2"])), &told(json!(["1"])));
        assert_eq!(change.map(|change| change.how), Some(How::Undelivered));
    }
}
