//! The token that the gateway has checked, read for what the gateway has made strings of.

use super::*;
use portcullis::testkit::TestToken;

fn good() -> TestToken {
    POOL.access_token("ada")
        .claim("client_id", "web")
        .claim("cognito:groups", json!(["editors", "a b"]))
        .claim("level", 7)
        .claim("active", true)
        .claim("address", json!({ "city": "Paris" }))
        .claim("secret", "not told")
}

/// What the gateway tells of it.
fn told(groups: &str) -> Value {
    with(
        flattened(),
        &[
            ("exp", json!((NOW + 3600).to_string())),
            ("auth_time", json!(NOW.to_string())),
            ("scope", json!("aws.cognito.signin.user.admin")),
            ("cognito:groups", json!(groups)),
            ("level", json!("7")),
            ("active", json!("true")),
            ("address", json!("map[city:Paris]")),
        ],
    )
}

fn check(context: &RequestContext, headers: &HeaderMap) -> Result<Identity, Rejection> {
    trusting(tokens().claims_of_token()).caller(context, headers).map(Option::unwrap)
}

#[test]
fn its_claims_are_as_the_issuer_wrote_them() {
    for (context, in_words) in
        [(http_api(&told("[editors a b]")), "HTTP API"), (rest_api(&told("editors,a b")), "REST API")]
    {
        let identity = check(&context, &bearer(&good().sign())).unwrap();
        assert_eq!(groups(&identity), Some(json!(["editors", "a b"])), "{in_words}");
        let claims = identity.user().unwrap().claims();
        assert_eq!(claims.get("level"), Some(&json!(7)), "{in_words}");
        assert_eq!(claims.get("active"), Some(&json!(true)), "{in_words}");
        // Nobody knows how a gateway writes an object, and what it does not tell of it has not checked.
        assert_eq!((claims.get("address"), claims.get("secret")), (None, None), "{in_words}");
        assert_eq!(identity.user().unwrap().verified_by(), VerifiedBy::Gateway);
        // Without being told to, it is not read.
        let flat = trusting(tokens()).caller(&context, &bearer(&good().sign()));
        let found = flat.ok().flatten().and_then(|identity| groups(&identity));
        assert_ne!(found, Some(json!(["editors", "a b"])), "{in_words}");
    }
}

#[test]
fn an_authorizer_of_a_rest_api_takes_the_bare_token() {
    let context = rest_api(&told("editors,a b"));
    let with_header = |value: &str| {
        let headers = [(http::header::AUTHORIZATION, value.parse().unwrap())].into_iter().collect();
        check(&context, &headers).map(drop)
    };
    let token = good().sign();
    assert_eq!(with_header(&token), Ok(()));
    assert_eq!(with_header(&format!("bearer {token}")), Ok(()));
    for value in
        ["", "Bearer", "Basic YTpi", &format!("Bearer {token}, Bearer {token}"), &format!("DPoP {token}")]
    {
        assert!(with_header(value).is_err(), "{value}");
    }
    assert_eq!(check(&context, &HeaderMap::new()).map(drop), Err(Rejection::GatewayToken));
    let mut twice = bearer(&token);
    twice.append(http::header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    assert_eq!(check(&context, &twice).map(drop), Err(Rejection::GatewayToken));
}

#[test]
fn a_token_that_disagrees_with_the_gateway_is_refused() {
    let context = http_api(&told("[editors a b]"));
    let other = Err(Rejection::GatewayToken);
    let rows: [(&str, TestToken, Result<(), Rejection>); 14] = [
        ("the same", good(), Ok(())),
        ("another sub", good().claim("sub", "bob"), other),
        ("another issuer", good().claim("iss", "https://other.example"), other),
        ("another exp", good().claim("exp", NOW + 3601), other),
        ("exp as text", good().claim("exp", (NOW + 3600).to_string()), Err(Rejection::TimeClaim)),
        ("another client", good().claim("client_id", "ios"), other),
        ("another use", good().claim("token_use", "id"), other),
        ("another group", good().claim("cognito:groups", json!(["editors", "admins"])), other),
        ("one more group", good().claim("cognito:groups", json!(["editors", "a b", "admins"])), other),
        ("no groups", good().without("cognito:groups"), other),
        ("another text", good().claim("username", "bob"), other),
        ("another truth", good().claim("active", false), other),
        ("bound to a key", good().claim("cnf", json!({ "jkt": "x" })), Err(Rejection::SenderConstrained)),
        ("another type", good().header("typ", "dpop+jwt"), Err(Rejection::Type)),
    ];
    for (name, token, expected) in rows {
        assert_eq!(check(&context, &bearer(&token.sign())).map(drop), expected, "{name}");
    }
    for (token, expected) in [
        ("a.b.c", Rejection::Base64),
        ("a.b", Rejection::Parts),
        ("e30.e30.", Rejection::Algorithm),
        (&"a".repeat(9_000), Rejection::TooLong),
    ] {
        assert_eq!(check(&context, &bearer(token)).map(drop), Err(expected), "{token}");
    }
}

#[test]
fn a_gateway_that_does_not_tell_who_and_how_long_is_not_believed() {
    for name in ["iss", "sub", "exp"] {
        let context = http_api(&with(told("[editors a b]"), &[(name, Value::Null)]));
        assert_eq!(
            check(&context, &bearer(&good().sign())).map(drop),
            Err(Rejection::GatewayToken),
            "{name}"
        );
    }
}

#[test]
fn its_header_says_what_a_token_of_another_issuer_is_for() {
    let oidc = SIGN_IN.oidc_issuer().audiences(["api"]).token_use(TokenUse::Access);
    let trusted = trusting(tokens().issuer(oidc).claims_of_token());
    let token = |typ: &str| {
        let token = SIGN_IN.access_token("ada").without("token_use").claim("aud", json!(["api", "web"]));
        token.header("typ", typ).sign()
    };
    let claims =
        json!({ "iss": SIGN_IN.url(), "sub": "ada", "aud": "[api web]", "exp": (NOW + 3600).to_string() });
    for (typ, expected) in [("at+jwt", Ok(())), ("JWT", Err(Rejection::TokenUse))] {
        let outcome = trusted.caller(&http_api(&claims), &bearer(&token(typ))).map(drop);
        assert_eq!(outcome, expected, "{typ}");
    }
}

#[test]
fn a_date_of_a_rest_api_is_the_same_time() {
    let told = with(told("editors,a b"), &[("exp", json!("Tue Nov 14 23:13:20 UTC 2023"))]);
    assert!(check(&rest_api(&told), &bearer(&good().sign())).is_ok());
    let told = with(told, &[("exp", json!("Tue Nov 14 23:13:21 UTC 2023"))]);
    assert_eq!(check(&rest_api(&told), &bearer(&good().sign())).map(drop), Err(Rejection::GatewayToken));
}
