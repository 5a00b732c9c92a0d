//! Policies for API Gateway.

use portcullis::{
    AuthorizerContext, Fetch, FetchError, Fetching, TokenUse, Verifier,
    rules::Claims,
    testkit::{ProofKey, TestIssuer},
};
use portcullis_authorizer::{AuthorizerError, CallerIdentity, LambdaAuthorizer, MAX_ANSWER_BYTES};
use portcullis_schema::Schema;
use serde_json::{Value, json};

use crate::{CLIENT, POOL, SCHEMA, authorizer, authorizer_of, resources, token, with_token};

const FOR_PATHS: [&str; 4] = ["rest token", "rest request", "http 1.0", "http 2.0"];

fn context(answer: &Value) -> AuthorizerContext {
    let context: Claims = answer["context"].as_object().unwrap().clone().into();
    AuthorizerContext::read(&context).unwrap()
}

#[tokio::test]
async fn the_policy_names_every_route_that_the_rules_could_let_the_caller_in_to() {
    let notes = [
        "GET/notes",
        "GET/notes/*",
        "HEAD/notes",
        "HEAD/notes/*",
        "POST/notes",
        "PATCH/notes/*",
        "DELETE/notes/*",
    ];
    let read = ["GET/articles", "GET/articles/*", "HEAD/articles", "HEAD/articles/*"];
    let write = ["POST/articles", "PATCH/articles/*", "DELETE/articles/*"];
    let open = ["GET/health", "GET/openapi.json", "HEAD/health", "HEAD/openapi.json"];
    for name in FOR_PATHS {
        for (identity, groups, granted) in [
            (CallerIdentity::Token, &[][..], [&notes[..], &read, &open].concat()),
            (CallerIdentity::Token, &["readers"], [&notes[..], &read, &open].concat()),
            (CallerIdentity::Token, &["editors"], [&notes[..], &read, &write, &open].concat()),
            // Who comes in through an authorizer owns nothing, and is in no group.
            (CallerIdentity::Function, &["editors"], [&read[..], &open, &["POST/queries/ping"]].concat()),
        ] {
            let answer = authorizer()
                .identity(identity)
                .answer(&with_token(name, &token(groups).sign()))
                .await
                .unwrap();
            let mut expected: Vec<String> = granted.iter().map(|route| (*route).to_owned()).collect();
            let mut found = resources(&answer, "Allow");
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "{name} {groups:?}");
            assert_eq!(resources(&answer, "Deny"), [""; 0], "{name} {groups:?}");
            assert_eq!(answer["principalId"], "ann", "{name}");
            assert!(answer.get("usageIdentifierKey").is_none(), "{name}");
            let said = context(&answer);
            assert_eq!((said.sub.as_str(), said.exp), ("ann", TestIssuer::NOW + 3600), "{name}");
            assert_eq!(said.groups.unwrap(), groups, "{name}");
            assert_eq!(said.scopes.unwrap(), ["aws.cognito.signin.user.admin"], "{name}");
        }
    }
}

