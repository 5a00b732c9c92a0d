//! All routes, and the layers around them.

use std::{convert::Infallible, sync::Arc};

use axum::{Router, middleware, response::Response};
use http::{Method, StatusCode};
use portcullis_data::{
    AuthorizedRepository,
    rules::Operation,
    schema::{Connection, ModelType},
};
use tower::{Service, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Api, StartError,
    access_log::{AccessLog, Actions, log_request},
    envelope::{after_panic, dress},
    problem::Problem,
    routes::{self, Resource},
    stage::without_stage,
};

/// All routes of the API in their layers: a service for axum, hyper or, through [`lambda_service`], for AWS Lambda.
///
/// # Errors
///
/// When the schema names a function that nobody has registered, or one was registered twice.
pub fn router(api: Api) -> Result<Router, StartError> {
    api.functions.check(&api.schema)?;
    let cors = api.cors.layer();
    let mut actions = Actions::default();
    let mut router = Router::new()
        .route("/health", routes::health())
        .route("/openapi.json", routes::openapi(&api.schema, api.metadata.as_ref()))
        .fallback(|| async { Problem::of_status(StatusCode::NOT_FOUND) })
        .method_not_allowed_fallback(|| async { Problem::of_status(StatusCode::METHOD_NOT_ALLOWED) });
    if let Some(metadata) = &api.metadata {
        router = router.route_service(metadata.path(), metadata.clone());
    }
    for model in api.schema.models() {
        router = router.merge(model_routes(&api, model, &mut actions));
    }
    for field in api.schema.custom_fields() {
        if let Some(path) = routes::custom_path(field) {
            router = router.route(&path, routes::custom(&api, field));
            actions.add(Method::POST, &path, field.type_name(), field.name());
        }
    }
    for routes in api.more {
        router = router.merge(routes);
    }
    // From the innermost to the outermost.
    let router = router.layer(CatchPanicLayer::custom(after_panic)).layer(middleware::from_fn(dress));
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    Ok(router.layer(middleware::from_fn_with_state(AccessLog::new(actions), log_request)))
}

/// The API as the service that `lambda_http::run` takes, for HTTP APIs (payload 2.0) and REST APIs (1.0) on any stage.
///
/// ```no_run
/// # async fn start(api: portcullis_api::Api) -> Result<(), lambda_http::Error> {
/// use portcullis_api::{lambda_service, router};
///
/// lambda_http::run(lambda_service(router(api)?)).await
/// # }
/// ```
pub fn lambda_service(
    router: Router,
) -> impl Service<lambda_http::Request, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    router.map_request(without_stage)
}

fn model_routes(api: &Api, model: &ModelType, actions: &mut Actions) -> Router {
    let repository = AuthorizedRepository::new(api.repository.clone(), api.authorizer.clone());
    let resource = Arc::new(Resource { repository, schema: Arc::clone(&api.schema), model: model.clone() });
    let (collection, item) = (format!("/{}", model.path()), routes::item_path(model));
    for (method, path, operation) in [
        (Method::POST, &collection, Operation::Create),
        (Method::GET, &collection, Operation::List),
        (Method::GET, &item, Operation::Get),
        (Method::PATCH, &item, Operation::Update),
        (Method::DELETE, &item, Operation::Delete),
    ] {
        actions.add(method, path, model.name(), operation.name());
    }
    let mut router = Router::new()
        .route(&collection, routes::collection(api, model))
        .route(&item, routes::item(api, model));
    let served = |connection: &&Connection| routes::relation_is_served(&api.schema, model, connection);
    for connection in model.connections().iter().filter(served) {
        let path = routes::related_path(model, connection);
        router = router.route(&path, routes::related(api, connection));
        actions.add(Method::GET, &path, &connection.model, routes::related_operation(connection).name());
    }
    router.with_state(resource)
}
