//! Proofs of possession: a token that is bound to a key is of use only to whoever has that key (DPoP, RFC 9449).

mod builder;
mod error;
mod nonces;
mod proof;
mod replays;
mod uri;

use std::{fmt, sync::Arc, time::SystemTime};

use aws_lc_rs::digest;

pub use self::{
    builder::{DpopBuilder, PROOF_WINDOW, REMEMBERED_PROOFS},
    error::ProofError,
    nonces::{Nonces, TimedNonces},
    proof::MAX_PROOF_BYTES,
};
use self::{
    proof::{Proof, UnverifiedProof},
    replays::{ProofId, Replays},
    uri::{Location, normal_path},
};
use crate::{Algorithm, Clock, Confirmation, Thumbprint, clock::unix_seconds};

/// Checks the proofs that come with tokens which are bound to a key. A clone remembers the same proofs.
///
/// A proof is accepted only if all of this holds (RFC 9449, 4.3 and 7):
///
/// 1. There is exactly one, of at most [`MAX_PROOF_BYTES`]: a signed token of strict base64url and strict JSON.
/// 2. Its header has `typ` `dpop+jwt`, an `alg` that is [accepted](DpopBuilder::algorithms), a public `jwk`, and none of `crit`,
///    `b64`, `enc`, `zip`, `cty`. A private or symmetric key is refused, and so is one that is weak.
/// 3. The token is bound to that key: `cnf.jkt` is its thumbprint (RFC 7638).
/// 4. The signature is right under that key.
/// 5. It has `jti`, `htm`, `htu`, `iat` and `ath`. `htm` is the method, byte by byte. `htu` is the URL: one of the
///    [origins](DpopBuilder::origin) and the path, without query and fragment; letter case of the host, default ports and
///    needless escapes do not matter, and `.` or `..` as a segment is refused.
/// 6. `ath` is the SHA-256 of the token.
/// 7. `iat` is no further from the clock than the [window](DpopBuilder::window). `exp` and `nbf`, if there, hold too.
/// 8. Where [nonces](DpopBuilder::nonces) are asked for, it has one that is accepted now.
/// 9. It has not been used: key and `jti` are remembered while `iat` would let it pass. Only proofs that have passed all other
///    checks are remembered. If there are more of them than can be [remembered](DpopBuilder::remember), they are refused (503)
///    until one has ended; nothing is forgotten early.
///
/// *Caveat:* each process remembers for itself. A proof that was used at one instance of a function passes once at another, and
/// after a restart, while its time lasts. A short window and [nonces](DpopBuilder::nonces) narrow that.
///
/// *Caveat:* a browser's script reads `DPoP-Nonce` and `WWW-Authenticate` only if CORS exposes them.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use http::{Request, Response};
/// use portcullis::{AuthenticateLayer, Dpop, TokenUse, Verifier, testkit::{ProofKey, TestIssuer}};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// let pool = TestIssuer::cognito();
/// let issuer = pool.issuer().insecure_any_client().token_use(TokenUse::Access);
/// let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
/// let dpop = Dpop::builder().origin("https://api.example.com").clock(pool.clock()).build()?;
///
/// let service = ServiceBuilder::new().layer(AuthenticateLayer::new(verifier).dpop(dpop)).service(service_fn(
///     async |_: Request<String>| Ok::<_, std::convert::Infallible>(Response::new("hello".to_owned())),
/// ));
///
/// let key = ProofKey::generate();
/// let token = pool.access_token("ada").claim("cnf", key.confirmation()).sign();
/// let proof = key.proof("GET", "https://api.example.com/notes", &token).sign();
/// let request = || Request::get("/notes?page=2").header("authorization", format!("DPoP {token}"));
///
/// let response = service.clone().oneshot(request().header("dpop", proof).body(String::new())?).await?;
/// assert_eq!(response.body(), "hello");
///
/// let response = service.oneshot(request().body(String::new())?).await?;
/// assert_eq!(response.status(), 401);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Dpop {
    settings: Arc<Settings>,
}

struct Settings {
    origins: Vec<Location>,
    algorithms: Vec<Algorithm>,
    /// In seconds.
    window: f64,
    replays: Replays,
    nonces: Option<Arc<dyn Nonces>>,
    required: bool,
    clock: Arc<dyn Clock>,
}

/// What a proof must fit.
#[derive(Clone, Copy)]
pub struct ProvenRequest<'a> {
    /// The method, such as `GET`.
    pub method: &'a str,
    /// The path as it arrived. A query after it is ignored.
    pub path: &'a str,
    /// The access token, which has been verified.
    pub token: &'a str,
}

/// A proof that was accepted, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedProof {
    key: Thumbprint,
    next_nonce: Option<String>,
}

impl AcceptedProof {
    /// The key that signed it.
    #[must_use]
    pub fn key(&self) -> &Thumbprint {
        &self.key
    }

    /// What the answer should say in `DPoP-Nonce`: the client's nonce is about to end.
    #[must_use]
    pub fn next_nonce(&self) -> Option<&str> {
        self.next_nonce.as_deref()
    }
}

impl Dpop {
    /// Begins a configuration.
    pub fn builder() -> DpopBuilder {
        DpopBuilder::new()
    }

