//! JWT authorizers of HTTP APIs and Cognito authorizers of REST APIs: claims that are all strings.

use super::*;

type Api = fn(&Value) -> RequestContext;

const APIS: [(&str, Api); 2] = [("HTTP API", http_api), ("REST API", rest_api)];

fn verdict(trusted: &TrustedGateway, context: &RequestContext) -> Result<(), Rejection> {
    trusted.caller(context, &HeaderMap::new()).map(|identity| drop(identity.unwrap()))
}

#[test]
fn a_token_that_the_gateway_has_checked_is_a_user() {
    let trusted = trusting(tokens());
    for (name, api) in APIS {
        let identity = trusted.caller(&api(&flattened()), &HeaderMap::new()).unwrap().unwrap();
        assert_eq!((identity.sub(), identity.provider()), (Some("ada"), Provider::UserPools), "{name}");
        assert_eq!(identity.user().unwrap().verified_by(), VerifiedBy::Gateway, "{name}");
        // Only where that is said.
        for other in [TrustedGateway::new(), TrustedGateway::new().iam().lambda_authorizer()] {
            assert_eq!(other.caller(&api(&flattened()), &HeaderMap::new()), Ok(None), "{name}");
        }
    }
}

#[test]
fn what_an_authorizer_cannot_tell_apart_is_told_apart_here() {
    let trusted = trusting(tokens());
    let gone = Value::Null;
    let rows: [(Changes<'_>, Result<(), Rejection>); 28] = [
        (&[], Ok(())),
        (&[("token_use", json!("id"))], Err(Rejection::TokenUse)),
        (&[("token_use", json!("id")), ("aud", json!("web"))], Err(Rejection::TokenUse)),
        (&[("token_use", gone.clone())], Err(Rejection::TokenUse)),
        (&[("client_id", json!("ios"))], Err(Rejection::Client)),
        (&[("client_id", json!("WEB"))], Err(Rejection::Client)),
        (&[("client_id", gone.clone())], Err(Rejection::Client)),
        (&[("client_id", gone.clone()), ("aud", json!("web"))], Err(Rejection::Client)),
        (&[("iss", json!(format!("{}/", POOL.url())))], Err(Rejection::Issuer)),
        (&[("iss", json!("https://sign-in.example.com"))], Err(Rejection::Issuer)),
        (&[("iss", gone.clone())], Err(Rejection::Issuer)),
        (&[("sub", gone.clone())], Err(Rejection::Subject)),
        (&[("sub", json!(""))], Err(Rejection::Subject)),
        (&[("exp", json!((NOW + 1).to_string()))], Ok(())),
        (&[("exp", json!(NOW.to_string()))], Err(Rejection::Expired)),
        (&[("exp", gone.clone())], Err(Rejection::TimeClaim)),
        (&[("exp", json!("soon"))], Err(Rejection::TimeClaim)),
        (&[("exp", json!(""))], Err(Rejection::TimeClaim)),
        (&[("exp", json!("-1"))], Err(Rejection::TimeClaim)),
        (&[("exp", json!("[1800000000]"))], Err(Rejection::TimeClaim)),
        (&[("nbf", json!(NOW.to_string()))], Ok(())),
        (&[("nbf", json!((NOW + 1).to_string()))], Err(Rejection::NotYetValid)),
        (&[("nbf", json!("x"))], Err(Rejection::TimeClaim)),
        (&[("iat", json!("x"))], Err(Rejection::TimeClaim)),
        (&[("cnf", json!("map[jkt:x]"))], Err(Rejection::SenderConstrained)),
        (&[("cnf", json!(""))], Err(Rejection::SenderConstrained)),
        (&[("cognito:groups", json!("\"a\""))], Err(Rejection::AmbiguousList)),
        (&[("aud", json!("a b"))], Err(Rejection::AmbiguousList)),
    ];
    for (changes, expected) in rows {
        for (name, api) in APIS {
            assert_eq!(verdict(&trusted, &api(&with(flattened(), changes))), expected, "{name} {changes:?}");
        }
    }
}

#[test]
fn an_id_token_is_known_by_its_audience() {
    let pool = POOL.issuer().client_ids(["web"]).token_use(TokenUse::Id);
    let trusted = trusting(GatewayTokens::builder().issuer(pool).clock(POOL.clock()));
    let id = [("token_use", json!("id")), ("client_id", Value::Null), ("aud", json!("web"))];
    for (_, api) in APIS {
        assert_eq!(verdict(&trusted, &api(&with(flattened(), &id))), Ok(()));
        let other = with(with(flattened(), &id), &[("aud", json!("ios"))]);
        assert_eq!(verdict(&trusted, &api(&other)), Err(Rejection::Client));
        assert_eq!(verdict(&trusted, &api(&flattened())), Err(Rejection::TokenUse));
    }
}

#[test]
fn a_rest_api_writes_times_as_dates() {
    let trusted = trusting(tokens());
    for (exp, expected) in [
        ("Tue Nov 14 22:13:21 UTC 2023", Ok(())),
        ("Tue Nov 14 22:13:20 UTC 2023", Err(Rejection::Expired)),
        ("Fri Jul 29 18:52:53 UTC 2016", Err(Rejection::Expired)),
        ("Tue Nov 14 22:13:21 CET 2023", Err(Rejection::TimeClaim)),
        ("2023-11-14T22:13:21Z", Err(Rejection::TimeClaim)),
    ] {
        let claims =
            with(flattened(), &[("exp", json!(exp)), ("iat", json!("Tue Nov 14 21:13:20 UTC 2023"))]);
        assert_eq!(verdict(&trusted, &rest_api(&claims)), expected, "{exp}");
        assert_eq!(verdict(&trusted, &http_api(&claims)), Err(Rejection::TimeClaim), "{exp}");
    }
}

#[test]
fn groups_are_what_the_list_was_or_the_request_is_refused() {
    let trusted = trusting(tokens().group_claims(["roles"]));
    let found = |context: &RequestContext, name: &str| {
        let identity = trusted.caller(context, &HeaderMap::new())?.unwrap();
        Ok(identity.user().unwrap().claims().as_map().get(name).cloned().unwrap_or_default())
    };
    let refused = Err(Rejection::AmbiguousList);
    for (told, by_http, by_rest) in [
        (json!("[a b]"), Ok(json!(["a", "b"])), refused.clone()),
        (
            json!("[editors eu-west-1_x_Google]"),
            Ok(json!(["editors", "eu-west-1_x_Google"])),
            refused.clone(),
        ),
        (json!("a,b"), refused.clone(), Ok(json!(["a", "b"]))),
        (json!("a"), Ok(json!("a")), Ok(json!(["a"]))),
        (json!(""), Ok(json!([])), Ok(json!([]))),
        (json!("[]"), Ok(json!([])), Ok(json!([]))),
        (json!("[a,b]"), refused.clone(), refused.clone()),
        (json!("a b"), refused.clone(), refused),
    ] {
        for name in ["cognito:groups", "roles"] {
            let claims = with(flattened(), &[(name, told.clone())]);
            assert_eq!(found(&http_api(&claims), name), by_http, "HTTP API {told}");
            assert_eq!(found(&rest_api(&claims), name), by_rest, "REST API {told}");
        }
    }
    // A REST API's claims can be any JSON.
    let claims = with(flattened(), &[("cognito:groups", json!(["a", "b"]))]);
    assert_eq!(found(&rest_api(&claims), "cognito:groups"), Ok(json!(["a", "b"])));
    let mut claims = flattened();
    claims.as_object_mut().unwrap().insert("cognito:groups".to_owned(), Value::Null);
    assert_eq!(found(&rest_api(&claims), "cognito:groups"), Ok(Value::Null));
}

#[test]
fn what_may_have_been_a_list_names_nobody() {
    let trusted = trusting(tokens());
    for (text, by_http, by_rest) in [
        ("acme", true, true),
        ("acme corp", true, true),
        ("[acme]", false, false),
        ("map[a:b]", false, true),
        ("acme,other", true, false),
        ("{\"a\":1}", true, false),
        ("[acme", true, false),
    ] {
        let claims = with(flattened(), &[("custom:tenant", json!(text))]);
        for (context, expected) in [(http_api(&claims), by_http), (rest_api(&claims), by_rest)] {
            let identity = trusted.caller(&context, &HeaderMap::new()).unwrap().unwrap();
            let found = identity.user().unwrap().claims().text("custom:tenant");
            assert_eq!(found, expected.then_some(text), "{text}");
        }
    }
}

#[test]
fn the_presence_of_an_authorizer_proves_nothing() {
    let trusted = trusting(tokens());
    for (_, api) in APIS {
        assert_eq!(verdict(&trusted, &api(&json!({}))), Err(Rejection::Issuer));
        assert_eq!(verdict(&trusted, &api(&json!({ "sub": "ada" }))), Err(Rejection::Issuer));
    }
    assert_eq!(trusted.caller(&rest_api(&Value::Null), &HeaderMap::new()), Ok(None));
    assert_eq!(verdict(&trusted, &rest_api(&json!("ada"))), Err(Rejection::ClaimsJson));
    // Of two ways to come in neither is believed.
    let both = trusted.iam();
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "headers": {}, "isBase64Encoded": false,
        "requestContext": {
            "http": { "method": "GET", "path": "/" },
            "authorizer": {
                "jwt": { "claims": flattened(), "scopes": null },
                "iam": { "userArn": "arn:aws:iam::1:user/ada" },
            },
        },
    });
    assert_eq!(both.caller(&context(event.clone()), &HeaderMap::new()), Ok(None));
    event["requestContext"]["authorizer"]["iam"] = Value::Null;
    assert_eq!(both.caller(&context(event), &HeaderMap::new()).unwrap().unwrap().sub(), Some("ada"));
}

