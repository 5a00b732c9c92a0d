//! Why a signed request is refused.

use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde_json::json;
use thiserror::Error;

/// The header in which AWS names an error.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Why a signed request is refused. The texts are those of AWS, as far as they repeat nothing of the request.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// The request is not signed.
    #[error("Missing Authentication Token")]
    Missing,
    /// The signature lacks a part, or has one that cannot be read.
    #[error("{0}")]
    Incomplete(&'static str),
    /// The signature is another one than that of this request.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and \
         signing method. Consult the service documentation for details."
    )]
    Mismatch,
    /// The signature is for another day, region or service.
    #[error("{0}")]
    Scope(&'static str),
    /// The signature is older than it may be.
    #[error("Signature expired")]
    Expired,
    /// The signature is of a time that has not come.
    #[error("Signature not yet current")]
    NotYetCurrent,
    /// Nobody has this access key, or it comes without its session token or with another.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The credentials are no longer good.
    #[error("The security token included in the request is expired")]
    ExpiredCredentials,
    /// The payload is signed chunk by chunk, or not at all, where that is not accepted.
    #[error("A payload that is signed in chunks or not at all is not accepted here")]
    PayloadForm,
    /// The body is not the one that `x-amz-content-sha256` tells of.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    PayloadMismatch,
    /// The body is larger than what is read.
    #[error("Request Too Long")]
    TooLarge,
    /// The body broke off.
    #[error("The request body could not be read")]
    Body,
    /// It cannot be said now whether the signature is good.
    #[error("Service Unavailable")]
    Unavailable,
}

impl SignatureError {
    /// The name of the error at AWS.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::Mismatch | Self::Scope(_) | Self::Expired | Self::NotYetCurrent | Self::PayloadMismatch => {
                "InvalidSignatureException"
            }
            Self::UnknownKey => "UnrecognizedClientException",
            Self::ExpiredCredentials => "ExpiredTokenException",
            Self::PayloadForm | Self::Body => "InvalidRequestException",
            Self::TooLarge => "RequestEntityTooLargeException",
            Self::Unavailable => "ServiceUnavailableException",
        }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::PayloadForm | Self::Body => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// The answer as API Gateway gives it: `{"message": ..}`, and the name in `x-amzn-ErrorType`.
    #[must_use]
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        let mut response = Response::new(B::from(json!({ "message": self.to_string() }).to_string()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ERROR_TYPE, HeaderValue::from_static(self.code()));
        if self == Self::Unavailable {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
