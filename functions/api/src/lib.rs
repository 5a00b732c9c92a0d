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
//! | `GET /orders/{customer}/{day}` | a model whose key has several fields has a segment for each of them |
//! | `GET /orders?customer=c7&day.ge=2026-01-01` | a page of the records with this partition key, in the order of the sort key |
//! | `GET /notes?index=byTopic&topic=tea&sortDirection=DESC` | a page by an `@index`: equality, then at most one sort field compared by `.ge`, `.le` (or both), `.gt`, `.lt` or `.beginsWith` |
//! | `GET /blogs/{id}/posts` | a page of the records of a `@hasMany` or `@manyToMany` |
//! | `GET /posts/{id}/blog` | the record of a `@belongsTo` or `@hasOne`, with `ETag` |
//! | `POST /queries/{name}`, `POST /mutations/{name}` | a field with `@function`, the arguments as body: what its [handler](Api::function) answers |
//! | `POST /graphql` | where [`Config::graphql`] says so: the GraphQL API, answered by the resolvers of `portcullis-resolvers` |
//!
//! An operation that `@model(queries: ..)` or `@model(mutations: ..)` sets to `null` has no route; without `list` there are
//! no queries of an index either. `GET /openapi.json`
//! describes them and `GET /health` answers without a token.
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
//! 7. A relation asks three times: for the record, for the field and for each related record. That there is none, and that
//!    the caller may not see it, is one answer. Whoever has any reading operation of the related model (`get`, `list`,
//!    `listen`, `sync`, `search`) is shown its records by way of a relation, as in Amplify.
//! 8. A field with `@function` is called by whom its rules admit, before the arguments are read. A record that it answers is
//!    shown as a whole to whom the rules of that field admit, whatever the rules of the record's model say; only fields
//!    with rules of their own are left out for whoever they do not admit, at every depth.
//! 9. Errors are problem details (RFC 9457) with fixed texts. Nothing internal is told, and nothing personal is logged.
//!
//! *Caveat:* a foreign key that a relation implies (`blogPostsId`) may be written by whoever may write some field of the
//! record, and is read with it, as in Amplify. To change that, declare the field and guard it. (One that an owner or a group
//! rule looks into is guarded already.) The model that holds the pairs of a `@manyToMany` has the rules of both sides, and
//! either admits; to guard it by others, declare a model of your own in its place.
//!
//! *Caveat:* what a gateway says about the caller is not believed unless [`Config::gateway`] says so, and never about a token:
//! the API verifies tokens itself.
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
//! let router = router(Api::new(schema, testkit::table().await?, verifier)?)?;
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
mod key_query;
mod openapi;
mod page_query;
mod problem;
mod router;
mod routes;
mod shown_answer;
mod stage;

pub use portcullis_data::{FunctionError, Functions, Invocation};

pub use self::{
    access_log::log_filter,
    api::{Api, StartError},
    body::BODY_LIMIT,
    config::{Config, GatewayConfig},
    cors::{CorsOrigins, InvalidOrigins},
    openapi::document,
    router::{lambda_service, router},
};
