//! `/oauth2/userInfo`: what an access token with the scope `openid` may know about its user.

use axum::response::Response;
use http::{StatusCode, header::AUTHORIZATION};
use serde_json::{Map, Value, json};

use super::{
    failure::{Failure, answer as respond},
    scopes::OPENID,
    visit::Visit,
};
use crate::pool::error::{Exception, ServiceError};

pub(super) fn answer(visit: &Visit<'_>) -> Result<Response, Failure> {
    let token = visit
        .headers
        .get(AUTHORIZATION)
        .and_then(|header| header.to_str().ok())
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or(Failure::Bearer {
            status: StatusCode::BAD_REQUEST,
            error: "invalid_request",
            description: "Bad OAuth2 request at UserInfo Endpoint",
        })?;
    let call = visit.call(&visit.pool.settings.client_id, None)?;
    let (user, scopes) = call.bearer(token, OPENID).map_err(refused)?;
    visit.acts_for(&user.sub);
    let mut claims = Map::from_iter([("sub".to_owned(), json!(user.sub))]);
    // Unlike in a token, every value is text here.
    let told = user.attributes.readable().within(&scopes);
    claims.extend(told.iter().map(|(name, value)| (name.to_owned(), json!(value))));
    claims.insert("username".to_owned(), json!(user.username()));
    Ok(respond(StatusCode::OK, &Value::Object(claims)))
}

fn refused(error: ServiceError) -> Failure {
    if error.exception == Exception::InternalError {
        return error.into();
    }
    Failure::Bearer {
        status: StatusCode::UNAUTHORIZED,
        error: "invalid_token",
        description: "Access token is expired, disabled, or deleted, or the user has globally signed out.",
    }
}
