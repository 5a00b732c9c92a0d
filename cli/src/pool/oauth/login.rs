//! `/login`: the page on which people enter their password.

use axum::response::Response;

use super::{
    authorize::{AuthorizationRequest, url_with_provider},
    browser_sessions::with_cookie,
    cookies,
    failure::Failure,
    forms,
    page::SignInPage,
    parameters::Parameters,
    state::SESSION_LIFETIME,
    visit::Visit,
};
use crate::pool::{
    error::{Exception, ServiceError},
    operations::sign_in_by_password,
};

pub(super) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let parameters = visit.query()?;
    let request = AuthorizationRequest::read(visit.pool, &parameters)?;
    page(visit, &request, &parameters, None)
}

pub(super) fn sign_in(visit: &Visit<'_>) -> Result<Response, Failure> {
    let parameters = visit.query()?;
    let request = AuthorizationRequest::read(visit.pool, &parameters)?;
    let form = visit.form()?;
    if !forms::is_ours(&visit.pool.secret, visit.headers, form.get("_csrf")) {
        return Err(Failure::Page {
            status: http::StatusCode::FORBIDDEN,
            text: "This form was not shown in this browser, or is too old. Go back and try again.",
        });
    }
    let (username, password) =
        (form.get("username").unwrap_or_default(), form.get("password").unwrap_or_default());
    let call = visit.call(&visit.pool.settings.client_id, None);
    let call = call.map_err(|error| request.refuse_with(error.into()))?;
    match sign_in_by_password(&call, username, password) {
        Ok(user) => {
            let (session, cookie) =
                visit.begin_browser_session(&user, None).map_err(|failure| request.refuse_with(failure))?;
            Ok(with_cookie(request.grant(visit, &session)?, cookie))
        }
        Err(ServiceError { exception: Exception::InternalError, .. }) => {
            Err(request.refuse("server_error", None))
        }
        // Where the person can do something about it, they stay.
        Err(error) => page(visit, &request, &parameters, Some((username, &error.message))),
    }
}

/// The page, and after an attempt what was typed and why it was not enough.
fn page(
    visit: &Visit<'_>,
    request: &AuthorizationRequest,
    parameters: &Parameters<'_>,
    attempt: Option<(&str, &str)>,
) -> Result<Response, Failure> {
    let known = cookies::read(visit.headers, cookies::FORM).filter(|cookie| cookie.len() == 43);
    let cookie = match known {
        Some(cookie) => cookie.to_owned(),
        None => {
            cookies::random_value(&*visit.pool.random).map_err(|error| request.refuse_with(error.into()))?
        }
    };
    let providers: Vec<(String, String)> = visit
        .pool
        .oauth
        .providers
        .iter()
        .map(|provider| {
            let name = provider.config.name();
            (name.to_owned(), url_with_provider(parameters, name))
        })
        .collect();
    let response = SignInPage {
        action: &format!("/login?{}", parameters.without(&[])),
        form_token: &forms::token(&visit.pool.secret, &cookie),
        username: attempt.map_or_else(|| parameters.get("login_hint").unwrap_or_default(), |(name, _)| name),
        problem: attempt.map(|(_, problem)| problem),
        providers: &providers,
        destinations: &[request.destination()],
    }
    .into_response();
    Ok(with_cookie(response, cookies::set(cookies::FORM, &cookie, SESSION_LIFETIME.as_secs())))
}
