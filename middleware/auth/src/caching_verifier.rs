//! A verifier that remembers.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};
use portcullis_rules::Identity;

use crate::{AuthenticateError, VerifiedToken, Verifier, cache::TokenCache};

/// What a cache of verified tokens may take unless [`CachingVerifier::cache_bytes`] says otherwise: 40 MiB, which is good for more
/// than 10,000 tokens of 1,200 bytes. An empty one takes a few kilobytes.
pub const CACHE_BYTES: usize = 40 * 1024 * 1024;

/// A [`Verifier`] that remembers the tokens that it has accepted, so that a client that sends one token with each request has its
/// signature checked once. [`AuthenticateLayer`](crate::AuthenticateLayer) makes one for itself. A clone shares the memory.
///
/// 1. The whole token is compared. One that differs in a single character is another token.
/// 2. Each time, the clock is asked whether the token is within its time, and the key set whether it still has the very key
///    that the token was signed with. Otherwise the token is verified as if it had never been seen.
/// 3. Refusals are never remembered.
/// 4. The memory is bounded by [`CACHE_BYTES`], whatever is sent; what is used least makes room. Two bytes are counted for each
///    of a token, and one kilobyte for the rest. What a handler makes out of the claims by
///    [`Claims::as_map`](crate::rules::Claims::as_map) is kept with them and is not counted.
/// 5. It belongs to this verifier, whose configuration cannot change. Nobody else sees it.
/// 6. Proofs of possession are not remembered: a token that is bound to a key needs a new one with each request.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use portcullis::{CachingVerifier, TokenUse, Verifier, testkit::TestIssuer};
/// use std::time::Duration;
///
/// let pool = TestIssuer::cognito();
/// let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
/// let verifier = CachingVerifier::new(Verifier::builder().issuer(issuer).clock(pool.clock()).build()?);
///
/// let token = pool.access_token("ada").claim("client_id", "web").sign();
/// assert_eq!(verifier.authenticate(&token).await?.sub(), Some("ada"));
/// assert_eq!(verifier.authenticate(&token).await?.sub(), Some("ada"), "without a look at the signature");
///
/// pool.clock().advance(Duration::from_secs(3600));
/// assert!(verifier.authenticate(&token).await.is_err(), "it has expired");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct CachingVerifier {
    verifier: Verifier,
    cache: Option<Arc<TokenCache>>,
}

impl CachingVerifier {
    /// Remembers as many tokens as [`CACHE_BYTES`] allow.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier, cache: None }.cache_bytes(CACHE_BYTES)
    }

    /// Remembers as many tokens as this allows, beginning with none. Less than a single token of a kilobyte takes is nothing.
    #[must_use]
    pub fn cache_bytes(self, bytes: usize) -> Self {
        Self { cache: TokenCache::new(bytes).map(Arc::new), ..self }
    }

    /// Remembers nothing: as the verifier itself.
    #[must_use]
    pub fn without_cache(self) -> Self {
        Self { cache: None, ..self }
    }

    /// How many tokens are remembered. Some may have expired: they make room when it is needed.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.cache.as_ref().map_or(0, |cache| cache.len())
    }

    /// As [`Verifier::verify`].
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`].
    pub async fn verify(&self, token: &str) -> Result<VerifiedToken, AuthenticateError> {
        match self.recall(token) {
            Some(verified) => Ok(verified),
            None => self.verifier.verify(token).await.inspect(|verified| self.remember(token, verified)),
        }
    }

    /// As [`Verifier::verify_now`].
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify_now`].
    #[must_use]
    pub fn verify_now(&self, token: &str) -> Option<Result<VerifiedToken, AuthenticateError>> {
        if let Some(verified) = self.recall(token) {
            return Some(Ok(verified));
        }
        let outcome = self.verifier.verify_now(token)?;
        Some(outcome.inspect(|verified| self.remember(token, verified)))
    }

    /// As [`Verifier::authenticate`].
    ///
    /// # Errors
    ///
    /// As [`Verifier::authenticate`].
    pub async fn authenticate(&self, token: &str) -> Result<Identity, AuthenticateError> {
        Ok(self.verify(token).await?.into_bearer()?)
    }

    /// As [`Verifier::authenticate_now`].
    ///
    /// # Errors
    ///
    /// As [`Verifier::authenticate_now`].
    #[must_use]
    pub fn authenticate_now(&self, token: &str) -> Option<Result<Identity, AuthenticateError>> {
        let verified = self.verify_now(token)?;
        Some(verified.and_then(|verified| Ok(verified.into_bearer()?)))
    }

    /// [`verify`](Self::verify) as a future that borrows nothing.
    pub(crate) fn verify_later(
        &self,
        token: &str,
    ) -> BoxFuture<'static, Result<VerifiedToken, AuthenticateError>> {
        let (verifier, token) = (self.clone(), token.to_owned());
        async move { verifier.verify(&token).await }.boxed()
    }

    fn recall(&self, token: &str) -> Option<VerifiedToken> {
        self.cache.as_ref()?.get(token, &self.verifier)
    }

    fn remember(&self, token: &str, verified: &VerifiedToken) {
        if let Some(cache) = &self.cache {
            cache.insert(token, verified);
        }
    }
}

impl From<Verifier> for CachingVerifier {
    /// As [`CachingVerifier::new`].
    fn from(verifier: Verifier) -> Self {
        Self::new(verifier)
    }
}
