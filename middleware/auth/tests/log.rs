//! What is logged, and what never is. Alone in its program: a subscriber and its filters are shared by all threads.
#![expect(clippy::unwrap_used, reason = "tests")]

use axum::{Router, body::Body, routing::get};
use http::Request;
use portcullis::{
    AuthenticateLayer, AuthorizeLayer, Caller, JwkSet, TokenUse, Verifier, require, testkit::TestIssuer,
};
use portcullis_testkit::Log;
use tower::ServiceExt;

fn verifier(pool: &TestIssuer) -> Verifier {
    let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    Verifier::builder().issuer(issuer).clock(pool.clock()).build().unwrap()
}

fn layer(pool: &TestIssuer) -> AuthenticateLayer {
    AuthenticateLayer::new(verifier(pool)).api_keys(["da2-key"])
}

async fn ask(router: &Router, path: &str, header: (&str, &str)) {
    let request = Request::get(path).header(header.0, header.1).body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap();
}

#[test]
fn each_request_is_one_line_without_secrets() {
    let pool = TestIssuer::cognito();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let mut secrets = vec!["da2-key".to_owned(), "da2-wrong".to_owned(), "ada@example.com".to_owned()];
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bad_set = JwkSet::from_json(r#"{"keys":[{"kty":"oct","kid":"k","k":"c2VjcmV0"}]}"#).unwrap();
            assert!(bad_set.is_empty());
            let editors = AuthorizeLayer::new(require().group("editors"));
            let router = Router::new()
                .route("/me", get(|| async {}))
                .route("/editors", get(|| async {}).layer(editors))
                .layer(layer(&pool));
            let token =
                || pool.access_token("ada").claim("client_id", "web").claim("email", "ada@example.com");
            for token in [
                token().sign(),
                token().claim("exp", 1).sign(),
                token().claim("sub", "line\nbreak").sign(),
                token().header("kid", "x\ny").sign(),
                format!("{}x", token().sign()),
            ] {
                ask(&router, "/me", ("authorization", &format!("Bearer {token}"))).await;
                ask(&router, "/editors", ("authorization", &format!("Bearer {token}"))).await;
                secrets.extend(token.split('.').map(str::to_owned));
            }
            ask(&router, "/me", ("x-api-key", "da2-key")).await;
            ask(&router, "/me", ("x-api-key", "da2-wrong")).await;
            let editors = AuthorizeLayer::new(require().group("editors"));
            let bare = Router::new()
                .route("/me", get(|_: Caller| async {}))
                .route("/editors", get(|| async {}).layer(editors));
            for path in ["/me", "/editors"] {
                ask(&bare, path, ("authorization", &format!("Bearer {}", token().sign()))).await;
            }
            let (verifier, layer, issuer) = (verifier(&pool), layer(&pool), pool.issuer());
            tracing::debug!(?verifier, ?layer, ?issuer, "what Debug shows");
        });
    });
    let log = log.text();
    for secret in secrets {
        assert!(!log.contains(&secret), "`{secret}` is in the log:\n{log}");
    }
    assert!(!log.contains("c2VjcmV0"), "{log}");
    let requests: Vec<&str> = log.lines().filter(|line| line.contains("duration_us=")).collect();
    assert_eq!(requests.len(), 12, "{log}");
    for (line, words) in requests.iter().zip([
        &[r#"sub="ada""#, r#"decision="allowed""#, r#"provider="user_pools""#, "status=200"][..],
        &[r#"sub="ada""#, r#"decision="refused""#, r#"reason="group""#, "status=403"],
        &[r#"decision="refused""#, r#"reason="expired""#, "status=401"],
    ]) {
        for word in words {
            assert!(line.contains(word), "{word} is not in {line}");
        }
    }
    let faults: Vec<&str> = log.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(faults.len(), 2, "{log}");
    assert!(faults.iter().all(|line| line.contains("without an AuthenticateLayer outside")), "{faults:?}");
    let begun = |line: &&str| ["ERROR", " INFO ", " WARN ", "DEBUG"].iter().any(|level| line.contains(level));
    assert!(log.lines().all(|line| begun(&line)), "a line break came in from outside:\n{log}");
}
