//! The GraphQL API that `schema.graphql` makes: what answers its fields.
//!
//! 1. [`Resolvers`] answers each field of the expanded schema: one record, pages, writes under conditions, related records, and
//!    fields that a handler answers. It asks the rules for each of them.
//! 2. [`AppSync`] takes the events of AWS AppSync's direct Lambda resolvers, single ones and batches, and gives each field to
//!    the resolvers. A subscription is answered with the filter that AppSync is to tell events by.
//! 3. [`GraphQl`] is an endpoint of its own, for a laptop or an HTTP API: it parses and checks a query, keeps the gate of
//!    authorization modes, and gives each field to the same resolvers. Who has subscribed can be told of each change that it
//!    has carried out.
//!
//! What is refused is refused in the words of AppSync. The text of an error of AWS never reaches a client.
#![deny(missing_docs)]

mod app_sync;
mod config;
mod custom;
mod event_filter;
mod field_error;
pub mod graphql;
mod mutation;
mod query;
mod relation;
mod resolvers;
mod sort_condition;
mod subscription;

pub use self::{
    app_sync::AppSync,
    config::Config,
    field_error::FieldError,
    graphql::{GraphQl, NotExecutable},
    resolvers::{Call, Resolvers},
    subscription::Subscription,
};
