//! `POST /notes` and `GET /notes`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use http::{HeaderValue, StatusCode, header::LOCATION};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use portcullis::Caller;
use portcullis_data::{PageRequest, rules::Operation, schema::ModelType};
use serde_json::{Value, json};

use super::{Resource, guarded, record_response};
use crate::{
    Api,
    body::{Purpose, read_object},
    page_query::{PageQuery, Parameters, expect_no_parameters},
    problem::Problem,
    stage::PublicPrefix,
};

/// What RFC 3986 leaves unreserved needs no encoding.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) fn collection(api: &Api, model: &ModelType) -> MethodRouter<Arc<Resource>> {
    let list = guarded(api, model, Operation::List, get(list));
    let create = guarded(api, model, Operation::Create, post(create));
    list.merge(create)
}

async fn create(
    State(resource): State<Arc<Resource>>,
    Caller(identity): Caller,
    parameters: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    expect_no_parameters(parameters)?;
    let (head, body) = request.into_parts();
    let input = read_object(&head.headers, body, Purpose::Create).await?;
    let record = resource.repository.create(&identity, &resource.model, input).await?;

    let prefix = head.extensions.get::<PublicPrefix>().map_or("", |prefix| prefix.0.as_str());
    // There is none to name if the id is withheld from who made the record.
    let location = record.item().get("id").and_then(Value::as_str).and_then(|id| {
        let id = utf8_percent_encode(id, ENCODED);
        HeaderValue::try_from(format!("{prefix}/{}/{id}", resource.model.path())).ok()
    });
    let mut response = record_response(StatusCode::CREATED, record);
    if let Some(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

async fn list(
    State(resource): State<Arc<Resource>>,
    Caller(identity): Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let query = PageQuery::read(parameters)?;
    let request = PageRequest { limit: Some(query.limit), next_token: query.next_token };
    let page = resource.repository.list(&identity, &resource.model, &request).await?;
    Ok(Json(json!({ "items": page.items, "nextToken": page.next_token })).into_response())
}
