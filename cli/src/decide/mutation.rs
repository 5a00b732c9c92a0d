//! Writing: `createNote`, `updateNote`, `deleteNote`.

use portcullis_data::Filter;
use portcullis_rules::{Item, Operation};
use portcullis_schema::{FieldType, InvalidField, ModelType, NamedType, Scalar};
use serde_json::Value;

use super::{
    answer::Answer,
    coercion, filter_input, gate,
    key::{Key, joined_columns},
    records::Tables,
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
    let model = request.model;
    let mut input = input(request)?;
    if let Err(mistakes) = model.validate_create(&with_plain_keys(model, &input)) {
        return Ok(invalid(request, "Create", &mistakes));
    }
    check_condition(request)?;
    let rules = model.rules();
    gate::pass(request, rules.providers_for(Operation::Create))?;
    model.fill_defaults(&mut input);
    join_columns(model, &mut input, "creating")?;
    let permit = request.api.authorizer.permit_create(request.caller, rules, input);
    let permit = permit.map_err(|denied| Answer::deny_write(request.field, &denied))?;
    let mut written = permit.item().clone();
    let times = [model.created_at(), model.updated_at()].into_iter().flatten().map(|name| (name, NOW));
    let id = model.field("id").map(|_| ("id", MADE_ID));
    // What the client sets to nothing stays so.
    for (field, value) in times.chain(id) {
        written.entry(field).or_insert_with(|| value.into());
    }
    if Key::of(model).fields().any(|field| written.get(field).is_some_and(Value::is_null)) {
        return Ok(Answer::store_error("missing key id"));
    }
    written.insert("__typename".to_owned(), model.name().into());
    // What is `null` cannot stand in an index.
    for index in model.indexes().iter().filter(|index| !index.implied) {
        if written.get(&index.field).is_some_and(Value::is_null) {
            written.remove(&index.field);
        }
    }
    if Key::of(model).find(request.records(), &written).is_some() || !holds(request, &Item::new())? {
        return Ok(Answer::condition_failed());
    }
    let tables = request.tables.with(model, &written);
    Ok(show(request, &written, tables).with_effect("written", written.into()))
}

/// Changes to a stored record.
pub(crate) fn update(request: &Request<'_>) -> Result<Answer, Refusal> {
    let (model, key) = (request.model, Key::of(request.model));
    let mut changes = keyed_input(request, &key)?;
    // GraphQL lets an update take away what a record must have; the result is then missing a value.
    let removes =
        |name: &str, value: &Value| value.is_null() && model.field(name).is_some_and(FieldType::in_update);
    let others = changes
        .iter()
        .filter(|(name, value)| key.fields().all(|field| field != *name) && !removes(name, value));
    let others: Item = others.map(|(name, value)| (name.clone(), value.clone())).collect();
    if let Err(mistakes) = model.validate_update(&others) {
        return Ok(invalid(request, "Update", &mistakes));
    }
    check_condition(request)?;
    let rules = model.rules();
    gate::pass(request, rules.providers_for(Operation::Update))?;
    join_columns(model, &mut changes, "updating")?;
    let stored = key.find(request.records(), &changes);
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
    let key_column = key.sort_attribute();
    let mut written = stored.clone();
    for (field, value) in permit.changes() {
        if value.is_null() {
            written.remove(field);
        } else if key_column.as_ref() != Some(field) || stored.contains_key(field) {
            // DynamoDB changes no attribute of the key; a case may leave the joined one out of the record.
            written.insert(field.clone(), value.clone());
        }
    }
    if let Some(time) = model.updated_at().filter(|time| !permit.changes().contains_key(*time)) {
        written.insert(time.to_owned(), NOW.into());
    }
    let tables = request.tables.with(model, &written);
    Ok(show(request, &written, tables).with_effect("written", written.into()))
}

/// The removal of a stored record.
pub(crate) fn delete(request: &Request<'_>) -> Result<Answer, Refusal> {
    let (model, key) = (request.model, Key::of(request.model));
    let input = keyed_input(request, &key)?;
    let unknown = input.keys().filter(|name| key.fields().all(|field| field != *name));
    let mistakes: Vec<InvalidField> = unknown.map(|field| unknown_field(field)).collect();
    if !mistakes.is_empty() {
        return Ok(invalid(request, "Delete", &mistakes));
    }
    check_condition(request)?;
    let rules = model.rules();
    gate::pass(request, rules.providers_for(Operation::Delete))?;
    let stored = key.find(request.records(), &input);
    let absent = Item::new();
    let permit = request.api.authorizer.permit_delete(request.caller, rules, stored.unwrap_or(&absent));
    let _permit = permit.map_err(|denied| Answer::deny_write(request.field, &denied))?;
    match stored {
        Some(stored) if holds(request, stored)? => {
            let tables = request.tables.without(model, stored);
            Ok(show(request, stored, tables).with_effect("deleted", stored.clone().into()))
        }
        _ => Ok(Answer::condition_failed()),
    }
}

