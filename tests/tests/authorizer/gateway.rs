//! API Gateway: it asks the authorizer, keeps the answer by the token, and hands the request on with what was said.

use std::{collections::HashMap, convert::Infallible};

use lambda_http::{LambdaEvent, Service, request::LambdaRequest, tower::ServiceExt};
use portcullis_api::{Api, lambda_service, router};
use portcullis_authorizer::LambdaAuthorizer;
use serde_json::{Value, json};

/// A kind of API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rest,
    Http,
}

pub(crate) struct Gateway {
    kind: Kind,
    authorizer: LambdaAuthorizer,
    api: Api,
    kept: HashMap<String, Value>,
}

impl Gateway {
    pub(crate) fn new(kind: Kind, authorizer: LambdaAuthorizer, api: Api) -> Self {
        Self { kind, authorizer, api, kept: HashMap::new() }
    }

    /// Whether the authorizer's answer lets the request through.
    pub(crate) async fn lets_through(&mut self, token: &str, method: &str, path: &str) -> bool {
        let arn = format!("arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/prod/{method}{path}");
        let policy = &self.answer(token, method, path).await["policyDocument"];
        let names = |effect: &str| {
            let statements = policy["Statement"].as_array().unwrap().iter();
            statements.filter(|statement| statement["Effect"] == effect).any(|statement| {
                let resources = statement["Resource"].as_array().unwrap().iter();
                resources.filter_map(Value::as_str).any(|resource| fits(resource, &arn))
            })
        };
        names("Allow") && !names("Deny")
    }

    /// What the API answers to a request that the gateway has let through: the status.
    pub(crate) async fn status_behind(&mut self, token: &str, method: &str, path: &str) -> u64 {
        let context = self.answer(token, method, path).await["context"].clone();
        let authorization = format!("Bearer {token}");
        let body = ["POST", "PATCH"].contains(&method).then_some("{}");
        let event = match self.kind {
            Kind::Http => json!({
                "version": "2.0", "routeKey": "ANY /{proxy+}", "rawPath": format!("/prod{path}"), "rawQueryString": "",
                "headers": { "authorization": authorization, "content-type": "application/json" },
                "requestContext": {
                    "http": { "method": method, "path": format!("/prod{path}"), "sourceIp": "203.0.113.1", "protocol": "HTTP/1.1", "userAgent": "x" },
                    "stage": "prod", "apiId": "a1b2c3", "accountId": "111122223333", "requestId": "r", "routeKey": "ANY /{proxy+}", "timeEpoch": 0,
                    "authorizer": { "lambda": context },
                },
                "body": body, "isBase64Encoded": false,
            }),
            Kind::Rest => {
                let mut said = context;
                said["principalId"] = "ann".into();
                said["integrationLatency"] = 12.into();
                json!({
                    "resource": "/{proxy+}", "path": path, "httpMethod": method,
                    "multiValueHeaders": { "Authorization": [authorization], "Content-Type": ["application/json"] },
                    "requestContext": {
                        "stage": "prod", "path": format!("/prod{path}"), "httpMethod": method, "requestId": "r",
                        "resourcePath": "/{proxy+}", "identity": { "sourceIp": "203.0.113.1" }, "authorizer": said,
                    },
                    "body": body, "isBase64Encoded": false,
                })
            }
        };
        let answer = invoke(lambda_service(router(self.api.clone()).unwrap()), event).await;
        answer["statusCode"].as_u64().unwrap()
    }

    async fn answer(&mut self, token: &str, method: &str, path: &str) -> &Value {
        if !self.kept.contains_key(token) {
            let arn = format!("arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/prod/{method}{path}");
            let authorization = format!("Bearer {token}");
            let event = match self.kind {
                Kind::Http => json!({
                    "version": "2.0", "type": "REQUEST", "routeArn": arn, "identitySource": [authorization],
                    "routeKey": "ANY /{proxy+}", "rawPath": format!("/prod{path}"),
                    "headers": { "authorization": authorization },
                    "requestContext": { "stage": "prod", "http": { "method": method, "path": format!("/prod{path}") } },
                }),
                Kind::Rest => json!({
                    "type": "REQUEST", "methodArn": arn, "resource": "/{proxy+}", "path": path, "httpMethod": method,
                    "headers": { "Authorization": authorization },
                    "multiValueHeaders": { "Authorization": [authorization] },
                    "requestContext": { "stage": "prod", "apiId": "a1b2c3", "httpMethod": method },
                }),
            };
            let answer = self.authorizer.answer(&event).await.unwrap();
            self.kept.insert(token.to_owned(), answer);
        }
        &self.kept[token]
    }
}

/// What a function answers to an event.
pub(crate) async fn invoke<S>(service: S, event: Value) -> Value
where
    S: Service<lambda_http::Request, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    S::Response: lambda_http::IntoResponse + 'static,
{
    let request: LambdaRequest = serde_json::from_value(event).unwrap();
    let mut adapter = lambda_http::Adapter::from(service);
    let event = LambdaEvent::new(request, lambda_http::Context::default());
    let response = adapter.ready().await.unwrap().call(event).await.unwrap();
    serde_json::to_value(response).unwrap()
}

/// As IAM compares: `*` is any text.
fn fits(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return pattern == text;
    };
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}
