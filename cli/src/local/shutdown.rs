//! Ending cleanly on Ctrl-C and SIGTERM.

use std::{io, time::Duration};

use tokio::{sync::watch, task::JoinSet, time::timeout};

/// How long running requests may take to finish once the process was told to end.
const GRACE: Duration = Duration::from_millis(700);

/// Waits until the process is told to end.
///
/// # Errors
///
/// When the signal handlers cannot be installed.
pub(crate) async fn signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            outcome = tokio::signal::ctrl_c() => outcome,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Completes when the sender says `true` or is gone.
pub(crate) async fn requested(mut ending: watch::Receiver<bool>) {
    // An error means the sender is gone: the process is ending in any case.
    let _ = ending.wait_for(|ending| *ending).await;
}

/// Lets servers finish their running requests, for a bounded time.
pub(crate) async fn finish(mut servers: JoinSet<()>) {
    let all = async { while servers.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        tracing::warn!("some requests were still running and were cut off");
    }
}
