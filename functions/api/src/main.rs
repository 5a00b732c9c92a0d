//! The REST API as a Lambda function behind API Gateway.

use std::process::ExitCode;

use axum::Router;
use portcullis_api::{Api, Config, lambda_service, log_filter, router};
use portcullis_data::schema::Schema;
use tracing::Level;

/// Part of the binary, so that code and rules are deployed as one.
const SCHEMA: &str = include_str!("../../../schema.graphql");

#[tokio::main]
async fn main() -> Result<ExitCode, lambda_http::Error> {
    // Lambda sets this from the function's logging configuration.
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(log_filter(level.unwrap_or(Level::INFO)))
        .init();
    match start() {
        Ok(router) => lambda_http::run(lambda_service(router)).await.map(|()| ExitCode::SUCCESS),
        Err(mistakes) => {
            for mistake in mistakes {
                tracing::error!(mistake, "the api cannot start");
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Everything that is wrong is said at once.
fn start() -> Result<Router, Vec<String>> {
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
            let api = Api::from_config(schema, &config);
            api.and_then(router).map_err(|error| vec![error.to_string()])
        }
        _ => Err(mistakes),
    }
}
