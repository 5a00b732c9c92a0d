//! What an Application Load Balancer says about who has signed in: the header `x-amzn-oidc-data`.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use base64::{
    Engine,
    engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD},
};
use portcullis_rules::{Claims, Identity, User, VerifiedBy};
use serde_json::{Map, Value};

use crate::{
    Algorithm, AuthenticateError, Clock, ConfigError, JwkSet, LEEWAY, MAX_TOKEN_BYTES, Mistake, Rejection,
    SystemClock, clock::unix_seconds, token::strict_json,
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
/// *Caveat:* whoever reaches the service past the load balancer can replay what they have seen until it expires; let security
/// groups admit the load balancer only. `x-amzn-oidc-identity` and `x-amzn-oidc-accesstoken` are not read: nothing binds the
/// first to anything.
///
/// ```
/// use portcullis::{AlbVerifier, JwkSet};
/// # let keys = JwkSet::from_json(r#"{"keys":[]}"#)?;
///
/// let verifier = AlbVerifier::builder()
///     .load_balancers(["arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"])
///     .client_ids(["web"])
///     .issuers(["https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"])
///     .keys(keys)
///     .build()?;
/// assert!(verifier.verify_now("no token").is_err());
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
    keys: JwkSet,
    clock: Arc<dyn Clock>,
    leeway: Duration,
    max_token_bytes: usize,
}

/// Collects what an [`AlbVerifier`] needs.
#[derive(Clone, Debug)]
#[must_use]
pub struct AlbVerifierBuilder {
    load_balancers: List,
    client_ids: List,
    issuers: List,
    keys: Option<JwkSet>,
    clock: Arc<dyn Clock>,
    leeway: Duration,
    max_token_bytes: usize,
}

/// What is allowed, stated or waived.
#[derive(Clone, Debug, Default)]
enum List {
    #[default]
    Unsaid,
    Waived,
    AnyOf(BTreeSet<String>),
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
            clock: Arc::new(SystemClock),
            leeway: LEEWAY,
            max_token_bytes: MAX_TOKEN_BYTES,
        }
    }

    /// Says whether the value of `x-amzn-oidc-data` is good, and what it says.
    ///
    /// # Errors
    ///
    /// When it is not accepted.
    pub fn verify_now(&self, data: &str) -> Result<AlbToken, AuthenticateError> {
        Ok(self.shared.verify(data)?)
    }
}

impl Shared {
    fn verify(&self, data: &str) -> Result<AlbToken, Rejection> {
        if data.len() > self.max_token_bytes {
            return Err(Rejection::TooLong);
        }
        let (input, signature) = data.rsplit_once('.').ok_or(Rejection::Parts)?;
        let (header, claims) = input.split_once('.').ok_or(Rejection::Parts)?;
        if claims.contains('.') || header.is_empty() || claims.is_empty() {
            return Err(Rejection::Parts);
        }
        let header = strict_json::parse_object(&decode(header)?).ok_or(Rejection::HeaderJson)?;
        let key_id = self.check_header(&header)?;
        let claims = strict_json::parse_object(&decode(claims)?).ok_or(Rejection::ClaimsJson)?;
        let signature = decode(signature)?;
        let key = self.keys.get(Some(key_id)).ok_or(Rejection::UnknownKey)?;
        key.verify(Algorithm::Es256, input.as_bytes(), &signature)?;
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

impl AlbVerifierBuilder {
    /// The ARNs of the load balancers whose word is taken; one of them suffices.
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

    /// The public keys of the load balancers' region.
    pub fn keys(mut self, keys: JwkSet) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Reads the time from here instead of from the operating system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// By how much the clocks of the load balancer and this machine may differ; by default [`LEEWAY`].
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The longest value that is read, in bytes; by default [`MAX_TOKEN_BYTES`].
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
        const PLACE: &str = "load balancer";
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
        if self.keys.is_none() {
            mistakes.push(Mistake::NoFetcher { issuer: PLACE.to_owned() });
        }
        ConfigError::check(mistakes)?;
        let shared = Shared {
            load_balancers: self.load_balancers.into_allowed(),
            client_ids: self.client_ids.into_allowed(),
            issuers: self.issuers.into_allowed(),
            keys: self.keys.unwrap_or_default(),
            clock: self.clock,
            leeway: self.leeway,
            max_token_bytes: self.max_token_bytes,
        };
        Ok(AlbVerifier { shared: Arc::new(shared) })
    }
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
