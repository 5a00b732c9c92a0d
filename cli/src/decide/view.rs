//! What the client sees of a record.

use portcullis_rules::Item;
use portcullis_schema::ModelType;
use serde_json::Value;

use super::{answer::FieldError, request::Request};

/// Where a record comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Query,
    /// Subscribers get what a mutation returns; hence it holds no field that is kept from some of those who may get
    /// the record, whoever made the call.
    Mutation,
}

impl Origin {
    /// Where a parent object says that it comes from.
    pub(crate) fn of(parent: &Item) -> Self {
        if parent.get("__operation").is_some_and(|word| word == "Mutation") {
            Self::Mutation
        } else {
            Self::Query
        }
    }

    /// Whether the result goes to subscribers too.
    pub(crate) fn has_listeners(self, model: &ModelType) -> bool {
        self == Self::Mutation && model.has_subscriptions()
    }
}

/// The fields of one result, and the errors on the way.
#[derive(Debug)]
pub(crate) struct View<'a> {
    request: &'a Request<'a>,
    origin: Origin,
    pub(crate) errors: Vec<FieldError>,
}

impl<'a> View<'a> {
    pub(crate) fn new(request: &'a Request<'a>, origin: Origin) -> Self {
        Self { request, origin, errors: Vec::new() }
    }

    /// A stored record as the client sees it; `null` if a field that must have a value has none. `index` is its place
    /// in a list.
    pub(crate) fn record(&mut self, stored: &Item, index: Option<usize>) -> Value {
        let rules = self.request.model.rules();
        let withheld = self.request.api.authorizer.withheld(self.request.caller, rules, stored);
        let mut shown = rules.present(stored.clone());
        let mut seen = Item::new();
        for field in self.request.fields() {
            let name = field.name();
            let guarded = rules.is_kept_from_some(name);
            let path = || index.map_or_else(|| name.to_owned(), |index| format!("items.{index}.{name}"));
            let value = if withheld.contains(&name) {
                self.errors.push(FieldError::denied(path(), self.request.model.name(), name));
                Value::Null
            } else if guarded && self.origin.has_listeners(self.request.model) {
                Value::Null
            } else {
                shown.remove(name).unwrap_or_default()
            };
            if value.is_null() && field.kind().required {
                let type_name = self.request.model.name();
                let message = format!("Cannot return null for non-nullable field {type_name}.{name}.");
                self.errors.push(FieldError { path: path(), kind: "Unknown", message });
                return Value::Null;
            }
            seen.insert(name.to_owned(), value);
        }
        seen.into()
    }
}
