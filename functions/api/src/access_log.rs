//! One request, one line in the log.
//!
//! 1. The line names the caller by `sub` alone, the model and the operation, or the field that a handler answers, what came of it and how long it took. It
//!    names the route's pattern, not the path, which holds ids; never a header, a token, a query or a body.
//! 2. Every line that is written while a request is answered carries its `request_id`, and so does the answer, so that
//!    a user's complaint can be looked up.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::{Extensions, HeaderName, HeaderValue, Method, StatusCode};
use lambda_http::{Context, request::RequestContext};
use portcullis::{IdentityExt, Refusal, rules::Identity};
use tracing::Instrument;

/// A filter for `tracing_subscriber::EnvFilter`: this project's lines from this level.
///
/// It leaves out the line that the authentication layer writes for each request, because [`router`](crate::router) writes
/// one that says more. Other crates stay at `info`: below that they print headers and bodies, and with them tokens.
///
/// ```
/// let filter = portcullis_api::log_filter(tracing::Level::DEBUG);
/// assert!(filter.starts_with("INFO,portcullis=DEBUG,"));
/// tracing_subscriber::fmt().json().with_env_filter(filter).init();
/// ```
#[must_use]
pub fn log_filter(level: tracing::Level) -> String {
    let others = level.min(tracing::Level::INFO);
    let authenticate = level.min(tracing::Level::WARN);
    format!(
        "{others},portcullis={level},portcullis_api={level},portcullis_data={level},\
         portcullis_resolvers={level},portcullis::authenticate={authenticate}"
    )
}

/// The header by which a client learns the number under which its request was logged.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the log needs to know of the API.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessLog {
    requests: Arc<AtomicU64>,
    actions: Arc<Actions>,
}

/// What the routes stand for: by the pattern of the path, and by the method.
#[derive(Debug, Default)]
pub(crate) struct Actions(HashMap<String, Vec<(Method, Action)>>);

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Action {
    /// The model; for what a handler answers, `Query` or `Mutation`.
    model: String,
    /// The operation; for what a handler answers, the name of the field.
    operation: String,
}

impl Actions {
    pub(crate) fn add(&mut self, method: Method, route: &str, model: &str, operation: &str) {
        let action = Action { model: model.to_owned(), operation: operation.to_owned() };
        self.0.entry(route.to_owned()).or_default().push((method, action));
    }

    fn of(&self, method: &Method, route: &str) -> Option<&Action> {
        // axum answers HEAD by the handler of GET.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.0.get(route)?.iter().find(|(known, _)| known == method).map(|(_, action)| action)
    }
}

/// Who called. Travels to the log in the extensions of the response.
#[derive(Clone, Debug)]
struct Subject {
    kind: &'static str,
    sub: Option<String>,
}

impl AccessLog {
    pub(crate) fn new(actions: Actions) -> Self {
        Self { requests: Arc::default(), actions: Arc::new(actions) }
    }

    /// The gateway's number of the request if there is a gateway, else our own count.
    fn request_id(&self, extensions: &Extensions) -> String {
        let gateway = extensions.get::<RequestContext>().and_then(|context| match context {
            RequestContext::ApiGatewayV1(context) => context.request_id.clone(),
            RequestContext::ApiGatewayV2(context) => context.request_id.clone(),
            _ => None,
        });
        let lambda = || extensions.get::<Context>().map(|context| context.request_id.clone());
        let own = || self.requests.fetch_add(1, Ordering::Relaxed).saturating_add(1).to_string();
        gateway.or_else(lambda).unwrap_or_else(own)
    }
}

/// The outer half: counts, times and writes the line.
pub(crate) async fn log_request(State(log): State<AccessLog>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let request_id = log.request_id(request.extensions());
    let span = tracing::info_span!("request", request_id);

    let mut response = next.run(request).instrument(span.clone()).await;

    let route = route.as_ref().map(MatchedPath::as_str);
    let action = route.and_then(|route| log.actions.of(&method, route));
    let caller = response.extensions().get::<Subject>();
    span.in_scope(|| {
        tracing::info!(
            method = method.as_str(),
            route,
            model = action.map(|action| action.model.as_str()),
            operation = action.map(|action| action.operation.as_str()),
            caller = caller.map(|caller| caller.kind),
            sub = caller.and_then(|caller| caller.sub.as_deref()),
            decision = action.map(|_| decision(response.status())),
            reason = response.extensions().get::<Refusal>().map(Refusal::reason),
            status = response.status().as_u16(),
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "request answered"
        );
    });
    if let Ok(value) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The inner half, within authentication: notes who called.
pub(crate) async fn note_caller(request: Request, next: Next) -> Response {
    let caller = request.identity().map(|identity| Subject {
        kind: match identity {
            Identity::User(_) => "user",
            Identity::ApiKey => "api-key",
            Identity::Iam(_) => "iam",
            Identity::Function(_) => "lambda",
            _ => "other",
        },
        sub: identity.sub().map(str::to_owned),
    });
    let mut response = next.run(request).await;
    if let Some(caller) = caller {
        response.extensions_mut().insert(caller);
    }
    response
}

/// What the rules said, as far as the status tells.
fn decision(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "unauthenticated",
        StatusCode::FORBIDDEN => "denied",
        // No such item, or not visible: the repository does not tell them apart either.
        StatusCode::NOT_FOUND => "not-visible",
        StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT | StatusCode::NOT_MODIFIED => "allowed",
        // Refused before the record was looked at.
        status if status.is_client_error() => "not-reached",
        status if status.is_server_error() => "failed",
        _ => "allowed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_stand_for_actions() {
        let mut actions = Actions::default();
        actions.add(Method::GET, "/notes", "Note", "list");
        actions.add(Method::POST, "/notes", "Note", "create");
        actions.add(Method::POST, "/queries/hello", "Query", "hello");
        for (method, route, expected) in [
            (Method::GET, "/notes", Some(("Note", "list"))),
            (Method::HEAD, "/notes", Some(("Note", "list"))),
            (Method::POST, "/notes", Some(("Note", "create"))),
            (Method::POST, "/queries/hello", Some(("Query", "hello"))),
            (Method::DELETE, "/notes", None),
            (Method::GET, "/health", None),
        ] {
            let action = actions.of(&method, route);
            let action = action.map(|action| (action.model.as_str(), action.operation.as_str()));
            assert_eq!(action, expected, "{method} {route}");
        }
    }

    #[test]
    fn requests_are_counted_where_no_gateway_does() {
        let log = AccessLog::default();
        let ids = [log.request_id(&Extensions::new()), log.clone().request_id(&Extensions::new())];
        assert_eq!(ids, ["1", "2"]);
    }
}
