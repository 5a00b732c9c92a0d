//! Proofs of possession (DPoP) with whatever in them.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::{
    Confirmation, Dpop, PROOF_WINDOW, ProofError, ProvenRequest,
    testkit::{ManualClock, ProofKey, TestIssuer},
};
use serde_json::Value;

use crate::{dice::Dice, identities::changed, spoil::spoiled};

const TOKEN: &str = "the.access.token";

static KEY: LazyLock<ProofKey> = LazyLock::new(ProofKey::generate);

/// A proof that its sender has signed. It is accepted once, and only if it is for this request, token and key by a plain reading.
pub(crate) fn proof(bytes: &[u8]) -> bool {
    let mut dice = Dice::new(bytes);
    let good = KEY.proof("GET", "https://api.example.com/notes", TOKEN);
    let [header, claims] = [good.as_header(), good.as_claims()].map(|part| {
        let part = Value::Object(part.clone());
        match dice.below(3) {
            0 => changed(&mut dice, part).unwrap_or_default().to_string().into_bytes(),
            _ => spoiled(&mut dice, part.to_string().as_bytes()),
        }
    });
    let proof = good.header_text(&header).claims_text(&claims).sign();
    let dpop = Dpop::builder()
        .origin("https://api.example.com")
        .clock(ManualClock::at(TestIssuer::NOW))
        .remember(4)
        .build()
        .unwrap();
    let bound = Confirmation::from_claim(&KEY.confirmation());
    let request = || ProvenRequest { method: "GET", path: "/notes", token: TOKEN };
    let accepted = match dpop.check(&proof, request(), Some(&bound)) {
        Ok(accepted) => accepted,
        Err(error) => {
            assert!(!error.to_string().contains(&proof));
            return false;
        }
    };
    assert_eq!(*accepted.key(), KEY.thumbprint(), "{proof}");
    assert!(matches!(dpop.check(&proof, request(), Some(&bound)), Err(ProofError::Replayed)), "{proof}");
    let [header, claims]: [Value; 2] = [header, claims].map(|part| serde_json::from_slice(&part).unwrap());
    assert_eq!((&header["alg"], &header["jwk"]["x"]), (&"ES256".into(), &KEY.jwk()["x"]), "{proof}");
    assert_eq!(header["typ"].as_str().unwrap().to_lowercase().trim_start_matches("application/"), "dpop+jwt");
    for name in ["crit", "b64", "enc", "zip", "cty"] {
        assert!(header.get(name).is_none(), "{proof}");
    }
    assert_eq!(claims["htm"], "GET", "{proof}");
    assert_eq!(claims["ath"], URL_SAFE_NO_PAD.encode(digest(&SHA256, TOKEN.as_bytes())), "{proof}");
    assert!(!claims["jti"].as_str().unwrap().is_empty(), "{proof}");
    let age = claims["iat"].as_f64().unwrap() - TestIssuer::NOW as f64;
    assert!(age.abs() <= PROOF_WINDOW.as_secs_f64(), "{proof}");
    assert_eq!(URL_SAFE_NO_PAD.decode(proof.split('.').nth(2).unwrap()).unwrap().len(), 64, "{proof}");
    true
}
