//! Which events are answered at all.

use portcullis_authorizer::{AuthorizerError, Shape};
use serde_json::{Value, json};

use crate::{EVENTS, authorizer, event, token, with_token};

#[test]
fn each_documented_event_has_its_shape() {
    for (name, _) in EVENTS {
        assert_eq!(Shape::of(&event(name)).map(Shape::name), Some(name));
    }
}

#[tokio::test]
async fn an_event_that_lacks_a_mark_or_has_those_of_two_is_answered_by_an_error() {
    let good = token(&[]).sign();
    for (name, change) in [
        ("rest token", json!({ "type": null })),
        ("rest token", json!({ "type": "token" })),
        ("rest token", json!({ "type": "REQUEST" })),
        ("rest token", json!({ "type": ["TOKEN"] })),
        ("rest token", json!({ "methodArn": null })),
        ("rest token", json!({ "methodArn": 1 })),
        ("rest token", json!({ "authorizationToken": null })),
        ("rest token", json!({ "version": "2.0" })),
        ("rest token", json!({ "version": 2 })),
        (
            "rest token",
            json!({ "routeArn": "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/x" }),
        ),
        ("rest token", json!({ "requestContext": { "apiId": "x", "queryString": "{ a }" } })),
        ("rest request", json!({ "httpMethod": null })),
        ("rest request", json!({ "path": null })),
        ("rest request", json!({ "version": "3.0" })),
        ("rest request", json!({ "type": "TOKEN" })),
        (
            "http 1.0",
            json!({ "routeArn": "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/x" }),
        ),
        ("http 1.0", json!({ "version": "1.1" })),
        ("http 2.0", json!({ "version": "1.0" })),
        ("http 2.0", json!({ "routeArn": null })),
        (
            "http 2.0",
            json!({ "methodArn": "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/x" }),
        ),
        ("http 2.0", json!({ "rawPath": null })),
        ("http 2.0", json!({ "requestContext": {} })),
        ("websocket", json!({ "requestContext": { "eventType": "MESSAGE", "routeKey": "$connect" } })),
        ("websocket", json!({ "requestContext": { "eventType": "CONNECT", "routeKey": "send" } })),
        ("websocket", json!({ "requestContext": {} })),
        ("appsync", json!({ "type": "TOKEN" })),
        ("appsync", json!({ "requestContext": { "apiId": "x" } })),
        // AppSync Events, which asks about channels.
        (
            "appsync",
            json!({ "requestContext": { "apiId": "x", "operation": "EVENT_SUBSCRIBE", "channel": "/c" } }),
        ),
        ("appsync", json!({ "authorizationToken": null })),
    ] {
        let mut event = with_token(name, &good);
        for (member, value) in change.as_object().unwrap() {
            event[member] = value.clone();
        }
        let answer = authorizer().answer(&event).await;
        assert_eq!(answer, Err(AuthorizerError::UnknownEvent), "{name} {change}");
    }
    for event in [Value::Null, json!([]), json!("TOKEN"), json!({}), json!([with_token("rest token", &good)])]
    {
        assert_eq!(authorizer().answer(&event).await, Err(AuthorizerError::UnknownEvent), "{event}");
    }
    // An event of the API itself.
    let mut proxy = with_token("rest request", &good);
    proxy.as_object_mut().unwrap().remove("type");
    assert_eq!(authorizer().answer(&proxy).await, Err(AuthorizerError::UnknownEvent));
}

#[tokio::test]
async fn a_resource_that_is_no_route_is_answered_by_an_error() {
    const API: &str = "arn:aws:execute-api:us-east-1:123456789012:abcdef123";
    let good = token(&[]).sign();
    for (name, member, arn, expected) in [
        ("rest token", "methodArn", "*".to_owned(), AuthorizerError::UnknownRoute),
        ("rest token", "methodArn", format!("{API}/test/$connect"), AuthorizerError::UnknownRoute),
        ("rest request", "methodArn", format!("{API}/*/GET/x"), AuthorizerError::UnknownRoute),
        ("http 1.0", "methodArn", format!("{API}/test/*"), AuthorizerError::UnknownRoute),
        ("http 2.0", "routeArn", format!("{API}/$default/$default"), AuthorizerError::NoPath),
        ("websocket", "methodArn", format!("{API}/default/GET/x"), AuthorizerError::UnknownRoute),
        ("websocket", "methodArn", format!("{API}/default/$disconnect"), AuthorizerError::UnknownRoute),
    ] {
        let mut event = with_token(name, &good);
        event[member] = arn.clone().into();
        assert_eq!(authorizer().answer(&event).await, Err(expected), "{name} {arn}");
    }
}
