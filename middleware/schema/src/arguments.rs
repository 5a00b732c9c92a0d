//! The arguments of a directive, read once their types have been checked.

use apollo_compiler::{
    Node,
    ast::{Directive, Value},
};

use crate::{source::Span, syntax::node_span};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// The value of an argument; nothing if it is absent.
pub(crate) fn value_of<'a>(directive: &'a Directive, name: &str) -> Option<&'a Node<Value>> {
    directive.arguments.iter().find(|argument| argument.name == name).map(|argument| &argument.value)
}

/// The text of an argument; nothing if it is absent or `null`.
pub(crate) fn text_of(directive: &Directive, name: &str) -> Option<Spanned<String>> {
    value_of(directive, name).and_then(text)
}

/// The text of a string.
pub(crate) fn text(value: &Node<Value>) -> Option<Spanned<String>> {
    match &**value {
        Value::String(text) => Some(Spanned { value: text.clone(), span: node_span(value) }),
        _ => None,
    }
}

/// The texts of an argument, which GraphQL also takes without brackets; nothing if it is absent or `null`.
pub(crate) fn texts_of(directive: &Directive, name: &str) -> Option<Vec<Spanned<String>>> {
    value_of(directive, name).and_then(texts)
}

/// The names of fields in an argument. The reference reads `null` as a name too.
pub(crate) fn names_of(directive: &Directive, name: &str) -> Vec<Spanned<String>> {
    let Some(value) = value_of(directive, name) else {
        return Vec::new();
    };
    let Value::List(items) = &**value else {
        return texts(value).unwrap_or_default();
    };
    let named = |item: &Node<Value>| match &**item {
        Value::Null => Some(Spanned { value: "null".to_owned(), span: node_span(item) }),
        _ => text(item),
    };
    items.iter().filter_map(named).collect()
}

/// The texts of a list of strings, or of a single one.
pub(crate) fn texts(value: &Node<Value>) -> Option<Vec<Spanned<String>>> {
    match &**value {
        Value::List(items) => Some(items.iter().filter_map(text).collect()),
        Value::String(_) => text(value).map(|text| vec![text]),
        _ => None,
    }
}
