//! A proof, before anybody knows whether it is true.

use serde_json::{Map, Value};

use super::ProofError;
use crate::{
    Algorithm, Thumbprint,
    keys::VerifyingKey,
    token::{base64url, strict_json},
};

/// The longest proof that is read, in bytes: 4 KiB. One with an RSA key of 4096 bits has about 2,700.
pub const MAX_PROOF_BYTES: usize = 4 * 1024;

/// The longest `jti` that is read, in bytes.
const MAX_ID_BYTES: usize = 256;

/// Members of a JWK that only its owner may know (RFC 7518, 6; RFC 8037, 2).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A proof whose signature has not been checked yet.
pub(super) struct UnverifiedProof<'a> {
    algorithm: Algorithm,
    jwk: Map<String, Value>,
    claims: Map<String, Value>,
    signing_input: &'a [u8],
    signature: Vec<u8>,
    pub(super) key: Thumbprint,
}

/// What a proof says, its signature having been checked.
pub(super) struct Proof {
    pub(super) id: String,
    pub(super) method: String,
    pub(super) url: String,
    /// The hash of the token that it is for.
    pub(super) token: Thumbprint,
    pub(super) issued: f64,
    pub(super) expires: Option<f64>,
    pub(super) begins: Option<f64>,
    pub(super) nonce: Option<String>,
}

impl<'a> UnverifiedProof<'a> {
    /// Takes a proof apart. The work is bounded by the length, which is looked at first.
    pub(super) fn parse(proof: &'a str, accepted: &[Algorithm]) -> Result<Self, ProofError> {
        if proof.len() > MAX_PROOF_BYTES {
            return Err(ProofError::TooLong);
        }
        let (signing_input, signature) = proof.rsplit_once('.').ok_or(ProofError::Form)?;
        let (header, claims) = signing_input.split_once('.').ok_or(ProofError::Form)?;
        let signature = base64url::decode(signature.as_bytes()).ok_or(ProofError::Form)?;
        let mut header = object(header)?;
        let claims = object(claims)?;
        if header.get("typ").and_then(Value::as_str) != Some("dpop+jwt") {
            return Err(ProofError::Type);
        }
        if ["crit", "b64", "enc", "zip", "cty"].iter().any(|name| header.contains_key(*name)) {
            return Err(ProofError::Extension);
        }
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::from_name);
        let algorithm =
            algorithm.filter(|algorithm| accepted.contains(algorithm)).ok_or(ProofError::Algorithm)?;
        let Some(Value::Object(jwk)) = header.remove("jwk") else {
            return Err(ProofError::Key);
        };
        if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
            return Err(ProofError::PrivateKey);
        }
        let key = thumbprint(&jwk).ok_or(ProofError::Key)?;
        Ok(Self { algorithm, jwk, claims, signing_input: signing_input.as_bytes(), signature, key })
    }

    /// Checks that it was signed with the key that it shows, and reads its claims.
    pub(super) fn verify(mut self) -> Result<Proof, ProofError> {
        // A key is parsed once for each algorithm that it may be used with; one is enough here.
        self.jwk.entry("alg").or_insert_with(|| self.algorithm.name().into());
        let (_, key) = VerifyingKey::from_jwk(self.jwk).map_err(|_| ProofError::Key)?;
        key.verify(self.algorithm, self.signing_input, &self.signature).map_err(|_| ProofError::Signature)?;
        Proof::from_claims(self.claims).ok_or(ProofError::Claim)
    }
}

impl Proof {
    fn from_claims(mut claims: Map<String, Value>) -> Option<Self> {
        let number = |name| match claims.get(name) {
            None => Some(None),
            Some(value) => value.as_f64().map(Some),
        };
        let (issued, expires, begins) = (number("iat")??, number("exp")?, number("nbf")?);
        let token = Thumbprint::parse(claims.get("ath")?.as_str()?)?;
        let nonce = match claims.remove("nonce") {
            None => None,
            Some(Value::String(nonce)) => Some(nonce),
            Some(_) => return None,
        };
        let mut text = |name| match claims.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let (id, method, url) = (text("jti")?, text("htm")?, text("htu")?);
        if id.len() > MAX_ID_BYTES {
            return None;
        }
        Some(Self { id, method, url, token, issued, expires, begins, nonce })
    }
}

fn object(part: &str) -> Result<Map<String, Value>, ProofError> {
    base64url::decode(part.as_bytes())
        .and_then(|text| strict_json::parse_object(&text))
        .ok_or(ProofError::Form)
}

/// The thumbprint of RFC 7638: the members that make the key, in the order of the alphabet, without white space.
fn thumbprint(jwk: &Map<String, Value>) -> Option<Thumbprint> {
    let names: &[&str] = match jwk.get("kty")?.as_str()? {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        _ => return None,
    };
    let mut text = String::new();
    for name in names {
        let value = jwk.get(*name)?.as_str()?;
        // Characters that JSON would escape are in no name and no number of a key.
        if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
            return None;
        }
        let separator = if text.is_empty() { '{' } else { ',' };
        text.push(separator);
        text.push_str(&format!(r#""{name}":"{value}""#));
    }
    text.push('}');
    Some(Thumbprint::of(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(jwk: Value) -> Option<String> {
        thumbprint(jwk.as_object()?).map(|thumbprint| thumbprint.to_string())
    }

    #[test]
    fn thumbprints_are_those_of_the_specifications() {
        // RFC 7638, 3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3\
                 oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHz\
                 u6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8a\
                 wapJzKnqDKgw";
        let rsa = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
        assert_eq!(of(rsa).as_deref(), Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
        // RFC 8037, A.3.
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let okp = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
        assert_eq!(of(okp).as_deref(), Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
        // RFC 9449, 6.1, and the key of its examples.
        let (x, y) =
            ("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA");
        let ec = json!({"kty": "EC", "x": x, "y": y, "crv": "P-256"});
        assert_eq!(of(ec).as_deref(), Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"));
    }

    #[test]
    fn what_is_not_a_key_has_no_thumbprint() {
        for jwk in [
            json!({"kty": "oct", "k": "AQAB"}),
            json!({"kty": "RSA", "e": "AQAB"}),
            json!({"kty": "RSA", "e": "AQAB", "n": 1}),
            json!({"kty": "RSA", "e": "AQAB", "n": "a\",\"o\":\""}),
            json!({"e": "AQAB", "n": "AQAB"}),
        ] {
            assert_eq!(of(jwk.clone()), None, "{jwk}");
        }
    }
}
