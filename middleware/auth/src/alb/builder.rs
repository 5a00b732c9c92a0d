//! What an [`AlbVerifier`] is told.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{AlbVerifier, Keys, Shared, key_store::KeyStore};
use crate::{Clock, ConfigError, Fetch, JwkSet, KeyPolicy, Mistake, keys::is_safe_url};

/// How mistakes call what they are about.
const PLACE: &str = "load balancer";

/// Collects what an [`AlbVerifier`] needs.
#[derive(Clone, Debug)]
#[must_use]
pub struct AlbVerifierBuilder {
    pub(super) load_balancers: List,
    pub(super) client_ids: List,
    pub(super) issuers: List,
    pub(super) keys: Option<JwkSet>,
    pub(super) region: Option<String>,
    pub(super) keys_url: Option<String>,
    pub(super) key_policy: KeyPolicy,
    pub(super) fetcher: Option<Arc<dyn Fetch>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) leeway: Duration,
    pub(super) max_token_bytes: usize,
}

/// What is allowed, stated or waived.
#[derive(Clone, Debug, Default)]
pub(super) enum List {
    #[default]
    Unsaid,
    Waived,
    AnyOf(BTreeSet<String>),
}

impl AlbVerifierBuilder {
    /// The ARNs of the load balancers whose word is taken; one of them suffices. They say in which region the keys are.
    pub fn load_balancers(mut self, arns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.load_balancers = List::of(arns);
        self
    }

    /// Takes the word of every load balancer of the region, also of one that somebody else has set up.
    pub fn insecure_any_load_balancer(mut self) -> Self {
        self.load_balancers = List::Waived;
        self
    }

    /// The clients that the load balancers sign people in with.
    pub fn client_ids(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.client_ids = List::of(ids);
        self
    }

    /// Accepts people whom a load balancer has signed in with any client.
    pub fn insecure_any_client(mut self) -> Self {
        self.client_ids = List::Waived;
        self
    }

    /// The issuers that people sign in at, exactly as `iss` spells them.
    pub fn issuers(mut self, issuers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.issuers = List::of(issuers);
        self
    }

    /// Accepts people whom any issuer knows.
    pub fn insecure_any_issuer(mut self) -> Self {
        self.issuers = List::Waived;
        self
    }

    /// These public keys and no other: nothing is ever fetched.
    pub fn keys(mut self, keys: JwkSet) -> Self {
        self.keys = Some(keys);
        self
    }

    /// The region whose keys are fetched, where the ARNs do not say it.
    ///
    /// | region | where the keys are |
    /// |---|---|
    /// | `us-gov-*` | `https://s3-REGION.amazonaws.com/aws-elb-public-keys-prod-REGION/KID` |
    /// | `cn-*` | `https://public-keys.auth.elb.REGION.amazonaws.com.cn/KID` |
    /// | any other | `https://public-keys.auth.elb.REGION.amazonaws.com/KID` |
    ///
    /// See AWS, "Authenticate users using an Application Load Balancer". The page does not name those of China; if they are
    /// elsewhere, say so with [`keys_url`](Self::keys_url).
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Where the keys are, if not where AWS keeps those of the region: the URL to which `/KID` is added.
    pub fn keys_url(mut self, url: impl Into<String>) -> Self {
        self.keys_url = Some(url.into());
        self
    }

    /// How long fetched keys are good, and how often they are asked for.
    pub fn key_policy(mut self, policy: KeyPolicy) -> Self {
        self.key_policy = policy;
        self
    }

    /// Fetches keys by this instead of by [`HttpFetch`](crate::HttpFetch).
    pub fn fetcher(mut self, fetcher: impl Fetch + 'static) -> Self {
        self.fetcher = Some(Arc::new(fetcher));
        self
    }

