//! The users of the pool.

use std::fmt;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};
use serde_json::{Value, json};

use crate::pool::{attributes::Attributes, error::ServiceError, srp::Verifier, store::is_duplicate};

/// Where a user is in their life, in Cognito's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Unconfirmed,
    Confirmed,
    ForceChangePassword,
    ResetRequired,
    /// They sign in with another provider and have no password here.
    ExternalProvider,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unconfirmed => "UNCONFIRMED",
            Self::Confirmed => "CONFIRMED",
            Self::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
            Self::ResetRequired => "RESET_REQUIRED",
            Self::ExternalProvider => "EXTERNAL_PROVIDER",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [
            Self::Unconfirmed,
            Self::Confirmed,
            Self::ForceChangePassword,
            Self::ResetRequired,
            Self::ExternalProvider,
        ]
        .into_iter()
        .find(|status| status.name() == name)
    }
}

/// One user. The name in the pool is the `sub`, as Cognito has it when people sign in with an e-mail address, unless another
/// provider brought the user.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) sub: String,
    /// The name in the pool of a user whom another provider brought: `Google_1234`.
    pub(crate) federated_name: Option<String>,
    pub(crate) status: Status,
    pub(crate) enabled: bool,
    pub(crate) verifier: Verifier,
    /// When a temporary password stops being one.
    pub(crate) temporary_until: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
    /// All attributes but `sub`.
    pub(crate) attributes: Attributes,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("sub", &self.sub).field("status", &self.status).finish_non_exhaustive()
    }
}

const COLUMNS: &str = "sub, federated_name, status, enabled, salt, verifier, temporary_until, created_at, modified_at, attributes";

impl User {
    /// Finds a user by the name in the pool, or by the e-mail address in any case.
    ///
    /// The name goes first: that of a federated user may look like an address, which somebody else could then sign up with.
    pub(crate) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Self>> {
        let named = connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE federated_name = ?1"))?
            .query_row([name], Self::from_row)
            .optional()?;
        if named.is_some() {
            return Ok(named);
        }
        let column = if name.contains('@') { "email_key" } else { "sub" };
        connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE {column} = ?1"))?
            .query_row([email_key(name)], Self::from_row)
            .optional()
    }

    /// The users after this `sub`, in the order of their `sub`, as many as `keep` accepts up to `limit`.
    pub(crate) fn list(
        connection: &Connection,
        after: &str,
        limit: usize,
        keep: impl Fn(&Self) -> bool,
    ) -> rusqlite::Result<Vec<Self>> {
        let mut statement =
            connection.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE sub > ?1 ORDER BY sub"))?;
        let mut rows = statement.query([after])?;
        let mut users = Vec::new();
        while users.len() < limit
            && let Some(row) = rows.next()?
        {
            let user = Self::from_row(row)?;
            if keep(&user) {
                users.push(user);
            }
        }
        Ok(users)
    }

