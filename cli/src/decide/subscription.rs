//! Subscribing: `onCreateNote`, `onUpdateNote`, `onDeleteNote`. The candidate events are results of mutations, as
//! clients see them.

use portcullis_data::Filter;
use portcullis_rules::{Condition, Item, Listen, Operation, Permit, Provider, Scope, Strategy};
use portcullis_schema::{FieldType, ModelType, Origin};
use serde_json::{Value, json};

use super::{
    answer::{Answer, Layer},
    filter_input, gate,
    query::{names_groups, unknown_argument},
    refusal::Refusal,
    request::Request,
};

/// The argument that holds the client's own filter.
const FILTER: &str = "filter";

/// A subscription to the changes of a model.
pub(crate) fn listen(request: &Request<'_>) -> Result<Answer, Refusal> {
    let rules = request.model.rules();
    let (owners, strays) = (owner_arguments(request.model), stray_arguments(request.model));
    let owners: Vec<&str> = owners.into_iter().chain(strays.iter().copied()).collect();
    let known: Vec<&str> = owners.iter().copied().chain([FILTER]).collect();
    if let Some(answer) = unknown_argument(request, &known) {
        return Ok(answer);
    }
    let texts =
        |name: &&str| request.args.get(*name).is_some_and(|value| !value.is_string() && !value.is_null());
    if let Some(name) = owners.iter().find(|name| texts(name)) {
        return Ok(Answer::invalid(format!("the argument `{name}` is not a string")));
    }
    let client_filter = request.args.get(FILTER).unwrap_or(&Value::Null);
    filter_input::check_subscription(&request.api.schema, request.model, Some(client_filter))?;
    gate::pass(request, rules.providers_for(Operation::Listen))?;
    let permit = request.api.authorizer.permit_listen(request.caller, rules, request.args);
    let permit = permit.map_err(|_| Answer::deny(request.parent, request.field, Layer::Vtl))?;
    let delivered = delivered(request, client_filter, |event| {
        let asked = |name: &&str| request.args.get(*name).is_none_or(|asked| event.get(*name) == Some(asked));
        permit.delivers(event) && strays.iter().all(asked)
    })?;
    let answer = Answer::listen(delivered);
    Ok(match runtime_filter(request.model, &permit, client_filter) {
        Value::Null => answer,
        filter => answer.with_effect("subscriptionFilter", filter),
    })
}

/// A subscription of a model with `subscriptions: {level: public}`: no rule guards it, only the default way in.
pub(crate) fn listen_openly(request: &Request<'_>) -> Result<Answer, Refusal> {
    if let Some(answer) = unknown_argument(request, &[FILTER]) {
        return Ok(answer);
    }
    let client_filter = request.args.get(FILTER).unwrap_or(&Value::Null);
    gate::pass_unmarked(request)?;
    let delivered = delivered(request, client_filter, |_| true)?;
    let answer = Answer::listen(delivered);
    Ok(if is_empty(client_filter) {
        answer
    } else {
        answer.with_effect("subscriptionFilter", client_filter.clone())
    })
}

/// The ids of the events that are told.
fn delivered(
    request: &Request<'_>,
    client_filter: &Value,
    permitted: impl Fn(&Item) -> bool,
) -> Result<Vec<Value>, Refusal> {
    let client_filter = Filter::parse(client_filter)?;
    let mut delivered = Vec::new();
    for event in request.records() {
        if permitted(event) && client_filter.matches(event) {
            delivered.push(event.get("id").cloned().unwrap_or_default());
        }
    }
    Ok(delivered)
}

/// The fields that a listener may name an owner by: those of owner rules about listening, unless they are lists.
fn owner_arguments(model: &ModelType) -> Vec<&str> {
    let rules = model.rules();
    let of_fields = rules.fields().iter().filter_map(|field| field.rules.as_ref()).flatten();
    let listening = rules.rules().iter().chain(of_fields).filter(|rule| {
        let tokens = matches!(rule.provider, Provider::UserPools | Provider::Oidc);
        tokens && rule.operations.contains(Operation::Listen)
    });
    let owner = listening.filter_map(|rule| match &rule.strategy {
        // The owner of an `and` is no argument: what AppSync compares is left to the filter.
        Strategy::Owner { field, .. } => Some(field.as_str()),
        _ => None,
    });
    owner.filter(|name| !model.field(name).is_some_and(|field| field.kind().list)).collect()
}

