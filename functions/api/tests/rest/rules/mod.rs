//! Each kind of rule over HTTP, through the real router, the real layers and a real DynamoDB engine.
//!
//! A story is a schema and the requests that follow each other, a line each: who calls, what they send, and what comes of
//! it. See [`Story::tell`] for the form.

mod custom;
mod fields;
mod groups;
mod keys;
mod operations;
mod owners;
mod providers;
mod relations;
mod story;

use self::story::story;