    /// Whether tokens that come without a proof are refused.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.settings.required
    }

    /// The algorithms that a proof may use.
    #[must_use]
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.settings.algorithms
    }

    /// As challenges and metadata have them.
    pub(crate) fn algorithm_names(&self) -> String {
        let names: Vec<&str> = self.algorithms().iter().map(|algorithm| algorithm.name()).collect();
        names.join(" ")
    }

    /// Checks a proof, for those who use no layer: the value of the one header `DPoP`, and the `cnf` of the token.
    ///
    /// The token has been verified by the caller ([`Verifier::verify`](crate::Verifier::verify)), and whatever else it is bound to
    /// remains to be checked ([`VerifiedToken::into_sender`](crate::VerifiedToken::into_sender)). A proof is accepted once.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use portcullis::{Dpop, Possession, ProofError, ProvenRequest, TokenUse, Verifier};
    /// use portcullis::testkit::{ProofKey, TestIssuer};
    ///
    /// # let pool = TestIssuer::cognito();
    /// # let issuer = pool.issuer().insecure_any_client().token_use(TokenUse::Access);
    /// # let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
    /// let dpop = Dpop::builder().origin("https://api.example.com").clock(pool.clock()).build()?;
    /// let key = ProofKey::generate();
    /// let token = pool.access_token("ada").claim("cnf", key.confirmation()).sign();
    /// let proof = key.proof("GET", "https://api.example.com/notes", &token).sign();
    ///
    /// let verified = verifier.verify(&token).await?;
    /// let request = ProvenRequest { method: "GET", path: "/notes", token: &token };
    /// let accepted = dpop.check(&proof, request, verified.confirmation())?;
    /// assert_eq!(dpop.check(&proof, request, verified.confirmation()), Err(ProofError::Replayed));
    ///
    /// let identity = verified.into_sender(Possession::default().key(*accepted.key()))?;
    /// assert_eq!(identity.sub(), Some("ada"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Says which check has failed.
    pub fn check(
        &self,
        proof: &str,
        request: ProvenRequest<'_>,
        confirmation: Option<&Confirmation>,
    ) -> Result<AcceptedProof, ProofError> {
        let settings = &*self.settings;
        let bound_to = confirmation.and_then(Confirmation::key).ok_or(ProofError::Unbound)?;
        let proof = UnverifiedProof::parse(proof, &settings.algorithms)?;
        let key = proof.key;
        if !bound_to.is(&key) {
            return Err(ProofError::KeyBinding);
        }
        let proof = proof.verify()?;
        settings.check_request(&proof, request)?;
        let now = settings.clock.now();
        let seconds = unix_seconds(now);
        settings.check_time(&proof, seconds)?;
        let next_nonce = settings.check_nonce(proof.nonce.as_deref(), now)?;
        // Rounded so that a proof is remembered in any second in which it could pass.
        let until = (proof.issued + settings.window).ceil() as u64;
        settings.replays.take(proof_id(&key, &proof.id), until, seconds as u64)?;
        Ok(AcceptedProof { key, next_nonce })
    }

    /// The nonce that a client should use, where one is asked for.
    #[must_use]
    pub fn nonce(&self) -> Option<String> {
        let settings = &*self.settings;
        settings.nonces.as_ref().map(|nonces| nonces.current(settings.clock.now()))
    }
}

impl Settings {
    fn check_request(&self, proof: &Proof, request: ProvenRequest<'_>) -> Result<(), ProofError> {
        if proof.method != request.method {
            return Err(ProofError::Method);
        }
        let path = request.path.split(['?', '#']).next().and_then(normal_path).ok_or(ProofError::Uri)?;
        let location = Location::parse(&proof.url).ok_or(ProofError::Uri)?;
        if !self.origins.iter().any(|origin| location.is(origin, &path)) {
            return Err(ProofError::Uri);
        }
        if !proof.token.is(&Thumbprint::of(request.token.as_bytes())) {
            return Err(ProofError::Token);
        }
        Ok(())
    }

    fn check_time(&self, proof: &Proof, now: f64) -> Result<(), ProofError> {
        let is_now = (proof.issued - now).abs() <= self.window
            && proof.expires.is_none_or(|expires| now < expires)
            && proof.begins.is_none_or(|begins| begins <= now + self.window);
        if is_now { Ok(()) } else { Err(ProofError::Time) }
    }

    /// What the client should use from now on, if that is another nonce.
    fn check_nonce(&self, nonce: Option<&str>, now: SystemTime) -> Result<Option<String>, ProofError> {
        let Some(nonces) = &self.nonces else {
            return Ok(None);
        };
        let current = nonces.current(now);
        match nonce {
            Some(nonce) if nonces.accept(nonce, now) => Ok((nonce != current).then_some(current)),
            _ => Err(ProofError::Nonce { nonce: current }),
        }
    }
}

/// One key's `jti` says nothing about another's: nobody can use up the ids of somebody else.
fn proof_id(key: &Thumbprint, id: &str) -> ProofId {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(key.as_bytes());
    context.update(id.as_bytes());
    let mut proof_id = ProofId::default();
    for (to, from) in proof_id.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    proof_id
}

impl fmt::Debug for Dpop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dpop")
            .field("origins", &self.settings.origins)
            .field("algorithms", &self.settings.algorithms)
            .field("required", &self.settings.required)
            .finish_non_exhaustive()
    }
}

/// Without the token.
impl fmt::Debug for ProvenRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvenRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
