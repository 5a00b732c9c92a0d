//! The variables that only the API has.

use portcullis::{Environment, ResourceMetadata};

use super::GatewayConfig;
use crate::CorsOrigins;

/// An API key shorter than this could be guessed. AWS AppSync's have 26 characters after `da2-`.
const API_KEY_LENGTH: std::ops::RangeInclusive<usize> = 16..=256;

pub(super) fn table_name<F: Fn(&str) -> Option<String>>(environment: &mut Environment<F>) -> Option<String> {
    let name = environment.required("TABLE_NAME")?;
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.');
    if (3..=255).contains(&name.len()) && name.bytes().all(plain) {
        return Some(name);
    }
    environment.wrong("TABLE_NAME", "must be 3 to 255 letters, digits, dots, hyphens or underscores");
    None
}

pub(super) fn api_keys<F: Fn(&str) -> Option<String>>(environment: &mut Environment<F>) -> Vec<String> {
    let keys = environment.list("API_KEYS");
    let good =
        |key: &String| API_KEY_LENGTH.contains(&key.len()) && key.bytes().all(|it| it.is_ascii_graphic());
    if !keys.iter().all(good) {
        environment
            .wrong("API_KEYS", "must be keys of 16 to 256 printable ASCII characters, separated by commas");
    }
    keys
}

/// Which checks of a gateway are believed.
pub(super) fn gateway<F: Fn(&str) -> Option<String>>(
    environment: &mut Environment<F>,
    has_oidc: bool,
) -> GatewayConfig {
    let mut gateway = GatewayConfig::default();
    for word in environment.list("TRUST_GATEWAY") {
        match word.as_str() {
            "iam" => gateway.iam = true,
            "lambda" => gateway.lambda = true,
            "jwt" => gateway.jwt = true,
            _ => environment.wrong("TRUST_GATEWAY", "must be of iam, lambda and jwt, separated by commas"),
        }
    }
    match environment.value("GATEWAY_CLAIMS").as_deref() {
        Some("token") => {
            gateway.claims_of_token = true;
            if !gateway.jwt {
                environment.wrong("GATEWAY_CLAIMS", "needs TRUST_GATEWAY to name jwt");
            }
        }
        Some(_) => environment.wrong("GATEWAY_CLAIMS", "must be token"),
        // What its tokens are for stands in their header, which a gateway does not show.
        None if gateway.jwt && has_oidc => {
            environment.wrong(
                "GATEWAY_CLAIMS",
                "must be token where TRUST_GATEWAY names jwt and there is an OIDC_ISSUER",
            );
        }
        None => {}
    }
    gateway
}

pub(super) fn resource_url<F: Fn(&str) -> Option<String>>(
    environment: &mut Environment<F>,
) -> Option<String> {
    let url = environment.value("RESOURCE_URL")?;
    if ResourceMetadata::builder(&url).build().is_err() {
        environment
            .wrong("RESOURCE_URL", "must be an https URL without query; http is for this machine alone");
    }
    Some(url)
}

pub(super) fn cors<F: Fn(&str) -> Option<String>>(environment: &mut Environment<F>) -> CorsOrigins {
    CorsOrigins::parse(&environment.value("CORS_ORIGINS").unwrap_or_default()).unwrap_or_else(|error| {
        environment.wrong("CORS_ORIGINS", format!("cannot be read: {error}"));
        CorsOrigins::default()
    })
}
