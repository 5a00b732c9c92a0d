//! `GET /blogs/{id}/posts` and `GET /posts/{id}/blog`: records by way of another.

use std::sync::Arc;

use axum::{
    extract::State,
    http::HeaderMap,
    middleware,
    response::Response,
    routing::{MethodRouter, get},
};
use http::header::IF_NONE_MATCH;
use portcullis::Caller;
use portcullis_data::{
    PageRequest, Related,
    rules::Operation,
    schema::{Connection, ModelType, Schema},
};

use super::{Resource, Segments, key_of, page_response, record_or_unchanged};
use crate::{
    Api,
    access_log::note_caller,
    entity_tag::Condition,
    page_query::{PageQuery, Parameters, expect_no_parameters},
    problem::Problem,
};

/// The path of a relation.
pub(crate) fn path(model: &ModelType, connection: &Connection) -> String {
    format!("{}/{}", super::item_path(model), connection.field)
}

/// What a relation does with the model that it leads to.
pub(crate) fn operation(connection: &Connection) -> Operation {
    if connection.many { Operation::List } else { Operation::Get }
}

/// Whether a relation has a route: it is reading a record and then what it leads to, so `@model` must leave both.
pub(crate) fn is_served(schema: &Schema, model: &ModelType, connection: &Connection) -> bool {
    let related = schema.model(&connection.model);
    model.api().of(Operation::Get).is_some()
        && related.is_some_and(|related| related.api().of(operation(connection)).is_some())
}

/// Who may read what is behind the field is for the rules of three places to say: the record's, the field's and those of
/// the related model. Data asks all of them; there is nothing to be said before.
pub(crate) fn related(api: &Api, connection: &Connection) -> MethodRouter<Arc<Resource>> {
    let field: Arc<str> = connection.field.as_str().into();
    let handler = if connection.many {
        get(move |resource, caller, key, parameters| many(field, resource, caller, key, parameters))
    } else {
        get(move |resource, caller, key, parameters, headers| {
            one(field, resource, caller, key, parameters, headers)
        })
    };
    handler.route_layer(middleware::from_fn(note_caller)).route_layer(api.authenticate.clone())
}

async fn many(
    field: Arc<str>,
    State(resource): State<Arc<Resource>>,
    Caller(identity): Caller,
    key: Segments,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let page = PageQuery::read(parameters)?.into();
    let key = key_of(&resource.model, key)?;
    let related = resource
        .repository
        .related(&identity, &resource.schema, &resource.model, &key, &field, &page)
        .await?;
    match related {
        Related::Many(page) => Ok(page_response(page)),
        Related::One(_) => Err(Problem::internal()),
    }
}

async fn one(
    field: Arc<str>,
    State(resource): State<Arc<Resource>>,
    Caller(identity): Caller,
    key: Segments,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    expect_no_parameters(parameters)?;
    let condition = Condition::read(&headers, &IF_NONE_MATCH)?;
    let key = key_of(&resource.model, key)?;
    let page = PageRequest { limit: None, next_token: None };
    let related = resource
        .repository
        .related(&identity, &resource.schema, &resource.model, &key, &field, &page)
        .await?;
    match related {
        Related::One(Some(record)) => Ok(record_or_unchanged(record, condition)),
        // That there is none, and that there is one which the caller may not see, is one answer.
        Related::One(None) => Err(Problem::no_such_item()),
        Related::Many(_) => Err(Problem::internal()),
    }
}
