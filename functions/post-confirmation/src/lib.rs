//! Amazon Cognito post-confirmation trigger: a new user gets a profile and their groups.
//!
//! 1. Only `PostConfirmation_ConfirmSignUp` has effects. A confirmed new password
//!    (`ConfirmForgotPassword`), an unknown source and another trigger's event come back unchanged:
//!    a user who is years old must not be signed up again.
//! 2. The profile is keyed by `sub`, never by name or e-mail address, and written once.
//! 3. The user is added to `DEFAULT_GROUP`, and the first user to `FIRST_USER_GROUP` too.
//! 4. Cognito may deliver an event more than once, also at the same time, and a delivery may die at
//!    any point. Every effect may be repeated: the profile and the mark of the first user are one
//!    conditional transaction, adding to a group twice is adding once, and whoever holds the mark
//!    is added to `FIRST_USER_GROUP` again, in case the last delivery died before it got there.
//! 5. By now the user is confirmed, and an error would not undo that. So what fails is logged and
//!    the user goes on, unless `ON_ERROR=fail`.
//! 6. All of it takes no more than four of the five seconds that Cognito waits.
//!
//! # Caveats
//!
//! Users whom an administrator creates never come here, and federated ones may not. A token that is
//! made right after may not have the new group yet.
//!
//! *What failed is not tried again.* Cognito confirms a user once. With `ON_ERROR=continue` it takes the
//! answer for a success, so a user whose profile or group could not be written stays without it until
//! somebody makes it good; with `fail` the user sees an error, and stays without it just the same. Set an
//! alarm on the log line of level `ERROR` whose `code` is `E_SETUP_INCOMPLETE` (or `E_MALFORMED_EVENT`); it names
//! the user by `sub`, and its `detail` says which step failed. The pre-token-generation trigger warns with
//! `E_NO_PROFILE` at each sign-in of a user without a profile.
//!
//! *The first user is the first since the table was made.* The table knows nothing of users who were in the
//! pool before it. Leave `FIRST_USER_GROUP` unset for a pool that has users already: whoever confirms a
//! sign-up next would get that group. In a new pool, sign up at once.
//!
//! # Configuration
//!
//! | variable | meaning |
//! |---|---|
//! | `TABLE_NAME` | the table of the profiles |
//! | `DEFAULT_GROUP` | optional: the group of every user |
//! | `FIRST_USER_GROUP` | optional: the group of the first user since the table was made |
//! | `ON_ERROR` | optional: `continue` (the default) or `fail` |
//!
//! The groups must exist in the user pool.
//!
//! # Example
//!
//! ```no_run
//! use portcullis_data::Timestamp;
//! use portcullis_post_confirmation::{Config, Directory, handle};
//!
//! # async fn example(event: portcullis_trigger::events::Event, directory: impl Directory) -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::from_env(|name| std::env::var(name).ok())?;
//! let profiles = config.profiles();
//! let answer = handle(event, &config, &profiles, &directory, Timestamp::now()).await?;
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

#[cfg(feature = "cognito")]
mod cognito;
mod config;
mod directory;
mod enrollments;
mod handle;
mod plan;

pub use portcullis_trigger::{ConfigError, ConfigErrors};

#[cfg(feature = "cognito")]
pub use self::cognito::CognitoDirectory;
pub use self::{
    config::{Config, OnError},
    directory::{Directory, DirectoryError},
    enrollments::Enrollments,
    handle::{SETUP_INCOMPLETE, handle},
    plan::{Plan, decide},
};
