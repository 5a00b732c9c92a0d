//! A whole API in one process: the real router, an issuer of tokens, and a DynamoDB engine in memory.

use std::{
    convert::Infallible,
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    sync::LazyLock,
    task::{Context, Poll},
};

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header::AUTHORIZATION};
use http_body_util::BodyExt;
use lambda_http::request::RequestContext;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use portcullis::{
    TokenUse, TrustedGateway, Verifier,
    testkit::{TestIssuer, TestToken},
};
use portcullis_api::{Api, Config, CorsOrigins, router};
use portcullis_data::{
    ConnectOptions, Functions, Table, connect, rules::Authorizer, schema::Schema, testkit,
};
use portcullis_resolvers::{GraphQl, Resolvers, graphql};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const CLIENT: &str = "web-client";
pub(crate) const KEY: &str = "da2-a-key-for-public-rules";

/// The pool of all houses: an RSA key takes long to make.
pub(crate) static POOL: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::cognito);

/// An OpenID Connect issuer that is no user pool.
pub(crate) static SIGN_IN: LazyLock<TestIssuer> =
    LazyLock::new(|| TestIssuer::at("https://sign-in.example.com"));

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Nobody,
    BadToken,
    Key,
    Ann,
    Bob,
    Eve,
    Adam,
}

pub(crate) struct House {
    router: Router,
    pub(crate) issuer: TestIssuer,
}

/// A request in the making. Awaiting it sends it.
pub(crate) struct Call {
    router: Router,
    request: http::request::Builder,
    body: Body,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body as JSON; null if it is none.
    pub(crate) body: Value,
    pub(crate) bytes: Bytes,
}

impl Caller {
    pub(crate) const ALL: [Self; 7] =
        [Self::Nobody, Self::BadToken, Self::Key, Self::Ann, Self::Bob, Self::Eve, Self::Adam];

    pub(crate) fn sub(self) -> &'static str {
        match self {
            Self::Ann => "5d2d0b1e-ann",
            Self::Bob => "a7f3c0de-bob",
            Self::Eve => "0c9be9f4-eve",
            Self::Adam => "93f1aa02-adam",
            Self::Nobody | Self::BadToken | Self::Key => panic!("{self} has no sub"),
        }
    }

    /// The name by which owner rules know the caller.
    pub(crate) fn owner(self) -> String {
        format!("{0}::{0}", self.sub())
    }

    fn groups(self) -> &'static [&'static str] {
        match self {
            Self::Eve => &["editors"],
            Self::Adam => &["admins"],
            _ => &[],
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "nobody",
            Self::BadToken => "a bad token",
            Self::Key => "the api key",
            Self::Ann => "ann",
            Self::Bob => "bob",
            Self::Eve => "eve of editors",
            Self::Adam => "adam of admins",
        })
    }
}

impl House {
    pub(crate) async fn new(schema: &str) -> Self {
        let table = testkit::table().await.unwrap();
        Self::build(schema, table, CorsOrigins::default(), &POOL)
    }

    /// One with a pool of its own, so that its clock can be moved.
    pub(crate) async fn with_own_pool(schema: &str) -> Self {
        let table = testkit::table().await.unwrap();
        Self::build(schema, table, CorsOrigins::default(), &TestIssuer::cognito())
    }

    pub(crate) async fn with_cors(schema: &str, origins: &str) -> Self {
        let table = testkit::table().await.unwrap();
        Self::build(schema, table, CorsOrigins::parse(origins).unwrap(), &POOL)
    }

    /// One whose table does not answer.
    pub(crate) fn without_table(schema: &str) -> Self {
        let nowhere = connect(&ConnectOptions::local("http://127.0.0.1:1").attempts(1));
        Self::build(schema, Table::new(nowhere, "test"), CorsOrigins::default(), &POOL)
    }

    fn build(schema: &str, table: Table, cors: CorsOrigins, issuer: &TestIssuer) -> Self {
        let known = issuer.issuer().client_ids([CLIENT]).token_use(TokenUse::Access);
        let verifier = Verifier::builder().issuer(known).clock(issuer.clock()).build().unwrap();
        let api = Api::new(parse(schema), table, verifier).unwrap().api_keys([KEY]).cors(cors);
        Self { router: router(api).unwrap(), issuer: issuer.clone() }
    }

