//! Callers whom API Gateway has checked.

use std::sync::Arc;

use http::HeaderMap;
use lambda_http::{
    aws_lambda_events::apigw::{ApiGatewayProxyRequestContext, ApiGatewayV2httpRequestContext},
    request::RequestContext,
};
use portcullis_rules::{Claims, FunctionCaller, Identity};
use serde_json::Value;

use super::{
    Flattening, GatewayTokens, SignIns, SignedCallers, authorizer_context,
    signed::{Signed, standing},
};
use crate::{Clock, Rejection, SystemClock};

/// Which checks of API Gateway are believed. None, unless said.
///
/// API Gateway tells a function who calls in the event's `requestContext`, apart from anything that a client sends. It fills
/// that in for every kind of route, so that its presence proves nothing: say here what *all* routes that lead to the function
/// have been set up with.
///
/// | trusted | HTTP API (payload 2.0), function URL | REST API (payload 1.0) | becomes |
/// |---|---|---|---|
/// | [`iam`](Self::iam) | `authorizer.iam` | `identity.userArn`, `identity.cognito*` | [`Identity::Iam`] |
/// | [`lambda_authorizer`](Self::lambda_authorizer) | `authorizer.lambda` | `authorizer.principalId` and what stands beside it | [`Identity::Function`] |
/// | [`tokens`](Self::tokens) | `authorizer.jwt.claims` (a JWT authorizer) | `authorizer.claims` (a Cognito authorizer) | [`Identity::User`] |
///
/// 1. A context that tells of two ways to come in, or of a caller without a name, tells of nobody.
/// 2. Whether an identity of an identity pool has signed in or is a guest is only said when AWS says it, and just one of them.
/// 3. An HTTP API does not show whether an authorizer that gives no context has run: such an authorizer must give at least one
///    entry. In a payload of version 1.0 it must give a `principalId`.
/// 4. A gateway may keep the answer of a Lambda authorizer for an hour. If the authorizer says `exp`, seconds after 1970 as
///    [`AuthorizerContext`](crate::AuthorizerContext) does, its answer is good until then and no longer; an `exp` of another form is
///    refused.
/// 5. Of a token that the gateway has checked, all is checked again that [`GatewayTokens`] name. Where no tokens are trusted, the claims are
///    not looked at, and this crate checks the token in the request.
///
/// *Caveat:* whoever may invoke the function directly writes the event. Nobody but the gateway should have that permission.
///
/// # `AWS_IAM`
///
/// ```
/// use http::HeaderMap;
/// use lambda_http::request::{LambdaRequest, RequestContext};
/// use portcullis::{TrustedGateway, rules::Identity};
///
/// let provider = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI";
/// let event = serde_json::json!({
///     "version": "2.0", "routeKey": "$default", "rawPath": "/", "headers": {}, "isBase64Encoded": false,
///     "requestContext": {
///         "http": { "method": "GET", "path": "/" },
///         "authorizer": { "iam": {
///             "userArn": "arn:aws:sts::111122223333:assumed-role/member/CognitoIdentityCredentials",
///             "cognitoIdentity": {
///                 "amr": ["authenticated", provider, format!("{provider}:CognitoSignIn:ada")],
///                 "identityId": "eu-west-1:i", "identityPoolId": "eu-west-1:p",
///             },
///         } },
///     },
/// });
/// let LambdaRequest::ApiGatewayV2(event) = serde_json::from_value(event)? else { panic!("another event") };
/// let (context, headers) = (RequestContext::ApiGatewayV2(event.request_context), HeaderMap::new());
///
/// assert_eq!(TrustedGateway::new().caller(&context, &headers)?, None);
/// let trusted = TrustedGateway::new().iam().user_pool("eu-west-1_AbCdEfGhI");
/// let Some(Identity::Iam(caller)) = trusted.caller(&context, &headers)? else { panic!("another caller") };
/// assert_eq!(caller.sub.as_deref(), Some("ada"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # A JWT authorizer
///
/// ```
/// use http::HeaderMap;
/// use lambda_http::request::{LambdaRequest, RequestContext};
/// use portcullis::{GatewayTokens, Rejection, TokenUse, TrustedGateway, testkit::TestIssuer};
///
/// let pool = TestIssuer::cognito();
/// let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
/// let tokens = GatewayTokens::builder().issuer(issuer).clock(pool.clock()).build()?;
/// let trusted = TrustedGateway::new().tokens(tokens);
///
/// let context = |token_use: &str| {
///     let exp = (TestIssuer::NOW + 60).to_string();
///     let event = serde_json::json!({
///         "version": "2.0", "routeKey": "$default", "rawPath": "/", "headers": {}, "isBase64Encoded": false,
///         "requestContext": {
///             "http": { "method": "GET", "path": "/" },
///             "authorizer": { "jwt": { "scopes": null, "claims": {
///                 "iss": pool.url(), "sub": "ada", "client_id": "web", "token_use": token_use, "exp": exp,
///                 "cognito:groups": "[editors eu-west-1_TestPool1_Google]",
///             } } },
///         },
///     });
///     let LambdaRequest::ApiGatewayV2(event) = serde_json::from_value(event).unwrap() else { panic!("another event") };
///     RequestContext::ApiGatewayV2(event.request_context)
/// };
///
/// let identity = trusted.caller(&context("access"), &HeaderMap::new())?.expect("a caller");
/// let claims = identity.user().expect("a user").claims();
/// assert_eq!(claims.get("cognito:groups"), Some(&serde_json::json!(["editors", "eu-west-1_TestPool1_Google"])));
/// // The gateway would let ID tokens through.
/// assert_eq!(trusted.caller(&context("id"), &HeaderMap::new()), Err(Rejection::TokenUse));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TrustedGateway {
    iam: bool,
    signed: SignedCallers,
    function: bool,
    tokens: Option<GatewayTokens>,
    clock: Arc<dyn Clock>,
}

