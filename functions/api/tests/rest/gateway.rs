//! Tokens that API Gateway has checked, and what the API says about itself: through the events of `lambda_http`, as configured.

use http::{Method, StatusCode};
use portcullis::{GatewayTokens, ResourceMetadata, TokenUse, TrustedGateway, testkit::TestIssuer};
use serde_json::{Value, json};

use crate::{
    NEWSROOM,
    lambda::{body, header, http_api, invoke, rest_api},
    support::{CLIENT, Caller, House, POOL},
};

const GROUPS: &str =
    "type Note @model @auth(rules: [{ allow: groups, groups: [\"editors\"] }]) { title: String }";

/// A request without a token, which the gateway says that it has checked.
fn by_http(claims: &Value) -> Value {
    let mut event = http_api("$default", "POST", "/notes", "", Some(r#"{"title":"plan"}"#));
    event["headers"].as_object_mut().unwrap().remove("authorization");
    event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": null } });
    event
}

fn by_rest(claims: &Value) -> Value {
    let mut event = rest_api("prod", "POST", "/notes", "", Some(r#"{"title":"plan"}"#));
    event["headers"].as_object_mut().unwrap().remove("Authorization");
    event["multiValueHeaders"].as_object_mut().unwrap().remove("Authorization");
    event["requestContext"]["authorizer"] = json!({ "claims": claims, "scopes": "a" });
    event
}

fn claims(changes: &[(&str, &str)]) -> Value {
    let exp = (TestIssuer::NOW + 3600).to_string();
    let mut claims = json!({
        "iss": POOL.url(), "sub": "ada", "username": "ada", "token_use": "access", "client_id": CLIENT, "exp": exp,
        "scope": "aws.cognito.signin.user.admin",
    });
    for (name, value) in changes {
        claims[*name] = json!(value);
    }
    claims
}

fn tokens() -> portcullis::GatewayTokensBuilder {
    let pool = POOL.issuer().client_ids([CLIENT]).token_use(TokenUse::Access);
    GatewayTokens::builder().issuer(pool).clock(POOL.clock())
}

async fn status(house: &House, event: &Value) -> u64 {
    invoke(house, event).await["statusCode"].as_u64().unwrap()
}

#[tokio::test]
async fn a_token_that_a_gateway_has_checked_decides_as_one_that_was_checked_here() {
    let trusted = TrustedGateway::new().tokens(tokens().build().unwrap());
    let house = House::open(GROUPS, |api| api.gateway(trusted)).await;
    let untold = House::open(GROUPS, |api| api).await;
    for (changes, by_http_api, by_rest_api) in [
        (&[("cognito:groups", "[editors staff]")][..], 201, 401),
        (&[("cognito:groups", "editors,staff")], 401, 201),
        (&[("cognito:groups", "[staff]")], 403, 401),
        (&[("cognito:groups", "staff")], 403, 403),
        (&[("cognito:groups", "[editors,staff]")], 401, 401),
        (&[("cognito:groups", "[]")], 403, 403),
        (&[], 403, 403),
        (&[("cognito:groups", "[editors]"), ("token_use", "id")], 401, 401),
        (&[("cognito:groups", "[editors]"), ("client_id", "other")], 401, 401),
        (&[("cognito:groups", "[editors]"), ("iss", "https://other.example")], 401, 401),
        (&[("cognito:groups", "[editors]"), ("exp", "1")], 401, 401),
    ] {
        let claims = claims(changes);
        let found = (status(&house, &by_http(&claims)).await, status(&house, &by_rest(&claims)).await);
        assert_eq!(found, (by_http_api, by_rest_api), "{changes:?}");
        assert_eq!(status(&untold, &by_http(&claims)).await, 401, "{changes:?}");
        assert_eq!(status(&untold, &by_rest(&claims)).await, 401, "{changes:?}");
    }
}

#[tokio::test]
async fn the_token_in_the_request_is_read_only_if_it_is_the_gateways() {
    let trusted = TrustedGateway::new().tokens(tokens().claims_of_token().build().unwrap());
    let house = House::open(GROUPS, |api| api.gateway(trusted)).await;
    let token = |sub: &str, groups: &[&str]| {
        POOL.access_token(sub).claim("client_id", CLIENT).claim("cognito:groups", json!(groups)).sign()
    };
    let with_token = |mut event: Value, token: &str| {
        match event["version"].as_str() {
            Some("2.0") => event["headers"]["authorization"] = json!(format!("Bearer {token}")),
            // A Cognito authorizer takes the bare token.
            _ => event["multiValueHeaders"]["Authorization"] = json!([token]),
        }
        event
    };
    for (told_by_http, told_by_rest, token, expected) in [
        ("[editors staff]", "editors,staff", token("ada", &["editors", "staff"]), 201),
        // The flattened list alone could be read in two ways.
        ("[a,b editors]", "a,b,editors", token("ada", &["a,b", "editors"]), 201),
        ("[staff]", "staff", token("ada", &["staff"]), 403),
        ("[staff]", "staff", token("ada", &["editors"]), 401),
        ("[editors]", "editors", token("bob", &["editors"]), 401),
    ] {
        let http = with_token(by_http(&claims(&[("cognito:groups", told_by_http)])), &token);
        let rest = with_token(by_rest(&claims(&[("cognito:groups", told_by_rest)])), &token);
        assert_eq!(
            (status(&house, &http).await, status(&house, &rest).await),
            (expected, expected),
            "{told_by_http}"
        );
    }
    let without = by_http(&claims(&[("cognito:groups", "[editors]")]));
    assert_eq!(status(&house, &without).await, 401);
}

#[tokio::test]
async fn the_environment_says_what_is_trusted() {
    let set = [
        ("USER_POOL_ID", "eu-west-1_Ab12Cd34E"),
        ("USER_POOL_CLIENT_IDS", "web"),
        ("AWS_REGION", "eu-west-1"),
        ("TABLE_NAME", "portcullis"),
    ];
    let with = |more: &[(&'static str, &'static str)]| [&set, more].concat();
    let claims = json!({
        "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12Cd34E", "sub": "ada", "token_use": "access",
        "client_id": "web", "exp": "4000000000", "cognito:groups": "[editors]",
    });
    let rest = {
        let mut claims = claims.clone();
        claims["cognito:groups"] = json!("editors");
        claims["exp"] = json!("Tue Nov 14 22:13:20 UTC 2090");
        by_rest(&claims)
    };
    for (more, expected) in [
        (&[][..], 401),
        (&[("TRUST_GATEWAY", "iam,lambda")], 401),
        (&[("TRUST_GATEWAY", "jwt")], 201),
        (&[("TRUST_GATEWAY", "lambda, jwt")], 201),
        (&[("TRUST_GATEWAY", "jwt"), ("USER_POOL_CLIENT_IDS", "ios")], 401),
        (&[("TRUST_GATEWAY", "jwt"), ("TOKEN_USE", "id")], 401),
        // The token that would have to be read is not there.
        (&[("TRUST_GATEWAY", "jwt"), ("GATEWAY_CLAIMS", "token")], 401),
    ] {
        // The first of two values counts.
        let mut set = with(more);
        set.reverse();
        let house = House::configured(GROUPS, &set).await;
        let found = (status(&house, &by_http(&claims)).await, status(&house, &rest).await);
        assert_eq!(found, (expected, expected), "{more:?}");
    }
}

#[tokio::test]
async fn a_signed_request_names_the_user_of_our_pool_in_no_rule() {
    // Rules ask for the role; that the `sub` is known as well opens nothing.
    let schema = "type Note @model @auth(rules: [{ allow: owner }, { allow: private, provider: iam, operations: [read] }]) { title: String }";
    let house =
        House::open(schema, |api| api.gateway(TrustedGateway::new().iam().user_pool("eu-west-1_TestPool1")))
            .await;
    let mut event = by_http(&json!({}));
    let provider = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool1";
    event["requestContext"]["authorizer"] = json!({ "iam": {
        "userArn": "arn:aws:sts::1:assumed-role/member/CognitoIdentityCredentials",
        "cognitoIdentity": {
            "amr": ["authenticated", provider, format!("{provider}:CognitoSignIn:ada")],
            "identityId": "eu-west-1:i", "identityPoolId": "eu-west-1:p",
        },
    } });
    assert_eq!(status(&house, &event).await, 403);
}

#[tokio::test]
async fn an_api_that_clients_know_by_a_url_tells_them_who_gives_tokens() {
    let metadata = ResourceMetadata::builder("https://api.example.com").authorization_servers([POOL.url()]);
    let house = House::open(NEWSROOM, |api| api.resource_metadata(metadata.build().unwrap())).await;
    const PATH: &str = "/.well-known/oauth-protected-resource";

    let refused = house.call(Caller::Nobody, Method::GET, "/notes").await;
    let url = format!("https://api.example.com{PATH}");
    assert_eq!(
        refused.header("www-authenticate"),
        Some(format!("Bearer resource_metadata=\"{url}\"").as_str())
    );

    let found = house.call(Caller::Nobody, Method::GET, PATH).await;
    assert_eq!((found.status, found.header("content-type")), (StatusCode::OK, Some("application/json")));
    assert_eq!(found.body["resource"], "https://api.example.com");
    assert_eq!(found.body["authorization_servers"], json!([POOL.url()]));
    let described = house.call(Caller::Nobody, Method::GET, "/openapi.json").await;
    assert_eq!(described.body["paths"][PATH]["get"]["operationId"], "resourceMetadata");
    let wrong = house.call(Caller::Nobody, Method::POST, PATH).await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);

    // Through API Gateway, and with a path of its own.
    let set = [
        ("USER_POOL_ID", "eu-west-1_Ab12Cd34E"),
        ("USER_POOL_CLIENT_IDS", "web"),
        ("AWS_REGION", "eu-west-1"),
        ("TABLE_NAME", "portcullis"),
        ("RESOURCE_URL", "https://api.example.com/v1/notes"),
    ];
    let house = House::configured(NEWSROOM, &set).await;
    let answer = invoke(&house, &http_api("$default", "GET", &format!("{PATH}/v1/notes"), "", None)).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let servers = ["https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12Cd34E"];
    assert_eq!(body(&answer)["authorization_servers"], json!(servers));
    let other = invoke(&house, &http_api("$default", "GET", &format!("{PATH}/v1/x"), "", None)).await;
    assert_eq!(other["statusCode"], 404, "{other}");
    let refused = invoke(&house, &http_api("$default", "GET", "/notes", "", None)).await;
    assert!(
        header(&refused, "www-authenticate").unwrap().contains(&format!("{PATH}/v1/notes\"")),
        "{refused}"
    );

    // Untold, nothing of it is there.
    let house = House::open(NEWSROOM, |api| api).await;
    assert_eq!(house.call(Caller::Nobody, Method::GET, PATH).await.status, StatusCode::NOT_FOUND);
}
