//! Who a client says it is: an object of headers.

use std::convert::Infallible;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header::SEC_WEBSOCKET_PROTOCOL,
};
use portcullis::{AuthenticateLayer, IdentityExt, Refusal};
use portcullis_resolvers::graphql::add_scheme;
use portcullis_rules::Identity;
use serde_json::{Map, Value};
use tower_layer::Layer;
use tower_service::Service;

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

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotKnown {
    /// There are no credentials, or none that are good.
    Refused,
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

    /// Who it is, by the layer that HTTP requests go through: as if they stood in a `POST` to this path with this body.
    pub(super) async fn identity(
        self,
        authenticate: &AuthenticateLayer,
        path: &'static str,
        body: String,
    ) -> Result<Identity, NotKnown> {
        let mut request = Request::post(path).body(body).map_err(|_| NotKnown::Refused)?;
        *request.headers_mut() = self.0;
        add_scheme(request.headers_mut());
        let mut service = authenticate.layer(Known);
        let Ok(()) =
            std::future::poll_fn(|context| Service::<Request<String>>::poll_ready(&mut service, context))
                .await;
        let Ok(response) = service.call(request).await;
        match response.extensions().get::<Identity>() {
            Some(identity) => Ok(identity.clone()),
            None => {
                let refusal = response.extensions().get::<Refusal>().map(Refusal::status);
                match refusal.unwrap_or(StatusCode::UNAUTHORIZED).is_server_error() {
                    true => Err(NotKnown::Unavailable),
                    false => Err(NotKnown::Refused),
                }
            }
        }
    }
}

/// Answers who it is that the layer has let through.
#[derive(Clone, Debug)]
struct Known;

impl Service<Request<String>> for Known {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<String>) -> Self::Future {
        let mut response = Response::new(String::new());
        if let Some(identity) = request.identity() {
            response.extensions_mut().insert(identity.clone());
        }
        std::future::ready(Ok(response))
    }
}
