//! portcullis: the whole system on one machine, and tools that read schema.graphql.
#![deny(missing_docs)]

mod args;
mod local;
pub mod pool;

use std::io::Write;

pub use self::{
    args::{Args, ConfirmationCode, DataFolder},
    local::StartError,
};
use crate::local::System;

/// Runs the local system until the process is told to end.
///
/// # Errors
///
/// When the system cannot start; the text says what to change.
pub fn run(args: &Args) -> Result<(), StartError> {
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
