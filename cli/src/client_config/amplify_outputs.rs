//! `amplify_outputs.json`, which Amplify's libraries for JavaScript, Swift and Android read.
//!
//! Version 1.4 of the schema that Amplify publishes in `@aws-amplify/client-config`, and of it what these libraries read. The REST
//! API has no place of its own there; Amplify's documentation puts it under `custom`.

use serde_json::{Value, json};

use super::{
    NAME, SIGN_IN_BY,
    backend::{Backend, Mfa, Redirects},
    insert_if,
};

const VERSION: &str = "1.4";

/// The providers that the schema knows, by their names in a user pool. An app begins a sign-in with another one by its name.
const PROVIDERS: [(&str, &str); 4] = [
    ("Facebook", "FACEBOOK"),
    ("Google", "GOOGLE"),
    ("LoginWithAmazon", "LOGIN_WITH_AMAZON"),
    ("SignInWithApple", "SIGN_IN_WITH_APPLE"),
];

/// The document.
pub(super) fn of(backend: &Backend) -> Value {
    let mut outputs = json!({
        "version": VERSION,
        "auth": auth(backend),
        "custom": { "API": { NAME: { "endpoint": backend.rest, "region": backend.region, "apiName": NAME } } },
    });
    let data = backend.graphql.as_ref().map(|api| {
        let mut data = json!({
            "aws_region": backend.region,
            "url": api.url,
            "default_authorization_type": api.default_mode(),
            "authorization_types": api.modes,
        });
        insert_if(&mut data, "api_key", api.api_key.as_deref());
        data
    });
    insert_if(&mut outputs, "data", data);
    let storage = backend.bucket.as_ref();
    let storage = storage.map(|bucket| json!({ "aws_region": backend.region, "bucket_name": bucket.name }));
    insert_if(&mut outputs, "storage", storage);
    outputs
}

fn auth(backend: &Backend) -> Value {
    let pool = &backend.user_pool;
    let mut auth = json!({
        "aws_region": backend.region,
        "user_pool_id": pool.id,
        "user_pool_client_id": pool.client_id,
        "username_attributes": SIGN_IN_BY,
        "standard_required_attributes": SIGN_IN_BY,
        "user_verification_types": SIGN_IN_BY,
    });
    if let Some(identities) = &backend.identity_pool {
        insert_if(&mut auth, "identity_pool_id", Some(identities.id.as_str()));
        insert_if(&mut auth, "unauthenticated_identities_enabled", Some(identities.guests));
    }
    let policy = pool.password_length.map(|length| {
        json!({
            "min_length": length,
            "require_lowercase": true,
            "require_numbers": true,
            "require_symbols": true,
            "require_uppercase": true,
        })
    });
    insert_if(&mut auth, "password_policy", policy);
    let configuration = pool.mfa.map(|mfa| match mfa {
        Mfa::Off => "NONE",
        Mfa::Optional => "OPTIONAL",
        Mfa::Required => "REQUIRED",
    });
    insert_if(&mut auth, "mfa_configuration", configuration);
    if matches!(pool.mfa, Some(Mfa::Optional | Mfa::Required)) {
        insert_if(&mut auth, "mfa_methods", Some(["TOTP"]));
    }
    insert_if(&mut auth, "oauth", pool.redirects.as_ref().map(oauth));
    auth
}

fn oauth(redirects: &Redirects) -> Value {
    let word = |name: &String| PROVIDERS.iter().find(|(known, _)| known == name).map(|(_, word)| *word);
    let providers: Vec<&str> = redirects.providers.iter().filter_map(word).collect();
    json!({
        "identity_providers": providers,
        "domain": redirects.domain,
        "scopes": redirects.scopes,
        "redirect_sign_in_uri": redirects.sign_in,
        "redirect_sign_out_uri": redirects.sign_out,
        "response_type": "code",
    })
}
