//! Why a request is refused, in the words of Amazon S3.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header::CONTENT_TYPE};
use portcullis::SignatureError;
use thiserror::Error;

/// Why a request is refused. The texts are fixed and repeat nothing of the request.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The policies do not allow it, or nobody has signed it.
    #[error("Access Denied")]
    AccessDenied,
    /// A presigned URL is no longer good.
    #[error("Request has expired")]
    UrlExpired,
    #[error("{0}")]
    Malformed(&'static str),
    #[error("{0}")]
    MalformedQuery(&'static str),
    #[error("The Content-MD5 or checksum value that you specified did not match what the server received.")]
    BadDigest,
    #[error(
        "Your proposed upload is smaller than the minimum allowed object size; every part but the last has 5 MiB at least."
    )]
    EntityTooSmall,
    #[error("Your proposed upload exceeds the maximum allowed object size.")]
    EntityTooLarge,
    #[error("The provided token has expired.")]
    ExpiredToken,
    #[error("You did not provide the number of bytes specified by the Content-Length HTTP header.")]
    IncompleteBody,
    #[error("We encountered an internal error. Please try again.")]
    Internal,
    #[error("The AWS access key ID that you provided does not exist in our records.")]
    InvalidAccessKeyId,
    #[error("{0}")]
    InvalidArgument(&'static str),
    #[error("The Content-MD5 or checksum value that you specified is not valid.")]
    InvalidDigest,
    #[error("One or more of the specified parts could not be found, or its entity tag did not match.")]
    InvalidPart,
    #[error("The list of parts was not in ascending order.")]
    InvalidPartOrder,
    #[error("The requested range cannot be satisfied.")]
    InvalidRange,
    #[error("{0}")]
    InvalidRequest(&'static str),
    #[error("The URI is one that cannot be parsed.")]
    InvalidUri,
    #[error("Your key is too long.")]
    KeyTooLong,
    #[error(
        "The XML that you provided was not well formed or did not validate against the published schema."
    )]
    MalformedXml,
    #[error("Your metadata headers exceed the maximum allowed metadata size.")]
    MetadataTooLarge,
    #[error("You must provide the Content-Length HTTP header.")]
    MissingContentLength,
    #[error("The specified bucket does not exist.")]
    NoSuchBucket,
    #[error("The specified key does not exist.")]
    NoSuchKey,
    #[error("The specified multipart upload does not exist.")]
    NoSuchUpload,
    #[error("A header you provided implies functionality that is not implemented.")]
    NotImplemented,
    #[error("Not Modified")]
    NotModified,
    #[error("At least one of the preconditions that you specified did not hold.")]
    PreconditionFailed,
    #[error("The difference between the request time and the server's time is too large.")]
    RequestTimeTooSkewed,
    #[error(
        "The request signature that we calculated does not match the signature that you provided. Check your AWS secret access key \
         and signing method."
    )]
    SignatureDoesNotMatch,
    #[error("Please reduce your request rate.")]
    SlowDown,
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    PayloadMismatch,
}

impl Refusal {
    /// What is wrong with a signature; one of a presigned URL is refused in other words than one in a header.
    pub(super) fn of_signature(error: SignatureError, is_presigned: bool) -> Self {
        match error {
            SignatureError::Missing => Self::AccessDenied,
            SignatureError::Incomplete(text) | SignatureError::Scope(text) if is_presigned => {
                Self::MalformedQuery(text)
            }
            SignatureError::Incomplete(text) | SignatureError::Scope(text) => Self::Malformed(text),
            SignatureError::Mismatch => Self::SignatureDoesNotMatch,
            SignatureError::Expired | SignatureError::NotYetCurrent if is_presigned => Self::UrlExpired,
            SignatureError::Expired | SignatureError::NotYetCurrent => Self::RequestTimeTooSkewed,
            SignatureError::UnknownKey => Self::InvalidAccessKeyId,
            SignatureError::ExpiredCredentials => Self::ExpiredToken,
            SignatureError::PayloadForm => Self::NotImplemented,
            SignatureError::PayloadMismatch => Self::PayloadMismatch,
            SignatureError::TooLarge => Self::EntityTooLarge,
            SignatureError::Body => Self::IncompleteBody,
            SignatureError::Unavailable => Self::SlowDown,
            // What the verifier learns to refuse is refused here, too.
            _ => Self::AccessDenied,
        }
    }

