//! The access matrix for programs; README.md describes the fields.

use portcullis_rules::Operation;
use serde_json::{Map, Value, json};

use crate::access::{
    caller::Caller,
    changes::{Change, Changes, Presence},
    grants::Action,
    matrix::{AccessMatrix, ModelAccess, Row},
};

/// The matrix.
pub(crate) fn matrix(matrix: &AccessMatrix) -> Value {
    let models = matrix.models.iter().map(|model| {
        let callers: Vec<Value> = model.telling_rows().map(|row| row_of(model, row)).collect();
        json!({"model": model.name, "callers": callers})
    });
    let calls = matrix.calls.iter().map(|access| {
        let what = access.call.what();
        let callers: Vec<Value> = access
            .telling_rows()
            .map(|(caller, level)| json!({"roles": roles(caller), what: level.name()}))
            .collect();
        json!({"type": access.call.type_name, "field": access.call.field, "callers": callers})
    });
    let answer = json!({"models": models.collect::<Vec<_>>(), "customFields": calls.collect::<Vec<_>>()});
    with_left_out(answer, &matrix.only_alone)
}

/// What changed.
pub(crate) fn changes(changes: &Changes) -> Value {
    let all = |changes: &[Change]| changes.iter().map(change).collect::<Vec<_>>();
    with_left_out(
        json!({"opened": all(&changes.opened), "closed": all(&changes.closed)}),
        &changes.only_alone,
    )
}

/// An answer that leaves callers in two roles at once out says of which models and custom fields.
fn with_left_out(mut answer: Value, places: &[String]) -> Value {
    if let (Value::Object(answer), false) = (&mut answer, places.is_empty()) {
        answer.insert("rolesNotCombined".to_owned(), json!(places));
    }
    answer
}

fn row_of(model: &ModelAccess, row: &Row) -> Value {
    let operations: Map<String, Value> = Operation::ALL
        .into_iter()
        .map(|operation| (operation.name().to_owned(), row.grants.operation(operation).name().into()))
        .collect();
    let fields: Map<String, Value> = model
        .fields
        .iter()
        .map(|field| {
            let actions = Action::ALL.into_iter();
            let levels: Map<String, Value> = actions
                .map(|action| (action.name().to_owned(), row.grants.field(field, action).name().into()))
                .collect();
            (field.clone(), levels.into())
        })
        .collect();
    json!({"roles": roles(&row.caller), "operations": operations, "fields": fields})
}

fn change(change: &Change) -> Value {
    let presence = match change.presence {
        Presence::Both => "both",
        Presence::New => "new",
        Presence::Gone => "old",
    };
    json!({
        "model": change.model,
        "in": presence,
        "field": change.field,
        "roles": roles(&change.caller),
        "operation": change.what,
        "before": change.before.name(),
        "after": change.after.name(),
    })
}

fn roles(caller: &Caller) -> Vec<Value> {
    caller.roles().iter().map(|role| role.to_json()).collect()
}
