//! All parts, started in order and ended together.

use std::{fs, path::Path, sync::Arc};

use axum::{Router, middleware::from_fn};
use dynoxide::Database;
use portcullis_api::{Api, Config as ApiConfig};
use portcullis_data::{ConnectOptions, Table, TableDefinition, connect};
use portcullis_rules::Strategy;
use portcullis_schema::Schema;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    Args, DataFolder,
    local::{
        Banner, Listener, OpenFolder, StartError,
        api_key::api_key,
        courier::Printer,
        drain::drain,
        dynamodb,
        environment::{Environment, TABLE_NAME},
        example, shutdown,
        triggers::LocalTriggers,
    },
    pool::{Pool, PoolConfig, PoolStorage},
};

/// What is deployed is what runs here: the table is made from the same lines.
const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The groups that template.yaml makes.
const GROUPS: [&str; 3] = ["admins", "editors", "readers"];

/// The running system.
#[derive(Debug)]
pub(crate) struct System {
    servers: JoinSet<()>,
    ending: watch::Sender<bool>,
    banner: Banner,
    // Held until the end, so that no second process uses the folder.
    _folder: Option<OpenFolder>,
}

impl System {
    /// Starts every part; when it returns, every part answers.
    pub(crate) async fn start(args: &Args) -> Result<Self, StartError> {
        let schema = read_schema(&args.schema)?;
        let environment = Environment::read(|name| std::env::var(name).ok())?;
        let definition = TableDefinition::from_template(TEMPLATE, "Table")
            .map_err(|error| StartError::part("DynamoDB", error))?;
        let folder = OpenFolder::open(&args.data)?;
        let api_listener = Listener::bind(args.port, "the API", "--port").await?;
        let pool_listener = Listener::bind(args.pool_port, "the user pool", "--pool-port").await?;
        let dynamodb_listener = Listener::bind(args.dynamodb_port, "DynamoDB", "--dynamodb-port").await?;

        let (ending, ended) = watch::channel(false);
        let mut servers = JoinSet::new();
        let database = dynamodb::open(folder.as_ref())?;
        let dynamodb_url = dynamodb_listener.url();
        serve_dynamodb(&mut servers, dynamodb_listener, database, ended.clone());
        let table = Table::new(connect(&ConnectOptions::local(&dynamodb_url)), TABLE_NAME);
        table.create_if_missing(&definition).await.map_err(|error| StartError::part("DynamoDB", error))?;

        let pool = open_pool(args, &pool_listener, folder.as_ref())?;
        let denied_domain = environment.denied_domain.clone();
        let triggers = LocalTriggers::new(environment, &table, pool.handle());
        pool.set_triggers(Arc::new(triggers));
        let api_key = api_key(folder.as_ref())?;
        let banner = Banner {
            api: api_listener.url(),
            pool: pool_listener.url(),
            dynamodb: dynamodb_url,
            pool_id: pool.id().to_owned(),
            client_id: pool.client_id().to_owned(),
            api_key: api_key.clone(),
            data: match &args.data {
                DataFolder::Memory => "in memory, gone when this process ends".to_owned(),
                DataFolder::Folder(path) => path.display().to_string(),
            },
            denied_domain,
            group: known_group(&schema),
            example: example(&schema),
        };
        let config = api_config(&pool, api_key)?;
        let api =
            Api::on_table(schema, &config, table).map_err(|error| StartError::part("the API", error))?;
        serve(&mut servers, pool_listener, pool.router(), ended.clone());
        serve(&mut servers, api_listener, portcullis_api::router(api), ended);
        Ok(Self { servers, ending, banner, _folder: folder })
    }

    /// What to tell the person who started it.
    pub(crate) fn banner(&self) -> &Banner {
        &self.banner
    }

    /// Lets running requests finish, for a bounded time, and ends.
    pub(crate) async fn stop(self) {
        let _ = self.ending.send(true);
        shutdown::finish(self.servers).await;
    }
}

fn read_schema(path: &Path) -> Result<Schema, StartError> {
    let source = fs::read_to_string(path)
        .map_err(|source| StartError::ReadSchema { path: path.to_owned(), source })?;
    Schema::parse(&source, &path.display().to_string())
        .map_err(|mistakes| StartError::Schema(mistakes.to_string()))
}

/// A group that some rule names and the pool has, besides the one that the first user joins.
fn known_group(schema: &Schema) -> Option<String> {
    let named = |group: &str| {
        schema.models().iter().flat_map(|model| model.rules().rules()).any(|rule| {
            matches!(&rule.strategy, Strategy::StaticGroups { groups, .. } if groups.iter().any(|it| it == group))
        })
    };
    GROUPS.into_iter().rev().find(|group| named(group)).map(str::to_owned)
}

fn open_pool(args: &Args, listener: &Listener, folder: Option<&OpenFolder>) -> Result<Pool, StartError> {
    let storage = folder.map_or(PoolStorage::Memory, |folder| PoolStorage::File(folder.file("pool.sqlite")));
    let mut config = PoolConfig::new(listener.address, storage);
    config.code = args.code.as_ref().map(|code| code.as_str().to_owned());
    config.groups = GROUPS.map(str::to_owned).to_vec();
    Pool::open(config, |client_id| {
        Arc::new(Printer { pool: listener.url(), client_id: client_id.to_owned() })
    })
    .map_err(|error| StartError::part("the user pool", error))
}

/// The API reads its configuration as it does when it is deployed.
fn api_config(pool: &Pool, api_key: String) -> Result<ApiConfig, StartError> {
    ApiConfig::from_env(|name| match name {
        "ISSUER" => Some(pool.issuer().to_owned()),
        "USER_POOL_CLIENT_IDS" => Some(pool.client_id().to_owned()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "TABLE_NAME" => Some(TABLE_NAME.to_owned()),
        "API_KEYS" => Some(api_key.clone()),
        // Any page that the developer serves from this machine may call it.
        "CORS_ORIGINS" => Some("*".to_owned()),
        _ => None,
    })
    .map_err(|mistakes| StartError::part("the API", mistakes))
}

fn serve(servers: &mut JoinSet<()>, listener: Listener, router: Router, ended: watch::Receiver<bool>) {
    let router = router.layer(from_fn(drain));
    servers.spawn(async move {
        let server = axum::serve(listener.socket, router).with_graceful_shutdown(shutdown::requested(ended));
        if let Err(error) = server.await {
            tracing::error!(%error, "a server stopped");
        }
    });
}

fn serve_dynamodb(
    servers: &mut JoinSet<()>,
    listener: Listener,
    database: Database,
    ended: watch::Receiver<bool>,
) {
    servers.spawn(async move {
        let ended = shutdown::requested(ended);
        if let Err(error) = dynoxide::server::serve_with_shutdown(listener.socket, database, ended).await {
            tracing::error!(%error, "DynamoDB stopped");
        }
    });
}
