//! A subscription that has been parsed, checked and allowed, and what it is told.

use std::fmt;

use apollo_compiler::{ExecutableDocument, executable::Operation, validation::Valid};
use portcullis_data::rules::{Identity, Item};
use serde_json::{Value, json};

use super::{Change, GraphQl, execution::Execution, mode_of, prepared::Prepared};
use crate::{Call, Subscription};

/// A subscription that a caller has, and how they want to see events.
///
/// What an event is told with is what its mutation asked to see, as in AppSync: a field that the mutation did not select is
/// `null`, and where a field must have a value the record is `null` and an error says why.
pub struct Subscribed {
    endpoint: GraphQl,
    identity: Identity,
    document: Valid<ExecutableDocument>,
    operation: Option<String>,
    variables: Item,
    /// The field of `Subscription`.
    field: String,
    subscription: Subscription,
}

impl GraphQl {
    /// Lets a caller subscribe: `query` with one field of `Subscription`, and perhaps `variables` and `operationName`.
    ///
    /// # Errors
    ///
    /// The errors of a GraphQL answer, for the client: what is wrong with the request, or that the caller may not.
    pub fn subscribe(&self, identity: &Identity, request: &Item) -> Result<Subscribed, Vec<Value>> {
        let prepared = self.prepare(request)?;
        let operation = prepared.operation()?;
        if !operation.is_subscription() {
            return Err(vec![super::error(
                "UnsupportedOperation",
                "Only subscriptions are supported through the realtime channel",
            )]);
        }
        let Prepared { document, name, variables, .. } = &prepared;
        let mut run = Execution::new(self, identity, mode_of(identity), document, variables);
        let allowed = run.subscribe(operation);
        let (field, subscription) = allowed.ok_or_else(|| match run.into_errors() {
            errors if errors.is_empty() => vec![super::error("ValidationError", "Nothing is subscribed to")],
            errors => errors,
        })?;
        Ok(Subscribed {
            endpoint: self.clone(),
            identity: identity.clone(),
            operation: name.clone(),
            variables: variables.clone(),
            field,
            subscription,
            document: prepared.document,
        })
    }
}

impl Subscribed {
    /// Who listens.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The field of `Subscription`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What the rules have said.
    #[must_use]
    pub fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    /// What the listener is told of a change: a GraphQL answer; `None` if it is not for them.
    pub async fn tell(&self, change: &Change) -> Option<Value> {
        let subscription = &self.subscription;
        let concerns = subscription.model() == change.model && subscription.tells_of(change.operation);
        if !concerns || !subscription.delivers(&change.item) {
            return None;
        }
        let operation = self.document.operations.get(self.operation.as_deref()).ok()?;
        let mode = mode_of(&self.identity);
        let mut run =
            Execution::new(&self.endpoint, &self.identity, mode, &self.document, &self.variables).answered();
        let event = Item::from_iter([(self.field.clone(), change.item.clone().into())]);
        let data = run.event(operation, event).await;
        let errors = run.into_errors();
        let mut answer = json!({ "data": data.map_or(Value::Null, Value::Object) });
        if let (false, Some(answer)) = (errors.is_empty(), answer.as_object_mut()) {
            answer.insert("errors".to_owned(), errors.into());
        }
        Some(answer)
    }
}

impl Execution<'_> {
    /// The one field of a subscription, and what the rules say to it; nothing if it is skipped, or refused.
    fn subscribe(&mut self, operation: &Operation) -> Option<(String, Subscription)> {
        let field = self.root_field(operation)?;
        let (of, name) = (operation.object_type().as_str(), field.name.as_str());
        let allowed = self.admit(of, name).and_then(|()| {
            let arguments = self.arguments(field);
            let call = Call { identity: self.identity(), of, field: name, arguments: &arguments };
            self.resolvers().subscribe(call)
        });
        match allowed {
            Ok(subscription) => Some((name.to_owned(), subscription)),
            Err(error) => {
                let path = vec![field.response_key().as_str().into()];
                self.tell(&path, field, &error);
                None
            }
        }
    }
}

/// Whose subscription it is, and to what, is people's data.
impl fmt::Debug for Subscribed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscribed")
            .field("field", &self.field)
            .field("subscription", &self.subscription)
            .finish_non_exhaustive()
    }
}
