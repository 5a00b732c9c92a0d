//! Who may do what: Amplify's `@auth` rules as a pure decision engine.
//!
//! 1. A [`Rule`] admits callers by a [`Strategy`] (owner, groups, private, public, custom) who came in by a
//!    [`Provider`], to a set of [`Operations`]. Rules are alternatives: one that matches is enough. There is no rule
//!    that takes something away, and a [`Model`] without rules admits nobody. Within a rule of [`Rule::all`], each part
//!    must hold, and the name of a group may depend on the caller's claims ([`GroupName`]); both are extensions.
//! 2. A field with rules of its own is guarded by these alone. To delete a record takes the operation on every field
//!    of it; to remove the value of a field takes update and delete on that field.
//! 3. Updates and deletes are decided on the *stored* record, never on what the client says about it.
//! 4. A claim that a token lacks names nobody: it is not equal to a field that is absent or `null`.
//! 5. The [`Authorizer`] answers with a [`Decision`], or with a [`Permit`] that storage asks for. Nobody else can make
//!    a permit.
//!
//! *Caveat.* This crate believes the [`Identity`] that it is given; making one is the task of whoever has verified a
//! token. A record is read as a whole and then reduced: whoever hands one out leaves out the fields that
//! [`Authorizer::withheld`] names.
//!
//! ```
//! use std::sync::Arc;
//! use portcullis_rules::{
//!     Authorizer, Claims, Identity, Item, Model, Operation, Operations, Rule, User, VerifiedBy,
//! };
//!
//! // Everybody keeps their own notes; editors may read and correct all of them.
//! let note = Arc::new(Model::new(
//!     "Note",
//!     vec![],
//!     vec![Rule::owner(), Rule::groups(["editors"]).operations(Operations::READ.union(Operation::Update.into()))],
//! )?);
//! let person = |sub: &str, name: &str, groups: &[&str]| {
//!     let mut claims = Claims::from_iter([("sub", sub), ("username", name)]).as_map().clone();
//!     claims.insert("cognito:groups".to_owned(), groups.into());
//!     Identity::from(User::user_pools(claims.into(), VerifiedBy::Portcullis))
//! };
//! let (ann, bob, eve) = (person("u1", "ann", &[]), person("u2", "bob", &[]), person("u3", "eve", &["editors"]));
//! let authorizer = Authorizer::new();
//!
//! let stored = authorizer.permit_create(&ann, &note, Item::new())?.item().clone();
//! assert!(authorizer.permit_delete(&ann, &note, &stored).is_ok());
//! assert!(authorizer.permit_delete(&bob, &note, &stored).is_err());
//! assert!(authorizer.permit_delete(&eve, &note, &stored).is_err());
//! assert!(authorizer.permit_update(&eve, &note, &stored, Item::new()).is_ok());
//!
//! let why = authorizer.explain(&bob, Operation::Get, &note, &stored).to_string();
//! assert!(why.contains("{ allow: owner }: the record names another owner, or none"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

mod authorizer;
mod claims;
mod creation;
mod decision;
mod explanation;
mod field;
mod field_read;
mod gate;
mod group_name;
mod groups;
mod iam;
mod identity;
mod implied;
mod input_fields;
mod invalid_model;
mod invoke;
mod item;
mod listen;
mod lookup;
mod matching;
mod matrix;
mod model;
mod operation;
mod permit;
mod relations;
mod role;
mod row_index;
mod rule;
mod scope;
mod standing;
mod strict_json;

pub use self::{
    authorizer::Authorizer,
    claims::{Claim, Claims, InvalidClaims, ListClaim},
    decision::{Decision, Denied, Screening},
    explanation::{Explanation, Outcome},
    field::Field,
    group_name::{GroupName, InvalidGroupName},
    iam::IdentityPool,
    identity::{FunctionCaller, IamCaller, Identity, Provider, User, VerifiedBy},
    invalid_model::InvalidModel,
    invoke::Invoke,
    item::Item,
    listen::Listen,
    lookup::{KeyTerm, Lookup},
    model::Model,
    operation::{Operation, Operations},
    permit::{Create, Delete, Load, Permit, Read, Update},
    rule::{IdentityClaim, Rule, Strategy},
    scope::{Condition, Scope},
};
