//! One connection and its subscriptions.

use std::{collections::BTreeMap, time::SystemTime};

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use portcullis::SignatureError;
use portcullis_resolvers::graphql::{Change, Subscribed};
use serde_json::Value;
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{
    Realtime,
    credentials::{Caller, Credentials, NotKnown},
    message::{Incoming, Outgoing},
};

/// Subscriptions of a connection at most, as in AppSync.
const MAX_SUBSCRIPTIONS: usize = 100;
/// Bytes of the requests of a connection's subscriptions at most. AppSync tells of no such number; one that Amplify generates has a
/// thousand or two.
const MAX_REQUESTS: usize = 1024 * 1024;
/// Bytes of what a subscription is told at most: what is larger AppSync does not deliver, and does not say so.
const MAX_TOLD: usize = 240 * 1024;
/// Bytes of the id of a subscription at most.
const MAX_ID: usize = 128;

const UNAUTHORIZED: &str = "UnauthorizedException";
const NOT_AUTHORIZED: &str = "You are not authorized to make this call.";
const EXPIRED: &str = "Token expired.";
const BAD_REQUEST: &str = "BadRequestException";
const INTERNAL: (&str, &str) = ("InternalFailure", "An internal failure occurred");

/// A connection.
pub(super) struct Connection {
    realtime: Realtime,
    socket: WebSocket,
    /// What the client calls this machine.
    host: String,
    subscriptions: BTreeMap<String, Listening>,
}

/// A subscription, and when what it was asked for with ends.
struct Listening {
    subscribed: Subscribed,
    end: Option<SystemTime>,
    /// Bytes of its request.
    bytes: usize,
}

/// The connection ends: the client has gone, or has been cut off.
struct Ended;

impl Connection {
    pub(super) fn new(realtime: Realtime, socket: WebSocket, host: String) -> Self {
        Self { realtime, socket, host, subscriptions: BTreeMap::new() }
    }

    /// Serves the client until it goes or has to.
    pub(super) async fn run(mut self, credentials: Option<Credentials>) {
        // Whoever has ended the connection has said why.
        let _ = self.serve(credentials).await;
    }

    async fn serve(&mut self, credentials: Option<Credentials>) -> Result<(), Ended> {
        let first = timeout(self.realtime.times.first_message, self.socket.recv()).await;
        let Ok(Some(Ok(first))) = first else { return Err(Ended) };
        let end = self.admit(credentials).await?;
        // From here on nothing is missed that a subscription should be told.
        let mut changes = self.realtime.endpoint.changes();
        self.take(first).await?;

        let times = self.realtime.times;
        let mut look = interval(times.look);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (begun, mut alive, mut used) = (Instant::now(), Instant::now(), Instant::now());
        loop {
            tokio::select! {
                change = changes.recv() => match change {
                    Ok(change) => {
                        self.end_what_has_expired(end).await?;
                        self.tell(&change).await?;
                    }
                    Err(RecvError::Lagged(missed)) => {
                        tracing::warn!(missed, "a subscriber was too slow and has been cut off");
                        return self.close(close_code::AGAIN, "too slow").await;
                    }
                    Err(RecvError::Closed) => return self.close(close_code::AWAY, "").await,
                },
                message = self.socket.recv() => match message {
                    Some(Ok(message)) => {
                        self.end_what_has_expired(end).await?;
                        self.take(message).await?;
                    }
                    Some(Err(_)) | None => return Err(Ended),
                },
                _ = look.tick() => self.end_what_has_expired(end).await?,
            }
            if !self.subscriptions.is_empty() {
                used = Instant::now();
            }
            if used.elapsed() >= times.idle || begun.elapsed() >= times.life {
                return self.close(close_code::AWAY, "").await;
            }
            if alive.elapsed() >= times.keep_alive {
                alive = Instant::now();
                self.send(Outgoing::keep_alive()).await?;
            }
        }
    }

