//! Callers whom a service in front of this process has checked, and what of that is checked again.

#[cfg(feature = "lambda")]
mod api_gateway;
mod app_sync;
mod authorizer_context;
#[cfg_attr(not(feature = "lambda"), expect(dead_code, reason = "only API Gateway makes strings of claims"))]
mod flattened;
mod sign_ins;
mod signed;
#[cfg_attr(not(feature = "lambda"), expect(dead_code, reason = "only API Gateway makes strings of claims"))]
mod tokens;

#[cfg(feature = "lambda")]
pub use self::api_gateway::TrustedGateway;
pub use self::{
    app_sync::{AppSyncError, TrustedAppSync},
    authorizer_context::{AuthorizerContext, InvalidAuthorizerContext},
    sign_ins::{InvalidSignIns, SignIn, SignInProvider, SignIns},
    tokens::{GatewayTokens, GatewayTokensBuilder},
};
use self::{flattened::Flattening, signed::SignedCallers};
