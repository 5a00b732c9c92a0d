//! The decision that the layer carries.

use std::sync::Arc;

use futures_util::{FutureExt, TryFutureExt, future::BoxFuture};
use http::{HeaderValue, Request};
use portcullis_rules::Identity;

use super::completion::Completion;
#[cfg(feature = "lambda")]
use crate::Rejection;
use crate::{
    AlbToken, AlbVerifier, AuthenticateError, CachingVerifier, ClientCertificate, Dpop, Possession,
    ProvenRequest, Refusal, VerifiedToken,
    api_keys::ApiKeys,
    challenge::{Offer, Scheme},
    credentials::{Credentials, load_balancer_data},
};

/// Says who calls.
#[derive(Clone, Debug)]
pub(crate) struct Authenticator {
    pub(crate) verifier: CachingVerifier,
    pub(crate) api_keys: ApiKeys,
    pub(crate) optional: bool,
    pub(crate) dpop: Option<Dpop>,
    pub(crate) load_balancer: Option<AlbVerifier>,
    /// What challenges say; `None` for a plain bearer.
    pub(crate) offer: Option<Arc<Offer>>,
    /// Whether callers whose signature was checked are believed.
    #[cfg(feature = "sigv4")]
    pub(crate) signed: bool,
    #[cfg(feature = "lambda")]
    pub(crate) gateway: crate::TrustedGateway,
    #[cfg(feature = "lambda")]
    pub(crate) gateway_certificates: bool,
}

/// What can be said about a request at once.
pub(crate) enum Check {
    Known(Admitted),
    Refused(Refusal),
    /// Keys have to be fetched first.
    Pending(BoxFuture<'static, Result<Verified, AuthenticateError>>),
}

/// What has been found to be good.
pub(crate) enum Verified {
    Token(VerifiedToken),
    LoadBalancer(AlbToken),
}

/// A request that is let through.
pub(crate) struct Admitted {
    /// The caller; `None` where authentication is optional and nothing was sent.
    pub(crate) identity: Option<Identity>,
    pub(crate) completion: Completion,
}

impl Authenticator {
    pub(crate) fn check<B>(&self, request: &Request<B>) -> Check {
        match self.told_by_gateway(request) {
            Ok(Some(identity)) => return Check::Known(self.admit(Some(identity))),
            Ok(None) => {}
            Err(refusal) => return Check::Refused(self.complete(refusal)),
        }
        if let Some(caller) = self.signed_caller(request) {
            return Check::Known(self.admit(Some(caller)));
        }
        if let Some(check) = self.check_load_balancer(request) {
            return check;
        }
        let credentials = match self.credentials(request) {
            Ok(credentials) => credentials,
            Err(refusal) => return Check::Refused(self.complete(refusal)),
        };
        match credentials {
            Credentials::Bearer(token) | Credentials::Dpop { token, .. } => {
                match self.verifier.verify_now(token) {
                    Some(outcome) => match self.admit_token(request, credentials, outcome) {
                        Ok(admitted) => Check::Known(admitted),
                        Err(refusal) => Check::Refused(self.complete(refusal)),
                    },
                    None => {
                        let verification = self.verifier.verify_later(token);
                        Check::Pending(verification.map_ok(Verified::Token).boxed())
                    }
                }
            }
            Credentials::ApiKey(key) if self.api_keys.contain(key) => {
                Check::Known(self.admit(Some(Identity::ApiKey)))
            }
            Credentials::ApiKey(_) => Check::Refused(self.complete(Refusal::BAD_API_KEY)),
            Credentials::Nothing if self.optional => Check::Known(self.admit(None)),
            Credentials::Nothing => Check::Refused(self.complete(Refusal::MISSING)),
        }
    }

    /// Says who calls, once it is known whether the token is good.
    pub(crate) fn conclude<B>(
        &self,
        request: &Request<B>,
        outcome: Result<Verified, AuthenticateError>,
    ) -> Result<Admitted, Refusal> {
        let outcome = match outcome {
            Ok(Verified::LoadBalancer(said)) => return Ok(self.admit(Some(said.into_identity()))),
            Ok(Verified::Token(token)) => Ok(token),
            Err(error) => Err(error),
        };
        self.credentials(request)
            .and_then(|credentials| self.admit_token(request, credentials, outcome))
            .map_err(|refusal| self.complete(refusal))
    }

    /// What a load balancer says, if one is trusted and says something. The other two headers that it writes are never read:
    /// nothing binds `x-amzn-oidc-identity` to anything.
    fn check_load_balancer<B>(&self, request: &Request<B>) -> Option<Check> {
        let verifier = self.load_balancer.as_ref()?;
        let data = match load_balancer_data(request.headers())? {
            Ok(data) => data,
            Err(refusal) => return Some(Check::Refused(self.complete(refusal))),
        };
        Some(match verifier.verify_now(data) {
            Some(Ok(said)) => Check::Known(self.admit(Some(said.into_identity()))),
            Some(Err(error)) => Check::Refused(self.complete(error.into())),
            None => Check::Pending(verifier.verify_later(data).map_ok(Verified::LoadBalancer).boxed()),
        })
    }

