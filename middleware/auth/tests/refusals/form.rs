//! The form of a token: length, parts, JSON, header.

use super::*;

#[test]
fn the_length_is_looked_at_first() {
    let token = good().sign();
    let limited = |limit| {
        let issuer = POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access);
        Verifier::builder().issuer(issuer).clock(POOL.clock()).max_token_bytes(limit).build().unwrap()
    };
    assert_eq!(verdict(&limited(token.len()), &token), Ok(()));
    assert_eq!(verdict(&limited(token.len() - 1), &token), Err(Rejection::TooLong));
    check(
        &access_verifier(),
        &[
            ("8 KiB of dots", ".".repeat(8 * 1024), Err(Rejection::Parts)),
            ("more than 8 KiB", ".".repeat(8 * 1024 + 1), Err(Rejection::TooLong)),
            (
                "a claim that makes it too long",
                good().claim("x", "y".repeat(8000)).sign(),
                Err(Rejection::TooLong),
            ),
        ],
    );
}

#[test]
fn a_token_has_three_parts_spelled_in_one_way() {
    let token = good().sign();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("three parts") };
    let last = signature.chars().last().unwrap();
    // 256 bytes leave four unused bits in the last letter; its neighbour differs in them alone.
    let unused_bits = char::from_u32(last as u32 + 1).unwrap();
    let other_spelling = format!("{}{unused_bits}", &token[..token.len() - 1]);
    check(
        &access_verifier(),
        &[
            ("as it is", token.clone(), Ok(())),
            ("empty", String::new(), Err(Rejection::Parts)),
            ("one part", header.to_owned(), Err(Rejection::Parts)),
            ("two parts", format!("{header}.{claims}"), Err(Rejection::Parts)),
            ("four parts", format!("{token}.{signature}"), Err(Rejection::Parts)),
            (
                "five parts, as JWE",
                format!("{header}..{claims}.{signature}.{signature}"),
                Err(Rejection::Parts),
            ),
            ("no header", format!(".{claims}.{signature}"), Err(Rejection::Parts)),
            ("no claims", format!("{header}..{signature}"), Err(Rejection::Parts)),
            ("no signature", format!("{header}.{claims}."), Err(Rejection::Signature)),
            ("dot at the end", format!("{token}."), Err(Rejection::Parts)),
            (
                "JSON serialization",
                json!({"payload": claims, "protected": header}).to_string(),
                Err(Rejection::Parts),
            ),
            ("padded", format!("{token}=="), Err(Rejection::Base64)),
            ("space before", format!(" {token}"), Err(Rejection::Base64)),
            ("line end after", format!("{token}\n"), Err(Rejection::Base64)),
            ("standard alphabet", format!("{header}.{claims}.+{}", &signature[1..]), Err(Rejection::Base64)),
            ("unused bits", other_spelling, Err(Rejection::Base64)),
        ],
    );
}

#[test]
fn header_and_claims_are_strict_json() {
    let claims = Value::Object(good().as_claims().clone()).to_string();
    let tail = &claims[1..];
    let header = format!(r#"{{"alg":"RS256","kid":"{}""#, POOL.key_id(Algorithm::Rs256));
    let with_claims = |text: &str| good().claims_text(text).sign();
    let with_header = |rest: &str| good().header_text(format!("{header}{rest}")).sign();
    let deep = |depth: usize| good().claim("x", (1..depth).fold(json!(1), |inner, _| json!([inner]))).sign();
    let (in_claims, in_header) = (Err(Rejection::ClaimsJson), Err(Rejection::HeaderJson));
    check(
        &access_verifier(),
        &[
            ("white space within", with_claims(&format!(" {claims}\n")), Ok(())),
            ("claim twice", with_claims(&format!(r#"{{"sub":"bob",{tail}"#)), in_claims),
            ("claim twice, escaped", with_claims(&format!(r#"{{"s\u0075b":"bob",{tail}"#)), in_claims),
            ("nested name twice", with_claims(&format!(r#"{{"x":{{"a":1,"a":1}},{tail}"#)), in_claims),
            ("NaN", with_claims(&format!(r#"{{"x":NaN,{tail}"#)), in_claims),
            ("comment", with_claims(&format!("{claims}//")), in_claims),
            ("trailing text", with_claims(&format!("{claims}{{}}")), in_claims),
            ("byte order mark", with_claims(&format!("\u{feff}{claims}")), in_claims),
            ("invalid UTF-8", good().claims_text([claims.as_bytes(), b"\xff"].concat()).sign(), in_claims),
            ("lone surrogate", with_claims(&format!(r#"{{"x":"\ud800",{tail}"#)), in_claims),
            ("list", with_claims("[]"), in_claims),
            ("16 levels", deep(16), Ok(())),
            ("17 levels", deep(17), in_claims),
            ("header as it is", with_header("}"), Ok(())),
            ("unknown header parameter", with_header(r#","x":1}"#), Ok(())),
            ("alg twice", with_header(r#","alg":"RS256"}"#), in_header),
            ("alg twice, escaped", with_header(r#","\u0061lg":"none"}"#), in_header),
            ("header with trailing text", with_header("}x"), in_header),
            ("header is text", good().header_text(r#""RS256""#).sign(), in_header),
        ],
    );
}

#[test]
fn the_header_asks_for_nothing_special() {
    let jwk = POOL.jwk_set_json()["keys"][0].clone();
    let with = |name: &str, value: Value| good().header(name, value).sign();
    check(
        &access_verifier(),
        &[
            ("crit", with("crit", json!(["exp"])), Err(Rejection::Extension)),
            ("empty crit", with("crit", json!([])), Err(Rejection::Extension)),
            ("crit is null", with("crit", Value::Null), Err(Rejection::Extension)),
            ("b64 false", with("b64", json!(false)), Err(Rejection::Extension)),
            ("b64 true", with("b64", json!(true)), Err(Rejection::Extension)),
            ("zip", with("zip", json!("DEF")), Err(Rejection::Encrypted)),
            ("enc", with("enc", json!("A128GCM")), Err(Rejection::Encrypted)),
            ("nested", with("cty", json!("JWT")), Err(Rejection::Encrypted)),
            ("jwk", with("jwk", jwk), Err(Rejection::EmbeddedKey)),
            ("x5c", with("x5c", json!(["MII="])), Err(Rejection::EmbeddedKey)),
            ("jku is not followed", with("jku", json!("http://127.0.0.1:1/keys")), Ok(())),
            ("x5u is not followed", with("x5u", json!("http://127.0.0.1:1/keys")), Ok(())),
            ("typ JWT", with("typ", json!("JWT")), Ok(())),
            ("typ jwt", with("typ", json!("jwt")), Ok(())),
            ("typ at+jwt", with("typ", json!("at+jwt")), Ok(())),
            ("typ application/at+jwt", with("typ", json!("application/at+jwt")), Ok(())),
            ("typ dpop+jwt", with("typ", json!("dpop+jwt")), Err(Rejection::Type)),
            ("typ logout+jwt", with("typ", json!("logout+jwt")), Err(Rejection::Type)),
            ("typ empty", with("typ", json!("")), Err(Rejection::Type)),
            ("typ null", with("typ", Value::Null), Err(Rejection::Type)),
        ],
    );
}
