//! What holds whatever comes: nothing panics, and what is accepted is right by another reading too.

use std::{str::from_utf8, sync::LazyLock};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{
    Engine,
    engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD},
};
use portcullis::{
    AlbVerifier, Algorithm, AuthenticateError, Issuer, JwkSet, SignatureVerifier, TokenUse, Verifier,
    testkit::{ManualClock, TestIssuer},
};
use serde_json::{Value, json};

use crate::{dice::Dice, spoil::spoiled};

const ISSUER: &str = "https://a.example";

/// An issuer with a key that signs fast, so that most of what is wrong is wrong behind a good signature.
struct Setting {
    key: Ed25519KeyPair,
    jwk: Value,
    verifier: Verifier,
    signatures: SignatureVerifier,
    pool: TestIssuer,
    load_balancer: AlbVerifier,
}

static SETTING: LazyLock<Setting> = LazyLock::new(|| {
    let key = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(key.public_key());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "use": "sig", "alg": "EdDSA", "x": x});
    let keys = JwkSet::from_json(&json!({"keys": [jwk]}).to_string()).unwrap();
    let issuer = Issuer::oidc(ISSUER).keys(keys.clone()).audiences(["api"]).token_use(TokenUse::Access);
    let clock = || ManualClock::at(TestIssuer::NOW);
    let pool = TestIssuer::cognito();
    Setting {
        key,
        jwk,
        verifier: Verifier::builder().issuer(issuer).clock(clock()).build().unwrap(),
        signatures: SignatureVerifier::insecure_signature_only(keys),
        load_balancer: AlbVerifier::builder()
            .load_balancers(["arn:1"])
            .client_ids(["web"])
            .issuers([ISSUER])
            .keys(pool.jwk_set())
            .clock(clock())
            .build()
            .unwrap(),
        pool,
    }
});

fn good_header() -> Value {
    json!({"alg": "EdDSA", "kid": "k", "typ": "at+jwt"})
}

fn good_claims() -> Value {
    json!({"iss": ISSUER, "sub": "ada", "aud": ["api", "web"], "exp": TestIssuer::NOW + 60, "iat": TestIssuer::NOW, "x": {"y": [1.5, "z"]}})
}

