//! What a load balancer writes into `x-amzn-oidc-data`.

use base64::engine::general_purpose::URL_SAFE;
use portcullis::{AlbVerifier, AlbVerifierBuilder};

use super::*;

const SIGNER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188";

/// Header and claims as the load balancer writes them.
fn data() -> (Value, Value) {
    let header = json!({
        "typ": "JWT", "alg": "ES256", "kid": POOL.key_id(Algorithm::Es256),
        "iss": POOL.url(), "client": "web", "signer": SIGNER, "exp": NOW + 120,
    });
    let claims = json!({"sub": "ada", "email": "ada@example.com", "iss": POOL.url(), "exp": NOW + 120});
    (header, claims)
}

/// Padded, as the load balancer does it.
fn sign((header, claims): (Value, Value)) -> String {
    let input = format!("{}.{}", URL_SAFE.encode(header.to_string()), URL_SAFE.encode(claims.to_string()));
    let signature = POOL.sign(Algorithm::Es256, input.as_bytes());
    format!("{input}.{}", URL_SAFE.encode(signature))
}

fn with(header: &[(&str, Value)], claims: &[(&str, Value)]) -> String {
    let mut data = data();
    for (part, changes) in [(&mut data.0, header), (&mut data.1, claims)] {
        for (name, value) in changes {
            part[*name] = value.clone();
        }
    }
    sign(data)
}

fn without(from_header: &[&str], from_claims: &[&str]) -> String {
    let mut data = data();
    for (part, names) in [(&mut data.0, from_header), (&mut data.1, from_claims)] {
        names.iter().for_each(|name| drop(part.as_object_mut().unwrap().remove(*name)));
    }
    sign(data)
}

fn builder() -> AlbVerifierBuilder {
    let verifier = AlbVerifier::builder().keys(POOL.jwk_set()).clock(POOL.clock());
    verifier.load_balancers([SIGNER, "arn:other"]).client_ids(["web"]).issuers([POOL.url()])
}

