//! Why there is no answer.

use thiserror::Error;

/// Why a gateway gets no answer. It lets nobody in then.
///
/// The text is what the runtime reports; no client sees it. It says nothing that is in the event.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthorizerError {
    /// There is no token, or none that is good. REST and WebSocket APIs answer 401 to exactly this text.
    #[error("Unauthorized")]
    Unauthorized,
    /// The event is of none of the shapes that are known.
    #[error("the event is none that an authorizer of API Gateway or AppSync is sent")]
    UnknownEvent,
    /// The ARN in the event is not one of a route.
    #[error("the ARN in the event is not that of a route")]
    UnknownRoute,
    /// The gateway asks about `$default`, which stands for all paths at once.
    #[error("the route $default names no path: put the authorizer before `ANY /{{proxy+}}`")]
    NoPath,
    /// The token is not among the authorizer's identity sources, so that a gateway would keep the answer for somebody else.
    #[error("the token is not an identity source of the authorizer")]
    TokenNotIdentitySource,
    /// A simple answer would be kept for other routes.
    #[error("a simple answer holds for one route, and the identity sources do not name it")]
    RouteNotIdentitySource,
    /// The answer would be longer than a gateway takes.
    #[error("the answer is longer than a gateway takes")]
    TooLong,
    /// The issuer's keys cannot be had, so that nothing can be said about the token.
    #[error("the keys of the issuer are not available")]
    KeysUnavailable,
}

impl AuthorizerError {
    /// A short code for logs and metrics, and the `errorType` of the answer.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unauthorized => "Unauthorized",
            Self::UnknownEvent => "UnknownEvent",
            Self::UnknownRoute => "UnknownRoute",
            Self::NoPath => "NoPath",
            Self::TokenNotIdentitySource => "TokenNotIdentitySource",
            Self::RouteNotIdentitySource => "RouteNotIdentitySource",
            Self::TooLong => "TooLong",
            Self::KeysUnavailable => "KeysUnavailable",
        }
    }
}
