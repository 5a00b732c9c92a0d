//! What every answer has in common.

use std::any::Any;

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};

use crate::problem::{self, Problem};

/// Gives every error a problem body, whichever layer it comes from, and every answer the headers of an API that hands
/// out people's data: no cache keeps it and no browser guesses its type.
pub(crate) async fn dress(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    if failed && response.headers().get(CONTENT_TYPE) != Some(&problem::MEDIA_TYPE) {
        *response.body_mut() = Body::from(Problem::of_status(status).body());
        response.headers_mut().insert(CONTENT_TYPE, problem::MEDIA_TYPE);
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The answer to a panic. What the panic said is printed by the panic hook, with its place, and goes nowhere else.
pub(crate) fn after_panic(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request handler panicked");
    Problem::internal().into_response()
}
