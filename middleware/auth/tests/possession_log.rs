//! What is logged of proofs and certificates. Alone in its program: a subscriber and its filters are shared by all threads.

use std::time::Duration;

use axum::{Router, body::Body, routing::get};
use http::Request;
use portcullis::{
    AuthenticateLayer, ClientCertificate, Confirmation, Dpop, ProvenRequest, TimedNonces, TokenUse, Verifier,
    testkit::{ProofKey, TestIssuer},
};
use portcullis_testkit::Log;
use serde_json::json;
use tower::ServiceExt;

#[test]
fn nothing_of_a_proof_is_in_the_log() {
    let pool = TestIssuer::cognito();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let mut secrets = vec!["nonces-nobody-may-guess-but-you!".to_owned()];
    let mut reasons = Vec::new();
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
            let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build().unwrap();
            let nonces =
                TimedNonces::new(b"nonces-nobody-may-guess-but-you!", Duration::from_secs(60)).unwrap();
            let dpop = Dpop::builder().origin("https://a.example").nonces(nonces).clock(pool.clock());
            let dpop = dpop.remember(1).build().unwrap();
            let layer = AuthenticateLayer::new(verifier).dpop(dpop.clone());
            let router = Router::new().route("/me", get(async || "")).layer(layer.clone());
            let (key, nonce) = (ProofKey::generate(), dpop.nonce().unwrap());
            let certificate = ClientCertificate::from_der(b"der");
            let thumbprint = certificate.thumbprint().to_string();
            secrets.extend([nonce.clone(), key.thumbprint().to_string(), thumbprint.clone()]);
            let token = |cnf| pool.access_token("ada").claim("client_id", "web").claim("cnf", cnf).sign();
            let (bound, to_certificate) = (token(key.confirmation()), token(json!({"x5t#S256": thumbprint})));
            let proof = || key.proof("GET", "https://a.example/me", &bound).claim("nonce", nonce.as_str());
            let good = proof().claim("jti", "an-id-of-its-own").sign();
            for (token, proof) in [
                (&bound, good.clone()),
                (&bound, good),
                (&bound, proof().sign()),
                (&bound, proof().without("nonce").sign()),
                (&bound, proof().claim("htm", "line\nbreak").sign()),
                (&bound, proof().claim("htu", "https://evil.example/secret-path").sign()),
                (&bound, proof().header("typ", "JWT").sign()),
                (&bound, ProofKey::generate().proof("GET", "https://a.example/me", &bound).sign()),
                (&bound, "x.y.z".to_owned()),
                (&to_certificate, proof().sign()),
            ] {
                let request = Request::get("/me").header("authorization", format!("DPoP {token}"));
                let request = request.header("dpop", &proof).extension(certificate).body(Body::empty());
                let response = router.clone().oneshot(request.unwrap()).await.unwrap();
                reasons.push(response.extensions().get().map_or("", portcullis::Refusal::reason).to_owned());
                secrets.extend(
                    token.split('.').chain(proof.split('.')).filter(|part| part.len() > 3).map(str::to_owned),
                );
            }
            let request = ProvenRequest { method: "GET", path: "/me", token: &bound };
            let confirmation = Confirmation::from_claim(&key.confirmation());
            tracing::debug!(?dpop, ?layer, ?request, ?confirmation, ?certificate, ?key, "what Debug shows");
        });
    });
    let log = log.text();
    secrets.extend(["an-id-of-its-own".to_owned(), "evil.example".to_owned(), "secret-path".to_owned()]);
    for secret in secrets {
        assert!(!log.contains(&secret), "`{secret}` is in the log:\n{log}");
    }
    let expected = [
        "",
        "proof_replayed",
        "replay_store_full",
        "proof_nonce",
        "proof_method",
        "proof_uri",
        "proof_type",
        "key_binding",
        "proof_form",
        "token_not_bound",
    ];
    assert_eq!(reasons, expected);
    for reason in expected {
        assert!(log.contains(&format!("reason=\"{reason}\"")) || reason.is_empty(), "{reason}\n{log}");
    }
    let begun = |line: &str| [" INFO ", " WARN ", "DEBUG"].iter().any(|level| line.contains(level));
    assert!(log.lines().all(begun), "a line break came in from outside:\n{log}");
}
