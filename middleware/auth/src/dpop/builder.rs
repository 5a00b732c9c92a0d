use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{Dpop, Nonces, Settings, replays::Replays, uri::Location};
use crate::{Algorithm, Clock, ConfigError, Mistake, SystemClock, keys::is_safe_url};

/// How far the time of a proof may be from the clock unless [`DpopBuilder::window`] says otherwise: a minute either way.
pub const PROOF_WINDOW: Duration = Duration::from_secs(60);

/// How many proofs are remembered unless [`DpopBuilder::remember`] says otherwise: as many as come in two minutes at 800 a
/// second. That takes about 10 MB, when it is used.
pub const REMEMBERED_PROOFS: usize = 100_000;

/// Collects what a [`Dpop`] needs.
#[derive(Clone, Debug)]
#[must_use]
pub struct DpopBuilder {
    origins: Vec<String>,
    algorithms: Option<Vec<Algorithm>>,
    window: Duration,
    remember: usize,
    nonces: Option<Arc<dyn Nonces>>,
    required: bool,
    clock: Arc<dyn Clock>,
}

impl DpopBuilder {
    pub(super) fn new() -> Self {
        Self {
            origins: Vec::new(),
            algorithms: None,
            window: PROOF_WINDOW,
            remember: REMEMBERED_PROOFS,
            nonces: None,
            required: false,
            clock: Arc::new(SystemClock),
        }
    }

    /// The public URL at which clients reach this service, such as `https://api.example.com`; another call adds another.
    ///
    /// A proof names the URL that the client asked for. What arrives here is something else: gateways end TLS and rewrite
    /// hosts. If they cut the path as well, say here what they cut, as in `https://api.example.com/v1`. The same goes for
    /// axum's `nest`, when the layer is inside of it. (Where `lambda_http` puts the stage in front of the path, and a custom
    /// domain has none, set its variable `AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH`.)
    ///
    /// *Caveat:* a gateway that resolves escapes in the path hides what the client has asked for; there, proofs for paths with
    /// escapes are refused.
    pub fn origin(mut self, url: impl Into<String>) -> Self {
        self.origins.push(url.into());
        self
    }

    /// Narrows the algorithms of proofs; by default, each [`Algorithm`] is accepted.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// How far the time of a proof may be from the clock, either way: one second to an hour; by default [`PROOF_WINDOW`].
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// How many proofs are remembered; by default [`REMEMBERED_PROOFS`]. More than that within the window are refused.
    pub fn remember(mut self, proofs: usize) -> Self {
        self.remember = proofs;
        self
    }

    /// Asks for a nonce in each proof.
    pub fn nonces(mut self, nonces: impl Nonces + 'static) -> Self {
        self.nonces = Some(Arc::new(nonces));
        self
    }

    /// Refuses tokens that come without a proof. API keys and what a gateway has checked are another matter.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Reads the time from here instead of from the operating system. A test gives it the clock of its verifier.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// Names every mistake.
    pub fn build(self) -> Result<Dpop, ConfigError> {
        let mut mistakes = Vec::new();
        if self.origins.is_empty() {
            mistakes.push(Mistake::NoOrigin);
        }
        let mut origins = Vec::new();
        for origin in self.origins {
            match Location::base(&origin).filter(|_| is_safe_url(&origin)) {
                Some(location) => origins.push(location),
                None => mistakes.push(Mistake::Origin(origin)),
            }
        }
        let algorithms = self.algorithms.unwrap_or_else(|| Algorithm::ALL.to_vec());
        let distinct: HashSet<Algorithm> = algorithms.iter().copied().collect();
        if algorithms.is_empty() || distinct.len() != algorithms.len() {
            mistakes.push(Mistake::ProofAlgorithms);
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&self.window) {
            mistakes.push(Mistake::ProofWindow);
        }
        if self.remember == 0 {
            mistakes.push(Mistake::NothingRemembered);
        }
        ConfigError::check(mistakes)?;
        let settings = Settings {
            origins,
            algorithms,
            window: self.window.as_secs_f64(),
            replays: Replays::new(self.remember),
            nonces: self.nonces,
            required: self.required,
            clock: self.clock,
        };
        Ok(Dpop { settings: Arc::new(settings) })
    }
}
