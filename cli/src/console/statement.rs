//! What a GraphQL request asks of the rules: its top fields, one by one.

use apollo_compiler::{
    ast::{Definition, Document, Field, OperationDefinition, OperationType, Selection, Value as Written},
    parser::Parser,
};
use portcullis_data::RecordKey;
use portcullis_rules::{Item, Operation};
use portcullis_schema::{ExpandedSchema, FieldSource, ModelType, Schema};
use serde::Deserialize;
use serde_json::{Number, Value};

use super::question::{Question, Target};

/// As the endpoint has it.
const MAX_DEPTH: usize = 60;
const MAX_TOKENS: usize = 10_000;
/// Fields that are explained at most.
const MAX_FIELDS: usize = 20;
/// Selections that are looked at for them at most.
const MAX_SELECTIONS: usize = 200;

/// A GraphQL request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GraphQlRequest {
    query: String,
    #[serde(default)]
    variables: Option<Item>,
    #[serde(default)]
    operation_name: Option<String>,
}

/// A top field of a request, and what is asked about it; nothing if it is answered without rules.
#[derive(Debug)]
pub(super) struct AskedField<'s> {
    pub(super) name: String,
    pub(super) question: Option<Question<'s>>,
}

/// The fields of the operation that would be run; nothing if it cannot be read, for then the endpoint says so.
pub(super) fn fields<'s>(
    schema: &'s Schema,
    expanded: &ExpandedSchema,
    request: &GraphQlRequest,
) -> Vec<AskedField<'s>> {
    let parsed = Parser::new()
        .recursion_limit(MAX_DEPTH)
        .token_limit(MAX_TOKENS)
        .parse_ast(&request.query, "request.graphql");
    let Ok(document) = parsed else { return Vec::new() };
    let Some(operation) = operation(&document, request.operation_name.as_deref()) else { return Vec::new() };
    let root = match operation.operation_type {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    let variables = Variables { given: request.variables.as_ref(), operation };
    let mut selected = Selected { document: &document, fields: Vec::new(), left: MAX_SELECTIONS };
    selected.add(&operation.selection_set);
    selected
        .fields
        .into_iter()
        .map(|field| {
            let name = field.name.as_str();
            let arguments = field
                .arguments
                .iter()
                .map(|argument| (argument.name.to_string(), variables.value(&argument.value)));
            AskedField {
                name: format!("{root}.{name}"),
                question: question(schema, expanded, root, name, &arguments.collect()),
            }
        })
        .collect()
}

fn operation<'d>(document: &'d Document, name: Option<&str>) -> Option<&'d OperationDefinition> {
    let mut operations = document.definitions.iter().filter_map(|definition| match definition {
        Definition::OperationDefinition(operation) => Some(&**operation),
        _ => None,
    });
    match name.filter(|name| !name.is_empty()) {
        Some(name) => operations.find(|it| it.name.as_ref().is_some_and(|known| known.as_str() == name)),
        None => operations.next().filter(|_| operations.next().is_none()),
    }
}

/// The fields of a selection and of the fragments in it, in their order.
struct Selected<'d> {
    document: &'d Document,
    fields: Vec<&'d Field>,
    /// How many selections may still be looked at: fragments may lead to each other any number of times.
    left: usize,
}

impl<'d> Selected<'d> {
    fn add(&mut self, selections: &'d [Selection]) {
        for selection in selections {
            if self.fields.len() >= MAX_FIELDS || self.left == 0 {
                return;
            }
            self.left -= 1;
            match selection {
                Selection::Field(field) => self.fields.push(field),
                Selection::InlineFragment(fragment) => self.add(&fragment.selection_set),
                Selection::FragmentSpread(spread) => {
                    let document = self.document;
                    let found = document.definitions.iter().find_map(|definition| match definition {
                        Definition::FragmentDefinition(it) if it.name == spread.fragment_name => Some(it),
                        _ => None,
                    });
                    if let Some(fragment) = found {
                        self.add(&fragment.selection_set);
                    }
                }
            }
        }
    }
}

fn question<'s>(
    schema: &'s Schema,
    expanded: &ExpandedSchema,
    root: &str,
    name: &str,
    arguments: &Item,
) -> Option<Question<'s>> {
    if let Some(field) = schema.custom_field(root, name) {
        return Some(Question::Call(field));
    }
    let source = expanded.field(root, name)?.source.as_ref()?;
    let model = schema.model(source.model()?)?;
    let input = || arguments.get("input").and_then(Value::as_object).cloned().unwrap_or_default();
    let record = |operation, target| Some(Question::Record { model, operation, target });
    match source {
        FieldSource::Get { .. } => record(Operation::Get, Target::Stored(key_of(model, arguments)?, None)),
        FieldSource::List { .. } | FieldSource::Index { .. } => record(Operation::List, Target::Any),
        FieldSource::Create { .. } => record(Operation::Create, Target::New(input())),
        FieldSource::Update { .. } => {
            let mut changes = input();
            let key = key_of(model, &changes)?;
            changes.retain(|field, _| !model.key().fields().any(|key| key == field));
            record(Operation::Update, Target::Stored(key, Some(changes)))
        }
        FieldSource::Delete { .. } => {
            record(Operation::Delete, Target::Stored(key_of(model, &input())?, None))
        }
        FieldSource::Subscription { .. } => record(Operation::Listen, Target::Any),
        _ => None,
    }
}

fn key_of(model: &ModelType, values: &Item) -> Option<RecordKey> {
    RecordKey::from_item(model, values).ok()
}

/// The variables of a request.
struct Variables<'r> {
    given: Option<&'r Item>,
    operation: &'r OperationDefinition,
}

impl Variables<'_> {
    /// A written value with variables put in.
    fn value(&self, written: &Written) -> Value {
        match written {
            Written::Null => Value::Null,
            Written::Boolean(value) => Value::Bool(*value),
            Written::String(text) => Value::String(text.clone()),
            Written::Enum(name) => Value::String(name.to_string()),
            Written::Int(number) => number.as_str().parse::<i64>().map_or(Value::Null, Value::from),
            Written::Float(number) => {
                let number = number.as_str().parse().ok().and_then(Number::from_f64);
                number.map_or(Value::Null, Value::Number)
            }
            Written::List(values) => values.iter().map(|value| self.value(value)).collect(),
            Written::Object(members) => {
                members.iter().map(|(name, value)| (name.to_string(), self.value(value))).collect()
            }
            Written::Variable(name) => {
                let given = self.given.and_then(|given| given.get(name.as_str()));
                let default = || {
                    let declared = self.operation.variables.iter().find(|it| it.name == *name)?;
                    // A default value holds no variable.
                    declared.default_value.as_ref().map(|value| self.value(value))
                };
                given.cloned().or_else(default).unwrap_or_default()
            }
        }
    }
}