/// AWS does not document whether an HTTP API asks about a path or about `{proxy+}`.
#[tokio::test]
async fn a_route_for_all_paths_may_be_asked_about_by_its_name() {
    const STAGE: &str = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test";
    let token = token(&["readers"]).sign();
    let by_name = |methods: &[&str]| -> Vec<String> {
        methods.iter().map(|method| format!("{method}/{{proxy+}}")).collect()
    };
    // Readers of articles keep notes; those who come in through an authorizer read, and call a function.
    let all = by_name(&["GET", "HEAD", "POST", "PATCH", "DELETE", "ANY"]);
    let some = by_name(&["GET", "HEAD", "POST", "ANY"]);
    for (name, member, route, identity, expected) in [
        ("http 2.0", "routeKey", "ANY /{proxy+}", CallerIdentity::Token, &all),
        ("http 2.0", "routeKey", "GET /{proxy+}", CallerIdentity::Function, &some),
        ("http 1.0", "resource", "/{proxy+}", CallerIdentity::Function, &some),
        ("http 2.0", "routeKey", "GET /articles", CallerIdentity::Token, &Vec::new()),
        ("http 2.0", "routeKey", "GET /articles/{id}", CallerIdentity::Token, &Vec::new()),
        ("http 2.0", "routeKey", "ANY /v1/{proxy+}", CallerIdentity::Token, &Vec::new()),
        ("http 2.0", "routeKey", "ANY /{*+}", CallerIdentity::Token, &Vec::new()),
        // The path of a REST API is known.
        ("rest request", "resource", "/{proxy+}", CallerIdentity::Token, &Vec::new()),
    ] {
        let authorizer = authorizer().identity(identity);
        let mut event = with_token(name, &token);
        event[member] = route.into();
        let arn = if name == "http 2.0" { "routeArn" } else { "methodArn" };
        let mut answers = Vec::new();
        for asked in ["GET/articles", "POST/notes", "GET/{proxy+}", "ANY/{proxy+}"] {
            event[arn] = format!("{STAGE}/{asked}").into();
            answers.push(authorizer.answer(&event).await.unwrap());
        }
        // Whichever way it is asked, so that the first call does not matter.
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{name} {route}");
        let allowed = resources(&answers[0], "Allow");
        let (named, paths): (Vec<String>, Vec<String>) = allowed.into_iter().partition(|it| it.contains('{'));
        assert_eq!(named, *expected, "{name} {route}");
        event.as_object_mut().unwrap().remove(member);
        event["routeKey"] = "$default".into();
        let plain = resources(&authorizer.answer(&event).await.unwrap(), "Allow");
        assert_eq!(paths, plain, "{name} {route}: no other path is opened");
    }
}

#[tokio::test]
async fn whoever_has_no_good_token_is_refused_as_each_gateway_understands_it() {
    let spoiled = [
        ("a.b.c".to_owned(), "garbage"),
        (String::new(), "an empty token"),
        (token(&[]).claim("exp", TestIssuer::NOW).sign(), "expired"),
        (token(&[]).claim("nbf", TestIssuer::NOW + 60).sign(), "not yet valid"),
        (token(&[]).claim("client_id", "other").sign(), "another client"),
        (token(&[]).claim("token_use", "id").sign(), "an ID token"),
        (token(&[]).claim("iss", "https://other.example").sign(), "another issuer"),
        (POOL.with_new_keys().access_token("ann").claim("client_id", CLIENT).sign(), "another key"),
        (
            token(&[]).claim("cnf", ProofKey::generate().confirmation()).sign(),
            "bound to a key, without its proof",
        ),
        (format!("{0} {0}", token(&[]).sign()), "two tokens"),
    ];
    for (token, what) in &spoiled {
        for name in ["rest token", "rest request", "websocket"] {
            let answer = authorizer().answer(&with_token(name, token)).await;
            assert_eq!(answer, Err(AuthorizerError::Unauthorized), "{name}: {what}");
        }
        for name in ["http 1.0", "http 2.0"] {
            let answer = authorizer().answer(&with_token(name, token)).await.unwrap();
            assert_eq!(resources(&answer, "Allow"), [""; 0], "{name}: {what}");
            assert_eq!(resources(&answer, "Deny"), ["*"], "{name}: {what}");
            assert!(answer.get("context").is_none(), "{name}: {what}");
        }
    }
    assert_eq!(
        AuthorizerError::Unauthorized.to_string(),
        "Unauthorized",
        "the text of which API Gateway makes 401"
    );
}

#[tokio::test]
async fn a_token_is_read_from_one_authorization_header_and_nowhere_else() {
    let good = token(&[]).sign();
    let bearer = format!("Bearer {good}");
    for name in ["rest request", "websocket"] {
        for (what, change) in [
            ("no scheme", json!({ "headers": { "Authorization": good }, "multiValueHeaders": null })),
            (
                "another scheme",
                json!({ "headers": { "Authorization": format!("Token {good}") }, "multiValueHeaders": null }),
            ),
            (
                "another header",
                json!({ "headers": { "X-Authorization": bearer }, "multiValueHeaders": null }),
            ),
            ("two headers", json!({ "multiValueHeaders": { "Authorization": [bearer, bearer] } })),
            (
                "two that differ",
                json!({ "headers": { "Authorization": bearer }, "multiValueHeaders": { "Authorization": ["Bearer x"] } }),
            ),
            (
                "the query",
                json!({ "headers": {}, "multiValueHeaders": {}, "queryStringParameters": { "Authorization": bearer, "token": good } }),
            ),
            (
                "a cookie",
                json!({ "headers": { "cookie": format!("token={good}") }, "multiValueHeaders": null }),
            ),
        ] {
            let mut event = with_token(name, &good);
            for (member, value) in change.as_object().unwrap() {
                event[member] = value.clone();
            }
            assert_eq!(
                authorizer().answer(&event).await,
                Err(AuthorizerError::Unauthorized),
                "{name}: {what}"
            );
        }
    }
}

