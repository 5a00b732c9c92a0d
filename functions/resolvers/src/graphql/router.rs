//! `POST /graphql`.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Request, State, rejection::BytesRejection},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::post,
};
use http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};
use portcullis::{AuthenticateLayer, Caller};
use serde_json::{Value, json};

use super::{GraphQl, error};

/// Bytes of a request at most.
pub const BODY_LIMIT: usize = 256 * 1024;

/// The route of the endpoint, for callers whom the layer knows. As at AppSync, a token may stand in the `Authorization` header
/// by itself.
pub fn router(endpoint: GraphQl, authenticate: AuthenticateLayer) -> Router {
    let route = post(answer)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .route_layer(authenticate)
        .route_layer(from_fn(with_scheme));
    Router::new().route("/graphql", route).with_state(Arc::new(endpoint))
}

async fn answer(
    State(endpoint): State<Arc<GraphQl>>,
    Caller(identity): Caller,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let malformed = |status, text| {
        let told = error("MalformedHttpRequestException", text);
        (status, Json(json!({ "errors": [told] }))).into_response()
    };
    let body = match body {
        Ok(body) => body,
        Err(refused) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return malformed(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large");
        }
        Err(_) => return malformed(StatusCode::BAD_REQUEST, "The request cannot be read"),
    };
    match serde_json::from_slice(&body) {
        Ok(Value::Object(request)) => Json(endpoint.answer(&identity, &request).await).into_response(),
        Ok(_) | Err(_) => malformed(StatusCode::BAD_REQUEST, "The request is not a JSON object"),
    }
}

async fn with_scheme(mut request: Request, next: Next) -> Response {
    add_scheme(request.headers_mut());
    next.run(request).await
}

/// Adds the scheme to a token in `Authorization` that stands there by itself, as clients of AppSync send it.
pub fn add_scheme(headers: &mut HeaderMap) {
    let bare = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(token) = bare.filter(|value| !value.trim().is_empty() && !value.trim().contains(' '))
        && let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
    {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
}
