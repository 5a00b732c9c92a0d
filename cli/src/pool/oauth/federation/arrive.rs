//! `GET /oauth2/idpresponse`: back from a provider.

use axum::response::Response;

use super::{
    begin::{UnderWay, redirect_uri},
    welcome::welcome,
};
use crate::pool::oauth::{
    browser_sessions::{ProviderIdentity, with_cookie},
    cookies,
    failure::Failure,
    state::same_secret,
    visit::Visit,
};

pub(in crate::pool::oauth) fn arrive(visit: &Visit<'_>) -> Result<Response, Failure> {
    let parameters = visit.query()?;
    let oauth = &visit.pool.oauth;
    let under_way =
        parameters.get("state").and_then(|state| oauth.under_way.take(state, visit.pool.clock.now()));
    let browser = cookies::read(visit.headers, cookies::FEDERATION);
    // Without its cookie this is a browser that somebody else's sign-in was handed to.
    let begun_here =
        |under_way: &UnderWay| browser.is_some_and(|browser| same_secret(browser, &under_way.browser));
    let Some(under_way) = under_way.filter(begun_here) else {
        return Err(Failure::page(
            "This sign-in was not begun in this browser, or is too old. Start it again.",
        ));
    };
    let UnderWay { request, provider: name, endpoints, nonce, verifier, .. } = under_way;
    let Some(provider) = oauth.provider(&name) else {
        return Err(request.refuse("invalid_request", None));
    };
    // RFC 9207: another provider's answer says so, and one that does not say whose it is may be anybody's, if this provider does.
    let foreign = match parameters.get("iss") {
        Some(issuer) if issuer == provider.config.issuer => None,
        Some(_) => Some("the answer is another issuer's"),
        None if endpoints.name_their_issuer() => Some("the answer does not name its issuer"),
        None => None,
    };
    if let Some(foreign) = foreign {
        return Err(request.refuse("invalid_request", Some(format!("{name} Error - {foreign}"))));
    }
    if let Some(error) = parameters.get("error") {
        let denied = error == "access_denied";
        let description = if denied { "access_denied" } else { "the provider refused" };
        let error = if denied { "access_denied" } else { "invalid_request" };
        return Err(request.refuse(error, Some(format!("{name} Error - {description}"))));
    }
    let Some(code) = parameters.get("code") else {
        return Err(request.refuse("invalid_request", Some(format!("{name} Error - there is no code"))));
    };
    let assertion = visit
        .runtime
        .block_on(provider.redeem(&endpoints, &redirect_uri(visit), code, &verifier, &nonce))
        .map_err(|refusal| request.refuse("invalid_request", Some(refusal)))?;
    let user = visit
        .call(&visit.pool.settings.client_id, None)
        .and_then(|call| welcome(&call, provider, &assertion))
        .map_err(|error| request.refuse_with(error.into()))?;
    let identity = ProviderIdentity { provider: name, subject: assertion.subject };
    let (session, cookie) =
        visit.begin_browser_session(&user, Some(identity)).map_err(|failure| request.refuse_with(failure))?;
    let response = with_cookie(request.grant(visit, &session)?, cookie);
    Ok(with_cookie(response, cookies::set(cookies::FEDERATION, "", 0)))
}
