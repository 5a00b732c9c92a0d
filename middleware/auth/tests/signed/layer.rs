//! The layer, and what stands inside of it.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{get, post},
};
use http::{Request, StatusCode, request::Parts};
use http_body::SizeHint;
use http_body_util::BodyExt;
use portcullis::{
    AuthenticateLayer, IdentityExt, SigV4Layer, SignedCaller, TokenUse, Verifier,
    rules::Identity,
    testkit::{ManualClock, TestIssuer},
};
use serde_json::Value;
use tower::ServiceExt;

use super::{
    signer::{SIGNING, Signing, request},
    source::{NOW, Session, TwoKeys, member, verifier},
};

fn verifier_of_tokens(issuer: &TestIssuer) -> Verifier {
    let issuer_of = issuer.issuer().insecure_any_client().token_use(TokenUse::Access);
    Verifier::builder().issuer(issuer_of).clock(issuer.clock()).build().unwrap()
}

/// Answers who calls.
fn router(layer: SigV4Layer, authenticate: AuthenticateLayer) -> Router {
    let who = async |request: Request<Body>| match request.identity() {
        Some(Identity::Iam(caller)) => format!("iam {}", caller.sub.as_deref().unwrap_or("role")),
        Some(other) => other.sub().unwrap_or("nobody").to_owned(),
        None => "nobody".to_owned(),
    };
    Router::new().fallback(who).layer(authenticate).layer(layer)
}

