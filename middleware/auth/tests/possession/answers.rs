//! Through the layers: who is let in, and what the others are told.

use super::*;

fn layer() -> AuthenticateLayer {
    AuthenticateLayer::new(verifier()).api_keys(["da2-key"])
}

fn router(layer: AuthenticateLayer) -> Router {
    let name = |identity: &Identity| identity.sub().unwrap_or("key").to_owned();
    Router::new()
        .route("/notes", get(move |Caller(identity): Caller| async move { name(&identity) }))
        .route("/editors", get(async || "editors").layer(AuthorizeLayer::new(require().group("editors"))))
        .route("/write", get(async || "write").layer(AuthorizeLayer::new(require().scope("notes/write"))))
        .route("/own", get(async || ([(WWW_AUTHENTICATE, "Own")], Refusal::from(ProofError::Missing))))
        .layer(layer)
}

struct Answer {
    status: u16,
    challenge: Option<String>,
    nonce: Option<String>,
    cache: Option<String>,
    refusal: Option<Refusal>,
}

async fn ask(router: &Router, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let headers = response.headers();
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert!(headers.get_all(WWW_AUTHENTICATE).iter().count() <= 1, "one header holds every challenge");
    Answer {
        status: response.status().as_u16(),
        challenge: text("www-authenticate"),
        nonce: text("dpop-nonce"),
        cache: text("cache-control"),
        refusal: response.extensions().get().cloned(),
    }
}

