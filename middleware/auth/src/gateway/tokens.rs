//! Tokens that a service in front of this process has checked.

use std::{fmt, sync::Arc, time::Duration};

use http::HeaderMap;
use portcullis_rules::{Claims, Identity, User, VerifiedBy};
use serde_json::{Map, Value};

use super::{
    Flattening,
    flattened::{Agreement, is_time},
};
use crate::{
    Clock, ConfigError, Issuer, JwkSet, LEEWAY, MAX_TOKEN_BYTES, Mistake, Rejection, SystemClock,
    credentials::presented_token,
    issuer::{Kind, Stated},
    token::{Header, Parts, Terms, base64url},
    trusted_issuer::TrustedIssuer,
};

/// The groups of a user, as Amazon Cognito calls them.
const GROUPS: &str = "cognito:groups";

/// Which tokens a service in front of this process may have checked, and what is checked of them once more.
///
/// A gateway that has looked at a token hands on its claims and not its signature. It may have been set up for more clients, or
/// for another kind of token, than this service is meant for: API Gateway cannot tell an ID token from an access token at all. So
/// all that an [`Issuer`] states about its tokens is checked again, by the claims:
///
/// 1. `iss` is byte by byte that of one of these issuers, and what that issuer states of client, audience and token use holds.
/// 2. `exp` is in the future by the clock of this process, `nbf` is not, and `sub` is not empty. An HTTP API writes times as seconds, a
///    REST API as `Fri Jul 29 18:52:53 UTC 2016`; any other form is refused.
/// 3. There is no `cnf`: no gateway has asked for the proof of such a token.
/// 4. An OpenID Connect issuer says in the *header* of a token what it is for. Unless the token [itself](GatewayTokensBuilder::claims_of_token)
///    is read, such an issuer must waive that ([`Issuer::insecure_any_token_use`]).
///
/// An API Gateway makes a string of every claim. Of those, this is believed:
///
/// 5. `cognito:groups`, `aud` and the [`group_claims`](GatewayTokensBuilder::group_claims) are lists. An HTTP API writes `[a b]`, a REST
///    API `a,b`. `[]` and the empty text are no groups. What can be read in another way too is refused: `[a,b]`, `a b`,
///    `[a  b]`, anything in quotation marks, a name with a bracket, and the form of the other kind of API.
/// 6. Any other claim that may have been a list or an object is left out, and so names nobody: `[..]` and `map[..]` of an HTTP API, what has a
///    comma or begins with a bracket or brace at a REST API.
///
/// *Caveat:* a number or `true` that a gateway has made a string of cannot be told from that string, nor, at a REST API, a list of one name
/// from that name. Where it matters read the [claims of the token](GatewayTokensBuilder::claims_of_token).
///
/// *Caveat:* a group name with a space in it looks like two behind an HTTP API. Amazon Cognito allows none.
///
/// ```
/// use portcullis::{GatewayTokens, Issuer, TokenUse};
///
/// let pool = Issuer::cognito("eu-west-1", "eu-west-1_AbCdEfGhI").client_ids(["web"]).token_use(TokenUse::Access);
/// let tokens = GatewayTokens::builder().issuer(pool).build()?;
/// # drop(tokens);
///
/// let unsaid = Issuer::cognito("eu-west-1", "eu-west-1_AbCdEfGhI");
/// let mistakes = GatewayTokens::builder().issuer(unsaid).build().unwrap_err();
/// assert!(mistakes.to_string().contains("token_use"));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct GatewayTokens {
    shared: Arc<Shared>,
}

struct Shared {
    issuers: Vec<Expected>,
    /// Claims that are lists.
    lists: Vec<String>,
    reads_token: bool,
    clock: Arc<dyn Clock>,
    leeway: f64,
    max_token_bytes: usize,
    /// Stands for a header that nobody has seen. It says nothing that anything could follow from.
    unseen: Option<Header>,
}

struct Expected {
    issuer: TrustedIssuer,
    /// It is stated what the header must say.
    needs_header: bool,
}

