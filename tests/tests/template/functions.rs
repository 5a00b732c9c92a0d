//! The Lambda functions: what each is given, and what each has for itself.

use std::{cell::RefCell, collections::BTreeSet};

use portcullis_tests::{Stack, Template, repository};
use serde_json::{Value, json};

use crate::{
    TRIGGERS,
    combinations::{combinations, stack},
    condition_of, effective,
};

/// A variable that a function reads and the template does not set, and why.
const UNSET: [(&str, &str, &str); 20] = [
    ("ApiFunction", "AWS_REGION", "Lambda sets it"),
    ("ApiFunction", "ISSUER", "only a pool at another address needs it"),
    ("ApiFunction", "JWKS", "the pool publishes its keys"),
    ("ApiFunction", "GATEWAY_CLAIMS", "no authorizer for tokens is believed"),
    ("ApiFunction", "ADMIN_ROLES", "no role of the template may do everything"),
    ("ApiFunction", "IAM_ACCESS", "the identity pool's members are let in, and the account is not"),
    ("ResolversFunction", "AWS_REGION", "Lambda sets it"),
    ("ResolversFunction", "ISSUER", "only a pool at another address needs it"),
    ("ResolversFunction", "JWKS", "AppSync has checked the signature"),
    ("ResolversFunction", "OIDC_TOKEN_USE", "AppSync does not show the header that says it"),
    ("ResolversFunction", "APPSYNC_DEFAULT_MODE", "it is the user pool"),
    ("ResolversFunction", "ADMIN_ROLES", "no role of the template may do everything"),
    ("ResolversFunction", "IAM_ACCESS", "the identity pool's members are let in, and the account is not"),
    ("AuthorizerFunction", "ISSUER", "only a pool at another address needs it"),
    ("AuthorizerFunction", "JWKS", "the pool publishes its keys"),
    ("AuthorizerFunction", "HTTP_API_ANSWER", "the gateway is set up for policies"),
    (
        "AuthorizerFunction",
        "APPSYNC_TTL",
        "its default is five minutes, and no longer than the token is good",
    ),
    ("AuthorizerFunction", "WEBSOCKET_TOKEN", "the stack has no API for WebSockets"),
    ("PreTokenGenerationFunction", "READ_TIMEOUT_MS", "its default suits a table in the same region"),
    ("CustomMessageFunction", "TEMPLATES_FILE", "a file would have to be packed with the function"),
];

#[test]
fn a_function_reads_each_variable_that_is_set_and_each_that_it_reads_is_set() {
    let template = Template::read().unwrap();
    let read = [
        ("ApiFunction", asked(|lookup| drop(portcullis_api::Config::from_env(lookup)))),
        ("AuthorizerFunction", asked(|lookup| drop(portcullis_authorizer::Config::from_env(lookup)))),
        ("ResolversFunction", asked(|lookup| drop(portcullis_resolvers::Config::from_env(lookup)))),
        ("PreSignUpFunction", asked(|lookup| drop(portcullis_pre_signup::Config::from_env(lookup)))),
        (
            "PostConfirmationFunction",
            asked(|lookup| drop(portcullis_post_confirmation::Config::from_env(lookup))),
        ),
        (
            "PreTokenGenerationFunction",
            asked(|lookup| drop(portcullis_pre_token_generation::Config::from_env(lookup))),
        ),
        (
            "CustomChallengeFunction",
            asked(|lookup| drop(portcullis_custom_challenge::Config::from_env(lookup))),
        ),
        ("CustomMessageFunction", asked(|lookup| drop(portcullis_custom_message::Config::from_env(lookup)))),
        ("UserMigrationFunction", asked(|lookup| drop(portcullis_user_migration::Config::from_env(lookup)))),
    ];
    for (function, mut read) in read {
        let properties = effective(&template, template.at(&format!("/Resources/{function}")));
        let variables = properties.pointer("/Environment/Variables").and_then(Value::as_object).unwrap();
        for (unset_in, variable, reason) in UNSET {
            assert!(
                unset_in != function || read.remove(variable),
                "{function} no longer reads {variable} ({reason})"
            );
        }
        assert_eq!(variables.keys().cloned().collect::<BTreeSet<_>>(), read, "{function}");
    }
}

