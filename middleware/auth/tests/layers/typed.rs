//! Claims as a type of one's own, and requirements on a route.

use portcullis::{CallerClaims, ClaimsError};
use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
struct Member {
    sub: String,
    #[serde(rename = "custom:tenant")]
    tenant: String,
    exp: u64,
}

#[tokio::test]
async fn a_handler_takes_claims_as_its_own_struct() {
    let router = Router::new()
        .route("/tenant", get(async |CallerClaims(member): CallerClaims<Member>| member.tenant))
        .layer(layer().optional());
    let with = |tenant: serde_json::Value| {
        let token = POOL.access_token("ada").claim("client_id", "web").claim("custom:tenant", tenant);
        format!("Bearer {}", token.sign())
    };
    let answer = ask(&router, "/tenant", &[("authorization", &with("acme".into()))]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "acme"));
    let none = bearer("ada", &[]);
    for (headers, status, reason) in [
        (vec![("authorization", &*none)], 403, "claims"),
        (vec![("authorization", &with(7.into()))], 403, "claims"),
        (vec![("x-api-key", "da2-key")], 403, "no_token"),
        (vec![], 401, "missing_credentials"),
    ] {
        let answer = ask(&router, "/tenant", &headers).await;
        assert_eq!((answer.status, answer.refusal.unwrap().reason()), (status, reason));
        assert!(!answer.body.contains("tenant"));
    }
    let bare = Router::new().route("/tenant", get(async |_: CallerClaims<Member>| ()));
    assert_eq!(ask(&bare, "/tenant", &[("authorization", &none)]).await.status, 500);
}

#[tokio::test]
async fn claims_are_read_from_a_request_an_identity_and_a_token() {
    let token = POOL.access_token("ada").claim("client_id", "web").claim("custom:tenant", "acme").sign();
    let member = Member { sub: "ada".to_owned(), tenant: "acme".to_owned(), exp: TestIssuer::NOW + 3600 };
    let verified = verifier().verify(&token).await.unwrap();
    assert_eq!(verified.claims_as::<Member>(), Ok(Member { ..member }));
    let identity = verified.into_bearer().unwrap();
    assert_eq!(identity.claims_as::<Member>().unwrap().tenant, "acme");
    let mut request = Request::new(());
    assert_eq!(request.claims_as::<Member>(), Err(ClaimsError::NoToken));
    request.extensions_mut().insert(identity);
    assert_eq!(request.claims_as::<Member>().unwrap().sub, "ada");
}

#[tokio::test]
async fn a_route_asks_for_a_group_and_a_scope() {
    let write = AuthorizeLayer::new(require().group("editors").scope("notes/write"));
    let router = Router::new().route("/write", get(async || "written").layer(write)).layer(layer());
    let token = |groups: serde_json::Value, scope: serde_json::Value| {
        let token = POOL.access_token("ada").claim("client_id", "web").claim("cognito:groups", groups);
        format!("Bearer {}", token.claim("scope", scope).sign())
    };
    let editors = || serde_json::json!(["editors"]);
    for (groups, scope, status) in [
        (editors(), "notes/read notes/write".into(), 200),
        (editors(), "notes/read,notes/write".into(), 403),
        (editors(), serde_json::json!(["notes/write"]), 403),
        (editors(), "notes/writer".into(), 403),
        ("editors".into(), "notes/write".into(), 403),
        ("admins,editors".into(), "notes/write".into(), 403),
        (serde_json::json!(["admins,editors"]), "notes/write".into(), 403),
        (serde_json::json!(["Editors"]), "notes/write".into(), 403),
        (serde_json::json!(["editors", 1]), "notes/write".into(), 403),
    ] {
        let token = token(groups.clone(), scope.clone());
        let answer = ask(&router, "/write", &[("authorization", &token)]).await;
        assert_eq!(answer.status, status, "{groups} {scope}");
        if status == 403 {
            let challenge = answer.challenge.unwrap();
            assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
            assert!(challenge.contains(r#"scope="notes/write""#), "{challenge}");
        }
    }
}

#[tokio::test]
async fn a_token_is_remembered_by_the_layer_and_forgotten_in_time() {
    let pool = TestIssuer::cognito();
    let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build().unwrap();
    let token = format!("Bearer {}", pool.access_token("ada").claim("client_id", "web").sign());
    for layer in [
        AuthenticateLayer::new(verifier.clone()),
        AuthenticateLayer::new(verifier.clone()).without_cache(),
        AuthenticateLayer::new(verifier.clone()).cache_bytes(0),
        AuthenticateLayer::new(verifier.clone()).cache_bytes(100_000),
    ] {
        let router = router(layer);
        for (seconds, status) in [(0, 200), (0, 200), (3599, 200), (3600, 401), (3599, 200)] {
            pool.clock().set(TestIssuer::NOW + seconds);
            assert_eq!(ask(&router, "/me", &[("authorization", &token)]).await.status, status, "{seconds}");
        }
        pool.clock().set(TestIssuer::NOW);
    }
}