#[tokio::test]
async fn the_token_of_another_issuer_is_for_the_rules_of_that_provider() {
    let schema = r#"
        type Note @model @auth(rules: [{ allow: private, operations: [list] }]) { title: String }
        type Memo @model @auth(rules: [{ allow: groups, provider: oidc, groups: ["editors"], groupClaim: "roles" }]) { title: String }
    "#;
    let schema = Schema::parse(schema, "test.graphql").unwrap();
    let other = TestIssuer::at("https://sign-in.example.com");
    let pool = POOL.issuer().client_ids([CLIENT]).token_use(TokenUse::Access);
    let oidc = other.oidc_issuer().audiences([CLIENT]).insecure_any_token_use();
    let verifier = Verifier::builder().issuer(pool).issuer(oidc).clock(POOL.clock()).build().unwrap();
    let authorizer = LambdaAuthorizer::new(&schema, verifier).clock(POOL.clock());
    let editor = other.access_token("olga").claim("aud", CLIENT).claim("roles", json!(["editors"])).sign();
    for (token, notes, memos) in [(token(&["editors"]).sign(), true, false), (editor, false, true)] {
        let answer = authorizer.answer(&with_token("rest request", &token)).await.unwrap();
        let allowed = resources(&answer, "Allow");
        let has = |route: &str| allowed.iter().any(|it| it == route);
        assert_eq!((has("GET/notes"), has("DELETE/memos/*")), (notes, memos), "{allowed:?}");
    }
}

#[tokio::test]
async fn a_connection_is_for_those_for_whom_the_api_has_something() {
    let nothing =
        r#"type Note @model @auth(rules: [{ allow: groups, groups: ["editors"] }]) { title: String }"#;
    let listen =
        r#"type Note @model @auth(rules: [{ allow: private, operations: [listen] }]) { title: String }"#;
    for (schema, identity, groups, expected) in [
        (SCHEMA, CallerIdentity::Token, &[][..], ("$connect", "")),
        (SCHEMA, CallerIdentity::Function, &[], ("$connect", "")),
        (nothing, CallerIdentity::Token, &["editors"], ("$connect", "")),
        (nothing, CallerIdentity::Token, &["readers"], ("", "*")),
        (nothing, CallerIdentity::Function, &["editors"], ("", "*")),
        (listen, CallerIdentity::Token, &[], ("$connect", "")),
    ] {
        let authorizer = authorizer_of(schema).identity(identity);
        let answer = authorizer.answer(&with_token("websocket", &token(groups).sign())).await.unwrap();
        let found = (resources(&answer, "Allow").join(" "), resources(&answer, "Deny").join(" "));
        assert_eq!((found.0.as_str(), found.1.as_str()), expected, "{schema} {groups:?}");
    }
}

#[tokio::test]
async fn a_web_socket_client_may_send_its_token_in_a_parameter_where_that_is_said() {
    let good = token(&[]).sign();
    let with = |parameters: Value, many: Value| {
        let mut event = with_token("websocket", &good);
        event["headers"].as_object_mut().unwrap().remove("Authorization");
        event["multiValueHeaders"].as_object_mut().unwrap().remove("Authorization");
        event["queryStringParameters"] = parameters;
        event["multiValueQueryStringParameters"] = many;
        event
    };
    let by_parameter = authorizer().web_socket_parameter("token");
    let sent = with(json!({ "token": good }), json!({ "token": [good] }));
    assert_eq!(resources(&by_parameter.answer(&sent).await.unwrap(), "Allow"), ["$connect"]);
    assert_eq!(authorizer().answer(&sent).await, Err(AuthorizerError::Unauthorized));
    for refused in [
        with(json!({ "Token": good }), Value::Null),
        with(json!({ "token": format!("Bearer {good}") }), Value::Null),
        with(json!({ "token": good }), json!({ "token": [good, good] })),
        with_token("websocket", &good),
    ] {
        assert_eq!(by_parameter.answer(&refused).await, Err(AuthorizerError::Unauthorized), "{refused}");
    }
    // Elsewhere it means nothing.
    let rest = with_token("rest request", &good);
    assert!(by_parameter.answer(&rest).await.is_ok());
}

