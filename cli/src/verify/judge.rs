//! Asks the library about a token. Nothing is decided here.

use std::{collections::BTreeSet, time::SystemTime};

use portcullis::{
    AlbVerifier, Algorithm, Authorize, Clock, Issuer, JwkSet, SignatureVerifier, SystemClock, Verifier,
    require, rules::Identity,
};
use serde::Serialize;

use super::case::{Profile, VerifyOptions};

/// The keys that a case is judged with.
pub(super) enum Keys {
    /// One set, whoever the issuer is.
    Shared(JwkSet),
    /// A set for each issuer.
    ByIssuer(Vec<(String, JwkSet)>),
}

/// What the library says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// A word for programs.
    pub(super) reason: String,
    /// A sentence for people.
    pub(super) text: String,
}

/// Whether a token is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Accept,
    Reject,
}

impl Refused {
    fn new(reason: impl Into<String>, text: impl Into<String>) -> Self {
        Self { reason: reason.into(), text: text.into() }
    }

    pub(super) fn malformed(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new(format!("malformed_case: {text}"), text)
    }
}

impl From<portcullis::AuthenticateError> for Refused {
    fn from(error: portcullis::AuthenticateError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}

impl From<portcullis::Rejection> for Refused {
    fn from(rejection: portcullis::Rejection) -> Self {
        portcullis::AuthenticateError::from(rejection).into()
    }
}

impl From<portcullis::ConfigError> for Refused {
    fn from(error: portcullis::ConfigError) -> Self {
        Self::malformed(error.to_string())
    }
}

/// The clock of a case, which stands still.
#[derive(Clone, Copy, Debug)]
pub(super) struct CaseClock(pub(super) SystemTime);

impl Clock for CaseClock {
    fn now(&self) -> SystemTime {
        self.0
    }
}

impl VerifyOptions {
    pub(super) fn clock(&self) -> CaseClock {
        CaseClock(self.now.unwrap_or_else(|| SystemClock.now()))
    }

