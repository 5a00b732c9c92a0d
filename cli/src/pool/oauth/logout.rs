//! `GET /logout`: the browser forgets who was signed in. Tokens stay good: those are revoked.

use axum::response::Response;

use super::{
    authorize::AuthorizationRequest,
    browser_sessions::with_cookie,
    cookies,
    failure::{Failure, send_to},
    visit::Visit,
};

pub(super) fn answer(visit: &Visit<'_>) -> Result<Response, Failure> {
    let parameters = visit.query()?;
    let to = match parameters.get("logout_uri") {
        Some(wanted) => {
            if parameters.get("client_id") != Some(&visit.pool.settings.client_id) {
                return Err(Failure::page("The client_id names no client that signs people in."));
            }
            let mut registered = visit.pool.oauth.logout_urls.iter();
            let url = registered.find(|registered| registered.as_str() == wanted);
            url.ok_or(Failure::page("The logout_uri is not one of the client's sign-out URLs."))?
                .as_str()
                .to_owned()
        }
        // With the parameters of a sign-in, that is what comes next.
        None => {
            AuthorizationRequest::read(visit.pool, &parameters)?;
            format!("/login?{}", parameters.without(&[]))
        }
    };
    visit.forget_browser();
    Ok(with_cookie(send_to(&to), cookies::set(cookies::SESSION, "", 0)))
}
