//! Secure Remote Password as Cognito speaks it: the server proves nothing about the password it does not know, and keeps
//! only a verifier from which the password cannot be read.
//!
//! The protocol is SRP-6a (RFC 5054) with Cognito's own parts:
//!
//! * the 3072-bit group of RFC 3526 with generator 2, and SHA-256;
//! * numbers are hashed as big-endian bytes with a zero byte before a set first bit;
//! * `x = H(salt | H(pool name | user id | ":" | password))`, the pool name being the part of its id after `_`;
//! * the key is HKDF-SHA256 of the shared secret, salted with `u`, info `Caldera Derived Key`, 16 bytes;
//! * instead of RFC 5054's proof, HMAC-SHA256 with that key over pool name, user id, secret block and timestamp.
//!
//! The arithmetic does not run in constant time: another process of this machine could measure it. The pool is for
//! development.

use std::{fmt, sync::LazyLock};

use aws_lc_rs::{
    digest::{Context, SHA256, digest},
    hkdf, hmac,
};
use num_bigint::BigUint;
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::pool::{Random, RandomError};

// RFC 3526, section 4: 2^3072 - 2^3008 - 1 + 2^64 * ([2^2942 pi] + 1690314).
const PRIME: &str = "\
    FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74\
    020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437\
    4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
    EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05\
    98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB\
    9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
    E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718\
    3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33\
    A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
    ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864\
    D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2\
    08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

/// The longest public number of a client, in hexadecimal digits: the prime with a byte of zeros before it.
const MAX_HEX: usize = 770;

struct Group {
    n: BigUint,
    g: BigUint,
    k: BigUint,
}

static GROUP: LazyLock<Group> = LazyLock::new(|| {
    let n = BigUint::parse_bytes(PRIME.as_bytes(), 16).unwrap_or_default();
    let g = BigUint::from(2_u8);
    let k = number(&[&padded(&n), &padded(&g)]);
    Group { n, g, k }
});

/// Why a handshake could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum SrpError {
    /// The client's public number is none, or one that would let anybody in.
    #[error("the client's public number is not acceptable")]
    PublicNumber,
    /// There was no randomness.
    #[error("no randomness could be had")]
    Random,
}

impl From<RandomError> for SrpError {
    fn from(RandomError: RandomError) -> Self {
        Self::Random
    }
}

/// What the pool keeps of a password. With its random salt it tells one choice of a password from every other.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Verifier {
    pub(crate) salt: Vec<u8>,
    /// `g^x`, as big-endian bytes.
    pub(crate) value: Vec<u8>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

impl Verifier {
    /// Makes the verifier of a password under a new salt.
    pub(crate) fn make(
        random: &dyn Random,
        pool: &str,
        user_id: &str,
        password: &str,
    ) -> Result<Self, RandomError> {
        Ok(Self::derive(pool, user_id, password, random.bytes::<16>()?.to_vec()))
    }

    /// The verifier of a password under a known salt.
    fn derive(pool: &str, user_id: &str, password: &str, salt: Vec<u8>) -> Self {
        let x = private_key(pool, user_id, password, &salt);
        Self { salt, value: GROUP.g.modpow(&x, &GROUP.n).to_bytes_be() }
    }

    /// A verifier that belongs to no password, the same for the same seed.
    pub(crate) fn decoy(seed: &hmac::Key, name: &str) -> Self {
        let salt =
            hmac::sign(seed, format!("salt {name}").as_bytes()).as_ref().iter().copied().take(16).collect();
        let mut value = Vec::with_capacity(384);
        for block in 0..12 {
            value.extend_from_slice(hmac::sign(seed, format!("verifier {block} {name}").as_bytes()).as_ref());
        }
        Self { salt, value: (BigUint::from_bytes_be(&value) % &GROUP.n).to_bytes_be() }
    }

    /// Whether this is the password.
    pub(crate) fn accepts(&self, pool: &str, user_id: &str, password: &str) -> bool {
        let candidate = Self::derive(pool, user_id, password, self.salt.clone());
        candidate.value.ct_eq(&self.value).into()
    }

    /// The salt as `SALT` has it.
    pub(crate) fn salt_hex(&self) -> String {
        BigUint::from_bytes_be(&self.salt).to_str_radix(16)
    }
}

/// The server's side of one sign-in, between its two requests.
pub(crate) struct Handshake {
    client_public: BigUint,
    server_private: BigUint,
    server_public: BigUint,
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handshake(..)")
    }
}

