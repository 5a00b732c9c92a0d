//! The one line that is logged about a request.

use std::time::Instant;

use http::StatusCode;
use portcullis_rules::{Identity, Provider};

use crate::Refusal;

/// What is known about a request so far.
#[derive(Debug)]
pub(super) struct Record {
    began: Instant,
    sub: Option<String>,
    provider: Option<Provider>,
}

impl Record {
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), sub: None, provider: None }
    }

    pub(super) fn identify(&mut self, identity: Option<&Identity>) {
        if tracing::enabled!(tracing::Level::INFO) {
            self.sub = identity.and_then(Identity::sub).map(str::to_owned);
            self.provider = identity.map(Identity::provider);
        }
    }

    pub(super) fn end(&self, status: StatusCode, refusal: Option<&Refusal>) {
        let (decision, reason) = match refusal {
            Some(refusal) => ("refused", Some(refusal.reason())),
            None => ("allowed", None),
        };
        self.log(decision, reason, Some(status.as_u16()));
    }

    /// The service inside has failed without an answer.
    pub(super) fn fail(&self) {
        self.log("allowed", Some("inner_service_failed"), None);
    }

    fn log(&self, decision: &'static str, reason: Option<&str>, status: Option<u16>) {
        let provider = self.provider.map(name);
        // A subject comes from outside; quoted and escaped it stays on its line.
        let sub = self.sub.as_deref().map(tracing::field::debug);
        tracing::info!(
            sub,
            provider,
            decision,
            reason,
            status,
            duration_us = self.microseconds(),
            "request {decision}"
        );
    }

    fn microseconds(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

fn name(provider: Provider) -> &'static str {
    match provider {
        Provider::UserPools => "user_pools",
        Provider::Oidc => "oidc",
        Provider::IdentityPool => "identity_pool",
        Provider::ApiKey => "api_key",
        Provider::Function => "function",
    }
}
