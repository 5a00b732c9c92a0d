//! The routes of a model, and those beside the models.

mod collection;
mod description;
mod item;

use std::sync::Arc;

use axum::{
    Json, middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use http::{StatusCode, header::ETAG};
use portcullis::{AuthorizeLayer, Screen};
use portcullis_data::{
    AuthorizedRepository, Stored,
    rules::{Authorizer, Operation},
    schema::ModelType,
};
use serde_json::json;

pub(crate) use self::{collection::collection, description::openapi, item::item};
use crate::{Api, access_log::note_caller, entity_tag};

/// What the handlers of one model work on.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) repository: AuthorizedRepository,
    pub(crate) model: ModelType,
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
            Authorizer::default(),
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
fn record_response(status: StatusCode, record: Stored) -> Response {
    let tag = entity_tag::header(record.revision().as_str());
    let mut response = (status, Json(record.item())).into_response();
    if let Some(tag) = tag {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
