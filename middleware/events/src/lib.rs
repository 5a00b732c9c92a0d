//! What Amazon Cognito sends to its triggers and expects back, without loss.
//!
//! A trigger that cannot read its event locks everybody out, and one that returns less than it was
//! given changes what Cognito does. So:
//!
//! 1. An [`Event`] keeps the JSON that came: every field, every null, every source, known or not.
//! 2. A typed view, one for each trigger, reads it leniently. A missing map, a null and an odd shape all read as "not there"; nothing but a body
//!    that is no JSON object at all is an error.
//! 3. Setters write below `response` and nowhere else, and only what Cognito allows for that
//!    trigger and event version. What it does not allow is an [`EditError`] when it is set, not a
//!    surprise at sign-in.
//! 4. An error has two audiences ([`TriggerError`]): the stranger who signs in sees a fixed text
//!    with a stable code, the log gets the detail.
//!
//! The law that the tests hold: whatever is set, the event outside `response` is equal to the one
//! that came; and if nothing is set, all of it is.
//!
//! | source | view |
//! |---|---|
//! | `PreSignUp_` | [`PreSignUp`] |
//! | `PostConfirmation_` | [`PostConfirmation`] |
//! | `PreAuthentication_`, `PostAuthentication_` | [`PreAuthentication`], [`PostAuthentication`] |
//! | `TokenGeneration_` | [`PreTokenGeneration`], in versions 1, 2 and 3 |
//! | `DefineAuthChallenge_` | [`DefineAuthChallenge`] |
//! | `CreateAuthChallenge_` | [`CreateAuthChallenge`] |
//! | `VerifyAuthChallengeResponse_` | [`VerifyAuthChallenge`] |
//! | `CustomMessage_` | [`CustomMessage`] |
//! | `UserMigration_` | [`UserMigration`] |
//! | `CustomEmailSender_`, `CustomSMSSender_` | [`CustomSender`] |
//! | `InboundFederation_` | [`InboundFederation`] |
//!
//! # Why not `aws_lambda_events`
//!
//! Its Cognito types (seen at version 1.2.1) lose data, so this crate does not use them:
//!
//! - a trigger source that it does not list (`TokenGeneration_ClientCredentials`) fails the whole
//!   event, as do `scopes: null`, `groupConfiguration: {}`, a missing `newDeviceUsed` and `session:
//!   null`;
//! - unknown fields are dropped, and nulls come back as `{}` or `false`;
//! - a token response always carries an empty `groupOverrideDetails`, which tells Cognito to take
//!   all groups from the user;
//! - claims can only be strings, and there is no version 3, no custom sender and no inbound
//!   federation.
//!
//! # Caveat
//!
//! Numbers are kept as `serde_json` keeps them: integers up to 64 bits and doubles. Cognito sends
//! all values as strings, so none is known to be larger.
//!
//! # Example
//!
//! ```
//! use portcullis_events::{EditError, Event, PreTokenGeneration, Token};
//! use serde_json::json;
//!
//! let mut event = Event::new(json!({
//!     "version": "2",
//!     "triggerSource": "TokenGeneration_Authentication",
//!     "request": {"groupConfiguration": {"groupsToOverride": ["readers"]}},
//!     "response": {"claimsAndScopeOverrideDetails": null},
//! }))?;
//!
//! let mut tokens = PreTokenGeneration::of(&mut event).ok_or("another trigger's event")?;
//! tokens.set_claim(Token::Access, "tenant", json!("acme"))?;
//! assert_eq!(tokens.set_claim(Token::Access, "sub", json!("someone else")), Err(EditError::Reserved));
//!
//! let answer = event.into_value();
//! assert_eq!(
//!     answer["response"]["claimsAndScopeOverrideDetails"],
//!     json!({"accessTokenGeneration": {"claimsToAddOrOverride": {"tenant": "acme"}}}),
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

mod attributes;
mod authentication;
mod challenge;
mod create_auth_challenge;
mod custom_message;
mod custom_sender;
mod define_auth_challenge;
mod edit_error;
mod event;
mod inbound_federation;
mod message_source;
mod payload;
mod post_confirmation;
mod pre_sign_up;
mod pre_token_generation;
mod trigger_error;
mod user_migration;
mod verify_auth_challenge;

pub use self::{
    attributes::Attributes,
    authentication::{PostAuthentication, PreAuthentication},
    challenge::{ChallengeName, ChallengeResult},
    create_auth_challenge::CreateAuthChallenge,
    custom_message::CustomMessage,
    custom_sender::{Channel, CustomSender},
    define_auth_challenge::DefineAuthChallenge,
    edit_error::EditError,
    event::Event,
    inbound_federation::{InboundFederation, ProviderType},
    message_source::MessageSource,
    payload::Payload,
    post_confirmation::{PostConfirmation, PostConfirmationSource},
    pre_sign_up::{PreSignUp, PreSignUpSource},
    pre_token_generation::{
        PreTokenGeneration, Token, TokenSource, Version, check_claim_name, check_group_name, check_role,
        check_scope, check_suppressed_claim_name,
    },
    trigger_error::{PublicError, TriggerError},
    user_migration::{DeliveryMedium, FinalUserStatus, MigratedUser, UserMigration, UserMigrationSource},
    verify_auth_challenge::VerifyAuthChallenge,
};
