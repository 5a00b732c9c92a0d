//! From a token to an identity.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use portcullis_rules::Identity;

use crate::{
    AuthenticateError, Clock, ConfigError, Confirmation, Fetch, Issuer, Mistake, Rejection, SystemClock,
    VerifiedToken,
    keys::LookUp,
    token::{KnownSigners, SignatureBuffer, Signer, Terms, UnverifiedToken},
    trusted_issuer::TrustedIssuer,
};

/// The longest token that is read unless [`VerifierBuilder::max_token_bytes`] says otherwise: 8 KiB.
///
/// API Gateway lets about 10 KB of headers through in all; tokens of Amazon Cognito with dozens of groups stay under 4 KiB.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// By how much clocks may differ unless [`VerifierBuilder::leeway`] says otherwise: not at all.
///
/// INVARIANT: it is the only tolerance there is. It is added to `exp` and taken from `nbf`, and to nothing else. `iat` must be
/// a number and is not compared with the clock, because issuers' clocks run a moment ahead.
pub const LEEWAY: Duration = Duration::ZERO;

/// Verifies tokens of the issuers that it was built for. A clone shares the keys.
///
/// A token is accepted only if all of this holds:
///
/// 1. It is no longer than [`MAX_TOKEN_BYTES`], which is looked at before anything else.
/// 2. It has three parts of unpadded base64url, each spelled in the one way that is right.
/// 3. Header and claims are strict JSON objects: no name twice, nothing after them, at most 16 levels deep.
/// 4. The header has an `alg` of [`Algorithm`](crate::Algorithm), a `typ` of `JWT` or `at+jwt` if it has one, and none of `crit`, `b64`, `zip`,
///    `enc`, `cty`, `jwk`, `x5c`. `jku` and `x5u` mean nothing here.
/// 5. `iss` is byte by byte that of a configured issuer, and that issuer has a key of exactly this `kid`.
/// 6. The key is for this `alg`, and the signature is right.
/// 7. `exp` is a number in the future. `nbf`, if there, is a number that is not; `iat`, if there, is a number.
/// 8. `sub` is a string that is not empty.
/// 9. Client, audience and token use are the expected ones, as [`Issuer`] says.
/// 10. There is no `cnf`: a token that is bound to a key of its sender is not a bearer token. Only [`verify`](Self::verify) lets
///     one through, for those who ask for the proof.
///
/// *Caveat:* a token stays good until it expires. Signing out does not end it; short lifetimes do.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use portcullis::{AuthenticateError, Rejection, TokenUse, Verifier, testkit::TestIssuer};
///
/// let pool = TestIssuer::cognito();
/// let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
/// let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
///
/// let token = pool.access_token("ada").claim("client_id", "web").sign();
/// assert_eq!(verifier.authenticate(&token).await?.sub(), Some("ada"));
///
/// let token = pool.access_token("ada").claim("client_id", "other").sign();
/// assert_eq!(verifier.authenticate(&token).await, Err(AuthenticateError::Rejected(Rejection::Client)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Verifier {
    shared: Arc<Shared>,
}

struct Shared {
    issuers: Vec<Arc<TrustedIssuer>>,
    clock: Arc<dyn Clock>,
    max_token_bytes: usize,
    leeway: f64,
    known_signers: KnownSigners,
}

/// Collects what a [`Verifier`] needs.
#[derive(Clone, Debug)]
#[must_use]
pub struct VerifierBuilder {
    issuers: Vec<Issuer>,
    clock: Arc<dyn Clock>,
    fetcher: Option<Arc<dyn Fetch>>,
    max_token_bytes: usize,
    leeway: Duration,
}

