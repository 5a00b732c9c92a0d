//! The trigger functions, called as Cognito calls them.

use std::{future::Future, sync::Arc};

use jiff::Timestamp;
use portcullis_data::{Clock, Profiles, System, Table};
use portcullis_events::TriggerError;
use portcullis_post_confirmation::{Directory, DirectoryError};
use serde_json::Value;

use crate::{
    local::environment::Environment,
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
        matches!(trigger, Trigger::PreSignUp | Trigger::PostConfirmation | Trigger::PreTokenGeneration)
    }

    fn invoke(&self, trigger: Trigger, event: Value) -> TriggerFuture {
        let (environment, profiles, directory) =
            (Arc::clone(&self.environment), self.profiles.clone(), self.directory.clone());
        Box::pin(async move {
            let answer = match trigger {
                Trigger::PreSignUp => portcullis_pre_signup::handle(event, &environment.pre_sign_up),
                Trigger::PostConfirmation => {
                    let now: Timestamp = System.now();
                    portcullis_post_confirmation::handle(
                        event,
                        &environment.post_confirmation,
                        &profiles,
                        &directory,
                        now,
                    )
                    .await
                }
                Trigger::PreTokenGeneration => {
                    portcullis_pre_token_generation::handle(
                        event,
                        &environment.pre_token_generation,
                        &profiles,
                    )
                    .await
                }
                // Not attached, so never called.
                _ => Ok(event),
            };
            answer.map_err(refusal)
        })
    }
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

fn refusal(error: TriggerError) -> TriggerFailure {
    TriggerFailure::Refused(error.to_string())
}