    /// A fault of ours. The detail goes to the log, which the client never sees.
    pub(super) fn internal(detail: &dyn std::fmt::Display) -> Self {
        tracing::error!(%detail, "the bucket failed");
        Self::Internal
    }

    /// The name of the error.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::AccessDenied | Self::UrlExpired => "AccessDenied",
            Self::Malformed(_) => "AuthorizationHeaderMalformed",
            Self::MalformedQuery(_) => "AuthorizationQueryParametersError",
            Self::BadDigest => "BadDigest",
            Self::EntityTooSmall => "EntityTooSmall",
            Self::EntityTooLarge => "EntityTooLarge",
            Self::ExpiredToken => "ExpiredToken",
            Self::IncompleteBody => "IncompleteBody",
            Self::Internal => "InternalError",
            Self::InvalidAccessKeyId => "InvalidAccessKeyId",
            Self::InvalidArgument(_) => "InvalidArgument",
            Self::InvalidDigest => "InvalidDigest",
            Self::InvalidPart => "InvalidPart",
            Self::InvalidPartOrder => "InvalidPartOrder",
            Self::InvalidRange => "InvalidRange",
            Self::InvalidRequest(_) => "InvalidRequest",
            Self::InvalidUri => "InvalidURI",
            Self::KeyTooLong => "KeyTooLongError",
            Self::MalformedXml => "MalformedXML",
            Self::MetadataTooLarge => "MetadataTooLarge",
            Self::MissingContentLength => "MissingContentLength",
            Self::NoSuchBucket => "NoSuchBucket",
            Self::NoSuchKey => "NoSuchKey",
            Self::NoSuchUpload => "NoSuchUpload",
            Self::NotImplemented => "NotImplemented",
            Self::NotModified => "NotModified",
            Self::PreconditionFailed => "PreconditionFailed",
            Self::RequestTimeTooSkewed => "RequestTimeTooSkewed",
            Self::SignatureDoesNotMatch => "SignatureDoesNotMatch",
            Self::SlowDown => "SlowDown",
            Self::PayloadMismatch => "XAmzContentSHA256Mismatch",
        }
    }

    /// The status of the answer.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::AccessDenied
            | Self::UrlExpired
            | Self::InvalidAccessKeyId
            | Self::RequestTimeTooSkewed
            | Self::SignatureDoesNotMatch => StatusCode::FORBIDDEN,
            Self::NoSuchBucket | Self::NoSuchKey | Self::NoSuchUpload => StatusCode::NOT_FOUND,
            Self::MissingContentLength => StatusCode::LENGTH_REQUIRED,
            Self::InvalidRange => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::NotModified => StatusCode::NOT_MODIFIED,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::SlowDown => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if self == Self::NotModified {
            return self.status().into_response();
        }
        // Nothing in the texts needs to be escaped: they are ours.
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{self}</Message></Error>",
            self.code()
        );
        (self.status(), [(CONTENT_TYPE, "application/xml")], text).into_response()
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_refused_with_the_code_that_clients_know() {
        for (error, presigned, code, status) in [
            (SignatureError::Missing, false, "AccessDenied", 403),
            (SignatureError::Mismatch, false, "SignatureDoesNotMatch", 403),
            (SignatureError::Mismatch, true, "SignatureDoesNotMatch", 403),
            (SignatureError::UnknownKey, false, "InvalidAccessKeyId", 403),
            (SignatureError::ExpiredCredentials, false, "ExpiredToken", 400),
            (SignatureError::ExpiredCredentials, true, "ExpiredToken", 400),
            (SignatureError::Expired, false, "RequestTimeTooSkewed", 403),
            (SignatureError::NotYetCurrent, false, "RequestTimeTooSkewed", 403),
            (SignatureError::Expired, true, "AccessDenied", 403),
            (SignatureError::Scope("x"), false, "AuthorizationHeaderMalformed", 400),
            (SignatureError::Incomplete("x"), true, "AuthorizationQueryParametersError", 400),
            (SignatureError::PayloadForm, false, "NotImplemented", 501),
            (SignatureError::PayloadMismatch, false, "XAmzContentSHA256Mismatch", 400),
            (SignatureError::Unavailable, false, "SlowDown", 503),
        ] {
            let refusal = Refusal::of_signature(error, presigned);
            assert_eq!((refusal.code(), refusal.status().as_u16()), (code, status), "{error:?}");
        }
    }
}