impl TrustedGateway {
    /// Believes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Believes who signed the request: `AWS_IAM` authorization. Whether the caller comes from *our* identity pool is for
    /// [`Authorizer::identity_pool`](portcullis_rules::Authorizer::identity_pool) to say.
    pub fn iam(mut self) -> Self {
        self.iam = true;
        self
    }

    /// Of callers who signed the request, knows those who have signed in with this user pool by their `sub`
    /// ([`IamCaller::sub`](portcullis_rules::IamCaller)). It is an id such as `eu-west-1_AbCdEfGhI`; see [`SignIns`].
    pub fn user_pool(mut self, id: &str) -> Self {
        self.signed.user_pool = Some(id.into());
        self
    }

    /// Of callers who signed the request, believes none who come from another identity pool than this.
    pub fn identity_pool(mut self, id: &str) -> Self {
        self.signed.identity_pool = Some(id.into());
        self
    }

    /// Believes what a Lambda authorizer said about the caller.
    pub fn lambda_authorizer(mut self) -> Self {
        self.function = true;
        self
    }

    /// Believes that a JWT authorizer of an HTTP API, or a Cognito authorizer of a REST API, has checked the signature of these tokens.
    pub fn tokens(mut self, tokens: GatewayTokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Reads the time until which an answer of a Lambda authorizer is good from here instead of from the operating system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Who calls, as far as the gateway says so and is believed. `None` if it does not say, or not in a way that is believed.
    ///
    /// The headers are those of the request. They are read only for [`GatewayTokensBuilder::claims_of_token`](crate::GatewayTokensBuilder::claims_of_token).
    ///
    /// # Errors
    ///
    /// When the gateway has checked a token that is not good here, where tokens are trusted, and when the answer of a Lambda
    /// authorizer is older than it may be.
    pub fn caller(
        &self,
        context: &RequestContext,
        headers: &HeaderMap,
    ) -> Result<Option<Identity>, Rejection> {
        if !self.iam && !self.function && self.tokens.is_none() {
            return Ok(None);
        }
        let (told, flattening) = match context {
            RequestContext::ApiGatewayV1(context) => (Told::by_rest_api(context), Flattening::RestApi),
            RequestContext::ApiGatewayV2(context) => (Told::by_http_api(context), Flattening::HttpApi),
            // Other services have other contexts.
            _ => return Ok(None),
        };
        match told {
            Told { signed: Some(signed), function: None, token: None } if self.iam => {
                Ok(self.signed.caller(signed).map(Identity::Iam))
            }
            Told { signed: None, function: Some(caller), token: None } if self.function => {
                authorizer_context::check_time(&caller.context, self.clock.now())?;
                Ok(Some(Identity::Function(caller)))
            }
            Told { signed: None, function: None, token: Some(claims) } => match &self.tokens {
                Some(tokens) => {
                    let claims = claims.ok_or(Rejection::ClaimsJson)?;
                    tokens.caller_of_api(flattening, claims.into_iter(), headers).map(Some)
                }
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }
}

impl Default for TrustedGateway {
    fn default() -> Self {
        Self {
            iam: false,
            signed: SignedCallers::default(),
            function: false,
            tokens: None,
            clock: Arc::new(SystemClock),
        }
    }
}

/// What a context says, whether or not it is believed.
#[derive(Default)]
struct Told<'a> {
    signed: Option<Signed<'a>>,
    function: Option<FunctionCaller>,
    /// It speaks of a token that the gateway has looked at: its claims, if they can be read.
    token: Option<Option<Vec<(&'a str, Value)>>>,
}

impl<'a> Told<'a> {
    fn by_http_api(context: &'a ApiGatewayV2httpRequestContext) -> Self {
        let Some(authorizer) = &context.authorizer else {
            return Self::default();
        };
        let signed = authorizer.iam.as_ref().map(|iam| {
            let pool = iam.cognito_identity.as_ref();
            let amr = || pool.into_iter().flat_map(|pool| pool.amr.iter().map(String::as_str));
            Signed {
                user_arn: iam.user_arn.as_deref(),
                identity_pool_id: pool.and_then(|pool| pool.identity_pool_id.as_deref()),
                identity_id: pool.and_then(|pool| pool.identity_id.as_deref()),
                authenticated: standing(amr()),
                sign_ins: SignIns::from_amr(amr()).unwrap_or_default(),
            }
        });
        let function = (!authorizer.fields.is_empty()).then(|| said(authorizer.fields.iter()));
        let token = authorizer.jwt.as_ref().map(|jwt| {
            Some(jwt.claims.iter().map(|(name, text)| (name.as_str(), text.as_str().into())).collect())
        });
        // An empty object stands where nobody has signed.
        let signed = signed.filter(|signed| signed.user_arn.is_some());
        Self { signed, function, token }
    }

    fn by_rest_api(context: &'a ApiGatewayProxyRequestContext) -> Self {
        let identity = &context.identity;
        let provider = identity.cognito_authentication_provider.as_deref();
        let signed = identity.user_arn.as_deref().map(|user_arn| Signed {
            user_arn: Some(user_arn),
            identity_pool_id: identity.cognito_identity_pool_id.as_deref(),
            identity_id: identity.cognito_identity_id.as_deref(),
            authenticated: standing(identity.cognito_authentication_type.as_deref().into_iter()),
            sign_ins: provider.and_then(|told| SignIns::parse(told).ok()).unwrap_or_default(),
        });
        let fields = &context.authorizer.fields;
        // A Cognito authorizer gives `claims`, a name that is closed to Lambda authorizers.
        let token = fields.get("claims").filter(|claims| !claims.is_null()).map(|claims| {
            let claims = claims.as_object()?;
            Some(claims.iter().map(|(name, value)| (name.as_str(), value.clone())).collect())
        });
        let principal = fields.get("principalId").and_then(Value::as_str);
        let function = principal.filter(|principal| !principal.is_empty()).map(|_| {
            // How long the authorizer took says nothing about the caller.
            said(fields.iter().filter(|(entry, _)| *entry != "integrationLatency"))
        });
        Self { signed, function, token }
    }
}

fn said<'a>(entries: impl Iterator<Item = (&'a String, &'a Value)>) -> FunctionCaller {
    FunctionCaller { context: entries.map(|(name, value)| (name.clone(), value.clone())).collect::<Claims>() }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use lambda_http::request::LambdaRequest;
    use portcullis_rules::IamCaller;
    use proptest::{collection, option, prelude::*, test_runner::TestRunner};
    use serde_json::json;

    use super::{super::signed::MAX_NAME, *};
    use crate::{AuthorizerContext, TrustedAppSync, testkit::ManualClock};

    const ARN: &str = "arn:aws:sts::111122223333:assumed-role/member/CognitoIdentityCredentials";

    fn read(event: Value) -> RequestContext {
        match serde_json::from_value(event.clone()).unwrap_or_else(|error| panic!("{event}: {error}")) {
            LambdaRequest::ApiGatewayV1(event) => RequestContext::ApiGatewayV1(event.request_context),
            LambdaRequest::ApiGatewayV2(event) => RequestContext::ApiGatewayV2(event.request_context),
            other => panic!("{other:?}"),
        }
    }

    fn http_api(authorizer: &Value) -> RequestContext {
        read(json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "headers": {}, "isBase64Encoded": false,
            "requestContext": { "http": { "method": "GET", "path": "/" }, "authorizer": authorizer },
        }))
    }

