//! The discovery document (OpenID Connect Discovery 1.0, RFC 8414).

use serde_json::{Value, json};

use super::scopes;
use crate::pool::Inner;

/// What the pool says about itself under `/.well-known/openid-configuration`.
pub(crate) fn discovery_document(pool: &Inner) -> Value {
    let issuer = &pool.settings.issuer;
    let origin = &pool.oauth.origin;
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{origin}/oauth2/authorize"),
        "token_endpoint": format!("{origin}/oauth2/token"),
        "userinfo_endpoint": format!("{origin}/oauth2/userInfo"),
        "revocation_endpoint": format!("{origin}/oauth2/revoke"),
        "end_session_endpoint": format!("{origin}/logout"),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "scopes_supported": scopes::of_users(&pool.oauth.resource_scopes),
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    })
}
