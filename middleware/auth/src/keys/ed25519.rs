//! Public keys of Ed25519 that the signature library would take and nobody should.

/// p = 2^255 - 19, least significant byte first; the coordinates are numbers below it.
const PRIME: [u8; 32] = {
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    prime
};

/// p - 1: with x = 0 the point of order 2.
const MINUS_ONE: [u8; 32] = {
    let mut number = PRIME;
    number[0] -= 1;
    number
};

/// 1: with x = 0 the neutral element.
const ONE: [u8; 32] = {
    let mut number = [0; 32];
    number[0] = 1;
    number
};

/// 0: two points of order 4.
const ZERO: [u8; 32] = [0; 32];

/// The y of two of the points of order 8.
const OF_ORDER_8: [u8; 32] = [
    0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
    0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
];

/// Its negative, the y of the other two.
const NEGATIVE_OF_ORDER_8: [u8; 32] = [
    0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
    0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
];

/// Whether this is the encoding of RFC 8032, section 5.1.2, of a point whose order is not small, if it is one of a point at all.
///
/// Under a key of small order one signature is right for many messages, or for all. Whether there is a point with this y is not
/// looked at: if there is none, no signature is ever right.
pub(super) fn is_sound(encoded: &[u8]) -> bool {
    let Ok(mut y) = <[u8; 32]>::try_from(encoded) else {
        return false;
    };
    // The highest bit is the sign of x.
    y[31] &= 0x7f;
    let is_canonical = y.iter().rev().lt(PRIME.iter().rev());
    is_canonical && ![ZERO, ONE, MINUS_ONE, OF_ORDER_8, NEGATIVE_OF_ORDER_8].contains(&y)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};

    use super::*;

    /// From its hexadecimal digits.
    fn bytes(digits: &str) -> Vec<u8> {
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    }

    fn ends(first: u8, between: u8, last: u8) -> Vec<u8> {
        [&[first][..], &[between; 30], &[last]].concat()
    }

    #[test]
    fn points_of_small_order_are_refused() {
        for (order, key) in [
            (1, ends(0x01, 0x00, 0x00)),
            (2, ends(0xec, 0xff, 0x7f)),
            (4, ends(0x00, 0x00, 0x00)),
            (4, ends(0x00, 0x00, 0x80)),
            (8, bytes("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
            (8, bytes("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")),
            (8, bytes("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")),
            (8, bytes("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")),
        ] {
            // Anybody can sign for such a key: R is the neutral element and S is 0, for one message in `order`.
            let parsed = ParsedPublicKey::new(&ED25519, &key).unwrap();
            let forgery = [ends(0x01, 0x00, 0x00), vec![0; 32]].concat();
            let forged =
                (0_u32..200).filter(|n| parsed.verify_sig(&n.to_le_bytes(), &forgery).is_ok()).count();
            assert!(forged >= 200 / order / 4, "the test itself: order {order}, {forged} forged");
            assert!(!is_sound(&key), "order {order}: {key:x?}");
        }
    }

    #[test]
    fn a_point_has_one_encoding() {
        for (name, key) in [
            ("0 as p", ends(0xed, 0xff, 0x7f)),
            ("1 as p + 1", ends(0xee, 0xff, 0x7f)),
            ("3 as p + 3", ends(0xf0, 0xff, 0x7f)),
            ("18 as p + 18", ends(0xff, 0xff, 0x7f)),
            ("18 as p + 18, negative", ends(0xff, 0xff, 0xff)),
            ("negative zero at 1", ends(0x01, 0x00, 0x80)),
            ("negative zero at -1", ends(0xec, 0xff, 0xff)),
        ] {
            assert!(!is_sound(&key), "{name}");
        }
    }

    #[test]
    fn under_a_key_that_is_no_point_nothing_is_signed() {
        let no_point = ends(0x02, 0x00, 0x00);
        assert!(is_sound(&no_point));
        let parsed = ParsedPublicKey::new(&ED25519, &no_point).unwrap();
        let forgery = [ends(0x01, 0x00, 0x00), vec![0; 32]].concat();
        assert!((0_u32..200).all(|n| parsed.verify_sig(&n.to_le_bytes(), &forgery).is_err()));
    }

    #[test]
    fn other_keys_are_sound() {
        for _ in 0..20 {
            assert!(is_sound(Ed25519KeyPair::generate().unwrap().public_key().as_ref()));
        }
        for key in [ends(0x03, 0x00, 0x00), ends(0x03, 0x00, 0x80), ends(0xea, 0xff, 0x7f)] {
            assert!(is_sound(&key), "{key:x?}");
        }
        assert!(!is_sound(&[3; 31]));
        assert!(!is_sound(&[3; 33]));
    }
}
