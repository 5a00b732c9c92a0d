//! AppSync's direct Lambda resolvers behind the authorizer.

use portcullis::{GatewayTokens, TokenUse, TrustedAppSync, rules::Authorizer};
use portcullis_data::{Functions, Invocation, testkit};
use portcullis_resolvers::{AppSync, Resolvers};
use portcullis_schema::ExpandedField;
use serde_json::{Value, json};

use crate::{CLIENT, POOL, SCHEMA, authorizer, parse, token};

async fn app_sync() -> AppSync {
    let ping = async |_: Invocation| Ok(Value::from("pong"));
    let functions = Functions::default().function("ping", ping);
    let table = testkit::table().await.unwrap();
    let resolvers = Resolvers::new(parse(SCHEMA), table, Authorizer::new(), functions).unwrap();
    let issuer = POOL.issuer().client_ids([CLIENT]).token_use(TokenUse::Access);
    let tokens = GatewayTokens::builder().issuer(issuer).clock(POOL.clock()).build().unwrap();
    AppSync::new(resolvers, TrustedAppSync::new().tokens(tokens).lambda_authorizer())
}

/// Arguments that are good enough to be asked about.
fn arguments(field: &ExpandedField) -> Value {
    let is_of = |beginning: &str| field.name.starts_with(beginning);
    match () {
        () if field.argument("id").is_some() => json!({ "id": "r1" }),
        () if is_of("create") => json!({ "input": { "id": "r1" } }),
        () if field.argument("input").is_some() => json!({ "input": { "id": "r1" } }),
        () => json!({}),
    }
}

#[tokio::test]
async fn a_field_that_is_denied_is_one_that_the_resolvers_refuse() {
    let schema = parse(SCHEMA);
    let event = json!({
        "authorizationToken": token(&["editors"]),
        "requestContext": { "apiId": "a", "accountId": "1", "requestId": "r", "queryString": "{ a }", "variables": {} },
    });
    let answer = authorizer(&schema).answer(&event).await.unwrap();
    assert_eq!(answer["isAuthorized"], true);
    let denied = answer["deniedFields"].as_array().unwrap();
    let (app_sync, expanded) = (app_sync().await, schema.expand());
    let mut asked = [0, 0];
    for of in ["Query", "Mutation"] {
        for field in expanded.type_named(of).unwrap().fields() {
            let event = json!({
                "arguments": arguments(field), "identity": { "resolverContext": answer["resolverContext"] },
                "source": null, "prev": null, "stash": {}, "request": { "headers": {}, "domainName": null },
                "info": { "selectionSetList": ["id"], "selectionSetGraphQL": "{ id }", "parentTypeName": of,
                    "fieldName": field.name, "variables": {} },
            });
            let answer = app_sync.answer(&event).await;
            let is_refused = answer.as_ref().is_err_and(|error| error.kind() == "Unauthorized");
            let is_denied = denied.contains(&json!(format!("{of}.{}", field.name)));
            assert_eq!(is_denied, is_refused, "{of}.{}: {answer:?}", field.name);
            asked[usize::from(is_denied)] += 1;
        }
    }
    assert!(asked[0] >= 8 && asked[1] >= 8, "{asked:?}");
}
