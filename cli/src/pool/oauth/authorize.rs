//! `GET /oauth2/authorize`: a client asks for somebody to sign in.

use axum::response::Response;

use super::{
    CallbackUrl,
    browser_sessions::BrowserSession,
    codes::{Challenge, Code, Granted},
    cookies,
    failure::{Failure, Redirect, send_to},
    federation,
    parameters::{Parameters, encode},
    scopes::{self, granted},
    visit::Visit,
};
use crate::pool::Inner;

/// A request that may be answered.
#[derive(Clone, Debug)]
pub(super) struct AuthorizationRequest {
    redirect: CallbackUrl,
    state: Option<String>,
    scopes: Vec<String>,
    nonce: Option<String>,
    challenge: Challenge,
    /// The provider that the client has chosen, by its name in the configuration.
    pub(super) provider: Option<String>,
    prompt: Prompt,
}

/// Whether a browser that knows somebody asks again (OpenID Connect Core 1.0, 3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prompt {
    IfNeeded,
    Never,
    Always,
}

pub(super) fn answer(visit: &Visit<'_>) -> Result<Response, Failure> {
    let parameters = visit.query()?;
    let request = AuthorizationRequest::read(visit.pool, &parameters)?;
    let session = visit.browser_session().map_err(|failure| request.refuse_with(failure))?;
    match session.filter(|session| request.is_met_by(session, &parameters)) {
        Some(session) => request.grant(visit, &session),
        None if request.prompt == Prompt::Never => Err(request.refuse("login_required", None)),
        None => match &request.provider {
            Some(_) => federation::begin(visit, request, &parameters),
            None => Ok(send_to(&request.login_url(&parameters))),
        },
    }
}

impl AuthorizationRequest {
    /// Reads a request. Whether a mistake is told to the person or to the client depends on whether the redirect is good.
    pub(super) fn read(pool: &Inner, parameters: &Parameters<'_>) -> Result<Self, Failure> {
        if parameters.get("client_id") != Some(&pool.settings.client_id) {
            return Err(Failure::page("The client_id names no client that signs people in."));
        }
        let redirect = parameters.get("redirect_uri").and_then(|wanted| {
            pool.oauth.callback_urls.iter().find(|registered| registered.as_str() == wanted)
        });
        let Some(redirect) = redirect.cloned() else {
            return Err(Failure::page(
                "redirect_mismatch: the redirect_uri is not one of the client's callback URLs.",
            ));
        };
        let state = parameters.get("state").map(str::to_owned);
        let refuse = |error, description: &str| {
            refusal(redirect.clone(), state.clone(), error, Some(description.to_owned()))
        };
        match parameters.get("response_type") {
            Some("code") => {}
            Some("token") => return Err(refuse("unauthorized_client", "the implicit flow is not offered")),
            _ => return Err(refuse("invalid_request", "response_type is not code")),
        }
        let challenge = match (parameters.get("code_challenge"), parameters.get("code_challenge_method")) {
            (Some(challenge), Some("S256")) => Challenge::read(challenge)
                .ok_or_else(|| refuse("invalid_request", "code_challenge is no SHA-256 digest"))?,
            (Some(_), _) => return Err(refuse("invalid_request", "code_challenge_method is not S256")),
            (None, _) => return Err(refuse("invalid_request", "code_challenge is missing")),
        };
        let scopes = granted(parameters.get("scope"), scopes::of_users(&pool.oauth.resource_scopes))
            .map_err(|_| refuse("invalid_scope", "the client does not have this scope"))?;
        let prompt = match parameters.get("prompt") {
            None => Prompt::IfNeeded,
            Some("none") => Prompt::Never,
            Some("login" | "consent" | "select_account") => Prompt::Always,
            Some(_) => {
                return Err(refuse(
                    "invalid_request",
                    "prompt is none of none, login, consent, select_account",
                ));
            }
        };
        let provider = match (parameters.get("identity_provider"), parameters.get("idp_identifier")) {
            (Some(_), Some(_)) => {
                return Err(refuse(
                    "invalid_request",
                    "identity_provider and idp_identifier exclude each other",
                ));
            }
            (None, None) | (Some("COGNITO"), None) => None,
            (Some(name), None) => {
                pool.oauth
                    .providers
                    .iter()
                    .find(|it| it.config.name() == name)
                    .map(Some)
                    .ok_or_else(|| refuse("invalid_request", "there is no such identity_provider"))?
            }
            (None, Some(identifier)) => pool
                .oauth
                .providers
                .iter()
                .find(|it| it.config.answers_to(identifier))
                .map(Some)
                .ok_or_else(|| refuse("invalid_request", "there is no provider of this idp_identifier"))?,
        };
        Ok(Self {
            provider: provider.map(|provider| provider.config.name().to_owned()),
            nonce: parameters.get("nonce").map(str::to_owned),
            redirect,
            state,
            scopes,
            challenge,
            prompt,
        })
    }

    /// Whether what the browser remembers answers the request. A client that names a provider gets whom that provider knows.
    fn is_met_by(&self, session: &BrowserSession, parameters: &Parameters<'_>) -> bool {
        let any = parameters.get("identity_provider").or(parameters.get("idp_identifier")).is_none();
        self.prompt != Prompt::Always && (any || self.provider == session.provider)
    }

    /// Sends the browser back with a code.
    pub(super) fn grant(&self, visit: &Visit<'_>, session: &BrowserSession) -> Result<Response, Failure> {
        visit.acts_for(&session.sub);
        let code =
            cookies::random_value(&*visit.pool.random).map_err(|error| self.refuse_with(error.into()))?;
        let granted = Granted {
            sub: session.sub.clone(),
            redirect_uri: self.redirect.as_str().to_owned(),
            challenge: self.challenge.clone(),
            scopes: self.scopes.clone(),
            nonce: self.nonce.clone(),
            auth_time: session.auth_time,
        };
        visit.pool.oauth.codes.put(code.clone(), Code::Fresh(granted), visit.pool.clock.now());
        let mut parameters = vec![("code", code.as_str())];
        parameters.extend(self.state.as_deref().map(|state| ("state", state)));
        Ok(send_to(&self.redirect.with(&parameters)))
    }

    /// Sends the browser back with an error.
    pub(super) fn refuse(&self, error: &'static str, description: Option<String>) -> Failure {
        refusal(self.redirect.clone(), self.state.clone(), error, description)
    }

    /// Sends the browser back with what has been said to nobody yet.
    pub(super) fn refuse_with(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Client { status, .. } if status.is_server_error() => self.refuse("server_error", None),
            // What a trigger refuses is an invalid request to Amazon Cognito, and so is whatever else has no word of its own.
            Failure::Client { description, .. } => self.refuse("invalid_request", description),
            other => other,
        }
    }

    /// Where the answer to a form may lead.
    pub(super) fn destination(&self) -> String {
        self.redirect.policy_source()
    }

    /// The sign-in page for this request.
    fn login_url(&self, parameters: &Parameters<'_>) -> String {
        format!("/login?{}", parameters.without(&[]))
    }
}

/// Where to begin this request anew with another provider.
pub(super) fn url_with_provider(parameters: &Parameters<'_>, provider: &str) -> String {
    let others = parameters.without(&["identity_provider", "idp_identifier"]);
    format!("/oauth2/authorize?{others}&{}", encode([("identity_provider", provider)]))
}

fn refusal(
    to: CallbackUrl,
    state: Option<String>,
    error: &'static str,
    description: Option<String>,
) -> Failure {
    Failure::Redirect(Box::new(Redirect { to, state, error, description }))
}
