//! The layers through axum, `lambda_http` and plain tower services.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, routing::get};
use http::{
    Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use http_body_util::{BodyExt, Full};
use portcullis::{
    AuthenticateLayer, AuthorizeLayer, Caller, Fetch, FetchError, Fetching, Forbidden, IdentityExt, Issuer,
    Refusal, RefusalKind, Screen, TokenUse, Verifier, require,
    rules::{Authorizer, Identity, Model, Operation, Operations, Provider, Rule, Strategy},
    testkit::TestIssuer,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

mod answers;
mod contract;
mod doors;
mod services;
mod typed;

static POOL: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::cognito);

fn verifier() -> Verifier {
    let issuer = POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    Verifier::builder().issuer(issuer).clock(POOL.clock()).build().unwrap()
}

fn layer() -> AuthenticateLayer {
    AuthenticateLayer::new(verifier()).api_keys(["da2-key"])
}

fn bearer(sub: &str, groups: &[&str]) -> String {
    let token = POOL.access_token(sub).claim("client_id", "web").claim("cognito:groups", groups.to_vec());
    format!("Bearer {}", token.sign())
}

fn router(layer: AuthenticateLayer) -> Router {
    let name = |identity: &Identity| identity.sub().unwrap_or("key").to_owned();
    Router::new()
        .route("/me", get(move |Caller(identity): Caller| async move { name(&identity) }))
        .route(
            "/anybody",
            get(move |caller: Option<Caller>| async move {
                caller.map_or("nobody".to_owned(), |Caller(identity)| name(&identity))
            }),
        )
        .route("/editors", get(|| async { "editors" }).layer(AuthorizeLayer::new(require().group("editors"))))
        .route("/write", get(|| async { "write" }).layer(AuthorizeLayer::new(require().scope("notes/write"))))
        .layer(layer)
}

struct Answer {
    status: u16,
    challenge: Option<String>,
    content_type: Option<String>,
    body: String,
    refusal: Option<Refusal>,
}

async fn ask(router: &Router, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (challenge, content_type) = (header(WWW_AUTHENTICATE), header(CONTENT_TYPE));
    let (status, refusal) = (response.status().as_u16(), response.extensions().get().cloned());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Answer { status, challenge, content_type, body: String::from_utf8(body.to_vec()).unwrap(), refusal }
}
