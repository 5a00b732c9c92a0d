//! Why an endpoint does not do what it was asked, and how that is said.

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE},
};
use serde_json::json;

use super::{CallbackUrl, page};
use crate::pool::error::{Exception, ServiceError};

/// Why, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nobody knows yet whether the browser may be sent back: the person is told.
    Page { status: StatusCode, text: &'static str },
    /// The client is told, by way of the browser (RFC 6749, 4.1.2.1).
    Redirect(Box<Redirect>),
    /// The client is told (RFC 6749, 5.2).
    Client { status: StatusCode, error: &'static str, description: Option<String> },
    /// The bearer of a token is told (RFC 6750, 3.1).
    Bearer { status: StatusCode, error: &'static str, description: &'static str },
}

/// An error on its way back to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) to: CallbackUrl,
    pub(super) state: Option<String>,
    pub(super) error: &'static str,
    pub(super) description: Option<String>,
}

impl Failure {
    pub(super) fn page(text: &'static str) -> Self {
        Self::Page { status: StatusCode::BAD_REQUEST, text }
    }

    pub(super) fn invalid_request(description: &str) -> Self {
        Self::client("invalid_request", Some(description.to_owned()))
    }

    pub(super) fn client(error: &'static str, description: Option<String>) -> Self {
        Self::Client { status: StatusCode::BAD_REQUEST, error, description }
    }

    /// What to call it in the log.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Page { .. } => "page",
            Self::Redirect(redirect) => redirect.error,
            Self::Client { error, .. } | Self::Bearer { error, .. } => error,
        }
    }

    /// To a person in front of a browser.
    pub(super) fn into_browser_response(self) -> Response {
        match self {
            Self::Page { status, text } => page::message(status, text),
            Self::Redirect(redirect) => {
                let Redirect { to, state, error, description } = *redirect;
                let mut parameters = vec![("error", error)];
                parameters.extend(description.as_deref().map(|text| ("error_description", text)));
                parameters.extend(state.as_deref().map(|state| ("state", state)));
                send_to(&to.with(&parameters))
            }
            Self::Client { status, .. } | Self::Bearer { status, .. } if status.is_server_error() => {
                page::message(status, "Something went wrong here. Try again.")
            }
            Self::Client { status, .. } | Self::Bearer { status, .. } => {
                page::message(status, "This request cannot be answered.")
            }
        }
    }

    /// To a program.
    pub(super) fn into_program_response(self) -> Response {
        match self {
            Self::Page { status, text } => {
                answer(status, &json!({ "error": "invalid_request", "error_description": text }))
            }
            Self::Redirect(redirect) => answer(StatusCode::BAD_REQUEST, &json!({ "error": redirect.error })),
            Self::Client { status, error, description } => {
                let mut body = json!({ "error": error });
                if let (Some(description), Some(body)) = (description, body.as_object_mut()) {
                    body.insert("error_description".to_owned(), json!(description));
                }
                answer(status, &body)
            }
            Self::Bearer { status, error, description } => {
                let body = json!({ "error": error, "error_description": description });
                let mut response = answer(status, &body);
                let challenge = format!("Bearer error=\"{error}\", error_description=\"{description}\"");
                if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                }
                response
            }
        }
    }
}

/// What an operation of the pool refused, in the words of OAuth, for a program.
impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let ServiceError { exception, message } = error;
        match exception {
            Exception::InternalError => Self::Client {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                error: "server_error",
                description: None,
            },
            Exception::NotAuthorized | Exception::UserNotFound => {
                Self::client("invalid_grant", Some(message.into_owned()))
            }
            _ => Self::client("invalid_request", Some(message.into_owned())),
        }
    }
}

impl From<crate::pool::RandomError> for Failure {
    fn from(error: crate::pool::RandomError) -> Self {
        ServiceError::from(error).into()
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        ServiceError::from(error).into()
    }
}

/// Sends a browser elsewhere. The address is one of ours or registered.
pub(super) fn send_to(url: &str) -> Response {
    match HeaderValue::from_str(url) {
        Ok(location) => {
            (StatusCode::FOUND, [(LOCATION, location), (CACHE_CONTROL, HeaderValue::from_static("no-store"))])
                .into_response()
        }
        // Registered addresses are ASCII, and parameters are encoded.
        Err(_) => super::visit::broken(),
    }
}

/// An answer for a program. Tokens are not for caches (RFC 6749, 5.1).
pub(super) fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    (
        status,
        [
            (CONTENT_TYPE, "application/json;charset=UTF-8"),
            (CACHE_CONTROL, "no-store"),
            (http::header::PRAGMA, "no-cache"),
        ],
        body.to_string(),
    )
        .into_response()
}
