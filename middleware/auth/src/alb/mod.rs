//! What an Application Load Balancer says about who has signed in: the header `x-amzn-oidc-data`.

mod builder;
mod key_store;
mod pem;

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use base64::{
    Engine,
    engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD},
};
use futures_util::{FutureExt, future::BoxFuture};
use portcullis_rules::{Claims, Identity, User, VerifiedBy};
use serde_json::{Map, Value};

pub use self::builder::AlbVerifierBuilder;
use self::{builder::List, key_store::KeyStore};
use crate::{
    Algorithm, AuthenticateError, Clock, JwkSet, KeyPolicy, LEEWAY, MAX_TOKEN_BYTES, Rejection, SystemClock,
    clock::unix_seconds,
    keys::{LookUp, VerifyingKey},
    token::strict_json,
};

/// Verifies what an Application Load Balancer puts into the header `x-amzn-oidc-data`. A clone shares the keys.
///
/// It is not a bearer token: the load balancer writes it anew for each request, signs it with a key of its region, and names
/// itself in the header. It is accepted only if all of this holds:
///
/// 1. It is no longer than [`MAX_TOKEN_BYTES`], and has three parts of base64url, padded as the load balancer pads them or not.
/// 2. Header and claims are strict JSON objects, as for a [`Verifier`](crate::Verifier).
/// 3. `alg` is `ES256`, there is a `kid`, and none of `crit`, `b64`, `zip`, `enc`, `cty`, `jwk`, `x5c`.
/// 4. `signer` is the ARN of one of these load balancers, and `client` one of these clients, both byte by byte. Every load
///    balancer of a region signs with the same keys; without `signer` that of somebody else would do.
/// 5. The key of this `kid` has signed it.
/// 6. `iss` and `exp` are there, in the header or in the claims; in both places they are right.
/// 7. `sub` is a string that is not empty.
///
/// # Keys
///
/// Load balancers publish each key under its id: `https://public-keys.auth.elb.REGION.amazonaws.com/KID`, in PEM. So this is the one place where
/// a `kid` enters a URL, and only one that is a UUID in lower case, behind a URL that configuration gives. The region is that of the ARNs.
///
/// 1. A key is fetched when data names it that is right in everything but the signature. Whoever needs it waits for one fetch
///    together; a key that is known is never waited for before [`KeyPolicy::max_age`], and then the old one serves if none can be had.
/// 2. Anybody can make up ids. Unknown ones cause six fetches at once, and one in each [`KeyPolicy::unknown_key_cooldown`] on average, whoever
///    sends them; past that the answer is 503 with the time to wait. An id that AWS does not know is not asked for again in a cool-down.
/// 3. A fetch that fails is not repeated at once, as [`KeyPolicy`] says, which also holds for what is read: https only, no redirect, little.
/// 4. [`AlbVerifierBuilder::keys`] gives the keys instead, and nothing is fetched.
///
/// *Caveat:* whoever reaches the service past the load balancer can replay what they have seen until it expires; let security
/// groups admit the load balancer only. `x-amzn-oidc-identity` and `x-amzn-oidc-accesstoken` are not read: nothing binds the
/// first to anything.
///
/// ```
/// use portcullis::AlbVerifier;
///
/// let verifier = AlbVerifier::builder()
///     .load_balancers(["arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"])
///     .client_ids(["web"])
///     .issuers(["https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"])
///     .build()?;
/// assert!(verifier.verify_now("no token").is_some_and(|outcome| outcome.is_err()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct AlbVerifier {
    shared: Arc<Shared>,
}

struct Shared {
    load_balancers: Option<BTreeSet<String>>,
    client_ids: Option<BTreeSet<String>>,
    issuers: Option<BTreeSet<String>>,
    keys: Keys,
    clock: Arc<dyn Clock>,
    leeway: Duration,
    max_token_bytes: usize,
}

/// Where keys come from.
enum Keys {
    /// These and no other.
    Given(JwkSet),
    Fetched(Arc<KeyStore>),
}

/// What a load balancer may have written, before anybody knows whether it has.
struct Unverified<'a> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    key_id: String,
    signing_input: &'a str,
    signature: Vec<u8>,
}

