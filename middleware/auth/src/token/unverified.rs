//! A token whose signature has not been checked yet.

use serde_json::{Map, Value};

use super::{base64url, strict_json};
use crate::{Algorithm, Rejection};

/// What a token says, before anybody knows whether it is true.
pub(crate) struct UnverifiedToken<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    pub(crate) typ: Option<TokenType>,
    pub(crate) claims: Map<String, Value>,
    pub(crate) signing_input: &'a [u8],
    pub(crate) signature: Vec<u8>,
}

/// The header's `typ`, of those that are expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenType {
    /// `JWT`.
    Jwt,
    /// `at+jwt`, an access token of RFC 9068.
    AccessToken,
}

impl<'a> UnverifiedToken<'a> {
    /// Takes a token apart. The work is bounded by the length, which is looked at first.
    pub(crate) fn parse(token: &'a str, max_bytes: usize) -> Result<Self, Rejection> {
        if token.len() > max_bytes {
            return Err(Rejection::TooLong);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(Rejection::Parts)?;
        let (header, claims) = signing_input.split_once('.').ok_or(Rejection::Parts)?;
        if claims.contains('.') || header.is_empty() || claims.is_empty() {
            return Err(Rejection::Parts);
        }
        let header = base64url::decode(header.as_bytes()).ok_or(Rejection::Base64)?;
        let claims = base64url::decode(claims.as_bytes()).ok_or(Rejection::Base64)?;
        let signature = base64url::decode(signature.as_bytes()).ok_or(Rejection::Base64)?;
        let header = strict_json::parse_object(&header).ok_or(Rejection::HeaderJson)?;
        let algorithm = algorithm(&header)?;
        let typ = token_type(&header)?;
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(Rejection::KeyId),
        };
        let claims = strict_json::parse_object(&claims).ok_or(Rejection::ClaimsJson)?;
        Ok(Self { algorithm, key_id, typ, claims, signing_input: signing_input.as_bytes(), signature })
    }

    /// The issuer that the token names.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }
}

fn algorithm(header: &Map<String, Value>) -> Result<Algorithm, Rejection> {
    let has = |name| header.contains_key(name);
    if has("crit") || has("b64") {
        return Err(Rejection::Extension);
    }
    if has("enc") || has("zip") || has("cty") {
        return Err(Rejection::Encrypted);
    }
    if has("jwk") || has("x5c") {
        return Err(Rejection::EmbeddedKey);
    }
    header.get("alg").and_then(Value::as_str).and_then(Algorithm::from_name).ok_or(Rejection::Algorithm)
}

/// A media type, compared without regard to case and with `application/` implied (RFC 7515, 4.1.9).
fn token_type(header: &Map<String, Value>) -> Result<Option<TokenType>, Rejection> {
    let Some(typ) = header.get("typ") else {
        return Ok(None);
    };
    let typ = typ.as_str().ok_or(Rejection::Type)?.to_ascii_lowercase();
    match typ.strip_prefix("application/").unwrap_or(&typ) {
        "jwt" => Ok(Some(TokenType::Jwt)),
        "at+jwt" => Ok(Some(TokenType::AccessToken)),
        _ => Err(Rejection::Type),
    }
}
