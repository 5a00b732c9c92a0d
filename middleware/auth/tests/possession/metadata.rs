//! The metadata of a protected resource, served.

use http::{Method, header::CONTENT_TYPE};
use http_body_util::BodyExt;

use super::*;

#[tokio::test]
async fn the_metadata_is_served_without_a_token() {
    let metadata = ResourceMetadata::builder("https://api.example.com/notes")
        .authorization_servers([POOL.url()])
        .dpop(&dpop())
        .build()
        .unwrap();
    let router: Router = Router::new()
        .route("/notes", get(async || "notes"))
        .layer(AuthenticateLayer::new(verifier()).resource_metadata(&metadata))
        .route_service(metadata.path(), metadata.clone());
    for (method, status) in
        [(Method::GET, 200), (Method::HEAD, 200), (Method::POST, 405), (Method::DELETE, 405)]
    {
        let request = Request::builder().method(&method).uri(metadata.path()).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{method}");
        if status == 405 {
            assert_eq!(response.headers()["allow"], "GET, HEAD");
            continue;
        }
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=3600");
        if method == Method::GET {
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, metadata.json());
        }
    }
    let document: Value = serde_json::from_str(metadata.json()).unwrap();
    assert_eq!(document["resource"], "https://api.example.com/notes");
    assert_eq!(document["authorization_servers"], json!([POOL.url()]));
    assert_eq!(document["dpop_bound_access_tokens_required"], false);
    let algorithms: Vec<&str> = ALGORITHMS.split(' ').collect();
    assert_eq!(document["dpop_signing_alg_values_supported"], json!(algorithms));
}

#[tokio::test]
async fn a_lambda_http_function_serves_it() {
    let metadata = ResourceMetadata::builder(ORIGIN).build().unwrap();
    let service = metadata.clone();
    let request = lambda_http::Request::new(lambda_http::Body::Empty);
    assert_eq!(service.oneshot(request).await.unwrap().body(), metadata.json());
    let response: Response<lambda_http::Body> = metadata.respond(&Method::GET);
    assert_eq!(response.body(), &lambda_http::Body::from(metadata.json()));
}
