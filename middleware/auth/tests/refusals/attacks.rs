//! Published attacks and other tokens that somebody has written to be misread.

use std::time::Instant;

use super::*;

#[test]
fn a_key_that_the_token_brings_along_is_not_used() {
    let attacker = TestIssuer::at(POOL.url());
    let jwk = attacker.jwk_set_json()["keys"][0].clone();
    let forged = || attacker.access_token("ada").claim("client_id", "web");
    let of_victim = POOL.key_id(Algorithm::Rs256);
    let server = "http://127.0.0.1:1/keys";
    check(
        &access_verifier(),
        &[
            ("as it should be", good().sign(), Ok(())),
            ("its own key, its own id", forged().sign(), Err(Rejection::UnknownKey)),
            (
                "its own key, the victim's id",
                forged().header("kid", of_victim.clone()).sign(),
                Err(Rejection::Signature),
            ),
            ("jwk", forged().header("jwk", jwk.clone()).sign(), Err(Rejection::EmbeddedKey)),
            (
                "jwk with the victim's id",
                forged().header("kid", of_victim.clone()).header("jwk", jwk).sign(),
                Err(Rejection::EmbeddedKey),
            ),
            ("x5c", forged().header("x5c", json!(["MIIC"])).sign(), Err(Rejection::EmbeddedKey)),
            ("jku", forged().header("jku", server).sign(), Err(Rejection::UnknownKey)),
            ("x5u", forged().header("x5u", server).sign(), Err(Rejection::UnknownKey)),
            (
                "jku with the victim's id",
                forged().header("jku", server).header("kid", of_victim).sign(),
                Err(Rejection::Signature),
            ),
        ],
    );
}

