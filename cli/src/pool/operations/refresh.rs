//! Refreshing tokens, and making them worthless.

use serde_json::{Value, json};

use crate::pool::{
    call::Call,
    error::{Exception, ServiceError},
    sessions::Session,
    tokens::{Occasion, disabled},
    users::{Status, User},
};

type Result<T> = std::result::Result<T, ServiceError>;

/// New ID and access tokens. The refresh token stays: it is not rotated.
pub(crate) fn refresh(call: &Call<'_>, token: &str, occasion: Occasion) -> Result<Value> {
    let (session, user) = call.pool.store.read(|connection| {
        let session = Session::by_refresh_token(connection, token)?
            .ok_or_else(|| ServiceError::not_authorized("Invalid Refresh Token"))?;
        let user = User::find(connection, &session.sub)?.ok_or_else(ServiceError::user_not_found)?;
        Ok::<_, ServiceError>((session, user))
    })?;
    call.acts_for(&user.sub);
    if session.revoked {
        return Err(ServiceError::not_authorized("Refresh Token has been revoked"));
    }
    if session.expires_at <= call.now {
        return Err(ServiceError::not_authorized("Refresh Token has expired"));
    }
    if !user.enabled {
        return Err(disabled());
    }
    if !matches!(user.status, Status::Confirmed | Status::ExternalProvider) {
        return Err(ServiceError::not_authorized("Invalid Refresh Token"));
    }
    let result = call.make_tokens(&user, &session, occasion, true)?;
    // The trigger took its time; the session may have ended meanwhile.
    if !call.pool.store.read(|connection| Session::is_live(connection, &session.origin_jti))? {
        return Err(ServiceError::not_authorized("Refresh Token has been revoked"));
    }
    Ok(result)
}

pub(super) fn get_tokens_from_refresh_token(call: &Call<'_>) -> Result<Value> {
    call.check_client()?;
    // Cognito documents this source for this operation, although it refreshes.
    let result = refresh(call, call.input.string("RefreshToken")?, Occasion::Authentication)?;
    Ok(json!({ "AuthenticationResult": result }))
}

/// Revokes a refresh token and the access tokens made from it. An unknown one needs no revoking (RFC 7009, 2.2).
pub(super) fn revoke_token(call: &Call<'_>) -> Result<Value> {
    call.check_client()?;
    let token = call.input.string("Token")?;
    if call.pool.key.verify(token).is_some() {
        return Err(ServiceError::new(
            Exception::UnsupportedTokenType,
            "Only a refresh token can be revoked",
        ));
    }
    call.pool.store.write(|tx| {
        if let Some(session) = Session::by_refresh_token(tx, token)? {
            call.acts_for(&session.sub);
            Session::revoke(tx, &session.origin_jti)?;
        }
        Ok::<_, ServiceError>(())
    })?;
    Ok(json!({}))
}

pub(super) fn global_sign_out(call: &Call<'_>) -> Result<Value> {
    let user = call.signed_in()?;
    call.pool.store.write(|tx| Session::revoke_all(tx, &user.sub))?;
    Ok(json!({}))
}