/// The variables that a configuration asks for, when nothing is set and when everything is.
fn asked(read: impl Fn(&dyn Fn(&str) -> Option<String>)) -> BTreeSet<String> {
    let names = RefCell::new(BTreeSet::new());
    for value in [None, Some("x".to_owned())] {
        read(&|name| {
            names.borrow_mut().insert(name.to_owned());
            value.clone()
        });
    }
    names.into_inner()
}

/// What a variable could hold where the template leaves that to a parameter or to AWS.
const EXAMPLES: [(&str, &str); 13] = [
    ("TABLE_NAME", "portcullis"),
    ("USER_POOL_ID", "eu-west-1_Ab12Cd34E"),
    ("USER_POOL_CLIENT_IDS", "web,machine"),
    ("CORS_ORIGINS", "https://app.example.com"),
    ("API_KEYS", "a-key-for-public-rules"),
    ("OIDC_ISSUER", "https://sign-in.example.com"),
    ("OIDC_AUDIENCES", "web,api"),
    ("OIDC_TOKEN_USE", "id"),
    ("GRAPHQL", "on"),
    ("IDENTITY_POOL_ID", "eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa"),
    ("AUTHENTICATED_ROLE", "arn:aws:iam::111122223333:role/member"),
    ("UNAUTHENTICATED_ROLE", "arn:aws:iam::111122223333:role/guest"),
    ("RESOURCE_URL", "https://api.example.com"),
];

#[test]
fn the_functions_of_the_apis_start_with_every_combination_of_parameters() {
    type Read = fn(&dyn Fn(&str) -> Option<String>) -> Result<(), String>;
    let functions: [(&str, Read); 3] = [
        ("ApiFunction", |lookup| {
            portcullis_api::Config::from_env(lookup).map(drop).map_err(|errors| errors.to_string())
        }),
        ("AuthorizerFunction", |lookup| {
            portcullis_authorizer::Config::from_env(lookup).map(drop).map_err(|errors| errors.to_string())
        }),
        ("ResolversFunction", |lookup| {
            portcullis_resolvers::Config::from_env(lookup).map(drop).map_err(|errors| errors.to_string())
        }),
    ];
    let template = Template::read().unwrap();
    for (function, read) in functions {
        let variables = template.at(&format!("/Resources/{function}/Properties/Environment/Variables"));
        let mut conditions = BTreeSet::new();
        conditions_in(variables, &mut conditions);
        let combinations = combinations(&template, conditions.iter().map(String::as_str));
        assert!(combinations.len() >= 64, "{function} is tried with {} combinations", combinations.len());
        for combination in combinations {
            let stack = stack(&template, &combination);
            if !stack.refusals().unwrap().is_empty() {
                continue;
            }
            let started = read(&|name| match variables.get(name) {
                Some(value) => written(&stack, name, value),
                None => (name == "AWS_REGION").then(|| "eu-west-1".to_owned()),
            });
            assert_eq!(started, Ok(()), "{function}: {combination:?}");
        }
    }
}

/// What a function finds in a variable; nothing where it is not set.
fn written(stack: &Stack<'_>, name: &str, value: &Value) -> Option<String> {
    if let Some([Value::String(condition), then, otherwise]) = value["Fn::If"].as_array().map(Vec::as_slice) {
        return written(stack, name, if stack.holds(condition).unwrap() { then } else { otherwise });
    }
    if let Some([Value::String(separator), Value::Array(parts)]) =
        value["Fn::Join"].as_array().map(Vec::as_slice)
    {
        let parts: Vec<String> = parts.iter().map(|part| written(stack, name, part).unwrap()).collect();
        return Some(parts.join(separator));
    }
    match value {
        Value::String(text) => Some(text.clone()),
        value if value["Ref"] == "AWS::NoValue" => None,
        _ => {
            let example = EXAMPLES.iter().find(|(known, _)| *known == name);
            Some(example.unwrap_or_else(|| panic!("{name} has no example")).1.to_owned())
        }
    }
}

