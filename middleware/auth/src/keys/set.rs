//! A key set of RFC 7517.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::Arc,
};

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::{
    fetch::MAX_SET_BYTES,
    jwk::{UnusableKey, VerifyingKey},
};
use crate::token::strict_json;

/// How many keys of a set are read.
const MAX_KEYS: usize = 100;

/// The usable keys of a key set, each parsed once.
///
/// Dropped with a warning, while the others stay: symmetric keys; RSA under 2048 or over 8192 bits, and exponents that are 1 or
/// even; points of P-256, P-384 and P-521 that are not on their curve; Ed25519 keys of small order or in another than the
/// canonical encoding; keys for encryption; a second key of the same id; keys after the hundredth; anything malformed. An
/// Ed25519 key that is no point at all may stay: no signature is ever right under it.
#[derive(Clone)]
pub struct JwkSet {
    keys: Arc<HashMap<Option<String>, Arc<VerifyingKey>>>,
}

/// A document that is not a key set.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidJwkSet {
    /// It is not `{"keys": [..]}`.
    #[error("not a JSON object with a list of `keys`")]
    Json,
    /// It is larger than [`MAX_SET_BYTES`].
    #[error("more than {MAX_SET_BYTES} bytes")]
    TooLarge,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

impl JwkSet {
    /// Reads a key set, such as the text of a file or of an environment variable.
    ///
    /// # Errors
    ///
    /// When the text is not a key set at all. A key that cannot be used is dropped and logged instead.
    pub fn from_json(text: &str) -> Result<Self, InvalidJwkSet> {
        Self::from_slice(text.as_bytes())
    }

    pub(crate) fn from_slice(text: &[u8]) -> Result<Self, InvalidJwkSet> {
        if text.len() > MAX_SET_BYTES {
            return Err(InvalidJwkSet::TooLarge);
        }
        let document: Document<'_> = serde_json::from_slice(text).map_err(|_| InvalidJwkSet::Json)?;
        if document.keys.len() > MAX_KEYS {
            tracing::warn!(
                keys = document.keys.len(),
                read = MAX_KEYS,
                "key set is too long; the rest is not read"
            );
        }
        let mut keys = HashMap::new();
        for (position, raw) in document.keys.into_iter().take(MAX_KEYS).enumerate() {
            if let Err(reason) = add(&mut keys, raw) {
                tracing::warn!(position, %reason, "key of a key set is not used");
            }
        }
        Ok(Self { keys: Arc::new(keys) })
    }

    /// How many usable keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no usable key, so that every token would be refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key of exactly this id; a token without an id is matched with a key without an id.
    pub(crate) fn get(&self, id: &Option<String>) -> Option<&Arc<VerifyingKey>> {
        self.keys.get(id)
    }
}

fn add(keys: &mut HashMap<Option<String>, Arc<VerifyingKey>>, raw: &RawValue) -> Result<(), UnusableKey> {
    let jwk = strict_json::parse_object(raw.get().as_bytes()).ok_or(UnusableKey::Malformed)?;
    let (id, key) = VerifyingKey::from_jwk(jwk)?;
    match keys.entry(id) {
        Entry::Vacant(place) => {
            place.insert(Arc::new(key));
            Ok(())
        }
        Entry::Occupied(_) => Err(UnusableKey::Duplicate),
    }
}

