//! A key set of RFC 7517.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::Arc,
};

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};
use thiserror::Error;

use super::{
    fetch::MAX_SET_BYTES,
    jwk::{UnusableKey, VerifyingKey},
};
use crate::{Algorithm, token::strict_json};

/// How many keys of a set are read.
const MAX_KEYS: usize = 100;

/// The members of a key that everybody may see. What else a key holds, its private half above all, is not kept.
const PUBLIC_MEMBERS: [&str; 10] = ["kty", "crv", "kid", "use", "key_ops", "alg", "n", "e", "x", "y"];

/// The usable keys of a key set, each parsed once. A clone is the same set.
///
/// Dropped with a warning, while the others stay: symmetric keys; RSA under 2048 or over 8192 bits, and exponents that are 1 or
/// even; points of P-256, P-384 and P-521 that are not on their curve; Ed25519 keys of small order or in another than the
/// canonical encoding; keys for encryption; a second key of the same id; keys after the hundredth; anything malformed. An
/// Ed25519 key that is no point at all may stay: no signature is ever right under it. Of keys without an id there may be
/// several, as long as no two are for the same algorithm. What was dropped, and why, tells [`dropped`](Self::dropped).
///
/// # Given at start
///
/// A set that is given at start saves a cold start its fetch: see [`from_env`](Self::from_env), [`from_file`](Self::from_file) and
/// [`from_json`](Self::from_json), then [`Issuer::initial_keys`](crate::Issuer::initial_keys) or, for these keys and no other,
/// [`Issuer::keys`](crate::Issuer::keys). `portcullis keys ISSUER` writes one.
///
/// ```
/// use portcullis::{Issuer, JwkSet, TokenUse, Verifier, testkit::TestIssuer};
///
/// # let pool = TestIssuer::cognito();
/// # let set = pool.jwk_set_json().to_string();
/// # let variables = |name: &str| (name == "JWKS").then(|| set.clone());
/// // In `main`: `|name: &str| std::env::var(name).ok()`.
/// let mut issuer = Issuer::cognito("eu-west-1", "eu-west-1_TestPool1").client_ids(["web"]).token_use(TokenUse::Access);
/// if let Some(keys) = JwkSet::from_env(variables, "JWKS")? {
///     issuer = issuer.initial_keys(keys);
/// }
/// let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
/// let token = pool.access_token("ada").claim("client_id", "web").sign();
/// assert!(verifier.authenticate_now(&token).is_some(), "there is nothing to wait for");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct JwkSet {
    contents: Arc<Contents>,
}

#[derive(Default)]
struct Contents {
    named: HashMap<String, Arc<VerifyingKey>>,
    /// All keys without an id, as one key.
    unnamed: Option<Arc<VerifyingKey>>,
    /// The usable keys as JSON, in the order of the document.
    published: Vec<Map<String, Value>>,
    dropped: Vec<DroppedKey>,
}

