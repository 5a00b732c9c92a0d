//! As the template deploys it: each function with the variables that it is given, behind events of an HTTP API and of AppSync.

use std::{collections::BTreeMap, sync::LazyLock};

use portcullis::testkit::TestIssuer;
use portcullis_api::{Api, lambda_service, router};
use portcullis_authorizer::LambdaAuthorizer;
use portcullis_data::{Functions, testkit};
use portcullis_resolvers::{AppSync, Resolvers};
use portcullis_schema::Schema;
use portcullis_tests::{Stack, Template};
use serde_json::{Value, json};

use crate::{
    gateway::{Gateway, Kind, invoke},
    parse,
};

/// The user pool of the stack, as the template's references are resolved in tests.
static STACK_POOL: LazyLock<TestIssuer> =
    LazyLock::new(|| TestIssuer::at("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_UserPool"));

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| Template::read().unwrap());

/// Long after this test is forgotten: deployed functions look at the clock of the machine.
const FAR: u64 = 7_258_118_400;

/// An authorizer that somebody else has written.
const OWN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:own";

const DEPLOYED: &str = "
    type Note @model @auth(rules: [{ allow: private }]) { title: String }
    type Notice @model @auth(rules: [{ allow: custom, operations: [create, get, list] }]) { text: String }
";

/// What the template gives one function of a stack.
struct Variables(BTreeMap<String, String>);

impl Variables {
    fn of(function: &str, parameters: &[(&str, &str)]) -> Self {
        let stack = Stack::new(&TEMPLATE, parameters).unwrap();
        assert_eq!(stack.refusals().unwrap(), [""; 0], "{parameters:?}");
        let resources = stack.resources().unwrap();
        let variables =
            stack.literal(&resources[function]["Properties"]["Environment"]["Variables"]).unwrap();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let variables = variables.as_object().unwrap().iter();
        Self(variables.map(|(name, value)| (name.clone(), text(value))).collect())
    }

    fn get(&self, name: &str) -> Option<String> {
        match name {
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            // Which it would fetch from the pool.
            "JWKS" => Some(STACK_POOL.jwk_set_json().to_string()),
            _ => self.0.get(name).cloned(),
        }
    }
}

fn schema() -> Schema {
    parse(DEPLOYED)
}

async fn api(parameters: &[(&str, &str)]) -> Api {
    let variables = Variables::of("ApiFunction", parameters);
    let config = portcullis_api::Config::from_env(|name| variables.get(name)).unwrap();
    Api::on_table(schema(), &config, testkit::table().await.unwrap()).unwrap()
}

fn authorizer(parameters: &[(&str, &str)]) -> LambdaAuthorizer {
    let variables = Variables::of("AuthorizerFunction", parameters);
    portcullis_authorizer::Config::from_env(|name| variables.get(name)).unwrap().authorizer(&schema())
}

async fn app_sync(parameters: &[(&str, &str)]) -> AppSync {
    let variables = Variables::of("ResolversFunction", parameters);
    let config = portcullis_resolvers::Config::from_env(|name| variables.get(name)).unwrap();
    let table = testkit::table().await.unwrap();
    let resolvers = Resolvers::new(schema(), table, config.authorizer, Functions::default()).unwrap();
    AppSync::new(resolvers.default_mode(config.default_mode), config.trusted)
}

fn token() -> String {
    STACK_POOL.access_token("ann").claim("client_id", "WebClient").claim("exp", FAR).sign()
}

/// The status of a request of which API Gateway says this.
async fn status(api: &Api, path: &str, headers: &Value, authorizer: Option<&Value>) -> Value {
    let mut event = json!({
        "version": "2.0", "routeKey": "ANY /{proxy+}", "rawPath": path, "rawQueryString": "", "headers": headers,
        "requestContext": {
            "http": { "method": "GET", "path": path, "sourceIp": "203.0.113.1", "protocol": "HTTP/1.1", "userAgent": "x" },
            "stage": "$default", "apiId": "a1b2c3", "accountId": "111122223333", "requestId": "r", "routeKey": "ANY /{proxy+}", "timeEpoch": 0,
        },
        "body": null, "isBase64Encoded": false,
    });
    if let Some(authorizer) = authorizer {
        event["requestContext"]["authorizer"] = authorizer.clone();
    }
    invoke(lambda_service(router(api.clone()).unwrap()), event).await["statusCode"].clone()
}

