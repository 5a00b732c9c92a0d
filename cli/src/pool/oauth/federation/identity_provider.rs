//! The configuration of a provider.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use thiserror::Error;

use crate::{loopback::is_loopback_host, pool::attributes};

/// An OpenID Connect provider with which people may sign in, configured as Amazon Cognito is told about one.
///
/// The file has the members of `CreateIdentityProvider`. `ProviderType` is `OIDC`, or `Google`, whose issuer is known.
/// `AttributeMapping` says which claim becomes which attribute; without it `email`, `email_verified` and `name` are taken over.
///
/// ```
/// use portcullis_cli::pool::IdentityProvider;
///
/// let provider = IdentityProvider::from_json(r#"{
///     "ProviderName": "Example",
///     "ProviderType": "OIDC",
///     "ProviderDetails": {
///         "client_id": "pool", "client_secret": "keep this file to yourself",
///         "oidc_issuer": "https://id.example.com", "authorize_scopes": "openid email"
///     },
///     "AttributeMapping": { "email": "email", "email_verified": "email_verified" }
/// }"#)?;
/// assert_eq!(provider.name(), "Example");
///
/// let mistakes = IdentityProvider::from_json(r#"{"ProviderName": "COGNITO", "ProviderType": "SAML"}"#).unwrap_err();
/// assert!(mistakes.to_string().contains("ProviderType"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityProvider {
    name: String,
    pub(super) kind: &'static str,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) issuer: String,
    pub(super) scopes: String,
    pub(super) user_info_by_post: bool,
    /// Claims of the provider by the attribute that they become.
    pub(super) mapping: BTreeMap<String, String>,
    identifiers: Vec<String>,
}

/// All that is wrong with the configuration of a provider. No value is repeated: one of them is a secret.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", .0.join("; "))]
pub struct ProviderMistakes(Vec<String>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct File {
    #[serde(default)]
    provider_name: String,
    #[serde(default)]
    provider_type: String,
    #[serde(default)]
    provider_details: Details,
    attribute_mapping: Option<BTreeMap<String, String>>,
    #[serde(default)]
    idp_identifiers: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Details {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    oidc_issuer: Option<String>,
    authorize_scopes: Option<String>,
    attributes_request_method: Option<String>,
}

impl IdentityProvider {
    /// Reads a configuration.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn from_json(text: &str) -> Result<Self, ProviderMistakes> {
        // Only the kind of mistake: serde's own text may quote a value.
        let file: File = serde_json::from_str(text).map_err(|error| {
            let at = format!("line {}, column {}", error.line(), error.column());
            ProviderMistakes(vec![format!(
                "it is not a JSON object with members of CreateIdentityProvider ({at})"
            )])
        })?;
        let details = file.provider_details;
        let mut mistakes = Vec::new();
        let mut check = |good: bool, mistake: &str| {
            if !good {
                mistakes.push(mistake.to_owned());
            }
        };
        check(
            is_name(&file.provider_name),
            "ProviderName is 1 to 32 letters, digits, and _ . -, and not COGNITO",
        );
        let kind = ["OIDC", "Google"].into_iter().find(|kind| *kind == file.provider_type);
        check(kind.is_some(), "ProviderType is neither OIDC nor Google");
        let issuer = match (details.oidc_issuer, kind) {
            (Some(issuer), _) => issuer,
            (None, Some("Google")) => "https://accounts.google.com".to_owned(),
            (None, _) => String::new(),
        };
        check(is_safe_url(&issuer), "oidc_issuer is not an https URL (http is allowed on loopback only)");
        check(!details.client_id.is_empty(), "client_id is missing");
        check(!details.client_secret.is_empty(), "client_secret is missing");
        let scopes = details.authorize_scopes.unwrap_or_else(|| "openid email profile".to_owned());
        check(scopes.split(' ').any(|scope| scope == "openid"), "authorize_scopes lacks openid");
        let method = details.attributes_request_method.as_deref().unwrap_or("GET");
        check(["GET", "POST"].contains(&method), "attributes_request_method is neither GET nor POST");
        let mut mapping = file.attribute_mapping.unwrap_or_else(|| {
            ["email", "email_verified", "name"].map(|name| (name.to_owned(), name.to_owned())).into()
        });
        if let Some(claim) = mapping.remove("username") {
            check(claim == "sub", "AttributeMapping: username is always sub");
        }
        for (attribute, claim) in &mapping {
            check(
                attributes::is_writable(attribute) && !claim.is_empty(),
                "AttributeMapping: an attribute is not one of this pool, or has no claim",
            );
        }
        check(
            file.idp_identifiers.iter().all(|identifier| (1..=40).contains(&identifier.len())),
            "IdpIdentifiers: an identifier is empty or too long",
        );
        let Some(kind) = kind.filter(|_| mistakes.is_empty()) else { return Err(ProviderMistakes(mistakes)) };
        Ok(Self {
            name: file.provider_name,
            kind,
            client_id: details.client_id,
            client_secret: details.client_secret,
            issuer,
            scopes,
            user_info_by_post: method == "POST",
            mapping,
            identifiers: file.idp_identifiers,
        })
    }

    /// The name, which begins the names of its users.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is one of the identifiers that clients may use in place of the name.
    pub(crate) fn answers_to(&self, identifier: &str) -> bool {
        self.identifiers.iter().any(|known| known == identifier)
    }
}

// The secret is not for logs.
impl fmt::Debug for IdentityProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityProvider")
            .field("name", &self.name)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=32).contains(&name.len()) && name.bytes().all(letter) && !name.eq_ignore_ascii_case("cognito")
}

