//! The trigger functions, called as Cognito calls them.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
};

use portcullis_custom_challenge::{self as custom_challenge, SystemRandom};
use portcullis_custom_message as custom_message;
use portcullis_data::{Clock, Profiles, System, Table};
use portcullis_directory::{Account, AccountStatus, Accounts, DirectoryError, FederatedIdentity, Groups};
use portcullis_post_confirmation as post_confirmation;
use portcullis_pre_signup as pre_signup;
use portcullis_pre_token_generation as pre_token_generation;
use portcullis_trigger::{
    Answer, TriggerLayer,
    events::{Event, TriggerError},
    invocation, service_fn,
};
use portcullis_user_migration::{self as user_migration, OldPool};
use serde_json::Value;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    local::{courier::LetterPrinter, environment::Environment, remote_function::RemoteFunction},
    pool::{PoolError, PoolHandle, PoolUser, Trigger, TriggerFailure, TriggerFuture, Triggers},
};

/// The trigger code of `functions/`, run in this process, and functions in others, which go before it.
#[derive(Debug)]
pub(crate) struct LocalTriggers {
    environment: Arc<Environment>,
    profiles: Profiles,
    directory: LocalDirectory,
    old_pool: Option<Arc<OldPool>>,
    remote: Vec<RemoteFunction>,
}

/// The part of Cognito's API that triggers call, answered by the local pool.
#[derive(Clone, Debug)]
struct LocalDirectory(PoolHandle);

impl LocalTriggers {
    pub(crate) fn new(
        environment: Environment,
        table: &Table,
        pool: PoolHandle,
        remote: Vec<RemoteFunction>,
    ) -> Self {
        let profiles = environment.post_confirmation.profiles_in(table.clone());
        let old_pool = environment.user_migration.as_ref().map(|config| {
            let (id, client) = (&config.old_user_pool_id, &config.old_client_id);
            Arc::new(match &environment.old_pool_endpoint {
                Some(endpoint) => OldPool::local(endpoint.as_str(), id, client),
                None => OldPool::new(config.old_region(), id, client),
            })
        });
        let directory = LocalDirectory(pool);
        Self { environment: Arc::new(environment), profiles, directory, old_pool, remote }
    }

    fn remote(&self, trigger: Trigger) -> Option<&RemoteFunction> {
        self.remote.iter().find(|function| function.trigger() == trigger)
    }
}

impl Triggers for LocalTriggers {
    fn is_attached(&self, trigger: Trigger) -> bool {
        if self.remote(trigger).is_some() {
            return true;
        }
        match trigger {
            Trigger::PreSignUp
            | Trigger::PostConfirmation
            | Trigger::PostAuthentication
            | Trigger::PreTokenGeneration
            | Trigger::DefineAuthChallenge
            | Trigger::CreateAuthChallenge
            | Trigger::VerifyAuthChallengeResponse => true,
            Trigger::CustomMessage => self.environment.custom_message.is_some(),
            Trigger::UserMigration => self.old_pool.is_some(),
            _ => false,
        }
    }

    fn invoke(&self, trigger: Trigger, event: Value) -> TriggerFuture {
        if let Some(function) = self.remote(trigger).cloned() {
            return Box::pin(async move { function.invoke(event).await });
        }
        let (environment, profiles, directory) =
            (Arc::clone(&self.environment), self.profiles.clone(), self.directory.clone());
        let old_pool = self.old_pool.clone();
        Box::pin(async move {
            match trigger {
                Trigger::PreSignUp => {
                    let config = &environment.pre_sign_up;
                    call("pre-signup", event, |event| pre_signup::handle(event, config, &directory)).await
                }
                // The function enrolls whoever was missed when they sign in.
                Trigger::PostConfirmation | Trigger::PostAuthentication => {
                    let config = &environment.post_confirmation;
                    call("post-confirmation", event, |event| {
                        post_confirmation::handle(event, config, &profiles, &directory, System.now())
                    })
                    .await
                }
                Trigger::PreTokenGeneration => {
                    let config = &environment.pre_token_generation;
                    call("pre-token-generation", event, |event| {
                        pre_token_generation::handle(event, config, &profiles, &directory, System.now())
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
                Trigger::CustomMessage => match &environment.custom_message {
                    Some(config) => {
                        let answer = |event| std::future::ready(custom_message::handle(event, config));
                        call("custom-message", event, answer).await
                    }
                    None => Ok(event),
                },
                Trigger::UserMigration => match (&environment.user_migration, old_pool) {
                    (Some(config), Some(old_pool)) => {
                        let handler = |event| user_migration::handle(event, config, &*old_pool);
                        call("user-migration", event, handler).await
                    }
                    _ => Ok(event),
                },
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

impl Groups for LocalDirectory {
    async fn add_user_to_group(&self, _: &str, username: &str, group: &str) -> Result<(), DirectoryError> {
        let added = self.0.add_user_to_group(username, group).await;
        added.map_err(|error| failure("AdminAddUserToGroup", &error))
    }
}

impl Accounts for LocalDirectory {
    async fn users_by_email(&self, _: &str, email: &str) -> Result<Vec<Account>, DirectoryError> {
        let users = self.0.users_by_email(email).await.map_err(|error| failure("ListUsers", &error))?;
        Ok(users.iter().map(account).collect())
    }

    async fn user(&self, _: &str, username: &str) -> Result<Option<Account>, DirectoryError> {
        let user = self.0.user(username).await.map_err(|error| failure("AdminGetUser", &error))?;
        Ok(user.as_ref().map(account))
    }

    async fn create_native_user(&self, _: &str, email: &str) -> Result<String, DirectoryError> {
        self.0.create_native_user(email).await.map_err(|error| failure("AdminCreateUser", &error))
    }

    async fn set_random_password(&self, _: &str, username: &str) -> Result<(), DirectoryError> {
        let set = self.0.set_random_password(username).await;
        set.map_err(|error| failure("AdminSetUserPassword", &error))
    }

    async fn link_provider(
        &self,
        _: &str,
        username: &str,
        identity: &FederatedIdentity,
    ) -> Result<(), DirectoryError> {
        let linked = self.0.link_provider(username, &identity.provider, &identity.subject).await;
        linked.map_err(|error| failure("AdminLinkProviderForUser", &error))
    }

    async fn unlink_provider(&self, _: &str, identity: &FederatedIdentity) -> Result<(), DirectoryError> {
        let unlinked = self.0.unlink_provider(&identity.provider, &identity.subject).await;
        unlinked.map_err(|error| failure("AdminDisableProviderForUser", &error))
    }
}

fn account(user: &PoolUser) -> Account {
    let attributes = user.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Account::new(user.username.as_str(), AccountStatus::named(user.status), user.enabled, attributes)
}

/// In Cognito's words, as far as a trigger tells them apart.
fn failure(operation: &'static str, error: &PoolError) -> DirectoryError {
    match error {
        PoolError::UserNotFound => DirectoryError::UserNotFound { operation },
        PoolError::UserExists => DirectoryError::UserExists { operation },
        PoolError::Link(reason) => DirectoryError::Refused { operation, code: reason.clone() },
        error => DirectoryError::Unavailable { operation, code: error.to_string() },
    }
}
