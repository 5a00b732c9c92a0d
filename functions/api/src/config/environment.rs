//! Reading the variables one by one.

use http::Uri;
use portcullis::{JwkSet, ResourceMetadata, TokenUse};
use portcullis_data::rules::IdentityPool;

use super::{ConfigError, GatewayConfig, IamConfig, IssuerConfig, OidcConfig};
use crate::CorsOrigins;

/// An API key shorter than this could be guessed. AWS AppSync's have 26 characters after `da2-`.
const API_KEY_LENGTH: std::ops::RangeInclusive<usize> = 16..=256;

/// The variables, and what is wrong with them so far.
pub(super) struct Environment<F> {
    lookup: F,
    errors: Vec<ConfigError>,
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    pub(super) fn new(lookup: F) -> Self {
        Self { lookup, errors: Vec::new() }
    }

    pub(super) fn into_errors(self) -> Vec<ConfigError> {
        self.errors
    }

    /// A template sets an optional variable to the empty text to leave it out.
    fn value(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn required(&mut self, variable: &'static str) -> Option<String> {
        let value = self.value(variable).filter(|value| !value.trim_matches([',', ' ']).is_empty());
        if value.is_none() {
            self.wrong(variable, "is not set");
        }
        value
    }

    fn wrong(&mut self, variable: &'static str, problem: impl Into<String>) {
        self.errors.push(ConfigError { variable, problem: problem.into() });
    }

    pub(super) fn issuer(&mut self) -> Option<IssuerConfig> {
        if let Some(url) = self.value("ISSUER") {
            if is_safe_url(&url) {
                return Some(IssuerConfig::At(url));
            }
            self.wrong("ISSUER", "must be an https URL; http is for this machine alone");
            return None;
        }
        let id = self.required("USER_POOL_ID")?;
        let name = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_alphanumeric());
        match id.split_once('_') {
            Some((region, rest))
                if region.split('-').count() >= 3 && region.split('-').all(name) && name(rest) =>
            {
                Some(IssuerConfig::Pool { region: region.to_owned(), id })
            }
            _ => {
                self.wrong("USER_POOL_ID", "must look like eu-west-1_Ab12Cd34E");
                None
            }
        }
    }

    pub(super) fn client_ids(&mut self) -> Option<Vec<String>> {
        self.required("USER_POOL_CLIENT_IDS").map(|text| list(&text))
    }

    pub(super) fn region(&mut self) -> Option<String> {
        self.required("AWS_REGION")
    }

    pub(super) fn token_use(&mut self, variable: &'static str) -> TokenUse {
        match self.value(variable).as_deref() {
            None | Some("access") => TokenUse::Access,
            Some("id") => TokenUse::Id,
            Some(_) => {
                self.wrong(variable, "must be access or id");
                TokenUse::Access
            }
        }
    }

    pub(super) fn table_name(&mut self) -> Option<String> {
        let name = self.required("TABLE_NAME")?;
        let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.');
        if (3..=255).contains(&name.len()) && name.bytes().all(plain) {
            return Some(name);
        }
        self.wrong("TABLE_NAME", "must be 3 to 255 letters, digits, dots, hyphens or underscores");
        None
    }

    pub(super) fn api_keys(&mut self) -> Vec<String> {
        let keys = self.value("API_KEYS").map(|text| list(&text)).unwrap_or_default();
        let good =
            |key: &String| API_KEY_LENGTH.contains(&key.len()) && key.bytes().all(|it| it.is_ascii_graphic());
        if !keys.iter().all(good) {
            self.wrong(
                "API_KEYS",
                "must be keys of 16 to 256 printable ASCII characters, separated by commas",
            );
        }
        keys
    }

    pub(super) fn jwks(&mut self) -> Option<JwkSet> {
        let keys = JwkSet::from_json(&self.value("JWKS")?);
        match keys {
            Ok(keys) if keys.is_empty() => self.wrong("JWKS", "holds no key that can be used"),
            Err(error) => self.wrong("JWKS", format!("cannot be read: {error}")),
            Ok(keys) => return Some(keys),
        }
        None
    }

    pub(super) fn oidc(&mut self) -> Option<OidcConfig> {
        let issuer = self.value("OIDC_ISSUER");
        let audiences = self.value("OIDC_AUDIENCES").map(|text| list(&text)).unwrap_or_default();
        let says_use = self.value("OIDC_TOKEN_USE").is_some();
        let token_use = self.token_use("OIDC_TOKEN_USE");
        let Some(issuer) = issuer else {
            if !audiences.is_empty() {
                self.wrong("OIDC_AUDIENCES", "needs OIDC_ISSUER");
            }
            if says_use {
                self.wrong("OIDC_TOKEN_USE", "needs OIDC_ISSUER");
            }
            return None;
        };
        if !is_safe_url(&issuer) {
            self.wrong("OIDC_ISSUER", "must be an https URL; http is for this machine alone");
        }
        if audiences.is_empty() {
            self.wrong("OIDC_AUDIENCES", "is not set");
        }
        Some(OidcConfig { issuer, audiences, token_use })
    }