/// Collects what [`GatewayTokens`] need.
#[derive(Clone, Debug)]
#[must_use]
pub struct GatewayTokensBuilder {
    issuers: Vec<Issuer>,
    group_claims: Vec<String>,
    reads_token: bool,
    clock: Arc<dyn Clock>,
    leeway: Duration,
    max_token_bytes: usize,
}

impl GatewayTokens {
    /// Begins a configuration.
    pub fn builder() -> GatewayTokensBuilder {
        GatewayTokensBuilder {
            issuers: Vec::new(),
            group_claims: Vec::new(),
            reads_token: false,
            clock: Arc::new(SystemClock),
            leeway: LEEWAY,
            max_token_bytes: MAX_TOKEN_BYTES,
        }
    }

    /// The caller whose claims API Gateway has made strings of.
    pub(super) fn caller_of_api<'a>(
        &self,
        flattening: Flattening,
        told: impl Iterator<Item = (&'a str, Value)>,
        headers: &HeaderMap,
    ) -> Result<Identity, Rejection> {
        let told: Map<String, Value> = told
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        if told.contains_key("cnf") {
            return Err(Rejection::SenderConstrained);
        }
        if self.shared.reads_token {
            let (header, claims) = self.claims_of_token(flattening, &told, headers)?;
            return self.caller(None, Some(&header), claims);
        }
        let claims = self.unflatten(flattening, told)?;
        self.caller(None, None, claims.into())
    }

    /// The caller whose claims are as the token has them; the kind of the issuer, if the service has told it.
    pub(super) fn caller(
        &self,
        kind: Option<Kind>,
        header: Option<&Header>,
        claims: Claims,
    ) -> Result<Identity, Rejection> {
        let named = claims.text("iss").ok_or(Rejection::Issuer)?;
        let is_it = |expected: &&Expected| {
            expected.issuer.url == named && kind.is_none_or(|kind| kind == expected.issuer.checks.kind)
        };
        let Expected { issuer, needs_header } =
            self.shared.issuers.iter().find(is_it).ok_or(Rejection::Issuer)?;
        match header {
            Some(header) => issuer.check_header(header)?,
            None if *needs_header => return Err(Rejection::TokenUse),
            None => {}
        }
        if claims.has("cnf") {
            return Err(Rejection::SenderConstrained);
        }
        let header = header.or(self.shared.unseen.as_ref()).ok_or(Rejection::HeaderJson)?;
        let terms = Terms { now: self.shared.clock.now(), leeway: self.shared.leeway };
        issuer.checks.check(header, &claims, terms)?;
        Ok(Identity::User(match issuer.checks.kind {
            Kind::Cognito => User::user_pools(claims, VerifiedBy::Gateway),
            Kind::Oidc => User::oidc(claims, VerifiedBy::Gateway),
        }))
    }

    /// Strings as what they were before, as far as that can be known.
    fn unflatten(
        &self,
        flattening: Flattening,
        told: Map<String, Value>,
    ) -> Result<Map<String, Value>, Rejection> {
        let mut claims = Map::new();
        for (name, value) in told {
            let value = match value {
                Value::String(text) if is_time(&name) => flattening.seconds(&text)?.into(),
                Value::String(text) if self.shared.lists.contains(&name) => {
                    flattening.list(&text).ok_or(Rejection::AmbiguousList)?
                }
                Value::String(text) if flattening.may_be_more(&text) => continue,
                value => value,
            };
            claims.insert(name, value);
        }
        Ok(claims)
    }

    /// The claims of the token in the request that the gateway's are made of; no other claim of it is believed.
    fn claims_of_token(
        &self,
        flattening: Flattening,
        told: &Map<String, Value>,
        headers: &HeaderMap,
    ) -> Result<(Header, Claims), Rejection> {
        let token = presented_token(headers).ok_or(Rejection::GatewayToken)?;
        let parts = Parts::of(token, self.shared.max_token_bytes)?;
        let header = Header::read(parts.header)?;
        let claims = Claims::from_json(parts.payload()?).map_err(|_| Rejection::ClaimsJson)?;
        if claims.has("cnf") {
            return Err(Rejection::SenderConstrained);
        }
        let mut agreed = Map::new();
        for (name, told) in told {
            let claim = claims.as_map().get(name).ok_or(Rejection::GatewayToken)?;
            match flattening.compare(name, told, claim) {
                Agreement::Same => drop(agreed.insert(name.clone(), claim.clone())),
                Agreement::Different => return Err(Rejection::GatewayToken),
                Agreement::Unknown => {}
            }
        }
        if ["iss", "sub", "exp"].into_iter().all(|name| agreed.contains_key(name)) {
            Ok((header, agreed.into()))
        } else {
            Err(Rejection::GatewayToken)
        }
    }
}

