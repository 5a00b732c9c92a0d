//! `AssumeRoleWithWebIdentity` of the AWS Security Token Service, for the classic flow: the client chooses its role.

use std::{fmt::Write, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE},
};

use super::{Inner, Session, body, credentials::Credentials, token::BadToken};
use crate::{loopback::is_addressed_to_loopback, template::stack::ACCOUNT};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// How long credentials may last, in seconds.
const DURATIONS: std::ops::RangeInclusive<u64> = 900..=43_200;

/// An error of STS: its status, code and message.
type StsError = (StatusCode, &'static str, &'static str);

pub(super) async fn answer(pool: &Arc<Inner>, request: Request) -> Response {
    let outcome = perform(pool, request).await;
    let code = outcome.as_ref().map_or_else(|(_, code, _)| *code, |_| "ok");
    tracing::info!(operation = "AssumeRoleWithWebIdentity", outcome = code, "identity pool request");
    let (status, body) = match outcome {
        Ok((session, credentials)) => (StatusCode::OK, success(&session, &credentials)),
        Err((status, code, message)) => {
            let error =
                format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
            (status, format!("<ErrorResponse xmlns=\"{NAMESPACE}\">{error}</ErrorResponse>"))
        }
    };
    let mut response = (status, [(CONTENT_TYPE, "text/xml")], body).into_response();
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn perform(pool: &Arc<Inner>, request: Request) -> Result<(Session, Credentials), StsError> {
    const INVALID: StatusCode = StatusCode::BAD_REQUEST;
    if !is_addressed_to_loopback(request.headers()) {
        return Err((StatusCode::FORBIDDEN, "AccessDenied", "The host is not a name of this machine"));
    }
    let body = body::read(request.into_body()).await;
    let body = body.map_err(|_| (INVALID, "ValidationError", "The body could not be read"))?;
    let mut parameters = std::collections::BTreeMap::new();
    for (name, value) in form_urlencoded::parse(&body) {
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err((INVALID, "ValidationError", "A parameter is there twice"));
        }
    }
    if parameters.remove("Action").as_deref() != Some("AssumeRoleWithWebIdentity") {
        return Err((INVALID, "InvalidAction", "This service has no such action"));
    }
    if parameters.remove("Version").as_deref() != Some("2011-06-15") {
        return Err((INVALID, "ValidationError", "The Version is not 2011-06-15"));
    }
    let mut take = |name: &str| parameters.remove(name);
    let (Some(role_arn), Some(name), Some(token)) =
        (take("RoleArn"), take("RoleSessionName"), take("WebIdentityToken"))
    else {
        return Err((INVALID, "ValidationError", "RoleArn, RoleSessionName and WebIdentityToken are needed"));
    };
    let asked = match take("DurationSeconds").map(|seconds| seconds.parse::<u64>()) {
        None => None,
        Some(Ok(seconds)) if DURATIONS.contains(&seconds) => Some(seconds),
        Some(_) => return Err((INVALID, "ValidationError", "DurationSeconds is not between 900 and 43200")),
    };
    // A session policy that is passed over would leave more open than was asked for.
    if !parameters.is_empty() {
        return Err((INVALID, "ValidationError", "There is a parameter that is not known here"));
    }
    let is_name = (2..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
    if !is_name {
        return Err((INVALID, "ValidationError", "RoleSessionName is none"));
    }
    let token = pool.read_identity_token(&token).map_err(|bad| match bad {
        BadToken::Invalid => (INVALID, "InvalidIdentityToken", "The web identity token cannot be verified"),
        BadToken::Expired => (INVALID, "ExpiredTokenException", "The web identity token has expired"),
    })?;
    let denied =
        (StatusCode::FORBIDDEN, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
    let role = pool.roles.get(&role_arn).ok_or(denied)?;
    let session = Session {
        role: role.name.clone(),
        name,
        identity: token.identity,
        pool: pool.id.clone(),
        amr: token.amr,
        tags: std::collections::BTreeMap::new(),
    };
    if !role.admits(&session.context(), false) {
        return Err(denied);
    }
    let seconds = match asked {
        None => role.max_session.min(pool.lifetime.as_secs()),
        Some(seconds) if seconds <= role.max_session => seconds,
        Some(_) => {
            let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
            return Err((INVALID, "ValidationError", message));
        }
    };
    let credentials = pool.credentials.make(&session, Duration::from_secs(seconds), &*pool.random);
    let failed = (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", "Internal server error");
    Ok((session, credentials.map_err(|_| failed)?))
}

/// Nothing in it needs to be escaped: names of roles and sessions are made of letters, digits and a few signs, keys are Base64, and ids are UUIDs.
fn success(session: &Session, credentials: &Credentials) -> String {
    let mut result = String::new();
    let _ = write!(
        result,
        "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
         <SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>",
        credentials.access_key_id,
        credentials.secret_access_key,
        credentials.session_token,
        credentials.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    );
    let _ = write!(
        result,
        "<AssumedRoleUser><Arn>{}</Arn><AssumedRoleId>AROA{ACCOUNT}:{}</AssumedRoleId></AssumedRoleUser>\
         <SubjectFromWebIdentityToken>{}</SubjectFromWebIdentityToken><Audience>{}</Audience>\
         <Provider>cognito-identity.amazonaws.com</Provider>",
        session.user_arn(),
        session.name,
        session.identity,
        session.pool,
    );
    format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"{NAMESPACE}\"><AssumeRoleWithWebIdentityResult>{result}\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    )
}
