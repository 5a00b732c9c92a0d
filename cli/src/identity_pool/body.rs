//! The bodies of requests to the pool.

use std::error::Error;

use axum::body::{Body, Bytes, to_bytes};
use http_body_util::LengthLimitError;

use super::error::{Exception, ServiceError};

const MAX_BODY: usize = 256 * 1024;

/// Reads a body to its end.
pub(super) async fn read(body: Body) -> Result<Bytes, ServiceError> {
    to_bytes(body, MAX_BODY).await.map_err(|error| {
        let source = Error::source(&error);
        match source.is_some_and(|source| source.is::<LengthLimitError>()) {
            true => ServiceError::new(Exception::RequestEntityTooLarge, "the body is larger than 256 KiB"),
            false => ServiceError::new(Exception::Serialization, "the body could not be read"),
        }
    })
}
