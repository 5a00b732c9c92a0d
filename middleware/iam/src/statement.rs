//! One statement of a policy.

use serde_json::{Map, Value};

use crate::{
    Context, InvalidPolicy,
    condition::{Condition, Outcome},
    document::{join, texts},
    pattern::{Pattern, Syntax},
    resource::{Found, ResourcePattern},
};

/// What a statement does where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// What it is about: actions, and resources unless it is a trust policy's; and its conditions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) effect: Effect,
    actions: Vec<Pattern>,
    all_actions_but: bool,
    resources: Option<Resources>,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq)]
struct Resources {
    patterns: Vec<ResourcePattern>,
    all_but: bool,
}

impl Statement {
    pub(crate) fn read(
        effect: Effect,
        members: &Map<String, Value>,
        path: &str,
    ) -> Result<Self, InvalidPolicy> {
        let (actions, all_actions_but) = match (members.get("Action"), members.get("NotAction")) {
            (Some(actions), None) => (read_actions(actions, &join(path, "Action"))?, false),
            (None, Some(actions)) => (read_actions(actions, &join(path, "NotAction"))?, true),
            _ => return Err(InvalidPolicy::new(path, "has not one of Action and NotAction")),
        };
        let read = |resources: &Value, name: &str| {
            let path = join(path, name);
            let patterns = texts(resources, &path)?;
            patterns
                .into_iter()
                .map(|text| ResourcePattern::parse(text, &path))
                .collect::<Result<Vec<_>, _>>()
        };
        let resources = match (members.get("Resource"), members.get("NotResource")) {
            (Some(resources), None) => {
                Some(Resources { patterns: read(resources, "Resource")?, all_but: false })
            }
            (None, Some(resources)) => {
                Some(Resources { patterns: read(resources, "NotResource")?, all_but: true })
            }
            (None, None) => None,
            _ => return Err(InvalidPolicy::new(path, "has both Resource and NotResource")),
        };
        let conditions = match members.get("Condition") {
            Some(conditions) => Condition::read_all(conditions, &join(path, "Condition"))?,
            None => Vec::new(),
        };
        Ok(Self { effect, actions, all_actions_but, resources, conditions })
    }

    pub(crate) fn names_resources(&self) -> bool {
        self.resources.is_some()
    }

    /// Whether the statement applies. What cannot be decided counts against the caller.
    pub(crate) fn applies(&self, action: &str, resource: Option<&str>, context: &Context) -> bool {
        let unknown = self.effect == Effect::Deny;
        let names_action = self.actions.iter().any(|pattern| {
            pattern.resolve(context).is_some_and(|pattern| pattern.matches_ignoring_case(action))
        });
        if names_action == self.all_actions_but {
            return false;
        }
        let about = match (&self.resources, resource) {
            (Some(Resources { patterns, all_but }), Some(resource)) => {
                match (ResourcePattern::find(patterns, resource, context), all_but) {
                    (Found::Yes, all_but) => !all_but,
                    (Found::No, all_but) => *all_but,
                    // What a variable without a value stands for is no resource.
                    (Found::NotKnown, false) => false,
                    (Found::NotKnown, true) => unknown,
                }
            }
            (None, None) => true,
            _ => unknown,
        };
        about
            && self.conditions.iter().all(|condition| match condition.outcome(context) {
                Outcome::Holds => true,
                Outcome::Fails => false,
                Outcome::NotKnown => unknown,
            })
    }
}

fn read_actions(value: &Value, path: &str) -> Result<Vec<Pattern>, InvalidPolicy> {
    let actions = texts(value, path)?.into_iter().map(|text| {
        // `*` alone, or `service:name`.
        let good = text == "*"
            || text.split_once(':').is_some_and(|(service, name)| {
                let is_service = service.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                let is_name =
                    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*?_-".contains(&byte));
                !service.is_empty() && is_service && !name.is_empty() && is_name
            });
        if good {
            Pattern::parse(text, Syntax::Wildcards, path)
        } else {
            Err(InvalidPolicy::new(path, "is no action"))
        }
    });
    actions.collect()
}