    /// Those of the list that there are. An algorithm that there is not is never accepted, listed or not.
    fn known_algorithms(&self) -> Option<Vec<Algorithm>> {
        let names = self.algorithms.as_ref()?;
        Some(names.iter().filter_map(|name| Algorithm::from_name(name)).collect())
    }
}

/// Whether the token is accepted, and if not, why.
pub(super) fn judge(token: &str, options: &VerifyOptions, keys: &Keys) -> Result<(), Refused> {
    if options.known_algorithms().is_some_and(|allowed| allowed.is_empty()) {
        return Err(Refused::new("algorithm", "no algorithm is allowed"));
    }
    match options.profile {
        Profile::Cognito | Profile::Oidc => judge_token(token, options, keys),
        Profile::Alb => judge_alb(token, options, keys),
        Profile::Jws => judge_signature(token, options, keys),
    }
}

fn judge_token(token: &str, options: &VerifyOptions, keys: &Keys) -> Result<(), Refused> {
    let mut builder = Verifier::builder().clock(options.clock());
    if let Some(limit) = options.max_bytes {
        builder = builder.max_token_bytes(limit);
    }
    if let Some(leeway) = options.leeway {
        builder = builder.leeway(leeway);
    }
    for issuer in issuers(options, keys)? {
        builder = builder.issuer(configured(issuer, options));
    }
    let verified = builder
        .build()?
        .verify_now(token)
        .ok_or_else(|| Refused::malformed("the keys are not at hand"))??;
    let identity = match options.sender_constrained {
        Some(true) => verified.insecure_into_identity(),
        Some(false) | None => verified.into_bearer()?,
    };
    check_requirements(&identity, options)
}

/// The issuers that the case allows, with their keys.
fn issuers(options: &VerifyOptions, keys: &Keys) -> Result<Vec<Issuer>, Refused> {
    let issuer = |url: &str| match options.profile {
        Profile::Cognito => Issuer::cognito_at(url),
        _ => Issuer::oidc(url),
    };
    let issuers: Vec<Issuer> = match (keys, &options.issuer) {
        (Keys::Shared(keys), None) => vec![issuer("urn:any").keys(keys.clone()).insecure_any_issuer()],
        (Keys::Shared(keys), Some(allowed)) => {
            let allowed: BTreeSet<&String> = allowed.iter().collect();
            allowed.into_iter().map(|url| issuer(url).keys(keys.clone())).collect()
        }
        (Keys::ByIssuer(sets), allowed) => {
            let is_allowed = |url: &String| allowed.as_ref().is_none_or(|allowed| allowed.contains(url));
            let sets = sets.iter().filter(|(url, _)| is_allowed(url));
            sets.map(|(url, keys)| issuer(url).keys(keys.clone())).collect()
        }
    };
    if issuers.is_empty() { Err(Refused::new("issuer", "no issuer is allowed")) } else { Ok(issuers) }
}

fn configured(mut issuer: Issuer, options: &VerifyOptions) -> Issuer {
    issuer = match &options.client_id {
        Some(allowed) => issuer.client_ids(allowed),
        None => issuer.insecure_any_client(),
    };
    issuer = match &options.audience {
        Some(allowed) => issuer.audiences(allowed),
        None => issuer.insecure_any_audience(),
    };
    issuer = match options.token_use {
        Some(token_use) => issuer.token_use(token_use),
        None => issuer.insecure_any_token_use(),
    };
    if let Some(allowed) = &options.typ {
        issuer = issuer.types(allowed);
    }
    if let Some(allowed) = options.known_algorithms() {
        issuer = issuer.algorithms(allowed);
    }
    issuer
}

fn check_requirements(identity: &Identity, options: &VerifyOptions) -> Result<(), Refused> {
    let mut requirement = require();
    if let Some(scopes) = &options.scope {
        requirement = requirement.any_scope(scopes);
    }
    if let Some(groups) = &options.groups {
        requirement = match options.profile {
            Profile::Cognito => requirement.any_group(groups),
            _ => {
                let has_groups = identity.user().is_some_and(|user| user.claims().get("groups").is_some());
                requirement.any_member(if has_groups { "groups" } else { "cognito:groups" }, groups)
            }
        };
    }
    requirement.authorize(identity).map_err(|forbidden| {
        let reason = portcullis::Refusal::from(forbidden).reason().to_owned();
        let text = format!("the token is good, and its {reason} does not suffice");
        Refused::new(reason, text)
    })
}

fn judge_alb(token: &str, options: &VerifyOptions, keys: &Keys) -> Result<(), Refused> {
    if options.known_algorithms().is_some_and(|allowed| !allowed.contains(&Algorithm::Es256)) {
        return Err(Refused::new("algorithm", "a load balancer signs with ES256"));
    }
    if options.typ.as_ref().is_some_and(|allowed| !allowed.iter().any(|typ| typ.eq_ignore_ascii_case("JWT")))
    {
        return Err(Refused::new("type", "what a load balancer signs has the type JWT"));
    }
    let sets = match (keys, &options.issuer) {
        (Keys::Shared(keys), allowed) => vec![(allowed.clone(), keys)],
        (Keys::ByIssuer(sets), allowed) => sets
            .iter()
            .filter(|(url, _)| allowed.as_ref().is_none_or(|allowed| allowed.contains(url)))
            .map(|(url, keys)| (Some(vec![url.clone()]), keys))
            .collect(),
    };
    let mut refused = Refused::new("issuer", "no issuer is allowed");
    for (issuers, keys) in sets {
        let mut builder = AlbVerifier::builder().clock(options.clock()).keys(keys.clone());
        builder = match &options.signer {
            Some(allowed) => builder.load_balancers(allowed),
            None => builder.insecure_any_load_balancer(),
        };
        builder = match &options.client {
            Some(allowed) => builder.client_ids(allowed),
            None => builder.insecure_any_client(),
        };
        builder = match issuers {
            Some(allowed) => builder.issuers(allowed),
            None => builder.insecure_any_issuer(),
        };
        if let Some(limit) = options.max_bytes {
            builder = builder.max_token_bytes(limit);
        }
        if let Some(leeway) = options.leeway {
            builder = builder.leeway(leeway);
        }
        // Given keys are all there are.
        let Some(outcome) = builder.build()?.verify_now(token) else { continue };
        match outcome {
            Ok(said) => return check_requirements(&said.into_identity(), options),
            Err(error) => refused = error.into(),
        }
    }
    Err(refused)
}

fn judge_signature(token: &str, options: &VerifyOptions, keys: &Keys) -> Result<(), Refused> {
    let Keys::Shared(keys) = keys else {
        return Err(Refused::malformed("`jwks` of the profile jws is one name"));
    };
    let mut verifier = SignatureVerifier::insecure_signature_only(keys.clone());
    if let Some(allowed) = options.known_algorithms() {
        verifier = verifier.algorithms(allowed);
    }
    if let Some(allowed) = &options.typ {
        verifier = verifier.types(allowed);
    }
    if let Some(limit) = options.max_bytes {
        verifier = verifier.max_token_bytes(limit);
    }
    verifier.verify(token)?;
    Ok(())
}
