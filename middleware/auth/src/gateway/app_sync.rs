//! Callers whom AWS AppSync has checked.

use portcullis_rules::{Claim, Claims, FunctionCaller, Identity, Provider};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{
    GatewayTokens, SignIns, SignedCallers,
    signed::{Signed, standing},
};
use crate::{Rejection, issuer::Kind};

/// Which checks of AWS AppSync are believed. None, unless said.
///
/// AppSync has authorized a request before it calls a resolver, and tells who calls in `identity`. Say here in which modes the API may
/// have done so. What a mode is, `identity` does not say; it is known by the names that it has, in this order:
///
/// | `identity` | mode | trusted by | becomes |
/// |---|---|---|---|
/// | `null` | `API_KEY` | [`api_key`](Self::api_key) | [`Identity::ApiKey`] |
/// | has `resolverContext` (AppSync Events: `handlerContext`) | `AWS_LAMBDA` | [`lambda_authorizer`](Self::lambda_authorizer) | [`Identity::Function`] |
/// | has `accountId` or `userArn` | `AWS_IAM` | [`iam`](Self::iam) | [`Identity::Iam`] |
/// | has `defaultAuthStrategy`, or `username` and `sourceIp` | `AMAZON_COGNITO_USER_POOLS` | [`tokens`](Self::tokens) | [`Identity::User`] |
/// | has `claims`, `issuer` and `sub` | `OPENID_CONNECT` | [`tokens`](Self::tokens) | [`Identity::User`] |
/// | anything else | | | refused |
///
/// 1. An event without a member `identity` is not one where it is `null`: it is refused.
/// 2. `issuer` and `sub` beside the claims have to be those in the claims. `groups` beside the claims may name more than the claims do, such as the group
///    `<pool id>_<provider>` of a user from elsewhere, and must name all of theirs; what rules ask is the claims.
/// 3. Of a token, all is checked again that [`GatewayTokens`] name. AppSync does not show its header, so that an OpenID Connect issuer has to waive
///    the token use.
/// 4. `sourceIp` and what the client sends as headers are not read.
///
/// *Caveat:* whoever may invoke the function directly writes the event. Nobody but AppSync should have that permission.
///
/// ```
/// use portcullis::{AppSyncError, GatewayTokens, TokenUse, TrustedAppSync, rules::{Identity, Provider}, testkit::TestIssuer};
/// use serde_json::json;
///
/// let pool = TestIssuer::cognito();
/// let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
/// let tokens = GatewayTokens::builder().issuer(issuer).clock(pool.clock()).build()?;
/// let trusted = TrustedAppSync::new().tokens(tokens).iam().user_pool("eu-west-1_TestPool1");
///
/// let claims = json!({
///     "iss": pool.url(), "sub": "ada", "token_use": "access", "client_id": "web", "exp": TestIssuer::NOW + 60,
///     "cognito:groups": ["editors"], "username": "ada",
/// });
/// let event = json!({
///     "arguments": {}, "source": null, "info": { "fieldName": "getNote", "parentTypeName": "Query" },
///     "identity": {
///         "sub": "ada", "issuer": pool.url(), "username": "ada", "claims": claims, "groups": ["editors"],
///         "sourceIp": ["203.0.113.1"], "defaultAuthStrategy": "ALLOW",
///     },
/// });
/// assert_eq!(trusted.caller(&event)?.sub(), Some("ada"));
///
/// let with_key = json!({ "identity": null });
/// assert_eq!(trusted.caller(&with_key), Err(AppSyncError::NotTrusted(Provider::ApiKey)));
/// assert_eq!(trusted.api_key().caller(&with_key)?, Identity::ApiKey);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct TrustedAppSync {
    api_key: bool,
    iam: bool,
    signed: SignedCallers,
    tokens: Option<GatewayTokens>,
    function: bool,
}

/// Why nobody is believed to call. The text is for the log.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppSyncError {
    /// The identity is of no kind that AppSync is known to write, or contradicts itself.
    #[error("the identity is of no known kind")]
    Unknown,
    /// Callers of this kind are not believed to be checked.
    #[error("callers of the provider `{0}` are not trusted")]
    NotTrusted(Provider),
    /// The token that AppSync has checked is not one that is good here.
    #[error("token rejected: {0}")]
    Rejected(#[from] Rejection),
}

impl AppSyncError {
    /// A short code for logs and metrics.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_identity",
            Self::NotTrusted(_) => "not_trusted",
            Self::Rejected(rejection) => rejection.code(),
        }
    }
}

impl TrustedAppSync {
    /// Believes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Believes that AppSync has checked an API key: everybody who has the client.
    pub fn api_key(mut self) -> Self {
        self.api_key = true;
        self
    }

