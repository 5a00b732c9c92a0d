//! The gate of authorization modes, which stands in front of the rules.
//!
//! AppSync marks each field with the modes of the rules that speak of it, and refuses every other caller before a rule
//! is looked at. A field that no rule speaks of is open to the default mode alone.

use std::collections::HashMap;

use portcullis_rules::{Identity, Model, Operation, Provider};
use portcullis_schema::{Connection, FieldType, ModelType, NamedType};

use super::{
    answer::{Answer, Layer},
    api::Api,
    refusal::Refusal,
    request::Request,
    settings::Settings,
    shape,
};

/// The types whose fields are requests.
pub(crate) const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];

/// Lets the request through. `providers` are those of the rules that speak of the field.
pub(crate) fn pass(request: &Request<'_>, providers: Vec<Provider>) -> Result<(), Refusal> {
    let settings = &request.api.settings;
    let mode = request.caller.provider();
    if !settings.modes.contains(&mode) {
        Err(Answer::unknown_mode().into())
    } else if is_open(request.api, request.caller, request.model, providers, request.parent) {
        Ok(())
    } else {
        Err(Answer::deny(request.parent, request.field, Layer::Directive).into())
    }
}

/// Lets a query of an index through, which is marked as a list is and as a get is, each by itself.
pub(crate) fn pass_index(request: &Request<'_>) -> Result<(), Refusal> {
    let (settings, rules) = (&request.api.settings, request.model.rules());
    let of = |operation| marks_of_operation(settings, rules, operation);
    pass(request, [of(Operation::List), of(Operation::Get)].concat())
}

/// Lets a subscription through that no rule guards: it has no mark, whatever the settings say.
pub(crate) fn pass_unmarked(request: &Request<'_>) -> Result<(), Refusal> {
    let settings = &request.api.settings;
    if request.caller.provider() == settings.default_mode {
        pass(request, vec![settings.default_mode])
    } else {
        pass(request, Vec::new())
            .and_then(|()| Err(Answer::deny(request.parent, request.field, Layer::Directive).into()))
    }
}

/// Lets a request to a field through that a function answers, or to a guarded field of what it returns. Such a field is
/// marked if a rule of it asks for another way in than the default one, and by settings that open the API to AWS
/// credentials.
pub(crate) fn pass_function(
    api: &Api,
    caller: &Identity,
    (parent, field): (&str, &str),
    rules: Option<&Model>,
) -> Result<(), Refusal> {
    let settings = &api.settings;
    let mode = caller.provider();
    if !settings.modes.contains(&mode) {
        return Err(Answer::unknown_mode().into());
    }
    let is_open = if ROOTS.contains(&parent) {
        let mut marks = marks_of_field(settings, rules);
        if settings.iam_access || settings.sandbox {
            marks.push(Provider::IdentityPool);
        }
        admits(settings, &marks, mode)
    } else {
        shows(api, caller, parent, rules)
    };
    if is_open { Ok(()) } else { Err(Answer::deny(parent, field, Layer::Directive).into()) }
}

/// Whether the caller gets at a field of what is returned: the marks of the field itself count, else those of its type.
/// `rules` are the field's own, if its type is not stored.
pub(crate) fn shows(api: &Api, caller: &Identity, type_name: &str, rules: Option<&Model>) -> bool {
    let settings = &api.settings;
    let mut marks = marks_of_field(settings, rules);
    if marks.is_empty() {
        marks = match api.schema.model(type_name) {
            Some(model) => {
                let marks = marks_of_model(settings, model);
                return is_open(api, caller, model, marks, type_name);
            }
            None => marks_of_object(api, type_name),
        };
    }
    admits(settings, &marks, caller.provider())
}

