//! Events that no gateway sends. Whatever comes, nobody is let in without a good token, and nothing is allowed that is not a route of the
//! schema on the stage that the ARN names.

use std::cell::Cell;

use portcullis_authorizer::HttpApiAnswer;
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::TestRunner,
};
use serde_json::Value;

use crate::{EVENTS, authorizer, token, with_token};

const CASES: u32 = 2_000;

/// Names that events have.
const NAMES: [&str; 14] = [
    "type",
    "version",
    "methodArn",
    "routeArn",
    "authorizationToken",
    "identitySource",
    "headers",
    "multiValueHeaders",
    "authorization",
    "requestContext",
    "routeKey",
    "httpMethod",
    "path",
    "rawPath",
];

fn value() -> impl Strategy<Value = Value> {
    let words = [
        "TOKEN",
        "REQUEST",
        "1.0",
        "2.0",
        "CONNECT",
        "$connect",
        "$default",
        "*",
        "",
        "Bearer ",
        "Bearer a.b.c",
        "GET",
        "arn:aws:execute-api:us-east-1:123456789012:abcdef123/*/*",
        "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/*",
        "arn:aws:execute-api:*:*:*/*/*/*",
        "arn:aws:execute-api:us-east-1:123456789012:abcdef123/default/$connect",
        "\u{0}",
        "\u{202e}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        select(words.to_vec()).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((select(NAMES.to_vec()), inner), 0..4).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

/// The pointers to all objects within a value.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    if let Value::Object(members) = value {
        found.push(at.to_owned());
        for (name, member) in members {
            objects(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }
    }
}

/// Sets a member of some object within an event, or removes one.
fn spoil(event: &mut Value, place: Index, name: &str, value: Option<Value>) {
    let mut pointers = Vec::new();
    objects(event, "", &mut pointers);
    let Some(members) =
        event.pointer_mut(&pointers[place.index(pointers.len())]).and_then(Value::as_object_mut)
    else {
        return;
    };
    match value {
        Some(value) => drop(members.insert(name.to_owned(), value)),
        None => {
            let names: Vec<String> = members.keys().cloned().collect();
            if !names.is_empty() {
                members.remove(&names[place.index(names.len())]);
            }
        }
    }
}

#[test]
fn whatever_comes_nobody_is_let_in_without_a_good_token_and_nothing_but_routes_is_allowed() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let good = token(&["editors"]).sign();
    let policies = authorizer().graphql();
    let simple = policies.clone().http_api(HttpApiAnswer::Simple);
    let answered = Cell::new([0_u32; 3]);
    let change = || (any::<Index>(), select(NAMES.to_vec()), proptest::option::weighted(0.8, value()));
    let input =
        (select(EVENTS.map(|(name, _)| name).to_vec()), any::<bool>(), any::<bool>(), vec(change(), 1..4));
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) };
    let outcome = TestRunner::new(config).run(&input, |(name, is_good, is_simple, changes)| {
        let mut event = with_token(name, if is_good { &good } else { "a.b.c" });
        for (place, member, value) in changes {
            spoil(&mut event, place, member, value);
        }
        let authorizer = if is_simple { &simple } else { &policies };
        let answer = runtime.block_on(authorizer.answer(&event));
        let mut counts = answered.get();
        let Ok(answer) = answer else {
            counts[0] += 1;
            answered.set(counts);
            return Ok(());
        };
        let statements = answer["policyDocument"]["Statement"].as_array().cloned().unwrap_or_default();
        let allowed: Vec<&Value> = statements
            .iter()
            .filter(|statement| statement["Effect"] == "Allow")
            .flat_map(|statement| statement["Resource"].as_array().unwrap())
            .collect();
        let lets_in = answer["isAuthorized"] == true || !allowed.is_empty();
        counts[if lets_in { 2 } else { 1 }] += 1;
        answered.set(counts);
        prop_assert!(!lets_in || event.to_string().contains(&good), "{} {}", event, answer);
        for resource in allowed {
            let arn = event["methodArn"].as_str().or(event["routeArn"].as_str()).unwrap();
            let stage: Vec<&str> = arn.splitn(3, '/').take(2).collect();
            let rest = resource.as_str().unwrap().strip_prefix(&format!("{}/", stage.join("/")));
            prop_assert!(!stage.join("/").contains('*'), "{}", answer);
            let (method, path) = rest.unwrap().split_once('/').unwrap_or((rest.unwrap(), ""));
            let known = [
                "notes",
                "notes/*",
                "articles",
                "articles/*",
                "queries/ping",
                "graphql",
                "health",
                "openapi.json",
            ];
            prop_assert!(method == "$connect" || known.contains(&path), "{}", answer);
            prop_assert!(!method.contains('*'), "{}", answer);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    // Events that are all refused, or all good, would prove nothing.
    let counts = answered.get();
    println!("{} errors, {} refusals, {} let in", counts[0], counts[1], counts[2]);
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}
