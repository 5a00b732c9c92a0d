//! On the way to a provider.

use std::fmt;

use axum::response::Response;
use http::header::HOST;

use super::exchange::Endpoints;
use crate::pool::oauth::{
    authorize::AuthorizationRequest,
    browser_sessions::with_cookie,
    codes::Challenge,
    cookies,
    failure::{Failure, send_to},
    parameters::{Parameters, encode},
    state::FEDERATION_LIFETIME,
    visit::Visit,
};

/// Marks a request that has been sent here from another name of this machine.
const MOVED: &str = "moved";

/// A sign-in that somebody has left for a provider with.
pub(crate) struct UnderWay {
    pub(super) request: AuthorizationRequest,
    pub(super) provider: String,
    pub(super) endpoints: Endpoints,
    pub(super) nonce: String,
    pub(super) verifier: String,
    /// The cookie of the browser that has left.
    pub(super) browser: String,
}

impl fmt::Debug for UnderWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnderWay").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Sends the browser to the provider that the request names.
pub(in crate::pool::oauth) fn begin(
    visit: &Visit<'_>,
    request: AuthorizationRequest,
    parameters: &Parameters<'_>,
) -> Result<Response, Failure> {
    let oauth = &visit.pool.oauth;
    // The provider sends people back to one address, and a cookie is only sent to the host that it is from.
    let host = visit.headers.get(HOST).and_then(|host| host.to_str().ok());
    if host != oauth.origin.split_once("://").map(|(_, host)| host) {
        // Whatever changes the host on the way would change it again, and again.
        if parameters.get(MOVED).is_some() {
            return Err(Failure::page(
                "Something between this browser and the user pool changes the Host header, and the provider sends people \
                 back to the address that the pool knows itself by. Open the pool there, or let the proxy keep the header.",
            ));
        }
        let here = format!("{}&{}", parameters.without(&[MOVED]), encode([(MOVED, "1")]));
        return Ok(send_to(&format!("{}/oauth2/authorize?{here}", oauth.origin)));
    }
    let name = request.provider.clone().unwrap_or_default();
    let Some(provider) = oauth.provider(&name) else {
        return Err(request.refuse("invalid_request", None));
    };
    let endpoints = visit
        .runtime
        .block_on(provider.endpoints())
        .map_err(|refusal| request.refuse("invalid_request", Some(refusal)))?;
    let random =
        || cookies::random_value(&*visit.pool.random).map_err(|error| request.refuse_with(error.into()));
    let (state, nonce, verifier, browser) = (random()?, random()?, random()?, random()?);
    let url = provider.authorization_url(
        &endpoints,
        &redirect_uri(visit),
        &state,
        &nonce,
        &Challenge::of(&verifier),
    );
    let cookie = cookies::set(cookies::FEDERATION, &browser, FEDERATION_LIFETIME.as_secs());
    let under_way = UnderWay { request, provider: name, endpoints, nonce, verifier, browser };
    oauth.under_way.put(state, under_way, visit.pool.clock.now());
    Ok(with_cookie(send_to(&url), cookie))
}

/// Where providers send people back to. It has to be registered with each of them.
pub(super) fn redirect_uri(visit: &Visit<'_>) -> String {
    format!("{}/oauth2/idpresponse", visit.pool.oauth.origin)
}
