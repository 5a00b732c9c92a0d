//! What a server answered.

use reqwest::{Response, header::HeaderMap};
use serde_json::Value;

use crate::Result;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON, or null when it is not.
    pub body: Value,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Result<Self> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.bytes().await?;
        Ok(Self { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    /// A member of the body as text; empty when there is none.
    #[must_use]
    pub fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The name of the exception, as AWS names it in `__type`, without its namespace.
    #[must_use]
    pub fn exception(&self) -> &str {
        let name = self.text("/__type");
        name.rsplit_once('#').map_or(name, |(_, name)| name)
    }

    /// A header as text; empty when there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
