//! IAM policies: what a role may do, and who may take it on. Pure: no I/O, and no AWS account.
//!
//! 1. What is not allowed is denied, and one `Deny` outweighs every `Allow`.
//! 2. A document with anything in it that this crate does not know (an element, an operator, a version but `2012-10-17`) is an
//!    [`InvalidPolicy`] when it is read, never a statement that is passed over.
//! 3. What cannot be decided about a statement counts against the caller: an `Allow` does not apply then, and a `Deny` does.
//! 4. The value of a policy variable is that value and no pattern. A tag `*` is the one character, and a variable without a value
//!    equals nothing, nor is anything known to differ from it.
//!
//! # Example
//!
//! ```
//! use portcullis_iam::{Context, Decision, Policy, Request};
//! use serde_json::json;
//!
//! let own_objects = Policy::parse(&json!({
//!     "Version": "2012-10-17",
//!     "Statement": {
//!         "Effect": "Allow",
//!         "Action": "s3:GetObject",
//!         "Resource": "arn:aws:s3:::uploads/private/${cognito-identity.amazonaws.com:sub}/*",
//!     },
//! }))?;
//!
//! let context = Context::new().with("cognito-identity.amazonaws.com:sub", "eu-west-1:ada");
//! let read = |key: &str| Request::new("s3:GetObject", format!("arn:aws:s3:::uploads/{key}"), &context);
//! assert_eq!(Decision::of([&own_objects], &read("private/eu-west-1:ada/a.txt")), Decision::Allowed);
//! assert_eq!(Decision::of([&own_objects], &read("private/eu-west-1:bob/a.txt")), Decision::NotAllowed);
//! # Ok::<(), portcullis_iam::InvalidPolicy>(())
//! ```
//!
//! # Why not a crate
//!
//! `iam-rs` (seen at 0.8.0) splices the value of a variable into the pattern, so that a tag `*` opens everything; reads one without a value
//! as empty; and takes a federated principal for another that begins like it. `scratchstack-aspen` (0.3.1) has had no release since
//! January 2023.
//!
//! # Caveat
//!
//! Identity-based policies and trust policies are read, and of the policies of resources what they deny to everybody. Permission boundaries,
//! service control policies and session policies are not: AWS may deny what is allowed here.
#![deny(missing_docs)]

mod condition;
mod context;
mod decision;
mod document;
mod error;
mod ip_range;
mod operator;
mod pattern;
mod policy;
mod resource;
mod resource_policy;
mod statement;
mod trust_policy;

pub use self::{
    context::Context,
    decision::{Decision, Request},
    error::InvalidPolicy,
    policy::Policy,
    resource_policy::ResourcePolicy,
    trust_policy::{Principal, TrustPolicy},
};
