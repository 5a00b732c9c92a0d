//! All routes, and the layers around them.

use std::{convert::Infallible, sync::Arc};

use axum::{Router, middleware, response::Response};
use http::StatusCode;
use portcullis_data::schema::ModelType;
use tower::{Service, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Api,
    access_log::{AccessLog, log_request},
    envelope::{after_panic, dress},
    problem::Problem,
    routes::{self, Resource},
    stage::without_stage,
};

/// All routes of the API in their layers: a service for axum, hyper or, through [`lambda_service`], for AWS Lambda.
pub fn router(api: Api) -> Router {
    let log = AccessLog::new(
        api.schema.models().iter().map(|it| (format!("/{}", it.path()), it.name().to_owned())),
    );
    let cors = api.cors.layer();
    let mut router = Router::new()
        .route("/health", routes::health())
        .route("/openapi.json", routes::openapi(&api.schema))
        .fallback(|| async { Problem::of_status(StatusCode::NOT_FOUND) })
        .method_not_allowed_fallback(|| async { Problem::of_status(StatusCode::METHOD_NOT_ALLOWED) });
    for model in api.schema.models() {
        router = router.merge(model_routes(&api, model));
    }
    // From the innermost to the outermost.
    let router = router.layer(CatchPanicLayer::custom(after_panic)).layer(middleware::from_fn(dress));
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router.layer(middleware::from_fn_with_state(log, log_request))
}

/// The API as the service that `lambda_http::run` takes, for HTTP APIs (payload 2.0) and REST APIs (1.0) on any stage.
///
/// ```no_run
/// # async fn start(api: portcullis_api::Api) -> Result<(), lambda_http::Error> {
/// use portcullis_api::{lambda_service, router};
///
/// lambda_http::run(lambda_service(router(api))).await
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

fn model_routes(api: &Api, model: &ModelType) -> Router {
    let resource = Arc::new(Resource { repository: api.repository.clone(), model: model.clone() });
    Router::new()
        .route(&format!("/{}", model.path()), routes::collection(api, model))
        .route(&format!("/{}/{{id}}", model.path()), routes::item(api, model))
        .with_state(resource)
}
