//! `POST /oauth2/token`: tokens for a code, for a refresh token, or for a client's secret.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    clients::{Client, authenticate},
    codes::Code,
    failure::{Failure, answer as respond},
    parameters::Parameters,
    scopes::{OPENID, ResourceScope, granted},
    visit::Visit,
};
use crate::pool::{
    operations::refresh,
    sessions::Session,
    tokens::{Occasion, TOKEN_SECONDS, disabled},
    users::User,
};

pub(super) fn answer(visit: &Visit<'_>) -> Result<Response, Failure> {
    let form = visit.form()?;
    let client = authenticate(visit.pool, visit.headers, &form, StatusCode::BAD_REQUEST)?;
    let tokens = match (form.get("grant_type"), client) {
        (Some("authorization_code"), Client::Web) => exchange_code(visit, &form),
        (Some("refresh_token"), Client::Web) => refresh_tokens(visit, &form),
        (Some("client_credentials"), Client::Machine) => for_machine(visit, &form),
        (Some("authorization_code" | "refresh_token" | "client_credentials"), _) => {
            Err(Failure::client("unauthorized_client", None))
        }
        (Some(_), _) => Err(Failure::client("unsupported_grant_type", None)),
        (None, _) => Err(Failure::invalid_request("grant_type is missing")),
    }?;
    Ok(respond(StatusCode::OK, &Value::Object(tokens)))
}

fn exchange_code(visit: &Visit<'_>, form: &Parameters<'_>) -> Result<Map<String, Value>, Failure> {
    let invalid = || Failure::client("invalid_grant", None);
    let required = |name: &'static str| {
        form.get(name).ok_or_else(|| Failure::invalid_request(&format!("{name} is missing")))
    };
    let (code, redirect_uri, verifier) =
        (required("code")?, required("redirect_uri")?, required("code_verifier")?);
    let pool = visit.pool;
    let call = visit.call(&pool.settings.client_id, None)?;
    let mut session = Session::begin(&*pool.random, "", Vec::new(), call.now)?;
    // From here on the code is spent, whatever is wrong with the rest: nobody gets a second guess.
    let spent = Code::Spent { origin_jti: session.origin_jti.clone() };
    let granted = match pool.oauth.codes.replace(code, spent, call.now).ok_or_else(invalid)? {
        Code::Fresh(granted) => granted,
        Code::Spent { origin_jti } => {
            tracing::warn!("a code was used twice; its session ends");
            pool.store.write(|tx| Session::revoke(tx, &origin_jti))?;
            // Its session stays the one to end.
            pool.oauth.codes.replace(code, Code::Spent { origin_jti }, call.now);
            return Err(invalid());
        }
    };
    visit.acts_for(&granted.sub);
    if granted.redirect_uri != redirect_uri || !granted.challenge.is_answered_by(verifier) {
        return Err(invalid());
    }
    let user = pool.store.read(|connection| User::find(connection, &granted.sub))?;
    let user = user.filter(|user| user.sub == granted.sub).ok_or_else(invalid)?;
    if !user.enabled {
        return Err(disabled().into());
    }
    session.sub.clone_from(&granted.sub);
    session.scopes = granted.scopes;
    session.nonce = granted.nonce;
    session.auth_time = granted.auth_time;
    let result = call.open_session(&user, &session, Occasion::Hosted, false)?;
    Ok(in_words_of_oauth(result, &session.scopes))
}

fn refresh_tokens(visit: &Visit<'_>, form: &Parameters<'_>) -> Result<Map<String, Value>, Failure> {
    let token =
        form.get("refresh_token").ok_or_else(|| Failure::invalid_request("refresh_token is missing"))?;
    let call = visit.call(&visit.pool.settings.client_id, None)?;
    let session = visit.pool.store.read(|connection| Session::by_refresh_token(connection, token))?;
    let session = session.ok_or_else(|| Failure::client("invalid_grant", None))?;
    visit.acts_for(&session.sub);
    let result = refresh(&call, token, Occasion::Refresh)?;
    Ok(in_words_of_oauth(result, &session.scopes))
}

fn for_machine(visit: &Visit<'_>, form: &Parameters<'_>) -> Result<Map<String, Value>, Failure> {
    let pool = visit.pool;
    let allowed = pool.oauth.resource_scopes.iter().map(ResourceScope::as_str).map(str::to_owned).collect();
    let scopes = granted(form.get("scope"), allowed).map_err(|_| Failure::client("invalid_scope", None))?;
    let metadata = match form.get("aws_client_metadata") {
        None => None,
        Some(text) => {
            let metadata: Option<Value> = serde_json::from_str(text).ok();
            let is_map =
                |value: &Value| value.as_object().is_some_and(|map| map.values().all(Value::is_string));
            let metadata = metadata.filter(is_map).ok_or_else(|| {
                Failure::invalid_request("aws_client_metadata is not a JSON object of strings")
            })?;
            Some(metadata)
        }
    };
    let client_id = Client::Machine.id(pool);
    let call = visit.call(client_id, metadata.as_ref())?;
    let token = call.machine_token(client_id, &scopes)?;
    Ok(Map::from_iter([
        ("access_token".to_owned(), json!(token)),
        ("expires_in".to_owned(), json!(TOKEN_SECONDS)),
        ("token_type".to_owned(), json!("Bearer")),
    ]))
}

/// The members of `AuthenticationResult` as RFC 6749 names them. An ID token is for those who ask for `openid`.
fn in_words_of_oauth(result: Value, scopes: &[String]) -> Map<String, Value> {
    let Value::Object(mut result) = result else { return Map::new() };
    let names = [
        ("AccessToken", "access_token"),
        ("IdToken", "id_token"),
        ("RefreshToken", "refresh_token"),
        ("ExpiresIn", "expires_in"),
        ("TokenType", "token_type"),
    ];
    let wanted = |name: &str| name != "id_token" || scopes.iter().any(|scope| scope == OPENID);
    names
        .into_iter()
        .filter(|(_, name)| wanted(name))
        .filter_map(|(member, name)| Some((name.to_owned(), result.remove(member)?)))
        .collect()
}
