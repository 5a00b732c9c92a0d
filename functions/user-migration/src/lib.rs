//! Amazon Cognito user migration trigger: users of another user pool come over when they sign in, with the password that they
//! have, or when they have forgotten it.
//!
//! 1. Who signs in is tried at the old pool with the password that they typed (`AdminInitiateAuth`), and looked up there
//!    (`AdminGetUser`) if it lets them in. Who has forgotten the password is looked up alone, and comes over if an address of
//!    theirs is verified, for a code goes there.
//! 2. A wrong password, an unknown name and a user who may not come over are answered alike: the event goes back as it came, and
//!    Cognito says what it says to everybody whom it does not know. Only the log tells them apart.
//! 3. No attribute comes along that `MIGRATED_ATTRIBUTES` does not list. An address is verified afterwards if it was before, and
//!    not otherwise.
//! 4. A name that reads as an address brings only a user over whose own address it is.
//! 5. A second factor comes along if it is text messages to a verified number that comes along (`enableSMSMFA`). A user with
//!    another one stays unknown: their account would be easier to enter than it was. `INSECURE_DROP_SECOND_FACTOR=true` lets
//!    them lose it.
//! 6. Disabled users stay unknown, and so do those who forgot their password and never confirmed who they are. A temporary
//!    password is good for no more than to choose another, with a code.
//! 7. Nobody takes an alias from a user who is there already. `INSECURE_FORCE_ALIAS=true` would let them.
//! 8. No welcome message is sent.
//! 9. An event of another trigger, or of a source that is not known, comes back unchanged.
//!
//! # Caveats
//!
//! Cognito gives the password to this function only if the client sends it, with the flow `USER_PASSWORD_AUTH`; a client that
//! uses SRP migrates nobody. Clients can go over to SRP when all have come. The new pool's rules for passwords are not asked.
//!
//! Groups, devices and links to other providers do not come along. Whoever has a second factor by text message gets a code of
//! the old pool too, which is good for nothing.
//!
//! Users are left in the old pool as they were. Let nobody sign in there whose account has come over.
//!
//! # Configuration
//!
//! | variable | meaning |
//! |---|---|
//! | `OLD_USER_POOL_ID` | the pool that users come from; its region is part of the id |
//! | `OLD_CLIENT_ID` | a client of that pool, without a secret, with the flow `ALLOW_ADMIN_USER_PASSWORD_AUTH` |
//! | `MIGRATED_ATTRIBUTES` | the attributes that come along, separated by commas: `email,name,custom:old=custom:new` |
//! | `INSECURE_DROP_SECOND_FACTOR` | optional: `true` to let users come over whose second factor cannot; `false` is the default |
//! | `INSECURE_FORCE_ALIAS` | optional: `true` to take addresses from users who have them as an alias; `false` is the default |
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use portcullis_trigger::events::Event;
//! use portcullis_user_migration::{Config, DirectoryError, OldUser, OldUsers, SignIn, handle};
//! use serde_json::json;
//!
//! /// A directory of one.
//! struct Ann;
//!
//! impl OldUsers for Ann {
//!     async fn sign_in(&self, name: &str, password: &str) -> Result<SignIn, DirectoryError> {
//!         Ok(if (name, password) == ("ann", "Correct-horse-1") { SignIn::Accepted } else { SignIn::Refused })
//!     }
//!
//!     async fn find(&self, name: &str) -> Result<Option<OldUser>, DirectoryError> {
//!         Ok((name == "ann").then(|| OldUser {
//!             attributes: vec![("email".to_owned(), "ann@example.com".to_owned())],
//!             enabled: true,
//!             confirmed: true,
//!             second_factors: Vec::new(),
//!         }))
//!     }
//! }
//!
//! let config = Config::from_env(|name| match name {
//!     "OLD_USER_POOL_ID" => Some("eu-west-1_AbCdEfGhI".to_owned()),
//!     "OLD_CLIENT_ID" => Some("1h57kf5cpq17m0eml12EXAMPLE".to_owned()),
//!     "MIGRATED_ATTRIBUTES" => Some("email".to_owned()),
//!     _ => None,
//! })?;
//! let event = Event::new(json!({
//!     "triggerSource": "UserMigration_Authentication",
//!     "userName": "ann",
//!     "request": {"password": "Correct-horse-1"},
//!     "response": {},
//! }))?;
//! let answer = handle(event, &config, &Ann).await?.into_value();
//! let attributes = json!({"email": "ann@example.com", "email_verified": "false"});
//! assert_eq!(answer["response"]["userAttributes"], attributes);
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod attribute_map;
mod config;
mod decide;
mod handle;

#[cfg(feature = "cognito")]
pub use portcullis_directory::OldPool;
pub use portcullis_directory::{DirectoryError, OldUser, OldUsers, SecondFactor, SignIn};
pub use portcullis_trigger::{ConfigError, ConfigErrors};

pub use self::{
    attribute_map::AttributeMap,
    config::Config,
    decide::decide,
    handle::{DIRECTORY_UNAVAILABLE, handle},
};