    pub(crate) fn count(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0))
    }

    /// Adds the user; a taken e-mail address is `UsernameExistsException`.
    pub(crate) fn insert(&self, connection: &Connection) -> Result<(), ServiceError> {
        let inserted = connection.execute(
            "INSERT INTO users (sub, email_key, status, enabled, salt, verifier, temporary_until, created_at,
             modified_at, attributes, federated_name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                self.sub,
                self.sign_in_key(),
                self.status.name(),
                self.enabled,
                self.verifier.salt,
                self.verifier.value,
                self.temporary_until.map(Timestamp::as_millisecond),
                self.created_at.as_millisecond(),
                self.modified_at.as_millisecond(),
                self.attributes.to_json().to_string(),
                self.federated_name,
            ],
        );
        match inserted {
            Err(error) if is_duplicate(&error) => Err(ServiceError::username_exists()),
            inserted => Ok(inserted.map(drop)?),
        }
    }

    /// Writes all that can change; `false` when the user is gone, an error when the new e-mail address is taken.
    pub(crate) fn update(&mut self, connection: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
        self.modified_at = now;
        let changed = connection.execute(
            "UPDATE users SET email_key = ?2, status = ?3, enabled = ?4, salt = ?5, verifier = ?6,
             temporary_until = ?7, modified_at = ?8, attributes = ?9 WHERE sub = ?1",
            params![
                self.sub,
                self.sign_in_key(),
                self.status.name(),
                self.enabled,
                self.verifier.salt,
                self.verifier.value,
                self.temporary_until.map(Timestamp::as_millisecond),
                self.modified_at.as_millisecond(),
                self.attributes.to_json().to_string(),
            ],
        )?;
        Ok(changed == 1)
    }

    pub(crate) fn delete(connection: &Connection, sub: &str) -> rusqlite::Result<()> {
        connection.execute("DELETE FROM users WHERE sub = ?1", [sub]).map(drop)
    }

    /// The name in the pool.
    pub(crate) fn username(&self) -> &str {
        self.federated_name.as_deref().unwrap_or(&self.sub)
    }

    /// What the user can sign in with besides the name. A federated user's address is only an attribute, as it is to Cognito:
    /// somebody else may have it too.
    fn sign_in_key(&self) -> Option<String> {
        if self.federated_name.is_some() { None } else { self.email().map(email_key) }
    }

    pub(crate) fn email(&self) -> Option<&str> {
        self.attributes.get("email")
    }

    /// Whether this is the user's address, in any case.
    pub(crate) fn has_email(&self, email: &str) -> bool {
        self.email().is_some_and(|own| email_key(own) == email_key(email))
    }

    pub(crate) fn email_verified(&self) -> bool {
        self.attributes.get("email_verified") == Some("true")
    }

    pub(crate) fn confirm(&mut self) {
        self.status = Status::Confirmed;
        self.temporary_until = None;
    }

    /// The attributes as a list of names and values, `sub` first.
    pub(crate) fn attribute_list(&self) -> Value {
        self.named_values(&self.attributes)
    }

    /// The same list, of what the web client may read.
    pub(crate) fn readable_attribute_list(&self) -> Value {
        self.named_values(&self.attributes.readable())
    }

    fn named_values(&self, attributes: &Attributes) -> Value {
        let mut list = vec![json!({ "Name": "sub", "Value": self.sub })];
        list.extend(attributes.iter().map(|(name, value)| json!({ "Name": name, "Value": value })));
        Value::Array(list)
    }

    /// The attributes as triggers see them.
    pub(crate) fn trigger_attributes(&self) -> Value {
        let mut attributes = self.attributes.to_json();
        if let Value::Object(attributes) = &mut attributes {
            attributes.insert("sub".to_owned(), json!(self.sub));
            attributes.insert("cognito:user_status".to_owned(), json!(self.status.name()));
        }
        attributes
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let status: String = row.get("status")?;
        let attributes: String = row.get("attributes")?;
        Ok(Self {
            sub: row.get("sub")?,
            federated_name: row.get("federated_name")?,
            status: Status::parse(&status).ok_or_else(|| unreadable("status"))?,
            enabled: row.get("enabled")?,
            verifier: Verifier { salt: row.get("salt")?, value: row.get("verifier")? },
            temporary_until: row.get::<_, Option<i64>>("temporary_until")?.map(timestamp).transpose()?,
            created_at: timestamp(row.get("created_at")?)?,
            modified_at: timestamp(row.get("modified_at")?)?,
            attributes: Attributes::from_json(&attributes).ok_or_else(|| unreadable("attributes"))?,
        })
    }
}

/// A stored time.
pub(crate) fn timestamp(milliseconds: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| unreadable("time"))
}

/// A time as the JSON protocol writes it: seconds, with a fraction.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium fit in 53 bits")]
pub(crate) fn wire_time(time: Timestamp) -> Value {
    json!(time.as_millisecond() as f64 / 1000.0)
}

/// E-mail addresses are the same user in any case; a `sub` has only one.
pub(crate) fn email_key(email: &str) -> String {
    email.to_lowercase()
}

fn unreadable(what: &'static str) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(0, what.to_owned(), Type::Null)
}
