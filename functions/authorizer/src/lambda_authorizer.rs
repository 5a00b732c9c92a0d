//! From an event to an answer.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use portcullis::{
    AuthenticateError, AuthorizerContext, CachingVerifier, Clock, SystemClock, Verifier,
    rules::{Authorizer, FunctionCaller, Identity},
};
use portcullis_schema::Schema;
use serde_json::{Map, Value, json};

use crate::{
    AuthorizerError, Shape,
    denied_fields::Fields,
    log_line::LogLine,
    pinned,
    policy::{Level, Policy},
    presented::{self, NoToken},
    routes::Routes,
    stage_arn::{self, InvalidArn, StageArn},
};

/// The longest answer to API Gateway, in bytes. AWS names 8 KB as the limit of WebSocket APIs and none for the others; it is kept everywhere.
pub const MAX_ANSWER_BYTES: usize = 8 * 1024;

/// How long AppSync may keep an answer unless it is [said](LambdaAuthorizer::app_sync_ttl): five minutes.
pub const APP_SYNC_TTL: Duration = Duration::from_secs(300);

/// The longest that AppSync keeps an answer.
const MAX_APP_SYNC_TTL: Duration = Duration::from_secs(3600);

/// As whom the function behind API Gateway knows the caller: which rules decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallerIdentity {
    /// By the token, which the function behind verifies again: rules of user pools and OpenID Connect issuers decide.
    #[default]
    Token,
    /// As somebody whom a Lambda authorizer let in (`TRUST_GATEWAY=lambda`): `allow: custom` decides.
    Function,
}

/// The form of answers to HTTP APIs with payload format 2.0, which their events do not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpApiAnswer {
    /// A policy for the whole API.
    #[default]
    Policy,
    /// `isAuthorized` for one route (`EnableSimpleResponses`). It is given only where the event's identity sources name that route, so that
    /// a gateway cannot keep it for another one.
    Simple,
}

/// Answers the events of authorizers.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use portcullis::{TokenUse, Verifier, testkit::TestIssuer};
/// use portcullis_authorizer::{AuthorizerError, LambdaAuthorizer};
/// use portcullis_schema::Schema;
/// use serde_json::json;
///
/// let pool = TestIssuer::cognito();
/// let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
/// let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
/// let schema = Schema::parse(
///     "type Note @model(mutations: {update: null}) @auth(rules: [{ allow: private, operations: [create, get] }]) { title: String! }",
///     "schema.graphql",
/// )?;
/// let authorizer = LambdaAuthorizer::new(&schema, verifier).clock(pool.clock());
///
/// let token = pool.access_token("ada").claim("client_id", "web").sign();
/// let stage = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/prod";
/// let event = |token: &str| json!({
///     "type": "TOKEN", "methodArn": format!("{stage}/GET/notes"), "authorizationToken": format!("Bearer {token}"),
/// });
/// let answer = authorizer.answer(&event(&token)).await?;
/// let statement = &answer["policyDocument"]["Statement"][0];
/// let granted = ["GET/health", "GET/openapi.json", "GET/notes/*", "HEAD/health", "HEAD/openapi.json", "HEAD/notes/*", "POST/notes"];
/// assert_eq!(statement["Effect"], "Allow");
/// assert_eq!(statement["Resource"], json!(granted.map(|route| format!("{stage}/{route}"))));
/// assert_eq!(authorizer.answer(&event("a.b.c")).await, Err(AuthorizerError::Unauthorized));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
#[must_use]
pub struct LambdaAuthorizer {
    verifier: CachingVerifier,
    clock: Arc<dyn Clock>,
    authorizer: Authorizer,
    routes: Arc<Routes>,
    fields: Arc<Fields>,
    identity: CallerIdentity,
    serves_graphql: bool,
    http_api: HttpApiAnswer,
    app_sync_ttl: Duration,
    app_sync_prefix: String,
    web_socket_parameter: Option<String>,
}

/// A caller whose token is good.
struct Caller {
    identity: Identity,
    context: AuthorizerContext,
}

/// Why there is no caller.
enum Refused {
    Token(&'static str),
    Keys,
}

impl LambdaAuthorizer {
    /// An authorizer for the REST and GraphQL APIs of a schema, and for callers whom `verifier` knows.
    pub fn new(schema: &Schema, verifier: Verifier) -> Self {
        Self {
            verifier: CachingVerifier::new(verifier),
            clock: Arc::new(SystemClock),
            authorizer: Authorizer::new(),
            routes: Arc::new(Routes::of(schema)),
            fields: Arc::new(Fields::of(schema)),
            identity: CallerIdentity::default(),
            serves_graphql: false,
            http_api: HttpApiAnswer::default(),
            app_sync_ttl: APP_SYNC_TTL,
            app_sync_prefix: String::new(),
            web_socket_parameter: None,
        }
    }