#[tokio::test]
async fn the_authorizer_of_the_stack_opens_what_is_for_the_token_or_what_is_for_functions() {
    for (value, calls) in [
        ("lambda", [("GET", "/notes", 200), ("POST", "/notes", 201), ("GET", "/notices", 403)]),
        ("function", [("GET", "/notes", 403), ("POST", "/notices", 201), ("GET", "/notices", 200)]),
    ] {
        let parameters = [("Authorizer", value)];
        let mut gateway = Gateway::new(Kind::Http, authorizer(&parameters), api(&parameters).await);
        for (method, path, expected) in calls {
            let let_through = gateway.lets_through(&token(), method, path).await;
            let status = gateway.status_behind(&token(), method, path).await;
            assert_eq!((let_through, status), (expected < 400, expected), "{value}: {method} {path}");
        }
        assert!(!gateway.lets_through(&token(), "DELETE", "/notices/n1").await, "{value}");
        assert_eq!(gateway.status_behind(&token(), "DELETE", "/notices/n1").await, 403, "{value}");
    }
}

/// Its tokens are its own, and so is what it says; what is asked is that it says something.
#[tokio::test]
async fn an_authorizer_of_your_own_lets_in_whom_it_wants_and_the_rules_for_functions_decide() {
    let api = api(&[("Authorizer", OWN)]).await;
    let headers = json!({ "authorization": "opaque" });
    for (said, path, expected) in [
        (json!({ "tenant": "acme" }), "/notices", 200),
        (json!({ "tenant": "acme" }), "/notes", 403),
        (json!({ "tenant": "acme", "exp": FAR }), "/notices", 200),
        (json!({ "tenant": "acme", "exp": 1 }), "/notices", 401),
        (json!({}), "/notices", 401),
        (Value::Null, "/notices", 401),
    ] {
        let found = status(&api, path, &headers, Some(&json!({ "lambda": said }))).await;
        assert_eq!(found, expected, "{path} {said}");
    }
}

#[tokio::test]
async fn who_has_not_passed_the_authorizer_is_nobody_to_the_rules_for_functions() {
    let said = json!({ "tenant": "acme" });
    let jwt = json!({ "claims": { "sub": "ann", "client_id": "WebClient", "token_use": "access" }, "scopes": null });
    let iam = json!({
        "userArn": "arn:aws:sts::111122223333:assumed-role/AuthenticatedRole/CognitoIdentityCredentials",
        "cognitoIdentity": {
            "amr": ["authenticated"], "identityId": "eu-west-1:i", "identityPoolId": "eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa",
        },
    });
    let forged = json!({
        "x-amzn-request-context": json!({ "authorizer": { "lambda": said } }).to_string(),
        "x-apigateway-event": json!({ "requestContext": { "authorizer": { "lambda": said } } }).to_string(),
        "authorizer": json!({ "lambda": said }).to_string(),
    });
    // What the gateway says, and the status for who has no token and for who has a good one.
    let contexts = [
        (None, 401, 403),
        (Some(json!({ "jwt": jwt })), 401, 403),
        // With the second API, which is for these: the signature is believed, and the token not looked at.
        (Some(json!({ "iam": iam })), 403, 403),
        (Some(json!({ "iam": iam, "lambda": said })), 401, 403),
        (Some(json!({ "jwt": jwt, "lambda": said })), 401, 403),
        (Some(json!({ "tenant": "acme" })), 401, 403),
    ];
    for value in ["none", "jwt", "lambda", "function", OWN] {
        let api = api(&[("Authorizer", value)]).await;
        for (context, without, with) in &contexts {
            let mut signed_in = forged.clone();
            signed_in["authorization"] = format!("Bearer {}", token()).into();
            for (headers, expected) in [(&forged, without), (&signed_in, with)] {
                let found = status(&api, "/notices", headers, context.as_ref()).await;
                assert_eq!(found, *expected, "{value}: {context:?}");
            }
        }
        // What the authorizer for tokens says is not taken for more than it is.
        let found = status(&api, "/notices", &forged, Some(&json!({ "lambda": said }))).await;
        let believed = ["function", OWN].contains(&value);
        assert_eq!(found, if believed { 200 } else { 401 }, "{value}");
    }
}

