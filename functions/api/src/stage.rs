//! The path of a request that came through API Gateway, as routes know it: without the stage, and as the client wrote it.
//!
//! An HTTP API with a named stage sends `/prod/notes`, and `lambda_http` puts the stage of a REST API in front of the
//! path, so that a function sees one form. Routes are named without it, and so they are the same on every stage and on
//! this machine.
//!
//! An HTTP API decodes the path before it sends it: `/notes/a%23b` comes as `/notes/a#b`. `lambda_http` reads that as
//! part of a URL, which would cut it to `/notes/a`, drop tabs, resolve `..`, and leave `%41` to be decoded once more. So
//! the path is made anew from what was sent, by these rules:
//!
//! 1. From an HTTP API every byte is encoded that is not unreserved (RFC 3986, section 2.3) or a `/`, a `%` too. One
//!    decoding, which the router does, then gives back what the gateway sent.
//! 2. A REST API and the URL of a function send the path encoded. It stays as it is; only bytes that no path holds are
//!    encoded.
//! 3. Nothing is resolved: `/notes/x/../y` names no route.
//!
//! *Caveat:* whether a client wrote `/` or `%2F` cannot be told behind an HTTP API. No id holds a character for which
//! that matters ([`Repository::create`](portcullis_data::Repository::create)).

use http::{Uri, uri::PathAndQuery};
use lambda_http::{Request, RequestExt, request::RequestContext};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for something else in a decoded path.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// What cannot stand in an encoded path, or need not.
const ENCODED_STILL: &AsciiSet = &ENCODED.remove(b'%');

/// What a client wrote before the path that routes know, such as `/prod`. Travels in the extensions of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicPrefix(pub(crate) String);

/// Gives a request that came through API Gateway the path that the client wrote, without the stage, which is kept as
/// [`PublicPrefix`].
pub(crate) fn without_stage(mut request: Request) -> Request {
    let raw = request.raw_http_path();
    let (path, encoded, prefix) = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            let stage = context.stage.as_deref().filter(|stage| !stage.is_empty() && *stage != "$default");
            let stripped = stage.and_then(|stage| Some((after_stage(raw, stage)?, format!("/{stage}"))));
            let (path, prefix) = stripped.map_or((raw, None), |(path, prefix)| (path, Some(prefix)));
            let function_url =
                context.domain_name.as_deref().is_some_and(|domain| domain.contains(".lambda-url."));
            (path, function_url, prefix)
        }
        Some(RequestContext::ApiGatewayV1(context)) => {
            let prefix = context.path.as_deref().and_then(|path| path.strip_suffix(raw)).map(str::to_owned);
            (raw, true, prefix)
        }
        _ => return request,
    };
    if let Some(uri) = with_path(request.uri(), path, encoded) {
        *request.uri_mut() = uri;
    }
    if let Some(prefix) = prefix {
        request.extensions_mut().insert(PublicPrefix(prefix));
    }
    request
}

fn with_path(uri: &Uri, path: &str, encoded: bool) -> Option<Uri> {
    // `lambda_http` has taken a part of such a path for the query. No route and no id has these characters.
    let query = uri.query().filter(|_| !path.contains(['?', '#']));
    let set = if encoded { ENCODED_STILL } else { ENCODED };
    let mut target =
        if path.is_empty() { "/".to_owned() } else { utf8_percent_encode(path, set).to_string() };
    if let Some(query) = query {
        target.push('?');
        target.push_str(query);
    }
    // A path that is too long must not stay as it was read: this one names no route.
    let target = PathAndQuery::try_from(target).unwrap_or_else(|_| PathAndQuery::from_static("/."));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).ok()
}