fn signed(header: &[u8], claims: &[u8]) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = SETTING.key.sign(input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Whether the token is accepted; then it must be good by what serde_json makes of it.
fn accepted(token: &str) -> bool {
    let outcome = SETTING.verifier.verify_now(token).unwrap();
    let verified = match outcome {
        Ok(verified) => verified,
        Err(error) => {
            assert!(matches!(error, AuthenticateError::Rejected(_)), "{token}: {error}");
            assert!(!error.to_string().contains(token));
            return false;
        }
    };
    assert!(SETTING.signatures.verify(token).is_ok(), "{token}");
    let part = |number: usize| -> Value {
        let text = URL_SAFE_NO_PAD.decode(token.split('.').nth(number).unwrap()).unwrap();
        from_utf8(&text).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    let (header, claims) = (part(0), part(1));
    assert_eq!((&header["alg"], &header["kid"]), (&json!("EdDSA"), &json!("k")), "{token}");
    assert_eq!(
        header["typ"].as_str().unwrap().to_lowercase().trim_start_matches("application/"),
        "at+jwt",
        "{token}"
    );
    for name in ["crit", "b64", "enc", "zip", "cty", "jwk", "x5c"] {
        assert!(header.get(name).is_none(), "{token}");
    }
    assert_eq!(claims["iss"], ISSUER, "{token}");
    assert!(claims["exp"].as_f64().unwrap() > TestIssuer::NOW as f64, "{token}");
    assert!(
        claims.get("nbf").is_none_or(|begins| begins.as_f64().unwrap() <= TestIssuer::NOW as f64),
        "{token}"
    );
    assert!(claims.get("iat").is_none_or(Value::is_number), "{token}");
    assert!(claims["aud"] == "api" || claims["aud"].as_array().unwrap().contains(&json!("api")), "{token}");
    assert!(!claims["sub"].as_str().unwrap().is_empty(), "{token}");
    assert_eq!(verified.claims().text("sub"), claims["sub"].as_str(), "{token}");
    assert_eq!(Value::Object(verified.claims().as_map().clone()), claims, "{token}");
    assert_eq!(verified.confirmation().is_some(), claims.get("cnf").is_some(), "{token}");
    let bearer = SETTING.verifier.authenticate_now(token).unwrap();
    assert_eq!(bearer.is_ok(), claims.get("cnf").is_none(), "{token}");
    true
}

/// A header with whatever in it, signed.
pub(crate) fn header(bytes: &[u8]) -> bool {
    let header = spoiled(&mut Dice::new(bytes), good_header().to_string().as_bytes());
    accepted(&signed(&header, good_claims().to_string().as_bytes()))
}

/// Claims with whatever in them, signed.
pub(crate) fn claims(bytes: &[u8]) -> bool {
    let claims = spoiled(&mut Dice::new(bytes), good_claims().to_string().as_bytes());
    accepted(&signed(good_header().to_string().as_bytes(), &claims))
}

/// A token that was changed after it was signed; only the very same is accepted.
pub(crate) fn token(bytes: &[u8]) -> bool {
    let good = signed(good_header().to_string().as_bytes(), good_claims().to_string().as_bytes());
    let changed = spoiled(&mut Dice::new(bytes), good.as_bytes());
    let changed = String::from_utf8_lossy(&changed);
    let is_accepted = accepted(&changed);
    assert_eq!(is_accepted, changed == good, "{changed}");
    is_accepted
}

/// A key with whatever in it. What is taken of it can be written and read again.
pub(crate) fn key(bytes: &[u8]) -> bool {
    let mut dice = Dice::new(bytes);
    let of_pool = SETTING.pool.jwk_set_json();
    let good = dice.one_of(&[&SETTING.jwk, &of_pool["keys"][0], &of_pool["keys"][1]]).to_string();
    let key = spoiled(&mut dice, good.as_bytes());
    read_again(&[b"{\"keys\":[", &key[..], b"]}"].concat())
}

/// The text of a key set with whatever in it.
pub(crate) fn key_set(bytes: &[u8]) -> bool {
    let good = json!({"keys": [SETTING.jwk, SETTING.pool.jwk_set_json()["keys"][1]]}).to_string();
    read_again(&spoiled(&mut Dice::new(bytes), good.as_bytes()))
}

/// Whether there is a usable key in the text.
fn read_again(text: &[u8]) -> bool {
    let Ok(text) = from_utf8(text) else { return false };
    let Ok(keys) = JwkSet::from_json(text) else { return false };
    let written = keys.to_json();
    let again = JwkSet::from_json(&written.to_string()).unwrap();
    assert_eq!((again.len(), again.dropped().len(), again.to_json()), (keys.len(), 0, written), "{text}");
    let signatures = SignatureVerifier::insecure_signature_only(keys.clone());
    let forged = format!(
        "{}.e30.{}",
        URL_SAFE_NO_PAD.encode(good_header().to_string()),
        URL_SAFE_NO_PAD.encode([7; 64])
    );
    assert!(signatures.verify(&forged).is_err(), "{text}");
    !keys.is_empty()
}

/// What a load balancer would write, with whatever in it.
pub(crate) fn load_balancer(bytes: &[u8]) -> bool {
    let mut dice = Dice::new(bytes);
    let exp = TestIssuer::NOW + 60;
    let kid = SETTING.pool.key_id(Algorithm::Es256);
    let header = json!({"typ": "JWT", "alg": "ES256", "kid": kid, "signer": "arn:1", "client": "web", "iss": ISSUER, "exp": exp});
    let claims = json!({"sub": "ada", "iss": ISSUER, "exp": exp, "email": "a@example.com"});
    let [header, claims] = [header, claims].map(|part| spoiled(&mut dice, part.to_string().as_bytes()));
    let input = format!("{}.{}", URL_SAFE.encode(&header), URL_SAFE.encode(&claims));
    let signature = SETTING.pool.sign(Algorithm::Es256, input.as_bytes());
    let data = format!("{input}.{}", URL_SAFE.encode(signature));
    let Ok(said) = SETTING.load_balancer.verify_now(&data).unwrap() else { return false };
    let [header, claims]: [Value; 2] = [header, claims].map(|part| serde_json::from_slice(&part).unwrap());
    assert_eq!(
        (&header["alg"], &header["signer"], &header["client"]),
        (&json!("ES256"), &json!("arn:1"), &json!("web")),
        "{data}"
    );
    for part in [&header, &claims] {
        assert!(
            part.get("exp").is_none_or(|expires| expires.as_f64().unwrap() > TestIssuer::NOW as f64),
            "{data}"
        );
        assert!(part.get("iss").is_none_or(|issuer| issuer == ISSUER), "{data}");
    }
    assert_eq!(said.claims().text("sub"), claims["sub"].as_str(), "{data}");
    true
}
