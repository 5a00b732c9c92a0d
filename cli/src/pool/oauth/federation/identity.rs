//! Whom a user is at other providers.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};

use crate::pool::{
    attributes::IDENTITIES,
    users::{User, timestamp},
};

/// Whom a user is at one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) provider: String,
    pub(super) subject: String,
    /// Whether the provider brought the user; otherwise a link did.
    pub(super) own: bool,
    pub(super) created_at: Timestamp,
}

impl Identity {
    /// Adds the identity to a user; `false` if it is somebody's already.
    pub(super) fn insert(&self, connection: &Connection, sub: &str) -> rusqlite::Result<bool> {
        let inserted = connection.execute(
            "INSERT OR IGNORE INTO identities (provider, subject, sub, own, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![self.provider, self.subject, sub, self.own, self.created_at.as_millisecond()],
        )?;
        Ok(inserted == 1)
    }

    /// Whose it is.
    pub(super) fn owner(
        connection: &Connection,
        provider: &str,
        subject: &str,
    ) -> rusqlite::Result<Option<(String, bool)>> {
        connection
            .prepare_cached("SELECT sub, own FROM identities WHERE provider = ?1 AND subject = ?2")?
            .query_row([provider, subject], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }

    pub(super) fn remove(connection: &Connection, provider: &str, subject: &str) -> rusqlite::Result<()> {
        connection
            .execute("DELETE FROM identities WHERE provider = ?1 AND subject = ?2", [provider, subject])
            .map(drop)
    }

    /// Those of a user, the oldest first.
    pub(super) fn of_user(connection: &Connection, sub: &str) -> rusqlite::Result<Vec<Self>> {
        connection
            .prepare_cached(
                "SELECT provider, subject, own, created_at FROM identities WHERE sub = ?1 ORDER BY created_at, provider, subject",
            )?
            .query_map([sub], |row| {
                Ok(Self {
                    provider: row.get(0)?,
                    subject: row.get(1)?,
                    own: row.get(2)?,
                    created_at: timestamp(row.get(3)?)?,
                })
            })?
            .collect()
    }

    /// As the attribute `identities` shows it.
    pub(super) fn to_json(&self, kind: &str) -> Value {
        json!({
            "userId": self.subject,
            "providerName": self.provider,
            "providerType": kind,
            "issuer": null,
            "primary": self.own,
            "dateCreated": self.created_at.as_millisecond(),
        })
    }
}

/// Writes the attribute `identities` anew. The user remains to be stored.
pub(super) fn write_attribute(
    connection: &Connection,
    user: &mut User,
    kind_of: impl Fn(&str) -> &'static str,
) -> rusqlite::Result<()> {
    let identities = Identity::of_user(connection, &user.sub)?;
    if identities.is_empty() {
        user.attributes.take(IDENTITIES);
    } else {
        let list: Vec<Value> =
            identities.iter().map(|identity| identity.to_json(kind_of(&identity.provider))).collect();
        user.attributes.set(IDENTITIES, &Value::Array(list).to_string());
    }
    Ok(())
}
