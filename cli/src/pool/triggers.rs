//! The Lambda functions that a pool calls: which, when, with what, and what their answers mean.
//!
//! 1. An event has the envelope that Cognito sends, and `response` comes with its nulls.
//! 2. A trigger has five seconds; its work is dropped afterwards.
//! 3. A refusal reaches the client as `UserLambdaValidationException`, anything else that goes wrong as
//!    `UnexpectedLambdaException` or `InvalidLambdaResponseException`, without detail.

use std::{fmt, future::Future, pin::Pin};

use portcullis_events::Version;
use serde_json::{Map, Value, json};

use crate::pool::{
    call::Call,
    error::{Exception, ServiceError},
    users::User,
};

/// A kind of function that a pool calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trigger {
    /// Before a user is made.
    PreSignUp,
    /// After a user has confirmed a sign-up or a new password.
    PostConfirmation,
    /// Before a password is looked at; not in the custom flow.
    PreAuthentication,
    /// Before the tokens of a sign-in are made.
    PostAuthentication,
    /// Before tokens are made.
    PreTokenGeneration,
    /// In the custom flow: what is asked next, or whether it is over.
    DefineAuthChallenge,
    /// In the custom flow: the question, and what its answer will be judged by.
    CreateAuthChallenge,
    /// In the custom flow: whether the answer is right.
    VerifyAuthChallengeResponse,
    /// Before a message is sent: its words.
    CustomMessage,
    /// When somebody whom the pool does not know signs in with a password or has forgotten theirs.
    UserMigration,
    /// In place of sending an e-mail, with the code encrypted. Nobody waits for it.
    CustomEmailSender,
    /// In place of sending a text message, which this pool does for an invitation alone (`DesiredDeliveryMediums`).
    CustomSmsSender,
    /// When a provider's answer about a user has been checked, before the user is made or brought up to date.
    InboundFederation,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::PreSignUp,
        Self::PostConfirmation,
        Self::PreAuthentication,
        Self::PostAuthentication,
        Self::PreTokenGeneration,
        Self::DefineAuthChallenge,
        Self::CreateAuthChallenge,
        Self::VerifyAuthChallengeResponse,
        Self::CustomMessage,
        Self::UserMigration,
        Self::CustomEmailSender,
        Self::CustomSmsSender,
        Self::InboundFederation,
    ];

    /// The trigger of this name.
    ///
    /// ```
    /// use portcullis_cli::pool::Trigger;
    ///
    /// assert_eq!(Trigger::named("CustomSMSSender"), Some(Trigger::CustomSmsSender));
    /// assert_eq!(Trigger::named("customSmsSender"), None);
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.name() == name)
    }

    /// The name in a pool's `LambdaConfig` and in Cognito's error texts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PreSignUp => "PreSignUp",
            Self::PostConfirmation => "PostConfirmation",
            Self::PreAuthentication => "PreAuthentication",
            Self::PostAuthentication => "PostAuthentication",
            Self::PreTokenGeneration => "PreTokenGeneration",
            Self::DefineAuthChallenge => "DefineAuthChallenge",
            Self::CreateAuthChallenge => "CreateAuthChallenge",
            Self::VerifyAuthChallengeResponse => "VerifyAuthChallengeResponse",
            Self::CustomMessage => "CustomMessage",
            Self::UserMigration => "UserMigration",
            Self::CustomEmailSender => "CustomEmailSender",
            Self::CustomSmsSender => "CustomSMSSender",
            Self::InboundFederation => "InboundFederation",
        }
    }
}

/// Why a trigger gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerFailure {
    /// It refused; the text is for the client's eyes, as a Lambda function's error message is.
    Refused(String),
    /// It broke: a panic, an unreachable service. The client learns nothing more.
    Crashed,
    /// It could not be called: the exception of AWS Lambda's `Invoke`, which the client is told.
    NotInvoked(&'static str),
    /// It answered, and not in JSON.
    NotJson,
}

/// What [`Triggers::invoke`] returns.
pub type TriggerFuture = Pin<Box<dyn Future<Output = Result<Value, TriggerFailure>> + Send>>;

/// Runs trigger functions.
///
/// The event is what Cognito sends; the answer is the whole event with `response` filled in.
pub trait Triggers: Send + Sync {
    /// Whether there is a function for this trigger. Without one the pool behaves as one without the trigger: a
    /// [`Trigger::DefineAuthChallenge`] that is not attached, for example, turns the custom flow off.
    ///
    /// Where there is a custom sender, the [`Courier`](crate::pool::Courier) delivers nothing of what is its to send. It gets
    /// the code encrypted, and the pool answers `Decrypt` of AWS KMS for the key ([`Pool::kms_key_arn`](crate::pool::Pool::kms_key_arn)).
    fn is_attached(&self, trigger: Trigger) -> bool;

    /// Runs one function. Only called for what is attached.
    fn invoke(&self, trigger: Trigger, event: Value) -> TriggerFuture;
}

