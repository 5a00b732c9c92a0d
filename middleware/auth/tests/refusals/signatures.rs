//! Signatures at the edges of what numbers can be, and forgeries that were once accepted elsewhere.

use aws_lc_rs::digest::{SHA256, digest};
use num_bigint::BigUint;

use super::*;

/// The prime order of each curve (FIPS 186-4, D.1.2).
const P256: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const P384: &str =
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";
const P521: &str = "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d0\
    3bb5c9b8899c47aebb6fb71e91386409";

fn number(hexadecimal: &str) -> BigUint {
    BigUint::parse_bytes(hexadecimal.as_bytes(), 16).unwrap()
}

/// Big-endian, in so many bytes.
fn bytes(number: &BigUint, length: usize) -> Vec<u8> {
    let digits = number.to_bytes_be();
    [vec![0; length - digits.len()], digits].concat()
}

fn ec_jwk(crv: &str, key: &EcdsaKeyPair) -> Value {
    let point = &key.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    json!({"kty": "EC", "crv": crv, "kid": crv, "x": base64url(x), "y": base64url(y)})
}

fn verifier_of(keys: Value) -> Verifier {
    let keys = JwkSet::from_json(&json!({"keys": keys}).to_string()).unwrap();
    build(POOL.issuer().keys(keys).client_ids(["web"]).token_use(TokenUse::Access))
}