    /// Finds out who connects, and when what they have shown ends.
    async fn admit(&mut self, credentials: Option<Credentials>) -> Result<Option<SystemTime>, Ended> {
        let caller = match credentials {
            // Signatures cover these two.
            Some(credentials) => {
                credentials.caller(&self.realtime, &self.host, "/graphql/connect", "{}".to_owned()).await
            }
            None => Err(NotKnown::Refused),
        };
        let refused = match caller {
            Ok(caller) => return Ok(caller.end),
            Err(unknown) => Refused::from(unknown),
        };
        self.send(Outgoing::connection_error(refused.kind, refused.code, &refused.text)).await?;
        self.close(close_code::POLICY, refused.kind).await?;
        Err(Ended)
    }

    /// Does what a message asks for.
    async fn take(&mut self, message: Message) -> Result<(), Ended> {
        let text = match message {
            Message::Text(text) => text,
            // Pings are answered by the library.
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => {
                self.drain().await;
                return Err(Ended);
            }
            Message::Binary(_) => {
                self.close(close_code::UNSUPPORTED, "messages are texts").await?;
                return Err(Ended);
            }
        };
        let Ok(mut message) = serde_json::from_str::<Incoming>(&text) else {
            self.send(Outgoing::error(None, BAD_REQUEST, "The message cannot be read")).await?;
            self.close(close_code::INVALID, "the message cannot be read").await?;
            return Err(Ended);
        };
        match message.kind.as_str() {
            "connection_init" => {
                self.send(Outgoing::connection_ack()).await?;
                self.send(Outgoing::keep_alive()).await
            }
            "start" => {
                let answer = self.start(&mut message).await;
                self.send(answer).await
            }
            "stop" => {
                let id = message.id.filter(|id| id.len() <= MAX_ID).unwrap_or_default();
                let answer = match self.subscriptions.remove(&id) {
                    Some(_) => Outgoing::complete(&id),
                    None => {
                        Outgoing::error(Some(&id), "UnknownOperationError", "There is no such subscription")
                    }
                };
                self.send(answer).await
            }
            _ => {
                let text = "unknown not supported through the realtime channel";
                self.send(Outgoing::error(None, "UnsupportedOperation", text)).await
            }
        }
    }

