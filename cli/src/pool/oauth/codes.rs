//! Authorization codes: what a browser brings back to the client, to be exchanged for tokens.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

use super::state::same_secret;

/// What a code stands for.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(super) sub: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: Challenge,
    pub(super) scopes: Vec<String>,
    pub(super) nonce: Option<String>,
    pub(super) auth_time: Timestamp,
}

/// A code that may still be exchanged, or one that was.
#[derive(Debug)]
pub(crate) enum Code {
    Fresh(Granted),
    /// The session that it began, which ends when the code is seen again (RFC 6749, 10.5).
    Spent {
        origin_jti: String,
    },
}

/// A challenge that only whoever made it can answer (RFC 7636, method S256).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge(String);

impl Challenge {
    /// The challenge of a request; `None` if it cannot be the digest of anything.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The challenge of this verifier.
    pub(super) fn of(verifier: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()).as_ref()))
    }

    /// For an address.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the verifier, and one that the RFC allows.
    pub(super) fn is_answered_by(&self, verifier: &str) -> bool {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        (43..=128).contains(&verifier.len())
            && verifier.bytes().all(allowed)
            && same_secret(&Self::of(verifier).0, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_answered() {
        let challenge = Challenge::read("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        for (verifier, right) in [
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", true),
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl", false),
            ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", false),
            ("", false),
        ] {
            assert_eq!(challenge.is_answered_by(verifier), right, "{verifier}");
        }
    }

    #[test]
    fn a_challenge_is_a_digest_and_a_verifier_is_long_enough() {
        for text in
            ["", "abc", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", "plain-verifier-that-is-no-digest"]
        {
            assert_eq!(Challenge::read(text), None, "{text}");
        }
        assert!(!Challenge::of("short").is_answered_by("short"));
        let blank = "a".repeat(42) + " ";
        assert!(!Challenge::of(&blank).is_answered_by(&blank));
    }
}
