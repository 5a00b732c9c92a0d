//! One request to one endpoint, and what its steps share.

use std::{cell::RefCell, sync::Arc, time::Instant};

use axum::{body::Bytes, extract::Request, response::Response};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE},
};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{failure::Failure, page, parameters::Parameters};
use crate::pool::{Inner, Pool, call::Call, error::ServiceError, input::Input, wire};

/// Who calls an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// A browser that shows the answer to a person.
    Browser,
    /// A program, or the script of a page.
    Program,
}

/// What an endpoint does. It runs on a blocking thread from beginning to end.
pub(super) type Endpoint = fn(&Visit<'_>) -> Result<Response, Failure>;

/// One request.
pub(super) struct Visit<'a> {
    pub(super) pool: &'a Inner,
    pub(super) runtime: &'a Handle,
    pub(super) headers: &'a HeaderMap,
    query: &'a str,
    body: &'a [u8],
    sub: RefCell<Option<String>>,
}

impl<'a> Visit<'a> {
    /// The parameters of the address.
    pub(super) fn query(&self) -> Result<Parameters<'a>, Failure> {
        Parameters::parse(self.query.as_bytes())
            .map_err(|_| Failure::page("A parameter is given twice, or the address is too long."))
    }

    /// The parameters of the body.
    pub(super) fn form(&self) -> Result<Parameters<'a>, Failure> {
        let media_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Failure::invalid_request("the body is not application/x-www-form-urlencoded"));
        }
        Parameters::parse(self.body)
            .map_err(|_| Failure::invalid_request("a parameter is given twice, or the body is too long"))
    }

    /// A call on the pool in the name of a client, as its operations are.
    pub(super) fn call(&self, client_id: &str, metadata: Option<&Value>) -> Result<Call<'a>, ServiceError> {
        let mut members = serde_json::Map::new();
        members.insert("ClientId".to_owned(), json!(client_id));
        if let Some(metadata) = metadata {
            members.insert("ClientMetadata".to_owned(), metadata.clone());
        }
        Call::new(self.pool, Input::of(members), self.runtime)
    }

    /// Notes whom the request is about, for the log.
    pub(super) fn acts_for(&self, sub: &str) {
        *self.sub.borrow_mut() = Some(sub.to_owned());
    }
}

/// Answers a request, on a thread on which waiting is allowed, and logs it in one line.
pub(super) async fn serve(
    pool: Pool,
    request: Request,
    name: &'static str,
    audience: Audience,
    endpoint: Endpoint,
) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let has_body = parts.method == Method::POST;
    let body = if has_body {
        let request = Request::from_parts(parts.clone(), body);
        axum::RequestExt::extract::<Bytes, _>(request).await.ok()
    } else {
        Some(Bytes::new())
    };
    let outcome = match body {
        None => (Err(Failure::invalid_request("the body is too long, or could not be read")), None),
        Some(body) => run(Arc::clone(&pool.inner), parts, body, endpoint).await,
    };
    let (result, sub) = outcome;
    let code = result.as_ref().map_or_else(Failure::code, |_| "ok");
    wire::log(name, sub.as_deref(), code, started.elapsed());
    let mut response = result.unwrap_or_else(|failure| match audience {
        Audience::Browser => failure.into_browser_response(),
        Audience::Program => failure.into_program_response(),
    });
    if audience == Audience::Program {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
}

type Outcome = (Result<Response, Failure>, Option<String>);

async fn run(inner: Arc<Inner>, parts: http::request::Parts, body: Bytes, endpoint: Endpoint) -> Outcome {
    let Ok(turn) = Arc::clone(&inner.running).acquire_owned().await else {
        return (Err(ServiceError::internal(&"the pool takes no more requests").into()), None);
    };
    let runtime = Handle::current();
    let work = move || {
        // Kept here: a request is carried out even when its client has hung up.
        let _turn = turn;
        let visit = Visit {
            pool: &inner,
            runtime: &runtime,
            headers: &parts.headers,
            query: parts.uri.query().unwrap_or_default(),
            body: &body,
            sub: RefCell::new(None),
        };
        let result = endpoint(&visit);
        (result, visit.sub.into_inner())
    };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| (Err(ServiceError::internal(&"an endpoint panicked").into()), None))
}

/// A page that says that something is wrong here and not at the client.
pub(super) fn broken() -> Response {
    page::message(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here. Try again.")
}
