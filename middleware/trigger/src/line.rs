use portcullis_events::{Event, TriggerError};
use tokio::time::Instant;
use tracing::Level;

use crate::Answer;

/// What the log says of an event: kept while the handler has the event, written when there is an answer.
#[derive(Debug)]
pub(crate) struct Line {
    function: &'static str,
    source: Option<String>,
    sub: Option<String>,
    started: Instant,
}

impl Line {
    /// The line of an event. One that could not be read has neither source nor `sub`.
    pub(crate) fn new(function: &'static str, started: Instant, event: Option<&Event>) -> Self {
        let source = event.map(|event| event.source().to_owned());
        let sub = event.and_then(|event| event.user_attributes().sub()).map(str::to_owned);
        Self { function, source, sub, started }
    }

    pub(crate) fn write(self, outcome: &Result<Answer, TriggerError>) {
        let (level, decision, code, detail, message) = match outcome {
            Ok(answer) => {
                let message = match answer.level() {
                    Level::ERROR => "trigger answered despite a failure",
                    Level::WARN => "trigger answered with a warning",
                    _ => "trigger answered",
                };
                (answer.level(), answer.decision(), answer.code(), answer.detail_text(), message)
            }
            Err(error) if error.public().is_fault() => {
                (Level::ERROR, "fail", Some(error.code()), error.detail(), "trigger failed")
            }
            Err(error) => (Level::INFO, "refuse", Some(error.code()), error.detail(), "trigger refused"),
        };
        let Self { function, source, sub, started } = self;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match level {
            Level::ERROR => {
                tracing::error!(function, source, sub, decision, code, detail, duration_ms, "{message}");
            }
            Level::WARN => {
                tracing::warn!(function, source, sub, decision, code, detail, duration_ms, "{message}");
            }
            _ => tracing::info!(function, source, sub, decision, code, detail, duration_ms, "{message}"),
        }
    }
}
