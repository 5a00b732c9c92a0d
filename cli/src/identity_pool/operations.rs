//! What the pool does when it is asked.

use std::{collections::BTreeMap, sync::Arc};

use portcullis_iam::Context;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Inner, Session,
    amr::amr,
    credentials::Credentials,
    error::{Exception, ServiceError},
    login::Login,
};

/// What AWS calls a session that an identity pool has given out.
const SESSION_NAME: &str = "CognitoIdentityCredentials";
/// All values of tags together, in bytes.
const MAX_TAGS: usize = 460;

/// An operation of `AWSCognitoIdentityService`, by what it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Id,
    Credentials,
    OpenIdToken,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetId {
    /// Which account the pool is of is not asked: there is one.
    #[serde(rename = "AccountId")]
    _account_id: Option<String>,
    identity_pool_id: String,
    #[serde(default)]
    logins: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetCredentialsForIdentity {
    identity_id: String,
    #[serde(default)]
    logins: Option<BTreeMap<String, String>>,
    #[serde(default)]
    custom_role_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetOpenIdToken {
    identity_id: String,
    #[serde(default)]
    logins: Option<BTreeMap<String, String>>,
}

impl Operation {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "GetId" => Some(Self::Id),
            "GetCredentialsForIdentity" => Some(Self::Credentials),
            "GetOpenIdToken" => Some(Self::OpenIdToken),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Id => "GetId",
            Self::Credentials => "GetCredentialsForIdentity",
            Self::OpenIdToken => "GetOpenIdToken",
        }
    }

    pub(super) async fn run(self, pool: &Arc<Inner>, body: &[u8]) -> Result<Value, ServiceError> {
        match self {
            Self::Id => pool.get_id(read(body)?).await,
            Self::Credentials => pool.get_credentials(read(body)?).await,
            Self::OpenIdToken => pool.get_open_id_token(read(body)?).await,
        }
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ServiceError> {
    // serde's own text may quote a value, and one of them is a token.
    serde_json::from_slice(body).map_err(|error| {
        let problem = if error.is_data() {
            "has members that the operation does not know or lacks some"
        } else {
            "is not JSON"
        };
        ServiceError::new(Exception::Serialization, format!("the body {problem} (column {})", error.column()))
    })
}

impl Inner {
    async fn get_id(self: &Arc<Self>, request: GetId) -> Result<Value, ServiceError> {
        if request.identity_pool_id != self.id {
            return Err(ServiceError::new(Exception::ResourceNotFound, "IdentityPool was not found."));
        }
        let logins = self.verified(request.logins).await?;
        let region = self.id.split_once(':').map_or("", |(region, _)| region);
        let fresh = format!("{region}:{}", self.random.uuid()?);
        let now = self.clock.now().as_millisecond();
        let identity = self.on_a_thread(move |pool| pool.identities.of_logins(&logins, &fresh, now)).await?;
        Ok(json!({ "IdentityId": identity }))
    }

    async fn get_credentials(
        self: &Arc<Self>,
        request: GetCredentialsForIdentity,
    ) -> Result<Value, ServiceError> {
        let GetCredentialsForIdentity { identity_id, logins, custom_role_arn } = request;
        let logins = self.verified(logins).await?;
        let role = self.setup.choose_role(&logins, custom_role_arn.as_deref());
        let (identity_id, logins) =
            self.on_a_thread(move |pool| Ok((pool.identities.admit(&identity_id, &logins)?, logins))).await?;
        let credentials = self.credentials_for(&role?, &identity_id, &logins)?;
        Ok(json!({ "IdentityId": identity_id, "Credentials": credentials.to_wire() }))
    }

    async fn get_open_id_token(self: &Arc<Self>, request: GetOpenIdToken) -> Result<Value, ServiceError> {
        let GetOpenIdToken { identity_id, logins } = request;
        if self.key.is_none() {
            return Err(ServiceError::invalid(
                "Basic (classic) flow is not enabled, please use enhanced flow.",
            ));
        }
        let logins = self.verified(logins).await?;
        let (identity_id, logins) =
            self.on_a_thread(move |pool| Ok((pool.identities.admit(&identity_id, &logins)?, logins))).await?;
        let token = self.identity_token(&identity_id, amr(&logins))?;
        Ok(json!({ "IdentityId": identity_id, "Token": token }))
    }

    /// Credentials of this role, if its trust policy admits the identity.
    fn credentials_for(
        &self,
        role_arn: &str,
        identity: &str,
        logins: &[Login],
    ) -> Result<Credentials, ServiceError> {
        let role = self.roles.get(role_arn).ok_or_else(ServiceError::roles)?;
        let session = Session {
            role: role.name.clone(),
            name: SESSION_NAME.to_owned(),
            identity: identity.to_owned(),
            pool: self.id.clone(),
            amr: amr(logins),
            tags: self.tags(logins)?,
        };
        let context: Context = session.context();
        if !role.admits(&context, !session.tags.is_empty()) {
            return Err(ServiceError::roles());
        }
        self.credentials.make(&session, self.lifetime, &*self.random)
    }

    /// The claims of a user of the user pool that are tags.
    fn tags(&self, logins: &[Login]) -> Result<BTreeMap<String, String>, ServiceError> {
        let Some(login) = logins.iter().find(|login| login.provider.starts_with("cognito-idp.")) else {
            return Ok(BTreeMap::new());
        };
        let tags: BTreeMap<String, String> = self
            .setup
            .principal_tags
            .iter()
            .filter_map(|(tag, claim)| Some((tag.clone(), login.claims.text(claim)?.to_owned())))
            .collect();
        match tags.iter().map(|(tag, value)| tag.len() + value.len()).sum::<usize>() {
            0..=MAX_TAGS => Ok(tags),
            _ => Err(ServiceError::not_authorized("The principal tags are larger than 460 bytes.")),
        }
    }

    async fn verified(&self, logins: Option<BTreeMap<String, String>>) -> Result<Vec<Login>, ServiceError> {
        let logins = logins.unwrap_or_default();
        if logins.is_empty() && !self.setup.guests {
            return Err(ServiceError::not_authorized(
                "Unauthenticated access is not supported for this identity pool.",
            ));
        }
        self.logins.verify(&logins).await
    }

    /// SQLite waits for the disk.
    async fn on_a_thread<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let pool = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&pool))
            .await
            .unwrap_or_else(|_| Err(ServiceError::internal(&"an operation panicked")))
    }
}

impl Credentials {
    fn to_wire(&self) -> Value {
        json!({
            "AccessKeyId": self.access_key_id,
            "SecretKey": self.secret_access_key,
            "SessionToken": self.session_token,
            "Expiration": self.expires_at.as_second(),
        })
    }
}