/// What a load balancer has said.
#[derive(Clone)]
pub struct AlbToken {
    claims: Claims,
}

impl AlbVerifier {
    /// Begins a configuration.
    pub fn builder() -> AlbVerifierBuilder {
        AlbVerifierBuilder {
            load_balancers: List::Unsaid,
            client_ids: List::Unsaid,
            issuers: List::Unsaid,
            keys: None,
            region: None,
            keys_url: None,
            key_policy: KeyPolicy::default(),
            fetcher: None,
            clock: Arc::new(SystemClock),
            leeway: LEEWAY,
            max_token_bytes: MAX_TOKEN_BYTES,
        }
    }

    /// Says whether the value of `x-amzn-oidc-data` is good, and what it says. Waits only if its key must be fetched first.
    ///
    /// # Errors
    ///
    /// When it is not accepted, or the key that would tell cannot be had.
    pub async fn verify(&self, data: &str) -> Result<AlbToken, AuthenticateError> {
        let unverified = self.shared.read(data)?;
        let found = match &self.shared.keys {
            Keys::Given(_) => self.shared.look_up(&unverified.key_id),
            Keys::Fetched(store) => match store.look_up(&unverified.key_id) {
                LookUp::Fetch => {
                    // Nothing is fetched for what would be refused in any case.
                    self.shared.check_claims(&unverified.header, &unverified.claims)?;
                    store.find(&unverified.key_id).await
                }
                answer => answer,
            },
        };
        self.shared.conclude(unverified, found).unwrap_or(Err(Rejection::UnknownKey.into()))
    }

    /// Says whether the value is good, if that can be said without fetching a key.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify); `None` means that it would have to wait.
    #[must_use]
    pub fn verify_now(&self, data: &str) -> Option<Result<AlbToken, AuthenticateError>> {
        let unverified = match self.shared.read(data) {
            Ok(unverified) => unverified,
            Err(rejection) => return Some(Err(rejection.into())),
        };
        let found = self.shared.look_up(&unverified.key_id);
        self.shared.conclude(unverified, found)
    }

    /// [`verify`](Self::verify) as a future that borrows nothing.
    pub(crate) fn verify_later(&self, data: &str) -> BoxFuture<'static, Result<AlbToken, AuthenticateError>> {
        let (verifier, data) = (self.clone(), data.to_owned());
        async move { verifier.verify(&data).await }.boxed()
    }
}

