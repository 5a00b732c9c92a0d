//! What the claims of a token must say.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::unverified::TokenType;
use crate::{Rejection, TokenUse, clock::unix_seconds, issuer::Kind};

/// What one issuer's tokens must say. `None` is a check that was waived aloud.
#[derive(Clone, Debug)]
pub(crate) struct Checks {
    pub(crate) kind: Kind,
    pub(crate) client_ids: Option<Vec<String>>,
    pub(crate) audiences: Option<Vec<String>>,
    pub(crate) token_use: Option<TokenUse>,
}

/// The circumstances under which a token is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) now: SystemTime,
    /// In seconds.
    pub(crate) leeway: f64,
}

impl Checks {
    pub(crate) fn check(
        &self,
        typ: Option<TokenType>,
        claims: &Map<String, Value>,
        terms: Terms,
    ) -> Result<(), Rejection> {
        check_times(claims, terms)?;
        let sub = claims.get("sub").and_then(Value::as_str);
        if sub.is_none_or(str::is_empty) {
            return Err(Rejection::Subject);
        }
        if claims.contains_key("cnf") {
            return Err(Rejection::SenderConstrained);
        }
        match self.kind {
            Kind::Cognito => self.check_cognito(typ, claims),
            Kind::Oidc => self.check_oidc(typ, claims),
        }
    }

    fn check_cognito(&self, typ: Option<TokenType>, claims: &Map<String, Value>) -> Result<(), Rejection> {
        let token_use = match claims.get("token_use").and_then(Value::as_str) {
            Some("access") => TokenUse::Access,
            Some("id") => TokenUse::Id,
            _ => return Err(Rejection::TokenUse),
        };
        if self.token_use.is_some_and(|wanted| wanted != token_use) {
            return Err(Rejection::TokenUse);
        }
        match token_use {
            TokenUse::Access => {
                if let Some(allowed) = &self.client_ids {
                    let client = claims.get("client_id").and_then(Value::as_str).ok_or(Rejection::Client)?;
                    allowed.iter().any(|id| id == client).then_some(()).ok_or(Rejection::Client)?;
                }
                self.check_audience(claims)
            }
            TokenUse::Id if typ == Some(TokenType::AccessToken) => Err(Rejection::TokenUse),
            TokenUse::Id => {
                if let Some(allowed) = &self.client_ids {
                    check_audience(claims, allowed).map_err(|_| Rejection::Client)?;
                }
                self.check_audience(claims)
            }
        }
    }

    fn check_oidc(&self, typ: Option<TokenType>, claims: &Map<String, Value>) -> Result<(), Rejection> {
        let is_access_token = typ == Some(TokenType::AccessToken);
        match self.token_use {
            Some(TokenUse::Access) if !is_access_token => return Err(Rejection::TokenUse),
            Some(TokenUse::Id) if is_access_token => return Err(Rejection::TokenUse),
            _ => {}
        }
        if let Some(allowed) = &self.client_ids {
            let client = claims.get("client_id").or_else(|| claims.get("azp")).and_then(Value::as_str);
            let client = client.ok_or(Rejection::Client)?;
            allowed.iter().any(|id| id == client).then_some(()).ok_or(Rejection::Client)?;
        }
        self.check_audience(claims)
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), Rejection> {
        self.audiences.as_ref().map_or(Ok(()), |allowed| check_audience(claims, allowed))
    }
}

/// One of the allowed audiences must be in `aud`, a string or a list of nothing but strings.
fn check_audience(claims: &Map<String, Value>, allowed: &[String]) -> Result<(), Rejection> {
    let is_allowed = |audience: &str| allowed.iter().any(|wanted| wanted == audience);
    let holds = match claims.get("aud") {
        Some(Value::String(audience)) => is_allowed(audience),
        Some(Value::Array(audiences)) => {
            audiences.iter().all(Value::is_string)
                && audiences.iter().filter_map(Value::as_str).any(is_allowed)
        }
        _ => false,
    };
    if holds { Ok(()) } else { Err(Rejection::Audience) }
}

fn check_times(claims: &Map<String, Value>, terms: Terms) -> Result<(), Rejection> {
    let now = unix_seconds(terms.now);
    let seconds = |name| claims.get(name).map(|value| value.as_f64().ok_or(Rejection::TimeClaim)).transpose();
    let (expires, begins, _issued) = (seconds("exp")?, seconds("nbf")?, seconds("iat")?);
    if expires.ok_or(Rejection::TimeClaim)? + terms.leeway <= now {
        return Err(Rejection::Expired);
    }
    if begins.is_some_and(|begins| begins - terms.leeway > now) {
        return Err(Rejection::NotYetValid);
    }
    Ok(())
}