    fn rest_api(identity: &Value, authorizer: &Value) -> RequestContext {
        read(json!({
            "resource": "/", "path": "/", "httpMethod": "GET", "headers": {}, "multiValueHeaders": {},
            "isBase64Encoded": false,
            "requestContext": { "httpMethod": "GET", "identity": identity, "authorizer": authorizer },
        }))
    }

    fn everything() -> TrustedGateway {
        TrustedGateway::new().iam().user_pool("eu-west-1_x").lambda_authorizer()
    }

    fn caller(trusted: &TrustedGateway, context: &RequestContext) -> Option<Identity> {
        trusted.caller(context, &HeaderMap::new()).unwrap()
    }

    fn user(identity: Option<Identity>, sub: &str) -> Option<Identity> {
        match identity {
            Some(Identity::Iam(caller)) => {
                Some(Identity::Iam(IamCaller { sub: Some(sub.to_owned()), ..caller }))
            }
            other => other,
        }
    }

    fn member(authenticated: Option<bool>) -> Option<Identity> {
        Some(Identity::Iam(IamCaller {
            user_arn: Some(ARN.to_owned()),
            identity_pool_id: Some("eu-west-1:p".to_owned()),
            identity_id: Some("eu-west-1:i".to_owned()),
            authenticated,
            sub: None,
        }))
    }

