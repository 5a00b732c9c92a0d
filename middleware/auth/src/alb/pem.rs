//! A public key as load balancers publish it: PEM of a SubjectPublicKeyInfo (RFC 5280, RFC 7468).

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::keys::VerifyingKey;

/// What stands before the point in every SubjectPublicKeyInfo of a key on P-256 (RFC 5480). DER has one spelling.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A key takes 178 bytes.
const MAX_BYTES: usize = 4 * 1024;

/// Reads one ES256 key.
pub(super) fn read(document: &[u8]) -> Option<VerifyingKey> {
    let text = std::str::from_utf8(document).ok().filter(|text| text.len() <= MAX_BYTES)?.trim();
    let inside = text.strip_prefix("-----BEGIN PUBLIC KEY-----")?.strip_suffix("-----END PUBLIC KEY-----")?;
    let letters: String = inside.chars().filter(|char| !char.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(letters).ok()?;
    VerifyingKey::from_p256_point(der.strip_prefix(&P256)?).ok()
}
