//! The console: pages of the local system, in which a developer signs up, calls the API and sees why it answers so.
//!
//! 1. `GET /` is the console and `GET /graphiql` is GraphiQL; everything else of theirs is under `/console/`. Nothing is loaded from
//!    anywhere else, and the pages say so to the browser (`Content-Security-Policy`).
//! 2. `POST /console/explain` takes a request that one is about to make, with one's own credentials, and answers what
//!    `portcullis explain` says about it. The stored record that it is about is read if a rule looks at it for this caller, so never
//!    without credentials; no value of it is told. Whoever has credentials is told more than the API tells them: that a record is there
//!    which they may not read, and which rule refuses them. That is what the page is for, and every program of this machine may
//!    read the table itself.
//! 3. `GET /console/backend`, `/console/access` and `/console/start` tell what clients must know, who may do what, and where
//!    to begin.
//! 4. Only programs of this machine and these pages themselves are answered: a page of another site is refused, also one whose
//!    name was pointed to this machine.
//!
//! It is part of the local system alone; no function that is deployed has it.

mod assets;
mod explanation;
mod guard;
mod page;
mod question;
mod records;
mod start;
mod statement;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::StatusCode;
use portcullis::AuthenticateLayer;
use portcullis_data::Table;
use portcullis_schema::{ExpandedSchema, Schema};
use serde_json::json;

use self::{explanation::explain, guard::only_own, records::Records};
use crate::{
    access,
    client_config::{BACKEND_PATH, Backend},
    local::Example,
};

/// Bytes of a request that is to be explained at most: what the API takes, and what is round it.
const MAX_BODY: usize = 1024 * 1024;

/// What the console shows.
#[derive(Debug)]
pub(crate) struct Console {
    pub(crate) schema: Arc<Schema>,
    pub(crate) backend: Backend,
    /// A record that whoever has signed in may write.
    pub(crate) example: Option<Example>,
}

/// What its handlers share.
#[derive(Debug)]
struct Shared {
    console: Console,
    expanded: ExpandedSchema,
    records: Records,
}

impl Console {
    /// Its routes. Callers are known by the same layer as those of the API, and records are those of this table.
    pub(crate) fn router(self, table: Table, authenticate: AuthenticateLayer) -> Router {
        let policy = page::Policy::new(self.backend.user_pool.endpoint.as_deref());
        let (console, graphiql) = (policy.clone(), policy);
        let pages = Router::new()
            .route("/", get(move || async move { console.console() }))
            .route("/graphiql", get(move || async move { graphiql.graphiql() }));
        let expanded = self.schema.expand();
        let shared = Arc::new(Shared { console: self, expanded, records: Records::new(table) });
        let rest = Router::new()
            .route(BACKEND_PATH, get(backend))
            .route("/console/access", get(matrix))
            .route("/console/start", get(begin))
            .route(
                "/console/explain",
                post(explain).layer(DefaultBodyLimit::max(MAX_BODY)).route_layer(authenticate.optional()),
            )
            .with_state(shared)
            .merge(assets::router())
            .route_layer(from_fn(only_own));
        pages.merge(rest).layer(from_fn(guard::within_this_machine))
    }
}

async fn backend(State(shared): State<Arc<Shared>>) -> Response {
    Json(&shared.console.backend).into_response()
}

async fn begin(State(shared): State<Arc<Shared>>) -> Response {
    Json(start::of(&shared.console.schema, &shared.expanded, shared.console.example.as_ref())).into_response()
}

/// Who may do what. A large schema takes a while.
async fn matrix(State(shared): State<Arc<Shared>>) -> Response {
    let matrix = tokio::task::spawn_blocking(move || access::matrix_of(&shared.console.schema)).await;
    match matrix {
        Ok(Ok(matrix)) => Json(matrix).into_response(),
        Ok(Err(error)) => problem(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the matrix could not be made"),
    }
}

fn problem(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}
