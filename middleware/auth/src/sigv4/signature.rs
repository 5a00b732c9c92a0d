//! Computing a signature.

use aws_lc_rs::{
    digest::{self, SHA256},
    hmac::{self, HMAC_SHA256, Key},
};

use super::authorization::{ALGORITHM, Authorization};

/// The SHA-256 of something, in hexadecimal digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    let digest = digest::digest(&SHA256, bytes);
    digest.as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        text
    })
}

/// Whether the signature is that of the canonical request, in time that does not depend on how much of it is right.
pub(super) fn is_good(authorization: &Authorization, secret: &str, canonical_request: &[u8]) -> bool {
    let to_sign = format!(
        "{ALGORITHM}\n{}\n{}\n{}",
        authorization.date.text(),
        authorization.scope(),
        sha256_hex(canonical_request)
    );
    let mut key =
        hmac::sign(&Key::new(HMAC_SHA256, format!("AWS4{secret}").as_bytes()), authorization.day.as_bytes());
    for part in [&authorization.region, &authorization.service, "aws4_request"] {
        key = hmac::sign(&Key::new(HMAC_SHA256, key.as_ref()), part.as_bytes());
    }
    hmac::verify(&Key::new(HMAC_SHA256, key.as_ref()), to_sign.as_bytes(), &authorization.signature).is_ok()
}