    fn credentials<'a, B>(&self, request: &'a Request<B>) -> Result<Credentials<'a>, Refusal> {
        match Credentials::of(request.headers(), self.dpop.is_some())? {
            credentials @ Credentials::Bearer(_) if self.dpop.as_ref().is_some_and(Dpop::is_required) => {
                Err(credentials.refused(Refusal::PROOF_REQUIRED))
            }
            credentials => Ok(credentials),
        }
    }

    /// Checks what the token is bound to, if it is, and the proof, if there is one. A token from the cache comes this way too.
    fn admit_token<B>(
        &self,
        request: &Request<B>,
        credentials: Credentials<'_>,
        outcome: Result<VerifiedToken, AuthenticateError>,
    ) -> Result<Admitted, Refusal> {
        let used = credentials.scheme();
        let refuse = |error: AuthenticateError| Refusal::from(error).of_scheme(used);
        let token = outcome.map_err(|error| credentials.refused(error).of_scheme(used))?;
        let mut shown = Possession::default();
        let mut completion = Completion { offer: self.offer.clone(), used, next_nonce: None };
        if let (Credentials::Dpop { token: text, proof }, Some(dpop)) = (credentials, &self.dpop) {
            let request =
                ProvenRequest { method: request.method().as_str(), path: request.uri().path(), token: text };
            let accepted = dpop.check(proof, request, token.confirmation())?;
            shown = shown.key(*accepted.key());
            completion.next_nonce = accepted.next_nonce().and_then(|nonce| HeaderValue::from_str(nonce).ok());
        }
        if token.confirmation().is_some()
            && let Some(certificate) = self.certificate(request)
        {
            shown = shown.certificate(certificate);
        }
        let identity = token.into_sender(shown).map_err(|rejection| refuse(rejection.into()))?;
        Ok(Admitted { identity: Some(identity), completion })
    }

    fn admit(&self, identity: Option<Identity>) -> Admitted {
        Admitted { identity, completion: Completion { offer: self.offer.clone(), ..Completion::default() } }
    }

    fn complete(&self, refusal: Refusal) -> Refusal {
        match &self.offer {
            Some(offer) => refusal.offering(offer),
            None => refusal,
        }
    }

    /// The certificate of the connection: from the server around this process, else from a gateway that is trusted with it.
    #[cfg(feature = "lambda")]
    fn certificate<B>(&self, request: &Request<B>) -> Option<ClientCertificate> {
        let extensions = request.extensions();
        let told = || ClientCertificate::told_by_gateway(extensions.get()?);
        extensions.get().copied().or_else(|| self.gateway_certificates.then(told).flatten())
    }

    #[cfg(not(feature = "lambda"))]
    fn certificate<B>(&self, request: &Request<B>) -> Option<ClientCertificate> {
        request.extensions().get().copied()
    }

    /// Whoever has signed the request, if that is believed. Where a signature stands there is no place for a token.
    #[cfg(feature = "sigv4")]
    fn signed_caller<B>(&self, request: &Request<B>) -> Option<Identity> {
        let signed: &crate::SignedCaller = request.extensions().get()?;
        self.signed.then(|| Identity::Iam(signed.caller().clone()))
    }

    #[cfg(not(feature = "sigv4"))]
    fn signed_caller<B>(&self, _: &Request<B>) -> Option<Identity> {
        None
    }

    /// What a gateway has checked is not for this process to read again: an authorizer's token need not be one of ours, and a
    /// signature stands where a token would.
    #[cfg(feature = "lambda")]
    fn told_by_gateway<B>(&self, request: &Request<B>) -> Result<Option<Identity>, Refusal> {
        let Some(context) = request.extensions().get() else {
            return Ok(None);
        };
        let refuse = |rejection: Rejection| Refusal::from(AuthenticateError::from(rejection));
        match self.gateway.caller(context, request.headers()).map_err(refuse)? {
            // A gateway asks for no proof.
            Some(Identity::User(_)) if self.dpop.as_ref().is_some_and(Dpop::is_required) => {
                Err(Refusal::PROOF_REQUIRED)
            }
            told => Ok(told),
        }
    }

    #[cfg(not(feature = "lambda"))]
    fn told_by_gateway<B>(&self, _: &Request<B>) -> Result<Option<Identity>, Refusal> {
        Ok(None)
    }
}

impl Credentials<'_> {
    fn scheme(&self) -> Scheme {
        match self {
            Self::Dpop { .. } => Scheme::Dpop,
            Self::Bearer(_) | Self::ApiKey(_) | Self::Nothing => Scheme::Bearer,
        }
    }
}
