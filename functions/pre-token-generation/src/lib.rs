//! Amazon Cognito pre-token-generation trigger: what a user's profile says becomes part of their
//! tokens.
//!
//! 1. The profile is read by the `sub` of the event, one consistent read of a known key.
//! 2. Its attributes that `TOKEN_CLAIMS` names become claims of the same name: of the ID token, and
//!    in event versions 2 and 3 of the access token too. Version 1 carries only strings: numbers
//!    and booleans are written as text, lists and objects are left out.
//! 3. Its attribute `tenant`, a text, becomes the claim that `TENANT_CLAIM` names. Without one the claim is taken out of the
//!    tokens, so that an attribute of the user pool with that name, which users may be able to write, never stands for it.
//! 4. Its groups are added to those of the pool. No group is ever taken away, and where there is
//!    none to add nothing is said about groups.
//! 5. Groups, those of the pool and those of the profile, give scopes (`GROUP_SCOPES`, of the access token, from version 2
//!    on) and roles at AWS for an identity pool (`GROUP_ROLES`, added to those of the pool; the first that applies is the
//!    preferred one).
//! 6. `SUPPRESS_CLAIMS` are taken out of the same tokens.
//! 7. A claim that Cognito keeps for itself, or that says who the user is (`email`, `phone_number`
//!    and their `_verified`), cannot be set: the profile adds to an identity, it does not
//!    change it.
//! 8. A value that a token cannot carry and a group with an impossible name are left out and
//!    counted in the log; they fail nobody's sign-in. So is, with a warning of its own, an attribute
//!    with a number that does not fit into 64 bits: rounded, it could be the number of somebody else.
//! 9. Client credentials (version 3) have no user and no profile: the machine gets the scopes that `CLIENT_SCOPES` gives its
//!    client. An event of an unknown version or another trigger comes back unchanged.
//! 10. A federated user's e-mail domain is judged by the lists that the pre-sign-up trigger judged it by, each time: the
//!     provider may have changed it since (`E_DOMAIN_NOT_ALLOWED`, `E_EMAIL_NOT_VERIFIED`, ..).
//! 11. With `ENSURE_USER=true` a user without a complete profile gets one now, with the groups of every user, which this token
//!     carries already: administrators' users never come to the post-confirmation trigger, and federated ones may not. For all
//!     others it costs nothing, for the profile is read anyway. What fails is logged (`E_SETUP_INCOMPLETE`), and tried again at
//!     the next token.
//! 12. Otherwise a user without a profile gets the token without its additions, and the log a warning with the code
//!     `E_NO_PROFILE`.
//! 13. If the profile cannot be read in time, `ON_READ_FAILURE` decides: the token without additions
//!     (`plain`, the default), or none (`deny`). Making one falls under the same time limit.
//!
//! # Caveats
//!
//! `plain` is safe where claims and groups give rights. Where one of them takes rights away
//! (`suspended`), only `deny` is.
//!
//! A scope of `GROUP_SCOPES` is added whatever scopes the client asked for.
//!
//! # Configuration
//!
//! | variable | meaning |
//! |---|---|
//! | `TABLE_NAME` | the table of the profiles |
//! | `TOKEN_CLAIMS` | optional: profile attributes that become claims, separated by commas; not `groups`, which are added by themselves |
//! | `TENANT_CLAIM` | optional: the claim that carries the profile's `tenant`, such as `custom:tenant` |
//! | `SUPPRESS_CLAIMS` | optional: claims that are taken out, separated by commas |
//! | `GROUP_SCOPES` | optional: `editors=notes/write notes/read,admins=notes/delete` |
//! | `CLIENT_SCOPES` | optional: the same for machines, by the id of their client |
//! | `GROUP_ROLES` | optional: `admins=arn:aws:iam::111122223333:role/admins,..`, the preferred one first |
//! | `ALLOWED_EMAIL_DOMAINS`, `DENIED_EMAIL_DOMAINS`, `INSECURE_TRUST_PROVIDER_EMAIL` | optional: as for the pre-sign-up trigger |
//! | `ENSURE_USER` | optional: `true` to enroll users whom the post-confirmation trigger never saw; `false` is the default |
//! | `DEFAULT_GROUP`, `FIRST_USER_GROUP` | optional, with `ENSURE_USER`: as for the post-confirmation trigger |
//! | `READ_TIMEOUT_MS` | optional: how long the read may take, 50 to 4000 milliseconds; 1500 is the default |
//! | `ON_READ_FAILURE` | optional: `plain` (the default) or `deny` |
//!
//! The function's role needs `dynamodb:GetItem` on the table; with `ENSURE_USER` also `PutItem` and `UpdateItem`, and with a
//! group `cognito-idp:AdminAddUserToGroup` on the pool.
//!
//! # Example
//!
//! ```no_run
//! use portcullis_data::Timestamp;
//! use portcullis_directory::Groups;
//! use portcullis_events::Event;
//! use portcullis_pre_token_generation::{Config, handle};
//!
//! # async fn example(event: Event, groups: impl Groups) -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::from_env(|name| std::env::var(name).ok())?;
//! let answer = handle(event, &config, &config.profiles(), &groups, Timestamp::UNIX_EPOCH).await?;
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod additions;
mod config;
mod handle;
mod mapping;

pub use portcullis_trigger::{ConfigError, ConfigErrors};

pub use self::{
    additions::{Additions, decide},
    config::{Config, OnReadFailure},
    handle::{NO_PROFILE, PROFILE_UNAVAILABLE, SETUP_INCOMPLETE, handle},
    mapping::Mapping,
};
