//! Tokens as an attacker handles them: as text.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::Result;

/// The claims of a token, without any check.
///
/// # Errors
///
/// When it is no token.
pub fn claims(token: &str) -> Result<Value> {
    let payload = token.split('.').nth(1).ok_or("no token")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?)
}

/// The same token with one claim changed and the signature kept.
///
/// # Errors
///
/// When it is no token.
pub fn with_claim(token: &str, name: &str, value: Value) -> Result<String> {
    let mut changed = claims(token)?;
    changed.as_object_mut().ok_or("the claims are no object")?.insert(name.to_owned(), value);
    let payload = URL_SAFE_NO_PAD.encode(changed.to_string());
    let mut parts = token.split('.');
    let header = parts.next().ok_or("no token")?;
    let signature = parts.nth(1).ok_or("no token")?;
    Ok(format!("{header}.{payload}.{signature}"))
}