impl fmt::Debug for dyn Triggers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Triggers")
    }
}

/// What a function is called with, besides the envelope.
pub(crate) struct Invocation<'a> {
    pub(crate) trigger: Trigger,
    pub(crate) source: &'static str,
    pub(crate) username: &'a str,
    pub(crate) request: Value,
    pub(crate) response: Value,
}

impl Call<'_> {
    /// Runs a trigger and gives the `response` of its answer; `None` when no function is attached.
    pub(crate) fn invoke(
        &self,
        invocation: Invocation<'_>,
    ) -> Result<Option<Map<String, Value>>, ServiceError> {
        let Invocation { trigger, source, username, request, response } = invocation;
        let Some(triggers) = self.pool.triggers_for(trigger) else { return Ok(None) };
        let mut event = self.event(trigger, source, username, request);
        if let Value::Object(event) = &mut event {
            event.insert("response".to_owned(), response);
            // A client that acts for itself is nobody.
            if username.is_empty() {
                event.remove("userName");
            }
        }
        let name = trigger.name();
        let crashed = || {
            ServiceError::new(
                Exception::UnexpectedLambda,
                format!("{name} invocation failed due to error Unhandled."),
            )
        };
        // A task of its own: a panic in the function ends here, as it would end in its Lambda.
        let mut task = self.runtime.spawn(triggers.invoke(trigger, event));
        let outcome =
            self.runtime.block_on(async { tokio::time::timeout(self.pool.trigger_timeout, &mut task).await });
        let answer = match outcome {
            Ok(Ok(Ok(answer))) => answer,
            Ok(Ok(Err(TriggerFailure::Refused(text)))) => {
                return Err(ServiceError::new(
                    Exception::UserLambdaValidation,
                    format!("{name} failed with error {text}."),
                ));
            }
            Ok(Ok(Err(TriggerFailure::Crashed))) => {
                tracing::error!(trigger = name, "a trigger crashed");
                return Err(crashed());
            }
            Ok(Ok(Err(TriggerFailure::NotInvoked(exception)))) => {
                tracing::error!(trigger = name, exception, "a trigger could not be called");
                return Err(ServiceError::new(
                    Exception::UnexpectedLambda,
                    format!("{name} invocation failed due to error {exception}."),
                ));
            }
            Ok(Ok(Err(TriggerFailure::NotJson))) => {
                tracing::error!(trigger = name, "a trigger answered with something that is no JSON");
                return Err(ServiceError::new(
                    Exception::InvalidLambdaResponse,
                    "Invalid lambda function output : Invalid JSON",
                ));
            }
            Ok(Err(panic)) => {
                tracing::error!(trigger = name, cancelled = panic.is_cancelled(), "a trigger panicked");
                return Err(crashed());
            }
            Err(_elapsed) => {
                task.abort();
                tracing::error!(trigger = name, "a trigger took too long");
                return Err(ServiceError::new(
                    Exception::UnexpectedLambda,
                    format!("{name} failed with error Socket timeout while invoking Lambda function."),
                ));
            }
        };
        match answer {
            Value::Object(mut answer) => match answer.remove("response") {
                Some(Value::Object(response)) => Ok(Some(response)),
                None | Some(Value::Null) => Ok(Some(Map::new())),
                Some(_) => Err(unrecognizable()),
            },
            _ => Err(unrecognizable()),
        }
    }

    pub(crate) fn event_version(&self, trigger: Trigger) -> &'static str {
        match (trigger, self.pool.token_version) {
            (Trigger::PreTokenGeneration, Version::V2) => "2",
            (Trigger::PreTokenGeneration, Version::V3) => "3",
            _ => "1",
        }
    }

    /// Runs the post-confirmation trigger.
    pub(crate) fn post_confirmation(&self, source: &'static str, user: &User) -> Result<(), ServiceError> {
        let mut request = json!({ "userAttributes": user.trigger_attributes() });
        self.put_client_metadata(&mut request)?;
        self.invoke(Invocation {
            trigger: Trigger::PostConfirmation,
            source,
            username: user.username(),
            request,
            response: json!({}),
        })?;
        Ok(())
    }

    /// Adds `clientMetadata` to a trigger's request when the caller sent some.
    pub(crate) fn put_client_metadata(&self, request: &mut Value) -> Result<(), ServiceError> {
        if let Some(metadata) = self.input.string_map("ClientMetadata")?
            && let Value::Object(request) = request
        {
            request.insert("clientMetadata".to_owned(), json!(metadata));
        }
        Ok(())
    }
}

/// A flag of a trigger's response; null and missing are false.
pub(crate) fn flag(response: &Map<String, Value>, name: &str) -> Result<bool, ServiceError> {
    match response.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(unrecognizable()),
    }
}

/// The answer has a shape that Cognito does not understand.
pub(crate) fn unrecognizable() -> ServiceError {
    ServiceError::new(Exception::InvalidLambdaResponse, "Unrecognizable lambda output")
}