impl Verifier {
    /// Begins a configuration.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder {
            issuers: Vec::new(),
            clock: Arc::new(SystemClock),
            fetcher: None,
            max_token_bytes: MAX_TOKEN_BYTES,
            leeway: LEEWAY,
        }
    }

    /// Says whether a token is good, and what it says. Waits only if keys must be fetched first.
    ///
    /// A token that is bound to a key of its sender is good only together with the proof of that key, which is for the caller to
    /// ask for: see [`VerifiedToken::confirmation`].
    ///
    /// # Errors
    ///
    /// When the token is not accepted, or the keys that would tell cannot be had.
    pub async fn verify(&self, token: &str) -> Result<VerifiedToken, AuthenticateError> {
        let mut buffer = SignatureBuffer::new();
        let mut unverified = self.parse(token, &mut buffer)?;
        let issuer = self.issuer_of(&unverified)?;
        let now = self.now();
        if let Some(signer) = self.known_signer(&mut unverified, issuer, now) {
            return Ok(self.check(signer, unverified, now)?);
        }
        let found = issuer.keys.find(unverified.header.key_id.as_deref()).await;
        self.conclude(issuer, unverified, found).unwrap_or(Err(Rejection::UnknownKey.into()))
    }

    /// Says whether a token is good, if that can be said without fetching keys.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify); `None` means that it would have to wait.
    #[must_use]
    pub fn verify_now(&self, token: &str) -> Option<Result<VerifiedToken, AuthenticateError>> {
        let mut buffer = SignatureBuffer::new();
        let mut unverified = match self.parse(token, &mut buffer) {
            Ok(unverified) => unverified,
            Err(rejection) => return Some(Err(rejection.into())),
        };
        let issuer = match self.issuer_of(&unverified) {
            Ok(issuer) => issuer,
            Err(rejection) => return Some(Err(rejection.into())),
        };
        let now = self.now();
        if let Some(signer) = self.known_signer(&mut unverified, issuer, now) {
            return Some(self.check(signer, unverified, now).map_err(AuthenticateError::from));
        }
        let found = issuer.keys.look_up(unverified.header.key_id.as_deref());
        self.conclude(issuer, unverified, found)
    }

    /// Says whose bearer token this is. Waits only if keys must be fetched first.
    ///
    /// # Errors
    ///
    /// When the token is not accepted, is bound to a key of its sender, or the keys that would tell cannot be had.
    pub async fn authenticate(&self, token: &str) -> Result<Identity, AuthenticateError> {
        Ok(self.verify(token).await?.into_bearer()?)
    }

    /// Says whose bearer token this is, if that can be said without fetching keys.
    ///
    /// # Errors
    ///
    /// As [`authenticate`](Self::authenticate); `None` means that it would have to wait.
    #[must_use]
    pub fn authenticate_now(&self, token: &str) -> Option<Result<Identity, AuthenticateError>> {
        let verified = self.verify_now(token)?;
        Some(verified.and_then(|verified| Ok(verified.into_bearer()?)))
    }

    /// A token that was accepted, if it would be now: it is within its time, and its key is still the one of that id.
    #[inline]
    pub(crate) fn still_accepts(&self, token: VerifiedToken) -> Option<VerifiedToken> {
        let now = self.now();
        token.lifetime.check(now).ok()?;
        if token.signer.holds(now) { Some(token) } else { self.renew(token) }
    }

    /// A token whose set of keys has changed, or is so old that it may have to be fetched before the key can be used.
    #[cold]
    fn renew(&self, token: VerifiedToken) -> Option<VerifiedToken> {
        let Signer { header, issuer, key, .. } = &*token.signer;
        let LookUp::Found((found, generation)) = issuer.keys.look_up(header.key_id.as_deref()) else {
            return None;
        };
        Arc::ptr_eq(&found, key).then_some(())?;
        let known = self.shared.known_signers.with(header, issuer);
        let known = known.filter(|known| known.generation == generation && Arc::ptr_eq(&known.key, key));
        let signer = known.unwrap_or_else(|| {
            let (header, issuer) = (Arc::clone(header), Arc::clone(issuer));
            let signer = Arc::new(Signer { header, issuer, key: found, generation });
            self.shared.known_signers.keep(&signer);
            signer
        });
        Some(VerifiedToken { signer, ..token })
    }

    /// What the clock says.
    pub(crate) fn now(&self) -> SystemTime {
        self.shared.clock.now()
    }

    fn parse<'a>(
        &self,
        token: &'a str,
        buffer: &'a mut SignatureBuffer,
    ) -> Result<UnverifiedToken<'a>, Rejection> {
        UnverifiedToken::parse(token, self.shared.max_token_bytes, &self.shared.known_signers, buffer)
    }

    /// Who has signed tokens with this header for this issuer, unless the key must be looked up again.
    fn known_signer(
        &self,
        token: &mut UnverifiedToken<'_>,
        issuer: &Arc<TrustedIssuer>,
        now: SystemTime,
    ) -> Option<Arc<Signer>> {
        let signer = token.known_signer(issuer, &self.shared.known_signers)?;
        signer.holds(now).then_some(signer)
    }

    fn issuer_of(&self, token: &UnverifiedToken<'_>) -> Result<&Arc<TrustedIssuer>, Rejection> {
        let issuers = &self.shared.issuers;
        let named = token.claims.text("iss");
        let issuer = issuers.iter().find(|issuer| !issuer.is_any && named == Some(&issuer.url));
        let issuer =
            issuer.or_else(|| issuers.iter().find(|issuer| issuer.is_any)).ok_or(Rejection::Issuer)?;
        issuer.check_header(&token.header)?;
        Ok(issuer)
    }

    fn conclude(
        &self,
        issuer: &Arc<TrustedIssuer>,
        token: UnverifiedToken<'_>,
        found: LookUp,
    ) -> Option<Result<VerifiedToken, AuthenticateError>> {
        match found {
            LookUp::Found((key, generation)) => {
                let (header, issuer) = (Arc::clone(&token.header), Arc::clone(issuer));
                let signer = Arc::new(Signer { header, issuer, key, generation });
                let verified = self.check(Arc::clone(&signer), token, self.now());
                Some(
                    verified
                        .inspect(|_| self.shared.known_signers.keep(&signer))
                        .map_err(AuthenticateError::from),
                )
            }
            LookUp::Unknown => Some(Err(Rejection::UnknownKey.into())),
            LookUp::Unavailable { retry_after } => {
                Some(Err(AuthenticateError::KeysUnavailable { retry_after }))
            }
            LookUp::Fetch => None,
        }
    }

    fn check(
        &self,
        signer: Arc<Signer>,
        token: UnverifiedToken<'_>,
        now: SystemTime,
    ) -> Result<VerifiedToken, Rejection> {
        let UnverifiedToken { claims, signing_input, signature, .. } = token;
        signer.key.verify(signer.header.algorithm, signing_input, signature)?;
        let terms = Terms { now, leeway: self.shared.leeway };
        let lifetime = signer.issuer.checks.check(&signer.header, &claims, terms)?;
        let confirmation = Confirmation::of(&claims)?.map(Box::new);
        Ok(VerifiedToken { signer, claims, lifetime, confirmation })
    }
}

