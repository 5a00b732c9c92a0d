//! Page tokens: the last key of a page, wrapped so that nobody relies on what it is.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::pool::{call::Call, error::ServiceError};

/// The largest page of any list.
pub(super) const MAX_PAGE: usize = 60;

pub(super) fn token(last_key: &str) -> String {
    URL_SAFE_NO_PAD.encode(last_key)
}

/// The key after which a page begins; the empty one for the first page.
pub(super) fn start(call: &Call<'_>, member: &str) -> Result<String, ServiceError> {
    let Some(token) = call.input.optional_string(member)? else { return Ok(String::new()) };
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|key| String::from_utf8(key).ok())
        .ok_or_else(|| ServiceError::invalid("Invalid pagination token"))
}
