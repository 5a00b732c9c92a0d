//! The layer behind a gateway whose tokens are trusted.

use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use portcullis::{AuthenticateLayer, Dpop, IdentityExt, Verifier};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::*;

async fn ask(
    layer: AuthenticateLayer,
    context: Option<RequestContext>,
    headers: HeaderMap,
) -> (StatusCode, String) {
    let handler = service_fn(async |request: Request<String>| {
        let sub = request.identity().and_then(Identity::sub).unwrap_or("nobody").to_owned();
        Ok::<_, Infallible>(Response::new(sub))
    });
    let mut request = Request::new(String::new());
    *request.headers_mut() = headers;
    if let Some(context) = context {
        request.extensions_mut().insert(context);
    }
    let answer = ServiceBuilder::new().layer(layer).service(handler).oneshot(request).await.unwrap();
    (answer.status(), answer.into_body())
}

fn layer() -> AuthenticateLayer {
    let issuer = POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    let verifier = Verifier::builder().issuer(issuer).clock(POOL.clock()).build().unwrap();
    AuthenticateLayer::new(verifier).api_keys(["da2-key"])
}

#[tokio::test]
async fn a_token_that_is_not_good_here_is_refused_whatever_stands_beside_it() {
    let trusting = || layer().gateway(trusting(tokens()));
    let id_token = || http_api(&with(flattened(), &[("token_use", json!("id"))]));
    let key: HeaderMap = [("x-api-key".parse().unwrap(), "da2-key".parse().unwrap())].into_iter().collect();
    let bob = || bearer(&POOL.access_token("bob").claim("client_id", "web").sign());

    assert_eq!(
        ask(trusting(), Some(http_api(&flattened())), HeaderMap::new()).await,
        (StatusCode::OK, "ada".to_owned())
    );
    for headers in [HeaderMap::new(), key.clone(), bob()] {
        let (status, body) = ask(trusting(), Some(id_token()), headers.clone()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{body}");
        assert!(body.contains("the token is not valid"), "{body}");
        let (status, _) = ask(trusting().optional(), Some(id_token()), headers).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    // Where the gateway says nothing, the headers speak.
    assert_eq!(ask(trusting(), None, bob()).await, (StatusCode::OK, "bob".to_owned()));
    assert_eq!(
        ask(trusting(), Some(rest_api(&Value::Null)), bob()).await,
        (StatusCode::OK, "bob".to_owned())
    );
    assert_eq!(
        ask(trusting(), Some(rest_api(&Value::Null)), HeaderMap::new()).await.0,
        StatusCode::UNAUTHORIZED
    );
    // Where it is not trusted, its claims are nothing.
    assert_eq!(ask(layer(), Some(id_token()), bob()).await, (StatusCode::OK, "bob".to_owned()));
    assert_eq!(
        ask(layer(), Some(http_api(&flattened())), HeaderMap::new()).await.0,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn where_every_token_needs_a_proof_a_gateway_cannot_vouch_for_one() {
    let dpop = Dpop::builder().origin("https://api.example.com").required().build().unwrap();
    let layer = layer().gateway(trusting(tokens())).dpop(dpop);
    let (status, _) = ask(layer, Some(http_api(&flattened())), HeaderMap::new()).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}
