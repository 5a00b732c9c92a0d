//! A GraphQL endpoint over the resolvers, for a laptop or an HTTP API: what AppSync does in front of them.
//!
//! 1. A request is parsed, checked against the expanded schema and measured before anything is asked for.
//! 2. Each field passes the gate of authorization modes that its `@aws_..` directives say, and then goes through the same
//!    resolver as under AppSync.
//! 3. Fields of all objects of one level are resolved together: records that belong to a hundred records cost what a batch
//!    does.
//! 4. Answers and errors are in AppSync's form.
//! 5. What a mutation has changed is told to those who have [subscribed](GraphQl::subscribe) when it has been carried out, with
//!    what the mutation asked to see. It is told at most once: to whom listens now, in this process.

mod arguments;
mod change;
mod execution;
mod leaf;
mod measure;
mod prepared;
mod root_fields;
mod router;
mod subscribed;

use std::{fmt, sync::Arc, time::Instant};

use apollo_compiler::{
    ExecutableDocument, Name, Schema,
    collections::HashMap,
    executable::{FieldSet, Operation, Selection},
    introspection,
    response::GraphQLError,
    schema::Implementers,
    validation::{DiagnosticList, Valid},
};
use portcullis_data::{
    rules::{Identity, Item, Provider},
    schema::AuthMode,
};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::sync::broadcast;

pub use self::{
    change::Change,
    router::{BODY_LIMIT, add_scheme, router},
    subscribed::Subscribed,
};
use self::{
    change::Changes,
    execution::Execution,
    prepared::{Prepared, wrong},
};
use crate::Resolvers;

/// Mistakes of a query that are told.
const TOLD: usize = 20;

/// What AppSync knows without being told, as far as an expanded schema names it.
const PRELUDE: &str = "
directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
directive @aws_auth(cognito_groups: [String!]!) on FIELD_DEFINITION
directive @aws_api_key on FIELD_DEFINITION | OBJECT
directive @aws_iam on FIELD_DEFINITION | OBJECT
directive @aws_oidc on FIELD_DEFINITION | OBJECT
directive @aws_cognito_user_pools(cognito_groups: [String!]) on FIELD_DEFINITION | OBJECT
directive @aws_lambda on FIELD_DEFINITION | OBJECT
scalar AWSDate scalar AWSTime scalar AWSDateTime scalar AWSTimestamp scalar AWSEmail scalar AWSJSON
scalar AWSURL scalar AWSPhone scalar AWSIPAddress scalar BigInt scalar Double
";

/// The endpoint.
#[derive(Clone)]
pub struct GraphQl {
    resolvers: Resolvers,
    schema: Arc<Valid<Schema>>,
    implementers: Arc<HashMap<Name, Implementers>>,
    introspection: bool,
    changes: Changes,
}

/// The expanded schema is none that can be executed.
#[derive(Clone, Debug, Error)]
#[error("the expanded schema is not executable: {0}")]
pub struct NotExecutable(String);

impl GraphQl {
    /// The endpoint over these resolvers.
    ///
    /// # Errors
    ///
    /// When the expanded schema cannot be executed.
    pub fn new(resolvers: Resolvers) -> Result<Self, NotExecutable> {
        let mut text = resolvers.expanded().to_sdl();
        text.push_str(PRELUDE);
        if resolvers.expanded().type_named("Query").is_none() {
            // GraphQL has no API without queries.
            text.push_str("type Query { _: Boolean }\n");
        }
        let schema = Schema::parse_and_validate(text, "appsync.graphql")
            .map_err(|mistakes| NotExecutable(mistakes.errors.to_string()))?;
        let implementers = Arc::new(schema.implementers_map());
        Ok(Self {
            resolvers,
            schema: Arc::new(schema),
            implementers,
            introspection: true,
            changes: Changes::new(),
        })
    }

    /// The same over other resolvers of the same schema. Who listens to the one hears of the changes of the other.
    #[must_use]
    pub fn over(mut self, resolvers: Resolvers) -> Self {
        self.resolvers = resolvers;
        self
    }

    /// What is answered.
    #[must_use]
    pub fn resolvers(&self) -> &Resolvers {
        &self.resolvers
    }

    /// Whether the schema may be asked for. It may, unless this says otherwise: it is the one that a client is generated from.
    #[must_use]
    pub fn introspection(mut self, may: bool) -> Self {
        self.introspection = may;
        self
    }

