//! Base64url as RFC 7515 wants it: no padding, no white space, no unused bits. One value has one spelling.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(feature = "testkit")]
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_spelling() {
        assert_eq!(decode(b"-_8A"), Some(vec![0xfb, 0xff, 0x00]));
        assert_eq!(decode(b"QQ"), Some(b"A".to_vec()));
        for text in ["QQ==", "QR", "Q", "+/8A", "Q Q", "QQ\n", "QQ.", "Qé"] {
            assert_eq!(decode(text.as_bytes()), None, "{text:?}");
        }
    }
}
