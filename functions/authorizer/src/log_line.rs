//! One line in the log for each event.

use std::time::Instant;

use serde_json::Value;

use crate::{AuthorizerError, Shape};

/// What the log says of an event. No token is in it, and of the caller nothing but `sub`.
#[derive(Debug)]
pub(crate) struct LogLine {
    pub(crate) shape: Option<Shape>,
    pub(crate) sub: Option<String>,
    pub(crate) decision: &'static str,
    /// Why a token was refused.
    pub(crate) reason: Option<&'static str>,
    /// How many routes are granted.
    pub(crate) routes: Option<usize>,
    started: Instant,
}

impl LogLine {
    pub(crate) fn begin() -> Self {
        let started = Instant::now();
        Self { shape: None, sub: None, decision: "deny", reason: None, routes: None, started }
    }

    pub(crate) fn write(self, answer: &Result<Value, AuthorizerError>) {
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (shape, sub) = (self.shape.map(Shape::name), self.sub);
        let (reason, routes) = (self.reason, self.routes);
        match answer {
            Ok(_) => {
                let decision = self.decision;
                tracing::info!(shape, sub, decision, reason, routes, duration_ms, "authorizer answered");
            }
            Err(AuthorizerError::Unauthorized) => {
                tracing::info!(shape, decision = "refuse", reason, duration_ms, "authorizer refused");
            }
            Err(error) => {
                let code = error.code();
                tracing::error!(shape, sub, decision = "fail", code, detail = %error, duration_ms, "authorizer failed");
            }
        }
    }
}
