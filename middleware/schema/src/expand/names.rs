//! The names of the types that a model makes.
//!
//! The reference forms some of them in two ways, which differ for a model whose name begins with a small letter:
//! `ModelNoteFilterInput` for the list of a model `note`, `ModelnoteFilterInput` for its indexes and relations.

use crate::plural::with_first;

/// The filter of a list.
pub(crate) fn filter(model: &str) -> String {
    format!("Model{}FilterInput", upper(model))
}

/// The filter of an index or a relation.
pub(crate) fn plain_filter(model: &str) -> String {
    format!("Model{model}FilterInput")
}

/// The condition of a mutation.
pub(crate) fn condition(model: &str) -> String {
    format!("Model{}ConditionInput", upper(model))
}

/// The filter of a subscription.
pub(crate) fn event_filter(model: &str) -> String {
    format!("ModelSubscription{}FilterInput", upper(model))
}

/// A page of a list.
pub(crate) fn page(model: &str) -> String {
    format!("Model{}Connection", upper(model))
}

/// A page of an index or a relation.
pub(crate) fn plain_page(model: &str) -> String {
    format!("Model{model}Connection")
}

/// What makes, changes or removes a record; `verb` begins with a capital.
pub(crate) fn input(verb: &str, model: &str) -> String {
    format!("{verb}{}Input", upper(model))
}

/// The input of an object that is stored within a record.
pub(crate) fn nested_input(object: &str) -> String {
    format!("{}Input", upper(object))
}

/// The condition on a sort key of several fields; `key` is the name of the index, or `primary`.
pub(crate) fn composite_condition(model: &str, key: &str) -> String {
    format!("Model{model}{}CompositeKeyConditionInput", of_key(key))
}

/// A value of a sort key of several fields.
pub(crate) fn composite_value(model: &str, key: &str) -> String {
    format!("Model{model}{}CompositeKeyInput", of_key(key))
}

/// The name of an index, which may hold `-` and `.`, as a part of another name. The reference makes no GraphQL of these.
fn of_key(key: &str) -> String {
    upper(key).chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
}

fn upper(name: &str) -> String {
    with_first(name, char::to_ascii_uppercase)
}
