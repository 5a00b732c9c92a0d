//! `GET`, `PATCH` and `DELETE /notes/{id}`, with a segment for each field of the key.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::{MethodRouter, delete, get, patch},
};
use http::{
    HeaderMap, StatusCode,
    header::{IF_MATCH, IF_NONE_MATCH},
};
use portcullis::Caller;
use portcullis_data::{Revision, rules::Operation, schema::ModelType};

use super::{Resource, Segments, key_of, record_or_unchanged, record_response, served};
use crate::{
    Api,
    body::{Purpose, read_object},
    entity_tag::Condition,
    page_query::{Parameters, expect_no_parameters},
    problem::Problem,
};

pub(crate) fn item(api: &Api, model: &ModelType) -> MethodRouter<Arc<Resource>> {
    served(api, model, Operation::Get, || get(read))
        .merge(served(api, model, Operation::Update, || patch(update)))
        .merge(served(api, model, Operation::Delete, || delete(remove)))
}

async fn read(
    State(resource): State<Arc<Resource>>,
    Caller(identity): Caller,
    key: Segments,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    expect_no_parameters(parameters)?;
    let condition = Condition::read(&headers, &IF_NONE_MATCH)?;
    let key = key_of(&resource.model, key)?;
    let record = resource.repository.get(&identity, &resource.model, &key).await?;
    Ok(record_or_unchanged(record, condition))
}

async fn update(
    State(resource): State<Arc<Resource>>,
    Caller(identity): Caller,
    key: Segments,
    parameters: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    expect_no_parameters(parameters)?;
    let (head, body) = request.into_parts();
    let expected = expected(&head.headers)?;
    let key = key_of(&resource.model, key)?;
    let changes = read_object(&head.headers, body, Purpose::Patch).await?;
    let record =
        resource.repository.update(&identity, &resource.model, &key, changes, expected.as_ref()).await?;
    Ok(record_response(StatusCode::OK, record))
}

async fn remove(
    State(resource): State<Arc<Resource>>,
    Caller(identity): Caller,
    key: Segments,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    expect_no_parameters(parameters)?;
    let expected = expected(&headers)?;
    let key = key_of(&resource.model, key)?;
    resource.repository.delete(&identity, &resource.model, &key, expected.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The state in which the item must be, if the request asks for one.
fn expected(headers: &HeaderMap) -> Result<Option<Revision>, Problem> {
    Condition::read(headers, &IF_MATCH)?.map_or(Ok(None), |condition| condition.expected())
}
