//! The header of a token.

use portcullis_rules::{Claim, Claims};

use super::base64url;
use crate::{Algorithm, Rejection};

/// What a header says that matters here.
#[derive(Debug)]
pub(crate) struct Header {
    /// As it stands in the token: what is spelled alike says the same.
    pub(super) segment: Box<str>,
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    /// In lower case and without `application/`, which is implied (RFC 7515, 4.1.9).
    pub(crate) typ: Option<String>,
}

impl Header {
    /// Reads a header as it stands in a token.
    pub(crate) fn read(segment: &str) -> Result<Self, Rejection> {
        let text = base64url::decode(segment.as_bytes()).ok_or(Rejection::Base64)?;
        // Read as strictly as claims are, and kept in the same way.
        let header = Claims::from_json(text).map_err(|_| Rejection::HeaderJson)?;
        let algorithm = algorithm(&header)?;
        let text = |name, otherwise| match header.value(name) {
            None => Ok(None),
            Some(Claim::Text(text)) => Ok(Some(text)),
            Some(_) => Err(otherwise),
        };
        let typ = text("typ", Rejection::Type)?.map(media_type);
        let key_id = text("kid", Rejection::KeyId)?.map(str::to_owned);
        Ok(Self { segment: segment.into(), algorithm, key_id, typ })
    }

    /// Whether it calls the token an access token of RFC 9068.
    pub(crate) fn is_access_token(&self) -> bool {
        self.typ.as_deref() == Some("at+jwt")
    }
}

/// A media type as it is compared: without regard to case, and with `application/` implied.
pub(crate) fn media_type(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    name.strip_prefix("application/").map(str::to_owned).unwrap_or(name)
}

fn algorithm(header: &Claims) -> Result<Algorithm, Rejection> {
    if header.has("crit") || header.has("b64") {
        return Err(Rejection::Extension);
    }
    if header.has("enc") || header.has("zip") || header.has("cty") {
        return Err(Rejection::Encrypted);
    }
    if header.has("jwk") || header.has("x5c") {
        return Err(Rejection::EmbeddedKey);
    }
    header.text("alg").and_then(Algorithm::from_name).ok_or(Rejection::Algorithm)
}