#[tokio::test]
async fn the_graphql_api_is_one_route_for_those_for_whom_the_rules_have_something() {
    let closed =
        r#"type Note @model @auth(rules: [{ allow: groups, groups: ["editors"] }]) { title: String }"#;
    for (schema, groups, expected) in [
        (SCHEMA, &[][..], true),
        (closed, &["editors"], true),
        (closed, &["readers"], false),
        (closed, &[], false),
    ] {
        let token = token(groups).sign();
        for name in FOR_PATHS {
            let answer = authorizer_of(schema).graphql().answer(&with_token(name, &token)).await.unwrap();
            let granted = resources(&answer, "Allow").iter().any(|route| route == "POST/graphql");
            assert_eq!(granted, expected, "{name} {groups:?}");
            let without = authorizer_of(schema).answer(&with_token(name, &token)).await.unwrap();
            assert!(!resources(&without, "Allow").iter().any(|route| route.contains("graphql")), "{name}");
        }
        // Clients of AppSync send a token without a scheme.
        let mut bare = with_token("rest token", &token);
        bare["authorizationToken"] = token.clone().into();
        assert!(authorizer_of(schema).graphql().answer(&bare).await.is_ok());
        assert_eq!(authorizer_of(schema).answer(&bare).await, Err(AuthorizerError::Unauthorized));
    }
}

#[derive(Debug)]
struct Unreachable;

impl Fetch for Unreachable {
    fn fetch(&self, _: &str) -> Fetching {
        Box::pin(async { Err(FetchError::Status(500)) })
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_a_failure_and_no_refusal() {
    let issuer = portcullis::Issuer::cognito_at(POOL.url()).client_ids([CLIENT]).token_use(TokenUse::Access);
    let verifier =
        Verifier::builder().issuer(issuer).fetcher(Unreachable).clock(POOL.clock()).build().unwrap();
    let schema = Schema::parse(SCHEMA, "test.graphql").unwrap();
    let authorizer = LambdaAuthorizer::new(&schema, verifier).clock(POOL.clock());
    for (name, _) in crate::EVENTS {
        let answer = authorizer.answer(&with_token(name, &token(&[]).sign())).await;
        assert_eq!(answer, Err(AuthorizerError::KeysUnavailable), "{name}");
    }
}

#[tokio::test]
async fn an_answer_is_never_longer_than_a_gateway_takes() {
    // Every fifth model is for editors, the others for whoever has signed in to read.
    let many = |models: usize| -> String {
        let model = |number: usize| {
            let rule = match number % 5 {
                0 => r#"{ allow: groups, groups: ["editors"] }"#,
                _ => "{ allow: private, operations: [read] }",
            };
            format!("type Model{number} @model @auth(rules: [{rule}]) {{ text: String }}\n")
        };
        (0..models).map(model).collect()
    };
    let groups: Vec<String> =
        (0..100).map(|number| format!("a-group-with-a-long-name-{number:04}")).collect();
    let few: Vec<&str> = vec!["editors"];
    let lots: Vec<&str> = groups.iter().map(String::as_str).chain(few.clone()).collect();
    for (models, groups, tells) in
        [(3, &few, true), (100, &few, true), (40, &lots, true), (140, &lots, false)]
    {
        let answer =
            authorizer_of(&many(models)).answer(&with_token("rest token", &token(groups).sign())).await;
        let answer = answer.unwrap();
        let length = answer.to_string().len();
        assert!(length <= MAX_ANSWER_BYTES, "{models}: {length}");
        assert_eq!(context(&answer).groups.is_some(), tells, "{models}");
    }
    // Odd models are read and even ones written: there is nothing to be said at once.
    let odd = |number: usize| {
        let operations = if number.is_multiple_of(2) { "create, update" } else { "read, delete" };
        format!(
            "type Model{number} @model @auth(rules: [{{ allow: private, operations: [{operations}] }}]) {{ text: String }}\n"
        )
    };
    let schema: String = (0..200).map(odd).collect();
    let answer = authorizer_of(&schema).answer(&with_token("rest token", &token(&[]).sign())).await;
    assert_eq!(answer, Err(AuthorizerError::TooLong));
}
