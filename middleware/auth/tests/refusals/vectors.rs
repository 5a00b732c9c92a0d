//! Signatures that the standards have published.

use portcullis::SignatureVerifier;

use super::*;

/// The claims of RFC 7515, appendix A.
const CLAIMS: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
/// The RSA key of RFC 7515, A.2.
const MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR\
    T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB\
    dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia\
    GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
/// RFC 7515, A.2.
const RS256: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9\
    uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB\
    _eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq\
    Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
/// RFC 7515, A.3.
const ES256: &str = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
/// RFC 7515, A.4.
const ES512: &str = "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCA\
    PZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
/// RFC 8037, A.4.
const ED25519: &str =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
/// What RFC 7520, section 4, signs.
const COOKBOOK_TEXT: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUg\
    cm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0\
    IGJlIHN3ZXB0IG9mZiB0by4";
/// The RSA key of RFC 7520, 3.4.
const COOKBOOK_MODULUS: &str = "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRB\
    SFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD\
    1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_\
    qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw";
/// RFC 7520, 4.1.
const COOKBOOK_RS256: &str = "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi8\
    4wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocS\
    adnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJu\
    shZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg";
/// RFC 7520, 4.2.
const COOKBOOK_PS384: &str = "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItl\
    lVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0\
    TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0\
    uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw";
/// RFC 7520, 4.3.
const COOKBOOK_ES512: &str = "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_\
    sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2";

const BILBO: &str = "bilbo.baggins@hobbiton.example";

fn rfc7515_keys() -> Value {
    json!([
        {"kty": "RSA", "n": MODULUS, "e": "AQAB", "alg": "RS256"},
        {
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        {
            "kty": "EC", "crv": "P-521",
            "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
            "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
        },
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    ])
}

fn signatures(keys: &Value) -> SignatureVerifier {
    SignatureVerifier::insecure_signature_only(JwkSet::from_json(&json!({"keys": keys}).to_string()).unwrap())
}

/// The example, and then the same with one bit of payload and of signature changed.
#[track_caller]
fn check_example(verifier: &SignatureVerifier, header: &Value, payload: &str, signature: &str) {
    let token =
        |payload: &str, signature: &str| format!("{}.{payload}.{signature}", base64url(header.to_string()));
    assert_eq!(verifier.verify(&token(payload, signature)).map(|_| ()), Ok(()), "{header}");
    let flipped = |text: &str| {
        let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
        bytes[5] ^= 0x10;
        base64url(bytes)
    };
    for forged in [token(&flipped(payload), signature), token(payload, &flipped(signature))] {
        assert_eq!(verifier.verify(&forged).unwrap_err(), Rejection::Signature, "{header}");
    }
}

#[test]
fn the_examples_of_the_standards_verify() {
    let verifier = signatures(&rfc7515_keys());
    check_example(&verifier, &json!({"alg": "RS256"}), CLAIMS, RS256);
    check_example(&verifier, &json!({"alg": "ES256"}), CLAIMS, ES256);
    check_example(&verifier, &json!({"alg": "ES512"}), &base64url("Payload"), ES512);
    check_example(&verifier, &json!({"alg": "EdDSA"}), &base64url("Example of Ed25519 signing"), ED25519);

    // Two keys of one id would be one too many.
    let rsa =
        signatures(&json!([{"kty": "RSA", "kid": BILBO, "use": "sig", "n": COOKBOOK_MODULUS, "e": "AQAB"}]));
    let ec = signatures(&json!([{
        "kty": "EC", "kid": BILBO, "use": "sig", "crv": "P-521",
        "x": "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
        "y": "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1",
    }]));
    check_example(&rsa, &json!({"alg": "RS256", "kid": BILBO}), COOKBOOK_TEXT, COOKBOOK_RS256);
    check_example(&rsa, &json!({"alg": "PS384", "kid": BILBO}), COOKBOOK_TEXT, COOKBOOK_PS384);
    check_example(&ec, &json!({"alg": "ES512", "kid": BILBO}), COOKBOOK_TEXT, COOKBOOK_ES512);
}

#[test]
fn the_examples_that_nobody_must_accept_do_not() {
    let verifier = signatures(&rfc7515_keys());
    let header = |header: Value| base64url(header.to_string());
    let hmac = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    for (name, token, expected) in [
        (
            "RFC 7515, A.1, an HMAC",
            format!("{}.{CLAIMS}.{hmac}", header(json!({"alg": "HS256"}))),
            Rejection::Algorithm,
        ),
        (
            "RFC 7515, A.5, unsecured",
            format!("{}.{CLAIMS}.", header(json!({"alg": "none"}))),
            Rejection::Algorithm,
        ),
        (
            "RFC 7515, A.6, as JSON",
            json!({"payload": CLAIMS, "protected": header(json!({"alg": "ES256"})), "signature": ES256})
                .to_string(),
            Rejection::Parts,
        ),
        (
            "RFC 7797, detached",
            format!("{}..{RS256}", header(json!({"alg": "RS256", "b64": false, "crit": ["b64"]}))),
            Rejection::Extension,
        ),
        (
            "the signature of another",
            format!("{}.{CLAIMS}.{ED25519}", header(json!({"alg": "ES256"}))),
            Rejection::Signature,
        ),
        (
            "the id of nobody",
            format!("{}.{CLAIMS}.{ES256}", header(json!({"alg": "ES256", "kid": "a"}))),
            Rejection::UnknownKey,
        ),
    ] {
        assert_eq!(verifier.verify(&token).unwrap_err(), expected, "{name}");
    }
}