/// A key of a set that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedKey {
    position: usize,
    key_id: Option<String>,
    reason: UnusableKey,
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
    /// None of its keys can be used, so that every token would be refused.
    #[error("none of its keys can be used")]
    NoUsableKey,
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(String),
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
        let mut contents = Contents::default();
        let has_more = document.keys.len() > MAX_KEYS;
        for (position, raw) in document.keys.into_iter().take(MAX_KEYS).enumerate() {
            if let Err(dropped) = contents.add(position, raw) {
                tracing::warn!(position, reason = %dropped.reason, "key of a key set is not used");
                contents.dropped.push(dropped);
            }
        }
        if has_more {
            // One for all of them.
            let reason = UnusableKey::TooMany;
            contents.dropped.push(DroppedKey { position: MAX_KEYS, key_id: None, reason });
        }
        Ok(Self { contents: Arc::new(contents) })
    }

    /// How many usable keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.contents.published.len()
    }

    /// Whether there is no usable key, so that every token would be refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.contents.published.is_empty()
    }

    /// The keys of the document that are not used, and why.
    #[must_use]
    pub fn dropped(&self) -> &[DroppedKey] {
        &self.contents.dropped
    }

    /// The usable keys as a document that [`from_json`](Self::from_json) reads, with the members that everybody may see and
    /// no other.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"keys": self.contents.published})
    }

    /// The key of exactly this id; a token without an id is matched with the keys without an id.
    pub(crate) fn get(&self, id: Option<&str>) -> Option<&Arc<VerifyingKey>> {
        match id {
            Some(id) => self.contents.named.get(id),
            None => self.contents.unnamed.as_ref(),
        }
    }

    /// The one key that is for this algorithm, whatever its id; `None` if there are none or several.
    pub(crate) fn only_one_for(&self, algorithm: Algorithm) -> Option<&Arc<VerifyingKey>> {
        let keys = self.contents.named.values().chain(self.contents.unnamed.as_ref());
        let mut fitting = keys.filter(|key| key.is_for(algorithm));
        let only = fitting.next()?;
        fitting.next().is_none().then_some(only)
    }

    /// The same keys, those that an older set has already in the older one's place, and whether the two are the same in all.
    pub(crate) fn keep_from(&self, older: &Self) -> (Self, bool) {
        let mut same = self.contents.named.len() == older.contents.named.len();
        let mut keep = |key: &Arc<VerifyingKey>, known: Option<&Arc<VerifyingKey>>| match known {
            Some(known) if known.is_same(key) => Arc::clone(known),
            _ => {
                same = false;
                Arc::clone(key)
            }
        };
        let named = self.contents.named.iter();
        let named = named.map(|(id, key)| (id.clone(), keep(key, older.get(Some(id))))).collect();
        let unnamed = self.contents.unnamed.as_ref().map(|key| keep(key, older.get(None)));
        let same = same && unnamed.is_some() == older.contents.unnamed.is_some();
        let (published, dropped) = (self.contents.published.clone(), self.contents.dropped.clone());
        (Self { contents: Arc::new(Contents { named, unnamed, published, dropped }) }, same)
    }
}

impl Contents {
    fn add(&mut self, position: usize, raw: &RawValue) -> Result<(), DroppedKey> {
        let drop = |key_id, reason| DroppedKey { position, key_id, reason };
        let jwk = strict_json::parse_object(raw.get().as_bytes());
        let mut jwk = jwk.ok_or_else(|| drop(None, UnusableKey::Malformed))?;
        let named = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
        let (id, key) = VerifyingKey::from_jwk(jwk.clone()).map_err(|reason| drop(named, reason))?;
        match id {
            None => {
                let known = self.unnamed.take();
                let merged = known.as_deref().map_or_else(|| Some(key.clone()), |known| known.joined(&key));
                let is_new = merged.is_some();
                self.unnamed = merged.map(Arc::new).or(known);
                is_new.then_some(()).ok_or_else(|| drop(None, UnusableKey::Duplicate))?;
            }
            Some(id) => match self.named.entry(id) {
                Entry::Vacant(place) => {
                    place.insert(Arc::new(key));
                }
                Entry::Occupied(place) => {
                    return Err(drop(Some(place.key().clone()), UnusableKey::Duplicate));
                }
            },
        }
        jwk.retain(|name, _| PUBLIC_MEMBERS.contains(&name.as_str()));
        self.published.push(jwk);
        Ok(())
    }
}

impl DroppedKey {
    /// Its place in the document, from 0.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Its id, if it has one that can be read.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Why it is not used.
    #[must_use]
    pub fn reason(&self) -> UnusableKey {
        self.reason
    }
}

