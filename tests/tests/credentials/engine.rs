//! An engine for IAM policies that others have written.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use portcullis_tests::{missing, npm_client};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{ACCOUNT, OTHER, OWN};

/// What an engine is asked.
pub(crate) struct Request {
    pub(crate) principal: String,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) context: Value,
    pub(crate) policies: Vec<Value>,
    pub(crate) resource_policy: Option<Value>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            principal: format!("arn:aws:sts::{ACCOUNT}:assumed-role/role/session"),
            action: String::new(),
            resource: String::new(),
            context: Value::Object(Map::new()),
            policies: Vec::new(),
            resource_policy: None,
        }
    }
}

/// `@cloud-copilot/iam-simulate`, in Node.
pub(crate) struct Engine {
    script: PathBuf,
}

impl Engine {
    /// The engine; nothing where Node is missing, which is said aloud.
    pub(crate) fn installed() -> Option<Self> {
        if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
            return None;
        }
        Some(Self { script: npm_client("policy-engine", "evaluate.js").unwrap() })
    }

    pub(crate) fn decide(&self, requests: &[Request]) -> Vec<String> {
        let requests: Vec<Value> = requests
            .iter()
            .map(|request| {
                let policies = request.policies.iter().enumerate();
                let policies: Vec<Value> = policies
                    .map(|(index, policy)| json!({ "name": index.to_string(), "policy": policy }))
                    .collect();
                json!({
                    "principal": request.principal,
                    "action": request.action,
                    "resource": request.resource,
                    "account": ACCOUNT,
                    "context": request.context,
                    "policies": policies,
                    "resourcePolicy": request.resource_policy,
                })
            })
            .collect();
        let mut node = Command::new("node");
        node.arg(&self.script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut node = node.spawn().unwrap();
        let mut input = node.stdin.take().unwrap();
        let asked = json!({ "requests": requests }).to_string();
        // Written from elsewhere, so that neither side waits for the other.
        let writer = std::thread::spawn(move || input.write_all(asked.as_bytes()));
        let ended = node.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let answered: Answered = serde_json::from_slice(&ended.stdout).unwrap();
        answered.answers
    }
}

/// What it prints.
#[derive(Deserialize)]
struct Answered {
    answers: Vec<String>,
}

