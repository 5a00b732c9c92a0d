//! All parts, started in order and ended together.

use std::{path::PathBuf, sync::Arc};

use portcullis_api::{Api, Config as ApiConfig};
use portcullis_data::{ConnectOptions, Functions, Table, TableDefinition, connect};
use portcullis_resolvers::{GraphQl, Resolvers};
use portcullis_rules::Strategy;
use portcullis_schema::Schema;

use crate::{
    Args, DataFolder, bucket,
    client_config::{Backend, Bucket, GraphQlApi, IdentityPool, Mfa, Mode, UserPool},
    console::Console,
    identity_pool,
    local::{
        AttachedFunction, Banner, Listener, OpenFolder, StartError,
        api_key::api_key,
        courier::Printer,
        dynamodb,
        environment::{Environment, TABLE_NAME},
        example, gateway,
        identity::{self, LocalIdentities},
        realtime::{Realtime, Signatures},
        remote_function::RemoteFunction,
        servers::Servers,
        triggers::LocalTriggers,
    },
    pool::{
        GroupRole, IdentityProvider, MIN_PASSWORD_LENGTH, Pool, PoolConfig, PoolStorage, SystemRandom,
        Trigger,
    },
    schema_file,
};

/// What is deployed is what runs here: the table is made from the same lines.
const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The groups that template.yaml makes.
const GROUPS: [&str; 3] = ["admins", "editors", "readers"];

/// The running system.
#[derive(Debug)]
pub(crate) struct System {
    doors: Servers,
    // Ended after the doors, for a request that is still running writes to it.
    dynamodb: Servers,
    banner: Banner,
    // Held until the end, so that no second process uses the folder.
    _folder: Option<OpenFolder>,
}

impl System {
    /// Starts every part; when it returns, every part answers.
    pub(crate) async fn start(args: &Args) -> Result<Self, StartError> {
        let schema = schema_file::read(&args.schema, "--schema")?;
        let environment = Environment::read(|name| std::env::var(name).ok())?;
        let definition = TableDefinition::from_template(TEMPLATE, "Table")
            .map_err(|error| StartError::part("DynamoDB", error))?;
        let providers = read_providers(&args.provider)?;
        let functions = attached_functions(args)?;
        let mut stack = identity::stack(TEMPLATE, args)?;
        let has_bucket = bucket::name(&mut stack).map_err(|error| StartError::part("the bucket", error))?;
        let group_roles = identity::group_roles(&stack)?;
        let folder = OpenFolder::open(&args.data)?;
        let api_listener = Listener::bind(args.port, "the API", "--port").await?;
        let pool_listener = Listener::bind(args.pool_port, "the user pool", "--pool-port").await?;
        let dynamodb_listener = Listener::bind(args.dynamodb_port, "DynamoDB", "--dynamodb-port").await?;
        let storage_listener = match has_bucket {
            true => Some(Listener::bind(args.storage_port, "the bucket", "--storage-port").await?),
            false => None,
        };

        let mut doors = Servers::default();
        let mut dynamodb = Servers::default();
        let database = dynamodb::open(folder.as_ref())?;
        let dynamodb_url = dynamodb_listener.url();
        dynamodb.serve(dynamodb_listener, dynamodb::router(database));
        let table = Table::new(connect(&ConnectOptions::local(&dynamodb_url)), TABLE_NAME);
        table.create_if_missing(&definition).await.map_err(|error| StartError::part("DynamoDB", error))?;

        let pool = open_pool(args, providers, group_roles, &pool_listener, folder.as_ref())?;
        let identities = LocalIdentities::open(stack, args, &pool, folder.as_ref())?;
        let denied_domain = environment.denied_domain.clone();
        let sends_elsewhere = functions.iter().any(|function| {
            matches!(function.trigger(), Trigger::CustomEmailSender | Trigger::CustomSmsSender)
        });
        let triggers = LocalTriggers::new(environment, &table, pool.handle(), functions);
        pool.set_triggers(Arc::new(triggers));
        let api_key = api_key(folder.as_ref())?;
        let banner = Banner {
            api: api_listener.url(),
            pool: pool_listener.url(),
            dynamodb: dynamodb_url,
            pool_id: pool.id().to_owned(),
            client_id: pool.client_id().to_owned(),
            api_key: api_key.clone(),
            identity_pool: identities.as_ref().map(|identities| identities.pool.id().to_owned()),
            bucket: storage_listener.as_ref().map(|listener| format!("{}/{}", listener.url(), bucket::NAME)),
            sign_in: sign_in_url(&pool, args),
            kms_key: sends_elsewhere.then(|| pool.kms_key_arn().to_owned()),
            machine_client: pool.machine_client().map(|(id, secret)| format!("{id}:{secret}")),
            data: match &args.data {
                DataFolder::Memory => "in memory, gone when this process ends".to_owned(),
                DataFolder::Folder(path) => path.display().to_string(),
            },
            denied_domain,
            group: known_group(&schema),
            example: example(&schema),
        };
        let config = api_config(&pool, identities.as_ref(), api_key)?;
        let endpoint = graphql(schema.clone(), &config, &table)?;
        let console = Console {
            schema: Arc::new(schema.clone()),
            backend: backend(&pool, &banner, identities.as_ref(), storage_listener.as_ref()),
            example: banner.example.clone(),
        };
        let api = Api::on_table(schema, &config, table.clone())
            .map_err(|error| StartError::part("the API", error))?;
        let api = if identities.is_some() { api.signed_requests() } else { api };
        let authenticate = api.authenticate();
        let console = console.router(table, authenticate.clone());
        let realtime = Realtime::new(endpoint.clone(), authenticate.clone());
        let realtime = match &identities {
            Some(identities) => realtime.signatures(Signatures::of(identities)),
            None => realtime,
        };
        let graphql = portcullis_resolvers::graphql::router(endpoint.clone(), authenticate);
        let api = api.merge(graphql).merge(realtime.router());
        let routes = portcullis_api::router(api).map_err(|error| StartError::part("the API", error))?;
        if let (Some(identities), Some(listener)) = (&identities, storage_listener) {
            doors.serve_files(listener, open_bucket(identities, folder.as_ref())?.router());
        }
        let (users, routes) = match identities {
            Some(identities) => {
                let routes = gateway::router(routes, &identities, endpoint);
                (identity_pool::router(identities.pool, pool.router()), routes)
            }
            None => (pool.router(), routes),
        };
        doors.serve(pool_listener, users);
        // Beside the API and not within its layers, which let pages of every site call.
        doors.serve(api_listener, routes.merge(console));
        Ok(Self { doors, dynamodb, banner, _folder: folder })
    }

