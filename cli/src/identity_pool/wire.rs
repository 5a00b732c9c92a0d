//! HTTP: `POST /` with the operation in `X-Amz-Target`, at the door of the user pool.
//!
//! 1. What is addressed to another service goes on to the user pool.
//! 2. The `Host` must be a loopback name. A web page may call: every operation here is one that Cognito allows without credentials.
//! 3. A body is at most 256 KiB.
//! 4. One log line a request: operation, outcome, time. Nothing that the client sent.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_TYPE},
};
use serde_json::{Value, json};

use super::{
    IdentityPool, body,
    error::{Exception, ServiceError},
    operations::Operation,
    sts,
};
use crate::loopback::is_addressed_to_loopback;

const SERVICE: &str = "AWSCognitoIdentityService.";
const JSON_1_1: &str = "application/x-amz-json-1.1";

/// The routes of the user pool, and this pool before them.
pub(crate) fn router(pool: IdentityPool, user_pool: Router) -> Router {
    user_pool.layer(from_fn_with_state(pool, answer))
}

async fn answer(State(pool): State<IdentityPool>, request: Request, next: Next) -> Response {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    let name = target.and_then(|target| target.strip_prefix(SERVICE)).map(str::to_owned);
    let is_ours = *request.method() == Method::POST && request.uri().path() == "/";
    let name = match name {
        Some(name) if is_ours => name,
        None if is_ours && target.is_none() && pool.inner.key.is_some() && is_form(request.headers()) => {
            return sts::answer(&pool.inner, request).await;
        }
        _ => return next.run(request).await,
    };
    let started = Instant::now();
    let operation = Operation::named(&name);
    let result = perform(&pool, operation, request).await;
    let outcome = result.as_ref().map_or_else(|error| error.exception.name(), |_| "ok");
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let operation = operation.map_or("unknown", Operation::name);
    tracing::info!(operation, outcome, duration_ms, "identity pool request");
    let mut response = match result {
        Ok(answer) => ([(CONTENT_TYPE, JSON_1_1)], answer.to_string()).into_response(),
        Err(error) => error_response(&error),
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("x-amzn-RequestId,x-amzn-ErrorType,Date"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn perform(
    pool: &IdentityPool,
    operation: Option<Operation>,
    request: Request,
) -> Result<Value, ServiceError> {
    if !is_addressed_to_loopback(request.headers()) {
        return Err(ServiceError::new(Exception::Forbidden, "the host is not a name of this machine"));
    }
    let operation = operation.ok_or_else(|| {
        ServiceError::new(Exception::UnknownOperation, "the X-Amz-Target names no operation of this pool")
    })?;
    check_media_type(request.headers())?;
    let body = body::read(request.into_body()).await?;
    operation.run(&Arc::clone(&pool.inner), &body).await
}

/// STS is asked in the form that browsers send forms in.
fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers).eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn media_type(headers: &HeaderMap) -> &str {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.split(';').next().unwrap_or_default().trim()
}

fn check_media_type(headers: &HeaderMap) -> Result<(), ServiceError> {
    match media_type(headers).eq_ignore_ascii_case(JSON_1_1) {
        true => Ok(()),
        false => Err(ServiceError::new(
            Exception::Serialization,
            "the Content-Type is not application/x-amz-json-1.1",
        )),
    }
}

fn error_response(error: &ServiceError) -> Response {
    let name = error.exception.name();
    let body = json!({ "__type": name, "message": error.message });
    let mut response =
        (error.exception.status(), [(CONTENT_TYPE, JSON_1_1)], body.to_string()).into_response();
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-amzn-errortype"), HeaderValue::from_static(name));
    response
}