#[test]
fn every_mistake_in_what_is_trusted_is_found_at_once() {
    let unsaid = || portcullis::Issuer::cognito("eu-west-1", "eu-west-1_x");
    let oidc = || SIGN_IN.oidc_issuer().audiences(["api"]);
    let build = |builder: GatewayTokensBuilder| builder.build().map(drop).map_err(|error| error.to_string());
    let mistakes =
        build(GatewayTokens::builder().issuer(unsaid()).issuer(oidc().token_use(TokenUse::Access)));
    let mistakes = mistakes.unwrap_err();
    for said in ["client_ids", "insecure_any_client", "token_use", "claims_of_token"] {
        assert!(mistakes.contains(said), "{said}: {mistakes}");
    }
    assert!(build(GatewayTokens::builder()).is_err(), "no issuer");
    assert!(
        build(tokens().issuer(POOL.issuer().client_ids(["a"]).token_use(TokenUse::Id))).is_err(),
        "twice"
    );
    assert!(build(tokens().issuer(oidc().insecure_any_token_use().insecure_any_issuer())).is_err());
    assert!(build(tokens().max_token_bytes(0)).is_err());
    assert!(build(tokens().issuer(oidc().insecure_any_token_use().types(["at+jwt"]))).is_err());
    for builder in [
        tokens(),
        tokens().issuer(oidc().insecure_any_token_use()),
        tokens().issuer(oidc().token_use(TokenUse::Access)).claims_of_token(),
    ] {
        assert_eq!(build(builder), Ok(()));
    }
}

