//! What the routes are made of.

use std::{collections::HashSet, fmt, sync::Arc};

use axum::Router;
use portcullis::{AuthenticateLayer, ResourceMetadata, TrustedGateway, Verifier, VerifierBuilder};
use portcullis_data::{
    ConnectOptions, FunctionError, Functions, FunctionsError, Invocation, RESERVED_MODELS, Repository, Table,
    connect,
    rules::Authorizer,
    schema::{ModelType, Schema},
};
use portcullis_resolvers::{GraphQl, NotExecutable, Resolvers, graphql};
use serde_json::Value;
use thiserror::Error;

use crate::{Config, CorsOrigins, key_query};

/// Paths that serve something else than a model.
const RESERVED: [&str; 3] = ["health", "queries", "mutations"];

/// Everything that [`router`](crate::router) needs.
#[derive(Clone)]
pub struct Api {
    pub(crate) schema: Arc<Schema>,
    pub(crate) repository: Repository,
    pub(crate) authorizer: Authorizer,
    pub(crate) authenticate: AuthenticateLayer,
    pub(crate) cors: CorsOrigins,
    pub(crate) metadata: Option<ResourceMetadata>,
    pub(crate) functions: Functions,
    pub(crate) more: Vec<Router>,
}

/// An API that cannot be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The schema declares nothing to serve.
    #[error("the schema has no type with @model, so there is nothing to serve")]
    NoModels,
    /// A model has a name that the table needs for itself.
    #[error("model `{0}` cannot be served: the table keeps rows of its own under this name")]
    NameTaken(String),
    /// Two things want one path.
    #[error("model `{model}` cannot be served: the path /{path} is taken")]
    PathTaken {
        /// The model.
        model: String,
        /// Its path.
        path: String,
    },
    /// A field that lists are asked for by is called like a parameter of every list.
    #[error(
        "`{model}.{field}` cannot be asked for: `{field}` is a parameter of every list; choose another name"
    )]
    ParameterTaken {
        /// The model.
        model: String,
        /// The field of its key or of an index.
        field: String,
    },
    /// The handlers do not fit the schema.
    #[error(transparent)]
    Functions(#[from] FunctionsError),
    /// The issuer's configuration contradicts itself.
    #[error(transparent)]
    Verifier(#[from] portcullis::ConfigError),
    /// The schema makes no GraphQL API.
    #[error(transparent)]
    GraphQl(#[from] NotExecutable),
}

impl Api {
    /// An API for the models of the schema, their records in `table`, for callers whom `verifier` knows.
    ///
    /// # Errors
    ///
    /// When the schema declares no model, one whose name the table needs, one with a key that cannot be asked for, or
    /// two whose paths would be one.
    pub fn new(schema: Schema, table: Table, verifier: Verifier) -> Result<Self, StartError> {
        if schema.models().is_empty() {
            return Err(StartError::NoModels);
        }
        let mut taken: HashSet<&str> = HashSet::from(RESERVED);
        for model in schema.models() {
            if RESERVED_MODELS.contains(&model.name()) {
                return Err(StartError::NameTaken(model.name().to_owned()));
            }
            if let Some(field) = key_query::unreachable_field(model) {
                return Err(StartError::ParameterTaken {
                    model: model.name().to_owned(),
                    field: field.to_owned(),
                });
            }
            if !taken.insert(model.path()) {
                return Err(StartError::PathTaken {
                    model: model.name().to_owned(),
                    path: model.path().to_owned(),
                });
            }
        }
        Ok(Self {
            repository: Repository::new(table),
            authorizer: Authorizer::default(),
            authenticate: AuthenticateLayer::new(verifier),
            cors: CorsOrigins::default(),
            metadata: None,
            functions: Functions::default(),
            more: Vec::new(),
            schema: Arc::new(schema),
        })
    }

    /// The API that the configuration describes. Nothing is dialled yet.
    ///
    /// # Errors
    ///
    /// As [`Api::new`]; also when the configuration of the issuer contradicts itself.
    pub fn from_config(schema: Schema, config: &Config) -> Result<Self, StartError> {
        let table = Table::new(connect(&ConnectOptions::aws()), &config.table_name);
        Self::on_table(schema, config, table)
    }

    /// The API that the configuration describes, on a table that is reached in another way.
    ///
    /// # Errors
    ///
    /// As [`Api::from_config`].
    pub fn on_table(schema: Schema, config: &Config, table: Table) -> Result<Self, StartError> {
        let issuers = config.issuers();
        let servers: Vec<String> = issuers.iter().map(|issuer| issuer.url().to_owned()).collect();
        let functions = portcullis_handlers::register(Functions::default());
        let endpoint = config.graphql.then(|| endpoint(&schema, config, &table, &functions)).transpose()?;
        let verifier = issuers.into_iter().fold(Verifier::builder(), VerifierBuilder::issuer);
        let api = Self::new(schema, table, verifier.build()?)?;
        let api = api.api_keys(&config.api_keys).cors(config.cors.clone());
        let api = api.gateway(config.trusted_gateway()?).authorizer(config.iam.authorizer());
        let api = match &config.resource_url {
            Some(url) => {
                let metadata = ResourceMetadata::builder(url).authorization_servers(servers).build()?;
                api.resource_metadata(metadata)
            }
            None => api,
        };
        let authenticate = api.authenticate();
        let api = api.functions(functions);
        Ok(endpoint.into_iter().fold(api, |api, it| api.merge(graphql::router(it, authenticate.clone()))))
    }

    /// Answers the fields of `Query` and `Mutation` that name this function by `@function`.
    ///
    /// ```
    /// use portcullis_api::{Api, FunctionError, Invocation};
    /// use serde_json::Value;
    ///
    /// async fn hello(call: Invocation) -> Result<Value, FunctionError> {
    ///     let name = call.arguments.get("name").and_then(Value::as_str);
    ///     name.map(|name| format!("hello {name}").into()).ok_or(FunctionError::Rejected("a name is needed"))
    /// }
    ///
    /// # fn with_hello(api: Api) -> Api {
    /// api.function("hello", hello)
    /// # }
    /// ```
    #[must_use]
    pub fn function<F, A>(mut self, name: impl Into<String>, handler: F) -> Self
    where
        F: Fn(Invocation) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Value, FunctionError>> + Send + 'static,
    {
        self.functions = self.functions.function(name, handler);
        self
    }

    /// Answers the fields with `@function` by these handlers, in the place of those so far.
    #[must_use]
    pub fn functions(mut self, functions: Functions) -> Self {
        self.functions = functions;
        self
    }

    /// Serves these routes too, within the layers that all routes have: CORS, the log, and the answer to a panic. Who calls is
    /// theirs to find out, by the [layer](Self::authenticate) of the routes of models.
    #[must_use]
    pub fn merge(mut self, routes: Router) -> Self {
        self.more.push(routes);
        self
    }

    /// The layer that knows the callers of the routes of models.
    pub fn authenticate(&self) -> AuthenticateLayer {
        self.authenticate.clone()
    }

    /// Decides by this evaluator, which knows the identity pool and who is an administrator.
    #[must_use]
    pub fn authorizer(mut self, authorizer: Authorizer) -> Self {
        self.authorizer = authorizer;
        self
    }

    /// Believes what a gateway says about the caller.
    #[must_use]
    pub fn gateway(mut self, trusted: TrustedGateway) -> Self {
        self.authenticate = self.authenticate.gateway(trusted);
        self
    }

    /// Believes who has signed a request, where a [`SigV4Layer`](portcullis::SigV4Layer) outside of the routes has checked the signature.
    #[cfg(feature = "sigv4")]
    #[must_use]
    pub fn signed_requests(mut self) -> Self {
        self.authenticate = self.authenticate.signed_requests();
        self
    }

    /// Lets callers with one of these keys in under `public` rules.
    #[must_use]
    pub fn api_keys(mut self, keys: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.authenticate = self.authenticate.api_keys(keys);
        self
    }

    /// Serves what this says about the API, to everybody, and points to it in each challenge (RFC 9728).
    ///
    /// It is served at the path that its URL names. On a stage of API Gateway that is not `$default` the path of the API
    /// begins with the stage, and the metadata is not reached there: give the API a domain of its own.
    #[must_use]
    pub fn resource_metadata(mut self, metadata: ResourceMetadata) -> Self {
        self.authenticate = self.authenticate.resource_metadata(&metadata);
        self.metadata = Some(metadata);
        self
    }

    /// Lets pages of these origins call.
    #[must_use]
    pub fn cors(mut self, origins: CorsOrigins) -> Self {
        self.cors = origins;
        self
    }
}

/// The GraphQL API over the same records, by the same rules.
fn endpoint(
    schema: &Schema,
    config: &Config,
    table: &Table,
    functions: &Functions,
) -> Result<GraphQl, StartError> {
    let (schema, table) = (schema.clone(), table.clone());
    let resolvers = Resolvers::new(schema, table, config.iam.authorizer(), functions.clone())?;
    Ok(GraphQl::new(resolvers)?)
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let models: Vec<_> = self.schema.models().iter().map(ModelType::name).collect();
        f.debug_struct("Api").field("models", &models).field("cors", &self.cors).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use portcullis::{Issuer, TokenUse};

    use super::*;

    fn api(schema: &str) -> Result<Api, StartError> {
        let issuer = Issuer::cognito("eu-west-1", "eu-west-1_Ab12Cd34E")
            .client_ids(["web"])
            .token_use(TokenUse::Access);
        let verifier = Verifier::builder().issuer(issuer).build().unwrap();
        let table = Table::new(connect(&ConnectOptions::local("http://127.0.0.1:1")), "test");
        Api::new(Schema::parse(schema, "test.graphql").unwrap(), table, verifier)
    }

    #[test]
    fn a_model_may_not_take_the_place_of_something_else() {
        // Both words are their own plural.
        for (schema, good) in
            [("type Health @model { id: ID! }", false), ("type Sheep @model { id: ID! }", true)]
        {
            let api = api(schema);
            assert_eq!(api.is_ok(), good, "{api:?}");
        }
    }

    #[test]
    fn a_field_that_lists_are_asked_for_by_may_not_be_called_like_a_parameter() {
        for name in ["limit", "nextToken", "index", "sortDirection"] {
            for (fields, good) in [
                (format!("id: ID! {name}: String @index(name: \"byIt\")"), false),
                (
                    format!(
                        "id: ID! a: ID @index(name: \"byIt\", sortKeyFields: [\"{name}\"]) {name}: String"
                    ),
                    false,
                ),
                (format!("a: ID! @primaryKey(sortKeyFields: [\"{name}\"]) {name}: String!"), false),
                (format!("{name}: ID! @primaryKey(sortKeyFields: [\"a\"]) a: String!"), false),
                // Its records are found by the path alone.
                (format!("{name}: ID! @primaryKey"), true),
                (format!("id: ID! {name}: String"), true),
            ] {
                let api = api(&format!("type Note @model {{ {fields} }}"));
                let refused = matches!(&api, Err(StartError::ParameterTaken { field, .. }) if field == name);
                assert_eq!((api.is_ok(), refused), (good, !good), "{fields}");
            }
        }
    }

    #[test]
    fn a_schema_without_models_is_nothing_to_serve() {
        assert!(matches!(api("enum Section { LOCAL }"), Err(StartError::NoModels)));
    }

    #[test]
    fn a_configuration_makes_an_api() {
        let lookup = |name: &str| {
            Some(match name {
                "USER_POOL_ID" => "eu-west-1_Ab12Cd34E".to_owned(),
                "USER_POOL_CLIENT_IDS" => "web".to_owned(),
                "AWS_REGION" => "eu-west-1".to_owned(),
                "TABLE_NAME" => "portcullis".to_owned(),
                _ => return None,
            })
        };
        let schema = Schema::parse(include_str!("../../../schema.graphql"), "schema.graphql").unwrap();
        assert!(Api::from_config(schema, &Config::from_env(lookup).unwrap()).is_ok());
    }
}
