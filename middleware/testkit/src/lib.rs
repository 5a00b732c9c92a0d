//! What tests of functions share. Nothing that is deployed uses it.
//!
//! 1. [`PlayedLambda`]: a whole function is started as AWS Lambda starts it, is handed events, and answers.
//! 2. [`serve`]: a service that the function calls, played.
//! 3. [`Log`]: what has been logged.
//!
//! Whatever goes wrong here ends the test that uses it, by a panic.
#![deny(missing_docs)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod lambda;
mod log;
mod service;

pub use self::{
    lambda::PlayedLambda,
    log::Log,
    service::{Request, Response, serve},
};