#[test]
fn another_issuer_is_known_as_such() {
    let oidc = SIGN_IN.oidc_issuer().audiences(["api"]).insecure_any_token_use();
    let trusted = trusting(tokens().issuer(oidc));
    let claims =
        |aud: &str| json!({ "iss": SIGN_IN.url(), "sub": "ada", "aud": aud, "exp": (NOW + 60).to_string() });
    let identity = trusted.caller(&http_api(&claims("[web api]")), &HeaderMap::new()).unwrap().unwrap();
    assert_eq!(identity.provider(), Provider::Oidc);
    assert_eq!(verdict(&trusted, &rest_api(&claims("web,api"))), Ok(()));
    assert_eq!(verdict(&trusted, &http_api(&claims("api"))), Ok(()));
    assert_eq!(verdict(&trusted, &http_api(&claims("[web ios]"))), Err(Rejection::Audience));
    assert_eq!(verdict(&trusted, &http_api(&claims("[]"))), Err(Rejection::Audience));
}

#[test]
fn nobody_from_another_identity_pool_is_believed_where_ours_is_named() {
    let context = |pool: &str| {
        context(json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "headers": {}, "isBase64Encoded": false,
            "requestContext": { "http": { "method": "GET", "path": "/" }, "authorizer": { "iam": {
                "userArn": "arn:aws:sts::1:assumed-role/member/CognitoIdentityCredentials",
                "cognitoIdentity": { "amr": ["authenticated"], "identityId": "i", "identityPoolId": pool },
            } } },
        }))
    };
    let trusted = TrustedGateway::new().iam().identity_pool("eu-west-1:ours");
    for (pool, is_known) in [("eu-west-1:ours", true), ("eu-west-1:other", false)] {
        let caller = trusted.caller(&context(pool), &HeaderMap::new()).unwrap();
        assert_eq!(caller.is_some(), is_known, "{pool}");
    }
}