fn conditions_in(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("Fn::If").and_then(|it| it[0].as_str()).map(str::to_owned));
            members.values().for_each(|member| conditions_in(member, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| conditions_in(entry, found)),
        _ => {}
    }
}

#[test]
fn each_function_has_its_own_role_log_group_and_binary() {
    let template = Template::read().unwrap();
    let mut seen = BTreeSet::new();
    for (id, function) in template.of_type("AWS::Serverless::Function") {
        let properties = effective(&template, function);
        for property in ["/Role/Fn::GetAtt/0", "/LoggingConfig/LogGroup/Ref"] {
            let resource = properties.pointer(property).and_then(Value::as_str);
            let resource = resource.unwrap_or_else(|| panic!("{id} has no {property} of its own"));
            assert!(seen.insert(resource.to_owned()), "{resource} serves two functions");
            let condition = condition_of(template.at(&format!("/Resources/{resource}")));
            assert_eq!(condition, condition_of(function), "{resource} is not made where {id} is");
        }
        let binary = function.pointer("/Metadata/BuildProperties/Binary").and_then(Value::as_str).unwrap();
        assert!(seen.insert(binary.to_owned()), "{binary} is built twice");
        assert_eq!(properties["CodeUri"], format!("functions/{binary}"), "{id}");
        assert!(
            repository().join(format!("functions/{binary}/src/main.rs")).is_file(),
            "{binary} has no main.rs"
        );
    }
}

#[test]
fn no_log_is_kept_for_ever() {
    let template = Template::read().unwrap();
    let mut groups = 0;
    for (id, group) in template.of_type("AWS::Logs::LogGroup") {
        groups += 1;
        assert_eq!(group["Properties"]["RetentionInDays"], json!({ "Ref": "LogRetentionDays" }), "{id}");
        assert_eq!(group["DeletionPolicy"], "Delete", "{id}");
    }
    assert!(groups > template.of_type("AWS::Serverless::Function").count(), "the gateway has a log too");
}

#[test]
fn each_function_is_traced_and_watched() {
    let template = Template::read().unwrap();
    for (id, function) in template.of_type("AWS::Serverless::Function") {
        let condition = condition_of(function);
        // In the role itself: Lambda asks for it when the function is made, and a policy beside the role may come later.
        let role = function["Properties"]["Role"]["Fn::GetAtt"][0].as_str().unwrap();
        let policies = template.at(&format!("/Resources/{role}/Properties/Policies")).as_array().unwrap();
        let statement = json!({
            "Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*",
        });
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
        let policy = json!({ "PolicyName": "tracing", "PolicyDocument": document });
        let traced = json!({ "Fn::If": ["TracesCalls", policy, { "Ref": "AWS::NoValue" }] });
        assert!(policies.contains(&traced), "{id} may not write traces");
        for metric in ["Errors", "Throttles"] {
            let watched: Vec<_> = template
                .of_type("AWS::CloudWatch::Alarm")
                .filter(|(_, alarm)| {
                    let properties = &alarm["Properties"];
                    properties["MetricName"] == metric
                        && properties["Dimensions"]
                            == json!([{ "Name": "FunctionName", "Value": { "Ref": id } }])
                })
                .map(|(_, alarm)| condition_of(alarm))
                .collect();
            assert_eq!(watched, [condition], "{metric} of {id}");
        }
    }
    let told = json!({ "Fn::If": ["HasAlarmEmail", [{ "Ref": "AlarmTopic" }], { "Ref": "AWS::NoValue" }] });
    for (id, alarm) in template.of_type("AWS::CloudWatch::Alarm") {
        assert_eq!(alarm["Properties"]["AlarmActions"], told, "{id}");
        assert_eq!(alarm["Properties"]["TreatMissingData"], "notBreaching", "{id}");
    }
}

#[test]
fn a_trigger_ends_when_cognito_stops_waiting() {
    let template = Template::read().unwrap();
    for (function, ..) in TRIGGERS {
        let properties = effective(&template, template.at(&format!("/Resources/{function}")));
        assert_eq!(properties["Timeout"], 5, "{function}");
    }
}
