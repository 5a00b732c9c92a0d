//! The key that signs the pool's tokens.

use std::fmt;

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::AsDer,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaPublicKeyComponents},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::pool::{PoolError, store::Store};

/// A token could not be signed.
#[derive(Clone, Copy, Debug, Error)]
#[error("a token could not be signed")]
pub(crate) struct SigningError;

/// An RSA key of 2048 bits, made at the pool's first start and kept.
pub(crate) struct SigningKey {
    pair: KeyPair,
    kid: String,
    /// The encoded header of every token, which never changes.
    header: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    pub(crate) fn open(store: &Store) -> Result<Self, PoolError> {
        Self::from_pkcs8(&store.setting("signing_key", Self::generate)?)
    }

    /// A new key, in the form that is kept.
    pub(crate) fn generate() -> Result<Vec<u8>, PoolError> {
        #[cfg(test)]
        return tests::one_of_a_few(Self::make);
        #[cfg(not(test))]
        Self::make()
    }

    fn make() -> Result<Vec<u8>, PoolError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| PoolError::SigningKey("made"))?;
        let pkcs8 = pair.as_der().map_err(|_| PoolError::SigningKey("made"))?;
        Ok(pkcs8.as_ref().to_vec())
    }

    /// A key that was kept.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, PoolError> {
        let pair = KeyPair::from_pkcs8(pkcs8).map_err(|_| PoolError::SigningKey("read"))?;
        let modulus = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
        let exponent = pair.public_key().exponent().big_endian_without_leading_zero().to_vec();
        let kid = base64::engine::general_purpose::STANDARD.encode(digest(&SHA256, &modulus));
        let header = URL_SAFE_NO_PAD.encode(json!({ "kid": kid, "alg": "RS256" }).to_string());
        Ok(Self { pair, kid, header, modulus, exponent })
    }

    /// The JSON Web Key Set (RFC 7517) with which anybody can check the pool's tokens.
    pub(crate) fn key_set(&self) -> Value {
        json!({ "keys": [{
            "alg": "RS256",
            "e": URL_SAFE_NO_PAD.encode(&self.exponent),
            "kid": self.kid,
            "kty": "RSA",
            "n": URL_SAFE_NO_PAD.encode(&self.modulus),
            "use": "sig",
        }] })
    }

    /// Signs a token (RFC 7515, compact form).
    pub(crate) fn sign(&self, claims: &Map<String, Value>) -> Result<String, SigningError> {
        let payload = serde_json::to_vec(claims).map_err(|_| SigningError)?;
        let mut token = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(payload));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
            .map_err(|_| SigningError)?;
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        Ok(token)
    }

    /// The claims of a token that this key has signed.
    ///
    /// The pool knows the one header it writes, so it compares and never asks a token how it wants to be checked.
    pub(crate) fn verify(&self, token: &str) -> Option<Map<String, Value>> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if header != self.header {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent }
            .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
            .ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, sync::OnceLock};

    use super::*;
    use crate::pool::PoolStorage;

    /// To make a key takes a tenth of a second, and hundreds of tests want one each. So they share a few, of which a test gets one
    /// after the other: the pools of one test have different ones.
    pub(super) fn one_of_a_few(make: fn() -> Result<Vec<u8>, PoolError>) -> Result<Vec<u8>, PoolError> {
        static KEYS: [OnceLock<Vec<u8>>; 4] = [const { OnceLock::new() }; 4];
        thread_local!(static NEXT: Cell<usize> = const { Cell::new(0) });
        let next = NEXT.replace((NEXT.get() + 1) % KEYS.len());
        Ok(KEYS[next].get_or_init(|| make().unwrap()).clone())
    }

    #[test]
    fn a_token_is_read_only_as_it_was_signed() {
        let key = SigningKey::open(&Store::open(&PoolStorage::Memory).unwrap()).unwrap();
        let other = SigningKey::open(&Store::open(&PoolStorage::Memory).unwrap()).unwrap();
        let claims = Map::from_iter([("sub".to_owned(), json!("1"))]);
        let token = key.sign(&claims).unwrap();
        assert_eq!(key.verify(&token), Some(claims));
        assert_eq!(other.verify(&token), None);
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!("{token}") };
        let forged = URL_SAFE_NO_PAD.encode(r#"{"sub":"2"}"#);
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        for bad in [
            format!("{header}.{forged}.{signature}"),
            format!("{none}.{payload}."),
            format!("{none}.{payload}.{signature}"),
            format!("{header}.{payload}"),
            format!("{header}.{payload}."),
            format!("{token}A"),
            String::new(),
            "a.b.c".to_owned(),
        ] {
            assert_eq!(key.verify(&bad), None, "{bad}");
        }
    }
}
