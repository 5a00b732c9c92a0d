//! Algorithms, keys and signatures.

use super::*;

#[test]
fn the_algorithm_is_one_that_the_key_is_for() {
    let with = |algorithm: Value| good().header("alg", algorithm).sign();
    let unsigned = |name: &str| {
        let input = good().header("alg", name).signing_input(Algorithm::Rs256);
        format!("{input}.")
    };
    let hmac = |name: &str, secret: &[u8]| {
        let algorithm =
            if name == "HS256" { aws_lc_rs::hmac::HMAC_SHA256 } else { aws_lc_rs::hmac::HMAC_SHA512 };
        let input = good().header("alg", name).signing_input(Algorithm::Rs256);
        let tag = aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(algorithm, secret), input.as_bytes());
        format!("{input}.{}", base64url(tag))
    };
    let public_key = POOL.jwk_set_json()["keys"][0].to_string();
    let rsa_id = POOL.key_id(Algorithm::Rs256);
    let not_accepted = Err(Rejection::Algorithm);
    let mut rows = vec![
        ("RS256", good().sign(), Ok(())),
        ("ES256", good().sign_with(Algorithm::Es256), Ok(())),
        ("no alg", good().header_text(format!(r#"{{"kid":"{rsa_id}"}}"#)).sign(), not_accepted),
        ("null", with(Value::Null), not_accepted),
        ("a list", with(json!(["RS256"])), not_accepted),
        ("another case", with("rs256".into()), not_accepted),
        ("a space", with("RS256 ".into()), not_accepted),
        ("unknown", with("RS1".into()), not_accepted),
        ("HS256 with the public key", hmac("HS256", public_key.as_bytes()), not_accepted),
        ("HS512 with nothing", hmac("HS512", b""), not_accepted),
        // The RSA key says RS256; the others are good signatures by the same key.
        ("PS256 by an RS256 key", good().sign_with(Algorithm::Ps256), Err(Rejection::AlgorithmMismatch)),
        ("RS512 by an RS256 key", good().sign_with(Algorithm::Rs512), Err(Rejection::AlgorithmMismatch)),
        (
            "ES256 by an RSA key",
            good().header("kid", rsa_id).sign_with(Algorithm::Es256),
            Err(Rejection::AlgorithmMismatch),
        ),
    ];
    for name in ["none", "None", "NONE", "nOnE", "none ", ""] {
        rows.push((name, unsigned(name), not_accepted));
    }
    check(&access_verifier(), &rows);

    let only_es256 =
        POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access).algorithms([Algorithm::Es256]);
    let narrowed = build(only_es256);
    assert_eq!(verdict(&narrowed, &good().sign_with(Algorithm::Es256)), Ok(()));
    assert_eq!(verdict(&narrowed, &good().sign()), Err(Rejection::Algorithm));
}

#[test]
fn a_key_without_alg_is_for_the_algorithms_of_its_type() {
    let mut set = POOL.jwk_set_json();
    set["keys"][0].as_object_mut().unwrap().remove("alg");
    let keys = JwkSet::from_json(&set.to_string()).unwrap();
    let verifier = build(POOL.issuer().keys(keys).client_ids(["web"]).token_use(TokenUse::Access));
    for algorithm in [
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
        Algorithm::Es256,
    ] {
        assert_eq!(verdict(&verifier, &good().sign_with(algorithm)), Ok(()), "{algorithm}");
    }
    let pss_called_pkcs1 = good().header("alg", "RS256").sign_with(Algorithm::Ps256);
    let rsa_id = good().header("alg", "ES256").header("kid", POOL.key_id(Algorithm::Rs256)).sign();
    assert_eq!(verdict(&verifier, &pss_called_pkcs1), Err(Rejection::Signature));
    assert_eq!(verdict(&verifier, &rsa_id), Err(Rejection::AlgorithmMismatch));
}

#[test]
fn other_curves_verify_too() {
    let p384 = EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let p521 = EcdsaKeyPair::generate(&signature::ECDSA_P521_SHA512_FIXED_SIGNING).unwrap();
    let ed25519 = Ed25519KeyPair::generate().unwrap();
    let jwk = |crv: &str, key: &EcdsaKeyPair| {
        let point = &key.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        json!({"kty": "EC", "crv": crv, "kid": crv, "x": base64url(x), "y": base64url(y)})
    };
    let okp = json!({"kty": "OKP", "crv": "Ed25519", "kid": "Ed25519", "x": base64url(ed25519.public_key())});
    let set = json!({"keys": [jwk("P-384", &p384), jwk("P-521", &p521), okp]});
    let keys = JwkSet::from_json(&set.to_string()).unwrap();
    assert_eq!(keys.len(), 3);
    let verifier = build(POOL.issuer().keys(keys).client_ids(["web"]).token_use(TokenUse::Access));

    let random = SystemRandom::new();
    let signers: [(Algorithm, &str, Signer<'_>); 3] = [
        (Algorithm::Es384, "P-384", &|message| p384.sign(&random, message).unwrap().as_ref().to_vec()),
        (Algorithm::Es512, "P-521", &|message| p521.sign(&random, message).unwrap().as_ref().to_vec()),
        (Algorithm::EdDsa, "Ed25519", &|message| ed25519.sign(message).as_ref().to_vec()),
    ];
    for (algorithm, kid, sign) in signers {
        let input = good().header("kid", kid).signing_input(algorithm);
        let mut signature = sign(input.as_bytes());
        assert_eq!(verdict(&verifier, &format!("{input}.{}", base64url(&signature))), Ok(()), "{algorithm}");
        signature[10] ^= 1;
        let forged = format!("{input}.{}", base64url(&signature));
        assert_eq!(verdict(&verifier, &forged), Err(Rejection::Signature), "{algorithm}");
    }
}

#[test]
fn the_signature_belongs_to_the_token() {
    let token = good().sign();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let other_claims = good().claim("cognito:groups", vec!["admins"]).signing_input(Algorithm::Rs256);
    let with = |bytes: &[u8]| format!("{input}.{}", base64url(bytes));
    let es = good().sign_with(Algorithm::Es256);
    let (es_input, es_signature) = es.rsplit_once('.').unwrap();
    let es_signature = URL_SAFE_NO_PAD.decode(es_signature).unwrap();
    let es_with = |bytes: &[u8]| format!("{es_input}.{}", base64url(bytes));
    let der = {
        let jwk = POOL.jwk_set_json();
        assert_eq!(jwk["keys"][1]["crv"], "P-256");
        let integer = |bytes: &[u8]| [&[2, 33, 0], bytes].concat();
        let body = [integer(&es_signature[..32]), integer(&es_signature[32..])].concat();
        [&[0x30, body.len() as u8][..], &body].concat()
    };
    let forged = Err(Rejection::Signature);
    check(
        &access_verifier(),
        &[
            ("changed claims", format!("{other_claims}.{}", base64url(&signature)), forged),
            ("zero", with(&[0; 256]), forged),
            ("one", with(&[&[0; 255][..], &[1]].concat()), forged),
            ("all ones", with(&[0xff; 256]), forged),
            ("short", with(&signature[1..]), forged),
            ("long", with(&[&[0][..], &signature].concat()), forged),
            (
                "of another key",
                {
                    let other = POOL.with_new_keys();
                    let signature = other.sign(Algorithm::Rs256, input.as_bytes());
                    with(&signature)
                },
                forged,
            ),
            ("ECDSA as it is", es_with(&es_signature), Ok(())),
            ("ECDSA in DER", es_with(&der), forged),
            ("ECDSA with r = 0", es_with(&[&[0; 32][..], &es_signature[32..]].concat()), forged),
            ("ECDSA with s = 0", es_with(&[&es_signature[..32], &[0; 32][..]].concat()), forged),
            ("ECDSA short", es_with(&es_signature[..63]), forged),
        ],
    );
}

#[test]
fn a_key_is_found_by_issuer_and_exact_id() {
    let other_pool = TestIssuer::at("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other");
    let mut same_id = other_pool.jwk_set_json();
    same_id["keys"][0]["kid"] = POOL.key_id(Algorithm::Rs256).into();
    let other_keys = JwkSet::from_json(&same_id.to_string()).unwrap();
    let verifier = Verifier::builder()
        .issuer(POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access))
        .issuer(other_pool.issuer().keys(other_keys).client_ids(["web"]).token_use(TokenUse::Access))
        .clock(POOL.clock())
        .build()
        .unwrap();
    let id = POOL.key_id(Algorithm::Rs256);
    let of_other = || other_pool.access_token("ada").claim("client_id", "web").header("kid", id.clone());
    let kid = |value: Value| good().header("kid", value).sign();
    check(
        &verifier,
        &[
            ("the first pool", good().sign(), Ok(())),
            ("the second pool, same kid", of_other().sign(), Ok(())),
            (
                "the second pool's key for the first pool",
                of_other().claim("iss", POOL.url()).sign(),
                Err(Rejection::Signature),
            ),
            (
                "the first pool's key for the second pool",
                good().claim("iss", other_pool.url()).sign(),
                Err(Rejection::Signature),
            ),
            ("unknown kid", kid(json!("other")), Err(Rejection::UnknownKey)),
            ("kid in another case", kid(json!(id.to_uppercase())), Err(Rejection::UnknownKey)),
            ("kid with a path", kid(json!(format!("../{id}"))), Err(Rejection::UnknownKey)),
            ("kid of another type", kid(json!(7)), Err(Rejection::KeyId)),
            ("kid null", kid(Value::Null), Err(Rejection::KeyId)),
            ("no kid", good().header_text(r#"{"alg":"RS256"}"#).sign(), Err(Rejection::UnknownKey)),
        ],
    );
}