/// The input of the mutation.
fn input(request: &Request<'_>) -> Result<Item, Refusal> {
    let known = ["input", "condition"];
    match request.args.get("input") {
        Some(Value::Object(input)) if request.args.keys().all(|name| known.contains(&name.as_str())) => {
            let mut input = input.clone();
            coercion::members(&request.api.schema, request.model.fields(), &mut input);
            Ok(input)
        }
        _ => Err(Answer::invalid("the argument `input` is required".to_owned()).into()),
    }
}

/// The input of the mutation of a stored record, with its key.
fn keyed_input(request: &Request<'_>, key: &Key<'_>) -> Result<Item, Refusal> {
    let input = input(request)?;
    match key.missing(&input) {
        Some(answer) => Err(answer.into()),
        None => Ok(input),
    }
}

/// The input as GraphQL looks at it: a key is any text, where this project's doors are choosier; and what the server fills
/// in may be `null`.
fn with_plain_keys(model: &ModelType, input: &Item) -> Item {
    let mut input = input.clone();
    for name in ["id"].into_iter().chain(model.created_at()).chain(model.updated_at()) {
        if input.get(name).is_some_and(Value::is_null) {
            input.remove(name);
        }
    }
    for field in Key::of(model).fields() {
        let text = model.field(field).is_some_and(|field| {
            matches!(field.kind().named, NamedType::Scalar(Scalar::Id | Scalar::String))
        });
        if let Some(value) = input.get_mut(field).filter(|value| text && value.is_string()) {
            *value = "key".into();
        }
    }
    input
}

/// Adds the columns that are joined from fields of the input.
fn join_columns(model: &ModelType, input: &mut Item, doing: &str) -> Result<(), Refusal> {
    let columns = joined_columns(model, input).map_err(|(index, lacking)| {
        Answer::resolver_error(format!(
            "When {doing} any part of the composite sort key for @index '{index}', you must provide all fields for the \
             key. Missing key: '{lacking}'."
        ))
    })?;
    input.extend(columns);
    Ok(())
}

fn check_condition(request: &Request<'_>) -> Result<(), Refusal> {
    filter_input::check_condition(request.model, request.args.get("condition"))
}

/// Whether the condition of the request holds.
fn holds(request: &Request<'_>, record: &Item) -> Result<bool, Refusal> {
    let condition = Filter::parse(request.args.get("condition").unwrap_or(&Value::Null))?;
    Ok(condition.matches(record))
}

/// What the client sees of a record; relations are looked up in the tables as they are now.
fn show(request: &Request<'_>, record: &Item, tables: Tables) -> Answer {
    let mut view = View::new(request, Origin::Mutation).over(tables);
    let data = view.record(request.model, record);
    view.answer(data)
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::decide::tests::answer_of;

    fn ask(rules: &str, field: &str, input: Value) -> Value {
        let source =
            format!("type Note @model @auth(rules: [{rules}]) {{ id: ID! title: String tags: [String] }}");
        let note = json!({"id": "1", "title": "a", "createdAt": "t", "updatedAt": "t"});
        answer_of(json!({"schema": source, "field": field, "args": {"input": input}, "existing": [note],
            "identity": {"kind": "userPools", "claims": {"sub": "u1", "username": "ann"}}}))
    }

    #[test]
    fn a_single_value_is_a_list_of_one_and_no_key_is_nothing() {
        let made = ask("{allow: private}", "Mutation.createNote", json!({"id": 5, "tags": "x"}));
        let written = &made["effective"]["written"];
        assert_eq!((&written["id"], &written["tags"]), (&json!("5"), &json!(["x"])));
        let unnamed = ask("{allow: private}", "Mutation.createNote", json!({"id": null}));
        assert_eq!(unnamed["decision"], "error");
    }

    #[test]
    fn who_may_only_delete_may_name_a_record_and_change_nothing() {
        // Somebody may update, so that the field is open to the way in.
        let rules = "{allow: private, operations: [delete, read]}, {allow: groups, groups: [\"A\"], operations: [update]}";
        let update = |input: Value| ask(rules, "Mutation.updateNote", input)["decision"].clone();
        assert_eq!(update(json!({"id": "1"})), "allow");
        assert_eq!(update(json!({"id": "1", "title": "b"})), "deny");
        assert_eq!(update(json!({"id": "1", "title": null})), "deny");
    }
}