/// Whether the caller gets at the fields of a page of a model's records. The type of a page is marked by the queries that
/// return one, and by every model with a relation to it: the marks of one shut out the callers of another that has none.
pub(crate) fn shows_page(api: &Api, caller: &Identity, of: &ModelType) -> bool {
    let settings = &api.settings;
    let mut marks = if has_rules(of) {
        let by_index = of.indexes().iter().any(|index| index.query_field.is_some());
        let is_listed = by_index || of.api().of(Operation::List).is_some();
        let operations = [is_listed.then_some(Operation::List), by_index.then_some(Operation::Get)];
        let marked = operations.into_iter().flatten();
        marked.flat_map(|operation| marks_of_operation(settings, of.rules(), operation)).collect()
    } else {
        marks_of_settings(settings)
    };
    let leads_here = |connection: &&Connection| {
        connection.many && shape::target(&api.schema, connection).is_some_and(|it| it.name() == of.name())
    };
    let relations =
        api.schema.models().iter().filter(|model| has_rules(model)).flat_map(|model| {
            model.connections().iter().filter(leads_here).map(|_| model.rules().providers())
        });
    for (place, providers) in relations.enumerate() {
        marks.extend(with_account(settings, providers, place > 0));
    }
    admits(settings, &marks, caller.provider())
}

/// No mark leaves a field to the default way in.
fn admits(settings: &Settings, marks: &[Provider], mode: Provider) -> bool {
    if marks.is_empty() { mode == settings.default_mode } else { marks.contains(&mode) }
}

/// The marks that rules of its own give to a field that is not stored; none if they ask for the default way in alone.
fn marks_of_field(settings: &Settings, rules: Option<&Model>) -> Vec<Provider> {
    let Some(rules) = rules else {
        return Vec::new();
    };
    with_account(settings, rules.providers(), false)
}

/// The marks of a field that carries out an operation. One that no rule grants is left to the default way in.
fn marks_of_operation(settings: &Settings, rules: &Model, operation: Operation) -> Vec<Provider> {
    let providers = rules.providers_for(operation);
    let add_default = providers.is_empty();
    with_account(settings, providers, add_default)
}

/// The marks of the type of a record: those of its rules, and those of the operations that return a record.
pub(crate) fn marks_of_model(settings: &Settings, model: &ModelType) -> Vec<Provider> {
    let rules = model.rules();
    let mut marks = rules.providers();
    let operations = [Operation::Get, Operation::Create, Operation::Update, Operation::Delete];
    let returning = operations.into_iter().filter(|operation| model.api().of(*operation).is_some());
    let told = model.has_subscriptions().then_some(Operation::Listen);
    for operation in returning.chain(told) {
        marks.extend(marks_of_operation(settings, rules, operation));
    }
    marks
}

/// What providers become as marks: the default way in is marked beside others only.
fn with_account(settings: &Settings, mut providers: Vec<Provider>, add_default: bool) -> Vec<Provider> {
    if !settings.admin_roles.is_empty() || settings.iam_access {
        providers.push(Provider::IdentityPool);
    }
    if providers.iter().all(|provider| *provider == settings.default_mode) {
        return Vec::new();
    }
    if add_default && !providers.contains(&settings.default_mode) {
        providers.push(settings.default_mode);
    }
    providers
}

/// The marks of a type that is not stored: models pass theirs on to the types of their fields, one model after the other,
/// and from the second on with the default way in.
fn marks_of_object(api: &Api, type_name: &str) -> Vec<Provider> {
    let settings = &api.settings;
    let mut seen: HashMap<&str, Vec<Provider>> = HashMap::new();
    for model in api.schema.models() {
        if has_rules(model) {
            pass_on(api, model.fields(), &model.rules().providers(), &mut seen);
        } else if settings.sandbox {
            pass_on(api, model.fields(), &[Provider::ApiKey], &mut seen);
        }
    }
    let mut marks = seen.remove(type_name).unwrap_or_default();
    if settings.iam_access || settings.sandbox {
        marks.push(Provider::IdentityPool);
    }
    marks
}

