//! Who a client says it is: an object of headers.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::body::Bytes;
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header::SEC_WEBSOCKET_PROTOCOL,
};
use http_body_util::Full;
use portcullis::{IdentityExt, Refusal, SignatureError, SignedCaller};
use portcullis_resolvers::graphql::add_scheme;
use portcullis_rules::Identity;
use serde_json::{Map, Value};
use tower_layer::Layer;
use tower_service::Service;

use super::Realtime;
use crate::identity_pool::Session;

/// Headers at most.
const MAX_HEADERS: usize = 32;
/// Bytes of the encoded object at most.
const MAX_LENGTH: usize = 16 * 1024;

/// base64 of either alphabet; clients write it with padding and without.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// The headers that a client would send with an HTTP request.
pub(super) struct Credentials(HeaderMap);

/// Who has shown credentials that are good.
pub(super) struct Caller {
    pub(super) identity: Identity,
    /// When the credentials end; `None` for those that last.
    pub(super) end: Option<SystemTime>,
    /// The session of a role, of a caller who has signed.
    pub(super) session: Option<Arc<Session>>,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotKnown {
    /// There are no credentials, or none that are good.
    Refused,
    /// They are signed, and the signature is not good.
    BadSignature(SignatureError),
    /// They could not be checked.
    Unavailable,
}

impl Credentials {
    /// Those of a connection: of the subprotocol `header-..`, else of the parameter `header`; `None` if neither can be read.
    pub(super) fn of_connection(headers: &HeaderMap, parameter: Option<&str>) -> Option<Self> {
        let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
        let mut offered =
            offered.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim);
        let encoded = offered.find_map(|protocol| protocol.strip_prefix("header-")).or(parameter)?;
        if encoded.len() > MAX_LENGTH {
            return None;
        }
        let decoded = URL_SAFE.decode(encoded).or_else(|_| STANDARD.decode(encoded)).ok()?;
        match serde_json::from_slice(&decoded) {
            Ok(Value::Object(object)) => Self::read(&object),
            Ok(_) | Err(_) => None,
        }
    }

    /// Those of a `start`.
    pub(super) fn read(object: &Map<String, Value>) -> Option<Self> {
        if object.len() > MAX_HEADERS {
            return None;
        }
        let mut headers = HeaderMap::new();
        for (name, value) in object {
            // A client leaves out what it does not have by `null`.
            let Some(value) = value.as_str() else { continue };
            let (name, mut value) =
                (HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?);
            value.set_sensitive(true);
            if headers.insert(name, value).is_some() {
                return None;
            }
        }
        Some(Self(headers))
    }

    /// Who it is, by the layers that HTTP requests go through: as if they stood in a `POST` of this body to this path.
    pub(super) async fn caller(
        self,
        realtime: &Realtime,
        host: &str,
        path: &'static str,
        body: String,
    ) -> Result<Caller, NotKnown> {
        let body = Full::new(Bytes::from(body));
        let mut request = Request::post(path).body(body).map_err(|_| NotKnown::Refused)?;
        *request.headers_mut() = self.0;
        add_scheme(request.headers_mut());
        let inside = realtime.authenticate.layer(Known);
        let response = match &realtime.signatures {
            Some(signatures) => {
                signatures.prepare(request.headers_mut(), host)?;
                call(signatures.layer().layer(inside), request).await
            }
            None => call(inside, request).await,
        };
        let extensions = response.extensions();
        if let Some(identity) = extensions.get::<Identity>() {
            let signed = extensions.get::<SignedCaller>();
            let end = signed.map_or_else(|| end_of_token(identity), SignedCaller::expires_at);
            let session = extensions.get::<Arc<Session>>().map(Arc::clone);
            if signed.is_some() && session.is_none() {
                // What policies allow they allow a session.
                return Err(NotKnown::Refused);
            }
            return Ok(Caller { identity: identity.clone(), end, session });
        }
        if let Some(error) = extensions.get::<SignatureError>() {
            return Err(match error {
                SignatureError::Unavailable => NotKnown::Unavailable,
                error => NotKnown::BadSignature(*error),
            });
        }
        let refusal = extensions.get::<Refusal>().map(Refusal::status);
        match refusal.unwrap_or(StatusCode::UNAUTHORIZED).is_server_error() {
            true => Err(NotKnown::Unavailable),
            false => Err(NotKnown::Refused),
        }
    }
}

async fn call<S>(mut service: S, request: Request<Full<Bytes>>) -> Response<String>
where
    S: Service<Request<Full<Bytes>>, Response = Response<String>, Error = Infallible>,
{
    let Ok(()) = std::future::poll_fn(|context| service.poll_ready(context)).await;
    let Ok(response) = service.call(request).await;
    response
}

/// When the token of a caller ends; `None` for one who has none.
fn end_of_token(identity: &Identity) -> Option<SystemTime> {
    /// The end of the year 9999.
    const LAST: f64 = 253_402_300_799.0;
    let seconds = identity.user()?.claims().get("exp").and_then(Value::as_f64)?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds.clamp(0.0, LAST)))
}

/// Answers who it is that the layer has let through.
#[derive(Clone, Debug)]
struct Known;

impl<B> Service<Request<B>> for Known {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut response = Response::new(String::new());
        let told = response.extensions_mut();
        if let Some(identity) = request.identity() {
            told.insert(identity.clone());
        }
        if let Some(signed) = request.extensions().get::<SignedCaller>() {
            told.insert(signed.clone());
        }
        if let Some(session) = request.extensions().get::<Arc<Session>>() {
            told.insert(Arc::clone(session));
        }
        std::future::ready(Ok(response))
    }
}
