//! The people and the model that the tables speak of.

use std::sync::Arc;

use portcullis_rules::{Claims, Field, Identity, Item, Model, Rule, User, VerifiedBy};
use serde_json::{Value, json};

pub(crate) fn user(claims: Value) -> Identity {
    User::user_pools(Claims::from(item(claims)), VerifiedBy::Portcullis).into()
}

pub(crate) fn ann() -> Identity {
    user(json!({"sub": "u1", "username": "ann"}))
}

pub(crate) fn member(group: &str) -> Identity {
    user(json!({"sub": "u9", "username": "eve", "cognito:groups": [group]}))
}

pub(crate) fn item(value: Value) -> Item {
    value.as_object().cloned().unwrap_or_default()
}

pub(crate) fn model(fields: Vec<Field>, rules: Vec<Rule>) -> Arc<Model> {
    match Model::new("Note", fields, rules) {
        Ok(model) => Arc::new(model),
        Err(invalid) => unreachable!("{invalid}"),
    }
}

/// A note with single and listed owners and groups.
pub(crate) fn note(rules: Vec<Rule>) -> Arc<Model> {
    let single = ["id", "title", "owner", "team"].map(Field::new);
    let listed = ["editors", "teams"].map(Field::list);
    model(single.into_iter().chain(listed).collect(), rules)
}
