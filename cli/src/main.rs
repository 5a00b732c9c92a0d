//! The `portcullis` command.

use std::process::ExitCode;

use clap::Parser;
use portcullis_cli::{CommandLine, run};
use tracing::Level;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    tracing_subscriber::fmt()
        .with_env_filter(log_levels())
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
    match run(&command_line) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("portcullis: {error}");
            error.status()
        }
    }
}

/// `PORTCULLIS_LOG` sets the level of this project's lines: error, warn, info, debug or trace.
fn log_levels() -> EnvFilter {
    let level = std::env::var("PORTCULLIS_LOG").ok().and_then(|level| level.parse().ok());
    let level = level.unwrap_or(Level::INFO);
    let levels = portcullis_api::log_filter(level);
    // The engine warns of every error answer, and a table that is not there yet is one.
    EnvFilter::new(format!("{levels},portcullis_cli={level},dynoxide=error"))
}