impl fmt::Debug for JwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.keys.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::{Value, json};

    use super::*;
    use crate::token::base64url::encode;

    /// An odd number of so many bits.
    fn modulus(bits: usize) -> Vec<u8> {
        let mut number = vec![0xa5; bits.div_ceil(8)];
        number[0] = 0xff >> (number.len() * 8 - bits);
        *number.last_mut().unwrap() |= 1;
        number
    }

    fn rsa(bits: usize, e: &[u8]) -> Value {
        json!({"kty": "RSA", "kid": "k", "n": encode(modulus(bits)), "e": encode(e)})
    }

    fn ec() -> Value {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": encode(x), "y": encode(y)})
    }

    fn okp(x: Vec<u8>) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": encode(x)})
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    #[test]
    fn one_bad_key_is_dropped_and_the_others_stay() {
        let zero_first = encode([&[0][..], &modulus(2048)].concat());
        let flipped = {
            let key = ec();
            let mut y = crate::token::base64url::decode(key["y"].as_str().unwrap().as_bytes()).unwrap();
            y[31] ^= 1;
            with(key, "y", encode(y).into())
        };
        for (name, key, usable) in [
            ("RSA 2048", rsa(2048, &[1, 0, 1]), true),
            ("RSA 2047", rsa(2047, &[1, 0, 1]), false),
            ("RSA 1024", rsa(1024, &[1, 0, 1]), false),
            ("RSA 16384", rsa(16384, &[1, 0, 1]), false),
            ("RSA with a leading zero", with(rsa(2048, &[1, 0, 1]), "n", zero_first.into()), true),
            ("RSA with e = 3", rsa(2048, &[3]), true),
            ("RSA with e = 1", rsa(2048, &[1]), false),
            ("RSA with e even", rsa(2048, &[1, 0, 0]), false),
            ("RSA with e = 0", rsa(2048, &[0]), false),
            ("RSA with n padded", with(rsa(2048, &[1, 0, 1]), "n", json!("AQAB==")), false),
            ("RSA without n", json!({"kty": "RSA", "kid": "k", "e": "AQAB"}), false),
            ("for signatures", with(ec(), "use", json!("sig")), true),
            ("for encryption", with(ec(), "use", json!("enc")), false),
            ("use of another type", with(ec(), "use", json!(1)), false),
            ("key_ops verify", with(ec(), "key_ops", json!(["verify"])), true),
            ("key_ops sign", with(ec(), "key_ops", json!(["sign"])), false),
            ("key_ops empty", with(ec(), "key_ops", json!([])), false),
            ("EC with its alg", with(ec(), "alg", json!("ES256")), true),
            ("EC with another alg", with(ec(), "alg", json!("ES384")), false),
            ("EC with the alg of RSA", with(ec(), "alg", json!("RS256")), false),
            ("RSA with the alg of EC", with(rsa(2048, &[1, 0, 1]), "alg", json!("ES256")), false),
            ("RSA for HMAC", with(rsa(2048, &[1, 0, 1]), "alg", json!("HS256")), false),
            ("RSA for encryption", with(rsa(2048, &[1, 0, 1]), "alg", json!("RSA-OAEP")), false),
            ("alg of another type", with(ec(), "alg", json!(["ES256"])), false),
            ("EC not on its curve", flipped, false),
            ("EC at zero", with(with(ec(), "x", encode([0; 32]).into()), "y", encode([0; 32]).into()), false),
            ("EC with a short x", with(ec(), "x", encode([1; 31]).into()), false),
            ("EC of another curve", with(ec(), "crv", json!("P-384")), false),
            ("EC of an unknown curve", with(ec(), "crv", json!("secp256k1")), false),
            ("OKP short", json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": encode([1; 31])}), false),
            ("OKP of order 1", okp([&[1][..], &[0; 31]].concat()), false),
            ("OKP of order 4", okp(vec![0; 32]), false),
            ("OKP not canonical", okp([&[0xf0][..], &[0xff; 30], &[0x7f]].concat()), false),
            ("OKP", okp([&[3][..], &[0; 31]].concat()), true),
            ("OKP X25519", json!({"kty": "OKP", "crv": "X25519", "kid": "k", "x": encode([9; 32])}), false),
            ("symmetric", json!({"kty": "oct", "kid": "k", "k": encode([7; 32])}), false),
            ("kid of another type", with(ec(), "kid", json!(1)), false),
            ("unknown type", json!({"kty": "AKP", "kid": "k"}), false),
            ("not an object", json!("key"), false),
            ("null", Value::Null, false),
        ] {
            let set = json!({"keys": [key, with(ec(), "kid", json!("good"))]});
            let set = JwkSet::from_json(&set.to_string()).unwrap();
            assert!(set.get(&Some("good".to_owned())).is_some(), "{name}");
            assert_eq!(set.get(&Some("k".to_owned())).is_some(), usable, "{name}");
            assert_eq!(set.len(), 1 + usize::from(usable), "{name}");
        }
    }

    #[test]
    fn the_second_key_of_an_id_is_dropped() {
        let first = rsa(2048, &[1, 0, 1]);
        let set = JwkSet::from_json(&json!({"keys": [first, ec(), ec()]}).to_string()).unwrap();
        assert_eq!(format!("{set:?}"), r#"{Some("k"): {Rs256, Rs384, Rs512, Ps256, Ps384, Ps512}}"#);
        let key = ec().to_string();
        let twice = format!(r#"{{"keys":[{},{}]}}"#, key.replacen('{', r#"{"kid":"x","#, 1), ec());
        assert_eq!(JwkSet::from_json(&twice).unwrap().len(), 1, "a member twice makes a key malformed");
    }

    #[test]
    fn what_is_not_a_key_set_is_an_error() {
        for text in
            ["", "{}", "[]", r#"{"keys":{}}"#, r#"{"keys":null}"#, "<html></html>", r#"{"keys":[]} x"#]
        {
            assert_eq!(JwkSet::from_json(text).unwrap_err(), InvalidJwkSet::Json, "{text}");
        }
        let large = format!(r#"{{"keys":[]{}}}"#, " ".repeat(MAX_SET_BYTES));
        assert_eq!(JwkSet::from_json(&large).unwrap_err(), InvalidJwkSet::TooLarge);
        assert!(JwkSet::from_json(r#"{"keys":[],"more":1}"#).unwrap().is_empty());
        let many: Vec<Value> = (0..MAX_KEYS + 5).map(|id| with(ec(), "kid", id.to_string().into())).collect();
        assert_eq!(JwkSet::from_json(&json!({"keys": many}).to_string()).unwrap().len(), MAX_KEYS);
    }
}
