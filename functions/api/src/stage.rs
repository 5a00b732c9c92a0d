//! The stage of an API Gateway deployment, taken off the path.
//!
//! An HTTP API with a named stage sends `/prod/notes`, and `lambda_http` puts the stage of a REST API in front of the
//! path, so that a function sees one form. Routes are named without it, and so they are the same on every stage and on
//! this machine.

use http::{Uri, uri::PathAndQuery};
use lambda_http::{Request, RequestExt, request::RequestContext};

/// What a client wrote before the path that routes know, such as `/prod`. Travels in the extensions of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicPrefix(pub(crate) String);

/// Takes the stage off the path of a request that came through API Gateway, and keeps it as [`PublicPrefix`].
pub(crate) fn without_stage(mut request: Request) -> Request {
    let raw = request.raw_http_path();
    let (stage, prefix) = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            let stage = context.stage.clone();
            let prefix = stage.as_ref().filter(|stage| after_stage(raw, stage).is_some());
            let prefix = prefix.map(|stage| format!("/{stage}"));
            (stage, prefix)
        }
        Some(RequestContext::ApiGatewayV1(context)) => {
            let prefix = context.path.as_deref().and_then(|path| path.strip_suffix(raw)).map(str::to_owned);
            // The path of a REST API has no stage. If it begins like one all the same, `lambda_http` has added none.
            let added = |stage: &String| !raw.starts_with(&format!("/{stage}/"));
            (context.stage.clone().filter(added), prefix)
        }
        _ => (None, None),
    };
    let stage = stage.filter(|stage| !stage.is_empty() && stage != "$default");
    if let Some(uri) = stage.and_then(|stage| strip(request.uri(), &stage)) {
        *request.uri_mut() = uri;
    }
    if let Some(prefix) = prefix {
        request.extensions_mut().insert(PublicPrefix(prefix));
    }
    request
}

fn strip(uri: &Uri, stage: &str) -> Option<Uri> {
    let rest = after_stage(uri.path(), stage)?;
    let path = if rest.is_empty() { "/" } else { rest };
    let target = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
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
            (http_api("prod", "/prod/notes/n%201"), "/notes/n%201?limit=1", Some("/prod")),
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
}
