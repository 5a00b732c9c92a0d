//! Requests that are signed with AWS credentials, by the signer of AWS's own SDK for Rust.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod signer;
mod source;

mod changes;
mod head;
mod layer;
mod refusals;
