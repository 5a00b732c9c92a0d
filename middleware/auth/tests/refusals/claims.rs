//! What the claims must say.

use super::*;

#[test]
fn a_good_token_becomes_a_user() {
    let user = access_verifier().authenticate_now(&good().sign()).unwrap().unwrap();
    assert_eq!((user.sub(), user.provider()), (Some("ada"), Provider::UserPools));
    assert_eq!(user.user().unwrap().verified_by(), VerifiedBy::Portcullis);
    assert_eq!(user.user().unwrap().claims().text("client_id"), Some("web"));

    let oidc = build(POOL.oidc_issuer().insecure_any_audience().insecure_any_token_use());
    assert_eq!(oidc.authenticate_now(&good().sign()).unwrap().unwrap().provider(), Provider::Oidc);
}

#[test]
fn the_issuer_is_compared_byte_by_byte() {
    let url = POOL.url();
    let iss = |value: Value| good().claim("iss", value).sign();
    let unknown = Err(Rejection::Issuer);
    check(
        &access_verifier(),
        &[
            ("as it is", iss(json!(url)), Ok(())),
            ("absent", good().without("iss").sign(), unknown),
            ("slash", iss(json!(format!("{url}/"))), unknown),
            ("case", iss(json!(url.to_uppercase())), unknown),
            ("prefix", iss(json!(url[..url.len() - 1])), unknown),
            ("longer", iss(json!(format!("{url}1"))), unknown),
            ("space", iss(json!(format!(" {url}"))), unknown),
            ("list", iss(json!([url])), unknown),
            ("null", iss(Value::Null), unknown),
            ("another", iss(json!("https://example.com")), unknown),
        ],
    );
}

#[test]
fn whose_token_it_is_may_be_waived_and_whose_key_may_not() {
    let elsewhere = |issuer: &str| good().claim("iss", issuer).sign();
    let stranger = TestIssuer::cognito();
    let forged = || stranger.access_token("ada").claim("client_id", "web");
    let verifier = build(
        POOL.issuer()
            .client_ids(["web"])
            .token_use(TokenUse::Access)
            .keys(POOL.jwk_set())
            .insecure_any_issuer(),
    );
    check(
        &verifier,
        &[
            ("its own", good().sign(), Ok(())),
            ("another", elsewhere("https://another.example"), Ok(())),
            ("none", good().without("iss").sign(), Ok(())),
            ("a key that was not given", forged().sign(), Err(Rejection::UnknownKey)),
            (
                "a key that was not given, by the name of one that was",
                forged().header("kid", POOL.key_id(Algorithm::Rs256)).sign(),
                Err(Rejection::Signature),
            ),
        ],
    );
    check(
        &access_verifier(),
        &[
            ("another, not waived", elsewhere("https://another.example"), Err(Rejection::Issuer)),
            ("none, not waived", good().without("iss").sign(), Err(Rejection::Issuer)),
        ],
    );
}

#[test]
fn a_client_of_the_wrong_type_is_refused_even_where_any_will_do() {
    let any = build(POOL.issuer().insecure_any_client().token_use(TokenUse::Access));
    for wrong in [json!(7), json!(["web"]), json!({}), json!(true)] {
        let token = good().claim("client_id", wrong.clone()).sign();
        assert_eq!(verdict(&any, &token), Err(Rejection::Client), "{wrong}");
    }
    assert_eq!(verdict(&any, &good().claim("client_id", "other").sign()), Ok(()));
}

