//! The messages of the protocol.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How long a client should wait for a sign of life, in milliseconds.
const CONNECTION_TIMEOUT_MS: u64 = 300_000;

/// A message of a client.
#[derive(Deserialize)]
pub(super) struct Incoming {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    payload: Option<Value>,
}

/// What `start` brings along.
#[derive(Deserialize)]
pub(super) struct Start {
    /// The request, as text.
    pub(super) data: String,
    extensions: Extensions,
}

#[derive(Deserialize)]
struct Extensions {
    authorization: Map<String, Value>,
}

impl Incoming {
    /// What `start` brings along; `None` if something is missing.
    pub(super) fn start(&mut self) -> Option<Start> {
        serde_json::from_value(self.payload.take()?).ok()
    }
}

impl Start {
    /// The headers that say who subscribes.
    pub(super) fn authorization(&self) -> &Map<String, Value> {
        &self.extensions.authorization
    }

    /// The GraphQL request; `None` if it is no object.
    pub(super) fn request(&self) -> Option<Map<String, Value>> {
        serde_json::from_str(&self.data).ok()
    }
}

/// A message to a client.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outgoing(Value);

impl Outgoing {
    pub(super) fn connection_ack() -> Self {
        Self(json!({ "type": "connection_ack", "payload": { "connectionTimeoutMs": CONNECTION_TIMEOUT_MS } }))
    }

    pub(super) fn connection_error(kind: &str, code: u16, message: &str) -> Self {
        let error = json!({ "errorType": kind, "errorCode": code, "message": message });
        Self(json!({ "type": "connection_error", "payload": { "errors": [error] } }))
    }

    pub(super) fn keep_alive() -> Self {
        Self(json!({ "type": "ka" }))
    }

    pub(super) fn start_ack(id: &str) -> Self {
        Self(json!({ "type": "start_ack", "id": id }))
    }

    pub(super) fn data(id: &str, payload: Value) -> Self {
        Self(json!({ "type": "data", "id": id, "payload": payload }))
    }

    pub(super) fn complete(id: &str) -> Self {
        Self(json!({ "type": "complete", "id": id }))
    }

    /// An error about a subscription, or about a message if it names none.
    pub(super) fn error(id: Option<&str>, kind: &str, message: &str) -> Self {
        Self::errors(id, vec![json!({ "errorType": kind, "message": message })])
    }

    pub(super) fn errors(id: Option<&str>, errors: Vec<Value>) -> Self {
        let mut message = json!({ "type": "error", "payload": { "errors": errors } });
        if let (Some(id), Some(message)) = (id, message.as_object_mut()) {
            message.insert("id".to_owned(), id.into());
        }
        Self(message)
    }

    pub(super) fn into_text(self) -> String {
        self.0.to_string()
    }
}
