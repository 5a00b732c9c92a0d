//! What the endpoints are configured with, and what they remember.

use aws_lc_rs::hmac;
use jiff::SignedDuration;
use subtle::ConstantTimeEq;

use super::{
    CallbackUrl, ResourceScope,
    browser_sessions::BrowserSession,
    codes::Code,
    expiring::Expiring,
    federation::{Provider, UnderWay},
};
use crate::pool::{PoolConfig, PoolError};

/// How long a code may be exchanged.
const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// How long a browser stays signed in, as Amazon Cognito has it.
pub(super) const SESSION_LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// How long a person may take at another provider.
pub(super) const FEDERATION_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// The configuration and the memory of the endpoints.
#[derive(Debug)]
pub(crate) struct OAuth {
    /// Where the endpoints are: `http://127.0.0.1:9229`.
    pub(crate) origin: String,
    pub(crate) callback_urls: Vec<CallbackUrl>,
    pub(crate) logout_urls: Vec<CallbackUrl>,
    pub(crate) resource_scopes: Vec<ResourceScope>,
    pub(crate) providers: Vec<Provider>,
    pub(super) codes: Expiring<Code>,
    pub(super) browsers: Expiring<BrowserSession>,
    pub(super) under_way: Expiring<UnderWay>,
}

impl OAuth {
    pub(crate) fn open(config: &PoolConfig) -> Result<Self, PoolError> {
        let providers = config.providers.iter().map(|provider| Provider::new(provider, &config.clock));
        let providers: Vec<Provider> = providers.collect::<Result<_, _>>()?;
        for (at, provider) in providers.iter().enumerate() {
            let twice = |other: &Provider| other.config.name().eq_ignore_ascii_case(provider.config.name());
            if providers.iter().take(at).any(twice) {
                return Err(PoolError::Config("two identity providers have the same name"));
            }
        }
        Ok(Self {
            origin: format!("http://{}", config.address),
            callback_urls: config.callback_urls.clone(),
            logout_urls: config.logout_urls.clone(),
            resource_scopes: config.resource_scopes.clone(),
            providers,
            codes: Expiring::new(CODE_LIFETIME),
            browsers: Expiring::new(SESSION_LIFETIME),
            under_way: Expiring::new(FEDERATION_LIFETIME),
        })
    }

    /// The provider of this name, in any case: Amazon Cognito spells it in lower case in some user names.
    pub(crate) fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.config.name().eq_ignore_ascii_case(name))
    }
}

/// The secret of the client for machines: it follows from the pool's own, so that it is kept nowhere.
pub(crate) fn machine_secret(secret: &hmac::Key, client_id: &str) -> String {
    let digest = hmac::sign(secret, format!("secret of client {client_id}").as_bytes());
    digest.as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub(super) fn same_secret(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