fn pass_on<'a>(
    api: &'a Api,
    fields: &'a [FieldType],
    providers: &[Provider],
    seen: &mut HashMap<&'a str, Vec<Provider>>,
) {
    let names = fields.iter().filter_map(|field| match &field.kind().named {
        NamedType::Object(name) => Some(name.as_str()),
        _ => None,
    });
    for object in names.filter_map(|name| api.schema.objects().find(|object| object.name() == name)) {
        let known = seen.get(object.name());
        let mut marks = with_account(&api.settings, providers.to_vec(), known.is_some());
        marks.retain(|mark| known.is_none_or(|known| !known.contains(mark)));
        let is_new = known.is_none();
        if is_new || !marks.is_empty() {
            seen.entry(object.name()).or_default().extend(marks);
            pass_on(api, object.fields(), providers, seen);
        }
    }
}

/// The marks of what belongs to a model without any rule: those of the settings that open it.
fn marks_of_settings(settings: &Settings) -> Vec<Provider> {
    let marks = [(settings.sandbox, Provider::ApiKey), (settings.iam_access, Provider::IdentityPool)];
    marks.into_iter().filter(|(opened, _)| *opened).map(|(_, mode)| mode).collect()
}

/// Whether some rule speaks of the model or of a field of it.
pub(crate) fn has_rules(model: &ModelType) -> bool {
    !model.rules().rules().is_empty() || model.rules().has_field_rules()
}

/// Whether the caller gets at a field of this type, which has to do with the model.
fn is_open(
    api: &Api,
    caller: &Identity,
    model: &ModelType,
    providers: Vec<Provider>,
    type_name: &str,
) -> bool {
    let settings = &api.settings;
    let add_default = providers.is_empty();
    let mut marks = match has_rules(model) {
        true => with_account(settings, providers, add_default),
        false => marks_of_settings(settings),
    };
    // A type that the schema writes out is marked as a whole by settings that open the API to AWS credentials, and its mark
    // counts where a field has none.
    let is_written = || api.schema.custom_fields().iter().any(|field| field.type_name() == type_name);
    if marks.is_empty() && (settings.sandbox || settings.iam_access) && is_written() {
        marks.push(Provider::IdentityPool);
    }
    admits(settings, &marks, caller.provider())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::decide::tests::answer_of;

    /// What refuses the caller, or nothing.
    fn layer(project: Value, schema: &str, field: &str, identity: Value) -> Value {
        let mut case = json!({"schema": schema, "field": field, "identity": identity, "args": {"id": "1"}, "existing": []});
        case.as_object_mut().unwrap().extend(project.as_object().unwrap().clone());
        let answer = answer_of(case);
        if answer["decision"] == "deny" {
            answer["error"]["layer"].clone()
        } else {
            answer["decision"].clone()
        }
    }

    #[test]
    fn marks_decide_before_the_rules_do() {
        let model = "type Note @model @auth(rules: [{allow: private}]) { id: ID! }";
        let and_query = format!("{model} type Query {{ q: String @function(name: \"f\") }}");
        let (bare, sandbox) = (json!({}), json!({"params": {"sandboxModeEnabled": true}}));
        let admin = json!({"synth": {"adminRoles": ["ops"]}});
        let user = || json!({"kind": "userPools", "claims": {"sub": "u1", "username": "ann"}});
        let guest = || json!({"kind": "iam", "role": "unauth"});
        let open = "type Note @model { id: ID! }";
        let table = [
            (&bare, model, user(), "allow"),
            (&bare, model, guest(), "directive"),
            (&bare, &and_query, user(), "allow"),
            // The schema writes out the type of the queries, and the sandbox marks all of it.
            (&sandbox, model, user(), "allow"),
            (&sandbox, &and_query, user(), "directive"),
            (&sandbox, &and_query, guest(), "vtl"),
            // Names of administrators mark what has rules.
            (&admin, model, guest(), "vtl"),
            (&admin, open, guest(), "directive"),
            (&admin, open, user(), "vtl"),
        ];
        for (project, schema, identity, expected) in table {
            let found = layer(project.clone(), schema, "Query.getNote", identity.clone());
            assert_eq!(found, expected, "{project} {schema} {identity}");
        }
    }
}
