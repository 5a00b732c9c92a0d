//! The REST API: axum on `lambda_http`, made from `schema.graphql`.
//!
//! For each model, such as `Note`:
//!
//! | request | answer |
//! |---|---|
//! | `POST /notes` | 201 with `Location` and `ETag` |
//! | `GET /notes?limit=&nextToken=` | 200 with `{"items": [..], "nextToken": ..}`: what the caller may see |
//! | `GET /notes/{id}` | 200 with `ETag`, or 304 under `If-None-Match` |
//! | `PATCH /notes/{id}` | 200: JSON Merge Patch (RFC 7396), `null` removes a field; `If-Match` guards it |
//! | `DELETE /notes/{id}` | 204; `If-Match` guards it |
//!
//! `GET /openapi.json` describes them and `GET /health` answers without a token.
//!
//! 1. A caller is known by a token or, under `public` rules, by `x-api-key`; without either the answer is 401.
//! 2. What no record could make right is refused by 403 before the body is read.
//! 3. A record that the caller may not see does not exist for them: 404. One that they see and may not change: 403.
//! 4. A field that the caller may not read is left out of the item, whichever request returns it: absent means that it
//!    has no value or none for you. The `ETag` is that of the whole item, so it changes with such a field too.
//! 5. Who may not set, or by `null` remove, a field that they send gets 403 with its name in `fields`, and nothing is
//!    written. Removing takes `update` and `delete` on the field; `DELETE` takes `delete` on every field.
//! 6. Every mistake in an input is named, 422. A key that stands twice in an object, an unknown parameter and a body over
//!    [`BODY_LIMIT`] are refused.
//! 7. Errors are problem details (RFC 9457) with fixed texts. Nothing internal is told, and nothing personal is logged.
//!
//! *Caveat:* what a gateway says about the caller is not believed; the API verifies the token itself.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use axum::body::Body;
//! use http::{Request, StatusCode};
//! use portcullis::{TokenUse, Verifier, testkit::TestIssuer};
//! use portcullis_api::{Api, router};
//! use portcullis_data::{schema::Schema, testkit};
//! use tower::ServiceExt;
//!
//! let pool = TestIssuer::cognito();
//! let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
//! let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
//! let schema = Schema::parse("type Note @model @auth(rules: [{ allow: owner }]) { title: String! }", "notes.graphql")?;
//! let router = router(Api::new(schema, testkit::table().await?, verifier)?);
//!
//! let token = pool.access_token("ada").claim("client_id", "web").sign();
//! let list = Request::get("/notes").header("authorization", format!("Bearer {token}")).body(Body::empty())?;
//! assert_eq!(router.clone().oneshot(list).await?.status(), StatusCode::OK);
//!
//! let list = Request::get("/notes").body(Body::empty())?;
//! assert_eq!(router.oneshot(list).await?.status(), StatusCode::UNAUTHORIZED);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
#![deny(missing_docs)]

mod access_log;
mod api;
mod body;
mod config;
mod cors;
mod entity_tag;
mod envelope;
mod json;
mod openapi;
mod page_query;
mod problem;
mod router;
mod routes;
mod stage;

pub use self::{
    access_log::log_filter,
    api::{Api, StartError},
    body::BODY_LIMIT,
    config::{Config, ConfigError, ConfigErrors, IssuerConfig},
    cors::{CorsOrigins, InvalidOrigins},
    openapi::document,
    router::{lambda_service, router},
};