fn after_stage<'a>(path: &'a str, stage: &str) -> Option<&'a str> {
    path.strip_prefix('/')?.strip_prefix(stage).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn http_api(stage: &str, path: &str) -> Request {
        let event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": "limit=1",
            "headers": { "host": "id.execute-api.eu-west-1.amazonaws.com" },
            "requestContext": {
                "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "x" },
                "stage": stage, "timeEpoch": 0, "apiId": "id", "accountId": "1", "requestId": "r", "routeKey": "$default",
            },
            "isBase64Encoded": false,
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    fn rest_api(stage: &str, path: &str) -> Request {
        let event = json!({
            "resource": "/{proxy+}",
            "path": path,
            "httpMethod": "GET",
            "headers": { "Host": "id.execute-api.eu-west-1.amazonaws.com" },
            "queryStringParameters": { "limit": "1" },
            "requestContext": {
                "stage": stage, "path": format!("/{stage}{path}"), "httpMethod": "GET", "requestId": "r", "resourcePath": "/{proxy+}",
            },
            "isBase64Encoded": false,
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    #[test]
    fn routes_are_the_same_on_every_stage() {
        for (request, expected, prefix) in [
            (http_api("$default", "/notes"), "/notes?limit=1", None),
            (http_api("prod", "/prod/notes"), "/notes?limit=1", Some("/prod")),
            (http_api("prod", "/prod/notes/n 1"), "/notes/n%201?limit=1", Some("/prod")),
            (http_api("notes", "/notes/notes"), "/notes?limit=1", Some("/notes")),
            (http_api("prod", "/notes"), "/notes?limit=1", None),
            (rest_api("prod", "/notes"), "/notes?limit=1", Some("/prod")),
            (rest_api("prod", "/notes/n1"), "/notes/n1?limit=1", Some("/prod")),
            (rest_api("prod", "/production"), "/production?limit=1", Some("/prod")),
            (rest_api("notes", "/notes/n1"), "/notes/n1?limit=1", Some("/notes")),
        ] {
            let request = without_stage(request);
            assert_eq!(request.uri().path_and_query().unwrap(), expected);
            let found = request.extensions().get::<PublicPrefix>().map(|prefix| prefix.0.as_str());
            assert_eq!(found, prefix, "{expected}");
        }
    }

    #[test]
    fn a_path_is_decoded_once_whoever_sent_it() {
        let function_url = |path: &str| {
            let mut request = http_api("$default", path);
            if let Some(RequestContext::ApiGatewayV2(context)) = request.extensions_mut().get_mut() {
                context.domain_name = Some("id.lambda-url.eu-west-1.on.aws".to_owned());
            }
            request
        };
        for (request, expected) in [
            (http_api("$default", "/notes/a#b"), "/notes/a%23b"),
            (http_api("$default", "/notes/a?b"), "/notes/a%3Fb"),
            (http_api("$default", "/notes/a\tb\n"), "/notes/a%09b%0A?limit=1"),
            (http_api("$default", "/notes/%41"), "/notes/%2541?limit=1"),
            (http_api("$default", "/notes/x/../y"), "/notes/x/../y?limit=1"),
            (http_api("$default", "/notes/x\\y"), "/notes/x%5Cy?limit=1"),
            (http_api("$default", "/notes/\u{fc}"), "/notes/%C3%BC?limit=1"),
            (http_api("prod", "/prod/notes/a#b"), "/notes/a%23b"),
            (http_api("prod", "/prod"), "/?limit=1"),
            (rest_api("prod", "/notes/n%201"), "/notes/n%201?limit=1"),
            (rest_api("prod", "/notes/x/../y"), "/notes/x/../y?limit=1"),
            (rest_api("prod", "/notes/x/%2e%2e/y"), "/notes/x/%2e%2e/y?limit=1"),
            (function_url("/notes/n%201"), "/notes/n%201?limit=1"),
            (function_url("/notes/x/../y"), "/notes/x/../y?limit=1"),
            (http_api("$default", &format!("/{}", "\u{1}".repeat(30_000))), "/."),
        ] {
            assert_eq!(without_stage(request).uri().path_and_query().unwrap(), expected);
        }
    }
}
