//! A token, and the keys that it is verified with.

use portcullis::{Algorithm, testkit::TestIssuer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) const CLIENT: &str = "7abcdefghijklmnopqrstuvwxy";
/// In the year 2100: some contenders ask the clock of the machine.
const EXPIRES: u64 = 4_102_444_800;

/// What all contenders are given.
#[derive(Deserialize, Serialize)]
pub(crate) struct Setting {
    #[serde(with = "name")]
    pub(crate) algorithm: Algorithm,
    pub(crate) issuer: String,
    pub(crate) jwks: Value,
    pub(crate) token: String,
}

impl Setting {
    pub(crate) fn rs256() -> Self {
        Self::new(Algorithm::Rs256)
    }

    pub(crate) fn es256() -> Self {
        Self::new(Algorithm::Es256)
    }

    /// An access token as Amazon Cognito writes it. It also has an `aud`, which not all contenders can do without.
    fn new(algorithm: Algorithm) -> Self {
        let issuer = TestIssuer::cognito();
        let token = issuer
            .access_token("2e54d8f4-70d1-70c2-a4a1-4d4c3c7f1a2b")
            .claim("username", "2e54d8f4-70d1-70c2-a4a1-4d4c3c7f1a2b")
            .claim("client_id", CLIENT)
            .claim("aud", CLIENT)
            .claim("origin_jti", "a1b2c3d4-1111-4222-8333-444455556666")
            .claim("event_id", "0f9e8d7c-aaaa-4bbb-8ccc-ddddeeeeffff")
            .claim("jti", "99998888-7777-4666-9555-444433332222")
            .claim("version", 2)
            .claim("scope", "aws.cognito.signin.user.admin openid profile email")
            .claim("cognito:groups", vec!["editors", "reviewers"])
            .claim("exp", EXPIRES)
            .sign_with(algorithm);
        Self { algorithm, issuer: issuer.url().to_owned(), jwks: issuer.jwk_set_json(), token }
    }

    /// The key that signed the token, as a key set has it.
    pub(crate) fn jwk(&self) -> &Value {
        let kind = if self.algorithm == Algorithm::Rs256 { "RSA" } else { "EC" };
        let keys = self.jwks.get("keys").and_then(Value::as_array).unwrap();
        keys.iter().find(|key| key.get("kty").is_some_and(|kty| kty == kind)).unwrap()
    }
}

mod name {
    use portcullis::Algorithm;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(algorithm: &Algorithm, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(algorithm.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Algorithm, D::Error> {
        let name = String::deserialize(deserializer)?;
        Algorithm::from_name(&name).ok_or_else(|| D::Error::custom("an unknown algorithm"))
    }
}
