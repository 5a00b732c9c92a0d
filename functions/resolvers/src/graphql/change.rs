//! What mutations tell those who listen.

use std::{fmt, sync::Arc};

use apollo_compiler::executable::{Operation as Mutation, SelectionSet};
use portcullis_data::{
    rules::{Item, Operation},
    schema::FieldSource,
};
use serde_json::Value;
use tokio::sync::broadcast;

use super::execution::Execution;

/// Changes that wait for the slowest listener at most. Whoever is slower than that has missed some, and is told so.
const WAITING: usize = 256;

/// A change of a record, as the mutation answered it: the fields that it asked to see, by their names. What is kept from some
/// of those who listen is `null`.
#[derive(Clone)]
pub struct Change {
    /// The model of the record.
    pub model: String,
    /// Whether the record was made, changed or removed.
    pub operation: Operation,
    /// What was answered.
    pub item: Item,
}

/// Where changes are told. To tell one costs the writer the same however many listen, and never waits for them.
#[derive(Clone, Debug)]
pub(crate) struct Changes(broadcast::Sender<Arc<Change>>);

impl Changes {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }

    pub(crate) fn has_listeners(&self) -> bool {
        self.0.receiver_count() > 0
    }

    pub(crate) fn tell(&self, change: Change) {
        // An error says that nobody listens any more.
        let _ = self.0.send(Arc::new(change));
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<Change>> {
        self.0.subscribe()
    }
}

impl<'a> Execution<'a> {
    /// What a mutation has changed, as those who listen are told of it: under the names of the fields, whatever the mutation
    /// calls them, and without what is kept from some of them.
    pub(crate) fn changes(&self, mutation: &'a Mutation, data: &Item) -> Vec<Change> {
        let of = mutation.object_type().as_str();
        let mut changes = Vec::new();
        for (key, fields) in self.collect(of, &[&mutation.selection_set]) {
            let Some(field) = fields.first() else { continue };
            let source = self.resolvers().expanded().field(of, field.name.as_str());
            let (model, operation) = match source.and_then(|field| field.source.as_ref()) {
                Some(FieldSource::Create { model }) => (model, Operation::Create),
                Some(FieldSource::Update { model }) => (model, Operation::Update),
                Some(FieldSource::Delete { model }) => (model, Operation::Delete),
                _ => continue,
            };
            let sets: Vec<&SelectionSet> = fields.iter().map(|field| &field.selection_set).collect();
            if let Some(Value::Object(item)) = data.get(key) {
                changes.push(Change { model: model.clone(), operation, item: self.told(model, &sets, item) });
            }
        }
        changes
    }

    /// An object that has been answered, its fields under their names.
    // As deep as the selections, which have been measured.
    fn told(&self, of: &str, sets: &[&'a SelectionSet], object: &Item) -> Item {
        let mut told = Item::new();
        for (key, fields) in self.collect(of, sets) {
            let (Some(field), Some(value)) = (fields.first(), object.get(key)) else { continue };
            let name = field.name.as_str();
            if told.get(name).is_some_and(|known| !known.is_null()) {
                continue;
            }
            let sets: Vec<&SelectionSet> = fields.iter().map(|field| &field.selection_set).collect();
            let kind = field.definition.ty.inner_named_type().as_str();
            let one = |value: &Value| match value {
                Value::Object(object) if !field.selection_set.is_empty() => {
                    self.told(kind, &sets, object).into()
                }
                value => value.clone(),
            };
            let value = match value {
                _ if self.resolvers().is_kept_from_listeners(of, name) => Value::Null,
                Value::Array(values) => values.iter().map(one).collect(),
                value => one(value),
            };
            told.insert(name.to_owned(), value);
        }
        told
    }
}

/// Records are people's data.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("model", &self.model)
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}