async fn send(router: &Router, request: Request<Vec<u8>>) -> (StatusCode, String) {
    let response = router.clone().oneshot(request.map(Body::from)).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_signed_request_becomes_an_iam_identity_where_that_is_said() {
    let issuer = TestIssuer::cognito();
    let layer = SigV4Layer::new(verifier(TwoKeys::default(), &ManualClock::at(NOW)).build()).optional();
    let believing =
        router(layer.clone(), AuthenticateLayer::new(verifier_of_tokens(&issuer)).signed_requests());
    let not_believing = router(layer, AuthenticateLayer::new(verifier_of_tokens(&issuer)));

    assert_eq!(send(&believing, SIGNING.sign(request())).await, (StatusCode::OK, "iam ada".to_owned()));
    let lasting = Signing { temporary: false, ..SIGNING };
    assert_eq!(send(&believing, lasting.sign(request())).await, (StatusCode::OK, "iam role".to_owned()));
    assert_eq!(send(&not_believing, SIGNING.sign(request())).await.0, StatusCode::UNAUTHORIZED);

    // A token stands in the same place, and is read as before.
    let mut with_token = request();
    let bearer = format!("Bearer {}", issuer.access_token("bob").sign());
    with_token.headers_mut().insert("authorization", bearer.parse().unwrap());
    assert_eq!(send(&believing, with_token).await, (StatusCode::OK, "bob".to_owned()));
    assert_eq!(send(&believing, request()).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_stands_in_the_extensions_already_has_not_signed() {
    let issuer = TestIssuer::cognito();
    let clock = ManualClock::at(NOW);
    let layer = SigV4Layer::new(verifier(TwoKeys::default(), &clock).build()).optional();
    let router = router(layer, AuthenticateLayer::new(verifier_of_tokens(&issuer)).signed_requests());
    let (parts, body) = SIGNING.sign(request()).into_parts();
    let signed: SignedCaller =
        verifier(TwoKeys::default(), &clock).build().verify(&parts, &body).await.unwrap();
    let mut unsigned = request();
    unsigned.extensions_mut().insert(signed);
    assert_eq!(send(&router, unsigned).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_refusal_is_written_as_api_gateway_writes_it() {
    let layer = SigV4Layer::new(verifier(TwoKeys::default(), &ManualClock::at(NOW)).build());
    let router: Router = Router::new().route("/", get(|| async { "hello" })).layer(layer);
    let bare = || Request::get("/").header("host", "api.example.com").body(Vec::new()).unwrap();
    assert_eq!(send(&router, SIGNING.sign(bare())).await, (StatusCode::OK, "hello".to_owned()));
    let mut forged = SIGNING.sign(bare());
    forged.headers_mut().insert("host", "other.example.com".parse().unwrap());
    for (request, code, message) in [
        (bare(), "MissingAuthenticationTokenException", "Missing Authentication Token"),
        (forged, "InvalidSignatureException", "The request signature we calculated does not match"),
    ] {
        let response = router.clone().oneshot(request.map(Body::from)).await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert_eq!(response.headers().get("x-amzn-errortype").unwrap(), code);
        assert_eq!(response.headers().get("content-type").unwrap(), "application/json");
        let body: Value =
            serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
        let text = body.get("message").and_then(Value::as_str).unwrap();
        assert!(text.starts_with(message), "{text}");
        assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    }
}

#[tokio::test]
async fn the_request_goes_on_with_its_body_and_what_the_source_has_put_to_it() {
    let layer = SigV4Layer::new(verifier(TwoKeys::default(), &ManualClock::at(NOW)).build());
    let echo = async |request: Request<Body>| {
        assert_eq!(request.extensions().get(), Some(&Session("one")));
        assert_eq!(request.extensions().get::<SignedCaller>().unwrap().caller(), &member());
        request.into_body().collect().await.unwrap().to_bytes()
    };
    let router: Router = Router::new().fallback(post(echo)).layer(layer);
    let (status, body) = send(&router, SIGNING.sign(request())).await;
    assert_eq!((status, body.as_bytes()), (StatusCode::OK, request().body().as_slice()));
}

#[tokio::test]
async fn a_presigned_url_goes_on_as_the_request_that_was_signed() {
    let layer = SigV4Layer::new(verifier(TwoKeys::default(), &ManualClock::at(NOW)).build());
    let target = async |request: Request<Body>| request.uri().to_string();
    let router: Router = Router::new().fallback(target).layer(layer);
    let presigned = Signing { presigned: Some(60), ..SIGNING }.sign(request());
    assert!(presigned.uri().to_string().contains("X-Amz-Security-Token"));
    assert_eq!(send(&router, presigned).await, (StatusCode::OK, request().uri().to_string()));
}

#[tokio::test]
async fn a_signature_that_cannot_be_read_is_one_that_is_wrong() {
    let verifier = verifier(TwoKeys::default(), &ManualClock::at(NOW)).build();
    let router: Router =
        Router::new().fallback(|| async { "hello" }).layer(SigV4Layer::new(verifier).optional());
    let presigned = Signing { presigned: Some(60), ..SIGNING }.sign(request());
    assert_eq!(send(&router, presigned.clone()).await.0, StatusCode::OK);
    // Signers write these digits in upper case, so that there is one way to write them.
    let uri = presigned.uri().to_string();
    for uri in [uri.replace("%2F", "%2f"), format!("{uri}&%"), "/?X-Amz-Signature=%".to_owned()] {
        let mut other = presigned.clone();
        *other.uri_mut() = uri.parse().unwrap();
        assert_eq!(send(&router, other).await.0, StatusCode::FORBIDDEN, "{uri}");
    }
    // Of a query without a signature that is no question.
    for uri in ["/?a=%2f", "/?%", "/?x-amz-signature-of=%2f"] {
        let bare = Request::get(uri).header("host", "api.example.com").body(Vec::new()).unwrap();
        assert_eq!(send(&router, bare).await.0, StatusCode::OK, "{uri}");
    }
}

/// A body that says when it is read, and how long it is.
struct Watched {
    read: Arc<AtomicBool>,
    length: u64,
}

impl Watched {
    /// Whether the body of such a request is read, and the status of the answer.
    async fn of(router: &Router, parts: Parts, length: u64) -> (bool, StatusCode) {
        let read = Arc::default();
        let body = Body::new(Self { read: Arc::clone(&read), length });
        let answer = router.clone().oneshot(Request::from_parts(parts, body)).await.unwrap();
        (read.load(Ordering::Relaxed), answer.status())
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        self.read.store(true, Ordering::Relaxed);
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

#[tokio::test]
async fn a_body_is_read_only_for_those_who_have_a_key_and_only_so_far() {
    let builder = verifier(TwoKeys::default(), &ManualClock::at(NOW)).max_body(100);
    let router: Router = Router::new().fallback(|| async { "hello" }).layer(SigV4Layer::new(builder.build()));
    let of_size = |size: usize| {
        let request = Request::post("/").header("host", "api.example.com").body(vec![b'a'; size]).unwrap();
        SIGNING.sign(request)
    };
    assert_eq!(send(&router, of_size(100)).await.0, StatusCode::OK);
    assert_eq!(send(&router, of_size(101)).await.0, StatusCode::PAYLOAD_TOO_LARGE);

    for (key, expected) in [("ASIAEXAMPLE", true), ("ASIASTRANGER", false)] {
        let (mut parts, _) = of_size(0).into_parts();
        let header =
            parts.headers.get("authorization").unwrap().to_str().unwrap().replace("ASIAEXAMPLE", key);
        parts.headers.insert("authorization", header.parse().unwrap());
        assert_eq!(Watched::of(&router, parts, 0).await.0, expected, "{key}");
    }
    let (parts, _) = of_size(101).into_parts();
    assert_eq!(Watched::of(&router, parts, 101).await, (false, StatusCode::PAYLOAD_TOO_LARGE));
}

#[tokio::test]
async fn where_the_digest_of_a_body_is_told_the_signature_is_checked_before_the_body_is_read() {
    let layer = SigV4Layer::new(verifier(TwoKeys::default(), &ManualClock::at(NOW)).build());
    let router: Router = Router::new().fallback(|| async { "hello" }).layer(layer);
    let s3 = SigV4Layer::new(verifier(TwoKeys::default(), &ManualClock::at(NOW)).s3().build());
    let s3: Router = Router::new().fallback(|| async { "hello" }).layer(s3);
    let bare = || Request::put("/").header("host", "api.example.com").body(Vec::new()).unwrap();
    let digest = || Signing { tells_digest: true, ..SIGNING }.sign(bare()).into_parts().0;
    let presigned = || Signing { presigned: Some(60), ..SIGNING }.sign(bare()).into_parts().0;
    assert_eq!(Watched::of(&router, digest(), 0).await, (true, StatusCode::OK));
    for (router, mut parts) in [(&router, digest()), (&s3, digest()), (&s3, presigned())] {
        parts.headers.insert("host", "other.example.com".parse().unwrap());
        assert_eq!(Watched::of(router, parts, 0).await, (false, StatusCode::FORBIDDEN));
    }
    // The signature is good, and the body another one.
    for router in [&router, &s3] {
        let request = Request::from_parts(digest(), b"another".to_vec());
        let (status, body) = send(router, request).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(body.contains("'x-amz-content-sha256' header does not match"), "{body}");
    }
}

#[tokio::test]
async fn the_source_is_asked_for_those_alone_whose_request_makes_sense() {
    let source = TwoKeys::default();
    let layer = SigV4Layer::new(verifier(source.clone(), &ManualClock::at(NOW)).build());
    let router: Router = Router::new().fallback(|| async { "hello" }).layer(layer);
    let late = Signing { at: NOW - 301, ..SIGNING };
    let elsewhere = Signing { region: "us-east-1", ..SIGNING };
    for signing in [late, elsewhere] {
        assert_eq!(send(&router, signing.sign(request())).await.0, StatusCode::FORBIDDEN);
    }
    assert_eq!(source.asked.load(Ordering::Relaxed), 0);
    assert_eq!(send(&router, SIGNING.sign(request())).await.0, StatusCode::OK);
    assert_eq!(source.asked.load(Ordering::Relaxed), 1);

    let layer = SigV4Layer::new(verifier(TwoKeys { is_down: true, ..source }, &ManualClock::at(NOW)).build());
    let router: Router = Router::new().fallback(|| async { "hello" }).layer(layer);
    assert_eq!(send(&router, SIGNING.sign(request())).await.0, StatusCode::SERVICE_UNAVAILABLE);
}
