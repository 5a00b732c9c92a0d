//! The callers of Amplify's own decisions who come in through a Lambda authorizer.

use std::collections::BTreeMap;

use portcullis::{AuthenticateLayer, TrustedGateway, rules::Authorizer};
use portcullis_api::lambda_service;
use portcullis_data::{Functions, Table, Timestamp, testkit};
use portcullis_resolvers::{GraphQl, Resolvers, graphql};
use portcullis_schema::{AuthMode, ExpandedField, ExpandedSchema, Schema};
use portcullis_tests::Result;
use serde_json::{Map, Value, json};

use crate::{
    POOL,
    gateway::invoke,
    vectors::{Case, Vectors},
    verifier,
};

const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];

/// What the reference refuses before it looks at the input is what AppSync is told to deny, and nothing else is.
#[tokio::test]
async fn what_appsync_is_told_to_deny_is_what_the_reference_refuses() -> Result<()> {
    let vectors = Vectors::read()?;
    let answers = vectors.answers().await;
    let (mut counts, mut mistakes) = ([0, 0], Vec::new());
    for case in &vectors.cases {
        let answer = &answers[case.schema.as_str()];
        // Of a record that cannot be reached the reference was asked all the same.
        if answer["isAuthorized"] == false && !ROOTS.contains(&case.field().0) {
            continue;
        }
        let denied = answer["deniedFields"].as_array();
        let is_denied =
            answer["isAuthorized"] == false || denied.is_some_and(|it| it.contains(&case.case["field"]));
        counts[usize::from(is_denied)] += 1;
        if is_denied != case.refuses_field() {
            mistakes.push(format!("{}: denied: {is_denied}, but {}", case.id, case.expected));
        }
    }
    println!("{} fields admitted, {} denied", counts[0], counts[1]);
    assert!(mistakes.is_empty(), "{} mistakes:\n{}", mistakes.len(), mistakes.join("\n"));
    assert!(counts[0] > 100 && counts[1] > 100, "{counts:?}");
    Ok(())
}

/// The same cases through an HTTP API: what the authorizer says about the caller comes with the event, and the GraphQL endpoint decides.
#[tokio::test]
async fn behind_an_http_api_callers_of_a_function_get_the_decisions_of_the_reference() -> Result<()> {
    let vectors = Vectors::read()?;
    let answers = vectors.answers().await;
    let (mut counts, mut mistakes) = (BTreeMap::<String, usize>::new(), Vec::new());
    for case in vectors.cases.iter().filter(|case| is_asked(case)) {
        let (schema, default_mode) = &vectors.schemas[&case.schema];
        let said = answers[case.schema.as_str()]["resolverContext"].clone();
        // An authorizer that lets nobody in is not asked about the API at all; then the endpoint is.
        let said = if said.is_null() { json!({ "sub": "ann" }) } else { said };
        let decided = decided(&ask(schema, *default_mode, case, &said).await, case.field().1);
        let expected = case.expected["decision"].as_str().unwrap_or_default();
        *counts.entry(decided.clone()).or_default() += 1;
        if decided != expected {
            mistakes.push(format!("{}: {decided}, but {}", case.id, case.expected));
        }
    }
    println!("{counts:?}");
    assert!(mistakes.is_empty(), "{} mistakes:\n{}", mistakes.len(), mistakes.join("\n"));
    assert!(counts["allow"] > 80 && counts["deny"] > 80, "{counts:?}");
    Ok(())
}

/// Subscriptions are asked elsewhere, and a page token of the reference means nothing here.
fn is_asked(case: &Case) -> bool {
    ["Query", "Mutation"].contains(&case.field().0) && case.case["args"]["nextToken"].is_null()
}

