//! What API Gateway says about who calls, with whatever in it.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderMap;
use lambda_http::request::{LambdaRequest, RequestContext};
use portcullis::{TrustedGateway, rules::Identity, testkit::TestIssuer};
use serde_json::{Value, json};

use crate::{
    dice::Dice,
    identities::{ARN, ISSUER, POOL_ID, changed, good_user, tokens},
    spoil::spoiled,
};

/// One that believes the claims of the gateway, and one that reads them from the token.
static TRUSTED: LazyLock<[TrustedGateway; 2]> = LazyLock::new(|| {
    [tokens(), tokens().claims_of_token()].map(|tokens| {
        let tokens = tokens.build().unwrap();
        TrustedGateway::new().iam().user_pool(POOL_ID).lambda_authorizer().tokens(tokens)
    })
});

fn token_claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "ada", "username": "ada", "token_use": "access", "client_id": "web",
        "exp": TestIssuer::NOW + 60, "cognito:groups": ["editors", "staff"], "level": 7,
    })
}

fn flattened(groups: &str, exp: &str) -> Value {
    json!({
        "iss": ISSUER, "sub": "ada", "username": "ada", "token_use": "access", "client_id": "web", "exp": exp,
        "cognito:groups": groups, "level": "7",
    })
}

/// An event, and whether it is one of a REST API.
fn event(dice: &mut Dice<'_>) -> (Value, bool) {
    let seconds = (TestIssuer::NOW + 60).to_string();
    let is_rest = dice.below(2) == 1;
    let provider = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x";
    let user = format!("{provider}:CognitoSignIn:u1");
    let kind = dice.below(5);
    if is_rest {
        let exp = dice.one_of(&["Tue Nov 14 22:14:20 UTC 2023", &seconds]).to_string();
        let authorizer = match kind {
            0 => Value::Null,
            1 => json!({ "principalId": "p", "tenant": "acme" }),
            _ => json!({ "claims": flattened("editors,staff", &exp), "scopes": "a" }),
        };
        let identity = match kind {
            0 => json!({
                "userArn": ARN, "cognitoIdentityPoolId": "p", "cognitoIdentityId": "i",
                "cognitoAuthenticationType": "authenticated", "cognitoAuthenticationProvider": format!("{provider},{user}"),
            }),
            _ => json!({ "sourceIp": "203.0.113.1" }),
        };
        let context = json!({ "httpMethod": "GET", "identity": identity, "authorizer": authorizer });
        let event = json!({
            "resource": "/", "path": "/", "httpMethod": "GET", "headers": {}, "multiValueHeaders": {},
            "isBase64Encoded": false, "requestContext": context,
        });
        return (event, true);
    }
    let authorizer = match kind {
        0 => json!({ "iam": { "userArn": ARN, "cognitoIdentity": {
            "amr": ["authenticated", provider, user], "identityId": "i", "identityPoolId": "p",
        } } }),
        1 => json!({ "lambda": { "tenant": "acme" } }),
        _ => json!({ "jwt": { "claims": flattened("[editors staff]", &seconds), "scopes": null } }),
    };
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "headers": {}, "isBase64Encoded": false,
        "requestContext": { "http": { "method": "GET", "path": "/" }, "authorizer": authorizer },
    });
    (event, false)
}

/// What API Gateway says, with whatever in it, and a token with whatever in it. Whoever is believed is one whom a plain reading names.
pub(crate) fn api_gateway(bytes: &[u8]) -> bool {
    let mut dice = Dice::new(bytes);
    let (mut event, is_rest) = event(&mut dice);
    // What holds the caller is changed, so that most events can be read.
    let context = event["requestContext"].take();
    let changes_all = dice.once_in(4);
    let context = if changes_all {
        changed(&mut dice, context)
    } else {
        let mut context = context;
        changed(&mut dice, context["authorizer"].take()).map(|authorizer| {
            context["authorizer"] = authorizer;
            context
        })
    };
    let Some(context) = context else { return false };
    event["requestContext"] = context;
    let reads_token = dice.below(2) == 1;
    let payload = if dice.once_in(3) {
        spoiled(&mut dice, token_claims().to_string().as_bytes())
    } else {
        changed(&mut dice, token_claims()).unwrap_or_default().to_string().into_bytes()
    };
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k"}"#);
    let token = format!("Bearer {header}.{}.AAAA", URL_SAFE_NO_PAD.encode(&payload));
    let headers: HeaderMap = [(http::header::AUTHORIZATION, token.parse().unwrap())].into_iter().collect();
    let context = match serde_json::from_value(event.clone()) {
        Ok(LambdaRequest::ApiGatewayV1(event)) => RequestContext::ApiGatewayV1(event.request_context),
        Ok(LambdaRequest::ApiGatewayV2(event)) => RequestContext::ApiGatewayV2(event.request_context),
        _ => return false,
    };
    assert_eq!(TrustedGateway::new().caller(&context, &headers), Ok(None), "{event}");
    let Ok(Some(caller)) = TRUSTED[usize::from(reads_token)].caller(&context, &headers) else {
        return false;
    };
    match &caller {
        Identity::Iam(iam) => {
            assert!(iam.user_arn.as_ref().is_some_and(|arn| !arn.is_empty()), "{event}");
            assert!(iam.sub.is_none() || iam.authenticated == Some(true), "{event}");
        }
        Identity::Function(function) => assert!(!function.context.as_map().is_empty(), "{event}"),
        Identity::User(user) => {
            let claims = user.claims().as_map();
            good_user(claims, true, &event);
            let authorizer = &event["requestContext"]["authorizer"];
            let told = if is_rest { &authorizer["claims"] } else { &authorizer["jwt"]["claims"] };
            for name in ["iss", "sub", "token_use", "client_id"] {
                assert_eq!(claims.get(name), told.get(name), "{name} {event}");
            }
            // What may have been a list is left out.
            assert!(claims.get("username").is_none_or(|name| *name == told["username"]), "{event}");
            assert!(claims.keys().all(|name| told.get(name).is_some()), "{event}");
            let groups = claims.get("cognito:groups").and_then(Value::as_array).into_iter().flatten();
            for group in groups.filter_map(Value::as_str) {
                assert!(told["cognito:groups"].to_string().contains(group), "{group} {event}");
            }
            if reads_token {
                let token: Value = serde_json::from_slice(&payload).unwrap();
                assert!(claims.iter().all(|(name, value)| token[name] == *value), "{event} {token}");
            }
        }
        other => panic!("{other:?}: {event}"),
    }
    true
}