/// Challenges as they should be, with `ALGS` for the algorithms.
fn challenge(text: &str) -> Option<String> {
    Some(text.replace("ALGS", &format!(r#"algs="{ALGORITHMS}""#)))
}

fn wrong(error: &str) -> String {
    let description = match error {
        "invalid_token" => "the token is not valid",
        "invalid_dpop_proof" => "the proof is not valid",
        "use_dpop_nonce" => "the proof needs a nonce",
        "invalid_request" => "the credentials are malformed",
        _ => "not allowed",
    };
    format!(r#"error="{error}", error_description="{description}""#)
}

type Headers = Vec<(&'static str, String)>;

fn sent(authorization: &str, proofs: &[String]) -> Headers {
    let proofs = proofs.iter().map(|proof| ("dpop", proof.clone()));
    std::iter::once(("authorization", authorization.to_owned())).chain(proofs).collect()
}

/// A name, path and headers of a request; and the status, reason and challenge of the answer.
type Row<'a> = (&'a str, &'a str, Headers, u16, &'a str, Option<String>);

#[tokio::test]
async fn bearers_and_proofs_are_accepted_side_by_side() {
    let router = router(layer().dpop(dpop()));
    let (token, plain) = (bound(KEY.confirmation()), unbound());
    let expired = POOL.access_token("ada").claim("cnf", KEY.confirmation()).claim("exp", NOW).sign();
    let proof = |path: &str, token: &str| KEY.proof("GET", &format!("{ORIGIN}{path}"), token).sign();
    let new = || proof("/notes", &token);
    let foreign = ProofKey::generate().proof("GET", URL, &token).sign();
    let bearer = |error: &str| challenge(&format!("Bearer {}, DPoP ALGS", wrong(error)));
    let dpop = |error: &str| challenge(&format!("DPoP {}, ALGS, Bearer", wrong(error)));
    let nothing_wrong = || challenge("Bearer, DPoP ALGS");
    let (as_dpop, as_bearer) = (format!("DPoP {token}"), format!("Bearer {token}"));
    let (plain_dpop, plain_bearer) = (format!("DPoP {plain}"), format!("Bearer {plain}"));
    let api_key = |key: &str| vec![("x-api-key", key.to_owned())];
    let (once, joined) = ([new()], format!("{},{}", new(), new()));
    let scope =
        challenge(&format!(r#"DPoP {}, scope="notes/write", ALGS, Bearer"#, wrong("insufficient_scope")));
    let rows: Vec<Row<'_>> = vec![
        ("bound, with proof", "/notes", sent(&as_dpop, &once), 200, "", None),
        (
            "the same again",
            "/notes",
            sent(&as_dpop, &once),
            401,
            "proof_replayed",
            dpop("invalid_dpop_proof"),
        ),
        (
            "a scheme in another case",
            "/notes",
            sent(&as_dpop.replacen("DPoP", "dpop", 1), &[new()]),
            200,
            "",
            None,
        ),
        (
            "a wrong API key beside it",
            "/notes",
            [sent(&as_dpop, &[new()]), api_key("x")].concat(),
            200,
            "",
            None,
        ),
        ("a query", "/notes?page=2", sent(&as_dpop, &[new()]), 200, "", None),
        ("not bound, as bearer", "/notes", sent(&plain_bearer, &[]), 200, "", None),
        ("that, with proofs", "/notes", sent(&plain_bearer, &["x".into(), "y".into()]), 200, "", None),
        ("an API key", "/notes", api_key("da2-key"), 200, "", None),
        (
            "bound, as bearer",
            "/notes",
            sent(&as_bearer, &[]),
            401,
            "sender_constrained",
            bearer("invalid_token"),
        ),
        (
            "that, with proof",
            "/notes",
            sent(&as_bearer, &[new()]),
            401,
            "sender_constrained",
            bearer("invalid_token"),
        ),
        ("no proof", "/notes", sent(&as_dpop, &[]), 401, "proof_missing", dpop("invalid_dpop_proof")),
        (
            "an empty proof",
            "/notes",
            sent(&as_dpop, &["".into()]),
            401,
            "proof_form",
            dpop("invalid_dpop_proof"),
        ),
        ("another's proof", "/notes", sent(&as_dpop, &[foreign]), 401, "key_binding", dpop("invalid_token")),
        (
            "not bound, with proof",
            "/notes",
            sent(&plain_dpop, &[proof("/notes", &plain)]),
            401,
            "token_not_bound",
            dpop("invalid_token"),
        ),
        (
            "expired",
            "/notes",
            sent(&format!("DPoP {expired}"), &[proof("/notes", &expired)]),
            401,
            "expired",
            dpop("invalid_token"),
        ),
        (
            "for another URL",
            "/notes",
            sent(&as_dpop, &[proof("/editors", &token)]),
            401,
            "proof_uri",
            dpop("invalid_dpop_proof"),
        ),
        ("no token", "/notes", sent("DPoP", &[new()]), 401, "empty_token", dpop("invalid_token")),
        (
            "two proofs",
            "/notes",
            sent(&as_dpop, &[new(), new()]),
            400,
            "several_proofs",
            dpop("invalid_request"),
        ),
        (
            "two proofs in one",
            "/notes",
            sent(&as_dpop, &[joined]),
            400,
            "several_proofs",
            dpop("invalid_request"),
        ),
        (
            "two schemes",
            "/notes",
            [sent(&as_dpop, &[new()]), sent(&as_bearer, &[])].concat(),
            400,
            "two_authorization_headers",
            bearer("invalid_request"),
        ),
        ("nothing", "/notes", vec![], 401, "missing_credentials", nothing_wrong()),
        ("a proof alone", "/notes", vec![("dpop", new())], 401, "missing_credentials", nothing_wrong()),
        ("another scheme", "/notes", sent("Basic YTpi", &[]), 401, "missing_credentials", nothing_wrong()),
        ("a wrong API key", "/notes", api_key("x"), 401, "api_key", nothing_wrong()),
        (
            "no editor",
            "/editors",
            sent(&as_dpop, &[proof("/editors", &token)]),
            403,
            "group",
            dpop("insufficient_scope"),
        ),
        (
            "no editor, as bearer",
            "/editors",
            sent(&plain_bearer, &[]),
            403,
            "group",
            bearer("insufficient_scope"),
        ),
        ("no scope", "/write", sent(&as_dpop, &[proof("/write", &token)]), 403, "scope", scope),
    ];
    for (name, path, headers, status, reason, challenge) in rows {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = ask(&router, path, &headers).await;
        let told = answer.refusal.as_ref().map_or("", Refusal::reason);
        assert_eq!((answer.status, told, answer.challenge), (status, reason, challenge), "{name}");
        assert_eq!(answer.nonce, None, "{name}");
    }
}

#[tokio::test]
async fn without_a_check_of_proofs_there_is_none() {
    let router = router(layer());
    let token = bound(KEY.confirmation());
    let proof = KEY.proof("GET", URL, &token).sign();
    let (dpop, bearer) = (format!("DPoP {token}"), format!("Bearer {token}"));
    let answer = ask(&router, "/notes", &[("authorization", &dpop), ("dpop", &proof)]).await;
    assert_eq!((answer.status, answer.challenge.as_deref()), (401, Some("Bearer")));
    let answer = ask(&router, "/notes", &[("authorization", &bearer), ("dpop", &proof)]).await;
    assert_eq!((answer.status, answer.challenge), (401, Some(format!("Bearer {}", wrong("invalid_token")))));
    let rejected = verifier().authenticate(&token).await;
    assert_eq!(rejected, Err(AuthenticateError::Rejected(Rejection::SenderConstrained)));
}

#[tokio::test]
async fn proofs_can_be_required() {
    let required = || dpop_at(&POOL.clock()).algorithms([Algorithm::Es256]).required().build().unwrap();
    let router = router(layer().dpop(required()));
    let token = bound(KEY.confirmation());
    let proof = KEY.proof("GET", URL, &token).sign();
    let dpop = format!("DPoP {token}");
    assert_eq!(ask(&router, "/notes", &[("authorization", &dpop), ("dpop", &proof)]).await.status, 200);
    assert_eq!(ask(&router, "/notes", &[("x-api-key", "da2-key")]).await.status, 200);
    for (token, expected) in [
        (Some(token), format!(r#"DPoP {}, algs="ES256""#, wrong("invalid_token"))),
        (Some(unbound()), format!(r#"DPoP {}, algs="ES256""#, wrong("invalid_token"))),
        (None, r#"DPoP algs="ES256""#.to_owned()),
    ] {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<(&str, &str)> =
            bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        let answer = ask(&router, "/notes", &headers).await;
        assert_eq!((answer.status, answer.challenge), (401, Some(expected)));
    }
}

#[tokio::test]
async fn a_nonce_is_told_and_renewed() {
    let clock = ManualClock::at(NOW);
    let nonces = TimedNonces::new(&[7; 32], Duration::from_secs(100)).unwrap();
    let dpop = dpop_at(&clock).nonces(nonces).build().unwrap();
    let router = router(layer().dpop(dpop.clone()));
    let token = bound(KEY.confirmation());
    let authorization = format!("DPoP {token}");
    let ask_with = async |nonce: Option<&str>, iat: u64| {
        let proof = KEY.proof("GET", URL, &token).claim("iat", iat);
        let proof = nonce.map_or(proof.clone(), |nonce| proof.claim("nonce", nonce)).sign();
        ask(&router, "/notes", &[("authorization", &authorization), ("dpop", &proof)]).await
    };
    let first = dpop.nonce().unwrap();
    let refused = ask_with(None, NOW).await;
    assert_eq!((refused.status, refused.nonce.as_deref()), (401, Some(first.as_str())));
    assert_eq!(refused.cache.as_deref(), Some("no-store"));
    assert_eq!(refused.challenge, challenge(&format!("DPoP {}, ALGS, Bearer", wrong("use_dpop_nonce"))));
    let kind = RefusalKind::NonceRequired { nonce: first.clone() };
    assert_eq!(refused.refusal.map(|refusal| refusal.kind().clone()), Some(kind));
    let accepted = ask_with(Some(&first), NOW).await;
    assert_eq!((accepted.status, accepted.nonce, accepted.cache), (200, None, None));
    clock.advance(Duration::from_secs(100));
    let renewed = ask_with(Some(&first), NOW + 100).await;
    assert_eq!((renewed.status, renewed.nonce), (200, dpop.nonce()));
    assert_eq!(renewed.cache.as_deref(), Some("no-store"));
}

/// Answers at once, but not before it is asked.
#[derive(Debug)]
struct Published;

impl Fetch for Published {
    fn fetch(&self, _: &str) -> Fetching {
        Box::pin(async { Ok(POOL.jwk_set_json().to_string().into()) })
    }
}

#[tokio::test]
async fn a_proof_is_checked_after_the_keys_were_fetched() {
    let cold = || {
        let issuer = Issuer::cognito_at(POOL.url()).insecure_any_client().token_use(TokenUse::Access);
        let verifier = Verifier::builder().issuer(issuer).clock(POOL.clock()).fetcher(Published).build();
        router(AuthenticateLayer::new(verifier.unwrap()).dpop(dpop()))
    };
    let token = bound(KEY.confirmation());
    let dpop = format!("DPoP {token}");
    let (good, wrong) = (KEY.proof("GET", URL, &token).sign(), KEY.proof("POST", URL, &token).sign());
    let answer = ask(&cold(), "/notes", &[("authorization", &dpop), ("dpop", &good)]).await;
    assert_eq!(answer.status, 200);
    let answer = ask(&cold(), "/notes", &[("authorization", &dpop), ("dpop", &wrong)]).await;
    assert_eq!((answer.status, answer.refusal.unwrap().reason()), (401, "proof_method"));
    assert!(answer.challenge.unwrap().starts_with("DPoP error="));
    let answer = ask(&cold(), "/notes", &[("authorization", &format!("Bearer {token}"))]).await;
    assert_eq!((answer.status, answer.refusal.unwrap().reason()), (401, "sender_constrained"));
}

#[tokio::test]
async fn a_token_from_the_cache_still_needs_its_proof() {
    let router = router(layer().dpop(dpop()));
    let token = bound(KEY.confirmation());
    let dpop = format!("DPoP {token}");
    for _ in 0..3 {
        let proof = KEY.proof("GET", URL, &token).sign();
        assert_eq!(ask(&router, "/notes", &[("authorization", &dpop), ("dpop", &proof)]).await.status, 200);
        assert_eq!(ask(&router, "/notes", &[("authorization", &dpop), ("dpop", &proof)]).await.status, 401);
        assert_eq!(ask(&router, "/notes", &[("authorization", &dpop)]).await.status, 401);
        assert_eq!(
            ask(&router, "/notes", &[("authorization", &format!("Bearer {token}"))]).await.status,
            401
        );
    }
}

#[tokio::test]
async fn the_metadata_of_the_resource_is_pointed_to() {
    const POINTER: &str =
        r#"resource_metadata="https://api.example.com/.well-known/oauth-protected-resource""#;
    let metadata = ResourceMetadata::builder(ORIGIN).build().unwrap();
    let alone = router(layer().resource_metadata(&metadata).optional());
    let with_proofs = router(layer().dpop(dpop()).resource_metadata(&metadata));
    let bearer = format!("Bearer {}", unbound());
    for (name, router, path, headers, expected) in [
        ("nothing", &alone, "/notes", vec![], format!("Bearer {POINTER}")),
        (
            "a bad token",
            &alone,
            "/notes",
            vec![("authorization", "Bearer x")],
            format!("Bearer {}, {POINTER}", wrong("invalid_token")),
        ),
        (
            "no editor",
            &alone,
            "/editors",
            vec![("authorization", &*bearer)],
            format!("Bearer {}, {POINTER}", wrong("insufficient_scope")),
        ),
        (
            "nothing, with proofs",
            &with_proofs,
            "/notes",
            vec![],
            format!(r#"Bearer {POINTER}, DPoP algs="{ALGORITHMS}", {POINTER}"#),
        ),
        ("its own challenge", &alone, "/own", vec![], "Own".to_owned()),
    ] {
        let answer = ask(router, path, &headers).await;
        assert_eq!(answer.challenge, Some(expected), "{name}");
    }
}

#[tokio::test]
async fn an_answer_of_ones_own_has_the_headers() {
    let answer = |refusal: Refusal| {
        let mut response = Response::new(refusal.status().as_u16());
        *response.headers_mut() = refusal.headers();
        response
    };
    let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(200)));
    let service = layer().dpop(dpop()).answer(answer).layer(inner);
    let response = service.oneshot(Request::new(())).await.unwrap();
    let told = response.headers()[WWW_AUTHENTICATE].to_str().unwrap().to_owned();
    assert_eq!((*response.body(), Some(told)), (401, challenge("Bearer, DPoP ALGS")));
    assert!(!response.headers().contains_key(CACHE_CONTROL));
}

#[tokio::test]
async fn the_layer_that_refused_says_what_is_accepted() {
    let inner = dpop_at(&POOL.clock()).algorithms([Algorithm::Es256]).required().build().unwrap();
    let route = get(async || "").layer(AuthenticateLayer::new(verifier()).dpop(inner));
    let router = Router::new().route("/inner", route).layer(layer().dpop(dpop()).optional());
    let answer = ask(&router, "/inner", &[]).await;
    assert_eq!(answer.challenge.as_deref(), Some(r#"DPoP algs="ES256""#));
}
