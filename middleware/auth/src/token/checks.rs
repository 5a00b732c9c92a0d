//! What the claims of a token must say.

use std::time::SystemTime;

use portcullis_rules::{Claim, Claims};

use super::Header;
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

/// When a token is good, in seconds since 1970, the leeway included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    /// Before all times if the token does not say.
    begins: f64,
    pub(crate) expires: f64,
}

impl Checks {
    pub(crate) fn check(
        &self,
        header: &Header,
        claims: &Claims,
        terms: Terms,
    ) -> Result<Lifetime, Rejection> {
        let lifetime = Lifetime::of(claims, terms.leeway)?;
        lifetime.check(terms.now)?;
        if claims.text("sub").is_none_or(str::is_empty) {
            return Err(Rejection::Subject);
        }
        match self.kind {
            Kind::Cognito => self.check_cognito(header, claims)?,
            Kind::Oidc => self.check_oidc(header, claims)?,
        }
        check_types(claims)?;
        Ok(lifetime)
    }

    fn check_cognito(&self, header: &Header, claims: &Claims) -> Result<(), Rejection> {
        let token_use = match claims.text("token_use") {
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
                    let client = claims.text("client_id").ok_or(Rejection::Client)?;
                    allowed.iter().any(|id| id == client).then_some(()).ok_or(Rejection::Client)?;
                }
                self.check_audience(claims)
            }
            TokenUse::Id if header.is_access_token() => Err(Rejection::TokenUse),
            TokenUse::Id => {
                if let Some(allowed) = &self.client_ids {
                    check_audience(claims, allowed).map_err(|_| Rejection::Client)?;
                }
                self.check_audience(claims)
            }
        }
    }

    fn check_oidc(&self, header: &Header, claims: &Claims) -> Result<(), Rejection> {
        match self.token_use {
            Some(TokenUse::Access) if !header.is_access_token() => return Err(Rejection::TokenUse),
            Some(TokenUse::Id) if header.is_access_token() => return Err(Rejection::TokenUse),
            _ => {}
        }
        if let Some(allowed) = &self.client_ids {
            let name = if claims.has("client_id") { "client_id" } else { "azp" };
            let client = claims.text(name).ok_or(Rejection::Client)?;
            allowed.iter().any(|id| id == client).then_some(()).ok_or(Rejection::Client)?;
        }
        self.check_audience(claims)
    }

    fn check_audience(&self, claims: &Claims) -> Result<(), Rejection> {
        self.audiences.as_ref().map_or(Ok(()), |allowed| check_audience(claims, allowed))
    }
}

/// One of the allowed audiences must be in `aud`, a string or a list of nothing but strings.
fn check_audience(claims: &Claims, allowed: &[String]) -> Result<(), Rejection> {
    let is_allowed = |audience: &str| allowed.iter().any(|wanted| wanted == audience);
    let holds = match claims.value("aud") {
        Some(Claim::Text(audience)) => is_allowed(audience),
        Some(Claim::List(audiences)) => audiences.is_all_texts() && audiences.texts().any(is_allowed),
        _ => false,
    };
    if holds { Ok(()) } else { Err(Rejection::Audience) }
}

/// Who the token is for and from is of the right type, whether or not anybody compares it.
fn check_types(claims: &Claims) -> Result<(), Rejection> {
    if !matches!(claims.value("client_id"), None | Some(Claim::Text(_))) {
        return Err(Rejection::Client);
    }
    match claims.value("aud") {
        None | Some(Claim::Text(_)) => Ok(()),
        Some(Claim::List(audiences)) if audiences.is_all_texts() => Ok(()),
        Some(_) => Err(Rejection::Audience),
    }
}

impl Lifetime {
    fn of(claims: &Claims, leeway: f64) -> Result<Self, Rejection> {
        let seconds = |name| match claims.value(name) {
            None => Ok(None),
            Some(Claim::Number(seconds)) => Ok(Some(seconds)),
            Some(_) => Err(Rejection::TimeClaim),
        };
        let (expires, begins, _issued) = (seconds("exp")?, seconds("nbf")?, seconds("iat")?);
        Ok(Self {
            begins: begins.map_or(f64::NEG_INFINITY, |begins| begins - leeway),
            expires: expires.ok_or(Rejection::TimeClaim)? + leeway,
        })
    }

    pub(crate) fn check(self, now: SystemTime) -> Result<(), Rejection> {
        let now = unix_seconds(now);
        if self.expires <= now {
            return Err(Rejection::Expired);
        }
        if self.begins > now {
            return Err(Rejection::NotYetValid);
        }
        Ok(())
    }
}
