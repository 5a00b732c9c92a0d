//! Sessions: what a refresh token stands for. Access tokens name theirs in `origin_jti`.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use crate::pool::{Random, RandomError, limits::SaturatingAdd, users::timestamp};

/// How long a refresh token lasts, in days.
pub(crate) const REFRESH_DAYS: i64 = 30;

/// An access token outlives its session's refresh token by less than this.
const AFTERLIFE: SignedDuration = SignedDuration::from_hours(2);

/// One sign-in and what followed from it.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) origin_jti: String,
    pub(crate) sub: String,
    pub(crate) auth_time: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) revoked: bool,
    /// What its access tokens may be used for.
    pub(crate) scopes: Vec<String>,
    /// What the client wants to find in the first ID token. Not kept: later ones do not have it.
    pub(crate) nonce: Option<String>,
}

impl Session {
    /// A session that begins now.
    pub(crate) fn begin(
        random: &dyn Random,
        sub: &str,
        scopes: Vec<String>,
        now: Timestamp,
    ) -> Result<Self, RandomError> {
        Ok(Self {
            scopes,
            nonce: None,
            origin_jti: random.uuid()?,
            sub: sub.to_owned(),
            auth_time: now,
            expires_at: now.saturating_add_signed(SignedDuration::from_hours(24 * REFRESH_DAYS)),
            revoked: false,
        })
    }

    /// Keeps the session under its refresh token, and drops those that are long over.
    pub(crate) fn insert(&self, connection: &Connection, refresh_token: &str) -> rusqlite::Result<()> {
        let over = self.auth_time.checked_sub(AFTERLIFE).unwrap_or(Timestamp::MIN);
        connection.execute("DELETE FROM sessions WHERE expires_at < ?1", [over.as_millisecond()])?;
        connection
            .execute(
                "INSERT INTO sessions (origin_jti, sub, refresh_digest, auth_time, expires_at, revoked, scope)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    self.origin_jti,
                    self.sub,
                    token_digest(refresh_token),
                    self.auth_time.as_millisecond(),
                    self.expires_at.as_millisecond(),
                    self.revoked,
                    self.scopes.join(" ")
                ],
            )
            .map(drop)
    }

    pub(crate) fn by_refresh_token(connection: &Connection, token: &str) -> rusqlite::Result<Option<Self>> {
        connection
            .query_row(
                "SELECT origin_jti, sub, auth_time, expires_at, revoked, scope FROM sessions
                 WHERE refresh_digest = ?1",
                [token_digest(token)],
                |row| {
                    Ok(Self {
                        origin_jti: row.get(0)?,
                        sub: row.get(1)?,
                        auth_time: timestamp(row.get(2)?)?,
                        expires_at: timestamp(row.get(3)?)?,
                        revoked: row.get(4)?,
                        nonce: None,
                        scopes: row.get::<_, String>(5)?.split_whitespace().map(str::to_owned).collect(),
                    })
                },
            )
            .optional()
    }

    /// Whether the session is there and was not revoked.
    pub(crate) fn is_live(connection: &Connection, origin_jti: &str) -> rusqlite::Result<bool> {
        connection
            .prepare_cached("SELECT 1 FROM sessions WHERE origin_jti = ?1 AND revoked = 0")?
            .exists([origin_jti])
    }

    pub(crate) fn revoke(connection: &Connection, origin_jti: &str) -> rusqlite::Result<()> {
        connection.execute("UPDATE sessions SET revoked = 1 WHERE origin_jti = ?1", [origin_jti]).map(drop)
    }

    /// Ends every session of a user.
    pub(crate) fn revoke_all(connection: &Connection, sub: &str) -> rusqlite::Result<()> {
        connection.execute("UPDATE sessions SET revoked = 1 WHERE sub = ?1", [sub]).map(drop)
    }
}

/// A new refresh token: random, and meaningless to everybody.
pub(crate) fn refresh_token(random: &dyn Random) -> Result<String, RandomError> {
    Ok(URL_SAFE_NO_PAD.encode(random.bytes::<64>()?))
}

// The token has 512 random bits: a plain digest cannot be searched.
fn token_digest(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}
