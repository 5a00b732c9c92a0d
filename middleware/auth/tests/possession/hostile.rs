//! Hostile input is refused and never a panic.

use super::*;

/// JSON of any shape, with the names that proofs use among others.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "[A-Za-z0-9_-]{43}".prop_map(Value::from),
        prop_oneof![Just("RSA"), Just("EC"), Just("OKP"), Just("P-256"), Just("ES256"), Just("Ed25519")]
            .prop_map(Value::from),
        "https?://[a-z.:@%/?#\\[\\]]{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    let known = [
        "alg", "typ", "jwk", "crit", "kty", "crv", "x", "y", "n", "e", "d", "jti", "htm", "htu", "iat",
        "ath", "exp", "nonce", "jkt", "x5t#S256", "use", "key_ops",
    ];
    prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), ".{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_refused(text in ".{0,200}", parts in prop::collection::vec("[A-Za-z0-9_-]{0,80}", 0..5)) {
        prop_assert!(verdict(&dpop(), &text).is_err());
        prop_assert!(verdict(&dpop(), &parts.join(".")).is_err());
    }

    #[test]
    fn any_header_is_refused(header in value()) {
        prop_assert!(verdict(&dpop(), &good().header_text(header.to_string()).sign()).is_err());
    }

    #[test]
    fn any_key_is_refused(jwk in value()) {
        let claim = if jwk.is_object() { confirmation(&jwk) } else { KEY.confirmation() };
        prop_assert!(verdict_for(&dpop(), &good().header("jwk", jwk).sign(), &claim).is_err());
    }

    #[test]
    fn any_claims_are_refused(claims in value()) {
        prop_assert!(verdict(&dpop(), &good().claims_text(claims.to_string()).sign()).is_err());
    }

    #[test]
    fn any_claim_but_the_right_one_is_refused(name in prop::sample::select(vec!["htm", "htu", "ath"]), value in value()) {
        prop_assert!(verdict(&dpop(), &good().claim(name, value).sign()).is_err());
    }

    #[test]
    fn any_time_is_judged(seconds in any::<f64>()) {
        let expected = (seconds - NOW as f64).abs() <= 60.0;
        prop_assert_eq!(verdict(&dpop(), &good().claim("iat", seconds).sign()).is_ok(), expected);
    }

    #[test]
    fn a_proof_with_one_character_changed_is_refused(at in any::<prop::sample::Index>(), byte in 0x20_u8..0x7f) {
        let proof = good().sign();
        let mut changed = proof.clone().into_bytes();
        let at = at.index(changed.len());
        changed[at] = byte;
        let changed = String::from_utf8(changed).unwrap();
        prop_assert_eq!(verdict(&dpop(), &changed).is_ok(), changed == proof);
    }

    #[test]
    fn any_path_is_judged(path in "[/a-z.%0-9A-F*?#]{0,30}", url in "[/a-z.%0-9A-F?#]{0,30}") {
        let proof = good().claim("htu", format!("{ORIGIN}{url}")).sign();
        let claim = Confirmation::from_claim(&KEY.confirmation());
        let request = ProvenRequest { path: &path, ..request() };
        let accepted = dpop().check(&proof, request, Some(&claim)).is_ok();
        let without_query = |text: &str| text.split(['?', '#']).next().unwrap().to_owned();
        let (path, url) = (without_query(&path), without_query(&url));
        if accepted {
            prop_assert_eq!(path.contains('%') || url.contains('%') || path.trim_end_matches('/') == url.trim_end_matches('/'), true);
        } else if path == url && path.starts_with('/') && !path.contains(['%', '.', '*']) {
            prop_assert!(false, "{path} was refused");
        }
    }

    #[test]
    fn any_confirmation_is_read(claim in value()) {
        let confirmation = Confirmation::from_claim(&claim);
        prop_assert!(confirmation.check(Possession::default()).is_err());
    }

    #[test]
    fn any_certificate_is_read(text in ".{0,100}") {
        prop_assert_eq!(ClientCertificate::from_pem(&text), None);
        let _ = ClientCertificate::from_pem(&format!("-----BEGIN CERTIFICATE-----{text}-----END CERTIFICATE-----"));
    }
}
