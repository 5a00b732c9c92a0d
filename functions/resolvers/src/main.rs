//! The resolvers as a Lambda function behind AWS AppSync.

use std::{panic::AssertUnwindSafe, process::ExitCode};

use futures_util::{FutureExt, future::BoxFuture};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use portcullis_data::{ConnectOptions, Functions, Table, connect, schema::Schema};
use portcullis_resolvers::{AppSync, Config, Resolvers};
use serde_json::Value;
use tracing_subscriber::EnvFilter;

/// Part of the binary, so that code and rules are deployed as one.
const SCHEMA: &str = include_str!("../../../schema.graphql");

/// What AppSync is told when a resolver breaks. What it was is in the log.
const BROKEN: &str = "An internal failure occurred";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Lambda sets this from the function's logging configuration. Below `info` the SDK would print bodies.
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    let level = level.unwrap_or(tracing::Level::INFO);
    let filter = format!("INFO,portcullis={level},portcullis_resolvers={level},portcullis_data={level}");
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(EnvFilter::new(filter)).init();
    std::panic::set_hook(Box::new(|panic| {
        // What a panic says may hold a value; where it happened does not.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a resolver panicked");
    }));
    let app_sync = match start() {
        Ok(app_sync) => app_sync,
        Err(mistakes) => {
            for mistake in mistakes {
                tracing::error!(mistake, "the resolvers cannot start");
            }
            return ExitCode::FAILURE;
        }
    };
    let handle = |event: LambdaEvent<Value>| {
        let app_sync = app_sync.clone();
        // Boxed, for the compiler gives up on the layout of what calls an AWS SDK within the runtime's own futures.
        Box::pin(async move {
            let answered = AssertUnwindSafe(app_sync.answer(&event.payload)).catch_unwind().await;
            match answered {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(diagnostic(error.kind(), error.to_string())),
                Err(_) => Err(diagnostic("InternalFailure", BROKEN.to_owned())),
            }
        }) as BoxFuture<'static, Result<Value, Diagnostic>>
    };
    match Box::pin(lambda_runtime::run(service_fn(handle))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function has lost the lambda runtime");
            ExitCode::FAILURE
        }
    }
}

fn diagnostic(kind: &str, message: String) -> Diagnostic {
    Diagnostic { error_type: kind.to_owned(), error_message: message }
}

/// Everything that is wrong is said at once.
fn start() -> Result<AppSync, Vec<String>> {
    let lookup = |name: &str| std::env::var(name).ok();
    let mut mistakes = Vec::new();
    if lookup("AWS_LAMBDA_RUNTIME_API").is_none() {
        mistakes.push("AWS_LAMBDA_RUNTIME_API is not set: AWS Lambda starts this program".to_owned());
    }
    let config = Config::from_env(lookup)
        .map_err(|errors| mistakes.extend(errors.errors().iter().map(ToString::to_string)));
    let schema = Schema::parse(SCHEMA, "schema.graphql").map_err(|errors| mistakes.push(errors.to_string()));
    match (config, schema) {
        (Ok(config), Ok(schema)) if mistakes.is_empty() => {
            let table = Table::new(connect(&ConnectOptions::aws()), &config.table_name);
            let functions = portcullis_handlers::register(Functions::default());
            let resolvers = Resolvers::new(schema, table, config.authorizer, functions);
            let resolvers = resolvers.map_err(|error| vec![error.to_string()])?;
            Ok(AppSync::new(resolvers.default_mode(config.default_mode), config.trusted))
        }
        _ => Err(mistakes),
    }
}
