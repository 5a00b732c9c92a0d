//! `GET`, `PATCH` and `DELETE /notes/{id}`.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::{MethodRouter, delete, get, patch},
};
use http::{
    HeaderMap, StatusCode,
    header::{ETAG, IF_MATCH, IF_NONE_MATCH},
};
use portcullis::Caller;
use portcullis_data::{Revision, rules::Operation, schema::ModelType};

use super::{Resource, guarded, record_response};
use crate::{
    Api,
    body::{Purpose, read_object},
    entity_tag::Condition,
    page_query::{Parameters, expect_no_parameters},
    problem::Problem,
};

/// The id in the path. One that is not UTF-8 names nothing.
type Id = Result<Path<String>, PathRejection>;

pub(crate) fn item(api: &Api, model: &ModelType) -> MethodRouter<Arc<Resource>> {
    guarded(api, model, Operation::Get, get(read))
        .merge(guarded(api, model, Operation::Update, patch(update)))
        .merge(guarded(api, model, Operation::Delete, delete(remove)))
}

async fn read(
    State(resource): State<Arc<Resource>>,
    Caller(identity): Caller,
    id: Id,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    expect_no_parameters(parameters)?;
    let condition = Condition::read(&headers, &IF_NONE_MATCH)?;
    let record = resource.repository.get(&identity, &resource.model, &known(id)?).await?;
    let unchanged = condition.is_some_and(|condition| condition.names(record.revision().as_str()));
    let mut response = record_response(StatusCode::OK, record);
    if unchanged {
        let tag = response.headers_mut().remove(ETAG);
        response = StatusCode::NOT_MODIFIED.into_response();
        tag.map(|tag| response.headers_mut().insert(ETAG, tag));
    }
    Ok(response)
}

async fn update(
    State(resource): State<Arc<Resource>>,
    Caller(identity): Caller,
    id: Id,
    parameters: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    expect_no_parameters(parameters)?;
    let (head, body) = request.into_parts();
    let expected = expected(&head.headers)?;
    let id = known(id)?;
    let changes = read_object(&head.headers, body, Purpose::Patch).await?;
    let record =
        resource.repository.update(&identity, &resource.model, &id, changes, expected.as_ref()).await?;
    Ok(record_response(StatusCode::OK, record))
}

async fn remove(
    State(resource): State<Arc<Resource>>,
    Caller(identity): Caller,
    id: Id,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    expect_no_parameters(parameters)?;
    let expected = expected(&headers)?;
    resource.repository.delete(&identity, &resource.model, &known(id)?, expected.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn known(id: Id) -> Result<String, Problem> {
    id.map(|Path(id)| id).map_err(|_| Problem::no_such_item())
}

/// The state in which the item must be, if the request asks for one.
fn expected(headers: &HeaderMap) -> Result<Option<Revision>, Problem> {
    Condition::read(headers, &IF_MATCH)?.map_or(Ok(None), |condition| condition.expected())
}
