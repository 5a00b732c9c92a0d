//! HTTP: `POST /` with the operation in `X-Amz-Target`, the two documents under `/.well-known/`, and the endpoints of [`oauth`].
//!
//! 1. The `Host` must be a loopback name: a web page that has pointed its own name at 127.0.0.1 is refused.
//! 2. A web page (a request with an `Origin`) may call what Cognito allows without credentials, never administration.
//! 3. A body is at most 256 KiB.
//! 4. A bounded number of operations runs at once; the others wait for their turn.
//! 5. One log line a request: operation, `sub` when known, outcome, time. Nothing that the client sent.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE,
    },
};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::{
    loopback::{is_addressed_to_loopback, is_from_a_page},
    pool::{
        Inner, Pool,
        call::Call,
        error::{Exception, ServiceError},
        input::Input,
        oauth,
        operations::{Access, Operation},
    },
};

const MAX_BODY: usize = 256 * 1024;
/// How many operations run at once. Far fewer than a runtime has blocking threads (512 unless told otherwise): an
/// operation keeps its thread while it waits for a trigger, and the trigger may need one too.
pub(crate) const MAX_RUNNING: usize = 64;
const JSON_1_1: &str = "application/x-amz-json-1.1";

pub(crate) fn router(pool: Pool) -> Router {
    let key_set = format!("/{}/.well-known/jwks.json", pool.id());
    let discovery = format!("/{}/.well-known/openid-configuration", pool.id());
    Router::new()
        .route("/", axum::routing::post(answer).options(preflight))
        .route(&key_set, get(serve_key_set).options(preflight))
        .route(&discovery, get(serve_discovery).options(preflight))
        .merge(oauth::router())
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(only_loopback_names))
        .with_state(pool)
}

async fn only_loopback_names(request: Request, next: Next) -> Response {
    if is_addressed_to_loopback(request.headers()) {
        return next.run(request).await;
    }
    let error = ServiceError::new(Exception::Forbidden, "the host is not a name of this machine");
    error_response(&error)
}

pub(crate) async fn preflight() -> Response {
    (
        StatusCode::OK,
        [
            (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
            (
                ACCESS_CONTROL_ALLOW_HEADERS,
                "authorization, cache-control, content-type, x-amz-target, x-amz-user-agent, amz-sdk-invocation-id, amz-sdk-request, x-amz-date, x-amz-security-token",
            ),
            (ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
            (ACCESS_CONTROL_MAX_AGE, "600"),
        ],
    )
        .into_response()
}

const EXPOSED: &str = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";

async fn answer(State(pool): State<Pool>, request: Request) -> Response {
    let started = Instant::now();
    let (operation, outcome) = perform(&pool, request).await;
    let name = operation.map_or("unknown", |operation| operation.name);
    let (result, sub) = outcome;
    let outcome = result.as_ref().map_or_else(|error| error.exception.name(), |_| "ok");
    log(name, sub.as_deref(), outcome, started.elapsed());
    let mut response = match result {
        Ok(answer) => ([(CONTENT_TYPE, JSON_1_1)], answer.to_string()).into_response(),
        Err(error) => error_response(&error),
    };
    if let Ok(id) = pool.inner.random.uuid()
        && let Ok(id) = HeaderValue::from_str(&id)
    {
        response.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    // What a web page may not call, it shall not read either.
    if operation.is_none_or(|operation| operation.access == Access::Public) {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    response
}

type Outcome = (Result<Value, ServiceError>, Option<String>);

async fn perform(pool: &Pool, request: Request) -> (Option<&'static Operation>, Outcome) {
    let headers = request.headers();
    let operation = match find_operation(headers) {
        Ok(operation) => operation,
        Err(error) => return (None, (Err(error), None)),
    };
    if let Err(error) = admit(operation, headers) {
        return (Some(operation), (Err(error), None));
    }
    let outcome = match axum::RequestExt::extract::<Bytes, _>(request).await {
        Ok(body) => run(Arc::clone(&pool.inner), operation, body).await,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => (
            Err(ServiceError::new(Exception::RequestEntityTooLarge, "the body is larger than 256 KiB")),
            None,
        ),
        Err(_) => (Err(ServiceError::new(Exception::Serialization, "the body could not be read")), None),
    };
    (Some(operation), outcome)
}

fn find_operation(headers: &HeaderMap) -> Result<&'static Operation, ServiceError> {
    headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .and_then(Operation::of_target)
        .ok_or_else(|| {
            ServiceError::new(Exception::UnknownOperation, "the X-Amz-Target names no operation of this pool")
        })
}

fn admit(operation: &Operation, headers: &HeaderMap) -> Result<(), ServiceError> {
    if operation.access == Access::Administrator && is_from_a_page(headers) {
        return Err(ServiceError::new(Exception::Forbidden, "a web page may not call this operation"));
    }
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(JSON_1_1) {
        return Ok(());
    }
    Err(ServiceError::new(Exception::Serialization, "the Content-Type is not application/x-amz-json-1.1"))
}

// Operations wait for SQLite, for arithmetic and for triggers: they get a thread on which that is allowed.
async fn run(inner: Arc<Inner>, operation: &'static Operation, body: Bytes) -> Outcome {
    let Ok(turn) = Arc::clone(&inner.running).acquire_owned().await else {
        return (Err(ServiceError::internal(&"the pool takes no more operations")), None);
    };
    let runtime = Handle::current();
    let work = move || {
        // Kept here: an operation runs to its end even when its client has hung up.
        let _turn = turn;
        let call =
            Input::parse(&body, operation.members).and_then(|input| Call::new(&inner, input, &runtime));
        match call {
            Ok(call) => ((operation.run)(&call), call.into_sub()),
            Err(error) => (Err(error), None),
        }
    };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| (Err(ServiceError::internal(&"an operation panicked")), None))
}

pub(crate) fn log(operation: &str, sub: Option<&str>, outcome: &str, elapsed: Duration) {
    let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(operation, sub, outcome, duration_ms, "user pool request");
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

async fn serve_key_set(State(pool): State<Pool>) -> Response {
    document(&pool.key_set())
}

async fn serve_discovery(State(pool): State<Pool>) -> Response {
    document(&oauth::discovery_document(&pool.inner))
}

fn document(document: &Value) -> Response {
    (
        [
            (CONTENT_TYPE, "application/json"),
            (CACHE_CONTROL, "public, max-age=86400, must-revalidate"),
            (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        ],
        document.to_string(),
    )
        .into_response()
}

async fn not_found(method: Method) -> Response {
    let status = if method == Method::GET { StatusCode::NOT_FOUND } else { StatusCode::METHOD_NOT_ALLOWED };
    let body = json!({ "__type": "UnknownOperationException", "message": "there is nothing here" });
    (status, [(CONTENT_TYPE, JSON_1_1)], body.to_string()).into_response()
}
