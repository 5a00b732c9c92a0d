//! DynamoDB on this machine: an embedded engine behind DynamoDB's wire protocol.
//!
//! 1. `POST /` with the operation in `X-Amz-Target` and a JSON 1.0 body, as every AWS SDK sends it.
//! 2. Nobody's signature is checked, so only programs of this machine are let in: a request from a web page (`Origin`), or one
//!    that names another host, is refused. The engine's own HTTP server would answer any page.
//! 3. The engine works on threads that may wait for the disk, never on those that serve requests.

use std::path::Path;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    response::{IntoResponse, Response},
    routing::post,
};
use dynoxide::{Database, DynoxideError, Result};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    local::{OpenFolder, StartError},
    loopback::{is_addressed_to_loopback, is_from_a_page},
};

/// The engine's file in a data folder.
pub(crate) const FILE: &str = "dynamodb.sqlite";

const JSON_1_0: &str = "application/x-amz-json-1.0";
const SERVICE: &str = "DynamoDB_20120810.";
/// What DynamoDB accepts, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// Opens the engine on a file of the data folder, or in memory.
pub(crate) fn open(folder: Option<&OpenFolder>) -> std::result::Result<Database, StartError> {
    let database = match folder {
        Some(folder) => Database::new(&path_text(&folder.private_file(FILE)?)),
        None => Database::memory(),
    };
    database.map_err(|error| StartError::part("DynamoDB", error))
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The engine's HTTP side.
pub(crate) fn router(database: Database) -> Router {
    Router::new()
        .route("/", post(answer).get(|| async { "healthy" }))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(database)
}

async fn answer(State(database): State<Database>, headers: HeaderMap, body: Bytes) -> Response {
    if is_from_a_page(&headers) || !is_addressed_to_loopback(&headers) {
        let error = refusal("AccessDeniedException", "only programs of this machine may call");
        return json(StatusCode::FORBIDDEN, error);
    }
    let operation = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let Some(operation) = operation.and_then(|target| target.strip_prefix(SERVICE)).map(str::to_owned) else {
        return unknown_operation();
    };
    match tokio::task::spawn_blocking(move || perform(&database, &operation, &body)).await {
        Ok(Some(Ok(answer))) => json(StatusCode::OK, answer),
        Ok(Some(Err(error))) => json(
            StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST),
            error.to_json(),
        ),
        Ok(None) => unknown_operation(),
        Err(_) => {
            let error = refusal("InternalServerError", "the engine panicked");
            json(StatusCode::INTERNAL_SERVER_ERROR, error)
        }
    }
}

/// What the engine answers; `None` for an operation that this door does not offer.
fn perform(engine: &Database, operation: &str, body: &[u8]) -> Option<Result<String>> {
    Some(match operation {
        "BatchGetItem" => call(body, |request| engine.batch_get_item(request)),
        "BatchWriteItem" => call(body, |request| engine.batch_write_item(request)),
        "CreateTable" => call(body, |request| engine.create_table(request)),
        "DeleteItem" => call(body, |request| engine.delete_item(request)),
        "DeleteTable" => call(body, |request| engine.delete_table(request)),
        "DescribeTable" => call(body, |request| engine.describe_table(request)),
        "ExecuteStatement" => call(body, |request| engine.execute_statement(request)),
        "GetItem" => call(body, |request| engine.get_item(request)),
        "ListTables" => call(body, |request| engine.list_tables(request)),
        "PutItem" => call(body, |request| engine.put_item(request)),
        "Query" => call(body, |request| engine.query(request)),
        "Scan" => call(body, |request| engine.scan(request)),
        "TransactGetItems" => call(body, |request| engine.transact_get_items(request)),
        "TransactWriteItems" => call(body, |request| engine.transact_write_items(request)),
        "UpdateItem" => call(body, |request| engine.update_item(request)),
        "UpdateTable" => call(body, |request| engine.update_table(request)),
        _ => return None,
    })
}

fn call<Q: DeserializeOwned, A: Serialize>(body: &[u8], run: impl FnOnce(Q) -> Result<A>) -> Result<String> {
    let request = serde_json::from_slice(body)
        .map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
    let answer = run(request)?;
    serde_json::to_string(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

fn unknown_operation() -> Response {
    json(StatusCode::BAD_REQUEST, refusal("UnknownOperationException", "this engine has no such operation"))
}

fn refusal(kind: &str, message: &str) -> String {
    serde_json::json!({ "__type": kind, "message": message }).to_string()
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, JSON_1_0)], body).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    use super::*;

    async fn status(target: &str, header: (&str, &str), body: &str) -> StatusCode {
        let request = Request::post("/")
            .header("host", "127.0.0.1:8000")
            .header("x-amz-target", target)
            .header(header.0, header.1)
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = router(Database::memory().unwrap()).oneshot(request).await.unwrap();
        assert!(!response.headers().contains_key("access-control-allow-origin"));
        response.status()
    }

    #[tokio::test]
    async fn programs_are_answered_and_pages_are_not() {
        let list = "DynamoDB_20120810.ListTables";
        for (header, expected) in [
            (("x-amz-date", "20261123T000000Z"), 200),
            (("origin", "https://example.com"), 403),
            (("origin", "null"), 403),
        ] {
            assert_eq!(status(list, header, "{}").await, expected, "{header:?}");
        }
        let rebound = Request::post("/")
            .header("host", "rebound.example.com:8000")
            .header("x-amz-target", list)
            .body(Body::from("{}"))
            .unwrap();
        let response = router(Database::memory().unwrap()).oneshot(rebound).await.unwrap();
        assert_eq!(response.status(), 403);
        let preflight =
            Request::options("/").header("origin", "https://example.com").body(Body::empty()).unwrap();
        let response = router(Database::memory().unwrap()).oneshot(preflight).await.unwrap();
        assert!(!response.headers().contains_key("access-control-allow-origin"));
        assert_eq!(response.status(), 405);
    }

    #[tokio::test]
    async fn what_is_not_a_request_is_a_client_error() {
        let date = ("x-amz-date", "20261123T000000Z");
        for (target, body) in [
            ("DynamoDB_20120810.Nothing", "{}"),
            ("ListTables", "{}"),
            ("DynamoDB_20120810.ListTables", "{"),
            ("DynamoDB_20120810.GetItem", "[]"),
            ("DynamoDB_20120810.GetItem", r#"{"TableName":"none","Key":{"pk":{"S":"1"}}}"#),
        ] {
            assert_eq!(status(target, date, body).await, 400, "{target} {body}");
        }
    }
}