fn outcome(verifier: &AlbVerifier, data: &str) -> Result<(), Rejection> {
    match verifier.verify_now(data).unwrap() {
        Ok(_) => Ok(()),
        Err(AuthenticateError::Rejected(rejection)) => Err(rejection),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn what_the_load_balancer_has_signed_is_a_user() {
    let said = builder().build().unwrap().verify_now(&sign(data())).unwrap().unwrap();
    assert_eq!(said.claims().text("email"), Some("ada@example.com"));
    let identity = said.into_identity();
    assert_eq!((identity.sub(), identity.provider()), (Some("ada"), Provider::Oidc));
}

#[test]
fn only_the_expected_load_balancer_and_client_are_believed() {
    let far = NOW + 3600;
    let no_algorithm = Err(Rejection::Algorithm);
    let rows = [
        ("as it is", sign(data()), Ok(())),
        ("another signer", with(&[("signer", json!(format!("{SIGNER}9")))], &[]), Err(Rejection::Signer)),
        (
            "part of the signer",
            with(&[("signer", json!(&SIGNER[..SIGNER.len() - 1]))], &[]),
            Err(Rejection::Signer),
        ),
        ("a list of signers", with(&[("signer", json!([SIGNER]))], &[]), Err(Rejection::Signer)),
        ("no signer", without(&["signer"], &[]), Err(Rejection::Signer)),
        (
            "signer among the claims",
            with(&[("signer", Value::Null)], &[("signer", json!(SIGNER))]),
            Err(Rejection::Signer),
        ),
        ("another client", with(&[("client", json!("other"))], &[]), Err(Rejection::Client)),
        ("no client", without(&["client"], &[]), Err(Rejection::Client)),
        (
            "another issuer in the claims",
            with(&[], &[("iss", json!("https://a.example"))]),
            Err(Rejection::Issuer),
        ),
        (
            "another issuer in the header",
            with(&[("iss", json!("https://a.example"))], &[]),
            Err(Rejection::Issuer),
        ),
        ("issuer in the header alone", without(&[], &["iss"]), Ok(())),
        ("no issuer", without(&["iss"], &["iss"]), Err(Rejection::Issuer)),
        ("expires in a second", with(&[("exp", json!(NOW + 1))], &[("exp", json!(NOW + 1))]), Ok(())),
        (
            "expires now, in the claims",
            with(&[("exp", json!(far))], &[("exp", json!(NOW))]),
            Err(Rejection::Expired),
        ),
        (
            "expires now, in the header",
            with(&[("exp", json!(NOW))], &[("exp", json!(far))]),
            Err(Rejection::Expired),
        ),
        ("expired a second ago", with(&[], &[("exp", json!(NOW - 1))]), Err(Rejection::Expired)),
        ("exp in the header alone", without(&[], &["exp"]), Ok(())),
        ("exp in the claims alone", without(&["exp"], &[]), Ok(())),
        ("no exp", without(&["exp"], &["exp"]), Err(Rejection::TimeClaim)),
        ("exp as text", with(&[], &[("exp", json!(far.to_string()))]), Err(Rejection::TimeClaim)),
        ("nbf in a second", with(&[], &[("nbf", json!(NOW + 1))]), Err(Rejection::NotYetValid)),
        ("no sub", without(&[], &["sub"]), Err(Rejection::Subject)),
        ("empty sub", with(&[], &[("sub", json!(""))]), Err(Rejection::Subject)),
        ("none", with(&[("alg", json!("none"))], &[]), no_algorithm),
        ("HS256", with(&[("alg", json!("HS256"))], &[]), no_algorithm),
        ("RS256", with(&[("alg", json!("RS256"))], &[]), no_algorithm),
        ("no alg", without(&["alg"], &[]), no_algorithm),
        ("another type", with(&[("typ", json!("at+jwt"))], &[]), Err(Rejection::Type)),
        ("crit", with(&[("crit", json!(["exp"]))], &[]), Err(Rejection::Extension)),
        ("jwk", with(&[("jwk", json!({}))], &[]), Err(Rejection::EmbeddedKey)),
        ("no kid", without(&["kid"], &[]), Err(Rejection::KeyId)),
        (
            "unknown kid",
            with(&[("kid", json!("5db0ee8f-5a33-4dcb-b9d3-7d2e0dcb9a17"))], &[]),
            Err(Rejection::UnknownKey),
        ),
        ("kid with a path", with(&[("kid", json!("../other"))], &[]), Err(Rejection::UnknownKey)),
        (
            "kid of a key for RS256",
            with(&[("kid", json!(POOL.key_id(Algorithm::Rs256)))], &[]),
            Err(Rejection::AlgorithmMismatch),
        ),
        ("two parts", "e30=.e30=".to_owned(), Err(Rejection::Parts)),
    ];
    let verifier = builder().build().unwrap();
    for (name, data, expected) in rows {
        assert_eq!(outcome(&verifier, &data), expected, "{name}");
    }
}

#[test]
fn padding_is_right_or_not_there() {
    let verifier = builder().build().unwrap();
    for length in 1..=3 {
        let token = with(&[], &[("pad", json!("x".repeat(length)))]);
        assert_eq!(outcome(&verifier, &token), Ok(()));
        let (input, signature) = token.rsplit_once('.').unwrap();
        assert_eq!(outcome(&verifier, &format!("{input}.{}", signature.trim_end_matches('='))), Ok(()));
        for wrong in
            [format!("{input}.{signature}="), format!("{input}.{}=", signature.trim_end_matches('='))]
        {
            assert_eq!(outcome(&verifier, &wrong), Err(Rejection::Base64));
        }
        // The padding is part of what is signed.
        let bare = token.replace('=', "");
        let changed = bare.len() + 2 < token.len();
        assert_eq!(outcome(&verifier, &bare).is_err(), changed, "{length}");
    }
    // A bearer token is never padded.
    let bearer = good().sign_with(Algorithm::Es256);
    assert_eq!(verdict(&access_verifier(), &bearer), Ok(()));
    assert_eq!(verdict(&access_verifier(), &format!("{bearer}==")), Err(Rejection::Base64));
}

#[test]
fn what_is_checked_is_stated_or_waived() {
    let mistakes = AlbVerifier::builder().build().unwrap_err().to_string();
    for said in ["load_balancers", "client_ids", "issuers", "insecure_any_load_balancer"] {
        assert!(mistakes.contains(said), "{mistakes}");
    }
    assert!(builder().client_ids(Vec::<String>::new()).build().is_err());
    let waived =
        builder().insecure_any_load_balancer().insecure_any_client().insecure_any_issuer().build().unwrap();
    assert_eq!(outcome(&waived, &without(&["signer", "client", "iss"], &["iss"])), Ok(()));
    let lenient = builder().leeway(Duration::from_secs(5)).build().unwrap();
    assert_eq!(outcome(&lenient, &with(&[("exp", json!(NOW - 4))], &[])), Ok(()));
    assert_eq!(outcome(&lenient, &with(&[("exp", json!(NOW - 5))], &[])), Err(Rejection::Expired));
    let short = builder().max_token_bytes(100).build().unwrap();
    assert_eq!(outcome(&short, &sign(data())), Err(Rejection::TooLong));
}
