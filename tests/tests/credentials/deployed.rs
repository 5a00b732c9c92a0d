//! A stack, and what its roles may do.

use portcullis_tests::{Stack, Template};
use serde_json::{Value, json};

use crate::{
    ACCOUNT,
    engine::{Engine, Request},
};

/// A stack with the policies of its roles.
pub(crate) struct Deployed<'a> {
    template: &'a Template,
    stack: Stack<'a>,
}

impl<'a> Deployed<'a> {
    pub(crate) fn new(template: &'a Template, values: &[(&str, &str)]) -> Self {
        let stack = Stack::new(template, values).unwrap();
        assert_eq!(stack.refusals().unwrap(), [""; 0], "{values:?}");
        Self { template, stack }
    }

    pub(crate) fn literal(&self, pointer: &str) -> Value {
        self.literal_of(self.template.at(pointer))
    }

    pub(crate) fn literal_of(&self, value: &Value) -> Value {
        self.stack.literal(value).unwrap()
    }

    /// Every policy of a role, those in it and those that name it.
    fn policies(&self, role: &str) -> Vec<Value> {
        let resources = self.stack.resources().unwrap();
        assert!(resources.contains_key(role), "there is no {role}");
        let mut policies = Vec::new();
        for (id, resource) in resources {
            let property = |name: &str| resource.pointer(&format!("/Properties/{name}"));
            if id == role {
                assert!(property("ManagedPolicyArns").is_none(), "{role} has a policy that is not looked at");
                let own = property("Policies").and_then(Value::as_array).into_iter().flatten();
                policies.extend(
                    own.filter_map(|policy| policy.get("PolicyDocument")).map(|it| self.literal_of(it)),
                );
            } else if resource.get("Type").is_some_and(|it| it == "AWS::IAM::Policy") {
                let roles = property("Roles").and_then(Value::as_array).unwrap();
                if roles.contains(&json!({ "Ref": role })) {
                    policies.push(self.literal_of(property("PolicyDocument").unwrap()));
                }
            }
        }
        policies
    }

    pub(crate) fn request(&self, role: &str, action: &str, resource: &str, context: &Value) -> Request {
        Request {
            principal: format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session"),
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: context.clone(),
            policies: self.policies(role),
            resource_policy: None,
        }
    }

    pub(crate) fn assert(
        &self,
        engine: &Engine,
        requests: &[Request],
        expected: &[(&str, &str, &str, bool)],
    ) {
        let answers = engine.decide(requests);
        assert_eq!(answers.len(), expected.len());
        let wrong: Vec<_> = answers
            .iter()
            .zip(expected)
            .filter(|(answer, (.., allowed))| (*answer == "Allowed") != *allowed)
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(answers.iter().any(|answer| answer == "Allowed"), "nothing is allowed at all");
    }
}
