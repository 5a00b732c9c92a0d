//! Handlers of custom queries and mutations.

use std::{collections::BTreeMap, error::Error, fmt, pin::Pin, sync::Arc};

use portcullis_data::{
    DataError,
    rules::{Identity, Item},
    schema::Schema,
};
use serde_json::Value;
use thiserror::Error;

use crate::StartError;

/// A call of a field of `Query` or `Mutation`, for a handler that [`Api::function`](crate::Api::function) has registered.
///
/// The rules of the field admit the caller, and the arguments are of the types that the schema declares.
#[derive(Clone)]
#[non_exhaustive]
pub struct Invocation {
    /// Who calls.
    pub identity: Identity,
    /// `Query` or `Mutation`.
    pub type_name: String,
    /// The name of the field.
    pub field: String,
    /// The arguments, with the defaults of the schema.
    pub arguments: Item,
    /// What the function before this one answered, where a field names several.
    pub previous: Option<Value>,
}

/// Why a handler has no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FunctionError {
    /// The call makes no sense as it stands: 422. The client is told this text, so it must say nothing about a person.
    #[error("{0}")]
    Rejected(&'static str),
    /// What is asked for does not exist, or not for this caller: 404.
    #[error("there is no such thing")]
    NotFound,
    /// The caller may not do this: 403.
    #[error("not allowed")]
    Forbidden,
    /// A record could not be read or written; answered as the routes of models do.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Something broke: 500. The text goes to the log and not to the client.
    #[error("{0}")]
    Failed(Box<dyn Error + Send + Sync>),
}

impl FunctionError {
    /// Something broke.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }
}

// Arguments hold people's data.
impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("type_name", &self.type_name)
            .field("field", &self.field)
            .field("arguments", &self.arguments.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<Value, FunctionError>> + Send>>;

/// A handler, whatever its type.
#[derive(Clone)]
pub(crate) struct Function(Arc<dyn Fn(Invocation) -> Answering + Send + Sync>);

impl Function {
    pub(crate) fn new<F, A>(handler: F) -> Self
    where
        F: Fn(Invocation) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Value, FunctionError>> + Send + 'static,
    {
        Self(Arc::new(move |invocation| Box::pin(handler(invocation))))
    }

    pub(crate) async fn call(&self, invocation: Invocation) -> Result<Value, FunctionError> {
        (self.0)(invocation).await
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").finish_non_exhaustive()
    }
}

/// The handlers by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Functions {
    by_name: BTreeMap<String, Function>,
    twice: Vec<String>,
}

impl Functions {
    pub(crate) fn insert(&mut self, name: String, function: Function) {
        if self.by_name.insert(name.clone(), function).is_some() {
            self.twice.push(name);
        }
    }

    /// The functions of one field, in order.
    pub(crate) fn of(&self, names: &[String]) -> Vec<Function> {
        names.iter().filter_map(|name| self.by_name.get(name)).cloned().collect()
    }

    /// Every function that the schema names is there, once.
    pub(crate) fn check(&self, schema: &Schema) -> Result<(), StartError> {
        let named = || schema.custom_fields().iter().flat_map(|field| field.functions());
        let mut missing: Vec<String> =
            named().filter(|name| !self.by_name.contains_key(*name)).cloned().collect();
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            return Err(StartError::FunctionsMissing(missing));
        }
        if let Some(name) = self.twice.first() {
            return Err(StartError::FunctionTwice(name.clone()));
        }
        for name in self.by_name.keys().filter(|name| !named().any(|named| named == *name)) {
            tracing::warn!(name, "the schema does not name this function: nobody can call it");
        }
        Ok(())
    }
}
