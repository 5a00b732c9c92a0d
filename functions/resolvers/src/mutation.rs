//! Writing: `createNote`, `updateNote`, `deleteNote`.

use portcullis_data::{
    DataError, Expected, Filter, RecordKey, Shown,
    rules::Item,
    schema::{FieldType, ModelType},
};
use serde_json::Value;

use crate::{Call, FieldError, Resolvers, query::filter};

/// A new record.
pub(crate) async fn create(
    resolvers: &Resolvers,
    call: Call<'_>,
    model: &ModelType,
) -> Result<Value, FieldError> {
    let mut input = input(call);
    let condition = filter(call.arguments, "condition")?;
    // The server makes identifiers for whoever names none; `null` is no name.
    let no_key = |field: &&str| input.get(*field).is_some_and(Value::is_null);
    if model.key().fields().any(|field| no_key(&field)) {
        // The rules come first.
        return Err(
            match resolvers.records.authorizer().permit_create(call.identity, model.rules(), input) {
                Ok(_) => FieldError::store("The key of the record has no value"),
                Err(denied) => FieldError::of_denied(call.of, call.field, &denied),
            },
        );
    }
    for time in model.created_at().into_iter().chain(model.updated_at()) {
        if input.get(time).is_some_and(Value::is_null) {
            input.remove(time);
        }
    }
    check_joined(model, &input, "creating")?;
    let made = resolvers.records.create_if(call.identity, model, input, condition.as_ref()).await;
    show(resolvers, call, model, made)
}

/// Changes of a record.
pub(crate) async fn update(
    resolvers: &Resolvers,
    call: Call<'_>,
    model: &ModelType,
) -> Result<Value, FieldError> {
    let changes = input(call);
    let condition = filter(call.arguments, "condition")?;
    check_joined(model, &changes, "updating")?;
    let absent = |changes: Item| {
        let decided =
            resolvers.records.authorizer().permit_update(call.identity, model.rules(), &Item::new(), changes);
        match decided {
            Ok(_) => FieldError::condition_failed(),
            Err(denied) => FieldError::of_denied(call.of, call.field, &denied),
        }
    };
    let Ok(key) = RecordKey::from_item(model, &changes) else {
        return Err(absent(changes));
    };
    let expected = expected(condition.as_ref());
    match resolvers.records.update(call.identity, model, &key, changes.clone(), expected).await {
        Err(DataError::NotFound) => Err(absent(changes)),
        changed => show(resolvers, call, model, changed),
    }
}

/// The removal of a record.
pub(crate) async fn delete(
    resolvers: &Resolvers,
    call: Call<'_>,
    model: &ModelType,
) -> Result<Value, FieldError> {
    let input = input(call);
    let condition = filter(call.arguments, "condition")?;
    let absent = || {
        let authorizer = resolvers.records.authorizer();
        match authorizer.permit_delete(call.identity, model.rules(), &Item::new()) {
            Ok(_) => FieldError::condition_failed(),
            Err(denied) => FieldError::of_denied(call.of, call.field, &denied),
        }
    };
    let Ok(key) = RecordKey::from_item(model, &input) else {
        return Err(absent());
    };
    match resolvers.records.delete(call.identity, model, &key, expected(condition.as_ref())).await {
        Err(DataError::NotFound) => Err(absent()),
        removed => show(resolvers, call, model, removed),
    }
}

fn show(
    resolvers: &Resolvers,
    call: Call<'_>,
    model: &ModelType,
    written: Result<Shown, DataError>,
) -> Result<Value, FieldError> {
    let shown = written.map_err(|error| call.failed(error))?;
    Ok(resolvers.of_mutation(call.identity, model, shown.into_item()))
}

fn input(call: Call<'_>) -> Item {
    call.argument("input").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn expected(condition: Option<&Filter>) -> Expected<'_> {
    condition.map_or_else(Expected::default, Expected::from)
}

/// A sort key of several fields of an index is written as a whole or not at all, as in Amplify, which says so before it asks
/// the rules.
fn check_joined(model: &ModelType, input: &Item, doing: &str) -> Result<(), FieldError> {
    for index in model.indexes().iter().filter(|index| index.sort_fields.len() > 1 && !index.implied) {
        let has_default =
            |field: &String| doing == "creating" && model.field(field).and_then(FieldType::default).is_some();
        let given = |field: &&String| input.contains_key(*field) || has_default(field);
        if !index.sort_fields.iter().any(|field| given(&field)) {
            continue;
        }
        if let Some(lacking) = index.sort_fields.iter().find(|field| !given(field)) {
            return Err(FieldError::new(
                "CustomTemplateException",
                format!(
                    "When {doing} any part of the composite sort key for @index '{}', you must provide all fields for \
                     the key. Missing key: '{lacking}'.",
                    index.name
                ),
            ));
        }
    }
    Ok(())
}
