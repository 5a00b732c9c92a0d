//! Tokens that say which identity somebody has, for STS.

use serde_json::{Map, Value, json};

use super::{Inner, error::ServiceError};

const ISSUER: &str = "https://cognito-identity.amazonaws.com";
/// How long a token is good, in seconds.
const SECONDS: i64 = 600;

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IdentityToken {
    pub(super) identity: String,
    pub(super) amr: Vec<String>,
}

/// Why a token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadToken {
    Invalid,
    Expired,
}

impl Inner {
    pub(super) fn identity_token(&self, identity: &str, amr: Vec<String>) -> Result<String, ServiceError> {
        let key = self.key.as_ref().ok_or_else(|| ServiceError::internal(&"there is no key"))?;
        let now = self.clock.now().as_second();
        let claims: Map<String, Value> = [
            ("sub", json!(identity)),
            ("aud", json!(self.id)),
            ("amr", json!(amr)),
            ("iss", json!(ISSUER)),
            ("iat", json!(now)),
            ("exp", json!(now.saturating_add(SECONDS))),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        key.sign(&claims).map_err(|error| ServiceError::internal(&error))
    }

    pub(super) fn read_identity_token(&self, token: &str) -> Result<IdentityToken, BadToken> {
        let claims = self.key.as_ref().and_then(|key| key.verify(token)).ok_or(BadToken::Invalid)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).ok_or(BadToken::Invalid);
        if text("iss")? != ISSUER || text("aud")? != self.id {
            return Err(BadToken::Invalid);
        }
        let expires = claims.get("exp").and_then(Value::as_i64).ok_or(BadToken::Invalid)?;
        if expires <= self.clock.now().as_second() {
            return Err(BadToken::Expired);
        }
        let words = claims.get("amr").and_then(Value::as_array).ok_or(BadToken::Invalid)?;
        let amr = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(IdentityToken { identity: text("sub")?.to_owned(), amr })
    }
}