    /// What to tell the person who started it.
    pub(crate) fn banner(&self) -> &Banner {
        &self.banner
    }

    /// Lets running requests finish, for a bounded time, and ends.
    pub(crate) async fn stop(self) {
        self.doors.end().await;
        self.dynamodb.end().await;
    }
}

/// A group that some rule names and the pool has, besides the one that the first user joins.
fn known_group(schema: &Schema) -> Option<String> {
    let named = |group: &str| {
        let rules = schema.models().iter().flat_map(|model| model.rules().rules());
        rules.flat_map(|rule| rule.strategy.parts()).any(|part| {
            matches!(part, Strategy::StaticGroups { groups, .. } if groups.iter().any(|it| it.as_literal() == Some(group)))
        })
    };
    GROUPS.into_iter().rev().find(|group| named(group)).map(str::to_owned)
}

/// All files are read before anything is started, and all mistakes told at once.
fn read_providers(paths: &[PathBuf]) -> Result<Vec<IdentityProvider>, StartError> {
    let mut mistakes = Vec::new();
    let mut providers = Vec::new();
    for path in paths {
        let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
        match read.and_then(|text| IdentityProvider::from_json(&text).map_err(|error| error.to_string())) {
            Ok(provider) => providers.push(provider),
            Err(mistake) => mistakes.push(format!("--provider {}: {mistake}", path.display())),
        }
    }
    if mistakes.is_empty() {
        Ok(providers)
    } else {
        Err(StartError::part("the user pool", mistakes.join("\n")))
    }
}

/// The functions that run in other processes.
fn attached_functions(args: &Args) -> Result<Vec<RemoteFunction>, StartError> {
    let mistakes = AttachedFunction::mistakes(&args.trigger, args.insecure_remote_triggers);
    if mistakes.is_empty() {
        args.trigger.iter().map(RemoteFunction::new).collect()
    } else {
        Err(StartError::part("the triggers", mistakes.join("\n")))
    }
}

