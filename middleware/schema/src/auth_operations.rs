//! The operations of a rule.

use std::collections::BTreeSet;

use apollo_compiler::{Node, ast::Value};
use portcullis_rules::{Operation, Operations};

use crate::{
    arguments::{Spanned, enum_value},
    auth_rule::Level,
    report::Report,
    syntax::node_span,
};

/// A list of operations, `read` written out.
pub(crate) fn read(
    value: &Node<Value>,
    level: Level,
    report: &mut Report<'_>,
) -> Option<Spanned<Operations>> {
    let Value::List(items) = &**value else {
        match &**value {
            Value::Null => report.unsupported(node_span(value), "`operations: null`"),
            Value::Enum(_) => report.unsupported(node_span(value), "`operations` without brackets"),
            _ => {
                enum_value("ModelOperation", value, granted, report);
            }
        }
        return None;
    };
    let words: Vec<_> = items
        .iter()
        .map(|item| {
            enum_value("ModelOperation", item, |name| Some((granted(name)?, name.to_owned())), report)
        })
        .collect();
    let words: Vec<_> = words.into_iter().collect::<Option<_>>()?;
    let concrete: BTreeSet<_> = words
        .iter()
        .map(|word| word.value.1.as_str())
        .filter(|word| matches!(*word, "get" | "list" | "sync" | "listen" | "search"))
        .collect();
    let concrete = concrete.into_iter().collect::<Vec<_>>().join(",");
    if level == Level::Field && !concrete.is_empty() {
        let message = format!("'{concrete}' operation is not allowed at the field level.");
        report.directive(node_span(value), message);
        return None;
    }
    if !concrete.is_empty() && words.iter().any(|word| word.value.1 == "read") {
        let message = format!(
            "'{concrete}' operations are specified in addition to 'read'. Either remove 'read' to limit access \
             only to '{concrete}' or only keep 'read' to grant all get,list,search,listen,sync access."
        );
        report.directive(node_span(value), message);
        return None;
    }
    let operations = words.iter().fold(Operations::NONE, |operations, word| operations.union(word.value.0));
    Some(Spanned { value: operations, span: node_span(value) })
}

/// What the word for an operation grants.
fn granted(name: &str) -> Option<Operations> {
    if name == "read" {
        return Some(Operations::READ);
    }
    let operation = Operation::ALL.into_iter().find(|operation| operation.name() == name)?;
    Some(Operations::from_iter([operation]))
}
