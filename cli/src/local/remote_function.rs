//! Calling a function in another process, as `Invoke` of AWS Lambda calls it.
//!
//! 1. The event is the body of a `POST`, and the function's answer is the body that comes back.
//! 2. A function that has failed is told by `X-Amz-Function-Error`. `cargo lambda watch` leaves the header out, so an answer that has
//!    an `errorMessage` and no `response` is a failure too.
//! 3. No redirect is followed, and no answer is read beyond what Lambda lets a function answer.

use std::time::Duration;

use http::{StatusCode, header::CONTENT_TYPE};
use reqwest::{Client, Response, Url, redirect::Policy};
use serde_json::Value;

use crate::{
    local::{AttachedFunction, StartError},
    pool::{Trigger, TriggerFailure},
};

/// The largest answer of a function, in bytes ("Lambda quotas", AWS Lambda developer guide).
const MAX_ANSWER: usize = 6 * 1024 * 1024;
/// Longer than the pool waits for any function: an exchange that nobody waits for ends all the same.
const DEADLINE: Duration = Duration::from_secs(90);
const FUNCTION_ERROR: &str = "x-amz-function-error";

/// A function in another process. Clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct RemoteFunction {
    trigger: Trigger,
    url: Url,
    http: Client,
}

impl RemoteFunction {
    pub(crate) fn new(function: &AttachedFunction) -> Result<Self, StartError> {
        let builder = Client::builder().redirect(Policy::none()).timeout(DEADLINE);
        // On this machine past any proxy, and without the trusted roots, which plain HTTP has no use for.
        let builder = match (function.is_local(), function.url.scheme()) {
            (true, "http") => builder.no_proxy().tls_certs_only([]),
            (true, _) => builder.no_proxy(),
            (false, _) => builder,
        };
        let http = builder.build().map_err(|error| StartError::part("a trigger's HTTP client", error))?;
        Ok(Self { trigger: function.trigger, url: function.url.clone(), http })
    }

    pub(crate) fn trigger(&self) -> Trigger {
        self.trigger
    }

    /// Calls it.
    pub(crate) async fn invoke(&self, event: Value) -> Result<Value, TriggerFailure> {
        let name = self.trigger.name();
        let request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("x-amz-invocation-type", "RequestResponse")
            .body(event.to_string());
        let response = request.send().await.map_err(|error| {
            tracing::error!(trigger = name, timeout = error.is_timeout(), "a function cannot be reached");
            TriggerFailure::NotInvoked("ServiceException")
        })?;
        let status = response.status();
        if !status.is_success() {
            tracing::error!(trigger = name, status = status.as_u16(), "a function was not invoked");
            return Err(TriggerFailure::NotInvoked(exception(status)));
        }
        let has_failed = response.headers().contains_key(FUNCTION_ERROR);
        let Some(body) = read(response).await else {
            tracing::error!(trigger = name, "a function's answer broke off, or is too large");
            return Err(TriggerFailure::NotInvoked("ServiceException"));
        };
        outcome(&body, has_failed)
    }
}

/// What Lambda calls it.
fn exception(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => "AccessDeniedException",
        StatusCode::NOT_FOUND => "ResourceNotFoundException",
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequestsException",
        _ => "ServiceException",
    }
}

fn outcome(body: &[u8], has_failed: bool) -> Result<Value, TriggerFailure> {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return Err(if has_failed { TriggerFailure::Crashed } else { TriggerFailure::NotJson });
    };
    let message = answer.get("errorMessage").filter(|_| answer.get("response").is_none());
    match message {
        None if !has_failed => Ok(answer),
        Some(Value::String(message)) => Err(TriggerFailure::Refused(message.clone())),
        _ => Err(TriggerFailure::Crashed),
    }
}

async fn read(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Bytes, http::HeaderMap, response::IntoResponse, routing::post};
    use serde_json::json;

    use super::*;

    /// A function that answers so, and nothing else.
    async fn answering(status: u16, failed: bool, body: Vec<u8>) -> RemoteFunction {
        let answer = move |headers: HeaderMap, event: Bytes| async move {
            assert_eq!(headers["content-type"], "application/json");
            assert_eq!(serde_json::from_slice::<Value>(&event).unwrap(), json!({ "request": {} }));
            let status = StatusCode::from_u16(status).unwrap();
            let mut response = (status, [("location", "http://127.0.0.1:1/")], body).into_response();
            if failed {
                response.headers_mut().insert(FUNCTION_ERROR, "Unhandled".parse().unwrap());
            }
            response
        };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let path = "/2015-03-31/functions/mine/invocations";
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        let router = Router::new().route(path, post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        RemoteFunction::new(&format!("PreSignUp={url}").parse().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn an_answer_is_told_from_a_refusal_and_from_what_is_neither() {
        let answered = json!({ "request": {}, "response": { "autoConfirmUser": true } });
        let both = json!({ "response": {}, "errorMessage": "a member of mine" });
        let refused = br#"{"errorType": "E_NO", "errorMessage": "E_NO: not here"}"#.to_vec();
        let refusal = Err(TriggerFailure::Refused("E_NO: not here".to_owned()));
        for (status, failed, body, expected) in [
            (200, false, answered.to_string().into_bytes(), Ok(answered)),
            (200, false, both.to_string().into_bytes(), Ok(both)),
            (200, true, refused.clone(), refusal.clone()),
            // As `cargo lambda watch` answers.
            (200, false, refused, refusal),
            (200, true, br#"{"errorMessage": null}"#.to_vec(), Err(TriggerFailure::Crashed)),
            (200, true, b"null".to_vec(), Err(TriggerFailure::Crashed)),
            (200, true, b"Task timed out".to_vec(), Err(TriggerFailure::Crashed)),
            (200, false, b"null".to_vec(), Ok(Value::Null)),
            (200, false, b"{\"response\": ".to_vec(), Err(TriggerFailure::NotJson)),
            (200, false, Vec::new(), Err(TriggerFailure::NotJson)),
            (200, false, vec![b' '; MAX_ANSWER + 1], Err(TriggerFailure::NotInvoked("ServiceException"))),
            (302, false, Vec::new(), Err(TriggerFailure::NotInvoked("ServiceException"))),
            (403, false, Vec::new(), Err(TriggerFailure::NotInvoked("AccessDeniedException"))),
            (404, false, Vec::new(), Err(TriggerFailure::NotInvoked("ResourceNotFoundException"))),
            (429, false, Vec::new(), Err(TriggerFailure::NotInvoked("TooManyRequestsException"))),
            (500, true, Vec::new(), Err(TriggerFailure::NotInvoked("ServiceException"))),
        ] {
            let text = format!("{status} {failed} {:?}", body.get(..20.min(body.len())));
            let function = answering(status, failed, body).await;
            assert_eq!(function.invoke(json!({ "request": {} })).await, expected, "{text}");
        }
    }

    #[tokio::test]
    async fn a_function_that_hangs_up_was_not_invoked() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { while listener.accept().await.is_ok() {} });
        let function = RemoteFunction::new(&format!("PreSignUp={url}").parse().unwrap()).unwrap();
        let failure = function.invoke(json!({})).await.unwrap_err();
        assert_eq!(failure, TriggerFailure::NotInvoked("ServiceException"));
    }
}
