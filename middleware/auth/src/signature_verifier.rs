//! Signatures alone, for whatever is signed.

use std::fmt;

use crate::{
    Algorithm, JwkSet, MAX_TOKEN_BYTES, Rejection,
    token::{Header, Parts, media_type},
};

/// Checks the signature of a JSON Web Signature in compact form, and nothing that it says: no issuer, no time, no audience.
///
/// What is signed need not be claims. The form and the header must be what a [`Verifier`](crate::Verifier) asks for, except that
/// any `typ` is taken. A signature without a `kid` is compared with the key that has none, or with the one key in the set that its
/// algorithm could belong to.
///
/// ```
/// use portcullis::{Rejection, SignatureVerifier, testkit::TestIssuer};
///
/// let pool = TestIssuer::cognito();
/// let signatures = SignatureVerifier::insecure_signature_only(pool.jwk_set());
///
/// let expired = pool.access_token("ada").claim("exp", 0).sign();
/// let payload = signatures.verify(&expired)?;
/// assert!(payload.payload().starts_with(b"{"));
///
/// let of_another = TestIssuer::cognito().access_token("ada").sign();
/// assert_eq!(signatures.verify(&of_another).unwrap_err(), Rejection::UnknownKey);
/// # Ok::<(), Rejection>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SignatureVerifier {
    keys: JwkSet,
    algorithms: Option<Vec<Algorithm>>,
    types: Option<Vec<String>>,
    max_token_bytes: usize,
}

/// What was signed.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedPayload {
    payload: Vec<u8>,
    algorithm: Algorithm,
    key_id: Option<String>,
}

impl SignatureVerifier {
    /// Accepts everything that one of these keys has signed, for whomever it was meant and however long ago.
    pub fn insecure_signature_only(keys: JwkSet) -> Self {
        Self { keys, algorithms: None, types: None, max_token_bytes: MAX_TOKEN_BYTES }
    }

    /// Narrows the accepted algorithms. Without it, the key decides.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// The values of `typ` that are accepted; one of them has to be there.
    pub fn types(mut self, types: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.types = Some(types.into_iter().map(|name| media_type(name.as_ref())).collect());
        self
    }

    /// The longest text that is read, in bytes; by default [`MAX_TOKEN_BYTES`].
    pub fn max_token_bytes(mut self, limit: usize) -> Self {
        self.max_token_bytes = limit;
        self
    }

    /// Checks a signature and returns what was signed.
    ///
    /// # Errors
    ///
    /// When the form, the header or the signature is not accepted.
    pub fn verify(&self, token: &str) -> Result<SignedPayload, Rejection> {
        let parts = Parts::of(token, self.max_token_bytes)?;
        let Header { algorithm, key_id, typ, .. } = Header::read(parts.header)?;
        let (payload, signature) = (parts.payload()?, parts.signature()?);
        if self.algorithms.as_ref().is_some_and(|allowed| !allowed.contains(&algorithm)) {
            return Err(Rejection::Algorithm);
        }
        if let Some(allowed) = &self.types
            && !typ.is_some_and(|typ| allowed.contains(&typ))
        {
            return Err(Rejection::Type);
        }
        let by_algorithm = || if key_id.is_none() { self.keys.only_one_for(algorithm) } else { None };
        let key = self.keys.get(key_id.as_deref()).or_else(by_algorithm).ok_or(Rejection::UnknownKey)?;
        key.verify(algorithm, parts.signing_input, &signature)?;
        Ok(SignedPayload { payload, algorithm, key_id })
    }
}

impl SignedPayload {
    /// The bytes that were signed.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// How they were signed.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The id of the key, if the header names one.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }
}

impl fmt::Debug for SignedPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedPayload").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
