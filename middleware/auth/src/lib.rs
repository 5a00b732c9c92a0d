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
//! What a token must be is listed at [`Verifier`], how keys are fetched and kept at [`KeyPolicy`], how tokens that have been verified
//! are remembered at [`CachingVerifier`], which [`AuthenticateLayer`] uses unless it is told not to.
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
//! # Ask for a group and a scope, or check what you like
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use portcullis::{AuthorizeLayer, Forbidden, require, rules::Identity};
//!
//! let writers = AuthorizeLayer::new(require().group("editors").scope("notes/write"));
//! let tenants = AuthorizeLayer::new(|identity: &Identity| {
//!     let tenant = identity.user().and_then(|user| user.claims().text("custom:tenant"));
//!     tenant.filter(|tenant| tenant.starts_with("acme-")).map(drop).ok_or(Forbidden::because("tenant"))
//! });
//! # drop((writers, tenants));
//!
//! // Without a layer: the token that has been verified says what it says.
//! # use portcullis::{TokenUse, Verifier, testkit::TestIssuer};
//! # let pool = TestIssuer::cognito();
//! # let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
//! # let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
//! # let token = pool.access_token("ada").claim("client_id", "web").claim("custom:tenant", "acme-7").sign();
//! let verified = verifier.verify(&token).await?;
//! let is_ours = verified.claims().text("custom:tenant").is_some_and(|tenant| tenant.starts_with("acme-"));
//! # assert!(is_ours);
//!
//! // All claims as a struct: `CallerClaims` does that in an axum handler, `IdentityExt` in any other.
//! #[derive(serde::Deserialize)]
//! struct Member {
//!     sub: String,
//!     #[serde(rename = "custom:tenant")]
//!     tenant: String,
//! }
//! let member: Member = verified.claims_as()?;
//! # assert_eq!((member.sub.as_str(), member.tenant.as_str()), ("ada", "acme-7"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Several pools
//!
//! Each [`VerifierBuilder::issuer`] has its own keys and its own checks.
//!
//! ```
//! use portcullis::{Issuer, TokenUse, Verifier};
//!
//! let staff = Issuer::cognito("eu-west-1", "eu-west-1_Staff0001").client_ids(["back-office"]).token_use(TokenUse::Access);
//! let guests = Issuer::cognito("us-east-1", "us-east-1_Guests001").client_ids(["web", "ios"]).token_use(TokenUse::Id);
//! let partner = Issuer::oidc("https://id.partner.example").audiences(["https://api.example.com"]).insecure_any_client();
//! let verifier = Verifier::builder()
//!     .issuer(staff)
//!     .issuer(guests)
//!     .issuer(partner.token_use(TokenUse::Access))
//!     .build()?;
//! # drop(verifier);
//! # Ok::<(), portcullis::ConfigError>(())
//! ```
//!
//! *Caveat:* rules see whether a user comes from a user pool or from another OpenID Connect issuer, and not from which. Two
//! issuers of one kind share owners and groups; for two that are not trusted alike, build two verifiers and two services.
//!
//! [`Screen`] refuses callers whom no `@auth` rule of a model could ever admit; the rules themselves are in [`rules`].
//!
//! # Tokens that are bound to a key, and telling clients where to get one
//!
//! [`AuthenticateLayer::dpop`] accepts tokens that are bound to a key of their sender, with a proof for each request (RFC 9449):
//! see [`Dpop`]. A token that is bound to a client certificate (RFC 8705) is accepted where the request carries that
//! [`ClientCertificate`]. [`ResourceMetadata`] is the small route of RFC 9728, which challenges point to.
//!
//! # Behind a service that has checked the caller
//!
//! Nothing that stands in front of a handler is believed unless it is said, and then only what is said:
//!
//! | in front | say | of it is believed |
//! |---|---|---|
//! | API Gateway, HTTP and REST APIs, function URLs | `TrustedGateway` (feature `lambda`) | who signed, what a Lambda authorizer said, tokens that were checked |
//! | AWS AppSync | [`TrustedAppSync`] | identities of every authorization mode |
//! | an Application Load Balancer | [`AlbVerifier`] | `x-amzn-oidc-data`, whose signature is checked here |
//!
//! Where no such service stands in front, `SigV4Layer` (feature `sigv4`) checks requests that are signed with AWS credentials.
//!
//! A gateway's word for a token covers its signature. Issuer, client, token use and time are checked again: see [`GatewayTokens`]. Who stands
//! behind the credentials of an identity pool is read by [`SignIns`].
//!
//! # Test with a fixed clock and your own keys
//!
//! The feature `testkit` has an issuer that exists in the test only. Its clock moves when it is told to.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use portcullis::{AuthenticateError, Rejection, TokenUse, Verifier, testkit::TestIssuer};
//! use std::time::Duration;
//!
//! let pool = TestIssuer::cognito();
//! let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
//! let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
//!
//! let token = pool.access_token("ada").claim("client_id", "web").sign();
//! pool.clock().advance(Duration::from_secs(3599));
//! assert!(verifier.verify(&token).await.is_ok(), "a second before it expires");
//! pool.clock().advance(Duration::from_secs(1));
//! assert_eq!(verifier.verify(&token).await.unwrap_err(), AuthenticateError::Rejected(Rejection::Expired));
//!
//! let forged = pool.with_new_keys().access_token("ada").claim("client_id", "web").sign();
//! assert!(verifier.verify(&forged).await.is_err(), "signed with a key of somebody else");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `axum` | yes | the extractors [`Caller`] and [`CallerClaims`], and [`Refusal`] as a response |
//! | `fetch` | yes | [`HttpFetch`]; without it give the keys or a [`Fetch`] of your own |
//! | `lambda` | no | `TrustedGateway`: callers whom API Gateway has checked |
//! | `sigv4` | no | `SigV4Layer`: requests that are signed with AWS credentials |
//! | `testkit` | no | a test issuer and a manual clock |
#![deny(missing_docs)]

