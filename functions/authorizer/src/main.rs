//! The authorizer as a Lambda function.

use std::{panic::AssertUnwindSafe, process::ExitCode};

use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use portcullis_authorizer::{Config, LambdaAuthorizer};
use portcullis_schema::Schema;
use serde_json::Value;
use tracing_subscriber::EnvFilter;

/// Part of the binary, so that code and rules are deployed as one.
const SCHEMA: &str = include_str!("../../../schema.graphql");

/// What the gateway is told when the authorizer breaks. What it was is in the log.
const BROKEN: &str = "an internal failure occurred";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Lambda sets this from the function's logging configuration. Below `info` other crates print bodies.
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    let level: tracing::Level = level.unwrap_or(tracing::Level::INFO);
    let others = level.min(tracing::Level::INFO);
    let filter = format!("{others},portcullis={level},portcullis_authorizer={level}");
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(EnvFilter::new(filter)).init();
    std::panic::set_hook(Box::new(|panic| {
        // What a panic says may hold a value; where it happened does not.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "the authorizer panicked");
    }));
    let authorizer = match start() {
        Ok(authorizer) => authorizer,
        Err(mistakes) => {
            for mistake in mistakes {
                tracing::error!(mistake, "the authorizer cannot start");
            }
            return ExitCode::FAILURE;
        }
    };
    let handle = |event: LambdaEvent<Value>| {
        let authorizer = authorizer.clone();
        async move {
            let answered = AssertUnwindSafe(authorizer.answer(&event.payload)).catch_unwind().await;
            match answered {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(diagnostic(error.code(), error.to_string())),
                Err(_) => Err(diagnostic("InternalFailure", BROKEN.to_owned())),
            }
        }
    };
    match lambda_runtime::run(service_fn(handle)).await {
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
fn start() -> Result<LambdaAuthorizer, Vec<String>> {
    let lookup = |name: &str| std::env::var(name).ok();
    let mut mistakes = Vec::new();
    if lookup("AWS_LAMBDA_RUNTIME_API").is_none() {
        mistakes.push("AWS_LAMBDA_RUNTIME_API is not set: AWS Lambda starts this program".to_owned());
    }
    let config = Config::from_env(lookup)
        .map_err(|errors| mistakes.extend(errors.errors().iter().map(ToString::to_string)));
    let schema = Schema::parse(SCHEMA, "schema.graphql").map_err(|errors| mistakes.push(errors.to_string()));
    match (config, schema) {
        (Ok(config), Ok(schema)) if mistakes.is_empty() => Ok(config.authorizer(&schema)),
        _ => Err(mistakes),
    }
}
