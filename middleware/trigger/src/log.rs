use std::panic;

use tracing::Level;
use tracing_subscriber::EnvFilter;

/// Writes the log as JSON lines to the standard output, through [`log_filter`], and of a panic only where it happened: its
/// words may be somebody's data.
///
/// To be called once, at the start of the process.
///
/// # Panics
///
/// If there is a subscriber for all of the process already.
pub fn write_logs(function: &str, lookup: impl Fn(&str) -> Option<String>) {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_ansi(false)
        .with_env_filter(EnvFilter::new(log_filter(function, lookup)))
        .init();
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, "a panic");
    }));
}

/// Lines of this project and of the function's own crate (`my_trigger` for `my-trigger`) from the level that a variable names
/// (`RUST_LOG`, `AWS_LAMBDA_LOG_LEVEL`); other crates stay at `info`, for below that they print bodies.
///
/// A variable that holds anything but a level, such as directives for single crates, is passed over: it could turn that on.
/// The runtime's layer that catches panics is off, for it repeats an error that has been logged.
pub fn log_filter(function: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let level = ["RUST_LOG", "AWS_LAMBDA_LOG_LEVEL"].into_iter().find_map(|name| lookup(name)?.parse().ok());
    let level: Level = level.unwrap_or(Level::INFO);
    let others = level.min(Level::INFO);
    let target = function.replace('-', "_");
    format!("{others},portcullis={level},{target}={level},lambda_runtime::layers::panic=off")
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
            assert_eq!(log_filter("pre-signup", lookup), expected);
            assert!(expected.parse::<EnvFilter>().is_ok());
        }
    }
}
