//! A tower layer for Amazon Cognito trigger functions, and what a function needs to start.
//!
//! Cognito shows the error of a trigger to whoever signs up or in, waits five seconds, and takes an answer that it cannot read
//! for a failure. [`TriggerLayer`] stands between that and a handler, a `Service<Event>`:
//!
//! 1. A body that is no JSON object, a panic of the handler (while it is called and while it is polled) and a deadline that
//!    passes are answered with a fixed text. No parser's or panic's own words leave the function.
//! 2. An error of the handler is answered with its public text, which begins with a stable code; see
//!    [`PublicError`](events::PublicError). Its detail goes to the log.
//! 3. A handler has 4.5 of Cognito's five seconds ([`TriggerLayer::deadline`]), and never longer than the function itself, less a
//!    moment to answer in. Custom senders, which Cognito does not wait for, have as long as the function.
//! 4. Each event is one line in the log: `function`, `source`, `sub`, `decision`, `code`, `detail`, `duration_ms`. Refusals
//!    are `INFO`, faults are `ERROR`. No attribute of the user but `sub` is in it, and nothing of the response.
//! 5. The decision is the handler's: it returns an [`Answer`], or the [`Event`](events::Event) alone.
//!
//! [`start`] and [`run`] are the rest of a `main`: logs that print no bodies, configuration mistakes said all at once, exit
//! codes. A function that has its own start uses the layer alone.
//!
//! # Caveats
//!
//! Cognito's five seconds begin before the function does: a cold start is part of them and not seen here. A handler that is
//! late is dropped where it waits, so its effects must be such that half of them can be repeated. A handler that never waits
//! cannot be stopped.
//!
//! # Why this is a crate
//!
//! `portcullis-events` is pure: it knows the bytes of an event and no runtime. This crate knows `lambda_runtime`, so that the
//! functions, and those of other people, need not each write the same frame around their handlers.
//!
//! # Example
//!
//! A pre-sign-up function of one's own. Its `main` would be
//! `run(TriggerLayer::new("pre-signup"), service_fn(pre_sign_up)).await`.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use portcullis_trigger::events::{Event, PreSignUp, PublicError, TriggerError};
//! use portcullis_trigger::{Answer, TriggerLayer, invocation, service_fn};
//! use serde_json::json;
//! use tower::{Layer, ServiceExt};
//!
//! const INVITE_MISSING: PublicError = PublicError::new("E_INVITE_MISSING", "signing up needs an invitation");
//!
//! async fn pre_sign_up(mut event: Event) -> Result<Answer, TriggerError> {
//!     let Some(mut sign_up) = PreSignUp::of(&mut event) else {
//!         return Ok(Answer::new(event, "not ours"));
//!     };
//!     if sign_up.validation_data().get("invite") != Some("spring") {
//!         return Err(INVITE_MISSING.with_detail("no invitation that is known"));
//!     }
//!     sign_up.set_auto_confirm()?;
//!     Ok(Answer::new(event, "confirm"))
//! }
//!
//! let function = TriggerLayer::new("pre-signup").layer(service_fn(pre_sign_up));
//! let event = |invite: &str| invocation(json!({
//!     "triggerSource": "PreSignUp_SignUp", "request": {"validationData": {"invite": invite}}, "response": {},
//! }));
//! let answer = function.clone().oneshot(event("spring")).await.map_err(|refusal| refusal.error_message)?;
//! assert_eq!(answer["response"], json!({"autoConfirmUser": true}));
//! let refusal = function.oneshot(event("autumn")).await.unwrap_err();
//! assert_eq!(refusal.error_message, "E_INVITE_MISSING: signing up needs an invitation");
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod answer;
mod config_errors;
mod future;
mod invocation;
mod layer;
mod line;
mod log;
mod service;
mod start;
mod time_limit;

pub use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
pub use portcullis_events as events;

pub use self::{
    answer::Answer,
    config_errors::{ConfigError, ConfigErrors},
    future::TriggerFuture,
    invocation::invocation,
    layer::TriggerLayer,
    log::{log_filter, write_logs},
    service::TriggerService,
    start::{run, start, variable},
};