impl GatewayTokensBuilder {
    /// Adds an issuer whose tokens the gateway checks. Its keys mean nothing here.
    pub fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Claims that hold groups, besides `cognito:groups`.
    pub fn group_claims(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.group_claims = names.into_iter().map(Into::into).collect();
        self
    }

    /// Reads the claims from the token that the gateway has checked, which is in the `Authorization` header of the request, with `Bearer`
    /// or without. They are then lists, numbers and texts as the issuer wrote them.
    ///
    /// Its signature is not checked again. Instead `iss`, `sub` and `exp` have to be there and agree with the gateway's; so has
    /// each text and each list that the gateway tells of, written as a gateway writes it. One that disagrees, a claim that the gateway
    /// knows and the token does not, or no token, and the request is refused. What the gateway does not tell of is left out.
    ///
    /// *Caveat:* say this only where the authorizer reads that header. Behind one that takes its token from elsewhere, a caller could
    /// send there a token that spells the same claims in another way.
    pub fn claims_of_token(mut self) -> Self {
        self.reads_token = true;
        self
    }

    /// Reads the time from here instead of from the operating system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// By how much the clocks of the issuer and this machine may differ; by default [`LEEWAY`].
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The longest token that is read, in bytes; by default [`MAX_TOKEN_BYTES`].
    pub fn max_token_bytes(mut self, limit: usize) -> Self {
        self.max_token_bytes = limit;
        self
    }

    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// Names every mistake, among them each check that was neither stated nor waived.
    pub fn build(self) -> Result<GatewayTokens, ConfigError> {
        let mut mistakes = Vec::new();
        if self.issuers.is_empty() {
            mistakes.push(Mistake::NoIssuer);
        }
        if self.max_token_bytes == 0 {
            mistakes.push(Mistake::SizeLimit);
        }
        let mut issuers: Vec<Expected> = Vec::new();
        for issuer in self.issuers {
            let url = issuer.url.clone();
            if issuers.iter().any(|known| known.issuer.url == url) {
                mistakes.push(Mistake::IssuerTwice(url.clone()));
            }
            if issuer.is_any {
                mistakes.push(Mistake::AnyIssuerAtGateway { issuer: url.clone() });
            }
            let needs_header = issuer.kind == Kind::Oidc && matches!(issuer.token_use, Stated::Required(_))
                || issuer.types.is_some()
                || issuer.algorithms.is_some();
            if needs_header && !self.reads_token {
                mistakes.push(Mistake::HeaderUnseen { issuer: url });
            }
            // No signature is checked, so no keys are needed.
            let issuer = issuer.keys(JwkSet::default());
            let issuer = TrustedIssuer::new(issuer, None, &self.clock, &mut mistakes);
            issuers.push(Expected { issuer, needs_header });
        }
        ConfigError::check(mistakes)?;
        let lists = [GROUPS, "aud"].into_iter().map(str::to_owned).chain(self.group_claims).collect();
        let shared = Shared {
            issuers,
            lists,
            reads_token: self.reads_token,
            clock: self.clock,
            leeway: self.leeway.as_secs_f64(),
            max_token_bytes: self.max_token_bytes,
            unseen: Header::read(&base64url::encode(r#"{"alg":"RS256"}"#)).ok(),
        };
        Ok(GatewayTokens { shared: Arc::new(shared) })
    }
}

impl fmt::Debug for GatewayTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers: Vec<&str> = self.shared.issuers.iter().map(|it| it.issuer.url.as_str()).collect();
        f.debug_struct("GatewayTokens").field("issuers", &issuers).finish_non_exhaustive()
    }
}