impl Shared {
    fn read<'a>(&self, data: &'a str) -> Result<Unverified<'a>, Rejection> {
        if data.len() > self.max_token_bytes {
            return Err(Rejection::TooLong);
        }
        let (signing_input, signature) = data.rsplit_once('.').ok_or(Rejection::Parts)?;
        let (header, claims) = signing_input.split_once('.').ok_or(Rejection::Parts)?;
        if claims.contains('.') || header.is_empty() || claims.is_empty() {
            return Err(Rejection::Parts);
        }
        let header = strict_json::parse_object(&decode(header)?).ok_or(Rejection::HeaderJson)?;
        let key_id = self.check_header(&header)?.to_owned();
        let claims = strict_json::parse_object(&decode(claims)?).ok_or(Rejection::ClaimsJson)?;
        Ok(Unverified { header, claims, key_id, signing_input, signature: decode(signature)? })
    }

    fn look_up(&self, key_id: &str) -> LookUp<Arc<VerifyingKey>> {
        match &self.keys {
            Keys::Given(keys) => keys
                .get(Some(key_id))
                .map_or(LookUp::Unknown, |key: &Arc<VerifyingKey>| LookUp::Found(Arc::clone(key))),
            Keys::Fetched(store) => store.look_up(key_id),
        }
    }

    fn conclude(
        &self,
        unverified: Unverified<'_>,
        found: LookUp<Arc<VerifyingKey>>,
    ) -> Option<Result<AlbToken, AuthenticateError>> {
        match found {
            LookUp::Found(key) => Some(self.check(unverified, &key).map_err(AuthenticateError::from)),
            LookUp::Unknown => Some(Err(Rejection::UnknownKey.into())),
            LookUp::Unavailable { retry_after } => {
                Some(Err(AuthenticateError::KeysUnavailable { retry_after }))
            }
            LookUp::Fetch => None,
        }
    }

    fn check(&self, unverified: Unverified<'_>, key: &VerifyingKey) -> Result<AlbToken, Rejection> {
        let Unverified { header, claims, signing_input, signature, .. } = unverified;
        key.verify(Algorithm::Es256, signing_input.as_bytes(), &signature)?;
        self.check_claims(&header, &claims)?;
        Ok(AlbToken { claims: claims.into() })
    }

    /// What can be said before the signature is looked at; the id of the key.
    fn check_header<'a>(&self, header: &'a Map<String, Value>) -> Result<&'a str, Rejection> {
        let has = |names: &[&str]| names.iter().any(|name| header.contains_key(*name));
        if has(&["crit", "b64"]) {
            return Err(Rejection::Extension);
        }
        if has(&["enc", "zip", "cty"]) {
            return Err(Rejection::Encrypted);
        }
        if has(&["jwk", "x5c"]) {
            return Err(Rejection::EmbeddedKey);
        }
        let text = |name| header.get(name).and_then(Value::as_str);
        if text("alg") != Some(Algorithm::Es256.name()) {
            return Err(Rejection::Algorithm);
        }
        if has(&["typ"]) && !text("typ").is_some_and(|typ| typ.eq_ignore_ascii_case("JWT")) {
            return Err(Rejection::Type);
        }
        let is_among = |value: Option<&str>, allowed: &Option<BTreeSet<String>>| {
            allowed.as_ref().is_none_or(|allowed| value.is_some_and(|value| allowed.contains(value)))
        };
        if !is_among(text("signer"), &self.load_balancers) {
            return Err(Rejection::Signer);
        }
        if !is_among(text("client"), &self.client_ids) {
            return Err(Rejection::Client);
        }
        text("kid").ok_or(Rejection::KeyId)
    }

    fn check_claims(
        &self,
        header: &Map<String, Value>,
        claims: &Map<String, Value>,
    ) -> Result<(), Rejection> {
        let both = |name| [header, claims].into_iter().filter_map(move |part| part.get(name));
        if let Some(allowed) = &self.issuers {
            let is_allowed = |issuer: &Value| issuer.as_str().is_some_and(|issuer| allowed.contains(issuer));
            if both("iss").next().is_none() || !both("iss").all(is_allowed) {
                return Err(Rejection::Issuer);
            }
        }
        let (now, leeway) = (unix_seconds(self.clock.now()), self.leeway.as_secs_f64());
        let seconds = |name| {
            let times: Option<Vec<f64>> = both(name).map(Value::as_f64).collect();
            times.ok_or(Rejection::TimeClaim)
        };
        let (expires, begins, _issued) = (seconds("exp")?, seconds("nbf")?, seconds("iat")?);
        if expires.is_empty() {
            return Err(Rejection::TimeClaim);
        }
        if expires.iter().any(|expires| expires + leeway <= now) {
            return Err(Rejection::Expired);
        }
        if begins.iter().any(|begins| begins - leeway > now) {
            return Err(Rejection::NotYetValid);
        }
        if claims.get("sub").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Rejection::Subject);
        }
        if claims.contains_key("cnf") {
            return Err(Rejection::SenderConstrained);
        }
        Ok(())
    }
}

/// Base64url, padded to the last letter or not at all: the load balancer pads, which RFC 7515 does not allow.
fn decode(text: &str) -> Result<Vec<u8>, Rejection> {
    let engine = if text.ends_with('=') { &URL_SAFE } else { &URL_SAFE_NO_PAD };
    engine.decode(text).map_err(|_| Rejection::Base64)
}

impl AlbToken {
    /// What it says: the claims that the load balancer got from the issuer's user info endpoint.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Who has signed in, as a user of an OpenID Connect issuer.
    #[must_use]
    pub fn into_identity(self) -> Identity {
        Identity::User(User::oidc(self.claims, VerifiedBy::Portcullis))
    }
}

impl fmt::Debug for AlbVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlbVerifier")
            .field("load_balancers", &self.shared.load_balancers)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AlbToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlbToken").field("claims", &self.claims).finish()
    }
}
