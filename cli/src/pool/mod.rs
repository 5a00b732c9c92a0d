//! A user pool on this machine: Amazon Cognito's wire protocol, for development.
//!
//! 1. It speaks JSON 1.1 with Cognito's operation names, members, exceptions and messages, so that Amplify, boto3 and the
//!    AWS CLI work against it unchanged.
//! 2. People sign in with an e-mail address; the name in the pool is a UUID, equal to `sub`.
//! 3. It keeps SRP verifiers, never passwords, and digests of codes and refresh tokens.
//! 4. It does not tell who exists: a name of nobody costs the same work and gets the same answers.
//! 5. It calls trigger functions with the events that Cognito sends. Custom senders get codes encrypted, and it answers
//!    `Decrypt` as AWS KMS does.
//! 6. Only this machine may talk to it, and a web page only to what a web client may use.
//! 7. It is an OpenID Connect provider, as a user pool with a domain is, and lets people sign in with others.
//!
//! # Caveat
//!
//! It is a stand-in for development. Administrative operations ask for no credentials, SRP arithmetic does not run in
//! constant time, and confirmation codes are printed. Never deploy it.
//!
//! # Example
//!
//! ```
//! use std::{net::{Ipv4Addr, SocketAddr}, sync::Arc};
//! use portcullis_cli::pool::{Courier, Message, Pool, PoolConfig, PoolStorage};
//!
//! struct Printer;
//!
//! impl Courier for Printer {
//!     fn deliver(&self, message: &Message) {
//!         println!("code for {}: {}", message.masked_email(), message.secret());
//!     }
//! }
//!
//! let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 9229));
//! let pool = Pool::open(PoolConfig::new(address, PoolStorage::Memory), |_client_id| Arc::new(Printer))?;
//! assert_eq!(pool.issuer(), format!("http://127.0.0.1:9229/{}", pool.id()));
//!
//! let mut config = PoolConfig::new(address, PoolStorage::Memory);
//! config.code = Some("abc".to_owned());
//! assert!(Pool::open(config, |_client_id| Arc::new(Printer)).is_err());
//! # Ok::<(), portcullis_cli::pool::PoolError>(())
//! ```

mod attributes;
mod authentication;
mod call;
mod challenges;
mod codes;
mod config;
mod courier;
mod custom_flow;
mod custom_message;
mod custom_sender;
mod directory;
mod encrypted_message;
mod error;
mod filter;
mod groups;
mod input;
mod keys;
mod kms;
mod limits;
mod oauth;
mod operations;
mod overrides;
mod password;
mod random;
mod sessions;
mod settings;
mod srp;
mod store;
#[cfg(test)]
mod tests;
mod tokens;
mod triggers;
mod users;
mod wire;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock, Weak},
    time::Duration,
};

use aws_lc_rs::hmac;
use axum::Router;
use portcullis_data::Clock;
use portcullis_events::Version;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::pool::{
    challenges::Challenges, groups::Group, kms::KmsKey, oauth::OAuth, settings::Settings, store::Store,
    users::User,
};

pub use self::{
    config::{GroupRole, PoolConfig, PoolError, PoolStorage},
    courier::{Courier, Message, MessageKind},
    directory::PoolUser,
    oauth::{CallbackUrl, IdentityProvider, ProviderMistakes, ResourceScope},
    random::{Random, RandomError, SystemRandom},
    triggers::{Trigger, TriggerFailure, TriggerFuture, Triggers},
};
pub(crate) use self::{keys::SigningKey, password::MIN_LENGTH as MIN_PASSWORD_LENGTH};

/// What whoever starts a pool prints first.
pub const DEVELOPMENT_NOTICE: &str =
    "This user pool is for development: it stands in for Amazon Cognito on this machine. Never deploy it.";

/// A user pool. Clones are the same pool.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("id", &self.id()).finish_non_exhaustive()
    }
}

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) key: SigningKey,
    /// What codes are encrypted under for custom senders.
    pub(crate) kms_key: KmsKey,
    /// What digests of codes and decoys are made with.
    pub(crate) secret: hmac::Key,
    pub(crate) challenges: Challenges,
    pub(crate) oauth: OAuth,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) courier: Arc<dyn Courier>,
    pub(crate) code: Option<String>,
    pub(crate) triggers: RwLock<Option<Arc<dyn Triggers>>>,
    pub(crate) trigger_timeout: Duration,
    pub(crate) token_version: Version,
    /// A permit for each operation that may run.
    pub(crate) running: Arc<Semaphore>,
    /// A permit for each message that a function may be sending.
    pub(crate) sending: Arc<Semaphore>,
}

