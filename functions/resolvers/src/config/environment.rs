//! The variables that only the resolvers have.

use portcullis::Environment;
use portcullis_data::schema::AuthMode;

/// How callers may come in besides by tokens.
pub(super) fn modes<F: Fn(&str) -> Option<String>>(environment: &mut Environment<F>) -> Vec<AuthMode> {
    let mut modes = Vec::new();
    for mode in environment.list("APPSYNC_MODES") {
        match mode.as_str() {
            "apiKey" => modes.push(AuthMode::ApiKey),
            "iam" => modes.push(AuthMode::Iam),
            "lambda" => modes.push(AuthMode::Function),
            _ => environment.wrong("APPSYNC_MODES", "must be of apiKey, iam and lambda"),
        }
    }
    modes
}

/// The default mode of the API, which is one of those that are open.
pub(super) fn default_mode<F: Fn(&str) -> Option<String>>(
    environment: &mut Environment<F>,
    modes: &[AuthMode],
) -> AuthMode {
    let is_set = |name: &str| environment.value(name).is_some();
    let (has_pool, has_oidc) = (is_set("USER_POOL_ID") || is_set("ISSUER"), is_set("OIDC_ISSUER"));
    let named = match environment.value("APPSYNC_DEFAULT_MODE").as_deref() {
        Some("userPools") => Some(AuthMode::UserPools).filter(|_| has_pool),
        Some("oidc") => Some(AuthMode::Oidc).filter(|_| has_oidc),
        Some("apiKey") => Some(AuthMode::ApiKey).filter(|mode| modes.contains(mode)),
        Some("iam") => Some(AuthMode::Iam).filter(|mode| modes.contains(mode)),
        Some("lambda") => Some(AuthMode::Function).filter(|mode| modes.contains(mode)),
        Some(_) => None,
        None if has_pool || modes.is_empty() && !has_oidc => Some(AuthMode::UserPools),
        None => {
            environment.wrong("APPSYNC_DEFAULT_MODE", "is not set, and there is no user pool");
            return AuthMode::UserPools;
        }
    };
    if named.is_none() {
        environment.wrong("APPSYNC_DEFAULT_MODE", "must be a mode that callers may come in by");
    }
    named.unwrap_or(AuthMode::UserPools)
}
