use std::{fmt, sync::Arc};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RsaEncoding, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use serde_json::{Value, json};

use super::{ManualClock, TestToken};
use crate::{Algorithm, Issuer, JwkSet, token::base64url};

/// An issuer that exists in this process only: an RSA key of 2048 bits, an ES256 key, and a clock that stands still.
///
/// Its keys are random and made anew each time, so that nothing outside of a test can trust them. A clone is the same issuer.
#[derive(Clone)]
pub struct TestIssuer {
    url: String,
    clock: ManualClock,
    keys: Arc<Keys>,
}

struct Keys {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    /// Distinguishes the keys of two test issuers.
    name: String,
}

impl TestIssuer {
    /// Where the clock of a new test issuer stands: 14 November 2023, 22:13:20 UTC.
    pub const NOW: u64 = 1_700_000_000;

    /// An issuer with the URL of a user pool of Amazon Cognito.
    #[must_use]
    pub fn cognito() -> Self {
        Self::at("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool1")
    }

    /// An issuer with this URL.
    ///
    /// # Panics
    ///
    /// If the system has no randomness.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), clock: ManualClock::at(Self::NOW), keys: Arc::new(Keys::generate()) }
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its clock, to be given to the verifier; moving it moves what "now" means for both.
    #[must_use]
    pub fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    /// Itself as a pool of Amazon Cognito, its keys given; what is expected of tokens remains to be said.
    pub fn issuer(&self) -> Issuer {
        Issuer::cognito_at(self.url.clone()).keys(self.jwk_set())
    }

    /// Itself as another OpenID Connect issuer, its keys given; what is expected of tokens remains to be said.
    pub fn oidc_issuer(&self) -> Issuer {
        Issuer::oidc(self.url.clone()).keys(self.jwk_set())
    }

    /// The same issuer with other keys, as after a rotation.
    #[must_use]
    pub fn with_new_keys(&self) -> Self {
        Self { keys: Arc::new(Keys::generate()), ..self.clone() }
    }

    /// Its public keys as it would publish them.
    #[must_use]
    pub fn jwk_set_json(&self) -> Value {
        let rsa = RsaPublicKeyComponents::<Vec<u8>>::from(self.keys.rsa.public_key());
        let point = self.keys.ec.public_key().as_ref();
        let (x, y) = point.split_at_checked(33).unwrap_or_default();
        json!({"keys": [
            {
                "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.key_id(Algorithm::Rs256),
                "n": base64url::encode(&rsa.n), "e": base64url::encode(&rsa.e),
            },
            {
                "kty": "EC", "use": "sig", "crv": "P-256", "kid": self.key_id(Algorithm::Es256),
                "x": base64url::encode(x.get(1..).unwrap_or_default()), "y": base64url::encode(y),
            },
        ]})
    }

    /// Its public keys, ready for [`Issuer::keys`].
    ///
    /// # Panics
    ///
    /// Never: its own keys are sound.
    #[must_use]
    pub fn jwk_set(&self) -> JwkSet {
        sound(JwkSet::from_json(&self.jwk_set_json().to_string()), "own keys are a key set")
    }

    /// An access token as Amazon Cognito writes it, good for an hour.
    pub fn access_token(&self, sub: &str) -> TestToken {
        self.token(sub, "access").claim("scope", "aws.cognito.signin.user.admin").claim("username", sub)
    }

    /// An ID token as Amazon Cognito writes it, good for an hour. Its `aud` remains to be set.
    pub fn id_token(&self, sub: &str) -> TestToken {
        self.token(sub, "id").claim("cognito:username", sub)
    }

    fn token(&self, sub: &str, token_use: &str) -> TestToken {
        let now = crate::clock::unix_seconds(crate::Clock::now(&self.clock)) as u64;
        TestToken::new(self.clone())
            .claim("iss", self.url.as_str())
            .claim("sub", sub)
            .claim("token_use", token_use)
            .claim("iat", now)
            .claim("auth_time", now)
            .claim("exp", now + 3600)
    }

    /// The id of the key that it signs with by this algorithm.
    #[must_use]
    pub fn key_id(&self, algorithm: Algorithm) -> String {
        let kind = if algorithm == Algorithm::Es256 { "ec" } else { "rsa" };
        format!("{}-{kind}", self.keys.name)
    }

    /// Signs any bytes.
    ///
    /// # Panics
    ///
    /// For algorithms that it has no key for: all but the RSA ones and ES256.
    #[must_use]
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let encoding: &'static dyn RsaEncoding = match algorithm {
            Algorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
            Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
            Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
            Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
            Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
            Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
            _ => {
                assert_eq!(algorithm, Algorithm::Es256, "a test issuer has an RSA key and an ES256 key");
                let signature = sound(self.keys.ec.sign(&SystemRandom::new(), message), "an ES256 key signs");
                return signature.as_ref().to_vec();
            }
        };
        let mut signature = vec![0; self.keys.rsa.public_modulus_len()];
        sound(
            self.keys.rsa.sign(encoding, &SystemRandom::new(), message, &mut signature),
            "an RSA key signs",
        );
        signature
    }
}

impl Keys {
    fn generate() -> Self {
        let rsa = sound(RsaKeyPair::generate(KeySize::Rsa2048), "an RSA key can be made");
        let ec = sound(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING), "an ES256 key can be made");
        let name =
            ec.public_key().as_ref().iter().skip(1).take(6).map(|byte| format!("{byte:02x}")).collect();
        Self { rsa, ec, name }
    }
}

/// A failure here is a failure of the test's surroundings, and ends the test.
#[expect(clippy::expect_used, reason = "for tests only; there is nobody to report an error to")]
pub(super) fn sound<T, E: fmt::Debug>(result: Result<T, E>, what: &str) -> T {
    result.expect(what)
}

impl fmt::Debug for TestIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIssuer").field("url", &self.url).finish_non_exhaustive()
    }
}