/// The answer of the endpoint to an event of an HTTP API.
async fn ask(schema: &Schema, default_mode: AuthMode, case: &Case, said: &Value) -> Value {
    let table = testkit::table().await.unwrap();
    plant(schema, case, &table).await;
    let mut functions = Functions::default();
    let mut names: Vec<&String> = schema.custom_fields().iter().flat_map(|field| field.functions()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let returned = case.case["existing"].clone();
        functions = functions.function(name.clone(), move |_| {
            let returned = returned.clone();
            async move { Ok(returned) }
        });
    }
    let resolvers = Resolvers::new(schema.clone(), table, Authorizer::new(), functions).unwrap();
    let resolvers = resolvers.default_mode(default_mode);
    let expanded = schema.expand();
    let endpoint = GraphQl::new(resolvers).unwrap();
    let trusted = TrustedGateway::new().lambda_authorizer().clock(POOL.clock());
    let layer = AuthenticateLayer::new(verifier(POOL.clock())).gateway(trusted);
    let service = lambda_service(graphql::router(endpoint, layer));
    let body = request(&expanded, case).to_string();
    let event = json!({
        "version": "2.0", "routeKey": "POST /graphql", "rawPath": "/graphql", "rawQueryString": "",
        "headers": { "content-type": "application/json" },
        "requestContext": {
            "http": { "method": "POST", "path": "/graphql", "sourceIp": "203.0.113.1", "protocol": "HTTP/1.1", "userAgent": "x" },
            "stage": "$default", "apiId": "a1b2c3", "accountId": "111122223333", "requestId": "r", "routeKey": "POST /graphql", "timeEpoch": 0,
            "authorizer": { "lambda": said },
        },
        "body": body, "isBase64Encoded": false,
    });
    let answer = invoke(service, event).await;
    assert_eq!(answer["statusCode"], 200, "{}: {answer}", case.id);
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

/// Puts the records of a case into the table.
async fn plant(schema: &Schema, case: &Case, table: &Table) {
    let (of, field) = case.field();
    let expanded = schema.expand();
    let source = expanded.field(of, field).and_then(|field| field.source.as_ref());
    let Some(asked) = source.and_then(|source| source.model()) else {
        return;
    };
    let existing = &case.case["existing"];
    let by_model = existing.as_object().filter(|object| {
        !object.is_empty() && object.iter().all(|(name, it)| it.is_array() && schema.model(name).is_some())
    });
    for model in schema.models() {
        let records = match (existing, by_model) {
            (_, Some(by_model)) => by_model.get(model.name()).and_then(Value::as_array).cloned(),
            (Value::Array(records), None) if model.name() == asked => Some(records.clone()),
            (Value::Object(_), None) if model.name() == asked => Some(vec![existing.clone()]),
            _ => None,
        };
        let items = records.into_iter().flatten().filter_map(|record| record.as_object().cloned());
        let items: Vec<Map<String, Value>> = items.collect();
        if !items.is_empty() {
            testkit::plant(table, model, &Authorizer::new(), Timestamp::UNIX_EPOCH, items).await.unwrap();
        }
    }
}

/// The case as a client would send it.
fn request(expanded: &ExpandedSchema, case: &Case) -> Value {
    let (of, name) = case.field();
    let field = expanded.field(of, name);
    let (mut declared, mut given, mut variables) = (Vec::new(), Vec::new(), Map::new());
    for (name, value) in case.case["args"].as_object().into_iter().flatten() {
        if let Some(argument) = field.and_then(|field| field.argument(name)) {
            declared.push(format!("${name}: {}", argument.kind));
            given.push(format!("{name}: ${name}"));
            variables.insert(name.clone(), value.clone());
        } else {
            given.push(format!("{name}: null"));
        }
    }
    let list =
        |items: Vec<String>| if items.is_empty() { String::new() } else { format!("({})", items.join(", ")) };
    let shown = match case.case["selection"].as_str() {
        Some(selection) => format!(" {selection}"),
        None => field.map(|field| leaves(expanded, field)).unwrap_or_default(),
    };
    let word = if of == "Mutation" { "mutation" } else { "query" };
    json!({ "query": format!("{word} Case{} {{ {name}{}{shown} }}", list(declared), list(given)), "variables": variables })
}

/// Every field that is neither a relation nor an object.
fn leaves(expanded: &ExpandedSchema, field: &ExpandedField) -> String {
    let of = |name: &str| -> Option<String> {
        let kind = expanded.type_named(name).filter(|kind| !kind.fields().is_empty())?;
        let is_leaf = |field: &&ExpandedField| {
            expanded.type_named(field.kind.base()).is_none_or(|kind| kind.fields().is_empty())
        };
        Some(
            kind.fields()
                .iter()
                .filter(is_leaf)
                .map(|field| field.name.as_str())
                .collect::<Vec<_>>()
                .join(" "),
        )
    };
    let base = field.kind.base();
    let page = expanded.field(base, "items").filter(|_| base.ends_with("Connection"));
    match page.and_then(|items| of(items.kind.base())) {
        Some(items) => format!(" {{ items {{ {items} }} nextToken }}"),
        None => of(base).map(|leaves| format!(" {{ {leaves} }}")).unwrap_or_default(),
    }
}

/// The decision that an answer tells of.
fn decided(answer: &Value, field: &str) -> String {
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    let is_root = |error: &&Value| error["path"].as_array().is_some_and(|path| path.len() == 1);
    let is_graphql = |error: &&Value| error["errorType"] == "GraphQL";
    if errors.iter().any(|error| error["path"].is_null()) {
        return "invalid".to_owned();
    }
    match errors.iter().filter(|error| !is_graphql(error)).find(is_root) {
        Some(error) if error["errorType"] == "Unauthorized" => "deny".to_owned(),
        Some(_) => "error".to_owned(),
        None => {
            assert!(answer["data"].get(field).is_some(), "{answer}");
            "allow".to_owned()
        }
    }
}
