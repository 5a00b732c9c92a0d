//! One key of a key set, ready to check signatures.

use std::fmt;

use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RsaPublicKeyComponents};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{ed25519, roca};
use crate::{Algorithm, Rejection, algorithm::Scheme, token::base64url};

/// A public key, parsed once for each algorithm that it may be used with.
#[derive(Clone)]
pub(crate) struct VerifyingKey {
    parsed: Vec<(Algorithm, ParsedPublicKey)>,
}

/// Why a key of a set is not used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnusableKey {
    /// It is not a strict JSON object with the members of a key.
    #[error("it is not a strict JSON object with the members of a key")]
    Malformed,
    /// `use` or `key_ops` says that it is for something else.
    #[error("it is not meant for checking signatures")]
    OtherUse,
    /// Its type, its curve or its algorithm is not one of [`Algorithm`]; symmetric keys are among these.
    #[error("its type, curve or algorithm is not supported")]
    Unsupported,
    /// `alg` and `kty` or `crv` contradict each other.
    #[error("its algorithm does not fit its type")]
    Algorithm,
    /// It is too short or too long, has a bad exponent, can be factored (CVE-2017-15361), is not on its curve, or is of small order.
    #[error("it is weak or not on its curve")]
    Weak,
    /// An earlier key of the set has the same id, or none has an id and both are for one algorithm.
    #[error("another key of the set has the same id")]
    Duplicate,
    /// The set has a hundred keys without it.
    #[error("the set has too many keys")]
    TooMany,
}

impl VerifyingKey {
    pub(crate) fn from_jwk(jwk: Map<String, Value>) -> Result<(Option<String>, Self), UnusableKey> {
        let named = match jwk.get("alg") {
            None => None,
            Some(Value::String(name)) => Some(Algorithm::from_name(name).ok_or(UnusableKey::Unsupported)?),
            Some(_) => return Err(UnusableKey::Malformed),
        };
        let jwk: Jwk = serde_json::from_value(Value::Object(jwk)).map_err(|_| UnusableKey::Malformed)?;
        let for_signatures = jwk.common.public_key_use.is_none_or(|usage| usage == PublicKeyUse::Signature);
        let may_verify =
            jwk.common.key_operations.is_none_or(|allowed| allowed.contains(&KeyOperations::Verify));
        if !for_signatures || !may_verify {
            return Err(UnusableKey::OtherUse);
        }
        let parsed = match &jwk.algorithm {
            AlgorithmParameters::RSA(rsa) => parse_rsa(&rsa.n, &rsa.e, named)?,
            AlgorithmParameters::EllipticCurve(ec) => parse_ec(&ec.curve, &ec.x, &ec.y, named)?,
            AlgorithmParameters::OctetKeyPair(pair) => parse_ed25519(&pair.curve, &pair.x, named)?,
            _ => return Err(UnusableKey::Unsupported),
        };
        Ok((jwk.common.key_id, Self { parsed }))
    }

    /// A key for ES256, by its uncompressed point (SEC 1, 2.3.3).
    pub(crate) fn from_p256_point(point: &[u8]) -> Result<Self, UnusableKey> {
        let (Scheme::Ecdsa(scheme), 65, Some(4)) = (Algorithm::Es256.scheme(), point.len(), point.first())
        else {
            return Err(UnusableKey::Weak);
        };
        let key = ParsedPublicKey::new(scheme, point).map_err(|_| UnusableKey::Weak)?;
        Ok(Self { parsed: vec![(Algorithm::Es256, key)] })
    }

    /// Whether it may be used with this algorithm.
    pub(crate) fn is_for(&self, algorithm: Algorithm) -> bool {
        self.parsed.iter().any(|(allowed, _)| *allowed == algorithm)
    }

