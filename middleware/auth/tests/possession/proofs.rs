//! Which proofs are accepted: the rules at `Dpop`, with the good proof beside the bad one.

use super::*;

#[track_caller]
fn check(rows: Vec<(&str, String, Result<(), ProofError>)>) {
    let dpop = dpop();
    for (name, proof, expected) in rows {
        assert_eq!(verdict(&dpop, &proof), expected, "{name}");
    }
}

fn without_part(proof: String) -> String {
    proof.rsplit_once('.').unwrap().0.to_owned()
}

fn with_signature(proof: String, signature: impl AsRef<[u8]>) -> String {
    format!("{}.{}", without_part(proof), base64url(signature))
}

#[test]
fn a_proof_is_one_strict_token() {
    let header = |text: &str| good().header_text(text).sign();
    let claims = |text: &str| good().claims_text(text).sign();
    let (as_header, as_claims) =
        (json!(good().as_header()).to_string(), json!(good().as_claims()).to_string());
    let twice = |text: &str, member: &str| format!("{{{member},{}", &text[1..]);
    check(vec![
        ("a proof", good().sign(), Ok(())),
        ("more claims", good().claim("more", json!({"a": [1]})).sign(), Ok(())),
        ("a key id", good().header("kid", "k").sign(), Ok(())),
        ("nothing", String::new(), Err(ProofError::Form)),
        ("no dots", "proof".to_owned(), Err(ProofError::Form)),
        ("two parts", without_part(good().sign()), Err(ProofError::Form)),
        ("four parts", format!("{}.AAAA", good().sign()), Err(ProofError::Form)),
        ("an empty part", good().sign().replacen('.', "..", 1), Err(ProofError::Form)),
        ("only dots", "..".to_owned(), Err(ProofError::Form)),
        ("padding", format!("{}==", good().sign()), Err(ProofError::Form)),
        ("a space", format!(" {}", good().sign()), Err(ProofError::Form)),
        ("JSON serialization", r#"{"payload":"e30"}"#.to_owned(), Err(ProofError::Form)),
        ("a header twice", header(&twice(&as_header, r#""typ":"dpop+jwt""#)), Err(ProofError::Form)),
        ("a header twice, escaped", header(&twice(&as_header, r#""\u0074yp":"x""#)), Err(ProofError::Form)),
        ("a claim twice", claims(&twice(&as_claims, r#""htm":"GET""#)), Err(ProofError::Form)),
        ("text after the claims", claims(&format!("{as_claims} x")), Err(ProofError::Form)),
        ("a header that is a list", header("[]"), Err(ProofError::Form)),
        ("claims that are a list", claims("[]"), Err(ProofError::Form)),
        ("claims that are nested deep", claims(&"[".repeat(1000)), Err(ProofError::Form)),
    ]);
    let dpop = dpop();
    let mut lengths = Vec::new();
    for padding in 2500..2800 {
        let proof = good().claims_text(format!("{as_claims}{}", " ".repeat(padding))).sign();
        let expected = match verdict(&dpop, &proof) {
            Ok(()) | Err(ProofError::Replayed) => true,
            Err(ProofError::TooLong) => false,
            Err(error) => unreachable!("{error}"),
        };
        assert_eq!(expected, proof.len() <= MAX_PROOF_BYTES, "{}", proof.len());
        lengths.push(proof.len());
    }
    assert!(lengths.iter().any(|length| (MAX_PROOF_BYTES - 2..=MAX_PROOF_BYTES).contains(length)));
    assert!(lengths.iter().any(|length| (MAX_PROOF_BYTES + 1..MAX_PROOF_BYTES + 3).contains(length)));
}

#[test]
fn a_header_says_what_the_proof_is() {
    let typ = |typ: Value| good().header("typ", typ).sign();
    let alg = |alg: Value| good().header("alg", alg).sign();
    check(vec![
        ("no type", good().without("typ").sign(), Err(ProofError::Type)),
        ("an access token", typ(json!("at+jwt")), Err(ProofError::Type)),
        ("a plain token", typ(json!("JWT")), Err(ProofError::Type)),
        ("another case", typ(json!("DPoP+JWT")), Err(ProofError::Type)),
        ("a media type", typ(json!("application/dpop+jwt")), Err(ProofError::Type)),
        ("a list", typ(json!(["dpop+jwt"])), Err(ProofError::Type)),
        ("no algorithm", good().without("alg").sign(), Err(ProofError::Algorithm)),
        ("none", alg(json!("none")), Err(ProofError::Algorithm)),
        ("None", alg(json!("None")), Err(ProofError::Algorithm)),
        ("none, unsigned", with_signature(alg(json!("none")), ""), Err(ProofError::Algorithm)),
        ("HMAC", alg(json!("HS256")), Err(ProofError::Algorithm)),
        ("another case", alg(json!("es256")), Err(ProofError::Algorithm)),
        ("a list", alg(json!(["ES256"])), Err(ProofError::Algorithm)),
        ("null", alg(Value::Null), Err(ProofError::Algorithm)),
        ("another curve's", alg(json!("ES384")), Err(ProofError::Key)),
        ("another kind's", alg(json!("RS256")), Err(ProofError::Key)),
        ("crit", good().header("crit", json!(["jwk"])).sign(), Err(ProofError::Extension)),
        ("crit empty", good().header("crit", json!([])).sign(), Err(ProofError::Extension)),
        ("b64", good().header("b64", false).sign(), Err(ProofError::Extension)),
        ("zip", good().header("zip", "DEF").sign(), Err(ProofError::Extension)),
        ("enc", good().header("enc", "A128GCM").sign(), Err(ProofError::Extension)),
        ("cty", good().header("cty", "JWT").sign(), Err(ProofError::Extension)),
    ]);
    let only = dpop_at(&POOL.clock()).algorithms([Algorithm::EdDsa]).build().unwrap();
    assert_eq!(verdict(&only, &good().sign()), Err(ProofError::Algorithm));
}

#[test]
fn every_algorithm_can_sign_a_proof() {
    let random = SystemRandom::new();
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let rsa_jwk = {
        let key = RsaPublicKeyComponents::<Vec<u8>>::from(rsa.public_key());
        json!({"kty": "RSA", "n": base64url(key.n), "e": base64url(key.e)})
    };
    let rsa_signature = |encoding, message: &[u8]| {
        let mut signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(encoding, &random, message, &mut signature).unwrap();
        signature
    };
    let ed = Ed25519KeyPair::generate().unwrap();
    let ed_jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(ed.public_key())});
    let ec = |algorithm, curve: &str, length: usize| {
        let key = EcdsaKeyPair::generate(algorithm).unwrap();
        let point = key.public_key().as_ref()[1..].to_vec();
        let jwk = json!({"kty": "EC", "crv": curve, "x": base64url(&point[..length]), "y": base64url(&point[length..])});
        (key, jwk)
    };
    let (p384, p384_jwk) = ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384", 48);
    let (p521, p521_jwk) = ec(&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521", 66);
    let ec_signature =
        |key: &EcdsaKeyPair, message: &[u8]| key.sign(&random, message).unwrap().as_ref().to_vec();
    type Sign<'a> = Box<dyn Fn(&[u8]) -> Vec<u8> + 'a>;
    let rows: [(&str, &Value, Sign<'_>); 6] = [
        ("ES256", &KEY.jwk(), Box::new(|message| KEY.sign(message))),
        ("ES384", &p384_jwk, Box::new(|message| ec_signature(&p384, message))),
        ("ES512", &p521_jwk, Box::new(|message| ec_signature(&p521, message))),
        ("EdDSA", &ed_jwk, Box::new(|message| ed.sign(message).as_ref().to_vec())),
        ("RS256", &rsa_jwk, Box::new(|message| rsa_signature(&RSA_PKCS1_SHA256, message))),
        ("PS256", &rsa_jwk, Box::new(|message| rsa_signature(&RSA_PSS_SHA256, message))),
    ];
    let dpop = dpop();
    for (name, jwk, sign) in &rows {
        let proof = || good().header("alg", *name).header("jwk", (*jwk).clone());
        assert_eq!(verdict_for(&dpop, &proof().sign_by(sign), &confirmation(jwk)), Ok(()), "{name}");
        for (other, _, sign) in rows.iter().filter(|(other, ..)| other != name) {
            let refused = verdict_for(&dpop, &proof().sign_by(sign), &confirmation(jwk));
            assert_eq!(refused, Err(ProofError::Signature), "{name} signed by {other}");
        }
    }
}

#[test]
fn a_key_is_public_and_sound() {
    let rsa = |modulus: Vec<u8>, e: &[u8]| json!({"kty": "RSA", "n": base64url(modulus), "e": base64url(e)});
    let with = |name: &str, value: Value| {
        let mut jwk = KEY.jwk();
        jwk[name] = value;
        jwk
    };
    let mut off_curve = KEY.jwk();
    off_curve["y"] = off_curve["x"].clone();
    let dpop = dpop();
    for (name, jwk, expected) in [
        ("the key", KEY.jwk(), Ok(())),
        ("for signatures", with("use", json!("sig")), Ok(())),
        ("for this algorithm", with("alg", json!("ES256")), Ok(())),
        ("for encryption", with("use", json!("enc")), Err(ProofError::Key)),
        ("to sign only", with("key_ops", json!(["sign"])), Err(ProofError::Key)),
        ("for another algorithm", with("alg", json!("ES384")), Err(ProofError::Key)),
        ("for HMAC", with("alg", json!("HS256")), Err(ProofError::Key)),
        ("with its private half", with("d", json!("AAAA")), Err(ProofError::PrivateKey)),
        ("with an empty private half", with("d", Value::Null), Err(ProofError::PrivateKey)),
        ("with primes", with("p", json!("AAAA")), Err(ProofError::PrivateKey)),
        ("with a secret", with("k", json!("AAAA")), Err(ProofError::PrivateKey)),
        ("symmetric", json!({"kty": "oct", "k": "AAAA"}), Err(ProofError::PrivateKey)),
        ("symmetric, empty", json!({"kty": "oct"}), Err(ProofError::Key)),
        ("of no kind", json!({"crv": "P-256"}), Err(ProofError::Key)),
        ("of an unknown kind", json!({"kty": "AKP", "x": "AAAA"}), Err(ProofError::Key)),
        ("of an unknown curve", with("crv", json!("secp256k1")), Err(ProofError::Key)),
        ("not on its curve", off_curve, Err(ProofError::Key)),
        ("with a short number", with("x", json!("AAAA")), Err(ProofError::Key)),
        ("with padding", with("x", json!("AAAA=")), Err(ProofError::Key)),
        ("with a number that is none", with("x", json!(1)), Err(ProofError::Key)),
        ("weak", rsa(vec![0xff; 128], &[1, 0, 1]), Err(ProofError::Key)),
        ("with an exponent of 1", rsa(vec![0xff; 256], &[1]), Err(ProofError::Key)),
        ("a list", json!([KEY.jwk()]), Err(ProofError::Key)),
        ("text", json!(KEY.jwk().to_string()), Err(ProofError::Key)),
        ("null", Value::Null, Err(ProofError::Key)),
    ] {
        let alg = if jwk["kty"] == "RSA" { "RS256" } else { "ES256" };
        let proof = good().header("alg", alg).header("jwk", jwk.clone()).sign();
        let claim = if jwk.is_object() { confirmation(&jwk) } else { KEY.confirmation() };
        assert_eq!(verdict_for(&dpop, &proof, &claim), expected, "{name}");
    }
    assert_eq!(verdict(&dpop, &good().without("jwk").sign()), Err(ProofError::Key));
    let fetched = good().without("jwk").header("jku", "https://evil.example/keys").header("kid", "k");
    assert_eq!(verdict(&dpop, &fetched.sign()), Err(ProofError::Key));
}

#[test]
fn the_key_that_is_shown_has_signed_and_is_the_tokens() {
    let other = ProofKey::generate();
    let dpop = dpop();
    let der = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let sign_der = |message: &[u8]| der.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
    let of_other = other.proof("GET", URL, TOKEN).sign();
    let tampered = {
        let proof = good().sign();
        let parts: Vec<&str> = proof.split('.').collect();
        let claims = base64url(json!(good().as_claims()).to_string());
        format!("{}.{claims}.{}", parts[0], parts[2])
    };
    for (name, proof, expected) in [
        ("signed by another key", good().sign_by(|message| other.sign(message)), Err(ProofError::Signature)),
        ("other claims under the signature", tampered, Err(ProofError::Signature)),
        ("no signature", with_signature(good().sign(), ""), Err(ProofError::Signature)),
        ("zeros", with_signature(good().sign(), [0; 64]), Err(ProofError::Signature)),
        ("a DER signature", good().sign_by(sign_der), Err(ProofError::Signature)),
        ("of another key", of_other.clone(), Err(ProofError::KeyBinding)),
    ] {
        assert_eq!(verdict(&dpop, &proof), expected, "{name}");
    }
    assert_eq!(verdict_for(&dpop, &of_other, &other.confirmation()), Ok(()));
    for claim in
        [json!({}), json!(null), json!({"x5t#S256": KEY.thumbprint().to_string()}), json!({"jkt": "x"})]
    {
        assert_eq!(verdict_for(&dpop, &good().sign(), &claim), Err(ProofError::Unbound), "{claim}");
    }
    assert_eq!(dpop.check(&good().sign(), request(), None), Err(ProofError::Unbound));
}

#[test]
fn claims_are_there_and_of_their_type() {
    let mut rows = vec![
        ("an id of 256 bytes", good().claim("jti", "x".repeat(256)).sign(), Ok(())),
        ("an id of 257 bytes", good().claim("jti", "x".repeat(257)).sign(), Err(ProofError::Claim)),
        ("a nonce that nobody asked for", good().claim("nonce", "x").sign(), Ok(())),
        ("a nonce of another type", good().claim("nonce", 1).sign(), Err(ProofError::Claim)),
        ("a nonce that is null", good().claim("nonce", Value::Null).sign(), Err(ProofError::Claim)),
        ("exp of another type", good().claim("exp", "1").sign(), Err(ProofError::Claim)),
        ("nbf of another type", good().claim("nbf", json!([1])).sign(), Err(ProofError::Claim)),
    ];
    for name in ["jti", "htm", "htu", "iat", "ath"] {
        rows.push((name, good().without(name).sign(), Err(ProofError::Claim)));
        for value in [Value::Null, json!(true), json!([]), json!({}), json!("")] {
            rows.push((name, good().claim(name, value).sign(), Err(ProofError::Claim)));
        }
    }
    for name in ["jti", "htm", "htu", "ath"] {
        rows.push((name, good().claim(name, 1).sign(), Err(ProofError::Claim)));
    }
    rows.push(("iat as text", good().claim("iat", NOW.to_string()).sign(), Err(ProofError::Claim)));
    check(rows);
}

#[test]
fn a_proof_is_for_one_request() {
    let other_token = KEY.proof("GET", URL, "another.access.token").as_claims()["ath"].clone();
    let padded = format!("{}=", good().as_claims()["ath"].as_str().unwrap());
    check(vec![
        ("another method", good().claim("htm", "POST").sign(), Err(ProofError::Method)),
        ("another case", good().claim("htm", "get").sign(), Err(ProofError::Method)),
        ("a space", good().claim("htm", "GET ").sign(), Err(ProofError::Method)),
        ("the whole URL", good().claim("htu", format!("{URL}?page=2#top")).sign(), Ok(())),
        ("another query", good().claim("htu", format!("{URL}?page=3")).sign(), Ok(())),
        ("another spelling", good().claim("htu", "HTTPS://API.example.com:443/%6Eotes").sign(), Ok(())),
        ("another path", good().claim("htu", format!("{URL}/1")).sign(), Err(ProofError::Uri)),
        ("another host", good().claim("htu", "https://evil.example/notes").sign(), Err(ProofError::Uri)),
        (
            "another scheme",
            good().claim("htu", URL.replacen("https", "http", 1)).sign(),
            Err(ProofError::Uri),
        ),
        ("a path only", good().claim("htu", "/notes").sign(), Err(ProofError::Uri)),
        ("another token", good().claim("ath", other_token).sign(), Err(ProofError::Token)),
        ("a hash with padding", good().claim("ath", padded).sign(), Err(ProofError::Claim)),
        ("the token itself", good().claim("ath", TOKEN).sign(), Err(ProofError::Claim)),
    ]);
    let several = dpop_at(&POOL.clock()).origin("https://www.example.com/api").build().unwrap();
    for (url, expected) in [
        (URL, Ok(())),
        ("https://www.example.com/api/notes", Ok(())),
        ("https://www.example.com/notes", Err(ProofError::Uri)),
        ("https://api.example.com/api/notes", Err(ProofError::Uri)),
    ] {
        assert_eq!(verdict(&several, &good().claim("htu", url).sign()), expected, "{url}");
    }
}

#[test]
fn a_proof_is_of_this_time() {
    let at = |name: &str, seconds: Value| good().claim(name, seconds).sign();
    check(vec![
        ("a minute ago", at("iat", json!(NOW - 60)), Ok(())),
        ("a minute and a second ago", at("iat", json!(NOW - 61)), Err(ProofError::Time)),
        ("in a minute", at("iat", json!(NOW + 60)), Ok(())),
        ("in a minute and a second", at("iat", json!(NOW + 61)), Err(ProofError::Time)),
        ("with fractions", at("iat", json!(NOW as f64 - 59.5)), Ok(())),
        ("with fractions, too old", at("iat", json!(NOW as f64 - 60.5)), Err(ProofError::Time)),
        ("in 1970", at("iat", json!(0)), Err(ProofError::Time)),
        ("before 1970", at("iat", json!(-1)), Err(ProofError::Time)),
        ("at the end of time", at("iat", json!(1e300)), Err(ProofError::Time)),
        ("in milliseconds", at("iat", json!(NOW * 1000)), Err(ProofError::Time)),
        ("ends now", at("exp", json!(NOW)), Err(ProofError::Time)),
        ("ends in a second", at("exp", json!(NOW + 1)), Ok(())),
        ("begins in a minute", at("nbf", json!(NOW + 60)), Ok(())),
        ("begins in a minute and a second", at("nbf", json!(NOW + 61)), Err(ProofError::Time)),
    ]);
    let narrow = dpop_at(&POOL.clock()).window(Duration::from_secs(1)).build().unwrap();
    for (seconds, expected) in [
        (NOW - 2, Err(ProofError::Time)),
        (NOW - 1, Ok(())),
        (NOW + 1, Ok(())),
        (NOW + 2, Err(ProofError::Time)),
    ] {
        assert_eq!(verdict(&narrow, &at("iat", json!(seconds))), expected, "{seconds}");
    }
}

#[test]
fn all_mistakes_of_a_configuration_are_told_at_once() {
    let error = Dpop::builder()
        .origin("http://api.example.com")
        .origin("https://api.example.com/?a=b")
        .algorithms([])
        .window(Duration::from_millis(999))
        .remember(0)
        .build()
        .unwrap_err();
    assert_eq!(
        error.mistakes(),
        [
            Mistake::Origin("http://api.example.com".to_owned()),
            Mistake::Origin("https://api.example.com/?a=b".to_owned()),
            Mistake::ProofAlgorithms,
            Mistake::ProofWindow,
            Mistake::NothingRemembered,
        ]
    );
    let error = Dpop::builder().window(Duration::from_secs(3601)).build().unwrap_err();
    assert_eq!(error.mistakes(), [Mistake::NoOrigin, Mistake::ProofWindow]);
    let twice = Dpop::builder().origin(ORIGIN).algorithms([Algorithm::Es256, Algorithm::Es256]).build();
    assert_eq!(twice.unwrap_err().mistakes(), [Mistake::ProofAlgorithms]);
    for window in [1, 3600] {
        assert!(dpop_at(&POOL.clock()).window(Duration::from_secs(window)).build().is_ok(), "{window}");
    }
    for (origin, accepted) in [
        ("http://localhost:3000", true),
        ("http://127.0.0.1:3000", true),
        ("http://127.evil.example", false),
        ("https://user@api.example.com", false),
        ("api.example.com", false),
        ("https://api.example.com/a/../b", false),
    ] {
        assert_eq!(Dpop::builder().origin(origin).build().is_ok(), accepted, "{origin}");
    }
}

/// RFC 9449, 7.1: the request with the token of figure 12.
#[test]
fn the_proof_of_the_specification_is_accepted() {
    const PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0\
                         RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAt\
                         MjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZ\
                         y9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0N\
                         BcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
    let claim = json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"});
    let request = ProvenRequest {
        method: "GET",
        path: "/protectedresource",
        token: "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
    };
    let clock = ManualClock::at(1_562_262_618);
    let dpop = Dpop::builder().origin("https://resource.example.org").clock(clock.clone()).build().unwrap();
    let check = || dpop.check(PROOF, request, Some(&Confirmation::from_claim(&claim))).map(|_| ());
    clock.advance(Duration::from_secs(60));
    assert_eq!(check(), Ok(()));
    assert_eq!(check(), Err(ProofError::Replayed));
    clock.advance(Duration::from_secs(1));
    assert_eq!(check(), Err(ProofError::Time));
}
