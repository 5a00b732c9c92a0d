//! Servers that start one by one and end together.

use std::time::Duration;

use axum::{Router, middleware::from_fn};
use tokio::{sync::watch, task::JoinSet, time::timeout};

use crate::local::{
    Listener,
    drain::drain,
    patience::{with_patience, with_patience_for_files},
};

/// How long running requests may take to finish once the servers were told to end.
const GRACE: Duration = Duration::from_millis(400);

/// Running servers.
#[derive(Debug)]
pub(crate) struct Servers {
    tasks: JoinSet<()>,
    ending: watch::Sender<bool>,
}

impl Default for Servers {
    fn default() -> Self {
        Self { tasks: JoinSet::new(), ending: watch::Sender::new(false) }
    }
}

impl Servers {
    /// Starts a server.
    pub(crate) fn serve(&mut self, listener: Listener, router: Router) {
        self.start(listener, router.layer(from_fn(drain)).layer(from_fn(with_patience)));
    }

    /// Starts a server that takes files.
    pub(crate) fn serve_files(&mut self, listener: Listener, router: Router) {
        self.start(listener, router.layer(from_fn(drain)).layer(from_fn(with_patience_for_files)));
    }

    fn start(&mut self, listener: Listener, router: Router) {
        let mut ending = self.ending.subscribe();
        let told = async move {
            // An error means that the sender is gone: the process is ending in any case.
            let _ = ending.wait_for(|ending| *ending).await;
        };
        self.tasks.spawn(async move {
            if let Err(error) = axum::serve(listener.socket, router).with_graceful_shutdown(told).await {
                tracing::error!(%error, "a server stopped");
            }
        });
    }

    /// Lets running requests finish, for a bounded time, and ends.
    pub(crate) async fn end(mut self) {
        self.ending.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(GRACE, all).await.is_err() {
            tracing::warn!("some requests were still running and were cut off");
        }
    }
}