mod alb;
mod algorithm;
mod api_keys;
mod authenticate;
mod authorize;
mod cache;
mod caching_verifier;
mod challenge;
mod clock;
mod config;
mod confirmation;
mod credentials;
mod dpop;
mod environment;
mod error;
#[cfg(feature = "axum")]
mod extract;
mod gateway;
mod identity_ext;
mod issuer;
mod keys;
mod metadata;
mod refusal;
mod signature_verifier;
#[cfg(feature = "sigv4")]
mod sigv4;
#[cfg(feature = "testkit")]
pub mod testkit;
mod token;
mod trusted_issuer;
mod typed_claims;
mod verifier;

pub use portcullis_events as events;
pub use portcullis_rules as rules;

#[cfg(feature = "axum")]
pub use self::extract::{Caller, CallerClaims};
#[cfg(feature = "lambda")]
pub use self::gateway::TrustedGateway;
#[cfg(feature = "fetch")]
pub use self::keys::HttpFetch;
#[cfg(feature = "sigv4")]
pub use self::sigv4::{
    AccessKey, CredentialSource, CredentialsUnavailable, FindingCredentials, MAX_SIGNED_BODY, SigV4Future,
    SigV4Layer, SigV4Service, SigV4Verifier, SigV4VerifierBuilder, SignatureError, SignedBody, SignedCaller,
    SignedHead, SigningCredentials,
};
pub use self::{
    alb::{AlbToken, AlbVerifier, AlbVerifierBuilder},
    algorithm::Algorithm,
    authenticate::{AuthenticateFuture, AuthenticateLayer, AuthenticateService},
    authorize::{
        Authorize, AuthorizeFuture, AuthorizeLayer, AuthorizeService, Forbidden, Requirement, Screen, require,
    },
    caching_verifier::{CACHE_BYTES, CachingVerifier},
    clock::{Clock, SystemClock},
    config::{ConfigError, Mistake},
    confirmation::{ClientCertificate, Confirmation, Possession, Thumbprint},
    dpop::{
        AcceptedProof, Dpop, DpopBuilder, MAX_PROOF_BYTES, Nonces, PROOF_WINDOW, ProofError, ProvenRequest,
        REMEMBERED_PROOFS, TimedNonces,
    },
    environment::{
        Environment, EnvironmentError, EnvironmentErrors, IamConfig, OidcConfig, UserPoolAddress,
        UserPoolConfig,
    },
    error::{AuthenticateError, Rejection},
    gateway::{
        AppSyncError, AuthorizerContext, GatewayTokens, GatewayTokensBuilder, InvalidAuthorizerContext,
        InvalidSignIns, SignIn, SignInProvider, SignIns, TrustedAppSync,
    },
    identity_ext::IdentityExt,
    issuer::{Issuer, TokenUse},
    keys::{
        DroppedKey, Fetch, FetchError, Fetching, InvalidJwkSet, JwkSet, JwkSetError, KeyPolicy,
        MAX_SET_BYTES, UnusableKey,
    },
    metadata::{BearerMethod, ResourceMetadata, ResourceMetadataBuilder},
    refusal::{Answer, ProblemJson, Refusal, RefusalKind},
    signature_verifier::{SignatureVerifier, SignedPayload},
    token::VerifiedToken,
    typed_claims::ClaimsError,
    verifier::{LEEWAY, MAX_TOKEN_BYTES, Verifier, VerifierBuilder},
};
