//! The user pool, asked by calling Amazon Cognito.

use std::time::Duration;

use aws_config::{BehaviorVersion, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_cognitoidentityprovider::{
    Client,
    config::{Config, Credentials, Region},
    error::{ProvideErrorMetadata, SdkError},
    types::{AttributeType, MessageActionType, ProviderUserIdentifierType, UserStatusType, UserType},
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{Account, AccountStatus, Accounts, DirectoryError, FederatedIdentity, Groups};

/// How long one call may take with its retries; it leaves room within the trigger's own limit.
const CALL_LIMIT: Duration = Duration::from_secs(3);
/// How long one attempt may take.
const ATTEMPT_LIMIT: Duration = Duration::from_millis(1500);
/// How many pages of users with one address are read. A page has 60 users at most.
const MOST_PAGES: usize = 5;

/// An Amazon Cognito user pool. The client is made at the first call, so that a function that needs none does not
/// pay for it.
///
/// The function's role needs, on the pool, `cognito-idp:` with the operations that are called: `AdminAddUserToGroup`;
/// `ListUsers` and `AdminGetUser`; for links also `AdminLinkProviderForUser`; to make users also `AdminCreateUser`,
/// `AdminSetUserPassword` and `AdminDisableProviderForUser`. `AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER` sends the calls elsewhere, as for every AWS SDK.
#[derive(Debug, Default)]
pub struct CognitoDirectory {
    client: OnceCell<Client>,
}

impl CognitoDirectory {
    /// The directory that the environment leads to. Nothing is called yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A stand-in for Amazon Cognito at this address. It is called with fixed made-up credentials, so that no real ones
    /// leave the machine.
    pub fn local(endpoint: &str) -> Self {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .timeout_config(limits())
            .retry_config(retries());
        Self { client: OnceCell::new_with(Some(Client::from_conf(config.build()))) }
    }

    async fn client(&self) -> &Client {
        self.client
            .get_or_init(async || {
                let defaults = aws_config::defaults(BehaviorVersion::latest());
                Client::new(&defaults.timeout_config(limits()).retry_config(retries()).load().await)
            })
            .await
    }

    /// Users whose address is this text, letter by letter.
    async fn users_with(
        &self,
        user_pool_id: &str,
        email: &str,
        found: &mut Vec<Account>,
    ) -> Result<(), DirectoryError> {
        const OPERATION: &str = "ListUsers";
        let mut next = None;
        for _ in 0..MOST_PAGES {
            let call = self.client().await.list_users().user_pool_id(user_pool_id);
            let call = call.filter(email_filter(email)).set_pagination_token(next);
            let answer = call.send().await.map_err(|error| failure(OPERATION, &error))?;
            for account in answer.users().iter().filter_map(account) {
                if account.has_email(email) && !found.iter().any(|known| known.username == account.username) {
                    found.push(account);
                }
            }
            next = answer.pagination_token;
            if next.is_none() {
                return Ok(());
            }
        }
        Err(DirectoryError::TooMany { operation: OPERATION })
    }

    async fn create(
        &self,
        user_pool_id: &str,
        username: &str,
        email: &str,
    ) -> Result<String, DirectoryError> {
        const OPERATION: &str = "AdminCreateUser";
        let attribute = |name: &str, value: &str| {
            let attribute = AttributeType::builder().name(name).value(value).build();
            attribute.map_err(|_| refused(OPERATION, "BuildError"))
        };
        let call = self.client().await.admin_create_user().user_pool_id(user_pool_id).username(username);
        let call = call.message_action(MessageActionType::Suppress);
        let call = call.user_attributes(attribute("email", email)?);
        let call = call.user_attributes(attribute("email_verified", "true")?);
        let answer = call.send().await.map_err(|error| failure(OPERATION, &error))?;
        let name = answer.user.and_then(|user| user.username);
        name.ok_or_else(|| refused(OPERATION, "an answer without a name"))
    }
}

impl Groups for CognitoDirectory {
    async fn add_user_to_group(
        &self,
        user_pool_id: &str,
        username: &str,
        group: &str,
    ) -> Result<(), DirectoryError> {
        let call = self.client().await.admin_add_user_to_group();
        let answer = call.user_pool_id(user_pool_id).username(username).group_name(group).send().await;
        answer.map(drop).map_err(|error| failure("AdminAddUserToGroup", &error))
    }
}

impl Accounts for CognitoDirectory {
    /// Cognito compares addresses letter by letter, so the one that was given and its small letters are asked for. One
    /// that a pool keeps in another mixture of letters is not found; [`user`](Accounts::user) finds who signs in with it.
    async fn users_by_email(&self, user_pool_id: &str, email: &str) -> Result<Vec<Account>, DirectoryError> {
        let mut found = Vec::new();
        self.users_with(user_pool_id, email, &mut found).await?;
        let small = email.to_ascii_lowercase();
        if small != email {
            self.users_with(user_pool_id, &small, &mut found).await?;
        }
        Ok(found)
    }

    async fn user(&self, user_pool_id: &str, username: &str) -> Result<Option<Account>, DirectoryError> {
        let call = self.client().await.admin_get_user();
        match call.user_pool_id(user_pool_id).username(username).send().await {
            Ok(user) => Ok(Some(Account::new(
                user.username(),
                status(user.user_status()),
                user.enabled(),
                user.user_attributes().iter().filter_map(name_and_value),
            ))),
            Err(error) => match failure("AdminGetUser", &error) {
                DirectoryError::UserNotFound { .. } => Ok(None),
                failure => Err(failure),
            },
        }
    }

    /// Two calls. Between them the user has a temporary password that nobody was told; who finds such a user completes
    /// them by [`set_random_password`](Accounts::set_random_password).
    async fn create_native_user(&self, user_pool_id: &str, email: &str) -> Result<String, DirectoryError> {
        let username = match self.create(user_pool_id, email, email).await {
            // Where the address is an alias, a name must not look like one.
            Err(DirectoryError::Refused { code, .. }) if code == "InvalidParameterException" => {
                self.create(user_pool_id, &Uuid::new_v4().to_string(), email).await?
            }
            created => created?,
        };
        self.set_random_password(user_pool_id, &username).await?;
        Ok(username)
    }

    async fn set_random_password(&self, user_pool_id: &str, username: &str) -> Result<(), DirectoryError> {
        let call =
            self.client().await.admin_set_user_password().user_pool_id(user_pool_id).username(username);
        let answer = call.password(random_password()).permanent(true).send().await;
        answer.map(drop).map_err(|error| failure("AdminSetUserPassword", &error))
    }

    async fn link_provider(
        &self,
        user_pool_id: &str,
        username: &str,
        identity: &FederatedIdentity,
    ) -> Result<(), DirectoryError> {
        let user =
            ProviderUserIdentifierType::builder().provider_name("Cognito").provider_attribute_value(username);
        let call = self.client().await.admin_link_provider_for_user().user_pool_id(user_pool_id);
        let answer = call.destination_user(user.build()).source_user(named(identity)).send().await;
        answer.map(drop).map_err(|error| failure("AdminLinkProviderForUser", &error))
    }

    async fn unlink_provider(
        &self,
        user_pool_id: &str,
        identity: &FederatedIdentity,
    ) -> Result<(), DirectoryError> {
        let call = self.client().await.admin_disable_provider_for_user().user_pool_id(user_pool_id);
        let answer = call.user(named(identity)).send().await;
        answer.map(drop).map_err(|error| failure("AdminDisableProviderForUser", &error))
    }
}

/// Somebody at another provider. Before their first sign-in, by the values that they were linked by.
fn named(identity: &FederatedIdentity) -> ProviderUserIdentifierType {
    ProviderUserIdentifierType::builder()
        .provider_name(&identity.provider)
        .provider_attribute_name("Cognito_Subject")
        .provider_attribute_value(&identity.subject)
        .build()
}

fn limits() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(ATTEMPT_LIMIT)
        .operation_timeout(CALL_LIMIT)
        .build()
}

/// Three attempts whose pauses are short enough for all of them to end within [`CALL_LIMIT`]: with the SDK's pauses of up to a
/// second, what Cognito answered is lost now and then to the time that the call may take.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(100))
        .with_max_backoff(Duration::from_millis(400))
}

