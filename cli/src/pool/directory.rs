//! The administration that triggers need for people who come from other providers.

use std::{collections::BTreeMap, fmt};

use crate::pool::{
    Inner, PoolError, PoolHandle, RandomError,
    attributes::Attributes,
    error::{Exception, ServiceError},
    oauth::{LinkError, disable_provider, link},
    sessions::Session,
    srp::Verifier,
    users::{Status, User},
};

/// A user, as triggers are told of them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolUser {
    /// The name in the pool: a UUID, or `<Provider>_<id>` for somebody whom a provider brought.
    pub username: String,
    /// Where they are in their life, in Cognito's words. `EXTERNAL_PROVIDER` for somebody whom a provider brought.
    pub status: &'static str,
    /// Whether they may sign in.
    pub enabled: bool,
    /// Their attributes.
    pub attributes: BTreeMap<String, String>,
}

impl PoolUser {
    fn of(user: &User) -> Self {
        let attributes = user.attributes.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            username: user.username().to_owned(),
            status: user.status.name(),
            enabled: user.enabled,
            attributes: attributes.collect(),
        }
    }
}

impl fmt::Debug for PoolUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolUser").field("status", &self.status).finish_non_exhaustive()
    }
}

impl PoolHandle {
    /// Lets whoever is `subject` at the provider sign in as this user, who is named by username or e-mail address. It is no mistake
    /// if they can already.
    ///
    /// # Errors
    ///
    /// [`PoolError::UserNotFound`], [`PoolError::Link`] if the provider is not known, the identity somebody else's or one too many,
    /// or a failure of the database.
    pub async fn link_provider(
        &self,
        username: &str,
        provider: &str,
        subject: &str,
    ) -> Result<(), PoolError> {
        let (username, provider, subject) = (username.to_owned(), provider.to_owned(), subject.to_owned());
        self.work(move |pool| match pool.store.write(|tx| link(pool, tx, &username, &provider, &subject)) {
            Ok(_) | Err(LinkError::AlreadyLinked) => Ok(()),
            Err(LinkError::UserNotFound) => Err(PoolError::UserNotFound),
            Err(LinkError::Database(error)) => Err(error.into()),
            Err(error) => Err(PoolError::Link(error.to_string())),
        })
        .await
    }

    /// Takes back that whoever is `subject` at the provider signs in as the user that they are linked to.
    ///
    /// # Errors
    ///
    /// [`PoolError::UserNotFound`] if they are linked to nobody, [`PoolError::Link`] if the provider is not known, or a failure of the
    /// database.
    pub async fn unlink_provider(&self, provider: &str, subject: &str) -> Result<(), PoolError> {
        let (provider, subject) = (provider.to_owned(), subject.to_owned());
        self.work(move |pool| match pool.store.write(|tx| disable_provider(pool, tx, &provider, &subject)) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(PoolError::UserNotFound),
            Err(LinkError::Database(error)) => Err(error.into()),
            Err(error) => Err(PoolError::Link(error.to_string())),
        })
        .await
    }

    /// Everybody who has this e-mail address, in any case, verified or not.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn users_by_email(&self, email: &str) -> Result<Vec<PoolUser>, PoolError> {
        let email = email.to_owned();
        self.work(move |pool| {
            let users = pool
                .store
                .read(|connection| User::list(connection, "", usize::MAX, |user| user.has_email(&email)))?;
            Ok(users.iter().map(PoolUser::of).collect())
        })
        .await
    }

    /// The user of this name or e-mail address.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn user(&self, username: &str) -> Result<Option<PoolUser>, PoolError> {
        let username = username.to_owned();
        self.work(move |pool| {
            let user = pool.store.read(|connection| User::find(connection, &username))?;
            Ok(user.as_ref().map(PoolUser::of))
        })
        .await
    }

    /// Whether the user may sign in and this session of theirs was not revoked. A session is named by the claim `origin_jti`.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn is_signed_in(&self, sub: &str, origin_jti: &str) -> Result<bool, PoolError> {
        let (sub, origin_jti) = (sub.to_owned(), origin_jti.to_owned());
        self.work(move |pool| {
            pool.store.read(|connection| {
                let is_enabled = User::find(connection, &sub)?.is_some_and(|user| user.enabled);
                Ok(is_enabled && Session::is_live(connection, &origin_jti)?)
            })
        })
        .await
    }

    /// Makes a confirmed user of the pool with this address, which counts as verified, and a password that nobody knows: whoever the
    /// user is linked to can sign in. Gives the username.
    ///
    /// No trigger runs, for this is called by one.
    ///
    /// # Errors
    ///
    /// [`PoolError::UserExists`] if somebody signs in with this address already, or a failure of the database.
    pub async fn create_native_user(&self, email: &str) -> Result<String, PoolError> {
        let email = email.to_owned();
        self.work(move |pool| {
            let sub = pool.random.uuid()?;
            let verifier = nobodys_password(pool, &sub)?;
            let mut attributes = Attributes::default();
            attributes.set("email", &email);
            attributes.set("email_verified", "true");
            let now = pool.clock.now();
            let user = User {
                federated_name: None,
                status: Status::Confirmed,
                enabled: true,
                verifier,
                temporary_until: None,
                created_at: now,
                modified_at: now,
                attributes,
                sub,
            };
            match pool.store.write(|tx| user.insert(tx)) {
                Ok(()) => Ok(user.sub),
                Err(ServiceError { exception: Exception::UsernameExists, .. }) => Err(PoolError::UserExists),
                Err(_) => Err(PoolError::Internal),
            }
        })
        .await
    }

    /// Gives a user of the pool a password that nobody knows, in place of any other, confirms them, and ends their sessions.
    ///
    /// # Errors
    ///
    /// [`PoolError::UserNotFound`], or a failure of the database.
    pub async fn set_random_password(&self, username: &str) -> Result<(), PoolError> {
        let username = username.to_owned();
        self.work(move |pool| {
            let found = pool.store.read(|connection| User::find(connection, &username))?;
            let sub = found.ok_or(PoolError::UserNotFound)?.sub;
            let verifier = nobodys_password(pool, &sub)?;
            pool.store.write(|tx| {
                let mut user = User::find(tx, &sub)?.ok_or(PoolError::UserNotFound)?;
                user.verifier = verifier;
                user.confirm();
                user.update(tx, pool.clock.now())?;
                Ok(Session::revoke_all(tx, &sub)?)
            })
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, PoolError> + Send + 'static,
    ) -> Result<T, PoolError> {
        let inner = self.inner.upgrade().ok_or(PoolError::Stopped)?;
        tokio::task::spawn_blocking(move || work(&inner)).await.map_err(|_| PoolError::Stopped)?
    }
}

/// A verifier of a password that is thrown away.
fn nobodys_password(pool: &Inner, sub: &str) -> Result<Verifier, PoolError> {
    let password = pool.random.text(b"abcdefghijklmnopqrstuvwxyz0123456789", 40)?;
    Verifier::make(&*pool.random, &pool.settings.short_name, sub, &password)
        .map_err(|_| PoolError::Random(RandomError))
}