#[test]
fn time_limits_hold_to_the_second() {
    let with = |name: &str, value: Value| good().claim(name, value).sign();
    check(
        &access_verifier(),
        &[
            ("exp in a second", with("exp", json!(NOW + 1)), Ok(())),
            ("exp now", with("exp", json!(NOW)), Err(Rejection::Expired)),
            ("exp a second ago", with("exp", json!(NOW - 1)), Err(Rejection::Expired)),
            ("exp negative", with("exp", json!(-1)), Err(Rejection::Expired)),
            ("exp in half a second", with("exp", json!(NOW as f64 + 0.5)), Ok(())),
            ("exp far away", with("exp", json!(1e300)), Ok(())),
            ("exp absent", good().without("exp").sign(), Err(Rejection::TimeClaim)),
            ("exp null", with("exp", Value::Null), Err(Rejection::TimeClaim)),
            ("exp text", with("exp", json!((NOW + 60).to_string())), Err(Rejection::TimeClaim)),
            ("exp list", with("exp", json!([NOW + 60])), Err(Rejection::TimeClaim)),
            ("exp true", with("exp", json!(true)), Err(Rejection::TimeClaim)),
            ("nbf a second ago", with("nbf", json!(NOW - 1)), Ok(())),
            ("nbf now", with("nbf", json!(NOW)), Ok(())),
            ("nbf in a second", with("nbf", json!(NOW + 1)), Err(Rejection::NotYetValid)),
            ("nbf text", with("nbf", json!("0")), Err(Rejection::TimeClaim)),
            ("nbf null", with("nbf", Value::Null), Err(Rejection::TimeClaim)),
            ("iat a moment ahead", with("iat", json!(NOW + 1)), Ok(())),
            ("iat absent", good().without("iat").sign(), Ok(())),
            ("iat text", with("iat", json!("0")), Err(Rejection::TimeClaim)),
        ],
    );

    let issuer = POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    let lenient = Verifier::builder()
        .issuer(issuer)
        .clock(POOL.clock())
        .leeway(Duration::from_secs(5))
        .build()
        .unwrap();
    check(
        &lenient,
        &[
            ("exp within the leeway", with("exp", json!(NOW - 4)), Ok(())),
            ("exp at its end", with("exp", json!(NOW - 5)), Err(Rejection::Expired)),
            ("nbf at its end", with("nbf", json!(NOW + 5)), Ok(())),
            ("nbf past it", with("nbf", json!(NOW + 6)), Err(Rejection::NotYetValid)),
        ],
    );
}

#[test]
fn time_passes() {
    let pool = TestIssuer::cognito();
    let issuer = pool.issuer().insecure_any_client().token_use(TokenUse::Access);
    let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build().unwrap();
    let token = pool.access_token("ada").claim("exp", NOW + 60).sign();
    pool.clock().advance(Duration::from_secs(59));
    assert_eq!(verdict(&verifier, &token), Ok(()));
    pool.clock().advance(Duration::from_secs(1));
    assert_eq!(verdict(&verifier, &token), Err(Rejection::Expired));
}

#[test]
fn the_token_is_for_this_use_and_client() {
    let with = |name: &str, value: Value| good().claim(name, value).sign();
    let id = || POOL.id_token("ada").claim("aud", "web");
    check(
        &access_verifier(),
        &[
            ("the second client", with("client_id", json!("ios")), Ok(())),
            ("another client", with("client_id", json!("other")), Err(Rejection::Client)),
            ("client in another case", with("client_id", json!("WEB")), Err(Rejection::Client)),
            ("client as list", with("client_id", json!(["web"])), Err(Rejection::Client)),
            (
                "client absent, aud instead",
                good().without("client_id").claim("aud", "web").sign(),
                Err(Rejection::Client),
            ),
            ("ID token", id().sign(), Err(Rejection::TokenUse)),
            ("ID token with client_id", id().claim("client_id", "web").sign(), Err(Rejection::TokenUse)),
            ("use absent", good().without("token_use").sign(), Err(Rejection::TokenUse)),
            ("use in another case", with("token_use", json!("Access")), Err(Rejection::TokenUse)),
            ("use as list", with("token_use", json!(["access"])), Err(Rejection::TokenUse)),
            ("refresh", with("token_use", json!("refresh")), Err(Rejection::TokenUse)),
        ],
    );
    check(
        &build(POOL.issuer().client_ids(["web"]).token_use(TokenUse::Id)),
        &[
            ("ID token", id().sign(), Ok(())),
            ("aud as list", id().claim("aud", vec!["other", "web"]).sign(), Ok(())),
            ("aud of another", id().claim("aud", "other").sign(), Err(Rejection::Client)),
            ("aud with a number", id().claim("aud", json!(["web", 1])).sign(), Err(Rejection::Client)),
            ("aud empty list", id().claim("aud", json!([])).sign(), Err(Rejection::Client)),
            ("aud as object", id().claim("aud", json!({"web": true})).sign(), Err(Rejection::Client)),
            (
                "aud absent, client_id instead",
                id().without("aud").claim("client_id", "web").sign(),
                Err(Rejection::Client),
            ),
            ("typ of an access token", id().header("typ", "at+jwt").sign(), Err(Rejection::TokenUse)),
            ("access token", good().sign(), Err(Rejection::TokenUse)),
        ],
    );
    let waived = build(POOL.issuer().insecure_any_client().insecure_any_token_use());
    check(
        &waived,
        &[
            ("access token of any client", with("client_id", json!("other")), Ok(())),
            ("ID token of any client", id().claim("aud", "other").sign(), Ok(())),
            ("no use at all", good().without("token_use").sign(), Err(Rejection::TokenUse)),
        ],
    );
    let for_the_api = build(POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access).audiences(["api"]));
    check(
        &for_the_api,
        &[
            ("bound to the API", with("aud", json!("api")), Ok(())),
            ("bound to another", with("aud", json!("api2")), Err(Rejection::Audience)),
            ("not bound", good().sign(), Err(Rejection::Audience)),
        ],
    );
    let id_for_the_api = build(POOL.issuer().client_ids(["web"]).token_use(TokenUse::Id).audiences(["api"]));
    check(
        &id_for_the_api,
        &[
            ("ID token for the API too", id().claim("aud", vec!["web", "api"]).sign(), Ok(())),
            ("ID token for its client only", id().sign(), Err(Rejection::Audience)),
            ("ID token for the API only", id().claim("aud", "api").sign(), Err(Rejection::Client)),
        ],
    );
    let any_client_one_audience =
        build(POOL.issuer().insecure_any_client().token_use(TokenUse::Id).audiences(["web"]));
    check(
        &any_client_one_audience,
        &[
            ("ID token for this audience", id().sign(), Ok(())),
            ("ID token for another", id().claim("aud", "other").sign(), Err(Rejection::Audience)),
            ("ID token for nobody", id().without("aud").sign(), Err(Rejection::Audience)),
        ],
    );
}

