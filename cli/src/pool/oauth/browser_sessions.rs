//! Browsers in which somebody has signed in, so that the next sign-in asks for nothing.

use axum::response::Response;
use http::header::SET_COOKIE;
use jiff::Timestamp;
use rusqlite::Connection;

use super::{cookies, failure::Failure, federation::is_identity_of, state::SESSION_LIFETIME, visit::Visit};
use crate::pool::{srp::Verifier, users::User};

/// Who is signed in in a browser.
#[derive(Clone, Debug)]
pub(crate) struct BrowserSession {
    pub(super) sub: String,
    /// The password then: another one ends the session.
    verifier: Verifier,
    pub(super) auth_time: Timestamp,
    /// Who they are at the provider that they have signed in with; `None` for a password of this pool.
    identity: Option<ProviderIdentity>,
}

/// Who somebody is at a provider.
#[derive(Clone, Debug)]
pub(super) struct ProviderIdentity {
    pub(super) provider: String,
    pub(super) subject: String,
}

impl BrowserSession {
    /// The provider that they have signed in with.
    pub(super) fn provider(&self) -> Option<&str> {
        self.identity.as_ref().map(|identity| identity.provider.as_str())
    }

    /// Whether what the user has signed in with still lets them in: the password is that one, and the identity at the provider
    /// has not been taken from them.
    pub(super) fn holds_for(&self, user: &User, connection: &Connection) -> rusqlite::Result<bool> {
        if user.sub != self.sub || user.verifier != self.verifier {
            return Ok(false);
        }
        match &self.identity {
            Some(ProviderIdentity { provider, subject }) => {
                is_identity_of(connection, provider, subject, &user.sub)
            }
            None => Ok(true),
        }
    }
}

impl Visit<'_> {
    /// Who is signed in in this browser, if they still may be.
    pub(super) fn browser_session(&self) -> Result<Option<BrowserSession>, Failure> {
        let Some(key) = cookies::read(self.headers, cookies::SESSION) else { return Ok(None) };
        let Some(session) = self.pool.oauth.browsers.get(key, self.pool.clock.now()) else { return Ok(None) };
        let may = self.pool.store.read(|connection| match User::find(connection, &session.sub)? {
            Some(user) => Ok::<_, rusqlite::Error>(user.enabled && session.holds_for(&user, connection)?),
            None => Ok(false),
        })?;
        Ok(may.then_some(session))
    }

    /// Remembers in the browser that this user has just signed in. It gets a new cookie, so that one that somebody has planted there
    /// is worth nothing.
    pub(super) fn begin_browser_session(
        &self,
        user: &User,
        identity: Option<ProviderIdentity>,
    ) -> Result<(BrowserSession, http::HeaderValue), Failure> {
        self.forget_browser();
        let key = cookies::random_value(&*self.pool.random)?;
        let now = self.pool.clock.now();
        let session = BrowserSession {
            sub: user.sub.clone(),
            verifier: user.verifier.clone(),
            auth_time: now,
            identity,
        };
        let cookie = cookies::set(cookies::SESSION, &key, SESSION_LIFETIME.as_secs());
        self.pool.oauth.browsers.put(key, session.clone(), now);
        Ok((session, cookie))
    }

    /// Forgets who was signed in in this browser.
    pub(super) fn forget_browser(&self) {
        if let Some(key) = cookies::read(self.headers, cookies::SESSION) {
            self.pool.oauth.browsers.take(key, self.pool.clock.now());
        }
    }
}

/// The response with one more cookie.
pub(super) fn with_cookie(mut response: Response, cookie: http::HeaderValue) -> Response {
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}
