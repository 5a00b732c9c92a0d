//! The administration that triggers need for people who come from other providers.

use crate::pool::{
    Inner, PoolError, PoolHandle,
    attributes::Attributes,
    error::{Exception, ServiceError},
    oauth::{LinkError, link},
    srp::Verifier,
    users::{Status, User},
};

/// What a trigger may know about a user.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolUser {
    /// The name in the pool: a UUID, or `<Provider>_<id>` for somebody whom a provider brought.
    pub username: String,
    /// Whether another provider brought the user, who has no password here.
    pub is_federated: bool,
    /// `CONFIRMED`, `UNCONFIRMED`, `FORCE_CHANGE_PASSWORD`, `EXTERNAL_PROVIDER`.
    pub status: &'static str,
    /// Whether the user may sign in.
    pub enabled: bool,
    /// Whether the address is known to be the user's.
    pub email_verified: bool,
}

impl std::fmt::Debug for PoolUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PoolUser").field("username", &self.username).finish_non_exhaustive()
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
            let known = |user: &User| PoolUser {
                username: user.username().to_owned(),
                is_federated: user.federated_name.is_some(),
                status: user.status.name(),
                enabled: user.enabled,
                email_verified: user.email_verified(),
            };
            Ok(users.iter().map(known).collect())
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
            let nobodys = pool.random.text(b"abcdefghijklmnopqrstuvwxyz0123456789", 40)?;
            let verifier = Verifier::make(&*pool.random, &pool.settings.short_name, &sub, &nobodys)
                .map_err(|_| PoolError::Random(crate::pool::RandomError))?;
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
                Err(_) => Err(PoolError::Stopped),
            }
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