#[test]
fn another_issuers_token_is_for_this_audience() {
    let token = || POOL.access_token("ada").without("token_use").claim("aud", "api");
    let oidc = || POOL.oidc_issuer().audiences(["api"]);
    check(
        &build(oidc().insecure_any_token_use()),
        &[
            ("aud", token().sign(), Ok(())),
            ("aud as list", token().claim("aud", vec!["a", "api"]).sign(), Ok(())),
            ("another", token().claim("aud", "API").sign(), Err(Rejection::Audience)),
            ("absent", token().without("aud").sign(), Err(Rejection::Audience)),
            ("token_use means nothing", token().claim("token_use", 1).sign(), Ok(())),
        ],
    );
    check(
        &build(oidc().token_use(TokenUse::Access)),
        &[
            ("at+jwt", token().header("typ", "at+jwt").sign(), Ok(())),
            ("JWT", token().header("typ", "JWT").sign(), Err(Rejection::TokenUse)),
            ("no typ", token().sign(), Err(Rejection::TokenUse)),
        ],
    );
    check(
        &build(oidc().token_use(TokenUse::Id)),
        &[
            ("JWT", token().header("typ", "JWT").sign(), Ok(())),
            ("at+jwt", token().header("typ", "at+jwt").sign(), Err(Rejection::TokenUse)),
        ],
    );
    check(
        &build(oidc().insecure_any_token_use().client_ids(["web"])),
        &[
            ("client_id", token().claim("client_id", "web").sign(), Ok(())),
            ("azp", token().claim("azp", "web").sign(), Ok(())),
            (
                "client_id goes before azp",
                token().claim("client_id", "x").claim("azp", "web").sign(),
                Err(Rejection::Client),
            ),
            ("neither", token().sign(), Err(Rejection::Client)),
        ],
    );
}

#[test]
fn there_is_a_subject_and_no_binding() {
    let with = |name: &str, value: Value| good().claim(name, value).sign();
    check(
        &access_verifier(),
        &[
            ("absent", good().without("sub").sign(), Err(Rejection::Subject)),
            ("empty", with("sub", json!("")), Err(Rejection::Subject)),
            ("number", with("sub", json!(1)), Err(Rejection::Subject)),
            ("null", with("sub", Value::Null), Err(Rejection::Subject)),
            ("DPoP", with("cnf", json!({"jkt": "x"})), Err(Rejection::SenderConstrained)),
            ("mTLS", with("cnf", json!({"x5t#S256": "x"})), Err(Rejection::SenderConstrained)),
            ("empty binding", with("cnf", json!({})), Err(Rejection::SenderConstrained)),
        ],
    );
}
