//! `POST /notes` and `GET /notes`.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
    routing::{MethodRouter, get, post},
};
use http::{HeaderValue, StatusCode, header::LOCATION};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use portcullis::Caller;
use portcullis_data::{DataError, rules::Operation, schema::ModelType};

use super::{Resource, page_response, record_response, served};
use crate::{
    Api,
    body::{Purpose, read_object},
    key_query,
    page_query::{PageQuery, Parameters, expect_no_parameters},
    problem::{Mistake, Problem},
    stage::PublicPrefix,
};

/// What RFC 3986 leaves unreserved needs no encoding.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) fn collection(api: &Api, model: &ModelType) -> MethodRouter<Arc<Resource>> {
    let list = served(api, model, Operation::List, || get(list));
    let create = served(api, model, Operation::Create, || post(create));
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
    // There is none to name if part of the key is withheld from who made the record.
    let location = record.key().and_then(|key| {
        let segments = key.segments().map(|it| format!("/{}", utf8_percent_encode(it, ENCODED)));
        let key = segments.collect::<String>();
        HeaderValue::try_from(format!("{prefix}/{}{key}", resource.model.path())).ok()
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
    let (page, query) = PageQuery::read_with(parameters, |others, mistakes| {
        key_query::read(&resource.model, others, mistakes)
    })?;
    let page = page.into();
    let page = match query {
        Some(query) => resource.repository.query(&identity, &resource.model, &query, &page).await,
        None => resource.repository.list(&identity, &resource.model, &page).await,
    };
    Ok(page_response(page.map_err(in_query)?))
}

/// What is wrong with a query does not stand in a body.
fn in_query(error: DataError) -> Problem {
    match error {
        DataError::Invalid(fields) => Problem::bad_query(fields.into_iter().map(Mistake::from).collect()),
        error => error.into(),
    }
}