    /// Reads the time from here instead of from the operating system; to be the clock of the verifier.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// As whom the function behind API Gateway knows the caller.
    pub fn identity(mut self, identity: CallerIdentity) -> Self {
        self.identity = identity;
        self
    }

    /// The API behind API Gateway serves `POST /graphql` as well (`GRAPHQL=on`), for whomever the rules have something. As there, a token may
    /// stand in the `Authorization` header by itself.
    pub fn graphql(mut self) -> Self {
        if !self.serves_graphql {
            self.serves_graphql = true;
            self.routes = Arc::new(Routes::clone(&self.routes).with_graphql());
        }
        self
    }

    /// The form of answers to HTTP APIs with payload format 2.0.
    pub fn http_api(mut self, answer: HttpApiAnswer) -> Self {
        self.http_api = answer;
        self
    }

    /// How long AppSync may keep an answer, at most an hour; never longer than the token is good.
    pub fn app_sync_ttl(mut self, ttl: Duration) -> Self {
        self.app_sync_ttl = ttl.min(MAX_APP_SYNC_TTL);
        self
    }

    /// What clients of AppSync put before the token. An API that takes tokens of a user pool as well does not hand a bare one to an
    /// authorizer.
    pub fn app_sync_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.app_sync_prefix = prefix.into();
        self
    }

    /// The query parameter in which clients of a WebSocket API send the token instead of in `Authorization`: pages in browsers cannot set
    /// headers there. A URL is more likely than a header to end up in a log.
    pub fn web_socket_parameter(mut self, name: impl Into<String>) -> Self {
        self.web_socket_parameter = Some(name.into());
        self
    }

    /// The answer to an event.
    ///
    /// # Errors
    ///
    /// When the gateway is to let nobody in and to keep nothing.
    pub async fn answer(&self, event: &Value) -> Result<Value, AuthorizerError> {
        let mut line = LogLine::begin();
        let answer = self.decide(event, &mut line).await;
        line.write(&answer);
        answer
    }

    async fn decide(&self, event: &Value, line: &mut LogLine) -> Result<Value, AuthorizerError> {
        let shape = Shape::of(event).ok_or(AuthorizerError::UnknownEvent)?;
        line.shape = Some(shape);
        if shape == Shape::AppSync {
            return self.decide_for_app_sync(event, line).await;
        }
        let stage = stage_of(shape, event)?;
        let is_http_api = matches!(shape, Shape::HttpApi1 | Shape::HttpApi2);
        let presented = self.presented(shape, event);
        if is_http_api && !pinned::names_token(event, presented.ok()) {
            return Err(AuthorizerError::TokenNotIdentitySource);
        }
        let token = match (shape, &self.web_socket_parameter) {
            (Shape::WebSocket, Some(_)) => presented,
            (Shape::WebSocket, None) => presented.and_then(presented::bearer),
            _ if self.serves_graphql => presented.and_then(presented::bearer_or_bare),
            _ => presented.and_then(presented::bearer),
        };
        let caller = match self.caller(token).await {
            Ok(caller) => caller,
            Err(Refused::Keys) => return Err(AuthorizerError::KeysUnavailable),
            Err(Refused::Token(reason)) => {
                line.reason = Some(reason);
                return self.refusal(shape, &stage);
            }
        };
        line.sub = Some(caller.context.sub.clone());
        let identity = self.known_as(&caller);
        if shape == Shape::WebSocket {
            let granted = self.routes.has_something_for(&self.authorizer, &identity);
            line.decision = word(granted);
            return fitting(&caller.context, &[Policy::of_connection(granted)], |policy, context| {
                with_policy(&caller.context.sub, policy.to_json(&stage), context)
            });
        }
        let grants = self.routes.grants(&self.authorizer, &identity);
        line.routes = Some(grants.count());
        if shape == Shape::HttpApi2 && self.http_api == HttpApiAnswer::Simple {
            let asked = pinned::Asked::of(event).ok_or(AuthorizerError::UnknownEvent)?;
            let found = self.routes.find(asked.method, asked.path);
            if !asked.is_pinned(found.and_then(|(path, _)| self.routes.paths().get(path))) {
                return Err(AuthorizerError::RouteNotIdentitySource);
            }
            let granted = found.is_some_and(|place| grants.at(place));
            line.decision = word(granted);
            return fitting(
                &caller.context,
                &[granted],
                |granted, context| json!({ "isAuthorized": granted, "context": context }),
            );
        }
        line.decision = "allow";
        let variable = stage_arn::variable_for_all(shape, event);
        fitting(&caller.context, &Level::ALL, |level, context| {
            let policy = Policy::of_routes(&self.routes, &grants, *level);
            let policy = match variable {
                Some(variable) => policy.also_of_route(variable),
                None => policy,
            };
            with_policy(&caller.context.sub, policy.to_json(&stage), context)
        })
    }

