//! Events of API Gateway, as AWS documents them, through `lambda_http` into the same router and back.

use http::StatusCode;
use lambda_http::{LambdaEvent, Service, request::LambdaRequest, tower::ServiceExt};
use portcullis::{
    TrustedGateway,
    rules::{Authorizer, IdentityPool},
};
use serde_json::{Value, json};

use crate::{
    NEWSROOM,
    support::{Caller, House, percent_encode},
};

/// Payload 2.0, as in "Create AWS Lambda proxy integrations for HTTP APIs".
pub(crate) fn http_api(stage: &str, method: &str, path: &str, token: &str, body: Option<&str>) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "cookies": ["cookie1", "cookie2"],
        "headers": {
            "accept": "*/*",
            "authorization": format!("Bearer {token}"),
            "content-type": "application/json",
            "host": "r3pmxmplak.execute-api.us-east-2.amazonaws.com",
            "x-forwarded-for": "205.255.255.176",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "r3pmxmplak",
            "domainName": "r3pmxmplak.execute-api.us-east-2.amazonaws.com",
            "domainPrefix": "r3pmxmplak",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "205.255.255.176",
                "userAgent": "agent",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": stage,
            "time": "10/Mar/2020:05:16:23 +0000",
            "timeEpoch": 1_583_817_383_220_u64,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

/// Payload 1.0, as in "Input format of a Lambda function for proxy integration".
pub(crate) fn rest_api(stage: &str, method: &str, path: &str, token: &str, body: Option<&str>) -> Value {
    let authorization = format!("Bearer {token}");
    json!({
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {
            "Authorization": authorization,
            "Content-Type": "application/json",
            "Host": "70ixmpl4fl.execute-api.us-east-2.amazonaws.com",
            "X-Forwarded-Proto": "https",
        },
        "multiValueHeaders": {
            "Authorization": [authorization],
            "Content-Type": ["application/json"],
            "Host": ["70ixmpl4fl.execute-api.us-east-2.amazonaws.com"],
            "X-Forwarded-Proto": ["https"],
        },
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": { "proxy": path.trim_start_matches('/') },
        "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "70ixmpl4fl",
            "domainName": "70ixmpl4fl.execute-api.us-east-2.amazonaws.com",
            "domainPrefix": "70ixmpl4fl",
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "httpMethod": method,
            "identity": { "sourceIp": "205.255.255.255", "userAgent": "agent" },
            "path": format!("/{stage}{path}"),
            "protocol": "HTTP/1.1",
            "requestId": "JKJaXmPLvHcESHA=",
            "requestTime": "10/Mar/2020:05:16:23 +0000",
            "requestTimeEpoch": 1_583_817_383_220_u64,
            "resourcePath": "/{proxy+}",
            "stage": stage,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

/// What API Gateway would get.
pub(crate) async fn invoke(house: &House, event: &Value) -> Value {
    let request: LambdaRequest = serde_json::from_value(event.clone()).unwrap();
    let mut adapter = lambda_http::Adapter::from(portcullis_api::lambda_service(house.router()));
    let response =
        adapter.ready().await.unwrap().call(LambdaEvent::new(request, lambda_http::Context::default())).await;
    serde_json::to_value(response.unwrap()).unwrap()
}

pub(crate) fn body(answer: &Value) -> Value {
    assert_eq!(answer["isBase64Encoded"], false, "{answer}");
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn both_kinds_of_api_on_any_stage_reach_the_same_routes() {
    type Event = fn(&str, &str, &str, &str, Option<&str>) -> Value;
    let house = House::new(NEWSROOM).await;
    let (ann, bob) = (house.token(Caller::Ann), house.token(Caller::Bob));
    for (event, stage, sent_prefix, public_prefix) in [
        (http_api as Event, "$default", "", ""),
        (http_api, "prod", "/prod", "/prod"),
        (rest_api, "prod", "", "/prod"),
        (rest_api, "notes", "", "/notes"),
    ] {
        let created = invoke(
            &house,
            &event(stage, "POST", &format!("{sent_prefix}/notes"), &ann, Some(r#"{"title":"plan"}"#)),
        )
        .await;
        assert_eq!(created["statusCode"], 201, "{created}");
        let id = body(&created)["id"].as_str().unwrap().to_owned();
        assert_eq!(header(&created, "location"), Some(format!("{public_prefix}/notes/{id}")), "{created}");
        assert_eq!(header(&created, "x-request-id"), Some("JKJaXmPLvHcESHA=".to_owned()));

        let path = format!("{sent_prefix}/notes/{id}");
        let got = invoke(&house, &event(stage, "GET", &path, &ann, None)).await;
        assert_eq!((&got["statusCode"], &body(&got)["title"]), (&json!(200), &json!("plan")), "{got}");

        let hidden = invoke(&house, &event(stage, "GET", &path, &bob, None)).await;
        assert_eq!((&hidden["statusCode"], &body(&hidden)["status"]), (&json!(404), &json!(404)), "{hidden}");
        assert_eq!(header(&hidden, "content-type"), Some("application/problem+json".to_owned()));

        let refused = invoke(&house, &event(stage, "GET", &path, "x.y.z", None)).await;
        assert_eq!(refused["statusCode"], 401, "{refused}");
        assert!(header(&refused, "www-authenticate").is_some_and(|it| it.starts_with("Bearer")), "{refused}");
    }
}

/// An HTTP API has decoded the path: none of these is the note `a`, `b` or `A`.
#[tokio::test]
async fn a_path_that_the_gateway_decoded_names_that_item_and_no_other() {
    let house = House::new(NEWSROOM).await;
    let ann = house.token(Caller::Ann);
    for id in ["a", "b", "A", "n 1", "n+1", "\u{fc}:@&=$,;!*'()"] {
        house.create(Caller::Ann, "/notes", &json!({ "id": id, "title": "plan" })).await;
    }
    for path in [
        "/notes/a#b",
        "/notes/a?b",
        "/notes/a?",
        "/notes/\ta",
        "/notes/a\n",
        "/notes/%41",
        "/notes/%61",
        "/notes/x/../a",
        "/notes/./a",
        "/notes/b/../a#c",
        "/notes/x\\..\\a",
        "/notes/..",
        "/x/../notes/a",
    ] {
        for method in ["GET", "DELETE"] {
            let answer = invoke(&house, &http_api("$default", method, path, &ann, None)).await;
            assert_eq!(answer["statusCode"], 404, "{method} {path}: {answer}");
        }
    }
    for id in ["a", "b", "A", "n 1", "n+1", "\u{fc}:@&=$,;!*'()"] {
        for stage in ["$default", "prod"] {
            let prefix = if stage == "prod" { "/prod" } else { "" };
            let event = http_api(stage, "GET", &format!("{prefix}/notes/{id}"), &ann, None);
            let answer = invoke(&house, &event).await;
            assert_eq!((&answer["statusCode"], &body(&answer)["id"]), (&json!(200), &json!(id)), "{answer}");
        }
        let path = format!("/notes/{}", percent_encode(id));
        let answer = invoke(&house, &rest_api("prod", "GET", &path, &ann, None)).await;
        assert_eq!((&answer["statusCode"], &body(&answer)["id"]), (&json!(200), &json!(id)), "{answer}");
    }
}

#[tokio::test]
async fn a_body_in_base64_is_the_same_body() {
    let house = House::new(NEWSROOM).await;
    let mut event =
        http_api("$default", "POST", "/notes", &house.token(Caller::Ann), Some("eyJ0aXRsZSI6InBsYW4ifQ=="));
    event["isBase64Encoded"] = json!(true);
    let created = invoke(&house, &event).await;
    assert_eq!(
        (&created["statusCode"], &body(&created)["title"]),
        (&json!(201), &json!("plan")),
        "{created}"
    );
}

#[tokio::test]
async fn what_an_authorizer_says_about_the_caller_is_not_believed() {
    let house = House::new(NEWSROOM).await;
    let mut event = http_api("$default", "GET", "/notes", "", None);
    event["headers"].as_object_mut().unwrap().remove("authorization");
    event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": { "sub": "ann" }, "scopes": null } });
    let answer = invoke(&house, &event).await;
    assert_eq!(answer["statusCode"], StatusCode::UNAUTHORIZED.as_u16(), "{answer}");
}

/// Payload 2.0 answers have `headers`, 1.0 answers `multiValueHeaders`.
pub(crate) fn header(answer: &Value, name: &str) -> Option<String> {
    let single = answer["headers"].get(name).and_then(Value::as_str);
    let multi =
        answer["multiValueHeaders"].get(name).and_then(|values| values.get(0)).and_then(Value::as_str);
    single.or(multi).map(str::to_owned)
}

#[tokio::test]
async fn a_signed_request_is_known_to_both_kinds_of_api_where_that_is_trusted() {
    let schema = "type Note @model @auth(rules: [
        { allow: private, provider: identityPool } { allow: custom, operations: [read] }
    ]) { title: String }";
    let pool = IdentityPool::new().id("eu-west-1:p").authenticated_role("arn:aws:iam::1:role/member");
    let authorizer = Authorizer::new().identity_pool(pool);
    let trusting = async |gateway: TrustedGateway| {
        House::open(schema, |api| api.gateway(gateway).authorizer(authorizer.clone())).await
    };
    let arn = |role: &str| format!("arn:aws:sts::1:assumed-role/{role}/CognitoIdentityCredentials");
    let signed = "AWS4-HMAC-SHA256 Credential=ASIA/20260131/eu-west-1/execute-api/aws4_request, Signature=0";
    let http = |role: &str, amr: &str| {
        let mut event = http_api("$default", "POST", "/notes", "", Some(r#"{"title":"plan"}"#));
        event["headers"]["authorization"] = json!(signed);
        let identity = json!({ "amr": [amr], "identityId": "eu-west-1:i", "identityPoolId": "eu-west-1:p" });
        event["requestContext"]["authorizer"] =
            json!({ "iam": { "userArn": arn(role), "cognitoIdentity": identity } });
        event
    };
    let rest = |role: &str, amr: &str| {
        let mut event = rest_api("prod", "POST", "/notes", "", Some(r#"{"title":"plan"}"#));
        event["multiValueHeaders"]["Authorization"] = json!([signed]);
        event["requestContext"]["identity"] = json!({
            "cognitoIdentityPoolId": "eu-west-1:p", "cognitoIdentityId": "eu-west-1:i",
            "cognitoAuthenticationType": amr, "userArn": arn(role),
        });
        event
    };
    let house = trusting(TrustedGateway::new().iam()).await;
    let others = trusting(TrustedGateway::new().lambda_authorizer()).await;
    for (role, amr, status) in [
        ("member", "authenticated", 201),
        ("editor", "authenticated", 201),
        ("guest", "unauthenticated", 403),
    ] {
        for event in [http(role, amr), rest(role, amr)] {
            let answer = invoke(&house, &event).await;
            assert_eq!(answer["statusCode"], status, "{role}: {answer}");
            let answer = invoke(&others, &event).await;
            assert_eq!(answer["statusCode"], 401, "{role}: {answer}");
        }
    }

    // What a Lambda authorizer lets in: its token is not one of ours, and is not read.
    let mut by_http = http_api("$default", "GET", "/notes", "opaque", None);
    by_http["requestContext"]["authorizer"] = json!({ "lambda": { "tenant": "acme" } });
    let mut by_rest = rest_api("prod", "GET", "/notes", "opaque", None);
    by_rest["requestContext"]["authorizer"] = json!({ "principalId": "p1", "integrationLatency": 3 });
    for event in [by_http, by_rest] {
        assert_eq!(invoke(&others, &event).await["statusCode"], 200);
        assert_eq!(invoke(&house, &event).await["statusCode"], 401);
    }
}

/// A header says nothing about what a gateway has checked.
#[tokio::test]
async fn a_client_cannot_write_a_context() {
    let schema = "type Note @model @auth(rules: [{ allow: custom }, { allow: private, provider: iam }]) { title: String }";
    let house = House::open(schema, |api| api).await;
    for (name, value) in [
        ("x-amzn-request-context", r#"{"authorizer":{"lambda":{"tenant":"acme"}}}"#),
        ("x-apigateway-event", r#"{"requestContext":{"authorizer":{"lambda":{"tenant":"acme"}}}}"#),
        ("requestContext", r#"{"authorizer":{"lambda":{"tenant":"acme"}}}"#),
    ] {
        let answer = house.call(Caller::Nobody, http::Method::GET, "/notes").header(name, value).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{name}");
    }
}
