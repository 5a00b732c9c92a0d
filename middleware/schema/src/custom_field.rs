//! A field that a handler answers: a custom query, mutation or subscription, or a guarded field of a type that is not
//! stored.

use std::sync::Arc;

use apollo_compiler::ast::FieldDefinition;
use portcullis_rules::{Model, Operations, Rule, Strategy};

use crate::{Project, access_matrix::MAX_ROLES, arguments::text_of, auth_rule::AuthRules};

/// A field of `Query`, `Mutation` or `Subscription`, or a field with `@auth` of a type without `@model`.
#[derive(Clone, Debug)]
pub struct CustomField {
    pub(crate) type_name: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) arguments: Vec<(String, String)>,
    pub(crate) functions: Vec<String>,
    pub(crate) rules: Option<Arc<Model>>,
}

impl CustomField {
    /// Reads a field. There is no record that owner rules and `groupsField` rules could look at: they admit nobody.
    pub(crate) fn read(
        type_name: &str,
        field: &FieldDefinition,
        auth: Option<&AuthRules>,
        project: &Project,
    ) -> Self {
        let functions = field.directives.get_all("function");
        Self {
            type_name: type_name.to_owned(),
            name: field.name.to_string(),
            kind: field.ty.to_string(),
            arguments: field
                .arguments
                .iter()
                .map(|argument| (argument.name.to_string(), argument.ty.to_string()))
                .collect(),
            functions: functions.filter_map(|function| Some(text_of(function, "name")?.value)).collect(),
            rules: auth.and_then(|auth| compile(type_name, field, auth, project)),
        }
    }

    /// The type that has the field: `Query`, `Mutation`, `Subscription` or another.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The name of the field.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of the field, as the schema writes it: `[Thing!]`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The arguments: names and types.
    pub fn arguments(&self) -> impl Iterator<Item = (&str, &str)> {
        self.arguments.iter().map(|(name, kind)| (name.as_str(), kind.as_str()))
    }

    /// The functions that answer, one after the other.
    #[must_use]
    pub fn functions(&self) -> &[String] {
        &self.functions
    }

    /// The rules; none if the field has no `@auth`, so that the project's default way to come in is the whole check.
    #[must_use]
    pub fn rules(&self) -> Option<&Arc<Model>> {
        self.rules.as_ref()
    }
}

fn compile(
    type_name: &str,
    field: &FieldDefinition,
    auth: &AuthRules,
    project: &Project,
) -> Option<Arc<Model>> {
    let mut rules: Vec<Rule> = Vec::new();
    let static_rules = auth.rules.iter().filter(|rule| !rule.needs_record());
    for rule in static_rules.filter_map(|rule| rule.to_rule(project)) {
        // Whoever is admitted may call the field; which operations a rule names does not matter here.
        let rule = rule.operations(Operations::READ);
        let one_by_one = match &rule.strategy {
            Strategy::StaticGroups { groups, claim } => {
                let group = |group: &String| Strategy::StaticGroups {
                    groups: vec![group.clone()],
                    claim: claim.clone(),
                };
                groups.iter().map(|name| Rule { strategy: group(name), ..rule.clone() }).collect()
            }
            _ => vec![rule],
        };
        for rule in one_by_one {
            // The same role may be granted twice here.
            if rules.len() < MAX_ROLES && !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }
    Model::new(format!("{type_name}:{}", field.name), Vec::new(), rules).ok().map(Arc::new)
}