    /// Whether it is the same key for the same algorithms.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.parsed.len() == other.parsed.len()
            && self.parsed.iter().zip(&other.parsed).all(
                |((algorithm, key), (other_algorithm, other_key))| {
                    algorithm == other_algorithm && key.as_ref() == other_key.as_ref()
                },
            )
    }

    /// Both as one key; `None` if they are for the same algorithm.
    pub(crate) fn joined(&self, other: &Self) -> Option<Self> {
        let overlap = other.parsed.iter().any(|(algorithm, _)| self.is_for(*algorithm));
        (!overlap).then(|| Self { parsed: self.parsed.iter().chain(&other.parsed).cloned().collect() })
    }

    /// Checks a signature. This is the one place where a token is compared with a key.
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Rejection> {
        let (_, key) = self
            .parsed
            .iter()
            .find(|(allowed, _)| *allowed == algorithm)
            .ok_or(Rejection::AlgorithmMismatch)?;
        key.verify_sig(message, signature).map_err(|_| Rejection::Signature)
    }
}

fn parse_rsa(
    n: &str,
    e: &str,
    named: Option<Algorithm>,
) -> Result<Vec<(Algorithm, ParsedPublicKey)>, UnusableKey> {
    let (n, e) = (integer(n)?, integer(e)?);
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    if !(2048..=8192).contains(&bits) || !odd(&n) || !odd(&e) || e == [1] || roca::is_traced(&n) {
        return Err(UnusableKey::Weak);
    }
    let components = RsaPublicKeyComponents { n, e };
    let algorithms = named.as_ref().map_or(Algorithm::RSA, std::slice::from_ref);
    algorithms
        .iter()
        .map(|algorithm| {
            let Scheme::Rsa(parameters) = algorithm.scheme() else {
                return Err(UnusableKey::Algorithm);
            };
            let key = components.to_parsed_public_key(parameters).map_err(|_| UnusableKey::Weak)?;
            Ok((*algorithm, key))
        })
        .collect()
}

fn parse_ec(
    curve: &EllipticCurve,
    x: &str,
    y: &str,
    named: Option<Algorithm>,
) -> Result<Vec<(Algorithm, ParsedPublicKey)>, UnusableKey> {
    let (algorithm, length) = match curve {
        EllipticCurve::P256 => (Algorithm::Es256, 32),
        EllipticCurve::P384 => (Algorithm::Es384, 48),
        EllipticCurve::P521 => (Algorithm::Es512, 66),
        _ => return Err(UnusableKey::Unsupported),
    };
    let Scheme::Ecdsa(scheme) = algorithm.scheme() else {
        return Err(UnusableKey::Algorithm);
    };
    if named.is_some_and(|named| named != algorithm) {
        return Err(UnusableKey::Algorithm);
    }
    let (x, y) = (bytes(x)?, bytes(y)?);
    if x.len() != length || y.len() != length {
        return Err(UnusableKey::Weak);
    }
    let uncompressed_point = [&[4], x.as_slice(), y.as_slice()].concat();
    let key = ParsedPublicKey::new(scheme, uncompressed_point).map_err(|_| UnusableKey::Weak)?;
    Ok(vec![(algorithm, key)])
}

fn parse_ed25519(
    curve: &EllipticCurve,
    x: &str,
    named: Option<Algorithm>,
) -> Result<Vec<(Algorithm, ParsedPublicKey)>, UnusableKey> {
    if *curve != EllipticCurve::Ed25519 {
        return Err(UnusableKey::Unsupported);
    }
    if named.is_some_and(|named| named != Algorithm::EdDsa) {
        return Err(UnusableKey::Algorithm);
    }
    let x = bytes(x)?;
    if !ed25519::is_sound(&x) {
        return Err(UnusableKey::Weak);
    }
    let key = ParsedPublicKey::new(&ED25519, x).map_err(|_| UnusableKey::Weak)?;
    Ok(vec![(Algorithm::EdDsa, key)])
}

fn bytes(text: &str) -> Result<Vec<u8>, UnusableKey> {
    base64url::decode(text.as_bytes()).ok_or(UnusableKey::Malformed)
}

/// An unsigned integer, most significant byte first. Some issuers write leading zeros; they change nothing.
fn integer(text: &str) -> Result<Vec<u8>, UnusableKey> {
    let mut number = bytes(text)?;
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    Ok(number)
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.parsed.iter().map(|(algorithm, _)| algorithm)).finish()
    }
}
