//! Browsers in which somebody has signed in, so that the next sign-in asks for nothing.

use axum::response::Response;
use http::header::SET_COOKIE;
use jiff::Timestamp;

use super::{cookies, failure::Failure, state::SESSION_LIFETIME, visit::Visit};
use crate::pool::{srp::Verifier, users::User};

/// Who is signed in in a browser.
#[derive(Clone, Debug)]
pub(crate) struct BrowserSession {
    pub(super) sub: String,
    /// The password then: another one ends the session.
    verifier: Verifier,
    pub(super) auth_time: Timestamp,
    /// The provider that said who it is; `None` for a password of this pool.
    pub(super) provider: Option<String>,
}

impl Visit<'_> {
    /// Who is signed in in this browser, if they still may be.
    pub(super) fn browser_session(&self) -> Result<Option<BrowserSession>, Failure> {
        let Some(key) = cookies::read(self.headers, cookies::SESSION) else { return Ok(None) };
        let Some(session) = self.pool.oauth.browsers.get(key, self.pool.clock.now()) else { return Ok(None) };
        let user = self.pool.store.read(|connection| User::find(connection, &session.sub))?;
        let may = |user: &User| user.enabled && user.sub == session.sub && user.verifier == session.verifier;
        Ok(user.is_some_and(|user| may(&user)).then_some(session))
    }

    /// Remembers in the browser that this user has just signed in. It gets a new cookie, so that one that somebody has planted there
    /// is worth nothing.
    pub(super) fn begin_browser_session(
        &self,
        user: &User,
        provider: Option<&str>,
    ) -> Result<(BrowserSession, http::HeaderValue), Failure> {
        self.forget_browser();
        let key = cookies::random_value(&*self.pool.random)?;
        let now = self.pool.clock.now();
        let session = BrowserSession {
            sub: user.sub.clone(),
            verifier: user.verifier.clone(),
            auth_time: now,
            provider: provider.map(str::to_owned),
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
