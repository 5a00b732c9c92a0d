//! API Gateway, as far as it asks an authorizer and keeps what it says.

use std::collections::HashMap;

use portcullis::rules::Operation;
use portcullis_authorizer::LambdaAuthorizer;
use serde_json::{Value, json};

use crate::sdl::Model;

/// So many calls are the first one.
pub(crate) const CALLS: usize = 64;

/// A call of a client, and what it does.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) does: Does,
}

#[derive(Clone, Debug)]
pub(crate) enum Does {
    Operate { model: String, operation: Operation },
    Follow { model: String, field: String },
    Invoke { of: &'static str, field: &'static str },
    Nothing,
}

/// An authorizer's answers by the identity source, which is the token alone.
#[derive(Default)]
pub(crate) struct Gateway {
    kept: HashMap<String, Value>,
    asked: usize,
}

impl Gateway {
    pub(crate) fn asked(&self) -> usize {
        self.asked
    }

    /// Whether the call gets through to the function behind.
    pub(crate) async fn call(&mut self, authorizer: &LambdaAuthorizer, token: &str, call: &Call) -> bool {
        let arn =
            format!("arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/prod/{}{}", call.method, call.path);
        if !self.kept.contains_key(token) {
            let event =
                json!({ "type": "TOKEN", "methodArn": arn, "authorizationToken": format!("Bearer {token}") });
            let answer = authorizer.answer(&event).await.unwrap();
            self.kept.insert(token.to_owned(), answer);
            self.asked += 1;
        }
        admits(&self.kept[token]["policyDocument"], &arn)
    }
}

/// As IAM decides about a resource.
fn admits(policy: &Value, arn: &str) -> bool {
    let is_named = |effect: &str| {
        let statements = policy["Statement"].as_array().unwrap().iter();
        statements.filter(|statement| statement["Effect"] == effect).any(|statement| {
            let resources = statement["Resource"].as_array().unwrap().iter();
            resources.filter_map(Value::as_str).any(|resource| fits(resource, arn))
        })
    };
    is_named("Allow") && !is_named("Deny")
}

/// `*` is any text: each part between two of them is looked for from the left, the last one from the right.
fn fits(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return pattern == text;
    };
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// A call for everything that the API serves, and some for what it does not.
pub(crate) fn calls(models: &[Model], values: &[&str]) -> Vec<Call> {
    let mut calls = Vec::new();
    for model in models {
        let (name, collection) = (model.name(), format!("/{}", model.path()));
        let keys =
            values.iter().take(model.key_fields()).map(|value| format!("/{value}")).collect::<String>();
        let item = format!("{collection}{keys}");
        let operations = [
            ("GET", &collection, Operation::List),
            ("HEAD", &collection, Operation::List),
            ("POST", &collection, Operation::Create),
            ("GET", &item, Operation::Get),
            ("HEAD", &item, Operation::Get),
            ("PATCH", &item, Operation::Update),
            ("DELETE", &item, Operation::Delete),
        ];
        for (method, path, operation) in operations {
            let does = match model.serves(operation) {
                true => Does::Operate { model: name.clone(), operation },
                false => continue,
            };
            calls.push(Call { method, path: path.clone(), does });
        }
        for (field, related) in model.relations() {
            let served = model.serves(Operation::Get)
                && models.iter().any(|it| it.name() == related && it.serves(Operation::List));
            if served {
                let does = Does::Follow { model: name.clone(), field: field.clone() };
                calls.push(Call { method: "GET", path: format!("{item}/{field}"), does });
            }
        }
        // Nothing is served there, and no route that is lies above.
        calls.push(Call { method: "PUT", path: item, does: Does::Nothing });
        calls.push(Call { method: "GET", path: format!("/x{}", model.path()), does: Does::Nothing });
    }
    for (of, root, field) in
        [("Query", "queries", "hello"), ("Query", "queries", "plain"), ("Mutation", "mutations", "publish")]
    {
        calls.push(Call {
            method: "POST",
            path: format!("/{root}/{field}"),
            does: Does::Invoke { of, field },
        });
    }
    calls
}
