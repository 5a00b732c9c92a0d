//! `GET /openapi.json`.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use portcullis::ResourceMetadata;
use portcullis_data::schema::Schema;
use serde_json::Value;

use crate::{
    entity_tag::{self, Condition},
    openapi::{document, of_metadata},
    problem::Problem,
};

/// The description changes with a deployment only.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The description, made once.
pub(crate) fn openapi(schema: &Schema, metadata: Option<&ResourceMetadata>) -> MethodRouter {
    let mut document = document(schema);
    if let (Some(metadata), Some(paths)) =
        (metadata, document.get_mut("paths").and_then(Value::as_object_mut))
    {
        paths.insert(metadata.path().to_owned(), of_metadata());
    }
    let body = Bytes::from(document.to_string());
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let state = format!("{:016x}", hasher.finish());
    get(move |headers: HeaderMap| async move { answer(&headers, &state, body) })
}

fn answer(headers: &HeaderMap, state: &str, body: Bytes) -> Result<Response, Problem> {
    let unchanged = Condition::read(headers, &IF_NONE_MATCH)?.is_some_and(|condition| condition.names(state));
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, "application/json")], body).into_response()
    };
    response.headers_mut().insert(CACHE_CONTROL, CACHE);
    if let Some(tag) = entity_tag::header(state) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}