impl VerifierBuilder {
    /// Adds an issuer. Each has its own keys: the same key id at two issuers is two keys.
    ///
    /// *Caveat:* rules see the [`Provider`](crate::rules::Provider), which is the kind of the issuer, and not the issuer. Two user
    /// pools, or two other issuers, therefore share owners and groups: whoever is `ada` or in `editors` at one is so at the
    /// other. Give a verifier two of one kind only if both are trusted alike and never give one name to two people.
    pub fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Reads the time from here instead of from the operating system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Fetches key sets by this instead of by [`HttpFetch`](crate::HttpFetch).
    pub fn fetcher(mut self, fetcher: impl Fetch + 'static) -> Self {
        self.fetcher = Some(Arc::new(fetcher));
        self
    }

    /// The longest token that is read, in bytes; by default [`MAX_TOKEN_BYTES`].
    pub fn max_token_bytes(mut self, limit: usize) -> Self {
        self.max_token_bytes = limit;
        self
    }

    /// By how much the clocks of the issuer and this machine may differ; by default [`LEEWAY`].
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// Names every mistake, among them each check that was neither stated nor waived.
    pub fn build(self) -> Result<Verifier, ConfigError> {
        let mut mistakes = Vec::new();
        if self.issuers.is_empty() {
            mistakes.push(Mistake::NoIssuer);
        }
        if self.max_token_bytes == 0 {
            mistakes.push(Mistake::SizeLimit);
        }
        let fetcher = self.fetcher.or_else(default_fetcher);
        let mut issuers: Vec<Arc<TrustedIssuer>> = Vec::new();
        for issuer in self.issuers {
            if issuers.iter().any(|known| known.url == issuer.url) {
                mistakes.push(Mistake::IssuerTwice(issuer.url.clone()));
            }
            if issuer.is_any && issuers.iter().any(|known| known.is_any) {
                mistakes.push(Mistake::AnyIssuerTwice(issuer.url.clone()));
            }
            issuers.push(Arc::new(TrustedIssuer::new(issuer, fetcher.as_ref(), &self.clock, &mut mistakes)));
        }
        ConfigError::check(mistakes)?;
        let shared = Shared {
            issuers,
            clock: self.clock,
            max_token_bytes: self.max_token_bytes,
            leeway: self.leeway.as_secs_f64(),
            known_signers: KnownSigners::default(),
        };
        Ok(Verifier { shared: Arc::new(shared) })
    }
}

#[cfg(feature = "fetch")]
pub(crate) fn default_fetcher() -> Option<Arc<dyn Fetch>> {
    Some(Arc::new(crate::HttpFetch::new()))
}

#[cfg(not(feature = "fetch"))]
pub(crate) fn default_fetcher() -> Option<Arc<dyn Fetch>> {
    None
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers: Vec<&str> = self.shared.issuers.iter().map(|issuer| issuer.url.as_str()).collect();
        f.debug_struct("Verifier").field("issuers", &issuers).finish_non_exhaustive()
    }
}
