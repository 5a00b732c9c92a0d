use std::time::Duration;

use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_cognitoidentityprovider::{
    Client,
    config::{Config, Credentials},
    error::ProvideErrorMetadata,
    types::{AuthFlowType, ChallengeNameType, UserStatusType},
};
use tokio::sync::OnceCell;

use crate::{DirectoryError, OldUser, OldUsers, SecondFactor, SignIn};

/// How long one call may take; a sign-in is two of them, within the trigger's own limit.
const CALL_LIMIT: Duration = Duration::from_secs(2);

/// Another Amazon Cognito user pool, which users come over from. The client is made at the first call.
///
/// The function's role needs `cognito-idp:AdminInitiateAuth` and `cognito-idp:AdminGetUser` on that pool.
/// `AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER` sends the calls elsewhere, as for every AWS SDK.
#[derive(Debug)]
pub struct OldPool {
    user_pool_id: String,
    client_id: String,
    region: String,
    client: OnceCell<Client>,
}

impl OldPool {
    /// The pool of this region and id, and a client of it, without a secret, that may use `ADMIN_USER_PASSWORD_AUTH`. Nothing is
    /// called yet.
    #[must_use]
    pub fn new(
        region: impl Into<String>,
        user_pool_id: impl Into<String>,
        client_id: impl Into<String>,
    ) -> Self {
        Self {
            user_pool_id: user_pool_id.into(),
            client_id: client_id.into(),
            region: region.into(),
            client: OnceCell::new(),
        }
    }

    /// A stand-in for Amazon Cognito at this address. It is called with fixed made-up credentials, so that no real ones leave the
    /// machine, and may take as long as the trigger.
    #[must_use]
    pub fn local(endpoint: &str, user_pool_id: impl Into<String>, client_id: impl Into<String>) -> Self {
        let pool = Self::new("us-east-1", user_pool_id, client_id);
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .region(Region::new(pool.region.clone()))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .retry_config(RetryConfig::disabled());
        Self { client: OnceCell::new_with(Some(Client::from_conf(config.build()))), ..pool }
    }

    async fn client(&self) -> &Client {
        self.client
            .get_or_init(async || {
                let limits = TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(1))
                    .operation_timeout(CALL_LIMIT)
                    .build();
                let sdk = aws_config::defaults(BehaviorVersion::latest())
                    .region(Region::new(self.region.clone()))
                    .timeout_config(limits)
                    // A password that is tried again counts again, and too many lock the user out.
                    .retry_config(RetryConfig::disabled());
                Client::new(&sdk.load().await)
            })
            .await
    }
}

impl OldUsers for OldPool {
    async fn sign_in(&self, name: &str, password: &str) -> Result<SignIn, DirectoryError> {
        let call = self.client().await.admin_initiate_auth();
        let answer = call
            .user_pool_id(&self.user_pool_id)
            .client_id(&self.client_id)
            .auth_flow(AuthFlowType::AdminUserPasswordAuth)
            .auth_parameters("USERNAME", name)
            .auth_parameters("PASSWORD", password)
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(outcome(answer.challenge_name(), answer.authentication_result().is_some())),
            Err(error) if is_refusal(error.meta().code(), error.meta().message()) => Ok(SignIn::Refused),
            Err(error) => Err(failed("AdminInitiateAuth", error.meta().code())),
        }
    }

    async fn find(&self, name: &str) -> Result<Option<OldUser>, DirectoryError> {
        let call = self.client().await.admin_get_user();
        match call.user_pool_id(&self.user_pool_id).username(name).send().await {
            Ok(user) => {
                let factor = |setting: &str| match setting {
                    "SMS_MFA" => SecondFactor::Sms,
                    _ => SecondFactor::Other,
                };
                // Text messages that were set up in the older way stand in a list of their own.
                let older = user.mfa_options().iter().map(|_| SecondFactor::Sms);
                let settings = user.user_mfa_setting_list().iter().map(|setting| factor(setting));
                Ok(Some(OldUser {
                    attributes: user
                        .user_attributes()
                        .iter()
                        .map(|attribute| {
                            (attribute.name().to_owned(), attribute.value().unwrap_or_default().to_owned())
                        })
                        .collect(),
                    enabled: user.enabled(),
                    confirmed: matches!(
                        user.user_status(),
                        Some(UserStatusType::Confirmed | UserStatusType::ResetRequired)
                    ),
                    second_factors: settings.chain(older).collect(),
                }))
            }
            Err(error) if error.meta().code() == Some("UserNotFoundException") => Ok(None),
            Err(error) => Err(failed("AdminGetUser", error.meta().code())),
        }
    }
}

/// What an answer says of the password. A challenge that is not known to come after it proves nothing.
fn outcome(challenge: Option<&ChallengeNameType>, tokens: bool) -> SignIn {
    match challenge {
        None if tokens => SignIn::Accepted,
        // They must set up a second factor, and have none.
        Some(ChallengeNameType::MfaSetup) => SignIn::Accepted,
        Some(ChallengeNameType::NewPasswordRequired) => SignIn::Temporary,
        Some(ChallengeNameType::SmsMfa) => SignIn::Challenged(SecondFactor::Sms),
        Some(
            ChallengeNameType::SoftwareTokenMfa
            | ChallengeNameType::EmailOtp
            | ChallengeNameType::SelectMfaType,
        ) => SignIn::Challenged(SecondFactor::Other),
        _ => SignIn::Refused,
    }
}

/// If the user was refused, and not we. A client that has a secret is refused with the code of a wrong password, and only the
/// message tells.
fn is_refusal(code: Option<&str>, message: Option<&str>) -> bool {
    match code {
        Some("NotAuthorizedException") => !message.unwrap_or_default().contains("SECRET_HASH"),
        Some(
            "UserNotFoundException"
            | "UserNotConfirmedException"
            | "PasswordResetRequiredException"
            | "UserLambdaValidationException",
        ) => true,
        _ => false,
    }
}

/// Cognito's own message is left out: it may name the user.
fn failed(operation: &'static str, code: Option<&str>) -> DirectoryError {
    DirectoryError::Unavailable { operation, code: code.unwrap_or("no answer").to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_after_a_password_proves_it() {
        for (challenge, tokens, expected) in [
            (None, true, SignIn::Accepted),
            (None, false, SignIn::Refused),
            (Some("MFA_SETUP"), false, SignIn::Accepted),
            (Some("NEW_PASSWORD_REQUIRED"), false, SignIn::Temporary),
            (Some("SMS_MFA"), false, SignIn::Challenged(SecondFactor::Sms)),
            (Some("SOFTWARE_TOKEN_MFA"), false, SignIn::Challenged(SecondFactor::Other)),
            (Some("EMAIL_OTP"), false, SignIn::Challenged(SecondFactor::Other)),
            (Some("SELECT_MFA_TYPE"), false, SignIn::Challenged(SecondFactor::Other)),
            (Some("CUSTOM_CHALLENGE"), false, SignIn::Refused),
            (Some("PASSWORD_VERIFIER"), false, SignIn::Refused),
            (Some("SELECT_CHALLENGE"), false, SignIn::Refused),
            (Some("TOMORROW"), true, SignIn::Refused),
        ] {
            let name = challenge.map(ChallengeNameType::from);
            assert_eq!(outcome(name.as_ref(), tokens), expected, "{challenge:?}");
        }
    }
}