/// The filter of `ListUsers` for one address. Whoever signs up chooses the text: unescaped, a quotation mark in it would end
/// the value.
fn email_filter(email: &str) -> String {
    let escaped = email.replace('\\', r"\\").replace('"', r#"\""#);
    format!(r#"email = "{escaped}""#)
}

/// 366 random bits in a text that every password policy takes: 99 characters is the longest that one can ask for.
fn random_password() -> String {
    let [one, two, three] = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    format!("{}{}{}-Aa1", one.simple(), two.simple(), three.simple())
}

/// What Cognito says about an error is left out: it may name the user.
fn failure<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> DirectoryError {
    let code = error.code().unwrap_or("no answer");
    match code {
        "UserNotFoundException" => DirectoryError::UserNotFound { operation },
        "UsernameExistsException" => DirectoryError::UserExists { operation },
        // From the operation that makes users it says that the address is taken, from the one that links that the identity is.
        "AliasExistsException" if operation == "AdminCreateUser" => DirectoryError::UserExists { operation },
        "AliasExistsException" | "InvalidParameterException" | "LimitExceededException" => {
            refused(operation, code)
        }
        _ => DirectoryError::Unavailable { operation, code: code.to_owned() },
    }
}

fn refused(operation: &'static str, code: &str) -> DirectoryError {
    DirectoryError::Refused { operation, code: code.to_owned() }
}

fn account(user: &UserType) -> Option<Account> {
    let attributes = user.attributes().iter().filter_map(name_and_value);
    Some(Account::new(user.username()?, status(user.user_status()), user.enabled(), attributes))
}

fn status(status: Option<&UserStatusType>) -> AccountStatus {
    status.map_or(AccountStatus::Other, |status| AccountStatus::named(status.as_str()))
}

fn name_and_value(attribute: &AttributeType) -> Option<(&str, &str)> {
    Some((attribute.name(), attribute.value()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_leave_the_filter() {
        for (email, expected) in [
            ("ann@example.com", r#"email = "ann@example.com""#),
            (r#"a" or email ^= "@example.com"#, r#"email = "a\" or email ^= \"@example.com""#),
            (r"a\@example.com", r#"email = "a\\@example.com""#),
            (r#"a\"@example.com"#, r#"email = "a\\\"@example.com""#),
        ] {
            assert_eq!(email_filter(email), expected);
        }
    }

    #[test]
    fn a_random_password_passes_every_policy_and_is_never_the_same() {
        let (one, other) = (random_password(), random_password());
        assert_ne!(one, other);
        assert!((99..=256).contains(&one.len()), "{}", one.len());
        for kind in [
            char::is_ascii_lowercase as fn(&char) -> bool,
            char::is_ascii_uppercase,
            char::is_ascii_digit,
            char::is_ascii_punctuation,
        ] {
            assert!(one.chars().any(|letter| kind(&letter)));
        }
    }
}
