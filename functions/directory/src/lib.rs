//! The people of an Amazon Cognito user pool, as its triggers see them.
//!
//! 1. [`Accounts`] finds the users who have an e-mail address, makes new ones and links identities of other
//!    providers to them; [`Groups`] adds users to groups. Each trigger asks for the part that it needs, so
//!    that its tests and the local system bring no more.
//! 2. [`CognitoDirectory`] is both, by calling Amazon Cognito (feature `cognito`). Its client is made at the
//!    first call: a trigger that needs none does not pay for it.
//! 3. [`ensure_user`] gives a user what each user has: a profile, the default groups, and the first user
//!    their own group (feature `enrollment`). It may be repeated, also at the same time, and by any trigger
//!    that meets a user.
//! 4. [`EmailRules`] are the domains whose users may come in. Two triggers ask: before a user is made, and
//!    each time a federated user gets tokens, for their provider may have changed the address since.
//! 5. [`OldUsers`] is another directory, which users come over from; [`OldPool`] is one that is a user pool (feature
//!    `cognito`).
//!
//! What is logged of an error names operations and error codes, never a person.
#![deny(missing_docs)]

mod account;
mod accounts;
#[cfg(feature = "cognito")]
mod cognito;
mod domain;
mod email_rules;
#[cfg(feature = "enrollment")]
mod enrollments;
#[cfg(feature = "enrollment")]
mod ensure_user;
mod error;
mod identity;
#[cfg(feature = "cognito")]
mod old_pool;
mod old_users;

pub use self::{
    account::{Account, AccountStatus},
    accounts::{Accounts, Groups},
    domain::{Domain, InvalidDomain},
    email_rules::{DOMAIN_NOT_ALLOWED, EMAIL_MALFORMED, EMAIL_NOT_VERIFIED, EMAIL_REQUIRED, EmailRules},
    error::DirectoryError,
    identity::FederatedIdentity,
    old_users::{OldUser, OldUsers, SecondFactor, SignIn},
};
#[cfg(feature = "cognito")]
pub use self::{cognito::CognitoDirectory, old_pool::OldPool};
#[cfg(feature = "enrollment")]
pub use self::{
    enrollments::{Enrollments, ProfileReader},
    ensure_user::{EnsureError, Ensured, PoolUser, UserGroups, ensure_user},
};
