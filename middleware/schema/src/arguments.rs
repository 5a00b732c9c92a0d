//! The arguments of a directive, checked against what the directive takes.
//!
//! The words are those of graphql-js, with which Amplify checks a schema.

use std::collections::HashSet;

use apollo_compiler::{
    Name, Node,
    ast::{Directive, Value},
};

use crate::{
    report::{Report, shortened},
    source::Span,
    syntax::{directive_span, name_span, node_span},
};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// The argument of this name, if the directive has it; every other argument is a mistake.
pub(crate) fn only_argument<'a>(
    directive: &'a Node<Directive>,
    name: &str,
    report: &mut Report<'_>,
) -> Option<&'a Node<Value>> {
    let mut found = None;
    for argument in &directive.arguments {
        if argument.name != name {
            let unknown = shortened(&argument.name);
            let message = format!("Unknown argument \"{unknown}\" on directive \"@{}\".", directive.name);
            report.validation(name_span(&argument.name), message);
        } else if found.is_some() {
            let message = format!("There can be only one argument named \"{name}\".");
            report.validation(name_span(&argument.name), message);
        } else {
            found = Some(&argument.value);
        }
    }
    found
}

/// Refuses any argument of a directive whose defaults alone are supported.
pub(crate) fn refuse_arguments(directive: &Node<Directive>, known: &[&str], report: &mut Report<'_>) {
    for argument in &directive.arguments {
        let name = shortened(&argument.name);
        if known.contains(&argument.name.as_str()) {
            report.unsupported(name_span(&argument.name), format!("`{name}` of `@{}`", directive.name));
        } else {
            let message = format!("Unknown argument \"{name}\" on directive \"@{}\".", directive.name);
            report.validation(name_span(&argument.name), message);
        }
    }
}

/// The one application of a directive that stands at most once; more are mistakes.
pub(crate) fn only_once<'a>(
    directives: impl Iterator<Item = &'a Node<Directive>>,
    report: &mut Report<'_>,
) -> Option<&'a Node<Directive>> {
    let mut first = None;
    for directive in directives {
        if first.is_none() {
            first = Some(directive);
        } else {
            let message =
                format!("The directive \"@{}\" can only be used once at this location.", directive.name);
            report.validation(directive_span(directive), message);
        }
    }
    first
}

/// The fields of an input object, each once.
pub(crate) fn object<'a>(
    value: &'a Node<Value>,
    type_name: &str,
    report: &mut Report<'_>,
) -> Option<Vec<(&'a Name, &'a Node<Value>)>> {
    let Value::Object(fields) = &**value else {
        let message = format!("Expected value of type \"{type_name}!\", found {}.", printed(value));
        report.validation(node_span(value), message);
        return None;
    };
    let mut seen = HashSet::new();
    let mut unique = Vec::new();
    for (name, value) in fields {
        if seen.insert(name.as_str()) {
            unique.push((name, value));
        } else {
            let message = format!("There can be only one input field named \"{}\".", shortened(name));
            report.validation(name_span(name), message);
        }
    }
    Some(unique)
}

/// A string. `null` is refused: what Amplify makes of it differs from argument to argument.
pub(crate) fn string(name: &str, value: &Node<Value>, report: &mut Report<'_>) -> Option<Spanned<String>> {
    match &**value {
        Value::String(text) if text.is_empty() => {
            report.unsupported(node_span(value), format!("an empty `{name}`"));
            None
        }
        Value::String(text) => Some(Spanned { value: text.clone(), span: node_span(value) }),
        Value::Null => {
            report.unsupported(node_span(value), format!("`{name}: null`"));
            None
        }
        other => {
            let printed = printed(other);
            let message = format!("String cannot represent a non string value: {printed}");
            report.validation(node_span(value), message);
            None
        }
    }
}

/// One of the values of an enum, by `read`.
pub(crate) fn enum_value<T>(
    enum_name: &str,
    value: &Node<Value>,
    read: impl Fn(&str) -> Option<T>,
    report: &mut Report<'_>,
) -> Option<Spanned<T>> {
    let Value::Enum(name) = &**value else {
        let printed = printed(value);
        let message = format!("Enum \"{enum_name}\" cannot represent non-enum value: {printed}.");
        report.validation(node_span(value), message);
        return None;
    };
    let read = read(name).map(|read| Spanned { value: read, span: node_span(value) });
    if read.is_none() {
        let name = shortened(name);
        let message = format!("Value \"{name}\" does not exist in \"{enum_name}\" enum.");
        report.validation(node_span(value), message);
    }
    read
}

/// A value as a schema writes it, short enough for a message.
fn printed(value: &Value) -> String {
    shortened(&value.serialize().no_indent().to_string())
}