    async fn start(&mut self, message: &mut Incoming) -> Outgoing {
        let id = message.id.take().filter(|id| !id.is_empty() && id.len() <= MAX_ID);
        let Some(id) = id else {
            return Outgoing::error(None, BAD_REQUEST, "`id` is missing or too long");
        };
        let refused = |kind: &str, text: &str| Outgoing::error(Some(&id), kind, text);
        if self.subscriptions.contains_key(&id) {
            return refused(BAD_REQUEST, "There is a subscription of this id");
        }
        if self.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            return refused("MaxSubscriptionsReachedError", "Max number of 100 subscriptions reached");
        }
        let Some(start) = message.start() else {
            return refused(BAD_REQUEST, "`payload` is not a request with its authorization");
        };
        let bytes = start.data.len();
        let kept: usize = self.subscriptions.values().map(|listening| listening.bytes).sum();
        if kept.saturating_add(bytes) > MAX_REQUESTS {
            return refused("LimitExceededError", "The subscriptions of this connection are too large");
        }
        let caller = match Credentials::read(start.authorization()) {
            Some(credentials) => {
                credentials.caller(&self.realtime, &self.host, "/graphql", start.data.clone()).await
            }
            None => Err(NotKnown::Refused),
        };
        let Caller { identity, end, session } = match caller {
            Ok(caller) => caller,
            Err(unknown) => {
                let Refused { kind, text, .. } = Refused::from(unknown);
                return refused(kind, &text);
            }
        };
        let Some(request) = start.request() else {
            return refused(BAD_REQUEST, "`data` is not a GraphQL request");
        };
        let (provider, sub) = (identity.provider().name(), identity.sub());
        if let (Some(signatures), Some(session)) = (&self.realtime.signatures, session) {
            let asked = self.realtime.endpoint.root_fields(&request);
            if !signatures.allow(&session, asked) {
                tracing::info!(provider, sub, "subscription refused by policies");
                return refused(UNAUTHORIZED, "Permission denied");
            }
        }
        match self.realtime.endpoint.subscribe(&identity, &request) {
            Ok(subscribed) => {
                tracing::info!(provider, sub, field = subscribed.field(), "subscribed");
                self.subscriptions.insert(id.clone(), Listening { subscribed, end, bytes });
                Outgoing::start_ack(&id)
            }
            Err(errors) => {
                let kind = errors.first().and_then(|error| error.get("errorType")).and_then(Value::as_str);
                tracing::info!(provider, sub, error_type = kind, "subscription refused");
                Outgoing::errors(Some(&id), errors)
            }
        }
    }

    /// Tells a change to each subscription that it is for.
    async fn tell(&mut self, change: &Change) -> Result<(), Ended> {
        let mut told = Vec::new();
        for (id, listening) in &self.subscriptions {
            let Some(answer) = listening.subscribed.tell(change).await else { continue };
            let message = Outgoing::data(id, answer).into_text();
            if message.len() > MAX_TOLD {
                let (field, bytes) = (listening.subscribed.field(), message.len());
                tracing::warn!(field, bytes, "a change is too large to be told, as in AppSync");
                continue;
            }
            told.push(message);
        }
        for message in told {
            self.send_text(message).await?;
        }
        Ok(())
    }

    /// Ends the subscriptions whose tokens or credentials have ended, and with those of the connection all of it.
    async fn end_what_has_expired(&mut self, connection: Option<SystemTime>) -> Result<(), Ended> {
        let now = self.realtime.clock.now();
        let has_ended = |end: Option<SystemTime>| end.is_some_and(|end| end <= now);
        let all = has_ended(connection);
        let ended: Vec<String> = self
            .subscriptions
            .iter()
            .filter(|(_, listening)| all || has_ended(listening.end))
            .map(|(id, _)| id.clone())
            .collect();
        for id in &ended {
            self.subscriptions.remove(id);
            self.send(Outgoing::error(Some(id), UNAUTHORIZED, EXPIRED)).await?;
        }
        if all {
            self.close(close_code::POLICY, EXPIRED).await?;
            return Err(Ended);
        }
        Ok(())
    }

    async fn send(&mut self, message: Outgoing) -> Result<(), Ended> {
        self.send_text(message.into_text()).await
    }

    async fn send_text(&mut self, message: String) -> Result<(), Ended> {
        let sent = self.socket.send(Message::Text(message.into()));
        match timeout(self.realtime.times.send, sent).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ended),
            Err(_) => {
                tracing::warn!("a subscriber does not read and has been cut off");
                Err(Ended)
            }
        }
    }

    async fn close(&mut self, code: u16, reason: &str) -> Result<(), Ended> {
        let frame = CloseFrame { code, reason: reason.to_owned().into() };
        // Whether the client hears it or not, this is the end.
        let _ = timeout(self.realtime.times.send, self.socket.send(Message::Close(Some(frame)))).await;
        self.drain().await;
        Ok(())
    }

    /// Reads on until the client has closed its side, for a bounded time: what has been sent would be lost if something from the
    /// client were still unread. Reading also answers a `Close`.
    async fn drain(&mut self) {
        let rest = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        let _ = timeout(self.realtime.times.send, rest).await;
    }
}

/// What somebody is told who is not let in.
struct Refused {
    kind: &'static str,
    code: u16,
    text: String,
}

impl From<NotKnown> for Refused {
    fn from(unknown: NotKnown) -> Self {
        let (kind, code, text) = match unknown {
            NotKnown::Refused => (UNAUTHORIZED, 401, NOT_AUTHORIZED.to_owned()),
            NotKnown::Unavailable => (INTERNAL.0, 500, INTERNAL.1.to_owned()),
            NotKnown::BadSignature(
                error @ (SignatureError::UnknownKey | SignatureError::ExpiredCredentials),
            ) => (error.code(), 403, error.to_string()),
            // AppSync says so of every signature that is not that of the request.
            NotKnown::BadSignature(error) => (BAD_REQUEST, 400, error.to_string()),
        };
        Self { kind, code, text }
    }
}