    fn role() -> Option<Identity> {
        Some(Identity::Iam(IamCaller { user_arn: Some(ARN.to_owned()), ..IamCaller::default() }))
    }

    fn function(context: &Value) -> Option<Identity> {
        let context = context.as_object().unwrap().clone().into();
        Some(Identity::Function(FunctionCaller { context }))
    }

    fn amr(words: &Value) -> RequestContext {
        let pool = json!({ "amr": words, "identityId": "eu-west-1:i", "identityPoolId": "eu-west-1:p" });
        http_api(&json!({ "iam": {
            "accessKey": "ASIAEXAMPLE", "accountId": "111122223333", "callerId": "AROAEXAMPLE:CognitoIdentityCredentials",
            "cognitoIdentity": pool, "principalOrgId": null, "userArn": ARN, "userId": "AROAEXAMPLE:CognitoIdentityCredentials",
        } }))
    }

    fn pool_type(kind: &Value) -> RequestContext {
        pool_user(kind, &Value::Null)
    }

    fn pool_user(kind: &Value, provider: &Value) -> RequestContext {
        let identity = json!({
            "cognitoAuthenticationProvider": provider,
            "cognitoIdentityPoolId": "eu-west-1:p", "cognitoIdentityId": "eu-west-1:i", "cognitoAuthenticationType": kind,
            "userArn": ARN, "sourceIp": "203.0.113.1",
        });
        rest_api(&identity, &Value::Null)
    }