#[test]
fn a_key_id_is_looked_up_and_nothing_else() {
    let id = POOL.key_id(Algorithm::Rs256);
    let with = |kid: &str| good().header("kid", kid).sign();
    for kid in [
        "../../../../../../dev/null",
        "/dev/null",
        "/proc/sys/kernel/randomize_va_space",
        "..%2f..%2fkeys",
        "x' UNION SELECT 'key' --",
        "key;whoami",
        "| id",
        "http://127.0.0.1:1/key",
        "\0",
        "\r\nx-injected: 1",
        "\u{202e}",
        "",
        " ",
        "null",
        "0",
        "constructor",
        "__proto__",
        &format!("{id} "),
        &format!(" {id}"),
        &format!("{id}\0"),
        &format!("{id}/../{id}"),
        &id[..id.len() - 1],
        &id.repeat(50),
    ] {
        assert_eq!(verdict(&access_verifier(), &with(kid)), Err(Rejection::UnknownKey), "{kid:?}");
    }
    assert_eq!(verdict(&access_verifier(), &with(&id)), Ok(()));
    let escaped: String = id.chars().map(|letter| format!("\\u{:04x}", letter as u32)).collect();
    let same = good().header_text(format!(r#"{{"alg":"RS256","kid":"{escaped}"}}"#)).sign();
    assert_eq!(verdict(&access_verifier(), &same), Ok(()), "escapes are one way to write it");
}

#[test]
fn a_public_key_is_no_secret_of_an_hmac() {
    let n = POOL.jwk_set_json()["keys"][0]["n"].as_str().unwrap().to_owned();
    let secrets = [
        POOL.jwk_set_json().to_string(),
        POOL.jwk_set_json()["keys"][0].to_string(),
        n.clone(),
        format!("-----BEGIN PUBLIC KEY-----\n{n}\n-----END PUBLIC KEY-----\n"),
        String::new(),
    ];
    let mut set = POOL.jwk_set_json();
    for secret in secrets {
        // Even a symmetric key in the very set of the issuer is dropped.
        set["keys"]
            .as_array_mut()
            .unwrap()
            .push(json!({"kty": "oct", "kid": "shared", "k": base64url(&secret)}));
        let keys = JwkSet::from_json(&set.to_string()).unwrap();
        assert_eq!(keys.len(), 2);
        let verifier = build(POOL.issuer().keys(keys).client_ids(["web"]).token_use(TokenUse::Access));
        for (name, algorithm) in [
            ("HS256", aws_lc_rs::hmac::HMAC_SHA256),
            ("HS384", aws_lc_rs::hmac::HMAC_SHA384),
            ("HS512", aws_lc_rs::hmac::HMAC_SHA512),
        ] {
            for kid in [POOL.key_id(Algorithm::Rs256), POOL.key_id(Algorithm::Es256), "shared".to_owned()] {
                let input = good().header("alg", name).header("kid", kid).signing_input(Algorithm::Rs256);
                let key = aws_lc_rs::hmac::Key::new(algorithm, secret.as_bytes());
                let token = format!("{input}.{}", base64url(aws_lc_rs::hmac::sign(&key, input.as_bytes())));
                assert_eq!(verdict(&verifier, &token), Err(Rejection::Algorithm), "{name}");
            }
        }
    }
}

#[test]
fn a_weak_key_of_the_set_signs_nothing_and_the_others_do() {
    let weak =
        aws_lc_rs::signature::EcdsaKeyPair::generate(&signature::ECDSA_P256K1_SHA256_FIXED_SIGNING).unwrap();
    let point = &weak.public_key().as_ref()[1..];
    let mut encryption = POOL.with_new_keys().jwk_set_json()["keys"][0].clone();
    encryption["use"] = "enc".into();
    encryption["kid"] = "enc".into();
    let mut set = POOL.jwk_set_json();
    let keys = set["keys"].as_array_mut().unwrap();
    keys.insert(0, json!({"kty": "EC", "crv": "P-256", "kid": "k1", "x": base64url(&point[..32]), "y": base64url(&point[32..])}));
    keys.insert(0, json!({"kty": "RSA", "kid": "short", "n": base64url([0xff; 128]), "e": "AQAB"}));
    keys.insert(0, encryption);
    keys.insert(0, Value::Null);
    let keys = JwkSet::from_json(&set.to_string()).unwrap();
    assert_eq!((keys.len(), keys.dropped().len()), (2, 4));
    let verifier = build(POOL.issuer().keys(keys).client_ids(["web"]).token_use(TokenUse::Access));
    assert_eq!(verdict(&verifier, &good().sign()), Ok(()));
    for kid in ["k1", "short", "enc"] {
        let token = good().header("kid", kid).sign();
        assert_eq!(verdict(&verifier, &token), Err(Rejection::UnknownKey), "{kid}");
    }
}

#[test]
fn of_two_keys_with_one_id_the_first_is_meant() {
    let second = POOL.with_new_keys();
    let mut set = POOL.jwk_set_json();
    let mut twin = second.jwk_set_json()["keys"][0].clone();
    twin["kid"] = POOL.key_id(Algorithm::Rs256).into();
    set["keys"].as_array_mut().unwrap().push(twin);
    let keys = JwkSet::from_json(&set.to_string()).unwrap();
    let verifier = build(POOL.issuer().keys(keys).client_ids(["web"]).token_use(TokenUse::Access));
    assert_eq!(verdict(&verifier, &good().sign()), Ok(()));
    let by_second = second
        .access_token("ada")
        .claim("client_id", "web")
        .header("kid", POOL.key_id(Algorithm::Rs256))
        .sign();
    assert_eq!(verdict(&verifier, &by_second), Err(Rejection::Signature));
}

#[test]
fn the_work_is_bounded_by_the_length() {
    let issuer = POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    let patient =
        Verifier::builder().issuer(issuer).clock(POOL.clock()).max_token_bytes(4 << 20).build().unwrap();
    let id = POOL.key_id(Algorithm::Rs256);
    let header = base64url(format!(r#"{{"alg":"RS256","kid":"{id}"}}"#));
    let many_names: String = (0..100_000).map(|n| format!(r#""{n}":1,"#)).collect();
    let start = Instant::now();
    for (name, token, expected) in [
        ("10,000 dots", ".".repeat(10_000), Rejection::Parts),
        ("10,000 parts", "YQ.".repeat(10_000), Rejection::Parts),
        ("a million dots", ".".repeat(1_000_000), Rejection::Parts),
        (
            "a header of brackets",
            format!("{}.e30.AA", base64url("[".repeat(1_000_000))),
            Rejection::HeaderJson,
        ),
        (
            "claims of brackets",
            format!("{header}.{}.AA", base64url("[".repeat(1_000_000))),
            Rejection::ClaimsJson,
        ),
        (
            "claims of braces",
            format!("{header}.{}.AA", base64url(r#"{"a":"#.repeat(200_000))),
            Rejection::ClaimsJson,
        ),
        (
            "a long number",
            format!("{header}.{}.AA", base64url(format!(r#"{{"exp":{}}}"#, "1".repeat(1_000_000)))),
            Rejection::ClaimsJson,
        ),
        (
            "a long signature",
            format!(
                "{header}.{}.{}",
                base64url(format!(r#"{{"iss":"{}"}}"#, POOL.url())),
                base64url(vec![7; 1_000_000])
            ),
            Rejection::Signature,
        ),
        (
            "many names",
            format!("{header}.{}.AA", base64url(format!(r#"{{{many_names}"iss":"x"}}"#))),
            Rejection::Issuer,
        ),
    ] {
        let outcome = verdict(&patient, &token);
        assert!(
            outcome == Err(expected) || outcome.is_err_and(|_| name == "a long number"),
            "{name}: {outcome:?}"
        );
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let default = access_verifier();
    assert_eq!(verdict(&default, &".".repeat(10_000)), Err(Rejection::TooLong));
    assert_eq!(verdict(&default, &good().claim("pad", "x".repeat(100_000)).sign()), Err(Rejection::TooLong));
}

#[test]
fn nothing_but_the_compact_form_of_a_signature_is_read() {
    let token = good().sign();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("three parts") };
    let nested = good().header("cty", "JWT").claims_text(&token).sign();
    let malformed = Err(Rejection::Parts);
    check(
        &access_verifier(),
        &[
            ("as it is", token.clone(), Ok(())),
            (
                "flattened JSON",
                json!({"protected": header, "payload": claims, "signature": signature}).to_string(),
                malformed,
            ),
            (
                "general JSON",
                json!({"payload": claims, "signatures": [{"protected": header, "signature": signature}]})
                    .to_string(),
                malformed,
            ),
            ("JWE, direct", format!("{header}..AAAA.{claims}.{signature}"), malformed),
            ("JWE with a key", format!("{header}.AAAA.AAAA.{claims}.{signature}"), malformed),
            ("detached", format!("{header}..{signature}"), malformed),
            ("two tokens", format!("{token},{token}"), malformed),
            ("a token in a token", nested, Err(Rejection::Encrypted)),
            (
                "a token in a token, unannounced",
                good().claims_text(&token).sign(),
                Err(Rejection::ClaimsJson),
            ),
            ("a scheme in front", format!("Bearer {token}"), Err(Rejection::Base64)),
            ("quoted", format!("\"{token}\""), Err(Rejection::Base64)),
            ("percent-encoded", token.replace('.', "%2E"), malformed),
            ("another dot", token.replace('.', "\u{3002}"), malformed),
            ("a zero byte behind", format!("{token}\0"), Err(Rejection::Base64)),
        ],
    );
}

#[test]
fn each_part_has_one_spelling() {
    // Claims of each length modulo 3, so that each kind of padding and of unused bits occurs.
    let mut spellings = [0, 0];
    for length in 1..=6 {
        let token = good().claim("pad", "x".repeat(length)).sign();
        let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        assert_eq!(verdict(&access_verifier(), &token), Ok(()));
        for part in 0..3 {
            let with = |text: String| {
                let mut changed = parts.clone();
                changed[part] = text;
                changed.join(".")
            };
            let text = &parts[part];
            let padding = "=".repeat((4 - text.len() % 4) % 4);
            let mut others = vec![
                format!("{text}="),
                format!("{text}===="),
                format!("{text}A==="),
                format!(" {text}"),
                format!("{text}\n"),
                format!("{text}\t"),
                format!("{}\r\n{}", &text[..8], &text[8..]),
                format!("{} {}", &text[..8], &text[8..]),
                format!("+{}", &text[1..]),
                format!("/{}", &text[1..]),
                format!("%41{}", &text[1..]),
                format!("\u{e9}{}", &text[1..]),
            ];
            if !padding.is_empty() {
                others.push(format!("{text}{padding}"));
                let last = text.as_bytes()[text.len() - 1];
                let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
                let index = alphabet.iter().position(|letter| *letter == last).unwrap();
                let next = char::from(alphabet[index ^ 1]);
                others.push(format!("{}{next}", &text[..text.len() - 1]));
                spellings[padding.len() - 1] += 1;
            }
            for other in others {
                let outcome = verdict(&access_verifier(), &with(other.clone()));
                assert_eq!(outcome, Err(Rejection::Base64), "part {part}: {other}");
            }
        }
    }
    assert!(spellings.iter().all(|seen| *seen > 0), "the test itself: {spellings:?}");
}

#[test]
fn both_documents_have_one_meaning() {
    let claims = Value::Object(good().as_claims().clone()).to_string();
    let header = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, POOL.key_id(Algorithm::Rs256));
    let in_claims = |text: Vec<u8>| good().claims_text(text).sign();
    let in_header = |text: Vec<u8>| good().header_text(text).sign();
    let verifier = access_verifier();
    assert_eq!(verdict(&verifier, &in_claims(claims.clone().into_bytes())), Ok(()));
    assert_eq!(verdict(&verifier, &in_header(header.clone().into_bytes())), Ok(()));
    let member = |document: &str, text: &[u8]| [b"{", text, b",", &document.as_bytes()[1..]].concat();
    let spoilt = |document: &str| {
        vec![
            ("a byte order mark", [b"\xef\xbb\xbf", document.as_bytes()].concat()),
            ("UTF-16", document.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            ("text behind", format!("{document}x").into_bytes()),
            ("a second document", format!("{document}{document}").into_bytes()),
            ("a comma behind", format!("{document},").into_bytes()),
            ("a zero byte behind", format!("{document}\0").into_bytes()),
            ("a comment", format!("{document}/**/").into_bytes()),
            ("a comment in front", format!("//\n{document}").into_bytes()),
            ("a vertical tab", format!("\u{b}{document}").into_bytes()),
            ("a no-break space", format!("\u{a0}{document}").into_bytes()),
            ("the last brace missing", document.as_bytes()[..document.len() - 1].to_vec()),
            ("a comma before the brace", format!("{},}}", &document[..document.len() - 1]).into_bytes()),
            ("a list", format!("[{document}]").into_bytes()),
            ("text", json!(document).to_string().into_bytes()),
            ("nothing", Vec::new()),
            ("white space", b" ".to_vec()),
            ("NaN", member(document, br#""x":NaN"#)),
            ("Infinity", member(document, br#""x":-Infinity"#)),
            ("too large a number", member(document, br#""x":1e400"#)),
            ("hexadecimal", member(document, br#""x":0x10"#)),
            ("a leading zero", member(document, br#""x":007"#)),
            ("a plus", member(document, br#""x":+1"#)),
            ("no digit behind the point", member(document, br#""x":1."#)),
            ("single quotes", member(document, br#"'x':1"#)),
            ("a name without quotes", member(document, br#"x:1"#)),
            ("a line break in a string", member(document, b"\"x\":\"a\nb\"")),
            ("an unknown escape", member(document, br#""x":"\x41""#)),
            ("a high surrogate alone", member(document, br#""x":"\ud800""#)),
            ("a low surrogate alone", member(document, br#""x":"\udc00""#)),
            ("surrogates exchanged", member(document, br#""x":"\udc00\ud800""#)),
            ("a surrogate in a name", member(document, br#""\ud800":1"#)),
            ("a surrogate as UTF-8", member(document, b"\"x\":\"\xed\xa0\x80\"")),
            ("an overlong slash", member(document, b"\"x\":\"\xc0\xaf\"")),
            ("half a letter", member(document, b"\"x\":\"\xc3\"")),
            ("above the last letter", member(document, b"\"x\":\"\xf4\x90\x80\x80\"")),
            ("a name twice", member(document, br#""x":1,"x":1"#)),
            ("a name twice, escaped", member(document, br#""x":1,"\u0078":2"#)),
            ("a name twice, surrogates", member(document, "\"\u{1f600}\":1,\"\\ud83d\\ude00\":2".as_bytes())),
            ("a name twice, further in", member(document, br#""x":[{"a":{"b":1,"b":2}}]"#)),
            ("True", member(document, br#""x":True"#)),
            ("nul", member(document, br#""x":nul"#)),
            (
                "17 levels",
                member(document, format!(r#""x":{}{}"#, "[".repeat(16), "]".repeat(16)).as_bytes()),
            ),
        ]
    };
    for (name, text) in spoilt(&claims) {
        let outcome = verdict(&verifier, &in_claims(text));
        let empty = name == "nothing" && outcome == Err(Rejection::Parts);
        assert!(empty || outcome == Err(Rejection::ClaimsJson), "claims: {name}: {outcome:?}");
    }
    for (name, text) in spoilt(&header) {
        let outcome = verdict(&verifier, &in_header(text));
        let empty = name == "nothing" && outcome == Err(Rejection::Parts);
        assert!(empty || outcome == Err(Rejection::HeaderJson), "header: {name}: {outcome:?}");
    }
    for (name, text) in [
        ("sub twice", r#""sub":"bob""#),
        ("exp twice", r#""exp":4000000000"#),
        ("iss twice, escaped", r#""\u0069ss":"https://a.example""#),
    ] {
        assert_eq!(
            verdict(&verifier, &in_claims(member(&claims, text.as_bytes()))),
            Err(Rejection::ClaimsJson),
            "{name}"
        );
    }
    for (name, text) in [
        ("16 levels", format!(r#""x":{}{}"#, "[".repeat(15), "]".repeat(15))),
        ("escapes", r#""x":"\ud83d\ude00\u0000\/\b""#.to_owned()),
        ("names that differ in case", r#""X":1,"x":1"#.to_owned()),
        ("names that look alike", "\"\u{e9}\":1,\"e\u{301}\":2".to_owned()),
        ("one name on two levels", r#""x":{"x":1}"#.to_owned()),
    ] {
        assert_eq!(verdict(&verifier, &in_claims(member(&claims, text.as_bytes()))), Ok(()), "{name}");
    }
}

#[test]
fn a_time_is_a_number_however_it_is_written() {
    let rest = r#""client_id":"web","token_use":"access","sub":"ada""#;
    let with =
        |times: &str| good().claims_text(format!(r#"{{"iss":"{}",{rest},{times}}}"#, POOL.url())).sign();
    let verifier = access_verifier();
    for (times, expected) in [
        (format!(r#""exp":{}"#, NOW + 1), Ok(())),
        (format!(r#""exp":{}.0"#, NOW + 1), Ok(())),
        (format!(r#""exp":{NOW}.5"#), Ok(())),
        (format!(r#""exp":{NOW}.0"#), Err(Rejection::Expired)),
        (r#""exp":1.700000001e9"#.to_owned(), Ok(())),
        (r#""exp":1700000001E0"#.to_owned(), Ok(())),
        (r#""exp":1.7e9"#.to_owned(), Err(Rejection::Expired)),
        (r#""exp":1e10"#.to_owned(), Ok(())),
        (r#""exp":18446744073709551615"#.to_owned(), Ok(())),
        (r#""exp":99999999999999999999999"#.to_owned(), Ok(())),
        (r#""exp":0"#.to_owned(), Err(Rejection::Expired)),
        (r#""exp":-0.0"#.to_owned(), Err(Rejection::Expired)),
        (r#""exp":-1700000001"#.to_owned(), Err(Rejection::Expired)),
        (r#""exp":-1e300"#.to_owned(), Err(Rejection::Expired)),
        (r#""exp":"1700000001""#.to_owned(), Err(Rejection::TimeClaim)),
        (r#""exp":"4000000000""#.to_owned(), Err(Rejection::TimeClaim)),
        (r#""exp":null"#.to_owned(), Err(Rejection::TimeClaim)),
        (r#""exp":true"#.to_owned(), Err(Rejection::TimeClaim)),
        (r#""exp":[4000000000]"#.to_owned(), Err(Rejection::TimeClaim)),
        (r#""exp":{"$date":4000000000}"#.to_owned(), Err(Rejection::TimeClaim)),
        (r#""EXP":4000000000"#.to_owned(), Err(Rejection::TimeClaim)),
        (r#""exp":4000000000,"nbf":"0""#.to_owned(), Err(Rejection::TimeClaim)),
        (r#""exp":4000000000,"nbf":null"#.to_owned(), Err(Rejection::TimeClaim)),
        (r#""exp":4000000000,"nbf":1e300"#.to_owned(), Err(Rejection::NotYetValid)),
        (r#""exp":4000000000,"nbf":1700000000.5"#.to_owned(), Err(Rejection::NotYetValid)),
        (r#""exp":4000000000,"nbf":-5"#.to_owned(), Ok(())),
        (r#""exp":4000000000,"iat":"x""#.to_owned(), Err(Rejection::TimeClaim)),
        (r#""exp":4000000000,"iat":null"#.to_owned(), Err(Rejection::TimeClaim)),
        (r#""exp":4000000000,"iat":[]"#.to_owned(), Err(Rejection::TimeClaim)),
    ] {
        assert_eq!(verdict(&verifier, &with(&times)), expected, "{times}");
    }
}

#[test]
fn null_is_no_value() {
    for name in ["iss", "sub", "exp", "client_id", "token_use"] {
        let token = good().claim(name, Value::Null).sign();
        assert!(verdict(&access_verifier(), &token).is_err(), "{name}");
    }
    let id = || POOL.id_token("ada").claim("aud", "web");
    let verifier = build(POOL.issuer().client_ids(["web"]).token_use(TokenUse::Id));
    assert_eq!(verdict(&verifier, &id().sign()), Ok(()));
    assert_eq!(verdict(&verifier, &id().claim("aud", Value::Null).sign()), Err(Rejection::Client));
    assert_eq!(verdict(&verifier, &id().claim("aud", json!([null, "web"])).sign()), Err(Rejection::Client));
    assert_eq!(
        verdict(&access_verifier(), &good().claim("cnf", Value::Null).sign()),
        Err(Rejection::SenderConstrained)
    );
}
