//! Scopes: what an access token may be used for.

use std::str::FromStr;

use crate::pool::tokens::USER_SCOPE;

/// The scope that asks for an ID token.
pub(super) const OPENID: &str = "openid";

/// The scopes of OpenID Connect that Amazon Cognito knows.
const OPENID_SCOPES: [&str; 4] = [OPENID, "email", "phone", "profile"];

/// A scope of a resource server: `notes/read`.
///
/// ```
/// use portcullis_cli::pool::ResourceScope;
///
/// assert!("notes/read".parse::<ResourceScope>().is_ok());
/// assert!("read".parse::<ResourceScope>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceScope(String);

impl ResourceScope {
    /// Its whole name, with the identifier of its server.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ResourceScope {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // RFC 6749, 3.3
        let is_scope = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
        match text.rsplit_once('/') {
            Some((server, name)) if is_scope && !server.is_empty() && !name.is_empty() => {
                Ok(Self(text.to_owned()))
            }
            _ => {
                Err("a scope is the identifier of a resource server, a slash and a name, such as notes/read")
            }
        }
    }
}

/// The request asks for a scope that the client does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnknownScope;

/// All that a client may ask for on behalf of a user.
pub(crate) fn of_users(resource: &[ResourceScope]) -> Vec<String> {
    let standard = OPENID_SCOPES.into_iter().chain([USER_SCOPE]);
    standard.chain(resource.iter().map(ResourceScope::as_str)).map(str::to_owned).collect()
}

/// What is granted to a request. One that asks for nothing gets everything, as it does from Amazon Cognito.
pub(super) fn granted(requested: Option<&str>, allowed: Vec<String>) -> Result<Vec<String>, UnknownScope> {
    let Some(requested) = requested else { return Ok(allowed) };
    let mut scopes: Vec<String> = Vec::new();
    for scope in requested.split(' ').filter(|scope| !scope.is_empty()) {
        if !allowed.iter().any(|known| known == scope) {
            return Err(UnknownScope);
        }
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    let speaks_of_user = scopes.iter().any(|scope| OPENID_SCOPES.contains(&scope.as_str()));
    if scopes.is_empty() || (speaks_of_user && !scopes.iter().any(|scope| scope == OPENID)) {
        return Err(UnknownScope);
    }
    Ok(scopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_gets_the_scopes_it_asks_for_if_the_client_has_them() {
        let resource = ["notes/read".parse().unwrap()];
        for (requested, granted_scopes) in [
            (None, Some("openid email phone profile aws.cognito.signin.user.admin notes/read")),
            (Some("openid email"), Some("openid email")),
            (Some("openid  openid"), Some("openid")),
            (Some("notes/read"), Some("notes/read")),
            (Some("aws.cognito.signin.user.admin"), Some("aws.cognito.signin.user.admin")),
            (Some("email"), None),
            (Some("openid notes/write"), None),
            (Some("openid\tnotes/read"), None),
            (Some(" "), None),
        ] {
            let scopes = granted(requested, of_users(&resource)).map(|scopes| scopes.join(" "));
            assert_eq!(scopes.ok().as_deref(), granted_scopes, "{requested:?}");
        }
    }

    #[test]
    fn a_resource_scope_names_its_server() {
        for (text, good) in [
            ("notes/read", true),
            ("https://api.example.com/notes.read", true),
            ("notes", false),
            ("/read", false),
            ("notes/", false),
            ("notes/read it", false),
            ("notes/\"read\"", false),
        ] {
            assert_eq!(text.parse::<ResourceScope>().is_ok(), good, "{text}");
        }
    }
}
