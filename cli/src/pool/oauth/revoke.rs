//! `POST /oauth2/revoke`: makes a refresh token worthless, and its access tokens with it (RFC 7009).

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::{
    clients::{Client, authenticate},
    failure::Failure,
    visit::Visit,
};
use crate::pool::sessions::Session;

pub(super) fn answer(visit: &Visit<'_>) -> Result<Response, Failure> {
    let form = visit.form()?;
    let client = authenticate(visit.pool, visit.headers, &form, StatusCode::UNAUTHORIZED)?;
    let token = form.get("token").ok_or_else(|| Failure::invalid_request("token is missing"))?;
    if visit.pool.key.verify(token).is_some() {
        return Err(Failure::client("unsupported_token_type", None));
    }
    // Refresh tokens are the web client's; one that is nobody's needs no revoking (RFC 7009, 2.2).
    if client == Client::Web {
        visit.pool.store.write(|tx| {
            if let Some(session) = Session::by_refresh_token(tx, token)? {
                visit.acts_for(&session.sub);
                Session::revoke(tx, &session.origin_jti)?;
            }
            Ok::<_, Failure>(())
        })?;
    }
    Ok(StatusCode::OK.into_response())
}
