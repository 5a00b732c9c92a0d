//! What of a handler's answer its caller may see.

use portcullis_data::{
    rules::{Authorizer, Identity, Item, Operation, Screening},
    schema::{ModelType, NamedType, Schema, TypeRef},
};
use serde_json::Value;

use crate::routes::DEFAULT_PROVIDER;

/// A caller who looks at what a handler answered.
///
/// 1. Of an object, what its type does not declare is left out, and what rules of a field keep from the caller.
/// 2. Of a record, so are the fields that the caller may not read in it. The handler decides which records it answers; but
///    whoever came in by a way that no rule of the model names gets `null` in its place, as in Amplify.
/// 3. Records that belong to a record are not followed: they are left out.
pub(crate) struct Viewer<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) authorizer: &'a Authorizer,
    pub(crate) identity: &'a Identity,
}

impl Viewer<'_> {
    pub(crate) fn show(&self, kind: &TypeRef, value: Value) -> Value {
        match value {
            Value::Array(values) if kind.list => {
                values.into_iter().map(|value| self.show_one(&kind.named, value)).collect()
            }
            value => self.show_one(&kind.named, value),
        }
    }

    fn show_one(&self, kind: &NamedType, value: Value) -> Value {
        match (kind, value) {
            (NamedType::Object(name), Value::Object(members)) => self.object(name, members),
            (NamedType::Model(name), Value::Object(item)) => match self.schema.model(name) {
                Some(model) if self.may_know_of(model) => self.record(model, item),
                _ => Value::Null,
            },
            // Where the schema says that an object is, nothing else is shown.
            (NamedType::Object(_) | NamedType::Model(_), _) => Value::Null,
            (_, value) => value,
        }
    }

    fn object(&self, name: &str, mut members: Item) -> Value {
        let Some(object) = self.schema.object(name) else {
            return Value::Null;
        };
        let mut shown = Item::new();
        for field in object.fields() {
            let guard = self.schema.custom_field(name, field.name());
            let may_see = guard.is_none_or(|guard| {
                self.authorizer.permit_invoke(self.identity, guard.rules(), DEFAULT_PROVIDER).is_ok()
            });
            if let Some(value) = members.remove(field.name()).filter(|_| may_see) {
                shown.insert(field.name().to_owned(), self.show(field.kind(), value));
            }
        }
        Value::Object(shown)
    }

    fn may_know_of(&self, model: &ModelType) -> bool {
        let rules = model.rules();
        rules.providers().contains(&self.identity.provider())
            || self.authorizer.screen(self.identity, Operation::Get, rules) == Screening::Allowed
    }

    fn record(&self, model: &ModelType, mut item: Item) -> Value {
        for field in self.authorizer.withheld(self.identity, model.rules(), &item) {
            item.remove(field);
        }
        item.retain(|name, _| model.field(name).is_some());
        Value::Object(model.rules().present(item))
    }
}