/// A sign-in with a redirect to the first callback, for a browser. The challenge is that of the example in RFC 7636.
fn sign_in_url(pool: &Pool, args: &Args) -> Option<String> {
    let callback = args.callback_url.first()?;
    let parameters = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", pool.client_id())
        .append_pair("redirect_uri", callback.as_str())
        .append_pair("code_challenge_method", "S256")
        .append_pair("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        .finish();
    Some(format!("{}?{parameters}", pool.authorization_endpoint()))
}

fn open_pool(
    args: &Args,
    providers: Vec<IdentityProvider>,
    group_roles: Vec<GroupRole>,
    listener: &Listener,
    folder: Option<&OpenFolder>,
) -> Result<Pool, StartError> {
    let storage = folder.map_or(PoolStorage::Memory, |folder| PoolStorage::File(folder.file("pool.sqlite")));
    let mut config = PoolConfig::new(listener.address, storage);
    config.code = args.code.as_ref().map(|code| code.as_str().to_owned());
    config.groups = GROUPS.map(str::to_owned).to_vec();
    config.group_roles = group_roles;
    config.callback_urls.clone_from(&args.callback_url);
    config.logout_urls.clone_from(&args.logout_url);
    config.resource_scopes.clone_from(&args.scope);
    config.providers = providers;
    Pool::open(config, |client_id| {
        Arc::new(Printer { pool: listener.url(), client_id: client_id.to_owned() })
    })
    .map_err(|error| StartError::part("the user pool", error))
}

/// The GraphQL API over the same records, by the same rules.
fn graphql(schema: Schema, config: &ApiConfig, table: &Table) -> Result<GraphQl, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::part("the GraphQL API", error.to_string());
    let functions = portcullis_handlers::register(Functions::default());
    let resolvers = Resolvers::new(schema, table.clone(), config.iam.authorizer(), functions);
    GraphQl::new(resolvers.map_err(|error| failed(&error))?).map_err(|error| failed(&error))
}

/// The bucket, which the template has.
fn open_bucket(
    identities: &LocalIdentities,
    folder: Option<&OpenFolder>,
) -> Result<bucket::Bucket, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::part("the bucket", error.to_string());
    let file = folder.map(|folder| folder.private_file("files.sqlite")).transpose()?;
    let max_body = if file.is_some() { bucket::MAX_BODY } else { bucket::MAX_BODY_IN_MEMORY };
    let setup = identities.bucket.clone().ok_or_else(|| failed(&"the template has none"))?;
    Ok(bucket::Bucket::new(bucket::Parts {
        setup,
        store: bucket::Store::open(file, identities.clock.now()).map_err(|error| failed(&error))?,
        roles: Arc::clone(&identities.roles),
        verifier: identities.verifier(bucket::SERVICE),
        clock: Arc::clone(&identities.clock),
        random: Arc::new(SystemRandom),
        max_body,
    }))
}

/// What clients must know of this system.
fn backend(
    pool: &Pool,
    banner: &Banner,
    identities: Option<&LocalIdentities>,
    storage: Option<&Listener>,
) -> Backend {
    let signs = identities.is_some_and(|identities| identities.graphql_api.is_some());
    let modes = [Mode::AmazonCognitoUserPools, Mode::ApiKey].into_iter().chain(signs.then_some(Mode::AwsIam));
    Backend {
        region: pool.region().to_owned(),
        user_pool: UserPool {
            id: banner.pool_id.clone(),
            client_id: banner.client_id.clone(),
            endpoint: Some(banner.pool.clone()),
            password_length: Some(MIN_PASSWORD_LENGTH),
            mfa: Some(Mfa::Off),
            // A client finds the pages of a sign-in with a redirect at https alone.
            redirects: None,
        },
        identity_pool: identities.map(|identities| IdentityPool {
            id: identities.pool.id().to_owned(),
            endpoint: Some(banner.pool.clone()),
            guests: identities.pool.setup().guests,
        }),
        rest: banner.api.clone(),
        graphql: Some(GraphQlApi {
            url: format!("{}/graphql", banner.api),
            modes: modes.collect(),
            api_key: Some(banner.api_key.clone()),
        }),
        bucket: storage
            .map(|listener| Bucket { name: bucket::NAME.to_owned(), endpoint: Some(listener.url()) }),
    }
}

/// The API reads its configuration as it does when it is deployed.
fn api_config(
    pool: &Pool,
    identities: Option<&LocalIdentities>,
    api_key: String,
) -> Result<ApiConfig, StartError> {
    ApiConfig::from_env(|name| match name {
        "ISSUER" => Some(pool.issuer().to_owned()),
        "USER_POOL_CLIENT_IDS" => Some(pool.client_id().to_owned()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "TABLE_NAME" => Some(TABLE_NAME.to_owned()),
        "API_KEYS" => Some(api_key.clone()),
        // Any page that the developer serves from this machine may call it.
        "CORS_ORIGINS" => Some("*".to_owned()),
        name => identities.and_then(|identities| identities.variable(name)),
    })
    .map_err(|mistakes| StartError::part("the API", mistakes))
}
