//! The `@auth` directive: a list of rules.

use apollo_compiler::{
    Node,
    ast::{Directive, Value},
};

use crate::{
    arguments::only_argument,
    auth_rule::{self, Level, PlacedRule},
    report::Report,
    syntax::{directive_span, name_span, node_span},
};

/// Reads the rules of an `@auth` directive on the type or field of this name.
pub(crate) fn read(
    directive: &Node<Directive>,
    on: &str,
    level: Level,
    report: &mut Report<'_>,
) -> Vec<PlacedRule> {
    let Some(value) = only_argument(directive, "rules", report) else {
        let message = "Directive \"@auth\" argument \"rules\" of type \"[AuthRule!]!\" is required, but it was not provided.";
        report.validation(directive_span(directive), message);
        return Vec::new();
    };
    let rules = match &**value {
        Value::List(rules) => rules,
        Value::Object(_) => {
            report.unsupported(node_span(value), "`rules` without brackets");
            return Vec::new();
        }
        _ => {
            let message = "Expected value of type \"[AuthRule!]!\".";
            report.validation(node_span(value), message);
            return Vec::new();
        }
    };
    if rules.is_empty() {
        let message = format!("@auth on {on} does not have any auth rules.");
        report.directive(directive_span(directive), message);
    }
    rules.iter().filter_map(|rule| auth_rule::read(rule, level, report)).collect()
}

/// Refuses `operations` where the place itself says which operation is meant.
pub(crate) fn refuse_operations(directive: &Node<Directive>, message: &str, report: &mut Report<'_>) {
    let rules = directive.arguments.iter().filter_map(|argument| match &*argument.value {
        Value::List(rules) => Some(rules),
        _ => None,
    });
    for rule in rules.flatten() {
        if let Value::Object(arguments) = &**rule {
            for (name, _) in arguments.iter().filter(|(name, _)| name == "operations") {
                report.directive(name_span(name), message);
            }
        }
    }
}
