//! The REST API behind the authorizer, by events of both kinds of API.

use std::time::Duration;

use portcullis::{
    TrustedGateway,
    testkit::{ManualClock, TestIssuer},
};
use portcullis_api::Api;
use portcullis_authorizer::{CallerIdentity, LambdaAuthorizer};
use portcullis_data::{Functions, Invocation, testkit};
use serde_json::Value;

use crate::{
    CLIENT, POOL, SCHEMA, authorizer,
    gateway::{Gateway, Kind},
    parse, token, verifier,
};

/// The API that knows callers as this says, by this clock.
async fn api(identity: CallerIdentity, clock: ManualClock) -> Api {
    let ping = async |_: Invocation| Ok(Value::from("pong"));
    let functions = Functions::default().function("ping", ping);
    let table = testkit::table().await.unwrap();
    let api = Api::new(parse(SCHEMA), table, verifier(clock.clone())).unwrap().functions(functions);
    match identity {
        CallerIdentity::Function => api.gateway(TrustedGateway::new().lambda_authorizer().clock(clock)),
        _ => api,
    }
}

/// Every route of the API, for a record that does not exist.
const CALLS: [(&str, &str); 18] = [
    ("GET", "/notes"),
    ("POST", "/notes"),
    ("GET", "/notes/n1"),
    ("PATCH", "/notes/n1"),
    ("DELETE", "/notes/n1"),
    ("GET", "/articles"),
    ("HEAD", "/articles"),
    ("POST", "/articles"),
    ("GET", "/articles/articles"),
    ("PATCH", "/articles/a1"),
    ("DELETE", "/articles/a1"),
    ("GET", "/articles/a1/comments"),
    ("GET", "/articles/a1/notices"),
    ("POST", "/comments"),
    ("GET", "/notices"),
    ("DELETE", "/notices/n1"),
    ("POST", "/queries/ping"),
    ("POST", "/mutations/publish"),
];

#[tokio::test]
async fn the_gateway_refuses_what_the_api_would_refuse_and_nothing_else() {
    let mut refused = Vec::new();
    for kind in [Kind::Rest, Kind::Http] {
        for identity in [CallerIdentity::Token, CallerIdentity::Function] {
            let authorizer = authorizer(&parse(SCHEMA)).identity(identity);
            let mut gateway = Gateway::new(kind, authorizer, api(identity, POOL.clock()).await);
            for groups in [&[][..], &["editors"]] {
                let token = token(groups);
                for (method, path) in CALLS {
                    let let_through = gateway.lets_through(&token, method, path).await;
                    let status = gateway.status_behind(&token, method, path).await;
                    let what = format!("{method} {path} {groups:?} {kind:?} {identity:?}: {status}");
                    let follows = path.ends_with("/comments") || path.ends_with("/notices");
                    let is_relation = follows && path.starts_with("/articles/");
                    // Of a record that does not exist the API says nothing but that, before it looks at what it leads to.
                    let expected = if is_relation && status == 404 { let_through } else { status != 403 };
                    assert_eq!(let_through, expected, "{what}");
                    assert!(![401, 405, 500].contains(&status), "{what}");
                    if !let_through && kind == Kind::Rest {
                        let caller = if groups.is_empty() { "ann" } else { "an editor" };
                        refused.push(format!("{identity:?} {caller}: {method} {path}"));
                    }
                }
            }
        }
    }
    assert_eq!(
        refused,
        [
            "Token ann: POST /articles",
            "Token ann: PATCH /articles/a1",
            "Token ann: DELETE /articles/a1",
            "Token ann: GET /articles/a1/comments",
            "Token ann: POST /comments",
            "Token ann: GET /notices",
            "Token ann: DELETE /notices/n1",
            "Token ann: POST /queries/ping",
            "Token an editor: GET /notices",
            "Token an editor: DELETE /notices/n1",
            "Function ann: GET /notes",
            "Function ann: POST /notes",
            "Function ann: GET /notes/n1",
            "Function ann: PATCH /notes/n1",
            "Function ann: DELETE /notes/n1",
            "Function ann: PATCH /articles/a1",
            "Function ann: DELETE /articles/a1",
            "Function ann: GET /articles/a1/comments",
            "Function ann: POST /comments",
            "Function ann: POST /mutations/publish",
            "Function an editor: GET /notes",
            "Function an editor: POST /notes",
            "Function an editor: GET /notes/n1",
            "Function an editor: PATCH /notes/n1",
            "Function an editor: DELETE /notes/n1",
            "Function an editor: PATCH /articles/a1",
            "Function an editor: DELETE /articles/a1",
            "Function an editor: GET /articles/a1/comments",
            "Function an editor: POST /comments",
            "Function an editor: POST /mutations/publish",
        ]
    );
}

/// The gateway goes on letting the caller through for as long as it keeps the answer.
#[tokio::test]
async fn an_answer_that_is_kept_for_longer_than_the_token_is_good_opens_nothing() {
    for kind in [Kind::Rest, Kind::Http] {
        for identity in [CallerIdentity::Token, CallerIdentity::Function] {
            let clock = ManualClock::at(TestIssuer::NOW);
            let schema = parse(SCHEMA);
            let authorizer = LambdaAuthorizer::new(&schema, verifier(clock.clone())).clock(clock.clone());
            let api = api(identity, clock.clone()).await;
            let mut gateway = Gateway::new(kind, authorizer.identity(identity), api);
            let token =
                POOL.access_token("ann").claim("client_id", CLIENT).claim("exp", TestIssuer::NOW + 60).sign();
            clock.advance(Duration::from_secs(59));
            assert!(gateway.lets_through(&token, "GET", "/articles").await);
            assert_eq!(gateway.status_behind(&token, "GET", "/articles").await, 200, "{kind:?} {identity:?}");
            clock.advance(Duration::from_secs(1));
            assert!(gateway.lets_through(&token, "GET", "/articles").await);
            assert_eq!(gateway.status_behind(&token, "GET", "/articles").await, 401, "{kind:?} {identity:?}");
        }
    }
}