impl Handshake {
    /// Answers the client's public number, `SRP_A`.
    pub(crate) fn start(random: &dyn Random, verifier: &Verifier, srp_a: &str) -> Result<Self, SrpError> {
        let acceptable =
            (1..=MAX_HEX).contains(&srp_a.len()) && srp_a.bytes().all(|byte| byte.is_ascii_hexdigit());
        let client_public = acceptable
            .then(|| BigUint::parse_bytes(srp_a.as_bytes(), 16))
            .flatten()
            .ok_or(SrpError::PublicNumber)?;
        // With a multiple of the prime the shared secret would be zero whatever the password.
        if &client_public % &GROUP.n == BigUint::ZERO {
            return Err(SrpError::PublicNumber);
        }
        let server_private = BigUint::from_bytes_be(&random.bytes::<32>()?);
        let v = BigUint::from_bytes_be(&verifier.value);
        let server_public = (&GROUP.k * v + GROUP.g.modpow(&server_private, &GROUP.n)) % &GROUP.n;
        Ok(Self { client_public, server_private, server_public })
    }

    /// The server's public number as `SRP_B` has it.
    pub(crate) fn srp_b(&self) -> String {
        self.server_public.to_str_radix(16)
    }

    /// Whether the client has shown that it knows the password of the verifier.
    pub(crate) fn proves(&self, verifier: &Verifier, claim: &PasswordClaim<'_>) -> bool {
        let u = number(&[&padded(&self.client_public), &padded(&self.server_public)]);
        let v = BigUint::from_bytes_be(&verifier.value);
        let secret = (&self.client_public * v.modpow(&u, &GROUP.n)).modpow(&self.server_private, &GROUP.n);
        let Some(key) = derived_key(&u, &secret) else { return false };
        // The comparison runs in constant time.
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), &claim.message(), claim.signature).is_ok()
    }
}

/// What a client answers to the challenge `PASSWORD_VERIFIER`.
pub(crate) struct PasswordClaim<'a> {
    pub(crate) pool: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) secret_block: &'a [u8],
    pub(crate) timestamp: &'a str,
    pub(crate) signature: &'a [u8],
}

impl PasswordClaim<'_> {
    fn message(&self) -> Vec<u8> {
        [self.pool.as_bytes(), self.user_id.as_bytes(), self.secret_block, self.timestamp.as_bytes()].concat()
    }
}

/// The name of a pool in SRP: its id without the region.
pub(crate) fn short_name(pool_id: &str) -> &str {
    pool_id.split_once('_').map_or(pool_id, |(_region, name)| name)
}

fn private_key(pool: &str, user_id: &str, password: &str, salt: &[u8]) -> BigUint {
    let mut inner = Context::new(&SHA256);
    for part in [pool, user_id, ":", password] {
        inner.update(part.as_bytes());
    }
    number(&[&padded(&BigUint::from_bytes_be(salt)), inner.finish().as_ref()])
}

struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        16
    }
}

fn derived_key(u: &BigUint, secret: &BigUint) -> Option<[u8; 16]> {
    let mut key = [0; 16];
    hkdf::Salt::new(hkdf::HKDF_SHA256, &padded(u))
        .extract(&padded(secret))
        .expand(&[b"Caldera Derived Key"], KeyLength)
        .ok()?
        .fill(&mut key)
        .ok()?;
    Some(key)
}

fn number(parts: &[&[u8]]) -> BigUint {
    BigUint::from_bytes_be(digest(&SHA256, &parts.concat()).as_ref())
}

// The bytes of a signed number: a first bit that is set would make it negative.
fn padded(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        bytes.insert(0, 0);
    }
    bytes
}

/// The client's side, written from the public formulas, for tests.
#[cfg(test)]
pub(crate) mod client {
    use super::*;

    pub(crate) struct Client {
        a: BigUint,
        a_public: BigUint,
    }

    impl Client {
        pub(crate) fn new(seed: u64) -> Self {
            let a = number(&[&seed.to_be_bytes()]);
            let a_public = GROUP.g.modpow(&a, &GROUP.n);
            Self { a, a_public }
        }

        pub(crate) fn srp_a(&self) -> String {
            self.a_public.to_str_radix(16)
        }