    #[test]
    fn what_a_gateway_says_becomes_an_identity() {
        let provider = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x";
        let signed_in = json!(["authenticated", provider, format!("{provider}:CognitoSignIn:u1")]);
        let other = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_y";
        let with_other = json!(["authenticated", other, format!("{other}:CognitoSignIn:u1")]);
        let told = json!(format!("{provider},{provider}:CognitoSignIn:u1"));
        let no_one = json!({ "sourceIp": "203.0.113.1", "userArn": null });
        let lambda = json!({ "tenant": "acme", "level": 3, "tags": ["a"] });
        let strings = json!({ "principalId": "p1", "tenant": "acme" });
        let with_latency = json!({ "principalId": "p1", "tenant": "acme", "integrationLatency": 12 });
        let iam = json!({ "userArn": ARN });
        let table = [
            (amr(&signed_in), user(member(Some(true)), "u1")),
            (amr(&with_other), member(Some(true))),
            (amr(&json!(["unauthenticated", format!("{provider}:CognitoSignIn:u1")])), member(Some(false))),
            (amr(&json!(["unauthenticated"])), member(Some(false))),
            (amr(&json!([])), member(None)),
            (amr(&json!(["authenticated", "unauthenticated"])), member(None)),
            (amr(&json!(["Authenticated"])), member(None)),
            (http_api(&json!({ "iam": iam })), role()),
            (http_api(&json!({ "iam": { "userArn": ARN, "cognitoIdentity": null } })), role()),
            (http_api(&json!({ "lambda": lambda })), function(&lambda)),
            (pool_user(&json!("authenticated"), &told), user(member(Some(true)), "u1")),
            (pool_user(&json!("unauthenticated"), &told), member(Some(false))),
            (pool_user(&json!("authenticated"), &json!("\"")), member(Some(true))),
            (pool_type(&json!("authenticated")), member(Some(true))),
            (pool_type(&json!("unauthenticated")), member(Some(false))),
            (pool_type(&Value::Null), member(None)),
            (rest_api(&iam, &Value::Null), role()),
            (rest_api(&no_one, &with_latency), function(&strings)),
            // Nobody was checked, or not in a way that is believed here.
            (http_api(&Value::Null), None),
            (http_api(&json!({})), None),
            (http_api(&json!({ "lambda": null })), None),
            (http_api(&json!({ "lambda": {} })), None),
            (http_api(&json!({ "iam": {} })), None),
            (http_api(&json!({ "iam": { "userArn": "" } })), None),
            (http_api(&json!({ "iam": { "userArn": "arn with a space" } })), None),
            (http_api(&json!({ "iam": { "userArn": "a".repeat(MAX_NAME + 1) } })), None),
            (http_api(&json!({ "jwt": { "claims": { "sub": "u1" }, "scopes": null } })), None),
            (rest_api(&no_one, &Value::Null), None),
            (rest_api(&no_one, &json!({})), None),
            (rest_api(&no_one, &json!({ "claims": null, "scopes": null })), None),
            (rest_api(&no_one, &json!({ "claims": { "sub": "u1" } })), None),
            (rest_api(&no_one, &json!({ "tenant": "acme" })), None),
            (rest_api(&no_one, &json!({ "principalId": "" })), None),
            (rest_api(&no_one, &json!({ "principalId": { "id": "p1" } })), None),
            // Two ways at once.
            (http_api(&json!({ "iam": iam, "lambda": lambda })), None),
            (http_api(&json!({ "iam": iam, "jwt": { "claims": {}, "scopes": null } })), None),
            (rest_api(&iam, &strings), None),
            (rest_api(&no_one, &json!({ "principalId": "p1", "claims": { "sub": "u1" } })), None),
        ];
        for (context, expected) in table {
            assert_eq!(caller(&everything(), &context), expected, "{context:?}");
            assert_eq!(caller(&TrustedGateway::new(), &context), None, "{context:?}");
            let alone = [TrustedGateway::new().iam(), TrustedGateway::new().lambda_authorizer()]
                .map(|trust| caller(&trust, &context));
            let [iam, function] = alone.each_ref().map(Option::is_some);
            assert_eq!(iam, matches!(expected, Some(Identity::Iam(_))), "{context:?}");
            assert_eq!(function, matches!(expected, Some(Identity::Function(_))), "{context:?}");
        }
    }