    /// Which checks of a gateway are believed, and what they are measured by.
    pub(super) fn gateway(&mut self, has_oidc: bool) -> (GatewayConfig, IamConfig) {
        let words = self.value("TRUST_GATEWAY").map(|text| list(&text)).unwrap_or_default();
        let mut gateway = GatewayConfig::default();
        for word in words {
            match word.as_str() {
                "iam" => gateway.iam = true,
                "lambda" => gateway.lambda = true,
                "jwt" => gateway.jwt = true,
                _ => self.wrong("TRUST_GATEWAY", "must be of iam, lambda and jwt, separated by commas"),
            }
        }
        match self.value("GATEWAY_CLAIMS").as_deref() {
            Some("token") => {
                gateway.claims_of_token = true;
                if !gateway.jwt {
                    self.wrong("GATEWAY_CLAIMS", "needs TRUST_GATEWAY to name jwt");
                }
            }
            Some(_) => self.wrong("GATEWAY_CLAIMS", "must be token"),
            // What its tokens are for stands in their header, which a gateway does not show.
            None if gateway.jwt && has_oidc => {
                self.wrong(
                    "GATEWAY_CLAIMS",
                    "must be token where TRUST_GATEWAY names jwt and there is an OIDC_ISSUER",
                );
            }
            None => {}
        }
        (gateway, self.iam(gateway.iam))
    }

    pub(super) fn resource_url(&mut self) -> Option<String> {
        let url = self.value("RESOURCE_URL")?;
        if ResourceMetadata::builder(&url).build().is_err() {
            self.wrong("RESOURCE_URL", "must be an https URL without query; http is for this machine alone");
        }
        Some(url)
    }

    pub(super) fn graphql(&mut self) -> bool {
        match self.value("GRAPHQL").as_deref() {
            None | Some("off") => false,
            Some("on") => true,
            Some(_) => {
                self.wrong("GRAPHQL", "must be on or off");
                false
            }
        }
    }

    fn iam(&mut self, is_trusted: bool) -> IamConfig {
        let id = self.of_iam(is_trusted, "IDENTITY_POOL_ID", "must look like eu-west-1:<uuid>", is_pool_id);
        let role = "must look like arn:aws:iam::111122223333:role/name";
        let member = self.of_iam(is_trusted, "AUTHENTICATED_ROLE", role, is_role_arn);
        let guest = self.of_iam(is_trusted, "UNAUTHENTICATED_ROLE", role, is_role_arn);
        let names =
            "must be names of roles or their ARNs (arn:aws:iam::111122223333:role/name), separated by commas";
        let admins = self.of_iam(is_trusted, "ADMIN_ROLES", names, |text| {
            list(text).iter().all(|name| is_role_arn(name) || is_plain(name) && !name.contains(':'))
        });
        let access = self.of_iam(is_trusted, "IAM_ACCESS", "must be account", |text| text == "account");
        let is_known = id.is_some() || member.is_some() || guest.is_some();
        let mut pool = IdentityPool::new();
        pool = id.iter().fold(pool, |pool, id| pool.id(id));
        pool = member.into_iter().fold(pool, IdentityPool::authenticated_role);
        pool = guest.into_iter().fold(pool, IdentityPool::guest_role);
        IamConfig {
            pool: is_known.then_some(pool),
            pool_id: id,
            admin_roles: admins.map(|text| list(&text)).unwrap_or_default(),
            admits_account: access.is_some(),
        }
    }

    /// A variable that says something about callers with AWS credentials: idle, and so a mistake, if no gateway may tell of any.
    fn of_iam(
        &mut self,
        is_trusted: bool,
        variable: &'static str,
        form: &str,
        is_good: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let value = self.value(variable)?;
        if !is_trusted {
            self.wrong(variable, "needs TRUST_GATEWAY to name iam");
        } else if !is_good(&value) {
            self.wrong(variable, form);
        }
        Some(value)
    }

    pub(super) fn cors(&mut self) -> CorsOrigins {
        CorsOrigins::parse(&self.value("CORS_ORIGINS").unwrap_or_default()).unwrap_or_else(|error| {
            self.wrong("CORS_ORIGINS", format!("cannot be read: {error}"));
            CorsOrigins::default()
        })
    }
}

/// Whether keys could be fetched from there without somebody on the way exchanging them.
fn is_safe_url(url: &str) -> bool {
    let loopback = |host: &str| matches!(host, "127.0.0.1" | "[::1]" | "localhost");
    url.parse::<Uri>().is_ok_and(|uri| match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(host)) => !host.is_empty(),
        (Some("http"), Some(host)) => loopback(host),
        _ => false,
    })
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

/// Whether it could be a name at AWS.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_pool_id(text: &str) -> bool {
    let named = text.split_once(':').is_some_and(|(region, id)| !region.is_empty() && !id.is_empty());
    named && is_plain(text)
}

fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let role = match parts.as_slice() {
        ["arn", _, "iam", "", account, resource] if !account.is_empty() => resource.strip_prefix("role/"),
        _ => None,
    };
    is_plain(text) && role.is_some_and(|name| !name.is_empty() && !name.ends_with('/'))
}