/// Whether secrets may be sent there: https, or http on this machine.
pub(super) fn is_safe_url(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    let Some(authority) = uri.authority() else { return false };
    if authority.as_str().contains('@') || url.contains('#') {
        return false;
    }
    match uri.scheme_str() {
        Some("https") => !authority.host().is_empty(),
        Some("http") => is_loopback_host(authority.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn good() -> Value {
        json!({
            "ProviderName": "Corp_Login",
            "ProviderType": "OIDC",
            "ProviderDetails": {
                "client_id": "pool",
                "client_secret": "hush",
                "oidc_issuer": "https://id.example.com",
            },
        })
    }

    #[test]
    fn a_provider_needs_a_name_an_issuer_and_a_client() {
        let read = |value: &Value| IdentityProvider::from_json(&value.to_string());
        assert!(read(&good()).is_ok());
        for (pointer, value, mistake) in [
            ("/ProviderName", json!("Cognito"), "ProviderName"),
            ("/ProviderName", json!("a b"), "ProviderName"),
            ("/ProviderType", json!("SAML"), "ProviderType"),
            ("/ProviderDetails/oidc_issuer", json!("http://id.example.com"), "oidc_issuer"),
            ("/ProviderDetails/oidc_issuer", json!("id.example.com"), "oidc_issuer"),
            ("/ProviderDetails/client_id", json!(""), "client_id"),
            ("/ProviderDetails/client_secret", json!(""), "client_secret"),
        ] {
            let mut wrong = good();
            *wrong.pointer_mut(pointer).unwrap() = value;
            let mistakes = read(&wrong).unwrap_err().to_string();
            assert!(mistakes.starts_with(mistake) && !mistakes.contains("hush"), "{mistakes}");
        }
        for (member, value, mistake) in [
            ("AttributeMapping", json!({ "custom:role": "role" }), "AttributeMapping"),
            ("AttributeMapping", json!({ "email": "" }), "AttributeMapping"),
            ("AttributeMapping", json!({ "username": "email" }), "username is always sub"),
            ("IdpIdentifiers", json!([""]), "IdpIdentifiers"),
            ("Provider", json!("hush"), "it is not a JSON object"),
        ] {
            let mut wrong = good();
            wrong[member] = value;
            let mistakes = read(&wrong).unwrap_err().to_string();
            assert!(mistakes.contains(mistake) && !mistakes.contains("hush"), "{mistakes}");
        }
    }

    #[test]
    fn the_issuer_of_google_is_known() {
        let mut google = good();
        google["ProviderType"] = json!("Google");
        google["ProviderDetails"].as_object_mut().unwrap().remove("oidc_issuer");
        let provider = IdentityProvider::from_json(&google.to_string()).unwrap();
        assert_eq!(provider.issuer, "https://accounts.google.com");
    }

    #[test]
    fn all_mistakes_are_told_at_once_and_the_secret_is_not() {
        let text = r#"{"ProviderDetails": {"client_secret": "hush", "authorize_scopes": "email"}}"#;
        let mistakes = IdentityProvider::from_json(text).unwrap_err();
        assert_eq!(mistakes.0.len(), 5, "{mistakes}");
        let debug = format!("{:?}", IdentityProvider::from_json(&good().to_string()).unwrap());
        assert!(!debug.contains("hush"), "{debug}");
    }
}
