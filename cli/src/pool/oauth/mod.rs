//! Signing in with a redirect: the endpoints that Amazon Cognito serves on the domain of a user pool.
//!
//! | endpoint | |
//! |---|---|
//! | `GET /oauth2/authorize` | begins a sign-in (`response_type=code`, PKCE with S256) |
//! | `GET`, `POST /login` | the page on which people enter their password |
//! | `GET /oauth2/idpresponse` | where another provider sends people back to |
//! | `POST /oauth2/token` | exchanges a code, a refresh token or a client's secret for tokens |
//! | `GET`, `POST /oauth2/userInfo` | what an access token with the scope `openid` may know about its user |
//! | `POST /oauth2/revoke` | makes a refresh token worthless, and its access tokens with it |
//! | `GET /logout` | forgets the browser |
//!
//! 1. A browser is sent only to addresses that the configuration names, compared letter by letter. Until that is certain,
//!    mistakes are answered with a page; afterwards with a redirect that names the `error`.
//! 2. A code is good for five minutes, once, for the same redirect and with the verifier of its challenge. Who comes with it a
//!    second time ends the session that it began.
//! 3. The implicit flow is not offered, and PKCE is asked of everybody (RFC 9700). Amazon Cognito lets a client do without.
//! 4. A form belongs to the browser that it was given to; so does a sign-in at another provider.
//! 5. The endpoints of a browser's address bar give nothing to pages of other origins; those of programs (`token`, `userInfo`,
//!    `revoke`) may be called from anywhere, as they use no cookies.

mod authorize;
mod browser_sessions;
mod callback_url;
mod clients;
mod codes;
mod cookies;
mod expiring;
mod failure;
mod federation;
mod forms;
mod login;
mod logout;
mod metadata;
mod page;
mod parameters;
mod revoke;
mod scopes;
mod state;
mod token;
mod user_info;
mod visit;

use axum::{
    Router,
    extract::{Request, State},
    routing::{MethodFilter, MethodRouter, on},
};

use self::visit::{Audience, Endpoint, serve};
pub use self::{
    callback_url::CallbackUrl,
    federation::{IdentityProvider, ProviderMistakes},
    scopes::ResourceScope,
};
pub(crate) use self::{
    federation::{LinkError, disable_provider, link},
    metadata::discovery_document,
    scopes::of_users as scopes_of_users,
    state::{OAuth, machine_secret},
};
use crate::pool::{Pool, wire::preflight};

/// The routes, to be merged with those of the pool's own protocol.
pub(crate) fn router() -> Router<Pool> {
    const GET: MethodFilter = MethodFilter::GET;
    const POST: MethodFilter = MethodFilter::POST;
    let browser = |method, name, endpoint| route(method, name, Audience::Browser, endpoint);
    let program =
        |method, name, endpoint| route(method, name, Audience::Program, endpoint).options(preflight);
    Router::new()
        .route("/oauth2/authorize", browser(GET, "authorize", authorize::answer))
        .route(
            "/login",
            browser(GET, "login page", login::show).merge(browser(POST, "login", login::sign_in)),
        )
        .route("/logout", browser(GET, "logout", logout::answer))
        .route("/oauth2/idpresponse", browser(GET, "idpresponse", federation::arrive))
        .route("/oauth2/token", program(POST, "token", token::answer))
        .route("/oauth2/revoke", program(POST, "revoke", revoke::answer))
        .route("/oauth2/userInfo", program(GET.or(POST), "userInfo", user_info::answer))
}

fn route(
    method: MethodFilter,
    name: &'static str,
    audience: Audience,
    endpoint: Endpoint,
) -> MethodRouter<Pool> {
    let answer =
        move |State(pool): State<Pool>, request: Request| serve(pool, request, name, audience, endpoint);
    on(method, answer)
}