    /// Believes who signed the request. Whether the caller comes from *our* identity pool is for
    /// [`Authorizer::identity_pool`](portcullis_rules::Authorizer::identity_pool) to say.
    pub fn iam(mut self) -> Self {
        self.iam = true;
        self
    }

    /// Of callers who signed the request, knows those who have signed in with this user pool by their `sub`
    /// ([`IamCaller::sub`](portcullis_rules::IamCaller)).
    pub fn user_pool(mut self, id: &str) -> Self {
        self.signed.user_pool = Some(id.into());
        self
    }

    /// Of callers who signed the request, believes none who come from another identity pool than this.
    pub fn identity_pool(mut self, id: &str) -> Self {
        self.signed.identity_pool = Some(id.into());
        self
    }

    /// Believes that AppSync has checked these tokens, those of user pools and those of OpenID Connect issuers.
    pub fn tokens(mut self, tokens: GatewayTokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Believes what a Lambda authorizer said about the caller.
    pub fn lambda_authorizer(mut self) -> Self {
        self.function = true;
        self
    }

    /// Who calls, by the event of a resolver or one of a batch.
    ///
    /// # Errors
    ///
    /// When nobody is believed to call. A client is told no more than that it is not authorized.
    pub fn caller(&self, context: &Value) -> Result<Identity, AppSyncError> {
        match context.get("identity") {
            Some(Value::Null) if self.api_key => Ok(Identity::ApiKey),
            Some(Value::Null) => Err(AppSyncError::NotTrusted(Provider::ApiKey)),
            Some(Value::Object(identity)) => self.caller_of(identity),
            _ => Err(AppSyncError::Unknown),
        }
    }

    fn caller_of(&self, identity: &Map<String, Value>) -> Result<Identity, AppSyncError> {
        let has = |name: &str| identity.contains_key(name);
        if let Some(context) = identity.get("resolverContext").or_else(|| identity.get("handlerContext")) {
            return self.function(context);
        }
        if has("accountId") || has("userArn") {
            return self.signed(identity);
        }
        if has("defaultAuthStrategy") || has("username") && has("sourceIp") {
            return self.user(Kind::Cognito, identity);
        }
        if has("claims") && has("issuer") && has("sub") {
            return self.user(Kind::Oidc, identity);
        }
        Err(AppSyncError::Unknown)
    }

    fn function(&self, context: &Value) -> Result<Identity, AppSyncError> {
        let context = match context {
            // An authorizer need not say anything but that the caller may come in.
            Value::Null => Claims::default(),
            Value::Object(context) => context.clone().into(),
            _ => return Err(AppSyncError::Unknown),
        };
        if !self.function {
            return Err(AppSyncError::NotTrusted(Provider::Function));
        }
        Ok(Identity::Function(FunctionCaller { context }))
    }

    fn signed(&self, identity: &Map<String, Value>) -> Result<Identity, AppSyncError> {
        if !self.iam {
            return Err(AppSyncError::NotTrusted(Provider::IdentityPool));
        }
        let text = |name: &str| identity.get(name).and_then(Value::as_str);
        let sign_ins = text("cognitoIdentityAuthProvider").and_then(|told| SignIns::parse(told).ok());
        let caller = self.signed.caller(Signed {
            user_arn: text("userArn"),
            identity_pool_id: text("cognitoIdentityPoolId"),
            identity_id: text("cognitoIdentityId"),
            authenticated: standing(text("cognitoIdentityAuthType").into_iter()),
            sign_ins: sign_ins.unwrap_or_default(),
        });
        caller.map(Identity::Iam).ok_or(AppSyncError::Unknown)
    }

    fn user(&self, kind: Kind, identity: &Map<String, Value>) -> Result<Identity, AppSyncError> {
        let Some(tokens) = &self.tokens else {
            return Err(AppSyncError::NotTrusted(match kind {
                Kind::Cognito => Provider::UserPools,
                Kind::Oidc => Provider::Oidc,
            }));
        };
        let Some(Value::Object(claims)) = identity.get("claims") else {
            return Err(AppSyncError::Unknown);
        };
        let claims = Claims::from(claims.clone());
        let text = |name: &str| identity.get(name).and_then(Value::as_str);
        for (beside, claim) in [("issuer", "iss"), ("sub", "sub")] {
            if text(beside).is_none() || text(beside) != claims.text(claim) {
                return Err(AppSyncError::Unknown);
            }
        }
        if let Some(Value::Array(groups)) = identity.get("groups")
            && let Some(Claim::List(claimed)) = claims.value("cognito:groups")
            && !claimed.texts().all(|claimed| groups.iter().any(|group| group == claimed))
        {
            return Err(AppSyncError::Unknown);
        }
        Ok(tokens.caller(Some(kind), None, claims)?)
    }
}
