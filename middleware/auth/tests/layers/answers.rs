//! What a client is told.

use super::*;

#[tokio::test]
async fn answers_are_those_of_rfc_6750() {
    const INVALID_TOKEN: &str = r#"Bearer error="invalid_token", error_description="the token is not valid""#;
    const INVALID_REQUEST: &str =
        r#"Bearer error="invalid_request", error_description="the credentials are malformed""#;
    const FORBIDDEN: &str = r#"Bearer error="insufficient_scope", error_description="not allowed""#;
    const SCOPE: &str =
        r#"Bearer error="insufficient_scope", error_description="not allowed", scope="notes/write""#;
    let (ada, editor) = (bearer("ada", &[]), bearer("bob", &["editors"]));
    let wrong_client = format!("Bearer {}", POOL.access_token("ada").claim("client_id", "other").sign());
    let lower = ada.replacen("Bearer", "bearer", 1);
    let router = router(layer());
    for (name, path, headers, status, challenge) in [
        ("a token", "/me", vec![("authorization", &*ada)], 200, None),
        ("scheme in another case", "/me", vec![("authorization", &lower)], 200, None),
        ("an API key", "/me", vec![("x-api-key", "da2-key")], 200, None),
        ("both", "/me", vec![("authorization", &ada), ("x-api-key", "da2-key")], 200, None),
        ("an editor", "/editors", vec![("authorization", &editor)], 200, None),
        ("nothing", "/me", vec![], 401, Some("Bearer")),
        ("nothing where a caller is optional", "/anybody", vec![], 401, Some("Bearer")),
        ("a wrong API key", "/me", vec![("x-api-key", "da2-kez")], 401, Some("Bearer")),
        ("a cookie", "/me", vec![("cookie", &ada)], 401, Some("Bearer")),
        ("in the query", "/me?access_token=a.b.c", vec![], 401, Some("Bearer")),
        ("another scheme", "/me", vec![("authorization", "Basic YTpi")], 401, Some("Bearer")),
        ("no token", "/me", vec![("authorization", "Bearer")], 401, Some(INVALID_TOKEN)),
        ("a bad token", "/me", vec![("authorization", "Bearer a.b.c")], 401, Some(INVALID_TOKEN)),
        ("another client", "/me", vec![("authorization", &wrong_client)], 401, Some(INVALID_TOKEN)),
        (
            "a bad token, a good key",
            "/me",
            vec![("authorization", "Bearer x"), ("x-api-key", "da2-key")],
            401,
            Some(INVALID_TOKEN),
        ),
        (
            "two tokens",
            "/me",
            vec![("authorization", &ada), ("authorization", &ada)],
            400,
            Some(INVALID_REQUEST),
        ),
        ("two in one", "/me", vec![("authorization", "Bearer a, Bearer b")], 400, Some(INVALID_REQUEST)),
        ("no editor", "/editors", vec![("authorization", &ada)], 403, Some(FORBIDDEN)),
        ("no editor, but a key", "/editors", vec![("x-api-key", "da2-key")], 403, Some(FORBIDDEN)),
        ("no scope", "/write", vec![("authorization", &ada)], 403, Some(SCOPE)),
    ] {
        let answer = ask(&router, path, &headers).await;
        assert_eq!((answer.status, answer.challenge.as_deref()), (status, challenge), "{name}");
        assert_eq!(answer.refusal.is_some(), status != 200, "{name}");
        if status != 200 {
            assert_eq!(answer.content_type.as_deref(), Some("application/problem+json"), "{name}");
            let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(problem["status"], status, "{name}");
        }
    }
}

#[tokio::test]
async fn handlers_learn_who_calls() {
    let router = router(layer());
    assert_eq!(ask(&router, "/me", &[("authorization", &bearer("ada", &[]))]).await.body, "ada");
    assert_eq!(ask(&router, "/me", &[("x-api-key", "da2-key")]).await.body, "key");
    let both = [("authorization", &*bearer("ada", &[])), ("x-api-key", "da2-key")];
    assert_eq!(ask(&router, "/me", &both).await.body, "ada");
}

#[tokio::test]
async fn optional_means_that_nothing_may_be_sent_and_nothing_wrong() {
    let router = router(layer().optional());
    assert_eq!(ask(&router, "/anybody", &[]).await.body, "nobody");
    assert_eq!(ask(&router, "/anybody", &[("authorization", &bearer("ada", &[]))]).await.body, "ada");
    for (path, headers) in [
        ("/anybody", vec![("authorization", "Bearer a.b.c")]),
        ("/anybody", vec![("authorization", "Basic YTpi")]),
        ("/anybody", vec![("x-api-key", "other")]),
        ("/me", vec![]),
        ("/editors", vec![]),
    ] {
        assert_eq!(ask(&router, path, &headers).await.status, 401, "{path} {headers:?}");
    }
}

#[tokio::test]
async fn a_missing_layer_is_the_servers_fault() {
    let router = Router::new()
        .route("/me", get(|_: Caller| async {}))
        .route("/anybody", get(|_: Option<Caller>| async {}))
        .route("/editors", get(|| async {}).layer(AuthorizeLayer::new(require())));
    for path in ["/me", "/anybody", "/editors"] {
        let answer = ask(&router, path, &[("authorization", &bearer("ada", &["editors"]))]).await;
        assert_eq!((answer.status, answer.challenge), (500, None), "{path}");
    }
}

#[tokio::test]
async fn an_identity_from_outside_is_replaced() {
    let inner = service_fn(async |request: Request<String>| {
        Ok::<_, Infallible>(Response::new(
            request.identity().and_then(Identity::sub).unwrap_or("nobody").to_owned(),
        ))
    });
    let service = layer().optional().layer(inner);
    let mut request = Request::new(String::new());
    request.extensions_mut().insert(Identity::ApiKey);
    let forged = verifier().authenticate_now(&bearer("eve", &[])[7..]).unwrap().unwrap();
    request.extensions_mut().insert(forged);
    assert_eq!(service.oneshot(request).await.unwrap().into_body(), "nobody");
}

#[tokio::test]
async fn a_handler_refuses_in_the_same_words() {
    let refuse = || async { Refusal::from(Forbidden::because("closed").scope("notes/write")) };
    let router = Router::new().route("/closed", get(refuse)).layer(layer());
    let answer = ask(&router, "/closed", &[("x-api-key", "da2-key")]).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.refusal.unwrap().reason(), "closed");
    assert!(answer.challenge.unwrap().ends_with(r#"scope="notes/write""#));
}
