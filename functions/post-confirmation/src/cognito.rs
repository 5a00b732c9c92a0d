use std::time::Duration;

use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use aws_sdk_cognitoidentityprovider::{Client, error::ProvideErrorMetadata};
use tokio::sync::OnceCell;

use crate::{Directory, DirectoryError};

/// How long one call may take with its retries; it leaves room within the trigger's own limit.
const CALL_LIMIT: Duration = Duration::from_secs(3);
/// How long one attempt may take.
const ATTEMPT_LIMIT: Duration = Duration::from_millis(1500);

/// The groups of an Amazon Cognito user pool. The client is made at the first call, so that a
/// function without groups does not pay for it.
///
/// The function's role needs `cognito-idp:AdminAddUserToGroup` on the pool.
/// `AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER` sends the calls elsewhere, as for every AWS SDK.
#[derive(Debug, Default)]
pub struct CognitoDirectory {
    client: OnceCell<Client>,
}

impl CognitoDirectory {
    /// The directory that the environment leads to. Nothing is called yet.
    pub fn new() -> Self {
        Self::default()
    }

    async fn client(&self) -> &Client {
        self.client
            .get_or_init(async || {
                let limits = TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(1))
                    .operation_attempt_timeout(ATTEMPT_LIMIT)
                    .operation_timeout(CALL_LIMIT)
                    .build();
                Client::new(
                    &aws_config::defaults(BehaviorVersion::latest()).timeout_config(limits).load().await,
                )
            })
            .await
    }
}

impl Directory for CognitoDirectory {
    async fn add_user_to_group(
        &self,
        user_pool_id: &str,
        username: &str,
        group: &str,
    ) -> Result<(), DirectoryError> {
        let call = self.client().await.admin_add_user_to_group();
        let answer = call.user_pool_id(user_pool_id).username(username).group_name(group).send().await;
        // Cognito's own message is left out: it may name the user.
        answer.map(|_| ()).map_err(|error| {
            let code = error.code().unwrap_or("no answer");
            DirectoryError::new(format!("cognito AdminAddUserToGroup failed: {code}"))
        })
    }
}
