//! The events of authorizers, told apart.

use std::fmt;

use serde_json::Value;

/// Who asks, and in which form.
///
/// An event is of one shape or of none: what has the marks of two is not answered.
///
/// | shape | `type` | `version` | also |
/// |---|---|---|---|
/// | [`RestToken`](Self::RestToken) | `TOKEN` | | `methodArn`, `authorizationToken`, no `requestContext` |
/// | [`RestRequest`](Self::RestRequest) | `REQUEST` | | `methodArn`, `httpMethod`, `path` |
/// | [`HttpApi1`](Self::HttpApi1) | `REQUEST` | `1.0` | `methodArn`, `httpMethod`, `path` |
/// | [`HttpApi2`](Self::HttpApi2) | `REQUEST` | `2.0` | `routeArn`, `routeKey`, `rawPath`, `requestContext.http` |
/// | [`WebSocket`](Self::WebSocket) | `REQUEST` | | `methodArn`, and in `requestContext` the `eventType` `CONNECT` and the `routeKey` `$connect` |
/// | [`AppSync`](Self::AppSync) | | | `authorizationToken`, and in `requestContext` the `apiId` and the `queryString` |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// A `TOKEN` authorizer of a REST API.
    RestToken,
    /// A `REQUEST` authorizer of a REST API.
    RestRequest,
    /// An authorizer of an HTTP API, payload format 1.0.
    HttpApi1,
    /// An authorizer of an HTTP API, payload format 2.0.
    HttpApi2,
    /// An authorizer of the `$connect` route of a WebSocket API.
    WebSocket,
    /// An authorizer of a GraphQL API of AWS AppSync.
    AppSync,
}

impl Shape {
    /// The shape of an event; `None` if it is none of these.
    #[must_use]
    pub fn of(event: &Value) -> Option<Self> {
        let event = event.as_object()?;
        let there = |name: &str| event.get(name).filter(|value| !value.is_null());
        let text = |name: &str| there(name).and_then(Value::as_str);
        let context = |name: &str| there("requestContext")?.get(name).filter(|value| !value.is_null());
        let context_text = |name: &str| context(name).and_then(Value::as_str);
        // A member that is there and no text is a mark of nothing.
        if ["type", "version", "methodArn", "routeArn"]
            .iter()
            .any(|name| there(name).is_some_and(|it| !it.is_string()))
        {
            return None;
        }
        let asks_for_a_path = || text("httpMethod").is_some() && text("path").is_some();
        let connects =
            || context_text("eventType") == Some("CONNECT") && context_text("routeKey") == Some("$connect");
        let marks = (text("type"), text("version"), text("methodArn").is_some(), text("routeArn").is_some());
        match marks {
            (Some("TOKEN"), None, true, false)
                if text("authorizationToken").is_some() && there("requestContext").is_none() =>
            {
                Some(Self::RestToken)
            }
            (Some("REQUEST"), None, true, false) => match context("eventType") {
                None if asks_for_a_path() => Some(Self::RestRequest),
                Some(_) if connects() => Some(Self::WebSocket),
                _ => None,
            },
            (Some("REQUEST"), Some("1.0"), true, false) if asks_for_a_path() => Some(Self::HttpApi1),
            (Some("REQUEST"), Some("2.0"), false, true) => {
                let http = context("http")?;
                let is_text = |name: &str| http.get(name).is_some_and(Value::is_string);
                let named = text("routeKey").is_some() && text("rawPath").is_some();
                (named && is_text("method") && is_text("path")).then_some(Self::HttpApi2)
            }
            (None, None, false, false) => {
                let asks = context_text("apiId").is_some() && context_text("queryString").is_some();
                (asks && text("authorizationToken").is_some()).then_some(Self::AppSync)
            }
            _ => None,
        }
    }

    /// The name in logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RestToken => "rest token",
            Self::RestRequest => "rest request",
            Self::HttpApi1 => "http 1.0",
            Self::HttpApi2 => "http 2.0",
            Self::WebSocket => "websocket",
            Self::AppSync => "appsync",
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
