//! Writing: `createNote`, `updateNote`, `deleteNote`.

use portcullis_rules::{Item, Operation};
use portcullis_schema::InvalidField;
use serde_json::Value;

use super::{
    answer::Answer,
    filter, gate,
    refusal::Refusal,
    request::Request,
    view::{Origin, View},
};

/// It is always now: the same cases have the same answers.
const NOW: &str = "2024-01-01T00:00:00.000Z";
/// The key of a record whose maker has not chosen one.
const MADE_ID: &str = "auto-1";

/// A new record.
pub(crate) fn create(request: &Request<'_>) -> Result<Answer, Refusal> {
    let input = input(request)?;
    if let Err(mistakes) = request.model.validate_create(&without_null_key(&input)) {
        return Ok(invalid(request, "Create", &mistakes));
    }
    let rules = request.model.rules();
    gate::pass(request, rules.providers_for(Operation::Create))?;
    let permit = request.api.authorizer.permit_create(request.caller, rules, input);
    let permit = permit.map_err(|denied| Answer::deny_write(request.field, &denied))?;
    let mut written = permit.item().clone();
    for (field, value) in [("id", MADE_ID), ("createdAt", NOW), ("updatedAt", NOW)] {
        if written.get(field).is_none_or(Value::is_null) {
            written.insert(field.to_owned(), value.into());
        }
    }
    written.insert("__typename".to_owned(), request.model.name().into());
    let key = written.get("id").cloned().unwrap_or_default();
    if request.record(&key).is_some() || !holds(request, &Item::new())? {
        return Ok(Answer::condition_failed());
    }
    Ok(show(request, &written).with_effect("written", written.into()))
}

/// Changes to a stored record.
pub(crate) fn update(request: &Request<'_>) -> Result<Answer, Refusal> {
    let (key, changes) = keyed_input(request)?;
    if let Err(mistakes) = request.model.validate_update(&changes) {
        return Ok(invalid(request, "Update", &mistakes));
    }
    let rules = request.model.rules();
    gate::pass(request, rules.providers_for(Operation::Update))?;
    let stored = request.record(&key);
    let absent = Item::new();
    let permit =
        request.api.authorizer.permit_update(request.caller, rules, stored.unwrap_or(&absent), changes);
    let permit = permit.map_err(|denied| Answer::deny_write(request.field, &denied))?;
    let Some(stored) = stored else {
        return Ok(Answer::condition_failed());
    };
    if !holds(request, stored)? {
        return Ok(Answer::condition_failed());
    }
    let mut written = stored.clone();
    for (field, value) in permit.changes() {
        if value.is_null() {
            written.remove(field);
        } else {
            written.insert(field.clone(), value.clone());
        }
    }
    if !permit.changes().contains_key("updatedAt") {
        written.insert("updatedAt".to_owned(), NOW.into());
    }
    Ok(show(request, &written).with_effect("written", written.into()))
}

/// The removal of a stored record.
pub(crate) fn delete(request: &Request<'_>) -> Result<Answer, Refusal> {
    let (key, rest) = keyed_input(request)?;
    if !rest.is_empty() {
        let mistakes = rest.keys().map(|field| unknown_field(field)).collect::<Vec<_>>();
        return Ok(invalid(request, "Delete", &mistakes));
    }
    let rules = request.model.rules();
    gate::pass(request, rules.providers_for(Operation::Delete))?;
    let stored = request.record(&key);
    let absent = Item::new();
    let permit = request.api.authorizer.permit_delete(request.caller, rules, stored.unwrap_or(&absent));
    let _permit = permit.map_err(|denied| Answer::deny_write(request.field, &denied))?;
    match stored {
        Some(stored) if holds(request, stored)? => {
            Ok(show(request, stored).with_effect("deleted", stored.clone().into()))
        }
        _ => Ok(Answer::condition_failed()),
    }
}

/// The input of the mutation.
fn input(request: &Request<'_>) -> Result<Item, Refusal> {
    match request.args.get("input") {
        Some(Value::Object(input)) => Ok(input.clone()),
        _ => Err(Answer::invalid("the argument `input` is required".to_owned()).into()),
    }
}

/// The key of the record, and the rest of the input.
fn keyed_input(request: &Request<'_>) -> Result<(Value, Item), Refusal> {
    let mut input = input(request)?;
    match input.remove("id") {
        Some(key @ Value::String(_)) => Ok((key, input)),
        _ => Err(Answer::invalid("the field `id` of the input is required".to_owned()).into()),
    }
}

/// GraphQL takes a key that is `null` for one that is left out.
fn without_null_key(input: &Item) -> Item {
    let mut input = input.clone();
    if input.get("id").is_some_and(Value::is_null) {
        input.remove("id");
    }
    input
}

/// Whether the condition of the request holds.
fn holds(request: &Request<'_>, record: &Item) -> Result<bool, Refusal> {
    filter::matches(request.args.get("condition").unwrap_or(&Value::Null), record)
}

fn show(request: &Request<'_>, record: &Item) -> Answer {
    let mut view = View::new(request, Origin::Mutation);
    let data = view.record(record, None);
    Answer::allow(data, view.errors)
}

fn unknown_field(field: &str) -> InvalidField {
    InvalidField { field: field.to_owned(), problem: "is not a field of the input".to_owned() }
}

fn invalid(request: &Request<'_>, verb: &str, mistakes: &[InvalidField]) -> Answer {
    let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let (model, mistakes) = (request.model.name(), mistakes.join("; "));
    Answer::invalid(format!(
        "Variable \"$input\" of type \"{verb}{model}Input!\" got an invalid value; {mistakes}"
    ))
}
