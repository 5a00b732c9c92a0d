//! Reading: `getNote`, `listNotes`.

use portcullis_rules::{Operation, Scope, Strategy};
use portcullis_schema::ModelType;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Layer},
    filter, gate,
    refusal::Refusal,
    request::Request,
    view::{Origin, View},
};

/// The records of a page, unless the request says otherwise.
const PAGE: usize = 100;

/// One record by its key.
pub(crate) fn get(request: &Request<'_>) -> Result<Answer, Refusal> {
    let Some(id) = request.args.get("id").filter(|id| id.is_string()) else {
        return Ok(Answer::invalid("the argument `id` is required".to_owned()));
    };
    let scope = scope(request, Operation::Get)?;
    let read = json!([{
        "operation": "Query",
        "key": {"expression": "id = :id", "expressionValues": {":id": {"S": id}}},
    }]);
    let answer = match request.record(id) {
        None => Answer::allow(Value::Null, Vec::new()),
        Some(record) if scope.matches(record) => {
            let mut view = View::new(request, Origin::Query);
            let data = view.record(record, None);
            Answer::allow(data, view.errors)
        }
        Some(_) => Answer::deny(request.parent, request.field, Layer::Vtl),
    };
    Ok(with_scope(answer, request.model, &scope).with_effect("reads", read))
}

/// A page of records. As in the reference, the page is cut before it is filtered.
pub(crate) fn list(request: &Request<'_>) -> Result<Answer, Refusal> {
    let filter = request.args.get("filter").unwrap_or(&Value::Null);
    let (start, limit) = match (start(request.args.get("nextToken")), limit(request.args.get("limit"))) {
        (Some(start), Some(limit)) => (start, limit),
        _ => return Ok(Answer::invalid("`limit` or `nextToken` is not one".to_owned())),
    };
    if let Some(answer) = unknown_argument(request) {
        return Ok(answer);
    }
    let scope = scope(request, Operation::List)?;
    let mut view = View::new(request, Origin::Query);
    let mut items = Vec::new();
    for record in request.records.iter().skip(start).take(limit) {
        if filter::matches(filter, record)? && scope.matches(record) {
            let index = items.len();
            items.push(view.record(record, Some(index)));
        }
    }
    let end = start.saturating_add(limit);
    let next = (end < request.records.len()).then(|| end.to_string());
    let answer = Answer::allow(json!({"items": items, "nextToken": next}), view.errors);
    Ok(with_scope(answer, request.model, &scope).with_effect("reads", json!([{"operation": "Scan"}])))
}

/// What the caller may read, or why nothing.
fn scope(request: &Request<'_>, operation: Operation) -> Result<Scope, Refusal> {
    let rules = request.model.rules();
    gate::pass(request, rules.providers_for(operation))?;
    let permit = request.api.authorizer.permit_read(request.caller, operation, rules);
    match permit {
        Ok(permit) => Ok(permit.scope().clone()),
        Err(_) => Err(Answer::deny(request.parent, request.field, Layer::Vtl).into()),
    }
}

fn with_scope(answer: Answer, model: &ModelType, scope: &Scope) -> Answer {
    let Scope::Any(conditions) = scope else {
        return answer;
    };
    let mut terms = Vec::new();
    for condition in conditions {
        let (field, values) = (condition.field(), condition.values());
        let list = model.field(field).is_some_and(|field| field.kind().list);
        match (list, names_groups(model, field)) {
            (true, _) => terms.extend(values.iter().map(|value| json!({field: {"contains": value}}))),
            (false, true) => terms.push(json!({field: {"in": values}})),
            (false, false) => terms.extend(values.iter().map(|value| json!({field: {"eq": value}}))),
        }
    }
    answer.with_effect("authFilter", json!({"or": terms}))
}

/// Whether a field holds groups and no owners.
fn names_groups(model: &ModelType, field: &str) -> bool {
    let fields = model.rules().fields().iter().filter_map(|field| field.rules.as_ref());
    let mut rules = model.rules().rules().iter().chain(fields.flatten());
    !rules.any(|rule| matches!(&rule.strategy, Strategy::Owner { field: owner, .. } if owner == field))
}

fn unknown_argument(request: &Request<'_>) -> Option<Answer> {
    let known = ["filter", "limit", "nextToken"];
    let unknown = request.args.keys().find(|name| !known.contains(&name.as_str()))?;
    let (field, parent) = (request.field, request.parent);
    let message = format!("Unknown argument \"{unknown}\" on field \"{parent}.{field}\".");
    Some(Answer::invalid(message))
}

fn limit(argument: Option<&Value>) -> Option<usize> {
    match argument {
        None | Some(Value::Null) => Some(PAGE),
        Some(limit) => {
            limit.as_u64().filter(|limit| *limit > 0).and_then(|limit| usize::try_from(limit).ok())
        }
    }
}

fn start(token: Option<&Value>) -> Option<usize> {
    match token {
        None | Some(Value::Null) => Some(0),
        Some(token) => token.as_str()?.parse().ok(),
    }
}
