use std::process::ExitCode;

use lambda_runtime::tower::ServiceExt;
use portcullis_events::{Event, TriggerError};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Answer, ConfigErrors, TriggerLayer, write_logs};

/// What AWS Lambda sets for every function, and without which its runtime would panic.
const SET_BY_LAMBDA: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// Starts the log and reads the configuration. `None` if it has mistakes, which are then in the log, all of them: there is
/// nothing to do but to end with a failure.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use portcullis_trigger::{ConfigErrors, TriggerLayer, events::Event, run, service_fn, start};
///
/// fn greeting(lookup: impl Fn(&str) -> Option<String>) -> Result<String, ConfigErrors> {
///     let mut errors = ConfigErrors::default();
///     let greeting = lookup("GREETING").unwrap_or_else(|| {
///         errors.push("GREETING", "is missing");
///         String::new()
///     });
///     errors.or(greeting)
/// }
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> ExitCode {
///     let Some(greeting) = start("my-trigger", greeting) else {
///         return ExitCode::FAILURE;
///     };
///     let handle = async |event: Event| {
///         tracing::debug!(greeting);
///         Ok(event)
///     };
///     run(TriggerLayer::new("my-trigger"), service_fn(handle)).await
/// }
/// ```
pub fn start<C>(
    function: &'static str,
    read: impl FnOnce(fn(&str) -> Option<String>) -> Result<C, ConfigErrors>,
) -> Option<C> {
    write_logs(function, variable);
    match check(read, variable) {
        Ok(config) => Some(config),
        Err(mistakes) => {
            for mistake in mistakes.errors() {
                tracing::error!(function, %mistake, "the function cannot start");
            }
            None
        }
    }
}

/// Answers events through the layer for as long as Lambda sends them.
///
/// A failure is logged: the handler said that it will never be ready again, or there is no Lambda runtime to be reached.
pub async fn run<S>(layer: TriggerLayer, handler: S) -> ExitCode
where
    S: Service<Event, Error = TriggerError>,
    S::Response: Into<Answer>,
{
    let function = layer.function;
    // Boxed, for the compiler gives up on the layout of a handler that calls an AWS SDK within the runtime's own futures.
    let service = layer.layer(handler.map_future(Box::pin));
    match Box::pin(lambda_runtime::run(service)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(function, %error, "the function has lost the lambda runtime");
            ExitCode::FAILURE
        }
    }
}

/// A variable of the environment. What is not UTF-8 must be refused like any other wrong value, not read as missing.
pub fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn check<C, L>(read: impl FnOnce(L) -> Result<C, ConfigErrors>, lookup: L) -> Result<C, ConfigErrors>
where
    L: Fn(&str) -> Option<String> + Copy,
{
    let mut errors = ConfigErrors::default();
    for name in SET_BY_LAMBDA.into_iter().filter(|name| lookup(name).is_none()) {
        errors.push(name, "is missing: AWS Lambda sets it and starts this program");
    }
    match read(lookup) {
        Ok(config) => errors.or(config),
        Err(mistakes) => {
            errors.extend(mistakes);
            Err(errors)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(lookup: impl Fn(&str) -> Option<String>) -> Result<String, ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let table = lookup("TABLE_NAME");
        if table.is_none() {
            errors.push("TABLE_NAME", "is missing");
        }
        errors.or(table.unwrap_or_default())
    }

    #[test]
    fn what_lambda_sets_and_what_people_set_are_checked_together() {
        let everything = |name: &str| Some(format!("{name} value"));
        assert_eq!(check(table, everything).unwrap(), "TABLE_NAME value");

        let outside = |name: &str| (name == "TABLE_NAME").then(|| "t".to_owned());
        let errors = check(table, outside).unwrap_err();
        assert_eq!(errors.errors().iter().map(|error| error.variable).collect::<Vec<_>>(), SET_BY_LAMBDA);

        let nothing = |_: &str| None;
        assert_eq!(check(table, nothing).unwrap_err().errors().len(), SET_BY_LAMBDA.len() + 1);
    }
}
