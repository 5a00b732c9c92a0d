//! The fields of `Query`, `Mutation` and `Subscription` that a model gets.

use portcullis_rules::Operation;

use super::{
    FieldSource, Making, TypeExpression,
    definition::{AppliedDirective, ExpandedField, ExpandedType, InputValue},
    draft::Draft,
    filter_input::{self, Lists, add_enums},
    model_inputs, names, nested_types, operators,
    subject::Subject,
};
use crate::implied_fields::ID;

impl Making<'_> {
    /// Adds what every model gets, as if its key were `id` and it had neither indexes nor relations nor rules.
    pub(crate) fn add_models(&self, draft: &mut Draft) {
        operators::all().for_each(|input| draft.add(input));
        for subject in self.subjects() {
            let name = subject.name();
            let declared = fields(draft, name);
            add_implied_fields(draft, subject);
            let all = fields(draft, name);
            nested_types::add_inputs(draft, self.subjects, &all);
            add_queries(draft, subject, &all);
            self.add_mutations(draft, subject, &declared);
            add_subscriptions(draft, subject, &all);
            self.open_without_rules(draft, subject);
        }
    }

    fn add_mutations(&self, draft: &mut Draft, subject: &Subject<'_>, declared: &[ExpandedField]) {
        let model = subject.name();
        let operations = [
            (&subject.api.create, "Create", FieldSource::Create { model: model.to_owned() }),
            (&subject.api.update, "Update", FieldSource::Update { model: model.to_owned() }),
            (&subject.api.delete, "Delete", FieldSource::Delete { model: model.to_owned() }),
        ];
        for (name, verb, source) in operations {
            let Some(name) = name else {
                continue;
            };
            add_enums(draft, declared);
            draft.add_new(&names::condition(model), |draft| {
                filter_input::condition(draft, model, declared, subject.timestamps.names())
            });
            let input = match source {
                FieldSource::Create { .. } => model_inputs::create(draft, self.subjects, subject, declared),
                FieldSource::Update { .. } => model_inputs::update(draft, self.subjects, subject, declared),
                _ => model_inputs::delete(model),
            };
            draft.add(input);
            let arguments = vec![
                InputValue::new("input", TypeExpression::named(names::input(verb, model)).required()),
                InputValue::of("condition", names::condition(model)),
            ];
            let field = ExpandedField::new(name, arguments, TypeExpression::named(model));
            draft.extend("Mutation", [field.answered_by(source)]);
        }
    }
}

/// The key, the timestamps.
fn add_implied_fields(draft: &mut Draft, subject: &Subject<'_>) {
    let Some(fields) = draft.fields_mut(subject.name()) else {
        return;
    };
    let mut add = |name: &str, kind: &str| {
        if !fields.iter().any(|field| field.name == name) {
            fields.push(ExpandedField::new(name, Vec::new(), TypeExpression::named(kind).required()));
        }
    };
    add(ID, "ID");
    subject.timestamps.names().for_each(|name| add(name, "AWSDateTime"));
}

fn add_queries(draft: &mut Draft, subject: &Subject<'_>, all: &[ExpandedField]) {
    let model = subject.name();
    if let Some(name) = &subject.api.get {
        let id = InputValue::new(ID, TypeExpression::named("ID").required());
        let field = ExpandedField::new(name, vec![id], TypeExpression::named(model));
        draft.extend("Query", [field.answered_by(FieldSource::Get { model: model.to_owned() })]);
    }
    if let Some(name) = &subject.api.list {
        draft.add(page(&names::page(model), model));
        add_enums(draft, all);
        let filter = names::filter(model);
        draft.add_new(&filter, |draft| filter_input::filter(draft, &filter, all, Lists::Nullable));
        let field =
            ExpandedField::new(name, paging(&filter).into(), TypeExpression::named(names::page(model)));
        let source = FieldSource::List { model: model.to_owned(), key: None };
        draft.extend("Query", [field.answered_by(source)]);
    }
}

fn add_subscriptions(draft: &mut Draft, subject: &Subject<'_>, all: &[ExpandedField]) {
    let (model, api) = (subject.name(), &subject.api);
    let kinds = [
        (Operation::Create, &api.on_create, &api.create),
        (Operation::Update, &api.on_update, &api.update),
        (Operation::Delete, &api.on_delete, &api.delete),
    ];
    // A name may stand for several kinds of changes.
    let mut told: Vec<(&str, Vec<Operation>, Vec<String>)> = Vec::new();
    for (operation, names, mutation) in kinds {
        let Some(mutation) = mutation else {
            continue;
        };
        for name in names {
            match told.iter_mut().find(|(known, ..)| known == name) {
                Some((_, operations, mutations)) => {
                    operations.push(operation);
                    mutations.push(format!("{mutation:?}"));
                }
                None => told.push((name, vec![operation], vec![format!("{mutation:?}")])),
            }
        }
    }
    if !told.is_empty() {
        add_enums(draft, all);
    }
    for (name, changes, mutations) in told {
        draft.add_new(&names::event_filter(model), |draft| filter_input::event_filter(draft, model, all));
        let filter = InputValue::of("filter", names::event_filter(model));
        let subscribe = AppliedDirective {
            name: "aws_subscribe".to_owned(),
            arguments: vec![("mutations".to_owned(), format!("[{}]", mutations.join(", ")))],
        };
        let source = FieldSource::Subscription {
            model: model.to_owned(),
            changes,
            guarded: subject.guards_events,
            owners: Vec::new(),
        };
        let field = ExpandedField {
            directives: vec![subscribe],
            ..ExpandedField::new(name, vec![filter], TypeExpression::named(model))
        };
        draft.extend("Subscription", [field.answered_by(source)]);
    }
}

/// The fields of a type so far.
pub(crate) fn fields(draft: &Draft, name: &str) -> Vec<ExpandedField> {
    draft.get(name).map(|definition| definition.fields().to_vec()).unwrap_or_default()
}

/// A page of records.
pub(crate) fn page(name: &str, model: &str) -> ExpandedType {
    let items = TypeExpression::named(model).list().required();
    let token = TypeExpression::named("String");
    let fields = [("items", items), ("nextToken", token)];
    let fields = fields.map(|(name, kind)| ExpandedField::new(name, Vec::new(), kind));
    ExpandedType::object(name, fields.into())
}

/// The arguments of a page that is no more than filtered.
pub(crate) fn paging(filter: &str) -> [InputValue; 3] {
    [InputValue::of("filter", filter), InputValue::of("limit", "Int"), InputValue::of("nextToken", "String")]
}
