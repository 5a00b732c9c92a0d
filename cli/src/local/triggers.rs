//! The trigger functions, called as Cognito calls them.

use std::{
    future::{Future, poll_fn, ready},
    sync::Arc,
};

use portcullis_custom_challenge::{self as custom_challenge, SystemRandom};
use portcullis_data::{Clock, Profiles, System, Table};
use portcullis_post_confirmation::{self as post_confirmation, Directory, DirectoryError};
use portcullis_pre_signup as pre_signup;
use portcullis_pre_token_generation as pre_token_generation;
use portcullis_trigger::{
    Answer, TriggerLayer,
    events::{Event, TriggerError},
    invocation, service_fn,
};
use serde_json::Value;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    local::{courier::LetterPrinter, environment::Environment},
    pool::{PoolHandle, Trigger, TriggerFailure, TriggerFuture, Triggers},
};

/// The trigger code of `functions/`, run in this process.
#[derive(Debug)]
pub(crate) struct LocalTriggers {
    environment: Arc<Environment>,
    profiles: Profiles,
    directory: LocalDirectory,
}

/// The part of Cognito's API that triggers call, answered by the local pool.
#[derive(Clone, Debug)]
struct LocalDirectory(PoolHandle);

impl LocalTriggers {
    pub(crate) fn new(environment: Environment, table: &Table, pool: PoolHandle) -> Self {
        let profiles = environment.post_confirmation.profiles_in(table.clone());
        Self { environment: Arc::new(environment), profiles, directory: LocalDirectory(pool) }
    }
}

impl Triggers for LocalTriggers {
    fn is_attached(&self, trigger: Trigger) -> bool {
        matches!(
            trigger,
            Trigger::PreSignUp
                | Trigger::PostConfirmation
                | Trigger::PreTokenGeneration
                | Trigger::DefineAuthChallenge
                | Trigger::CreateAuthChallenge
                | Trigger::VerifyAuthChallengeResponse
        )
    }

    fn invoke(&self, trigger: Trigger, event: Value) -> TriggerFuture {
        let (environment, profiles, directory) =
            (Arc::clone(&self.environment), self.profiles.clone(), self.directory.clone());
        Box::pin(async move {
            match trigger {
                Trigger::PreSignUp => {
                    let config = &environment.pre_sign_up;
                    call("pre-signup", event, |event| ready(pre_signup::handle(event, config))).await
                }
                Trigger::PostConfirmation => {
                    let config = &environment.post_confirmation;
                    call("post-confirmation", event, |event| {
                        post_confirmation::handle(event, config, &profiles, &directory, System.now())
                    })
                    .await
                }
                Trigger::PreTokenGeneration => {
                    let config = &environment.pre_token_generation;
                    call("pre-token-generation", event, |event| {
                        pre_token_generation::handle(event, config, &profiles)
                    })
                    .await
                }
                Trigger::DefineAuthChallenge
                | Trigger::CreateAuthChallenge
                | Trigger::VerifyAuthChallengeResponse => {
                    let config = &environment.custom_challenge;
                    call("custom-challenge", event, |event| {
                        let now = System.now().into();
                        custom_challenge::handle(event, config, &LetterPrinter, &SystemRandom, now)
                    })
                    .await
                }
                // Not attached, so never called.
                _ => Ok(event),
            }
        })
    }
}

/// Calls a handler through the layer that it has at Lambda.
async fn call<F>(
    function: &'static str,
    event: Value,
    handler: impl FnMut(Event) -> F,
) -> Result<Value, TriggerFailure>
where
    F: Future<Output = Result<Answer, TriggerError>>,
{
    let mut service = TriggerLayer::new(function).layer(service_fn(handler));
    let answer = match poll_fn(|context| service.poll_ready(context)).await {
        Ok(()) => service.call(invocation(event)).await,
        Err(broken) => Err(broken),
    };
    answer.map_err(|refusal| TriggerFailure::Refused(refusal.error_message))
}

impl Directory for LocalDirectory {
    fn add_user_to_group(
        &self,
        _user_pool_id: &str,
        username: &str,
        group: &str,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send {
        let (pool, username, group) = (self.0.clone(), username.to_owned(), group.to_owned());
        async move {
            pool.add_user_to_group(&username, &group)
                .await
                .map_err(|error| DirectoryError::new(error.to_string()))
        }
    }
}