impl Pool {
    /// Opens a pool, which is made at the first start.
    ///
    /// `courier` makes who delivers codes, from the id of the pool's client.
    ///
    /// # Errors
    ///
    /// When the configuration cannot be met, or the file cannot be opened, read or written.
    pub fn open(
        config: PoolConfig,
        courier: impl FnOnce(&str) -> Arc<dyn Courier>,
    ) -> Result<Self, PoolError> {
        if let Some(code) = &config.code
            && (code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(PoolError::Config("a confirmation code is six digits"));
        }
        let oauth = OAuth::open(&config)?;
        let store = Store::open(&config.storage)?;
        let settings = Settings::open(&store, &config)?;
        let key = SigningKey::open(&store)?;
        let kms_key = KmsKey::open(&store, &settings.region, &*config.random)?;
        let secret = store.setting("secret", || Ok(config.random.bytes::<32>()?.to_vec()))?;
        let now = config.clock.now();
        store.write(|tx| {
            config.groups.iter().try_for_each(|name| Group::named(name, now).insert(tx).map(drop))?;
            config.group_roles.iter().try_for_each(|role| Group::set_first_role(tx, role))
        })?;
        let courier = courier(&settings.client_id);
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                store,
                key,
                kms_key,
                secret: hmac::Key::new(hmac::HMAC_SHA256, &secret),
                challenges: Challenges::default(),
                oauth,
                clock: config.clock,
                random: config.random,
                courier,
                code: config.code,
                triggers: RwLock::default(),
                trigger_timeout: config.trigger_timeout,
                token_version: config.token_version,
                running: Arc::new(Semaphore::new(wire::MAX_RUNNING)),
                sending: Arc::new(Semaphore::new(custom_sender::MAX_SENDING)),
            }),
        })
    }

    /// Attaches the trigger functions, in place of others. Without any, the pool behaves as one without triggers.
    pub fn set_triggers(&self, triggers: Arc<dyn Triggers>) {
        *self.inner.triggers.write().unwrap_or_else(PoisonError::into_inner) = Some(triggers);
    }

    /// The pool's administration for code that the pool itself calls. It does not keep the pool alive.
    #[must_use]
    pub fn handle(&self) -> PoolHandle {
        PoolHandle { inner: Arc::downgrade(&self.inner) }
    }

    /// The pool's HTTP side: `POST /`, the key set, the discovery document, and the endpoints of a sign-in with a redirect.
    ///
    /// To be served on loopback, and on a multi-threaded or a current-thread runtime with time enabled.
    pub fn router(&self) -> Router {
        wire::router(self.clone())
    }

    /// The pool's id, such as `us-east-1_AbCdEfGhI`. It outlives a restart.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.settings.pool_id
    }

    /// The id of the pool's one client, a web client without a secret. It outlives a restart.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.inner.settings.client_id
    }

    /// The id and the secret of the pool's client for machines, if there are scopes that it could ask for. They outlive a restart.
    #[must_use]
    pub fn machine_client(&self) -> Option<(&str, String)> {
        let id = &self.inner.settings.machine_client_id;
        let any = !self.inner.oauth.resource_scopes.is_empty();
        any.then(|| (id.as_str(), oauth::machine_secret(&self.inner.secret, id)))
    }

    /// The address at which a sign-in with a redirect begins: `http://127.0.0.1:9229/oauth2/authorize`.
    #[must_use]
    pub fn authorization_endpoint(&self) -> String {
        format!("{}/oauth2/authorize", self.inner.oauth.origin)
    }

    /// The ARN of the key that codes are encrypted under for custom senders (`KMSKeyID` of a pool's `LambdaConfig`). It outlives a
    /// restart. Whoever asks the pool's address as AWS KMS is asked decrypts with it.
    #[must_use]
    pub fn kms_key_arn(&self) -> &str {
        self.inner.kms_key.arn()
    }

    /// The AWS region in the pool's id.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.inner.settings.region
    }

    /// The issuer of the pool's tokens: `http://127.0.0.1:9229/us-east-1_AbCdEfGhI`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.inner.settings.issuer
    }

    /// The key set (RFC 7517) that checks the pool's tokens, as served under `/.well-known/jwks.json`.
    #[must_use]
    pub fn key_set(&self) -> Value {
        self.inner.key.key_set()
    }
}

impl Inner {
    /// Who runs this trigger's function, if there is one.
    pub(crate) fn triggers_for(&self, trigger: Trigger) -> Option<Arc<dyn Triggers>> {
        let triggers = self.triggers.read().unwrap_or_else(PoisonError::into_inner).clone();
        triggers.filter(|triggers| triggers.is_attached(trigger))
    }
}

/// Administration from inside the process, for triggers. Clones are the same pool.
#[derive(Clone)]
pub struct PoolHandle {
    inner: Weak<Inner>,
}

impl fmt::Debug for PoolHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolHandle")
    }
}

impl PoolHandle {
    /// Adds a user, named by `sub` or e-mail address, to a group; they may be in it already.
    ///
    /// # Errors
    ///
    /// [`PoolError::UserNotFound`], [`PoolError::GroupNotFound`], or a failure of the database.
    pub async fn add_user_to_group(&self, username: &str, group: &str) -> Result<(), PoolError> {
        let inner = self.inner.upgrade().ok_or(PoolError::Stopped)?;
        let (username, group) = (username.to_owned(), group.to_owned());
        tokio::task::spawn_blocking(move || {
            inner.store.write(|tx| {
                let user = User::find(tx, &username)?.ok_or(PoolError::UserNotFound)?;
                if !Group::exists(tx, &group)? {
                    return Err(PoolError::GroupNotFound);
                }
                Ok(Group::add(tx, &group, &user.sub)?)
            })
        })
        .await
        .map_err(|_| PoolError::Stopped)?
    }
}
