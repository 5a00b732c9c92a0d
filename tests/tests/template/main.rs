//! What CloudFormation would say only while deploying, or never: cycles, references to what is not made, missing permissions, wide policies,
//! unset variables. Where it depends on parameters, it is proven for every combination of them.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod appsync;
mod authorizers;
mod combinations;
mod functions;
mod graph;
mod parameters;
mod permissions;
mod policies;
mod pool;
mod starts;

use portcullis_tests::Template;
use serde_json::{Map, Value, json};

/// The Lambda functions that the pool calls: each with the pool's properties that name it, and the condition under which it is made.
const TRIGGERS: [(&str, &[&str], Option<&str>); 6] = [
    ("PreSignUpFunction", &["/PreSignUp"], None),
    ("PostConfirmationFunction", &["/PostConfirmation"], None),
    ("PreTokenGenerationFunction", &["/PreTokenGenerationConfig/LambdaArn"], None),
    (
        "CustomChallengeFunction",
        &["/DefineAuthChallenge", "/CreateAuthChallenge", "/VerifyAuthChallengeResponse"],
        Some("SignsInByCode"),
    ),
    ("CustomMessageFunction", &["/CustomMessage"], Some("HasMessageTemplates")),
    ("UserMigrationFunction", &["/UserMigration"], Some("MigratesUsers")),
];

/// The ARN of the pool, whether the stack makes it or not.
fn pool_arn() -> Value {
    let existing =
        "arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/${ExistingUserPoolId}";
    json!({ "Fn::If": ["MakesUserPool", { "Fn::GetAtt": ["UserPool", "Arn"] }, { "Fn::Sub": existing }] })
}

fn condition_of(resource: &Value) -> Option<&str> {
    resource.get("Condition").and_then(Value::as_str)
}

/// The properties of a function with what `Globals` adds; a mapping in both is merged, as SAM does.
fn effective(template: &Template, function: &Value) -> Value {
    let mut properties = template.at("/Globals/Function").as_object().cloned().unwrap_or_default();
    for (name, value) in function["Properties"].as_object().unwrap() {
        match (properties.get_mut(name).and_then(Value::as_object_mut), value.as_object()) {
            (Some(global), Some(own)) => global.extend(own.clone()),
            _ => drop(properties.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(properties)
}

/// Every statement of every policy, with the resource that it stands in.
fn policy_statements(template: &Template) -> Vec<(&str, &Map<String, Value>)> {
    fn collect<'a>(id: &'a str, value: &'a Value, found: &mut Vec<(&'a str, &'a Map<String, Value>)>) {
        match value {
            Value::Object(members) if members.contains_key("Effect") => found.push((id, members)),
            Value::Object(members) => members.values().for_each(|member| collect(id, member, found)),
            Value::Array(entries) => entries.iter().for_each(|entry| collect(id, entry, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    template.resources().for_each(|(id, resource)| collect(id, resource, &mut found));
    found
}

/// Every text inside a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(entries) => entries.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
