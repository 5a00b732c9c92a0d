//! GraphQL subscriptions over a WebSocket: `GET /graphql/realtime`, in the protocol of AWS AppSync's real-time endpoint.
//!
//! 1. The client shows who it is in the subprotocol `header-..` or the query parameter `header`, base64 of an object of headers,
//!    and again in each `start`. Both go through the layers that HTTP requests go through, signatures included. Who connects is
//!    checked when the first message comes; who may subscribe is decided by the same resolver as under AppSync, filters that
//!    AppSync would not take included.
//! 2. A change is told after it has been written, to each subscription by what the rules and its filter say, with what the mutation
//!    asked to see. Changes by way of the REST API are not told, as AppSync does not know of them either.
//! 3. When a token ends, or the credentials that something was signed with, the subscriptions end with an error that it was shown
//!    for, and with what was shown for the connection the connection. No change is told after that.
//! 4. Everything is bounded: connections, subscriptions of a connection (100, as in AppSync) and the size of their requests together,
//!    the size of a message (a change of more than 240 KiB is told to nobody, as in AppSync), the time without any subscription, the
//!    life of a connection. A client that does not read what it is sent, or is too slow for the
//!    changes, is cut off; no writer waits for it.
//! 5. Pages of other machines are refused, and so is whoever calls this one by a name that somebody else may own.
//!
//! <https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html>
//!
//! *Caveat:* a change is told in this process, at most once, and not kept for who is away. In the cloud AppSync delivers.

mod connection;
mod credentials;
mod message;
mod signatures;
#[cfg(test)]
mod signed_tests;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection, ws::WebSocketUpgrade},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, StatusCode, header::HOST};
use portcullis::{AuthenticateLayer, Clock, SystemClock};
use portcullis_resolvers::{GraphQl, graphql::BODY_LIMIT};
use serde::Deserialize;
use tokio::sync::Semaphore;

pub(crate) use self::signatures::Signatures;
#[cfg(test)]
pub(crate) use self::tests::Client;
use self::{connection::Connection, credentials::Credentials};
use crate::loopback::{is_addressed_to_loopback, is_from_a_page_elsewhere};

/// The one subprotocol that AppSync speaks.
const SUBPROTOCOL: &str = "graphql-ws";
/// Connections at most.
const MAX_CONNECTIONS: usize = 1000;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// Until the first message of a client.
    first_message: Duration,
    /// Between two looks at the clock.
    look: Duration,
    /// Between two signs of life.
    keep_alive: Duration,
    /// Without any subscription.
    idle: Duration,
    /// Of a connection.
    life: Duration,
    /// For a client to take one message.
    send: Duration,
}

/// AppSync's, as far as it tells them.
const TIMES: Times = Times {
    first_message: Duration::from_secs(15),
    look: Duration::from_secs(1),
    keep_alive: Duration::from_secs(60),
    idle: Duration::from_secs(600),
    life: Duration::from_secs(24 * 60 * 60),
    send: Duration::from_secs(10),
};

/// The endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Realtime {
    endpoint: GraphQl,
    authenticate: AuthenticateLayer,
    /// Checks what is signed; without it nothing that is signed is good.
    signatures: Option<Signatures>,
    clock: Arc<dyn Clock>,
    connections: Arc<Semaphore>,
    times: Times,
}

/// The parameters of the URL.
#[derive(Deserialize)]
struct Parameters {
    header: Option<String>,
}

impl Realtime {
    /// Subscriptions of this endpoint, for callers whom the layer knows.
    pub(crate) fn new(endpoint: GraphQl, authenticate: AuthenticateLayer) -> Self {
        let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let clock = Arc::new(SystemClock);
        Self { endpoint, authenticate, signatures: None, clock, connections, times: TIMES }
    }

    /// Lets in who has signed, where these say so. The layer must [believe](AuthenticateLayer::signed_requests) them.
    pub(crate) fn signatures(mut self, signatures: Signatures) -> Self {
        self.signatures = Some(signatures);
        self
    }

    /// The route.
    pub(crate) fn router(self) -> Router {
        Router::new().route("/graphql/realtime", get(connect)).with_state(self)
    }
}

async fn connect(
    State(realtime): State<Realtime>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    // A page of elsewhere might hold a token; its name may have been pointed to this machine.
    if !is_addressed_to_loopback(&headers) || is_from_a_page_elsewhere(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let upgrade = upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(BODY_LIMIT)
        .max_frame_size(BODY_LIMIT)
        .read_buffer_size(16 * 1024)
        .write_buffer_size(0);
    if upgrade.selected_protocol().is_none() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let Ok(place) = Arc::clone(&realtime.connections).try_acquire_owned() else {
        tracing::warn!("too many connections for subscriptions");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let parameter = parameters.ok().and_then(|Query(parameters)| parameters.header);
    let credentials = Credentials::of_connection(&headers, parameter.as_deref());
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
    upgrade.on_upgrade(move |socket| async move {
        Connection::new(realtime, socket, host).run(credentials).await;
        drop(place);
    })
}
