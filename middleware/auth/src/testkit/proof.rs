use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Map, Value, json};

use super::{TestIssuer, issuer::sound};
use crate::{Thumbprint, token::base64url};

/// The key of a client that proves who sends a token (DPoP), of this process only.
#[derive(Clone)]
pub struct ProofKey {
    pair: Arc<EcdsaKeyPair>,
}

/// A proof in the making, right or wrong.
///
/// ```
/// use portcullis::testkit::ProofKey;
///
/// let key = ProofKey::generate();
/// let good = key.proof("GET", "https://api.example.com/notes", "the token").sign();
/// let wrong = key.proof("GET", "https://api.example.com/notes", "the token").without("jti").sign();
/// assert_ne!(good, wrong);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TestProof {
    key: ProofKey,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    header_text: Option<Vec<u8>>,
    claims_text: Option<Vec<u8>>,
}

impl ProofKey {
    /// A new key for ES256.
    ///
    /// # Panics
    ///
    /// If the system has no randomness.
    #[must_use]
    pub fn generate() -> Self {
        let pair =
            sound(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING), "an ES256 key can be made");
        Self { pair: Arc::new(pair) }
    }

    /// Its public half.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let (x, y) = self.coordinates();
        json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})
    }

    /// Its thumbprint (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        let (x, y) = self.coordinates();
        Thumbprint::of(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#).as_bytes())
    }

    /// The `cnf` claim that binds a token to it.
    #[must_use]
    pub fn confirmation(&self) -> Value {
        json!({"jkt": self.thumbprint().to_string()})
    }

    /// A proof for one request with this token, made when the clock of a [`TestIssuer`] begins. No two have the same id.
    pub fn proof(&self, method: &str, url: &str, token: &str) -> TestProof {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let proof = TestProof {
            key: self.clone(),
            header: Map::new(),
            claims: Map::new(),
            header_text: None,
            claims_text: None,
        };
        proof
            .header("typ", "dpop+jwt")
            .header("alg", "ES256")
            .header("jwk", self.jwk())
            .claim("jti", format!("proof-{number}"))
            .claim("htm", method)
            .claim("htu", url)
            .claim("iat", TestIssuer::NOW)
            .claim("ath", Thumbprint::of(token.as_bytes()).to_string())
    }

    /// Signs any bytes with ES256.
    ///
    /// # Panics
    ///
    /// If the system has no randomness.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        sound(self.pair.sign(&SystemRandom::new(), message), "an ES256 key signs").as_ref().to_vec()
    }

    fn coordinates(&self) -> (String, String) {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point.split_at_checked(33).unwrap_or_default();
        (base64url::encode(x.get(1..).unwrap_or_default()), base64url::encode(y))
    }
}

impl TestProof {
    /// Sets a header parameter.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a claim, or a header parameter of this name.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self.header.remove(name);
        self
    }

    /// Puts these bytes in the place of the header; the signature is made over them.
    pub fn header_text(mut self, text: impl AsRef<[u8]>) -> Self {
        self.header_text = Some(text.as_ref().to_vec());
        self
    }

    /// Puts these bytes in the place of the claims; the signature is made over them.
    pub fn claims_text(mut self, text: impl AsRef<[u8]>) -> Self {
        self.claims_text = Some(text.as_ref().to_vec());
        self
    }

    /// The header as it stands.
    #[must_use]
    pub fn as_header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The claims as they stand.
    #[must_use]
    pub fn as_claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Signs with its key, whatever the header says.
    #[must_use]
    pub fn sign(self) -> String {
        let key = self.key.clone();
        self.sign_by(|message| key.sign(message))
    }

    /// Signs in another way.
    #[must_use]
    pub fn sign_by(self, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        let header = self.header_text.unwrap_or_else(|| Value::Object(self.header).to_string().into_bytes());
        let claims = self.claims_text.unwrap_or_else(|| Value::Object(self.claims).to_string().into_bytes());
        let input = format!("{}.{}", base64url::encode(header), base64url::encode(claims));
        let signature = base64url::encode(sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofKey").finish_non_exhaustive()
    }
}