impl fmt::Debug for JwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unnamed = self.contents.unnamed.iter().map(|key| (None, key));
        f.debug_map()
            .entries(self.contents.named.iter().map(|(id, key)| (Some(id), key)).chain(unnamed))
            .finish()
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
            assert!(set.get(Some("good")).is_some(), "{name}");
            assert_eq!(set.get(Some("k")).is_some(), usable, "{name}");
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

    #[test]
    fn keys_without_an_id_are_told_apart_by_their_algorithm() {
        let without_id = |mut key: Value| {
            key.as_object_mut().unwrap().remove("kid");
            key
        };
        let rs256 = with(rsa(2048, &[1, 0, 1]), "alg", json!("RS256"));
        let keys = [ec(), okp([&[3][..], &[0; 31]].concat()), rs256].map(without_id);
        let set = JwkSet::from_json(&json!({"keys": keys}).to_string()).unwrap();
        assert_eq!((set.len(), set.dropped().len()), (3, 0));
        let algorithms = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];
        assert!(algorithms.iter().all(|algorithm| set.get(None).unwrap().is_for(*algorithm)));
        assert!(!set.get(None).unwrap().is_for(Algorithm::Rs512));

        let twice =
            JwkSet::from_json(&json!({"keys": [without_id(ec()), without_id(ec())]}).to_string()).unwrap();
        assert_eq!(twice.len(), 1);
        assert_eq!(twice.dropped()[0].reason(), UnusableKey::Duplicate);
        assert!(twice.only_one_for(Algorithm::Es256).is_some());
    }

    #[test]
    fn the_only_one_for_an_algorithm_is_found_without_its_id() {
        let other = with(ec(), "kid", json!("other"));
        let set = JwkSet::from_json(&json!({"keys": [ec(), rsa(2048, &[1, 0, 1])]}).to_string()).unwrap();
        assert_eq!(set.len(), 1, "one id, two keys");
        assert!(set.only_one_for(Algorithm::Es256).is_some());
        assert!(set.only_one_for(Algorithm::Rs256).is_none());
        let set = JwkSet::from_json(&json!({"keys": [ec(), other]}).to_string()).unwrap();
        assert!(set.only_one_for(Algorithm::Es256).is_none(), "there are two");
    }

    #[test]
    fn what_was_dropped_is_told() {
        let oct = json!({"kty": "oct", "kid": "secret", "k": encode([7; 32])});
        let set = json!({"keys": [oct, ec(), with(ec(), "use", json!("enc")), 7]});
        let set = JwkSet::from_json(&set.to_string()).unwrap();
        let dropped: Vec<_> =
            set.dropped().iter().map(|key| (key.position(), key.key_id(), key.reason())).collect();
        assert_eq!(
            dropped,
            [
                (0, Some("secret"), UnusableKey::Unsupported),
                (2, Some("k"), UnusableKey::OtherUse),
                (3, None, UnusableKey::Malformed),
            ]
        );
    }

    #[test]
    fn what_is_written_can_be_read_and_holds_nothing_private() {
        let private = with(ec(), "d", json!(encode([7; 32])));
        let set =
            JwkSet::from_json(&json!({"keys": [private, {"kty": "oct", "k": "AA"}]}).to_string()).unwrap();
        let written = set.to_json();
        assert_eq!(written["keys"].as_array().unwrap().len(), 1);
        assert!(written["keys"][0].get("d").is_none());
        let read = JwkSet::from_json(&written.to_string()).unwrap();
        assert!(read.keep_from(&set).1);
    }

    #[test]
    fn a_set_that_comes_again_keeps_its_keys() {
        let document = json!({"keys": [ec(), with(ec(), "kid", json!("other"))]}).to_string();
        let [old, new] = [&document, &document].map(|text| JwkSet::from_json(text).unwrap());
        let (kept, same) = new.keep_from(&old);
        assert!(same && Arc::ptr_eq(kept.get(Some("k")).unwrap(), old.get(Some("k")).unwrap()));
        let rotated = JwkSet::from_json(&json!({"keys": [ec(), ec()]}).to_string()).unwrap();
        let (kept, same) = rotated.keep_from(&old);
        assert!(!same && !Arc::ptr_eq(kept.get(Some("k")).unwrap(), old.get(Some("k")).unwrap()));
    }
}
