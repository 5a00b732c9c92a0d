//! Handlers of custom queries and mutations, the same at every door.

use std::{collections::BTreeMap, error::Error, fmt, pin::Pin, sync::Arc};

use portcullis_rules::{Identity, Item};
use portcullis_schema::Schema;
use serde_json::Value;
use thiserror::Error;

use crate::DataError;

/// A call of a field of `Query` or `Mutation`, for a handler that [`Functions::function`] has registered.
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

/// Why the handlers do not fit the schema.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FunctionsError {
    /// The schema names functions that nobody has registered.
    #[error("nobody answers these functions of the schema: {}", .0.join(", "))]
    Missing(Vec<String>),
    /// Two handlers have been registered under one name.
    #[error("the function `{0}` is registered twice")]
    Twice(String),
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
    /// A record could not be read or written; answered as the operations of models do.
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

impl Invocation {
    /// A call of a field by a caller whom its rules admit.
    #[must_use]
    pub fn new(identity: Identity, type_name: &str, field: &str, arguments: Item) -> Self {
        let (type_name, field) = (type_name.to_owned(), field.to_owned());
        Self { identity, type_name, field, arguments, previous: None }
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
struct Function(Arc<dyn Fn(Invocation) -> Answering + Send + Sync>);

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").finish_non_exhaustive()
    }
}

/// The handlers by the names that `@function` gives them.
///
/// ```
/// use portcullis_data::{FunctionError, Functions, Invocation};
/// use serde_json::Value;
///
/// async fn hello(call: Invocation) -> Result<Value, FunctionError> {
///     let name = call.arguments.get("name").and_then(Value::as_str);
///     name.map(|name| format!("hello {name}").into()).ok_or(FunctionError::Rejected("a name is needed"))
/// }
///
/// let functions = Functions::default().function("hello", hello);
/// # let _ = functions;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Functions {
    by_name: BTreeMap<String, Function>,
    twice: Vec<String>,
}

impl Functions {
    /// Answers the fields of `Query` and `Mutation` that name this function by `@function`.
    #[must_use]
    pub fn function<F, A>(mut self, name: impl Into<String>, handler: F) -> Self
    where
        F: Fn(Invocation) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Value, FunctionError>> + Send + 'static,
    {
        let name = name.into();
        let function = Function(Arc::new(move |invocation| Box::pin(handler(invocation))));
        if self.by_name.insert(name.clone(), function).is_some() {
            self.twice.push(name);
        }
        self
    }

    /// Calls the functions of these names one after the other; each is told what the one before it answered. Whether the caller
    /// may call them has been decided before.
    ///
    /// # Errors
    ///
    /// As the first of them that has no answer; also when there is none of such a name, which
    /// [`check`](Self::check) finds at start.
    pub async fn call(
        &self,
        names: &[String],
        invocation: Invocation,
    ) -> Result<Option<Value>, FunctionError> {
        let mut answer = None;
        for name in names {
            let function = self.by_name.get(name).ok_or(FunctionError::NotFound)?;
            let invocation = Invocation { previous: answer.take(), ..invocation.clone() };
            answer = Some((function.0)(invocation).await?);
        }
        Ok(answer)
    }

    /// Every function that the schema names is there, once.
    ///
    /// # Errors
    ///
    /// When one is not, or is there twice.
    pub fn check(&self, schema: &Schema) -> Result<(), FunctionsError> {
        let named = || schema.custom_fields().iter().flat_map(|field| field.functions());
        let mut missing: Vec<String> =
            named().filter(|name| !self.by_name.contains_key(*name)).cloned().collect();
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            return Err(FunctionsError::Missing(missing));
        }
        if let Some(name) = self.twice.first() {
            return Err(FunctionsError::Twice(name.clone()));
        }
        for name in self.by_name.keys().filter(|name| !named().any(|named| named == *name)) {
            tracing::warn!(name, "the schema does not name this function: nobody can call it");
        }
        Ok(())
    }
}