#[test]
fn an_ecdsa_signature_has_two_numbers_within_their_range() {
    let forged = Err(Rejection::Signature);
    for (algorithm, crv, signing, order) in [
        (Algorithm::Es256, "P-256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING, P256),
        (Algorithm::Es384, "P-384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING, P384),
        (Algorithm::Es512, "P-521", &signature::ECDSA_P521_SHA512_FIXED_SIGNING, P521),
    ] {
        let key = EcdsaKeyPair::generate(signing).unwrap();
        let verifier = verifier_of(json!([ec_jwk(crv, &key)]));
        let input = good().header("kid", crv).signing_input(algorithm);
        let good = key.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        let length = good.as_ref().len() / 2;
        let (r, s) = good.as_ref().split_at(length);
        let n = number(order);
        let (zero, one) = (vec![0; length], bytes(&BigUint::from(1_u8), length));
        let (order, below) = (bytes(&n, length), bytes(&(&n - 1_u8), length));
        let negated = bytes(&(&n - BigUint::from_bytes_be(s)), length);
        let with = |r: &[u8], s: &[u8]| format!("{input}.{}", base64url([r, s].concat()));
        let der = {
            let integer = |number: &[u8]| {
                let digits = BigUint::from_bytes_be(number).to_bytes_be();
                let digits = if digits[0] & 0x80 == 0 { digits } else { [vec![0], digits].concat() };
                [vec![2, digits.len() as u8], digits].concat()
            };
            let body = [integer(r), integer(s)].concat();
            let head = if body.len() < 128 {
                vec![0x30, body.len() as u8]
            } else {
                vec![0x30, 0x81, body.len() as u8]
            };
            format!("{input}.{}", base64url([head, body].concat()))
        };
        check(
            &verifier,
            &[
                ("as it is", with(r, s), Ok(())),
                ("s negated, which is as good", with(r, &negated), Ok(())),
                ("r = s = 0", with(&zero, &zero), forged),
                ("r = 0", with(&zero, s), forged),
                ("s = 0", with(r, &zero), forged),
                ("r = n", with(&order, s), forged),
                ("s = n", with(r, &order), forged),
                ("r = s = n", with(&order, &order), forged),
                ("r = n, s = 0", with(&order, &zero), forged),
                ("r = n - 1", with(&below, s), forged),
                ("r = s = 1", with(&one, &one), forged),
                ("r and s exchanged", with(s, r), forged),
                ("all ones", with(&vec![0xff; length], &vec![0xff; length]), forged),
                ("DER", der, forged),
                ("without the last byte", with(r, &s[..length - 1]), forged),
                ("without the first byte", with(&r[1..], s), forged),
                ("a byte longer", with(&[&[0][..], r].concat(), s), forged),
                ("a byte longer each", with(&[&[0][..], r].concat(), &[&[0][..], s].concat()), forged),
                ("half of it", with(r, &[]), forged),
                ("nothing", format!("{input}."), forged),
            ],
        );
    }
}

#[test]
fn a_curve_is_for_its_own_algorithm() {
    let p256 = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let p384 = EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let ed25519 = Ed25519KeyPair::generate().unwrap();
    let okp = json!({"kty": "OKP", "crv": "Ed25519", "kid": "Ed25519", "x": base64url(ed25519.public_key())});
    let verifier = verifier_of(json!([ec_jwk("P-256", &p256), ec_jwk("P-384", &p384), okp]));
    let random = SystemRandom::new();
    let by_p256: Signer<'_> = &|message| p256.sign(&random, message).unwrap().as_ref().to_vec();
    let by_ed25519: Signer<'_> = &|message| ed25519.sign(message).as_ref().to_vec();
    for (name, kid, algorithm, sign, expected) in [
        ("as it is", "P-256", Algorithm::Es256, by_p256, Ok(())),
        ("as it is", "Ed25519", Algorithm::EdDsa, by_ed25519, Ok(())),
        ("ES384 by P-256", "P-256", Algorithm::Es384, by_p256, Err(Rejection::AlgorithmMismatch)),
        ("ES256 by P-384's id", "P-384", Algorithm::Es256, by_p256, Err(Rejection::AlgorithmMismatch)),
        ("EdDSA by P-256", "P-256", Algorithm::EdDsa, by_p256, Err(Rejection::AlgorithmMismatch)),
        ("ES256 by Ed25519's id", "Ed25519", Algorithm::Es256, by_ed25519, Err(Rejection::AlgorithmMismatch)),
        ("RS256 by Ed25519's id", "Ed25519", Algorithm::Rs256, by_ed25519, Err(Rejection::AlgorithmMismatch)),
    ] {
        let input = good().header("kid", kid).signing_input(algorithm);
        let token = format!("{input}.{}", base64url(sign(input.as_bytes())));
        assert_eq!(verdict(&verifier, &token), expected, "{name}");
    }
    for unknown in ["ES256K", "ES", "Ed25519 ", "Ed448", "ESP256"] {
        let token = good().header("kid", "P-256").header("alg", unknown).signing_input(Algorithm::Es256);
        assert_eq!(verdict(&verifier, &format!("{token}.AA")), Err(Rejection::Algorithm), "{unknown}");
    }
}

#[test]
fn an_ed25519_signature_has_one_spelling() {
    let key = Ed25519KeyPair::generate().unwrap();
    let okp = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": base64url(key.public_key())});
    let verifier = verifier_of(json!([okp]));
    let input = good().header("kid", "k").signing_input(Algorithm::EdDsa);
    let good = key.sign(input.as_bytes()).as_ref().to_vec();
    let with = |signature: &[u8]| format!("{input}.{}", base64url(signature));
    // S + L signs as well where nobody looks whether S is below L (RFC 8032, 5.1.7).
    let order = number("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
    let above = (BigUint::from_bytes_le(&good[32..]) + order).to_bytes_le();
    let above = [&good[..32], &above, &vec![0; 32 - above.len()]].concat();
    let forged = Err(Rejection::Signature);
    check(
        &verifier,
        &[
            ("as it is", with(&good), Ok(())),
            ("S + L", with(&above), forged),
            ("zeros", with(&[0; 64]), forged),
            ("R is the neutral element", with(&[&[1][..], &[0; 63]].concat()), forged),
            ("short", with(&good[..63]), forged),
            ("long", with(&[&good[..], &[0]].concat()), forged),
            ("halves exchanged", with(&[&good[32..], &good[..32]].concat()), forged),
        ],
    );
}

/// The beginning of a PKCS#1 encoding of a SHA-256 digest (RFC 8017, 9.2).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

#[test]
fn an_rsa_signature_is_one_number_below_the_modulus() {
    let token = good().sign();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let n = URL_SAFE_NO_PAD.decode(POOL.jwk_set_json()["keys"][0]["n"].as_str().unwrap()).unwrap();
    let n = BigUint::from_bytes_be(&n);
    let with = |signature: &[u8]| format!("{input}.{}", base64url(signature));
    let forged = Err(Rejection::Signature);
    let above = (BigUint::from_bytes_be(&signature) + &n).to_bytes_be();
    check(
        &access_verifier(),
        &[
            ("as it is", with(&signature), Ok(())),
            ("0", with(&bytes(&BigUint::from(0_u8), 256)), forged),
            ("1", with(&bytes(&BigUint::from(1_u8), 256)), forged),
            ("n - 1", with(&bytes(&(&n - 1_u8), 256)), forged),
            ("n", with(&bytes(&n, 256)), forged),
            ("n + 1", with(&bytes(&(&n + 1_u8), 256)), forged),
            ("s + n", with(&above), forged),
            ("without the last byte", with(&signature[..255]), forged),
            ("a zero in front", with(&[&[0][..], &signature].concat()), forged),
            ("a zero behind", with(&[&signature[..], &[0]].concat()), forged),
            ("one byte", with(&[0]), forged),
            ("twice", with(&signature.repeat(2)), forged),
        ],
    );
    let pss = good().header("alg", "RS256").sign_with(Algorithm::Ps256);
    assert_eq!(verdict(&access_verifier(), &pss), forged, "PSS under RS256");
}

/// Bleichenbacher's forgeries of 2006 and their like: with e = 3 and a verifier that does not look at all of the padding, a cube
/// root is a signature, and no private key is needed.
#[test]
fn a_cube_root_is_no_signature() {
    let mut jwk = POOL.jwk_set_json()["keys"][0].clone();
    jwk["e"] = base64url([3]).into();
    let verifier = verifier_of(json!([jwk]));
    let input = good().signing_input(Algorithm::Rs256);
    let digest = digest(&SHA256, input.as_bytes());
    let root = |start: &[u8]| {
        let lowest = BigUint::from_bytes_be(&[start, &vec![0; 256 - start.len()]].concat());
        let root = lowest.cbrt() + 1_u8;
        let cube = bytes(&root.pow(3), 256);
        assert!(cube.starts_with(start), "the test itself: the root is exact enough");
        format!("{input}.{}", base64url(bytes(&root, 256)))
    };
    let info = [&DIGEST_INFO[..], digest.as_ref()].concat();
    let without_null = {
        let mut info = info.clone();
        info.drain(15..17);
        (info[1], info[3]) = (0x2f, 0x0b);
        info
    };
    let long_parameters = {
        let mut info = info.clone();
        info.splice(15..17, [0x04, 0x04, 0xde, 0xad, 0xbe, 0xef]);
        (info[1], info[3]) = (0x35, 0x11);
        info
    };
    for (name, start) in [
        ("eight bytes of padding", [&[0, 1][..], &[0xff; 8], &[0], &info].concat()),
        ("one byte of padding", [&[0, 1, 0xff, 0][..], &info].concat()),
        ("no padding", [&[0, 1, 0][..], &info].concat()),
        ("without the NULL", [&[0, 1][..], &[0xff; 8], &[0], &without_null].concat()),
        ("with parameters", [&[0, 1][..], &[0xff; 8], &[0], &long_parameters].concat()),
        ("block type 2", [&[0, 2][..], &[0xff; 8], &[0], &info].concat()),
        ("block type 0", [&[0, 0][..], &[0; 8], &[0], &info].concat()),
        ("the digest without its name", [&[0, 1][..], &[0xff; 8], &[0], digest.as_ref()].concat()),
    ] {
        assert_eq!(verdict(&verifier, &root(&start)), Err(Rejection::Signature), "{name}");
    }
    // The cube itself is below the modulus, so that no reduction hides it.
    let perfect = BigUint::from(2_u8).pow(600);
    let token = format!("{input}.{}", base64url(bytes(&perfect, 256)));
    assert_eq!(verdict(&verifier, &token), Err(Rejection::Signature));
}
