//! The pre-sign-up trigger as a Lambda function.

use std::{process::ExitCode, sync::Arc};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use portcullis_events::{Payload, PublicError, TriggerError};
use portcullis_pre_signup::{Config, handle};
use serde_json::Value;
use tokio::task::JoinError;
use tracing::{Instrument, Level};
use tracing_subscriber::EnvFilter;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    write_logs();
    let config = match Config::from_env(variable) {
        Ok(config) => Arc::new(config),
        Err(mistakes) => {
            for mistake in mistakes.errors() {
                tracing::error!(%mistake, "pre-signup cannot start");
            }
            return ExitCode::FAILURE;
        }
    };
    let service = service_fn(|event: LambdaEvent<Payload>| {
        let config = Arc::clone(&config);
        // A task of its own: a panic ends there, and its text is not sent to whoever signs up.
        let task = async move { handle(event.payload.into_value(), &config) };
        let task = tokio::spawn(task.in_current_span());
        async move { answer(task.await) }
    });
    match lambda_runtime::run(service).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "pre-signup cannot reach the lambda runtime");
            ExitCode::FAILURE
        }
    }
}

fn answer(outcome: Result<Result<Value, TriggerError>, JoinError>) -> Result<Value, Diagnostic> {
    let error = match outcome {
        Ok(Ok(event)) => return Ok(event),
        Ok(Err(error)) => error,
        Err(_panic) => {
            tracing::error!(code = PublicError::INTERNAL.code(), "pre-signup panicked");
            PublicError::INTERNAL.into()
        }
    };
    Err(Diagnostic { error_type: error.code().to_owned(), error_message: error.to_string() })
}

/// What is not UTF-8 must be refused like any other wrong value, not read as missing.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn write_logs() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_ansi(false)
        .with_env_filter(EnvFilter::new(log_filter(variable)))
        .init();
}

/// Our own lines from the level that a variable names; other crates stay at `info`, for below that they print bodies.
/// A variable that holds anything but a level, such as directives for single crates, is passed over: it could turn that on.
/// The layer that catches panics is off, for it repeats an error that we have logged.
fn log_filter(lookup: impl Fn(&str) -> Option<String>) -> String {
    let level = ["RUST_LOG", "AWS_LAMBDA_LOG_LEVEL"].into_iter().find_map(|name| lookup(name)?.parse().ok());
    let level: Level = level.unwrap_or(Level::INFO);
    let others = level.min(Level::INFO);
    format!("{others},portcullis={level},pre_signup={level},lambda_runtime::layers::panic=off")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variable_turns_on_what_prints_bodies() {
        for (rust_log, lambda, level, others) in [
            (None, None, "INFO", "INFO"),
            (None, Some("DEBUG"), "DEBUG", "INFO"),
            (Some("trace"), Some("INFO"), "TRACE", "INFO"),
            (Some("error"), None, "ERROR", "ERROR"),
            (Some("lambda_runtime::deserializer=trace"), None, "INFO", "INFO"),
            (Some("info,hyper::proto::h1=trace"), Some("WARN"), "WARN", "WARN"),
            (Some(""), Some("FATAL"), "INFO", "INFO"),
        ] {
            let lookup = |name: &str| match name {
                "RUST_LOG" => rust_log.map(str::to_owned),
                "AWS_LAMBDA_LOG_LEVEL" => lambda.map(str::to_owned),
                _ => None,
            };
            let expected =
                format!("{others},portcullis={level},pre_signup={level},lambda_runtime::layers::panic=off");
            assert_eq!(log_filter(lookup), expected);
            assert!(expected.parse::<EnvFilter>().is_ok());
        }
    }
}
