//! portcullis: the whole system on one machine, and tools that read schema.graphql, tokens and key sets.
#![deny(missing_docs)]

mod access;
mod args;
mod bucket;
mod client_config;
mod command_error;
mod console;
mod database;
mod decide;
mod expand;
mod explain;
mod identity_pool;
mod keys;
mod local;
mod loopback;
mod output;
mod policy_test;
pub mod pool;
mod reindex;
mod schema_file;
mod shards;
mod store;
mod template;
mod verify;

use std::{io::Write, process::ExitCode};

pub use self::{
    access::{AccessArgs, AccessError, Format},
    args::{Args, Command, CommandLine, ConfirmationCode, DataFolder, TemplateParameter},
    client_config::{ClientConfigArgs, ClientConfigError, ClientFormat},
    command_error::CommandError,
    decide::{DecideArgs, DecideError},
    expand::{ExpandArgs, ExpandError},
    explain::{ExplainArgs, ExplainError},
    identity_pool::OidcLogin,
    keys::{KeysArgs, KeysError},
    local::{AttachedFunction, StartError},
    policy_test::{TestArgs, TestError},
    reindex::{ReindexArgs, ReindexCommandError},
    schema_file::SchemaFileError,
    shards::{ShardsArgs, ShardsCommandError},
    store::{StoreArgs, StoreOpenError},
    verify::{KeySource, Profile, Token, VerifyArgs, VerifyError},
};
use crate::local::System;

/// Does what the command line says, and returns the status to exit with.
///
/// # Errors
///
/// When it cannot be done; the text says what to change.
pub fn run(command_line: &CommandLine) -> Result<ExitCode, CommandError> {
    match &command_line.command {
        None => run_system(&command_line.local).map(|()| ExitCode::SUCCESS).map_err(CommandError::from),
        Some(Command::Explain(args)) => Ok(explain::run(args)?),
        Some(Command::Access(args)) => Ok(access::run(args)?),
        Some(Command::ClientConfig(args)) => Ok(client_config::run(args)?),
        Some(Command::Decide(args)) => Ok(decide::run(args).map(|()| ExitCode::SUCCESS)?),
        Some(Command::Expand(args)) => Ok(expand::run(args).map(|()| ExitCode::SUCCESS)?),
        Some(Command::Test(args)) => Ok(policy_test::run(args)?),
        Some(Command::Verify(args)) => Ok(verify::run(args)?),
        Some(Command::Keys(args)) => Ok(keys::run(args)?),
        Some(Command::Reindex(args)) => Ok(reindex::run(args)?),
        Some(Command::Shards(args)) => Ok(shards::run(args)?),
    }
}

/// Runs the local system until the process is told to end.
///
/// # Errors
///
/// When the system cannot start; the text says what to change.
fn run_system(args: &Args) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::part("the runtime", error))?;
    let outcome = runtime.block_on(async {
        // Watched from the first moment, so that a signal during the start ends it too.
        let signal = tokio::spawn(local::signal());
        let system = System::start(args).await?;
        announce(&system);
        let told = signal.await.map_err(|error| StartError::part("the signal handler", error))?;
        told.map_err(|error| StartError::part("the signal handler", error))?;
        system.stop().await;
        Ok(())
    });
    // A request that hangs must not keep the process alive.
    runtime.shutdown_background();
    outcome
}

fn announce(system: &System) {
    let mut out = std::io::stdout().lock();
    // Whoever started this may have closed the terminal; the system runs on all the same.
    let _ = writeln!(out, "{}\n{}\n\nready; Ctrl-C ends it", pool::DEVELOPMENT_NOTICE, system.banner());
    let _ = out.flush();
}