    /// One with every way to come in: tokens of the pool and of another issuer, keys, and what a gateway has checked.
    pub(crate) async fn open(schema: &str, change: impl FnOnce(Api) -> Api) -> Self {
        let known = POOL.issuer().client_ids([CLIENT]).token_use(TokenUse::Access);
        let other = SIGN_IN.oidc_issuer().audiences([CLIENT]).token_use(TokenUse::Access);
        let verifier = Verifier::builder().issuer(known).issuer(other).clock(POOL.clock()).build().unwrap();
        let gateway = TrustedGateway::new().iam().lambda_authorizer();
        let api = Api::new(parse(schema), testkit::table().await.unwrap(), verifier).unwrap();
        let api = change(api.api_keys([KEY]).gateway(gateway));
        Self { router: router(api).unwrap(), issuer: POOL.clone() }
    }

    /// One with GraphQL as a second door to the same table.
    pub(crate) fn with_graphql(schema: &str, table: Table) -> Self {
        let known = POOL.issuer().client_ids([CLIENT]).token_use(TokenUse::Access);
        let verifier = Verifier::builder().issuer(known).clock(POOL.clock()).build().unwrap();
        let resolvers =
            Resolvers::new(parse(schema), table.clone(), Authorizer::new(), Functions::default()).unwrap();
        let api = Api::new(parse(schema), table, verifier).unwrap().api_keys([KEY]);
        let routes = graphql::router(GraphQl::new(resolvers).unwrap(), api.authenticate());
        Self { router: router(api.merge(routes)).unwrap(), issuer: POOL.clone() }
    }

    /// One that is configured by environment variables.
    pub(crate) async fn configured(schema: &str, set: &[(&str, &str)]) -> Self {
        let lookup =
            |name: &str| set.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned());
        let config = Config::from_env(lookup).unwrap();
        let api = Api::on_table(parse(schema), &config, testkit::table().await.unwrap()).unwrap();
        Self { router: router(api).unwrap(), issuer: POOL.clone() }
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// A good token, to be signed as it is or spoiled first.
    pub(crate) fn access_token(&self, caller: Caller) -> TestToken {
        let token = self.issuer.access_token(caller.sub()).claim("client_id", CLIENT);
        match caller.groups() {
            [] => token,
            groups => token.claim("cognito:groups", json!(groups)),
        }
    }

    pub(crate) fn token(&self, caller: Caller) -> String {
        self.access_token(caller).sign()
    }

    pub(crate) fn call(&self, caller: Caller, method: Method, path: &str) -> Call {
        let call = Call {
            router: self.router.clone(),
            request: Request::builder().method(method).uri(path),
            body: Body::empty(),
        };
        match caller {
            Caller::Nobody => call,
            Caller::BadToken => call.header(AUTHORIZATION.as_str(), "Bearer not.a.token"),
            Caller::Key => call.header("x-api-key", KEY),
            _ => call.header(AUTHORIZATION.as_str(), &format!("Bearer {}", self.token(caller))),
        }
    }

    /// Makes an item and returns its path.
    pub(crate) async fn create(&self, caller: Caller, path: &str, input: &Value) -> String {
        let answer = self.call(caller, Method::POST, path).json(input).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{input}: {}", answer.body);
        answer.location().unwrap().to_owned()
    }
}

impl Call {
    /// What a gateway says about the request.
    pub(crate) fn context(mut self, context: RequestContext) -> Self {
        self.request = self.request.extension(context);
        self
    }

    /// Sets a header, in place of one that is there.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        if let Some(headers) = self.request.headers_mut() {
            headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.text(&body.to_string())
    }

    pub(crate) fn text(self, body: &str) -> Self {
        self.bytes(body.as_bytes())
    }

    pub(crate) fn bytes(mut self, body: &[u8]) -> Self {
        self.body = Body::from(body.to_vec());
        self.header("content-type", "application/json")
    }

    /// A body that never ends and panics when it is read.
    pub(crate) fn unreadable_body(mut self) -> Self {
        self.body = Body::new(Unreadable);
        self.header("content-type", "application/json")
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let request = self.request.body(self.body).unwrap();
            let response = self.router.oneshot(request).await.unwrap();
            let (head, body) = response.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            let body = serde_json::from_slice(&bytes).unwrap_or_default();
            Answer { status: head.status, headers: head.headers, body, bytes }
        })
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> Option<&str> {
        self.header("location")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes.to_vec()).unwrap()
    }

    /// The fields that a problem names, sorted.
    pub(crate) fn fields(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let mut fields: Vec<_> = errors.iter().map(|it| it["field"].as_str().unwrap().to_owned()).collect();
        fields.sort();
        fields
    }
}

/// What a body says that must not be read.
pub(crate) const PANIC: &str = "nobody asked for this body";

struct Unreadable;

impl http_body::Body for Unreadable {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        panic!("{PANIC}")
    }
}

pub(crate) fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn parse(schema: &str) -> Schema {
    Schema::parse(schema, "test.graphql").unwrap_or_else(|errors| panic!("{errors}"))
}
