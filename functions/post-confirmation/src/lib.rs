//! Amazon Cognito post-confirmation trigger: a new user gets a profile and their groups. The same function may be the
//! post-authentication trigger, for users whom post-confirmation never sees.
//!
//! 1. `PostConfirmation_ConfirmSignUp` has effects. A confirmed new password
//!    (`ConfirmForgotPassword`), an unknown source and another trigger's event come back unchanged:
//!    a user who is years old must not be signed up again.
//! 2. `PostAuthentication_Authentication` has the same effects for a user who has no profile yet, or an incomplete one; for
//!    all others it is one read. Administrators' users come this way, and federated ones may.
//! 3. The profile is keyed by `sub`, never by name or e-mail address, and written once.
//! 4. The user is added to the groups of `DEFAULT_GROUP`, and the first user to `FIRST_USER_GROUP` too.
//! 5. Cognito may deliver an event more than once, also at the same time, and a delivery may die at
//!    any point. Every effect may be repeated: the profile and the mark of the first user are one
//!    conditional transaction, adding to a group twice is adding once, and whoever holds the mark
//!    is added to `FIRST_USER_GROUP` again, in case the last delivery died before it got there.
//! 6. By now the user is confirmed, and an error would not undo that. So what fails is logged and
//!    the user goes on, unless `ON_ERROR=fail`.
//! 7. All of it takes no more than four of the five seconds that Cognito waits.
//!
//! # Caveats
//!
//! A token that is made right after may not have the new group yet.
//!
//! *Cognito confirms a user once.* With `ON_ERROR=continue` it takes the answer for a success, and with `fail` the user sees an
//! error, but neither is delivered again. What was cut short is made good when the user signs in, if this function is the
//! post-authentication trigger too or the pre-token-generation trigger has `ENSURE_USER=true`; else it stays so until somebody
//! makes it good. Set an alarm on the log line of level `ERROR` whose `code` is `E_SETUP_INCOMPLETE` (or
//! `E_MALFORMED_EVENT`); it names the user by `sub`, and its `detail` says which step failed.
//!
//! *The first user is the first since the table was made.* The table knows nothing of users who were in the
//! pool before it. Leave `FIRST_USER_GROUP` unset for a pool that has users already: whoever comes next would get that group.
//! In a new pool, sign up at once.
//!
//! # Configuration
//!
//! | variable | meaning |
//! |---|---|
//! | `TABLE_NAME` | the table of the profiles |
//! | `DEFAULT_GROUP` | optional: the group of every user, or several separated by commas |
//! | `FIRST_USER_GROUP` | optional: the group of the first user since the table was made |
//! | `ON_ERROR` | optional: `continue` (the default) or `fail` |
//!
//! The groups must exist in the user pool. The function's role needs `dynamodb:GetItem`, `PutItem` and `UpdateItem` on the
//! table, and with a group `cognito-idp:AdminAddUserToGroup` on the pool.
//!
//! # Example
//!
//! ```no_run
//! use portcullis_data::Timestamp;
//! use portcullis_directory::Groups;
//! use portcullis_events::Event;
//! use portcullis_post_confirmation::{Config, handle};
//!
//! # async fn example(event: Event, groups: impl Groups) -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::from_env(|name| std::env::var(name).ok())?;
//! let profiles = config.profiles();
//! let answer = handle(event, &config, &profiles, &groups, Timestamp::UNIX_EPOCH).await?;
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod config;
mod handle;
mod plan;

pub use portcullis_trigger::{ConfigError, ConfigErrors};

pub use self::{
    config::{Config, OnError},
    handle::{SETUP_INCOMPLETE, handle},
    plan::{Plan, decide},
};
