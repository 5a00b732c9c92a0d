use serde_json::Value;

use super::Version;
use crate::EditError;

/// Which of a user's tokens is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// The ID token: who the user is.
    Id,
    /// The access token: what they may do.
    Access,
}

/// The claims that no function may add, change or suppress. Cognito lists them for each token; the
/// union is kept from both, for a claim that is reserved in one is misread in the other. `scope` is
/// ours: scopes have setters of their own.
const RESERVED: [&str; 22] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "client_id",
    "device_key",
    "event_id",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "scope",
    "sub",
    "token_use",
    "username",
    "version",
];

/// The claims that take no list or object in an ID token.
const SIMPLE_IN_ID_TOKEN: [&str; 4] = ["address", "email_verified", "phone_number_verified", "updated_at"];

/// If a function may set a claim of this name, whatever its value. For configuration: a name that
/// fails here fails at every sign-in.
///
/// # Errors
///
/// [`EditError::Reserved`] (`cognito:` and every reserved name, and `aud`, which depends on the
/// event), [`EditError::SuppressOnly`] for `dev:`, [`EditError::EmptyName`].
///
/// ```
/// use portcullis_events::{EditError, check_claim_name};
///
/// assert_eq!(check_claim_name("tenant"), Ok(()));
/// assert_eq!(check_claim_name("cognito:groups"), Err(EditError::Reserved));
/// ```
pub fn check_claim_name(name: &str) -> Result<(), EditError> {
    match name {
        "" => Err(EditError::EmptyName),
        _ if name.starts_with("dev:") => Err(EditError::SuppressOnly),
        _ if is_reserved(name) => Err(EditError::Reserved),
        _ => Ok(()),
    }
}

/// If a function may take a claim of this name out of a token. For configuration, as [`check_claim_name`] is.
///
/// # Errors
///
/// [`EditError::Reserved`], but for `cognito:groups`, and [`EditError::EmptyName`].
pub fn check_suppressed_claim_name(name: &str) -> Result<(), EditError> {
    match name {
        "" => Err(EditError::EmptyName),
        "cognito:groups" => Ok(()),
        _ if is_reserved(name) => Err(EditError::Reserved),
        _ => Ok(()),
    }
}

pub(super) fn check_value(
    version: Version,
    token: Token,
    name: &str,
    value: &Value,
) -> Result<(), EditError> {
    match value {
        Value::Null => Err(EditError::NullValue),
        Value::String(_) => Ok(()),
        _ if version == Version::V1 => Err(EditError::NotAString),
        Value::Array(_) | Value::Object(_) if token == Token::Id && SIMPLE_IN_ID_TOKEN.contains(&name) => {
            Err(EditError::ComplexValue)
        }
        _ => Ok(()),
    }
}

/// If a scope can stand in a token: RFC 6749, section 3.3, `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`.
///
/// # Errors
///
/// [`EditError::InvalidScope`].
pub fn check_scope(scope: &str) -> Result<(), EditError> {
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    if scope.is_empty() || !scope.bytes().all(allowed) {
        return Err(EditError::InvalidScope);
    }
    Ok(())
}

fn is_reserved(name: &str) -> bool {
    name.starts_with("cognito:") || RESERVED.contains(&name)
}
