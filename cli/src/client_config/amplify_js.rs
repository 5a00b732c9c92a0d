//! The configuration that Amplify's JavaScript library calls its own (`ResourcesConfig`).
//!
//! `Amplify.configure` takes it in place of `amplify_outputs.json`. It alone can say where a user pool answers, which that of a local
//! system needs, and it has the REST API in a place of its own.

use serde_json::{Value, json};

use super::{
    NAME,
    backend::{Backend, Mfa, Redirects},
    insert_if,
};

/// The providers that the library knows, by their names in a user pool; it takes others as `{ custom: name }`.
const PROVIDERS: [(&str, &str); 4] = [
    ("Facebook", "Facebook"),
    ("Google", "Google"),
    ("LoginWithAmazon", "Amazon"),
    ("SignInWithApple", "Apple"),
];

/// The document.
pub(super) fn of(backend: &Backend) -> Value {
    let mut api = json!({
        "REST": { NAME: { "endpoint": backend.rest, "region": backend.region } },
    });
    let graphql = backend.graphql.as_ref().map(|graphql| {
        let mut member = json!({
            "endpoint": graphql.url,
            "region": backend.region,
            "defaultAuthMode": graphql.default_mode().amplify_name(),
        });
        insert_if(&mut member, "apiKey", graphql.api_key.as_deref());
        member
    });
    insert_if(&mut api, "GraphQL", graphql);
    let mut config = json!({ "Auth": { "Cognito": cognito(backend) }, "API": api });
    let storage = backend.bucket.as_ref();
    let storage = storage.map(|bucket| json!({ "S3": { "bucket": bucket.name, "region": backend.region } }));
    insert_if(&mut config, "Storage", storage);
    config
}

fn cognito(backend: &Backend) -> Value {
    let pool = &backend.user_pool;
    let mut sign_in = json!({ "email": true });
    insert_if(&mut sign_in, "oauth", pool.redirects.as_ref().map(oauth));
    let mut cognito = json!({
        "userPoolId": pool.id,
        "userPoolClientId": pool.client_id,
        "loginWith": sign_in,
        "signUpVerificationMethod": "code",
        "userAttributes": { "email": { "required": true } },
    });
    insert_if(&mut cognito, "userPoolEndpoint", pool.endpoint.as_deref());
    if let Some(identities) = &backend.identity_pool {
        insert_if(&mut cognito, "identityPoolId", Some(identities.id.as_str()));
        insert_if(&mut cognito, "identityPoolEndpoint", identities.endpoint.as_deref());
        insert_if(&mut cognito, "allowGuestAccess", identities.guests.then_some(true));
    }
    let format = pool.password_length.map(|length| {
        json!({
            "minLength": length,
            "requireLowercase": true,
            "requireNumbers": true,
            "requireSpecialCharacters": true,
            "requireUppercase": true,
        })
    });
    insert_if(&mut cognito, "passwordFormat", format);
    let mfa = pool.mfa.map(|mfa| match mfa {
        Mfa::Off => json!({ "status": "off" }),
        Mfa::Optional => json!({ "status": "optional", "totpEnabled": true, "smsEnabled": false }),
        Mfa::Required => json!({ "status": "on", "totpEnabled": true, "smsEnabled": false }),
    });
    insert_if(&mut cognito, "mfa", mfa);
    cognito
}

fn oauth(redirects: &Redirects) -> Value {
    let providers = redirects.providers.iter().map(|name| {
        let known = PROVIDERS.iter().find(|(known, _)| known == name);
        known.map_or_else(|| json!({ "custom": name }), |(_, word)| json!(word))
    });
    json!({
        "domain": redirects.domain,
        "scopes": redirects.scopes,
        "redirectSignIn": redirects.sign_in,
        "redirectSignOut": redirects.sign_out,
        "responseType": "code",
        "providers": providers.collect::<Vec<_>>(),
    })
}
