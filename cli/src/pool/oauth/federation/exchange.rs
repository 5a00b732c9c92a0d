//! What the pool and a provider say to each other without the browser.
//!
//! No redirect is followed, no answer is read beyond 64 KiB, and no exchange takes longer than five seconds. Nothing that a provider
//! says is logged: it may be about a person.

use portcullis::{Fetch, FetchError, HttpFetch};
use reqwest::{RequestBuilder, Response, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Provider, identity_provider::is_safe_url};
use crate::pool::oauth::{codes::Challenge, parameters::encode, state::same_secret};

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Where a provider is spoken to (OpenID Connect Discovery 1.0).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Endpoints {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    authorization_response_iss_parameter_supported: Option<bool>,
}

impl Endpoints {
    /// Whether the provider says in each answer whose it is (RFC 9207, section 3).
    pub(super) fn name_their_issuer(&self) -> bool {
        self.authorization_response_iss_parameter_supported == Some(true)
    }
}

/// What a provider knows about somebody.
pub(super) struct Assertion {
    /// Who it is, at the provider.
    pub(super) subject: String,
    pub(super) token_response: Map<String, Value>,
    pub(super) id_token: Map<String, Value>,
    pub(super) user_info: Map<String, Value>,
}

/// Why it could not be found out who somebody is: a text for the client, and nothing about the person.
pub(super) type Refusal = String;

impl Provider {
    fn refusal(&self, what: &str) -> Refusal {
        format!("{} Error - {what}", self.config.name())
    }

    /// Asks where the provider is spoken to.
    pub(super) async fn endpoints(&self) -> Result<Endpoints, Refusal> {
        let issuer = &self.config.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer));
        let document = HttpFetch::new().fetch(&url).await.map_err(|error| match error {
            FetchError::Status(status) => {
                self.refusal(&format!("{status} error getting the discovery document"))
            }
            _ => self.refusal("the discovery document cannot be had"),
        })?;
        let endpoints: Endpoints = serde_json::from_slice(&document)
            .map_err(|_| self.refusal("the discovery document lacks an endpoint"))?;
        if endpoints.issuer != *issuer {
            return Err(self.refusal("the discovery document is that of another issuer"));
        }
        let urls = [
            Some(&endpoints.authorization_endpoint),
            Some(&endpoints.token_endpoint),
            endpoints.userinfo_endpoint.as_ref(),
        ];
        let downgrades = |url: &str| issuer.starts_with("https:") && !url.starts_with("https:");
        if urls.into_iter().flatten().any(|url| !is_safe_url(url) || downgrades(url)) {
            return Err(self.refusal("an endpoint in the discovery document is not an https URL"));
        }
        Ok(endpoints)
    }

    /// Where to send the browser.
    pub(super) fn authorization_url(
        &self,
        endpoints: &Endpoints,
        redirect_uri: &str,
        state: &str,
        nonce: &str,
        challenge: &Challenge,
    ) -> String {
        let query = encode([
            ("response_type", "code"),
            ("client_id", &self.config.client_id),
            ("redirect_uri", redirect_uri),
            ("scope", &self.config.scopes),
            ("state", state),
            ("nonce", nonce),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ]);
        let separator = if endpoints.authorization_endpoint.contains('?') { '&' } else { '?' };
        format!("{}{separator}{query}", endpoints.authorization_endpoint)
    }

    /// Finds out who has signed in there.
    pub(super) async fn redeem(
        &self,
        endpoints: &Endpoints,
        redirect_uri: &str,
        code: &str,
        verifier: &str,
        nonce: &str,
    ) -> Result<Assertion, Refusal> {
        // Amazon Cognito sends the secret in the body too (client_secret_post).
        let form = encode([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("client_id", &self.config.client_id),
            ("client_secret", &self.config.client_secret),
            ("code_verifier", verifier),
        ]);
        let request = self
            .http
            .post(&endpoints.token_endpoint)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let token_response = self.ask(request, "token").await?;
        let id_token = self.verified(&token_response, nonce).await?;
        let subject = text(&id_token, "sub").unwrap_or_default().to_owned();
        let user_info = match &endpoints.userinfo_endpoint {
            Some(url) if self.needs_user_info(&id_token) => {
                let user_info = self.user_info(url, &token_response).await?;
                // OpenID Connect Core 1.0, 5.3.2: otherwise it may be about somebody else.
                if text(&user_info, "sub") != Some(&subject) {
                    return Err(self.refusal("the userinfo endpoint speaks of another user"));
                }
                user_info
            }
            _ => Map::new(),
        };
        Ok(Assertion { subject, token_response, id_token, user_info })
    }

    async fn verified(
        &self,
        token_response: &Map<String, Value>,
        nonce: &str,
    ) -> Result<Map<String, Value>, Refusal> {
        let token = text(token_response, "id_token").ok_or_else(|| self.refusal("there is no ID token"))?;
        let verified = self.verifier.verify(token).await.map_err(|error| {
            tracing::warn!(provider = self.config.name(), reason = error.reason(), "an ID token was refused");
            self.refusal("the ID token is not accepted")
        })?;
        let claims = verified.claims().as_map();
        if !text(claims, "nonce").is_some_and(|said| same_secret(said, nonce)) {
            return Err(self.refusal("the nonce of the ID token is another"));
        }
        // OpenID Connect Core 1.0, 3.1.3.7: a token for several audiences says for which client it was made.
        let several = claims.get("aud").and_then(Value::as_array).is_some_and(|list| list.len() > 1);
        let authorized = claims.get("azp");
        if (several || authorized.is_some())
            && authorized.and_then(Value::as_str) != Some(&self.config.client_id)
        {
            return Err(self.refusal("the ID token is for another client"));
        }
        Ok(claims.clone())
    }

    fn needs_user_info(&self, id_token: &Map<String, Value>) -> bool {
        self.config.mapping.values().any(|claim| !id_token.contains_key(claim))
    }

    async fn user_info(
        &self,
        url: &str,
        token_response: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Refusal> {
        let token =
            text(token_response, "access_token").ok_or_else(|| self.refusal("there is no access token"))?;
        let request = if self.config.user_info_by_post { self.http.post(url) } else { self.http.get(url) };
        self.ask(request.bearer_auth(token), "userinfo").await
    }

    async fn ask(&self, request: RequestBuilder, what: &str) -> Result<Map<String, Value>, Refusal> {
        let response = request.send().await.map_err(|error| {
            if error.is_timeout() {
                format!("Timeout occurred in calling IdP {what} endpoint")
            } else {
                self.refusal(&format!("the {what} endpoint cannot be reached"))
            }
        })?;
        if !response.status().is_success() {
            return Err(self.refusal(&format!("{} error getting {what}", response.status().as_u16())));
        }
        let body =
            read(response).await.ok_or_else(|| self.refusal(&format!("the {what} endpoint broke off")))?;
        serde_json::from_slice(&body)
            .map_err(|_| self.refusal(&format!("the {what} endpoint gave no JSON object")))
    }
}

async fn read(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}