    /// What mutations change from now on, whoever asks for it: each change is told to those who have
    /// [subscribed](Self::subscribe) by [`Subscribed::tell`]. A receiver that is too slow loses changes and hears so; the writers
    /// never wait for it.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.listen()
    }

    /// Answers a request: `query`, and perhaps `variables` and `operationName`.
    pub async fn answer(&self, identity: &Identity, request: &Item) -> Value {
        let started = Instant::now();
        let (answer, fields) = match self.execute(identity, request).await {
            Ok(answer) => answer,
            Err(errors) => (json!({ "data": null, "errors": errors }), Vec::new()),
        };
        let errors = answer.get("errors").and_then(Value::as_array).map_or(0, Vec::len);
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (provider, sub) = (identity.provider().name(), identity.sub());
        tracing::info!(provider, sub, fields = fields.join(" "), errors, duration_ms, "graphql answered");
        answer
    }

    /// Answers a selection of the fields of an object that a resolver has answered: `{ id blog { name } }` without its braces.
    pub async fn answer_part(&self, identity: &Identity, of: &str, source: Item, selection: &str) -> Value {
        let told = |mistakes: &DiagnosticList| {
            mistakes.iter().take(TOLD).map(|mistake| invalid(&mistake.to_json())).collect::<Value>()
        };
        let name = match Name::new(of) {
            Ok(name) if self.schema.get_object(of).is_some() => name,
            _ => {
                return json!({ "data": null, "errors": [error("ValidationError", "There is no such type")] });
            }
        };
        let set = match FieldSet::parse_and_validate(&self.schema, name, selection, "selection.graphql") {
            Ok(set) => set,
            Err(wrong) => return json!({ "data": null, "errors": told(&wrong.errors) }),
        };
        let (document, variables) = (Valid::assume_valid(ExecutableDocument::new()), Item::new());
        let mut run = Execution::new(self, identity, mode_of(identity), &document, &variables);
        let data = run.object(of, source, &set.selection_set).await.unwrap_or_default();
        json!({ "data": data, "errors": run.into_errors() })
    }

    /// The answer, and the fields that were asked for.
    async fn execute(&self, identity: &Identity, request: &Item) -> Result<(Value, Vec<String>), Vec<Value>> {
        let prepared = self.prepare(request)?;
        let operation = prepared.operation()?;
        if operation.is_subscription() {
            return Err(vec![error(
                "UnsupportedOperation",
                "Subscriptions are not answered here, but over a WebSocket",
            )]);
        }
        let Prepared { document, variables, coerced, .. } = &prepared;
        let mut run = Execution::new(self, identity, mode_of(identity), document, variables);
        let data = run.operation(operation).await;
        if let Some(data) = data.as_ref().filter(|_| operation.is_mutation() && self.changes.has_listeners())
        {
            run.changes(operation, data).into_iter().for_each(|change| self.changes.tell(change));
        }
        let mut errors = run.into_errors();
        let mut data = data.map_or(Value::Null, Value::Object);
        if asks_for_schema(operation, document) {
            if !self.introspection {
                return Err(vec![error("ValidationError", "The schema is not told here")]);
            }
            introspection::check_max_depth(document, operation).map_err(|error| wrong(document, &error))?;
            let told = introspection::partial_execute(
                &self.schema,
                &self.implementers,
                document,
                operation,
                coerced,
            );
            let told = told.map_err(|error| wrong(document, &error))?;
            errors.extend(told.errors.iter().map(invalid));
            let told = serde_json::to_value(&told.data).unwrap_or_default();
            if let (Value::Object(data), Value::Object(told)) = (&mut data, told) {
                data.extend(told);
            }
        }
        let fields = root_fields(operation, document);
        let mut answer = json!({ "data": data });
        if let (false, Some(answer)) = (errors.is_empty(), answer.as_object_mut()) {
            answer.insert("errors".to_owned(), errors.into());
        }
        Ok((answer, fields))
    }
}

impl fmt::Debug for GraphQl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphQl").field("resolvers", &self.resolvers).finish_non_exhaustive()
    }
}

fn mode_of(identity: &Identity) -> AuthMode {
    match identity.provider() {
        Provider::UserPools => AuthMode::UserPools,
        Provider::Oidc => AuthMode::Oidc,
        Provider::IdentityPool => AuthMode::Iam,
        Provider::ApiKey => AuthMode::ApiKey,
        Provider::Function => AuthMode::Function,
    }
}

fn root_fields(operation: &Operation, document: &ExecutableDocument) -> Vec<String> {
    operation.root_fields(document).take(TOLD).map(|field| field.name.to_string()).collect()
}

fn asks_for_schema(operation: &Operation, document: &ExecutableDocument) -> bool {
    operation.is_query()
        && operation.root_fields(document).any(|field| ["__schema", "__type"].contains(&field.name.as_str()))
}

/// An error of a request as a whole.
pub(crate) fn error(kind: &str, message: &str) -> Value {
    json!({ "path": null, "data": null, "errorType": kind, "errorInfo": null, "locations": null, "message": message })
}

/// What GraphQL says about a request.
fn invalid(mistake: &GraphQLError) -> Value {
    let mut told = error("ValidationError", &mistake.message);
    let locations = mistake.locations.iter();
    let locations: Vec<Value> = locations
        .map(|place| json!({ "line": place.line, "column": place.column, "sourceName": null }))
        .collect();
    if let Some(told) = told.as_object_mut() {
        told.insert("locations".to_owned(), locations.into());
    }
    told
}

/// The selections that count under these variables: neither skipped nor left out.
pub(crate) fn is_selected(selection: &Selection, variables: &Item) -> bool {
    let told = |directive: &str| {
        let condition = selection.directives().get(directive)?.specified_argument_by_name("if")?;
        match &**condition {
            apollo_compiler::ast::Value::Boolean(value) => Some(*value),
            apollo_compiler::ast::Value::Variable(name) => variables.get(name.as_str())?.as_bool(),
            _ => None,
        }
    };
    !told("skip").unwrap_or(false) && told("include").unwrap_or(true)
}
