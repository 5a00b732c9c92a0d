//! The API through its real router, with real tokens and a real DynamoDB engine.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod agreement;
mod fields;
mod gateway;
mod graphql;
mod hostile;
mod lambda;
mod log;
mod matrix;
mod protocol;
mod rules;
mod start;
mod support;
mod tokens;

/// The schema that this repository comes with.
const NEWSROOM: &str = include_str!("../../../../schema.graphql");
