//! Events of AWS AppSync's direct Lambda resolvers.

use std::{fmt, time::Instant};

use portcullis::TrustedAppSync;
use portcullis_data::rules::{Identity, Item};
use serde_json::{Value, json};

use crate::{Call, FieldError, Resolvers, resolvers::ROOTS};

/// Answers the events of AppSync: its contexts, one by one or many at once.
///
/// 1. The answer to one context is the value of the field; a refusal is an error, of which the runtime makes `errorType` and
///    `errorMessage`.
/// 2. The answer to a batch is a list of `{data, errorType, errorMessage}`, as long as the batch and in its order. What cannot
///    be read or is refused is its own answer.
/// 3. The answer to a field of `Subscription` is `{"filter": ..}`, which the response handler of its resolver gives to
///    `extensions.setSubscriptionFilter`; no function can set it.
/// 4. Who calls is what AppSync says, as far as [`TrustedAppSync`] believes it; whoever is not known is refused as AppSync
///    refuses.
#[derive(Clone, Debug)]
pub struct AppSync {
    resolvers: Resolvers,
    trusted: TrustedAppSync,
}

/// A context as it is asked for: those that agree in everything but the source are resolved together.
struct Context<'e> {
    identity: Identity,
    of: &'e str,
    field: &'e str,
    arguments: Item,
    source: Item,
}

impl AppSync {
    /// Answers by these resolvers, for callers whom AppSync has checked as far as `trusted` says.
    #[must_use]
    pub fn new(resolvers: Resolvers, trusted: TrustedAppSync) -> Self {
        Self { resolvers, trusted }
    }

    /// Answers an event.
    ///
    /// # Errors
    ///
    /// What the client is told; never for a batch.
    pub async fn answer(&self, event: &Value) -> Result<Value, FieldError> {
        let Value::Array(batch) = event else {
            let context = self.read(event);
            let started = Instant::now();
            let answer = match &context {
                Ok(context) => self.single(context).await,
                Err(error) => Err(error.clone()),
            };
            self.log(context.as_ref().ok(), 1, usize::from(answer.is_err()), started);
            return answer;
        };
        Ok(Value::Array(self.batch(batch).await))
    }

    async fn single(&self, context: &Context<'_>) -> Result<Value, FieldError> {
        let call = context.call();
        if ROOTS.contains(&context.of) {
            return self.resolvers.answer(call).await;
        }
        let answers = self.resolvers.answer_all(call, std::slice::from_ref(&context.source)).await;
        answers.into_iter().next().unwrap_or_else(|| Err(FieldError::internal()))
    }

    async fn batch(&self, batch: &[Value]) -> Vec<Value> {
        let started = Instant::now();
        let contexts: Vec<Result<Context<'_>, FieldError>> =
            batch.iter().map(|event| self.read(event)).collect();
        let mut answers: Vec<Option<Result<Value, FieldError>>> =
            contexts.iter().map(|context| context.as_ref().err().map(|error| Err(error.clone()))).collect();
        let mut first = None;
        for (place, context) in contexts.iter().enumerate() {
            let Ok(context) = context else { continue };
            first = first.or(Some(context));
            if answers.get(place).is_some_and(Option::is_some) {
                continue;
            }
            let alike: Vec<(usize, &Context<'_>)> = contexts
                .iter()
                .enumerate()
                .skip(place)
                .filter_map(|(place, other)| Some((place, other.as_ref().ok()?)))
                .filter(|(_, other)| context.is_asked_like(other))
                .collect();
            let found = if ROOTS.contains(&context.of) {
                let mut found = Vec::with_capacity(alike.len());
                for (_, other) in &alike {
                    found.push(self.resolvers.answer(other.call()).await);
                }
                found
            } else {
                let sources: Vec<Item> = alike.iter().map(|(_, other)| other.source.clone()).collect();
                self.resolvers.answer_all(context.call(), &sources).await
            };
            for ((place, _), answer) in alike.into_iter().zip(found) {
                if let Some(slot) = answers.get_mut(place) {
                    *slot = Some(answer);
                }
            }
        }
        let refused = answers.iter().flatten().filter(|answer| answer.is_err()).count();
        self.log(first, batch.len(), refused, started);
        answers
            .into_iter()
            .map(|answer| match answer.unwrap_or_else(|| Err(FieldError::internal())) {
                Ok(data) => json!({ "data": data, "errorType": null, "errorMessage": null }),
                Err(error) => {
                    json!({ "data": null, "errorType": error.kind(), "errorMessage": error.to_string() })
                }
            })
            .collect()
    }

    fn read<'e>(&self, event: &'e Value) -> Result<Context<'e>, FieldError> {
        let info = |name: &str| event.get("info").and_then(|info| info.get(name)).and_then(Value::as_str);
        let (Some(of), Some(field)) = (info("parentTypeName"), info("fieldName")) else {
            return Err(FieldError::new("BadRequest", "The event is not a context of AppSync"));
        };
        let object = |name: &str| match event.get(name) {
            None | Some(Value::Null) => Some(Item::new()),
            Some(Value::Object(object)) => Some(object.clone()),
            Some(_) => None,
        };
        let (Some(arguments), Some(source)) = (object("arguments"), object("source")) else {
            return Err(FieldError::new("BadRequest", "The event is not a context of AppSync"));
        };
        let identity = self.trusted.caller(event).map_err(|error| {
            tracing::info!(of, field, reason = error.reason(), "caller refused");
            FieldError::unauthorized(of, field)
        })?;
        Ok(Context { identity, of, field, arguments, source })
    }

    fn log(&self, context: Option<&Context<'_>>, count: usize, refused: usize, started: Instant) {
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let provider = context.map(|context| context.identity.provider().name());
        let sub = context.and_then(|context| context.identity.sub());
        let field = context.map(|context| format!("{}.{}", context.of, context.field));
        let decision = match refused {
            0 => "allow",
            refused if refused == count => "refuse",
            _ => "refuse some",
        };
        tracing::info!(provider, sub, field, decision, count, refused, duration_ms, "field answered");
    }
}

impl Context<'_> {
    fn call(&self) -> Call<'_> {
        Call { identity: &self.identity, of: self.of, field: self.field, arguments: &self.arguments }
    }

    fn is_asked_like(&self, other: &Self) -> bool {
        self.of == other.of
            && self.field == other.field
            && self.arguments == other.arguments
            && self.identity == other.identity
    }
}

/// The caller, the arguments and the source are people's data.
impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("of", &self.of).field("field", &self.field).finish_non_exhaustive()
    }
}
