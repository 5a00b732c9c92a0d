//! Fields that a handler answers.

use portcullis_data::{
    Invocation, SOURCE,
    rules::Item,
    schema::{NamedType, TypeRef},
};
use serde_json::{Value, json};

use crate::{Call, FieldError, Resolvers};

/// Calls the functions of a field, one after the other.
pub(crate) async fn invoke(resolvers: &Resolvers, call: Call<'_>) -> Result<Value, FieldError> {
    let field = resolvers.schema.custom_field(call.of, call.field).ok_or_else(|| call.refused())?;
    let authorizer = resolvers.records.authorizer();
    let permit = authorizer.permit_invoke(call.identity, field.rules(), resolvers.default_provider);
    let _permit = permit.map_err(|_| call.refused())?;
    let mut arguments = call.arguments.clone();
    field.validate_arguments(&arguments).map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        FieldError::new("ValidationError", mistakes.join("; "))
    })?;
    field.fill_defaults(&mut arguments);
    let invocation = Invocation::new(call.identity.clone(), call.of, call.field, arguments);
    let answer = resolvers.functions.call(field.functions(), invocation).await;
    let answer = answer.map_err(|error| FieldError::of_function(call.of, call.field, error))?;
    Ok(match (answer, field.output()) {
        (Some(answer), Some(kind)) => resolvers.show(call, kind, answer),
        _ => Value::Null,
    })
}

impl Resolvers {
    /// What a handler has answered, without what rules keep from the caller, and with what the resolvers of its fields need to
    /// know. Whether the caller gets at a type at all is for the gate in front of its fields.
    fn show(&self, call: Call<'_>, kind: &TypeRef, value: Value) -> Value {
        match value {
            Value::Array(values) if kind.list => {
                values.into_iter().map(|value| self.show_one(call, &kind.named, value)).collect()
            }
            value => self.show_one(call, &kind.named, value),
        }
    }

    fn show_one(&self, call: Call<'_>, kind: &NamedType, value: Value) -> Value {
        match (kind, value) {
            (NamedType::Model(name), Value::Object(item)) => match self.schema.model(name) {
                Some(model) => self.records.show_item(call.identity, model, item).into(),
                None => Value::Null,
            },
            (NamedType::Object(name), Value::Object(members)) => self.object(call, name, members),
            (_, value) => value,
        }
    }

    fn object(&self, call: Call<'_>, name: &str, mut members: Item) -> Value {
        let Some(object) = self.schema.object(name) else {
            return Value::Null;
        };
        let mut shown = Item::new();
        let mut withheld = Vec::new();
        for field in object.fields() {
            let guard = self.schema.custom_field(name, field.name());
            let authorizer = self.records.authorizer();
            let may_see = guard.is_none_or(|guard| {
                authorizer.permit_invoke(call.identity, guard.rules(), self.default_provider).is_ok()
            });
            match members.remove(field.name()) {
                _ if !may_see => withheld.push(field.name()),
                Some(value) => {
                    shown.insert(field.name().to_owned(), self.show(call, field.kind(), value));
                }
                None => {}
            }
        }
        shown.insert(SOURCE.to_owned(), json!({ "withheld": withheld }));
        shown.into()
    }
}
