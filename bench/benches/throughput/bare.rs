//! The two operations without a layer.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use http::StatusCode;
use portcullis_data::{
    AuthorizedRepository, DataError, RecordKey, Repository,
    rules::{Authorizer, Claims, Identity, Item, User, VerifiedBy},
    schema::ModelType,
};

struct Resource {
    repository: AuthorizedRepository,
    model: ModelType,
    caller: Identity,
}

type Answer = Result<Json<Item>, StatusCode>;

/// Creates and reads records of a model for the one caller.
pub(crate) fn router(model: ModelType, repository: Repository, caller: &str) -> Router {
    let repository = AuthorizedRepository::new(repository, Authorizer::default());
    let claims = Claims::from_iter([("sub", caller), ("username", caller)]);
    let caller = Identity::User(User::user_pools(claims, VerifiedBy::Portcullis));
    Router::new()
        .route("/notes", post(create))
        .route("/notes/{id}", get(read))
        .with_state(Arc::new(Resource { repository, model, caller }))
}

async fn create(
    State(resource): State<Arc<Resource>>,
    Json(input): Json<Item>,
) -> Result<(StatusCode, Json<Item>), StatusCode> {
    let created = resource.repository.create(&resource.caller, &resource.model, input).await;
    Ok((StatusCode::CREATED, Json(created.map_err(failed)?.into_item())))
}

async fn read(State(resource): State<Arc<Resource>>, Path(id): Path<String>) -> Answer {
    let read = resource.repository.get(&resource.caller, &resource.model, &RecordKey::id(id)).await;
    Ok(Json(read.map_err(failed)?.into_item()))
}

fn failed(_: DataError) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
