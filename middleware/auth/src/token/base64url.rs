//! Base64url as RFC 7515 wants it: no padding, no white space, no unused bits. One value has one spelling.

use base64_simd::{Out, URL_SAFE_NO_PAD};

pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode_to_vec(text).ok()
}

/// How many bytes a text of this length stands for, if it is one of base64url.
pub(crate) fn decoded_length(text: &[u8]) -> usize {
    text.len() / 4 * 3 + (text.len() % 4).saturating_sub(1)
}

/// Decodes to a place that is long enough.
pub(crate) fn decode_in<'a>(text: &[u8], place: Out<'a, [u8]>) -> Option<&'a [u8]> {
    if place.len() < decoded_length(text) {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text, place).ok().map(|bytes| &*bytes)
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose};
    use base64_simd::AsOut;

    use super::*;

    #[test]
    fn a_value_has_one_spelling() {
        assert_eq!(decode(b"-_8A"), Some(vec![0xfb, 0xff, 0x00]));
        assert_eq!(decode(b"QQ"), Some(b"A".to_vec()));
        assert_eq!(decode(b""), Some(Vec::new()));
        for text in ["QQ==", "QR", "Q", "+/8A", "Q Q", "QQ\n", "QQ.", "Qé"] {
            assert_eq!(decode(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn a_place_is_written_to_only_as_far_as_it_reaches() {
        for (text, length, decoded) in [
            ("", 0, Some(&b""[..])),
            ("QQ", 1, Some(b"A")),
            ("QQ", 9, Some(b"A")),
            ("QUI", 2, Some(b"AB")),
            ("QUI", 1, None),
            ("QUJD", 3, Some(b"ABC")),
            ("QUJD", 2, None),
            ("QR", 1, None),
            ("Q", 1, None),
        ] {
            let mut place = vec![0; length];
            assert_eq!(decode_in(text.as_bytes(), place.as_mut_slice().as_out()), decoded, "{text} {length}");
        }
    }

    #[test]
    fn another_decoder_agrees_about_every_byte_at_every_place() {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for length in [1, 2, 3, 4, 7, 10, 11, 31, 32, 37, 38, 39, 64, 70, 75] {
            let good: Vec<u8> = letters.iter().rev().cycle().take(length).copied().collect();
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut text = good.clone();
                    text[place] = byte;
                    let expected = general_purpose::URL_SAFE_NO_PAD.decode(&text).ok();
                    assert_eq!(decode(&text), expected, "{}", text.escape_ascii());
                }
            }
        }
    }
}