/// The names of groups in owner rules, which the reference makes fields and arguments of. They decide nothing.
fn stray_arguments(model: &ModelType) -> Vec<&str> {
    let implied = model.fields().iter().filter(|field| field.origin() == Origin::ImpliedOwner);
    implied.map(FieldType::name).filter(|name| names_groups(model, name)).collect()
}

/// What AppSync filters events by while the subscription lasts; `null` if by nothing.
fn runtime_filter(model: &ModelType, permit: &Permit<Listen>, client_filter: &Value) -> Value {
    let Scope::Any(conditions) = permit.scope() else {
        return if is_empty(client_filter) { Value::Null } else { client_filter.clone() };
    };
    if permit.is_held_by_argument() {
        return Value::Null;
    }
    let terms: Vec<Value> = conditions.iter().map(|condition| term(model, condition)).collect();
    if is_empty(client_filter) {
        json!({"or": terms})
    } else {
        json!({"and": [{"or": terms}, client_filter]})
    }
}

/// A condition in the words of AppSync's filters.
fn term(model: &ModelType, condition: &Condition) -> Value {
    match condition {
        Condition::OneOf { field, values } => match values.as_slice() {
            [value] if !names_groups(model, field) => json!({field: {"eq": value}}),
            values => json!({field: {"in": values}}),
        },
        Condition::Contains { field, values } => match values.as_slice() {
            [value] if !names_groups(model, field) => json!({field: {"contains": value}}),
            values => json!({field: {"containsAny": values}}),
        },
        Condition::All(parts) => {
            json!({"and": parts.iter().map(|part| term(model, part)).collect::<Vec<_>>()})
        }
    }
}

fn is_empty(filter: &Value) -> bool {
    filter.as_object().is_none_or(serde_json::Map::is_empty)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::decide::tests::answer_of;

    const SOURCE: &str = "type Note @model(subscriptions: {onDelete: [\"gone\", \"lost\"]}, mutations: {update: null})
        @auth(rules: [{allow: owner}, {allow: groups, groupsField: \"team\"}]) { title: String team: String }";

    fn listen(field: &str, args: Value) -> Value {
        let claims = json!({"sub": "u1", "username": "ann", "cognito:groups": ["A"]});
        let events = json!([{"id": "1", "owner": "ann"}, {"id": "2", "owner": "bob"}, {"id": "3", "owner": "bob", "team": "A"}]);
        answer_of(
            json!({"schema": SOURCE, "field": format!("Subscription.{field}"), "args": args, "existing": events,
            "identity": {"kind": "userPools", "claims": claims}}),
        )
    }

    #[test]
    fn a_listener_is_told_of_what_the_rules_and_the_filter_let_through() {
        let all = listen("onCreateNote", json!({}));
        assert_eq!(all["delivered"], json!(["1", "3"]));
        let filter = json!({"or": [{"owner": {"eq": "ann"}}, {"team": {"in": ["A"]}}]});
        assert_eq!(all["effective"]["subscriptionFilter"], filter);
        let some = listen("onCreateNote", json!({"filter": {"title": {"attributeExists": true}}}));
        assert_eq!(some["decision"], "invalid", "no such test of events");
        let some = listen("onCreateNote", json!({"filter": {"title": {"eq": "x"}}}));
        assert_eq!((&some["decision"], &some["delivered"]), (&json!("allow"), &json!([])));
        let other = listen("onCreateNote", json!({"owner": "bob"}));
        assert_eq!((&other["decision"], &other["error"]["layer"]), (&json!("deny"), &json!("vtl")));
    }

    #[test]
    fn a_subscription_has_the_name_that_the_model_gives_it() {
        for (field, decision) in
            [("gone", "allow"), ("lost", "allow"), ("onDeleteNote", "invalid"), ("onUpdateNote", "invalid")]
        {
            assert_eq!(listen(field, json!({}))["decision"], decision, "{field}");
        }
    }

    #[test]
    fn a_public_subscription_is_for_the_default_way_in() {
        let ask = |identity: Value| {
            let source = "type Note @model(subscriptions: {level: public}) @auth(rules: [{allow: owner}]) { title: String }";
            answer_of(json!({"schema": source, "field": "Subscription.onCreateNote", "identity": identity,
                "existing": [{"id": "1", "owner": "bob"}]}))
        };
        assert_eq!(ask(json!({"kind": "userPools", "claims": {}}))["delivered"], json!(["1"]));
        assert_eq!(ask(json!({"kind": "apiKey"}))["decision"], "deny");
    }
}