#[test]
fn the_engine_decides_as_aws_documents() {
    let Some(engine) = Engine::installed() else { return };
    let allow = |more: Value| statement("Allow", more);
    let home = "arn:aws:s3:::b/home/${cognito-identity.amazonaws.com:sub}/*";
    let sub = json!({ "cognito-identity.amazonaws.com:sub": OWN });
    let own = format!("arn:aws:s3:::b/home/{OWN}/a");
    let other = format!("arn:aws:s3:::b/home/{OTHER}/a");
    let keys = |operator: &str, keys: Value| {
        allow(
            json!({ "Action": "dynamodb:GetItem", "Resource": "*", "Condition": { operator: { "dynamodb:LeadingKeys": keys } } }),
        )
    };
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/t";
    let documented = [
        // Policy evaluation logic: nothing is allowed that no policy allows, and a deny beats every allow.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
        (
            vec![allow(json!({ "Action": "s3:PutObject", "Resource": "*" }))],
            "s3:GetObject",
            "arn:aws:s3:::b/a",
            json!({}),
            "ImplicitlyDenied",
        ),
        (
            vec![allow(json!({ "Action": "s3:GetObject", "Resource": "*" }))],
            "s3:GetObject",
            "arn:aws:s3:::b/a",
            json!({}),
            "Allowed",
        ),
        (
            vec![
                allow(json!({ "Action": "s3:*", "Resource": "*" })),
                statement("Deny", json!({ "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*" })),
            ],
            "s3:GetObject",
            "arn:aws:s3:::b/a",
            json!({}),
            "ExplicitlyDenied",
        ),
        // Wildcards: `*` stands for any characters, slashes too, `?` for one; actions are compared without case, resources with it.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
        (
            vec![allow(json!({ "Action": "S3:getobject", "Resource": "arn:aws:s3:::b/*" }))],
            "s3:GetObject",
            "arn:aws:s3:::b/x/y",
            json!({}),
            "Allowed",
        ),
        (
            vec![allow(json!({ "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/?" }))],
            "s3:GetObject",
            "arn:aws:s3:::b/xy",
            json!({}),
            "ImplicitlyDenied",
        ),
        (
            vec![allow(json!({ "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/A" }))],
            "s3:GetObject",
            "arn:aws:s3:::b/a",
            json!({}),
            "ImplicitlyDenied",
        ),
        // NotAction: all actions but these.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html
        (
            vec![allow(json!({ "NotAction": "s3:Delete*", "Resource": "*" }))],
            "s3:DeleteObject",
            "arn:aws:s3:::b/a",
            json!({}),
            "ImplicitlyDenied",
        ),
        (
            vec![allow(json!({ "NotAction": "s3:Delete*", "Resource": "*" }))],
            "s3:GetObject",
            "arn:aws:s3:::b/a",
            json!({}),
            "Allowed",
        ),
        // Policy variables, and one that the request does not have, which matches nothing.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
        (
            vec![allow(json!({ "Action": "s3:GetObject", "Resource": home }))],
            "s3:GetObject",
            &own,
            sub.clone(),
            "Allowed",
        ),
        (
            vec![allow(json!({ "Action": "s3:GetObject", "Resource": home }))],
            "s3:GetObject",
            &other,
            sub,
            "ImplicitlyDenied",
        ),
        (
            vec![allow(json!({ "Action": "s3:GetObject", "Resource": home }))],
            "s3:GetObject",
            &own,
            json!({}),
            "ImplicitlyDenied",
        ),
        // Conditions with sets of values: ForAllValues holds for no value at all, ForAnyValue does not.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        (
            vec![keys("ForAllValues:StringLike", json!("U#*"))],
            "dynamodb:GetItem",
            table,
            json!({ "dynamodb:LeadingKeys": ["U#1", "U#2"] }),
            "Allowed",
        ),
        (
            vec![keys("ForAllValues:StringLike", json!("U#*"))],
            "dynamodb:GetItem",
            table,
            json!({ "dynamodb:LeadingKeys": ["U#1", "N#2"] }),
            "ImplicitlyDenied",
        ),
        (
            vec![keys("ForAllValues:StringLike", json!("U#*"))],
            "dynamodb:GetItem",
            table,
            json!({}),
            "Allowed",
        ),
        (
            vec![keys("ForAnyValue:StringLike", json!("U#*"))],
            "dynamodb:GetItem",
            table,
            json!({ "dynamodb:LeadingKeys": ["N#1", "U#2"] }),
            "Allowed",
        ),
        (
            vec![keys("ForAnyValue:StringLike", json!("U#*"))],
            "dynamodb:GetItem",
            table,
            json!({}),
            "ImplicitlyDenied",
        ),
    ];
    let requests: Vec<Request> = documented
        .iter()
        .map(|(statements, action, resource, context, _)| Request {
            action: (*action).to_owned(),
            resource: (*resource).to_owned(),
            context: context.clone(),
            policies: vec![json!({ "Version": "2012-10-17", "Statement": statements })],
            ..Request::default()
        })
        .collect();
    let expected: Vec<_> = documented.iter().map(|it| it.4).collect();
    assert_eq!(engine.decide(&requests), expected);
    let nothing = Request {
        action: "s3:GetObject".to_owned(),
        resource: "arn:aws:s3:::b/a".to_owned(),
        ..Request::default()
    };
    assert_eq!(engine.decide(&[nothing]), ["ImplicitlyDenied"]);
}

fn statement(effect: &str, more: Value) -> Value {
    let Value::Object(mut statement) = more else { panic!("{more}") };
    statement.insert("Effect".to_owned(), json!(effect));
    Value::Object(statement)
}
