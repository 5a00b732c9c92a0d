//! Tokens in, identities out: strict verification of JSON Web Tokens, and tower layers that let a request in or refuse it.
//!
//! # Verify a token in five lines
//!
//! ```no_run
//! # async fn example(token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use portcullis::{Issuer, TokenUse, Verifier};
//!
//! let pool = Issuer::cognito("eu-west-1", "eu-west-1_AbCdEfGhI").client_ids(["web"]).token_use(TokenUse::Access);
//! let verifier = Verifier::builder().issuer(pool).build()?;
//! let identity = verifier.authenticate(token).await?;
//! println!("this is {:?}", identity.sub());
//! # Ok(())
//! # }
//! ```
//!
//! Client ids and token use are stated, or waived by a method that says `insecure`; otherwise [`VerifierBuilder::build`] fails
//! and names everything that is missing. Another OpenID Connect issuer is [`Issuer::oidc`], and a verifier may have several.
//! What a token must be is listed at [`Verifier`], how keys are fetched and kept at [`KeyPolicy`].
//!
//! # Protect an axum router in ten
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use axum::{Router, body::Body, http::{Request, StatusCode}, routing::{get, post}};
//! use portcullis::{AuthenticateLayer, AuthorizeLayer, Caller, TokenUse, Verifier, require, testkit::TestIssuer};
//! use tower::ServiceExt;
//!
//! # let pool = TestIssuer::cognito();
//! # let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
//! # let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
//! async fn hello(Caller(identity): Caller) -> String {
//!     format!("hello {}", identity.sub().unwrap_or("machine"))
//! }
//!
//! let editors_only = AuthorizeLayer::new(require().group("editors"));
//! let router: Router = Router::new()
//!     .route("/", get(hello))
//!     .route("/articles", post(hello).layer(editors_only))
//!     .layer(AuthenticateLayer::new(verifier));
//!
//! # let status = async |request: Request<Body>| router.clone().oneshot(request).await.unwrap().status();
//! let token = pool.access_token("ada").claim("client_id", "web").sign();
//! let bearer = format!("Bearer {token}");
//! assert_eq!(status(Request::get("/").header("authorization", &bearer).body(Body::empty())?).await, StatusCode::OK);
//! assert_eq!(status(Request::get("/").body(Body::empty())?).await, StatusCode::UNAUTHORIZED);
//! assert_eq!(
//!     status(Request::post("/articles").header("authorization", &bearer).body(Body::empty())?).await,
//!     StatusCode::FORBIDDEN,
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Protect a `lambda_http` handler
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use lambda_http::{Body, Error, Request, Response, service_fn};
//! use portcullis::{AuthenticateLayer, IdentityExt, TokenUse, Verifier, testkit::TestIssuer};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! async fn handler(request: Request) -> Result<Response<Body>, Error> {
//!     let sub = request.identity().and_then(|identity| identity.sub()).unwrap_or("nobody");
//!     Ok(Response::new(format!("hello {sub}").into()))
//! }
//!
//! # let pool = TestIssuer::cognito();
//! # let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
//! # let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
//! // In `main`: `lambda_http::run(service).await`.
//! let service = ServiceBuilder::new().layer(AuthenticateLayer::new(verifier)).service(service_fn(handler));
//! # async fn runs(service: impl tower::Service<Request, Response = Response<Body>, Error = Error, Future: Send> + Clone + Send + 'static) {
//! #     let _ = lambda_http::run(service).await;
//! # }
//! # drop(runs(service.clone()));
//!
//! let token = pool.access_token("ada").claim("client_id", "web").sign();
//! let request = Request::new(Body::Empty);
//! assert_eq!(service.clone().oneshot(request).await?.status(), 401);
//!
//! let mut request = Request::new(Body::Empty);
//! request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
//! assert_eq!(service.oneshot(request).await?.body(), &Body::Text("hello ada".to_owned()));
//! # Ok::<(), Error>(())
//! # }).unwrap();
//! ```
//!
//! # Several issuers, and the rules of a model
//!
//! Each [`VerifierBuilder::issuer`] has its own keys and its own checks. [`Screen`] refuses callers whom no `@auth` rule of a
//! model could ever admit; the rules themselves are in [`rules`].
//!
//! *Caveat:* rules see whether a user comes from a user pool or from another OpenID Connect issuer, and not from which. Two
//! issuers of one kind share owners and groups; for two that are not trusted alike, build two verifiers and two services.
//!
//! # Test with a fixed clock and your own keys
//!
//! The feature `testkit` has an issuer that exists in the test only, as used above: `testkit::TestIssuer`.
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `axum` | yes | the extractor [`Caller`], and [`Refusal`] as a response |
//! | `fetch` | yes | [`HttpFetch`]; without it give the keys or a [`Fetch`] of your own |
//! | `testkit` | no | a test issuer and a manual clock |
#![deny(missing_docs)]

mod algorithm;
mod api_keys;
mod authenticate;
mod authorize;
mod clock;
mod config;
mod credentials;
mod error;
#[cfg(feature = "axum")]
mod extract;
mod identity_ext;
mod issuer;
mod keys;
mod refusal;
#[cfg(feature = "testkit")]
pub mod testkit;
mod token;
mod verifier;

pub use portcullis_events as events;
pub use portcullis_rules as rules;

#[cfg(feature = "axum")]
pub use self::extract::Caller;
#[cfg(feature = "fetch")]
pub use self::keys::HttpFetch;
pub use self::{
    algorithm::Algorithm,
    authenticate::{AuthenticateFuture, AuthenticateLayer, AuthenticateService},
    authorize::{
        Authorize, AuthorizeFuture, AuthorizeLayer, AuthorizeService, Forbidden, Requirement, Screen, require,
    },
    clock::{Clock, SystemClock},
    config::{ConfigError, Mistake},
    error::{AuthenticateError, Rejection},
    identity_ext::IdentityExt,
    issuer::{Issuer, TokenUse},
    keys::{Fetch, FetchError, Fetching, InvalidJwkSet, JwkSet, KeyPolicy, MAX_SET_BYTES},
    refusal::{Answer, ProblemJson, Refusal, RefusalKind},
    verifier::{LEEWAY, MAX_TOKEN_BYTES, Verifier, VerifierBuilder},
};
