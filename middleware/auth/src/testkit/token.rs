use serde_json::{Map, Value};

use super::TestIssuer;
use crate::{Algorithm, token::base64url};

/// A token in the making, right or wrong.
///
/// ```
/// use portcullis::{Algorithm, testkit::TestIssuer};
///
/// let pool = TestIssuer::cognito();
/// let good = pool.access_token("ada").claim("client_id", "web").sign();
/// let wrong = pool.access_token("ada").without("exp").header("typ", "JOSE").sign_with(Algorithm::Es256);
/// assert_eq!(good.split('.').count(), 3);
/// assert_ne!(good, wrong);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TestToken {
    issuer: TestIssuer,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    claims_text: Option<Vec<u8>>,
    header_text: Option<Vec<u8>>,
}

impl TestToken {
    pub(super) fn new(issuer: TestIssuer) -> Self {
        Self { issuer, header: Map::new(), claims: Map::new(), claims_text: None, header_text: None }
    }

    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Sets several claims.
    pub fn claims(mut self, claims: impl IntoIterator<Item = (String, Value)>) -> Self {
        self.claims.extend(claims);
        self
    }

    /// Removes a claim.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a header parameter, in place of `alg` and `kid` too.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
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

    /// The claims as they stand.
    #[must_use]
    pub fn as_claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Signs with RS256, as Amazon Cognito does.
    #[must_use]
    pub fn sign(self) -> String {
        self.sign_with(Algorithm::Rs256)
    }

    /// Signs with this algorithm, and says so in the header unless another `alg` was set.
    ///
    /// # Panics
    ///
    /// For algorithms that a [`TestIssuer`] has no key for.
    #[must_use]
    pub fn sign_with(self, algorithm: Algorithm) -> String {
        let issuer = self.issuer.clone();
        let input = self.signing_input(algorithm);
        let signature = issuer.sign(algorithm, input.as_bytes());
        format!("{input}.{}", base64url::encode(signature))
    }

    /// Header and claims as they are signed, for signatures of another kind.
    #[must_use]
    pub fn signing_input(self, algorithm: Algorithm) -> String {
        let mut header = Map::new();
        header.insert("alg".to_owned(), algorithm.name().into());
        header.insert("kid".to_owned(), self.issuer.key_id(algorithm).into());
        header.extend(self.header);
        let header = self.header_text.unwrap_or_else(|| Value::Object(header).to_string().into_bytes());
        let claims = self.claims_text.unwrap_or_else(|| Value::Object(self.claims).to_string().into_bytes());
        format!("{}.{}", base64url::encode(header), base64url::encode(claims))
    }
}
