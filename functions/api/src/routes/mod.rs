//! The routes of a model, and those beside the models.

mod collection;
mod custom;
mod description;
mod item;
mod related;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, rejection::PathRejection},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use http::{StatusCode, header::ETAG};
use portcullis::{AuthorizeLayer, Screen};
use portcullis_data::{
    AuthorizedRepository, Page, RecordKey, Shown,
    rules::Operation,
    schema::{ModelType, Schema},
};
use serde_json::json;

pub(crate) use self::{
    collection::collection,
    custom::{DEFAULT_PROVIDER, custom, path as custom_path},
    description::openapi,
    item::item,
    related::{
        is_served as relation_is_served, operation as related_operation, path as related_path, related,
    },
};
use crate::{
    Api,
    access_log::note_caller,
    entity_tag::{self, Condition},
    problem::Problem,
};

/// The values of the key in a path. What is not UTF-8 names nothing.
pub(crate) type Segments = Result<Path<Vec<String>>, PathRejection>;

/// What the handlers of one model work on.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) repository: AuthorizedRepository,
    pub(crate) schema: Arc<Schema>,
    pub(crate) model: ModelType,
}

/// The path of a record: a segment for each field of the key.
pub(crate) fn item_path(model: &ModelType) -> String {
    let key: String = model.key().fields().map(|field| format!("/{{{field}}}")).collect();
    format!("/{}{key}", model.path())
}

/// A path that cannot be a key names nothing.
fn key_of(model: &ModelType, segments: Segments) -> Result<RecordKey, Problem> {
    let Path(segments) = segments.map_err(|_| Problem::no_such_item())?;
    RecordKey::from_segments(model, segments).map_err(|_| Problem::no_such_item())
}

/// The route of an operation, behind its guard; none if `@model` takes the operation away.
fn served(
    api: &Api,
    model: &ModelType,
    operation: Operation,
    handler: impl FnOnce() -> MethodRouter<Arc<Resource>>,
) -> MethodRouter<Arc<Resource>> {
    match model.api().of(operation) {
        Some(_) => guarded(api, model, operation, handler()),
        None => MethodRouter::new(),
    }
}

/// Every handler of a model stands behind this: who calls, and whether they could be allowed this operation on any
/// record. Only then is the body read.
fn guarded(
    api: &Api,
    model: &ModelType,
    operation: Operation,
    handler: MethodRouter<Arc<Resource>>,
) -> MethodRouter<Arc<Resource>> {
    handler
        .route_layer(AuthorizeLayer::new(Screen::new(
            api.authorizer.clone(),
            Arc::clone(model.rules()),
            operation,
        )))
        .route_layer(middleware::from_fn(note_caller))
        .route_layer(api.authenticate.clone())
}

/// Whether the API answers. Says nothing about what is behind it.
pub(crate) fn health() -> MethodRouter {
    get(|| async { Json(json!({ "status": "ok" })) })
}

/// An item with the tag of its state.
fn record_response(status: StatusCode, record: Shown) -> Response {
    let tag = entity_tag::header(record.revision().as_str());
    let mut response = (status, Json(record.into_item())).into_response();
    if let Some(tag) = tag {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// The record, unless the client has it as it is.
fn record_or_unchanged(record: Shown, condition: Option<Condition>) -> Response {
    let unchanged = condition.is_some_and(|condition| condition.names(record.revision().as_str()));
    let mut response = record_response(StatusCode::OK, record);
    if unchanged {
        let tag = response.headers_mut().remove(ETAG);
        response = StatusCode::NOT_MODIFIED.into_response();
        tag.map(|tag| response.headers_mut().insert(ETAG, tag));
    }
    response
}

fn page_response(page: Page) -> Response {
    Json(json!({ "items": page.items, "nextToken": page.next_token })).into_response()
}
