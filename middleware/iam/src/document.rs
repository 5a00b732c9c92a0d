//! Reading the JSON of a document, strictly.

use serde_json::{Map, Value};

use crate::{
    InvalidPolicy,
    statement::{Effect, Statement},
};

/// The one version in which variables are variables.
const VERSION: &str = "2012-10-17";

/// The statements of a document, each read by `read` from its members and its place.
pub(crate) fn statements<T>(
    document: &Value,
    read: impl Fn(&Map<String, Value>, &str) -> Result<T, InvalidPolicy>,
) -> Result<Vec<T>, InvalidPolicy> {
    let members = object(document, "policy")?;
    known(members, &["Version", "Id", "Statement"], "")?;
    if members.get("Version").and_then(Value::as_str) != Some(VERSION) {
        return Err(InvalidPolicy::new("Version", "is not 2012-10-17"));
    }
    match members.get("Statement") {
        Some(Value::Array(statements)) => statements
            .iter()
            .enumerate()
            .map(|(index, statement)| {
                let path = format!("Statement[{index}]");
                read(object(statement, &path)?, &path)
            })
            .collect(),
        Some(statement @ Value::Object(_)) => Ok(vec![read(object(statement, "Statement")?, "Statement")?]),
        _ => Err(InvalidPolicy::new("Statement", "is neither a statement nor a list of them")),
    }
}

/// The members that statements of every kind have.
pub(crate) fn statement(members: &Map<String, Value>, path: &str) -> Result<Statement, InvalidPolicy> {
    let effect = match members.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(InvalidPolicy::new(join(path, "Effect"), "is neither Allow nor Deny")),
    };
    Statement::read(effect, members, path)
}

pub(crate) fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, InvalidPolicy> {
    value.as_object().ok_or_else(|| InvalidPolicy::new(path, "is not an object"))
}

pub(crate) fn known(members: &Map<String, Value>, names: &[&str], path: &str) -> Result<(), InvalidPolicy> {
    match members.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(InvalidPolicy::new(join(path, name), "is not known here")),
        None => Ok(()),
    }
}

/// One text, or a list of at least one.
pub(crate) fn texts<'a>(value: &'a Value, path: &str) -> Result<Vec<&'a str>, InvalidPolicy> {
    let texts: Option<Vec<&str>> = match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(values) => values.iter().map(Value::as_str).collect(),
        _ => None,
    };
    match texts {
        Some(texts) if !texts.is_empty() => Ok(texts),
        _ => Err(InvalidPolicy::new(path, "is neither a text nor a list of texts")),
    }
}

pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