    /// The answer to whoever has no good token.
    fn refusal(&self, shape: Shape, stage: &StageArn) -> Result<Value, AuthorizerError> {
        match (shape, self.http_api) {
            (Shape::HttpApi2, HttpApiAnswer::Simple) => Ok(json!({ "isAuthorized": false })),
            (Shape::HttpApi1 | Shape::HttpApi2, _) => {
                Ok(json!({ "principalId": "nobody", "policyDocument": Policy::nothing().to_json(stage) }))
            }
            _ => Err(AuthorizerError::Unauthorized),
        }
    }

    async fn decide_for_app_sync(&self, event: &Value, line: &mut LogLine) -> Result<Value, AuthorizerError> {
        let presented = presented::authorization(Shape::AppSync, event);
        let token =
            presented.and_then(|text| text.strip_prefix(&self.app_sync_prefix).ok_or(NoToken::Prefix));
        // A token that is refused now may be good in a moment, and what is kept of others fills a cache.
        let refused = || json!({ "isAuthorized": false, "ttlOverride": 0 });
        let caller = match self.caller(token).await {
            Ok(caller) => caller,
            Err(Refused::Keys) => return Err(AuthorizerError::KeysUnavailable),
            Err(Refused::Token(reason)) => {
                line.reason = Some(reason);
                return Ok(refused());
            }
        };
        line.sub = Some(caller.context.sub.clone());
        if !self.fields.has_open_root {
            return Ok(refused());
        }
        let now = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        // The second that has begun counts as gone.
        let left = caller.context.exp.saturating_sub(now.as_secs().saturating_add(1));
        line.decision = "allow";
        Ok(json!({
            "isAuthorized": true,
            "resolverContext": entries(&caller.context),
            "deniedFields": self.fields.denied,
            "ttlOverride": left.min(self.app_sync_ttl.as_secs()),
        }))
    }

    /// What the client has sent in the place that tokens are read from.
    fn presented<'e>(&self, shape: Shape, event: &'e Value) -> Result<&'e str, NoToken> {
        match &self.web_socket_parameter {
            Some(name) if shape == Shape::WebSocket => presented::parameter(event, name),
            _ => presented::authorization(shape, event),
        }
    }

    async fn caller(&self, token: Result<&str, NoToken>) -> Result<Caller, Refused> {
        let token = token.map_err(|missing| Refused::Token(missing.reason()))?;
        let verified = self.verifier.verify(token).await.map_err(|error| match error {
            AuthenticateError::KeysUnavailable { .. } => Refused::Keys,
            error => Refused::Token(error.reason()),
        })?;
        let context = AuthorizerContext::of(&verified).ok_or(Refused::Token("subject"))?;
        // A token that is bound to a key would need its proof, which authorizers are not shown.
        let identity = verified.into_bearer().map_err(|rejection| Refused::Token(rejection.code()))?;
        Ok(Caller { identity, context })
    }

    fn known_as(&self, caller: &Caller) -> Identity {
        match self.identity {
            CallerIdentity::Token => caller.identity.clone(),
            CallerIdentity::Function => {
                Identity::Function(FunctionCaller { context: caller.context.entries().into_iter().collect() })
            }
        }
    }
}

/// The stage that the gateway asks about.
fn stage_of(shape: Shape, event: &Value) -> Result<StageArn, AuthorizerError> {
    let name = if shape == Shape::HttpApi2 { "routeArn" } else { "methodArn" };
    let arn = event.get(name).and_then(Value::as_str).unwrap_or_default();
    let stage = match shape {
        Shape::WebSocket => StageArn::of_connection(arn),
        _ => StageArn::of_request(arn),
    };
    stage.map_err(|invalid| match invalid {
        InvalidArn::Form => AuthorizerError::UnknownRoute,
        InvalidArn::NoPath => AuthorizerError::NoPath,
    })
}

fn word(granted: bool) -> &'static str {
    if granted { "allow" } else { "deny" }
}

fn with_policy(sub: &str, document: Value, context: Map<String, Value>) -> Value {
    json!({ "principalId": sub, "policyDocument": document, "context": context })
}

/// The first of some answers that is not too long, with all that there is to say about the caller, or else without the lists.
fn fitting<T>(
    context: &AuthorizerContext,
    ways: &[T],
    make: impl Fn(&T, Map<String, Value>) -> Value,
) -> Result<Value, AuthorizerError> {
    let short = AuthorizerContext { groups: None, scopes: None, ..context.clone() };
    let answers =
        [context, &short].into_iter().flat_map(|context| ways.iter().map(move |way| (context, way)));
    let mut answers = answers.map(|(context, way)| make(way, entries(context)));
    answers.find(|answer| answer.to_string().len() <= MAX_ANSWER_BYTES).ok_or(AuthorizerError::TooLong)
}

fn entries(context: &AuthorizerContext) -> Map<String, Value> {
    context.entries().into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
}

impl fmt::Debug for LambdaAuthorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaAuthorizer")
            .field("identity", &self.identity)
            .field("http_api", &self.http_api)
            .finish_non_exhaustive()
    }
}