    #[test]
    fn what_our_authorizer_says_comes_through_every_gateway_unchanged() {
        let names = || collection::vec(".{0,12}|[a-z, \\[\\]\"]{1,8}", 0..5);
        let scopes = collection::vec("[!-~&&[^\"\\\\]]{1,12}", 0..4);
        let said = (".{1,20}", option::of(names()), option::of(scopes), 1..u64::MAX >> 12);
        let mut runner = TestRunner::new(ProptestConfig::with_cases(256));
        let outcome = runner.run(&said, |(sub, groups, scopes, exp)| {
            let said = AuthorizerContext { sub, groups, scopes, exp };
            let entries: Value =
                said.entries().into_iter().map(|(name, text)| (name.to_owned(), Value::from(text))).collect();
            let mut by_rest = entries.clone();
            by_rest["principalId"] = json!("principal");
            by_rest["integrationLatency"] = json!(7);
            let trusted = TrustedGateway::new().lambda_authorizer().clock(ManualClock::at(0));
            let no_one = json!({ "sourceIp": "203.0.113.1", "userArn": null });
            let app_sync = TrustedAppSync::new().lambda_authorizer();
            for identity in [
                caller(&trusted, &http_api(&json!({ "lambda": entries }))),
                caller(&trusted, &rest_api(&no_one, &by_rest)),
                app_sync.caller(&json!({ "identity": { "resolverContext": entries } })).ok(),
            ] {
                let Some(Identity::Function(caller)) = identity else { panic!("{identity:?}") };
                prop_assert_eq!(AuthorizerContext::read(&caller.context), Ok(said.clone()));
            }
            let late = TrustedGateway::new().lambda_authorizer().clock(ManualClock::at(exp));
            for context in [http_api(&json!({ "lambda": entries })), rest_api(&no_one, &by_rest)] {
                prop_assert_eq!(late.caller(&context, &HeaderMap::new()), Err(Rejection::Expired));
            }
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{error}"));
    }

    fn value() -> impl Strategy<Value = Value> {
        let words = ["authenticated", "unauthenticated", ARN, "principalId", "", "\0", "\u{202e}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            prop::sample::select(words.to_vec()).prop_map(Value::from),
        ];
        let names = ["iam", "lambda", "jwt", "claims", "principalId", "userArn", "cognitoIdentity", "amr"];
        leaf.prop_recursive(4, 24, 6, move |inner| {
            let name = prop_oneof![
                prop::sample::select(names.to_vec()).prop_map(str::to_owned),
                ".{0,6}".prop_map(String::from)
            ];
            prop_oneof![
                collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                collection::vec((name, inner), 0..6)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    /// What a proxy of this version says about a request.
    fn context(version: &str, context: &Value) -> Option<RequestContext> {
        let event = match version {
            "2.0" => json!({
                "version": version, "routeKey": "$default", "rawPath": "/", "headers": {}, "isBase64Encoded": false,
                "requestContext": context,
            }),
            _ => json!({
                "version": version, "resource": "/", "path": "/", "httpMethod": "GET", "headers": {},
                "multiValueHeaders": {}, "isBase64Encoded": false, "requestContext": context,
            }),
        };
        match serde_json::from_value(event) {
            Ok(LambdaRequest::ApiGatewayV1(event)) => {
                Some(RequestContext::ApiGatewayV1(event.request_context))
            }
            Ok(LambdaRequest::ApiGatewayV2(event)) => {
                Some(RequestContext::ApiGatewayV2(event.request_context))
            }
            _ => None,
        }
    }

    #[test]
    fn whatever_stands_in_a_context_nobody_is_made_up() {
        const CASES: u32 = 256;
        let (mut runner, read) = (TestRunner::new(ProptestConfig::with_cases(CASES)), Cell::new([0_u32; 4]));
        let text = || prop_oneof![Just(ARN.to_owned()), "[ -~]{0,30}", ".{0,6}"];
        let outcome = runner.run(&(value(), value(), text(), text()), |(identity, authorizer, arn, id)| {
            let pool = json!({ "userArn": arn, "cognitoIdentityPoolId": id, "cognitoAuthenticationType": arn });
            let contexts = [
                // Of the form that a proxy writes.
                json!({ "http": { "method": "GET", "path": "/" }, "authorizer": { "lambda": { "it": authorizer } } }),
                json!({ "httpMethod": "GET", "identity": pool, "authorizer": { "it": authorizer } }),
                // Of any.
                json!({ "http": { "method": "GET", "path": "/" }, "authorizer": authorizer }),
                json!({ "httpMethod": "GET", "identity": identity, "authorizer": authorizer }),
            ];
            for (place, (version, it)) in ["2.0", "1.0"].into_iter().cycle().zip(contexts).enumerate() {
                let Some(context) = context(version, &it) else { continue };
                let mut counts = read.get();
                counts[place] += 1;
                read.set(counts);
                prop_assert_eq!(caller(&TrustedGateway::new(), &context), None);
                match caller(&everything(), &context) {
                    Some(Identity::Iam(caller)) => {
                        let names = [&caller.user_arn, &caller.identity_pool_id, &caller.identity_id];
                        prop_assert!(caller.user_arn.is_some());
                        prop_assert!(
                            names.into_iter().flatten().all(|it| it.bytes().all(|it| it.is_ascii_graphic()))
                        );
                    }
                    Some(Identity::Function(caller)) => prop_assert!(!caller.context.as_map().is_empty()),
                    Some(other) => prop_assert!(false, "{:?}", other),
                    None => {}
                }
            }
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{error}"));
        // What cannot be read proves nothing.
        let read = read.get();
        assert!(read.iter().take(2).all(|read| *read >= CASES / 2), "{read:?} of {CASES}");
    }
}
