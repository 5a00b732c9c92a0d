//! An identity pool on this machine: Amazon Cognito's wire protocol, for development.
//!
//! 1. It is set up from `template.yaml`: whom it trusts, whether guests may come, which role it gives to whom, and what those roles may do.
//! 2. `GetId`, `GetCredentialsForIdentity` and, where the classic flow is allowed, `GetOpenIdToken` and the `AssumeRoleWithWebIdentity` of STS.
//! 3. A login is a token that is verified here: an ID token of the local user pool, whose session must not have been revoked where the pool says
//!    `ServerSideTokenCheck`; or one of an OpenID Connect provider.
//! 4. A role is given only to those whom its trust policy admits.
//! 5. Credentials last an hour, unless another time is said. They are kept nowhere: the session token holds what they are about, sealed, and the secret follows from it. Identities
//!    are kept, and so are their ids.
//!
//! # Caveat
//!
//! It is a stand-in for development, as the user pool is. Never deploy it.

mod amr;
mod body;
mod config;
mod credentials;
mod error;
mod identities;
mod login;
mod operations;
mod role;
mod role_choice;
mod session;
mod sts;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod token;
mod wire;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use portcullis_data::Clock;

pub use self::config::OidcLogin;
use self::identities::Identities;
pub(crate) use self::{
    config::Setup,
    credentials::SealedCredentials,
    error::SetupError,
    login::{Logins, SharedClock},
    role::Roles,
    session::Session,
    wire::router,
};
use crate::pool::{Random, SigningKey};

/// An identity pool. Clones are the same pool.
#[derive(Clone)]
pub(crate) struct IdentityPool {
    inner: Arc<Inner>,
}

struct Inner {
    id: String,
    setup: Setup,
    roles: Arc<Roles>,
    identities: Identities,
    logins: Logins,
    credentials: Arc<SealedCredentials>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    lifetime: Duration,
    /// What signs identity tokens; there are some only in the classic flow.
    key: Option<SigningKey>,
}

/// What a pool is opened with besides its setup.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) setup: Setup,
    pub(crate) roles: Arc<Roles>,
    pub(crate) logins: Logins,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    /// How long credentials are good.
    pub(crate) lifetime: Duration,
}

/// The open file of a pool, or one that is kept nowhere.
pub(crate) struct Store {
    identities: Identities,
    id: String,
}

impl Store {
    /// Opens the file, and makes the pool's id at the first time.
    pub(crate) fn open(file: Option<PathBuf>, region: &str, random: &dyn Random) -> Result<Self, SetupError> {
        let identities = Identities::open(file)?;
        let id = identities.setting("pool_id", || Ok(format!("{region}:{}", random.uuid()?).into_bytes()))?;
        let id = String::from_utf8(id).map_err(|_| SetupError::File("holds an id that is no text"))?;
        Ok(Self { identities, id })
    }

    /// The id of the pool, such as `us-east-1:9b0ed3f4-..`. It outlives a restart.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

impl IdentityPool {
    pub(crate) fn open(parts: Parts) -> Result<Self, SetupError> {
        let Parts { store: Store { identities, id }, setup, roles, logins, clock, random, lifetime } = parts;
        let secret = identities.setting("credentials_key", || Ok(random.bytes::<32>()?.to_vec()))?;
        let credentials =
            SealedCredentials::new(&secret, id.clone(), logins.user_pool_id(), Arc::clone(&clock))?;
        let key = match setup.classic_flow {
            true => {
                let kept = identities.setting("token_key", || Ok(SigningKey::generate()?))?;
                Some(SigningKey::from_pkcs8(&kept)?)
            }
            false => None,
        };
        let inner = Inner {
            id,
            setup,
            roles,
            identities,
            logins,
            credentials: Arc::new(credentials),
            clock,
            random,
            lifetime,
            key,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The id of the pool.
    pub(crate) fn id(&self) -> &str {
        &self.inner.id
    }

    /// Whose credentials are whose.
    pub(crate) fn credentials(&self) -> Arc<SealedCredentials> {
        Arc::clone(&self.inner.credentials)
    }

    pub(crate) fn setup(&self) -> &Setup {
        &self.inner.setup
    }
}

impl fmt::Debug for IdentityPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityPool").field("id", &self.inner.id).finish_non_exhaustive()
    }
}