    /// Reads the time from here instead of from the operating system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// By how much the clocks of the load balancer and this machine may differ; by default [`LEEWAY`](crate::LEEWAY).
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The longest value that is read, in bytes; by default [`MAX_TOKEN_BYTES`](crate::MAX_TOKEN_BYTES).
    pub fn max_token_bytes(mut self, limit: usize) -> Self {
        self.max_token_bytes = limit;
        self
    }

    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// Names every mistake, among them each check that was neither stated nor waived.
    pub fn build(self) -> Result<AlbVerifier, ConfigError> {
        let mut mistakes = Vec::new();
        let lists = [
            (&self.load_balancers, "load balancers", "load_balancers", "insecure_any_load_balancer"),
            (&self.client_ids, "client ids", "client_ids", "insecure_any_client"),
            (&self.issuers, "issuers", "issuers", "insecure_any_issuer"),
        ];
        for (list, what, state, waive) in lists {
            let issuer = PLACE.to_owned();
            match list {
                List::Unsaid => mistakes.push(Mistake::NotStated { issuer, what, state, waive }),
                List::AnyOf(values) if values.is_empty() || values.contains("") => {
                    mistakes.push(Mistake::EmptyList { issuer, list: state });
                }
                List::AnyOf(_) | List::Waived => {}
            }
        }
        if self.max_token_bytes == 0 {
            mistakes.push(Mistake::SizeLimit);
        }
        let keys = self.key_source(&mut mistakes);
        ConfigError::check(mistakes)?;
        let shared = Shared {
            load_balancers: self.load_balancers.into_allowed(),
            client_ids: self.client_ids.into_allowed(),
            issuers: self.issuers.into_allowed(),
            keys,
            clock: self.clock,
            leeway: self.leeway,
            max_token_bytes: self.max_token_bytes,
        };
        Ok(AlbVerifier { shared: Arc::new(shared) })
    }

    fn key_source(&self, mistakes: &mut Vec<Mistake>) -> Keys {
        if let Some(keys) = &self.keys {
            return Keys::Given(keys.clone());
        }
        let base = match (&self.keys_url, self.known_region()) {
            (Some(url), _) if is_safe_url(url) && !url.contains('?') => {
                Some(url.trim_end_matches('/').to_owned())
            }
            (Some(url), _) => {
                mistakes.push(Mistake::Url { issuer: PLACE.to_owned(), url: url.clone() });
                None
            }
            (None, Some(region)) => Some(keys_of(region)),
            (None, None) => {
                mistakes.push(Mistake::LoadBalancerRegion);
                None
            }
        };
        let fetcher = self.fetcher.clone().or_else(crate::verifier::default_fetcher);
        if fetcher.is_none() {
            mistakes.push(Mistake::NoFetcher { issuer: PLACE.to_owned() });
        }
        match (base, fetcher) {
            (Some(base), Some(fetcher)) => {
                let store = KeyStore::new(base, self.key_policy, fetcher, Arc::clone(&self.clock));
                Keys::Fetched(Arc::new(store))
            }
            _ => Keys::Given(JwkSet::default()),
        }
    }

    /// The region that was stated, else the one that all ARNs name.
    fn known_region(&self) -> Option<&str> {
        let stated = self.region.as_deref();
        let region = stated.or_else(|| {
            let List::AnyOf(arns) = &self.load_balancers else {
                return None;
            };
            let mut regions = arns.iter().map(|arn| region_of(arn));
            let first = regions.next().flatten()?;
            regions.all(|region| region == Some(first)).then_some(first)
        });
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        region.filter(|region| !region.is_empty() && region.bytes().all(is_name))
    }
}

/// The region in `arn:PARTITION:elasticloadbalancing:REGION:..`.
fn region_of(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    (parts.next()? == "arn").then_some(())?;
    (parts.nth(1)? == "elasticloadbalancing").then_some(())?;
    parts.next()
}

fn keys_of(region: &str) -> String {
    if region.starts_with("us-gov-") {
        return format!("https://s3-{region}.amazonaws.com/aws-elb-public-keys-prod-{region}");
    }
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://public-keys.auth.elb.{region}.{domain}")
}

impl List {
    fn of(values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::AnyOf(values.into_iter().map(Into::into).collect())
    }

    fn into_allowed(self) -> Option<BTreeSet<String>> {
        match self {
            Self::AnyOf(values) => Some(values),
            Self::Unsaid | Self::Waived => None,
        }
    }
}