/// An event of AppSync for a list.
fn asked(field: &str, identity: &Value, headers: &Value) -> Value {
    json!({
        "arguments": {}, "identity": identity, "source": null, "prev": null, "stash": {},
        "request": { "headers": headers, "domainName": null },
        "info": { "selectionSetList": ["items", "items/id"], "selectionSetGraphQL": "{ items { id } }", "parentTypeName": "Query",
            "fieldName": field, "variables": {} },
    })
}

#[tokio::test]
async fn appsync_asks_the_authorizer_of_the_stack_about_a_token_with_the_prefix() {
    let parameters = [("GraphqlAuthorizer", "function")];
    let prefix = Variables::of("AuthorizerFunction", &parameters).get("APPSYNC_TOKEN_PREFIX").unwrap();
    let authorizer = authorizer(&parameters);
    let event = |token: String| {
        json!({
            "authorizationToken": token,
            "requestContext": { "apiId": "a", "accountId": "1", "requestId": "r", "queryString": "{ a }", "variables": {} },
        })
    };
    // AppSync would look at this one itself, as a token of the user pool.
    let bare = authorizer.answer(&event(token())).await.unwrap();
    assert_eq!(bare, json!({ "isAuthorized": false, "ttlOverride": 0 }));
    let answer = authorizer.answer(&event(format!("{prefix}{}", token()))).await.unwrap();
    assert_eq!((&answer["isAuthorized"], &answer["ttlOverride"]), (&json!(true), &json!(300)));

    let denied = answer["deniedFields"].as_array().unwrap();
    let identity = json!({ "resolverContext": answer["resolverContext"] });
    let opened = app_sync(&parameters).await;
    let closed = app_sync(&[]).await;
    for (field, admitted) in [("listNotices", true), ("listNotes", false)] {
        assert_eq!(denied.contains(&json!(format!("Query.{field}"))), !admitted, "{field}");
        let event = asked(field, &identity, &json!({}));
        let kind = opened.answer(&event).await.map_err(|error| error.kind());
        assert_eq!(kind.is_ok(), admitted, "{field}: {kind:?}");
        // An API without such a way in has nobody who came by it.
        assert_eq!(closed.answer(&event).await.map_err(|error| error.kind()), Err("Unauthorized"), "{field}");
    }
    let expanded = schema().expand().to_sdl();
    assert!(expanded.contains("type Notice @aws_lambda {"), "{expanded}");
}

#[tokio::test]
async fn whom_appsync_knows_in_another_way_is_nobody_to_the_rules_for_functions() {
    let parameters =
        [("GraphqlAuthorizer", OWN), ("GraphqlIam", "true"), ("GraphqlApiKeyExpires", "1800000000")];
    let app_sync = app_sync(&parameters).await;
    let claims = json!({
        "iss": STACK_POOL.url(), "sub": "ann", "username": "ann", "client_id": "WebClient", "token_use": "access", "exp": FAR,
    });
    let user = json!({
        "sub": "ann", "issuer": STACK_POOL.url(), "username": "ann", "claims": claims, "groups": null,
        "sourceIp": ["203.0.113.1"], "defaultAuthStrategy": "ALLOW",
    });
    let signed = json!({
        "accountId": "111122223333", "userArn": "arn:aws:sts::111122223333:assumed-role/AuthenticatedRole/CognitoIdentityCredentials",
        "cognitoIdentityAuthType": "authenticated", "cognitoIdentityId": "eu-west-1:i",
        "cognitoIdentityPoolId": "eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa",
    });
    let headers = json!({ "resolverContext": r#"{"tenant":"acme"}"#, "authorization": "portcullis-x" });
    for (identity, admitted) in [
        (user, false),
        (signed, false),
        (Value::Null, false),
        (json!({}), false),
        (json!({ "resolverContext": { "tenant": "acme" } }), true),
        // An authorizer need not say anything here.
        (json!({ "resolverContext": null }), true),
    ] {
        let answered = app_sync.answer(&asked("listNotices", &identity, &headers)).await;
        match answered {
            Ok(answer) => assert!(admitted && answer["items"] == json!([]), "{identity}: {answer}"),
            Err(error) => assert_eq!((admitted, error.kind()), (false, "Unauthorized"), "{identity}"),
        }
    }
}
