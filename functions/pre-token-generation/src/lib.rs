//! Amazon Cognito pre-token-generation trigger: what a user's profile says becomes part of their
//! tokens.
//!
//! 1. The profile is read by the `sub` of the event, one consistent read of a known key.
//! 2. Its attributes that `TOKEN_CLAIMS` names become claims of the same name: of the ID token, and
//!    in event versions 2 and 3 of the access token too. Version 1 carries only strings: numbers
//!    and booleans are written as text, lists and objects are left out.
//! 3. Its groups are added to those of the pool. No group is ever taken away, and where there is
//!    none to add nothing is said about groups.
//! 4. A claim that Cognito keeps for itself, or that says who the user is (`email`, `phone_number`
//!    and their `_verified`), cannot be configured: the profile adds to an identity, it does not
//!    change it.
//! 5. A value that a token cannot carry and a group with an impossible name are left out and
//!    counted in the log; they fail nobody's sign-in. So is, with a warning of its own, an attribute
//!    with a number that does not fit into 64 bits: rounded, it could be the number of somebody else.
//! 6. Client credentials (version 3) have no user, so the event comes back unchanged, as does one
//!    of an unknown version or another trigger.
//! 7. A user without a profile gets the token without additions, and the log a warning with the code
//!    `E_NO_PROFILE`: their enrollment failed, or they came into the pool without one (an administrator made
//!    them, or they were there before the table).
//! 8. If the profile cannot be read in time, `ON_READ_FAILURE` decides: the token without additions
//!    (`plain`, the default), or none (`deny`).
//!
//! # Caveat
//!
//! `plain` is safe where claims and groups give rights. Where one of them takes rights away
//! (`suspended`), only `deny` is.
//!
//! # Configuration
//!
//! | variable | meaning |
//! |---|---|
//! | `TABLE_NAME` | the table of the profiles |
//! | `TOKEN_CLAIMS` | optional: profile attributes that become claims, separated by commas; not `groups`, which are added by themselves |
//! | `READ_TIMEOUT_MS` | optional: how long the read may take, 50 to 4000 milliseconds; 1500 is the default |
//! | `ON_READ_FAILURE` | optional: `plain` (the default) or `deny` |
//!
//! # Example
//!
//! ```no_run
//! use portcullis_pre_token_generation::{Config, handle};
//!
//! # async fn example(event: portcullis_trigger::events::Event) -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::from_env(|name| std::env::var(name).ok())?;
//! let answer = handle(event, &config, &config.profiles()).await?;
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod additions;
mod config;
mod handle;
mod profile_reader;

pub use portcullis_trigger::{ConfigError, ConfigErrors};

pub use self::{
    additions::{Additions, decide},
    config::{Config, OnReadFailure},
    handle::{NO_PROFILE, PROFILE_UNAVAILABLE, handle},
    profile_reader::ProfileReader,
};
