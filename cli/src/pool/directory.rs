//! What triggers are told of the pool's users.

use std::{collections::BTreeMap, fmt};

use rusqlite::Connection;

use crate::pool::{PoolError, PoolHandle, users::User};

/// A user, as triggers are told of them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolUser {
    /// What the pool calls them.
    pub username: String,
    /// Where they are in their life, in Cognito's words.
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
            username: user.sub.clone(),
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
    /// Everybody who has this e-mail address, in any case, verified or not.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn users_by_email(&self, email: &str) -> Result<Vec<PoolUser>, PoolError> {
        let email = email.to_owned();
        self.read(move |connection| {
            let users = User::list(connection, "", usize::MAX, |user| user.has_email(&email))?;
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
        self.read(move |connection| Ok(User::find(connection, &username)?.as_ref().map(PoolUser::of))).await
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PoolError> {
        let inner = self.inner.upgrade().ok_or(PoolError::Stopped)?;
        let found = tokio::task::spawn_blocking(move || inner.store.read(look));
        Ok(found.await.map_err(|_| PoolError::Stopped)??)
    }
}