        /// The signature that answers a challenge.
        pub(crate) fn sign(
            &self,
            password: &str,
            salt: &str,
            srp_b: &str,
            claim: &PasswordClaim<'_>,
        ) -> Vec<u8> {
            let n = &GROUP.n;
            let salt = BigUint::parse_bytes(salt.as_bytes(), 16).unwrap().to_bytes_be();
            let b_public = BigUint::parse_bytes(srp_b.as_bytes(), 16).unwrap();
            let x = private_key(claim.pool, claim.user_id, password, &salt);
            let u = number(&[&padded(&self.a_public), &padded(&b_public)]);
            // S = (B - k * g^x) ^ (a + u * x); the prime is added so that the difference is not negative.
            let base = (&b_public + n - (&GROUP.k * GROUP.g.modpow(&x, n)) % n) % n;
            let secret = base.modpow(&(&self.a + &u * &x), n);
            let key = hmac::Key::new(hmac::HMAC_SHA256, &derived_key(&u, &secret).unwrap());
            hmac::sign(&key, &claim.message()).as_ref().to_vec()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{client::Client, *};
    use crate::pool::SystemRandom;

    const POOL: &str = "AbCdEfGhI";

    fn signs_in(stored: &str, typed: &str, seed: u64) -> bool {
        let random: &dyn Random = &SystemRandom;
        let verifier = Verifier::make(random, POOL, "user", stored).unwrap();
        let client = Client::new(seed);
        let handshake = Handshake::start(random, &verifier, &client.srp_a()).unwrap();
        let mut claim = PasswordClaim {
            pool: POOL,
            user_id: "user",
            secret_block: b"block",
            timestamp: "now",
            signature: &[],
        };
        let signature = client.sign(typed, &verifier.salt_hex(), &handshake.srp_b(), &claim);
        claim.signature = &signature;
        handshake.proves(&verifier, &claim)
    }

    #[test]
    fn the_right_password_and_only_it_is_proven() {
        // Several rounds: leading zeros and set first bits differ from one to the next.
        for seed in 0..12 {
            assert!(signs_in("Correct-horse-1", "Correct-horse-1", seed), "{seed}");
        }
        for wrong in ["correct-horse-1", "Correct-horse-1 ", "", "x"] {
            assert!(!signs_in("Correct-horse-1", wrong, 1), "{wrong}");
        }
    }

    #[test]
    fn the_constants_are_those_of_the_group() {
        assert_eq!(GROUP.n.bits(), 3072);
        // The first and last 64 bits of this group are all ones.
        let ones = BigUint::from(u64::MAX);
        assert_eq!(&GROUP.n >> 3008_u32, ones);
        assert_eq!(&GROUP.n & &ones, ones);
        // A safe prime passes Fermat's test, and so does half of it.
        let two = BigUint::from(2_u8);
        let half = (&GROUP.n - 1_u8) / 2_u8;
        assert_eq!(two.modpow(&(&GROUP.n - 1_u8), &GROUP.n), BigUint::from(1_u8));
        assert_eq!(two.modpow(&(&half - 1_u8), &half), BigUint::from(1_u8));
    }

    #[test]
    fn a_public_number_that_lets_anybody_in_is_refused() {
        let random: &dyn Random = &SystemRandom;
        let verifier = Verifier::make(random, POOL, "user", "x").unwrap();
        let twice = (&GROUP.n * 2_u8).to_str_radix(16);
        let long = "f".repeat(MAX_HEX + 1);
        for srp_a in ["0", "00", PRIME, twice.as_str(), "", "xyz", "-1", "+1", "1_0", long.as_str()] {
            assert_eq!(
                Handshake::start(random, &verifier, srp_a).unwrap_err(),
                SrpError::PublicNumber,
                "{srp_a}"
            );
        }
    }

    #[test]
    fn a_password_is_checked_without_the_protocol_too() {
        let verifier = Verifier::make(&SystemRandom, POOL, "user", "Correct-horse-1").unwrap();
        assert!(verifier.accepts(POOL, "user", "Correct-horse-1"));
        assert!(!verifier.accepts(POOL, "user", "correct-horse-1"));
        assert!(!verifier.accepts(POOL, "another", "Correct-horse-1"));
        assert!(!verifier.accepts("another", "user", "Correct-horse-1"));
    }

    #[test]
    fn a_decoy_is_stable_and_looks_like_a_verifier() {
        let seed = hmac::Key::new(hmac::HMAC_SHA256, b"seed");
        let first = Verifier::decoy(&seed, "nobody");
        assert_eq!(first.salt, Verifier::decoy(&seed, "nobody").salt);
        assert_ne!(first.salt, Verifier::decoy(&seed, "somebody").salt);
        assert_eq!(first.salt.len(), 16);
        assert!(first.value.len() > 376, "{}", first.value.len());
    }
}
