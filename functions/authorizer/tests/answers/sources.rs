//! HTTP APIs keep an answer by the identity sources that they show.

use portcullis_authorizer::{AuthorizerError, HttpApiAnswer};
use serde_json::{Value, json};

use crate::{authorizer, resources, token, with_token};

#[tokio::test]
async fn a_token_that_is_no_identity_source_is_a_failure() {
    let good = token(&[]).sign();
    let bearer = format!("Bearer {good}");
    for (name, sources, is_good) in [
        ("http 2.0", json!([bearer]), true),
        ("http 2.0", json!(["203.0.113.1", bearer]), true),
        // Nothing is kept.
        ("http 2.0", json!([]), true),
        ("http 2.0", Value::Null, true),
        ("http 2.0", json!(["203.0.113.1"]), false),
        ("http 2.0", json!([good]), false),
        ("http 1.0", json!(bearer), true),
        ("http 1.0", json!(format!("203.0.113.1,{bearer}")), true),
        ("http 1.0", Value::Null, true),
        ("http 1.0", json!("203.0.113.1"), false),
        ("http 1.0", json!(good), false),
    ] {
        let mut event = with_token(name, &good);
        event["identitySource"] = sources.clone();
        let answer = authorizer().answer(&event).await;
        match is_good {
            true => assert!(!resources(&answer.unwrap(), "Allow").is_empty(), "{name} {sources}"),
            false => assert_eq!(answer, Err(AuthorizerError::TokenNotIdentitySource), "{name} {sources}"),
        }
        // A refusal would be kept for those who have a token.
        for header in ["Authorization", "authorization"] {
            event["headers"].as_object_mut().unwrap().remove(header);
        }
        let without = authorizer().answer(&event).await;
        let keeps_nothing = sources.as_array().map_or(sources.is_null(), Vec::is_empty);
        match keeps_nothing {
            true => assert_eq!(resources(&without.unwrap(), "Deny"), ["*"], "{name} {sources}"),
            false => assert_eq!(without, Err(AuthorizerError::TokenNotIdentitySource), "{name} {sources}"),
        }
    }
}

#[tokio::test]
async fn a_simple_answer_is_given_where_the_identity_sources_name_the_route() {
    let good = token(&[]).sign();
    let bearer = format!("Bearer {good}");
    let simple = authorizer().http_api(HttpApiAnswer::Simple);
    for (route, stage, method, path, sources, expected) in [
        // A route for one path of the API.
        ("GET /articles", "$default", "GET", "/articles", &["GET /articles"][..], Ok(true)),
        ("POST /articles", "$default", "POST", "/articles", &["POST /articles"], Ok(false)),
        ("GET /articles/{id}", "$default", "GET", "/articles/a", &["GET /articles/{id}"], Ok(true)),
        ("PATCH /notes/{any}", "$default", "PATCH", "/notes/a", &["PATCH /notes/{any}"], Ok(true)),
        (
            "DELETE /articles/{id}",
            "prod",
            "DELETE",
            "/prod/articles/a",
            &["DELETE /articles/{id}"],
            Ok(false),
        ),
        // One for several.
        ("GET /{model}", "$default", "GET", "/articles", &["GET /{model}"], Err(())),
        ("GET /{model}/{id}", "$default", "GET", "/articles/a", &["GET /{model}/{id}"], Err(())),
        ("GET /articles/{id+}", "$default", "GET", "/articles/a", &["GET /articles/{id+}"], Err(())),
        ("GET /{proxy+}", "$default", "GET", "/articles", &["GET /{proxy+}"], Err(())),
        ("ANY /articles", "$default", "GET", "/articles", &["ANY /articles"], Err(())),
        ("$default", "$default", "GET", "/articles", &["$default"], Err(())),
        ("GET /nothing", "$default", "GET", "/nothing", &["GET /nothing"], Err(())),
        // The token alone.
        ("GET /articles", "$default", "GET", "/articles", &[], Err(())),
        // The request itself.
        ("ANY /{proxy+}", "$default", "GET", "/articles", &["GET", "/articles"], Ok(true)),
        ("ANY /{proxy+}", "$default", "POST", "/articles", &["POST", "/articles"], Ok(false)),
        ("ANY /{proxy+}", "prod", "POST", "/prod/notes", &["POST", "/prod/notes"], Ok(true)),
        ("ANY /{proxy+}", "$default", "GET", "/nothing", &["GET", "/nothing"], Ok(false)),
        ("ANY /{proxy+}", "$default", "GET", "/articles", &["/articles"], Err(())),
        ("ANY /{proxy+}", "$default", "GET", "/articles", &["GET"], Err(())),
        ("ANY /{proxy+}", "$default", "GET", "/articles", &["GET", "/notes"], Err(())),
    ] {
        let mut event = with_token("http 2.0", &good);
        event["routeArn"] =
            format!("arn:aws:execute-api:us-east-1:123456789012:abcdef123/{stage}/{method}{path}").into();
        event["routeKey"] = route.into();
        event["rawPath"] = path.into();
        event["requestContext"]["http"] = json!({ "method": method, "path": path });
        event["requestContext"]["stage"] = stage.into();
        let all: Vec<&str> = [bearer.as_str()].into_iter().chain(sources.iter().copied()).collect();
        event["identitySource"] = json!(all);
        match (simple.answer(&event).await, expected) {
            (Ok(answer), Ok(expected)) => {
                assert_eq!(answer["isAuthorized"], expected, "{route} {sources:?}");
                assert_eq!(answer["context"]["sub"], "ann");
                assert!(answer.get("policyDocument").is_none());
            }
            (Err(error), Err(())) => assert_eq!(error, AuthorizerError::RouteNotIdentitySource, "{route}"),
            (answer, _) => panic!("{route} {sources:?}: {answer:?}"),
        }
        // Where nothing is kept nothing has to be named.
        event["identitySource"] = Value::Null;
        assert!(simple.answer(&event).await.is_ok(), "{route}");
    }
    let mut bad = with_token("http 2.0", "a.b.c");
    bad["identitySource"] = Value::Null;
    assert_eq!(simple.answer(&bad).await, Ok(json!({ "isAuthorized": false })));
    // The other formats have no simple answer.
    let policy = simple.answer(&with_token("http 1.0", &good)).await.unwrap();
    assert!(!resources(&policy, "Allow").is_empty());
}
