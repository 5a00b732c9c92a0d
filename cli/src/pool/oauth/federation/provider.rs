//! A provider that can be talked to.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use portcullis::{Issuer, TokenUse, Verifier};
use portcullis_data::Clock;
use reqwest::{Client, redirect::Policy};

use super::IdentityProvider;
use crate::pool::PoolError;

/// How long one exchange may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// A provider, with what its tokens are verified with.
pub(crate) struct Provider {
    pub(crate) config: IdentityProvider,
    pub(super) verifier: Verifier,
    pub(super) http: Client,
}

impl Provider {
    pub(crate) fn new(config: &IdentityProvider, clock: &Arc<dyn Clock>) -> Result<Self, PoolError> {
        let name = config.name().to_owned();
        let failed = |detail: String| PoolError::Provider { name: name.clone(), detail };
        // Which client it is for, `aud` says.
        let issuer = Issuer::oidc(&config.issuer)
            .audiences([&config.client_id])
            .insecure_any_client()
            .token_use(TokenUse::Id);
        let verifier = Verifier::builder()
            .issuer(issuer)
            .clock(PoolClock(Arc::clone(clock)))
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let builder = Client::builder().redirect(Policy::none()).timeout(DEADLINE);
        // On this machine past any proxy, and without the trusted roots, which it has no use for.
        let builder = if config.issuer.starts_with("https:") {
            builder.https_only(true)
        } else {
            builder.no_proxy().tls_certs_only([])
        };
        let http = builder.build().map_err(|_| failed("no HTTP client can be made".to_owned()))?;
        Ok(Self { config: config.clone(), verifier, http })
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The pool's clock, as a verifier reads it.
struct PoolClock(Arc<dyn Clock>);

impl portcullis::Clock for PoolClock {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}

impl fmt::Debug for PoolClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolClock")
    }
}
