//! Reading the variables one by one.

use http::Uri;
use portcullis::{Issuer, TokenUse, TrustedAppSync};
use portcullis_data::{
    rules::{Authorizer, IdentityPool},
    schema::AuthMode,
};

/// What only speaks of callers with AWS credentials.
const ABOUT_IAM: [&str; 5] =
    ["IDENTITY_POOL_ID", "AUTHENTICATED_ROLE", "UNAUTHENTICATED_ROLE", "ADMIN_ROLES", "IAM_ACCESS"];

/// The variables, and what is wrong with them so far.
pub(super) struct Environment<F> {
    lookup: F,
    errors: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    pub(super) fn new(lookup: F) -> Self {
        Self { lookup, errors: Vec::new() }
    }

    pub(super) fn into_errors(self) -> Vec<String> {
        self.errors
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_good(&self) -> bool {
        self.errors.is_empty()
    }

    pub(super) fn wrong(&mut self, mistake: impl Into<String>) {
        self.errors.push(mistake.into());
    }

    /// A template sets an optional variable to the empty text to leave it out.
    fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn list(&self, name: &str) -> Vec<String> {
        let text = self.value(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// A list of nothing but commas names nothing.
    fn require(&mut self, name: &str) {
        if self.list(name).is_empty() {
            self.wrong(format!("{name} is not set"));
        }
    }

    /// How callers may come in besides by tokens.
    pub(super) fn modes(&mut self) -> Vec<AuthMode> {
        let mut modes = Vec::new();
        for mode in self.list("APPSYNC_MODES") {
            match mode.as_str() {
                "apiKey" => modes.push(AuthMode::ApiKey),
                "iam" => modes.push(AuthMode::Iam),
                "lambda" => modes.push(AuthMode::Function),
                _ => self.wrong("APPSYNC_MODES must be of apiKey, iam and lambda"),
            }
        }
        modes
    }

    /// The user pool, without which there must be another way to come in.
    pub(super) fn pool(&mut self, by_tokens_alone: bool) -> Option<Issuer> {
        let by_pool_alone = by_tokens_alone && self.value("OIDC_ISSUER").is_none();
        let Some(id) = self.value("USER_POOL_ID") else {
            for name in ["USER_POOL_ID", "USER_POOL_CLIENT_IDS"].into_iter().filter(|_| by_pool_alone) {
                self.require(name);
            }
            for name in ["USER_POOL_CLIENT_IDS", "TOKEN_USE"] {
                if !by_pool_alone && self.value(name).is_some() {
                    self.wrong(format!("{name} needs USER_POOL_ID"));
                }
            }
            return None;
        };
        self.require("USER_POOL_CLIENT_IDS");
        let token_use = match self.value("TOKEN_USE").as_deref() {
            None | Some("access") => TokenUse::Access,
            Some("id") => TokenUse::Id,
            Some(_) => {
                self.wrong("TOKEN_USE must be access or id");
                return None;
            }
        };
        let Some((region, _)) = id.split_once('_') else {
            self.wrong("USER_POOL_ID must look like eu-west-1_Ab12Cd34E");
            return None;
        };
        Some(Issuer::cognito(region, &id).client_ids(self.list("USER_POOL_CLIENT_IDS")).token_use(token_use))
    }

    /// The issuer beside the user pool.
    pub(super) fn other_issuer(&mut self) -> Option<Issuer> {
        let audiences = self.list("OIDC_AUDIENCES");
        let Some(url) = self.value("OIDC_ISSUER") else {
            if !audiences.is_empty() {
                self.wrong("OIDC_AUDIENCES needs OIDC_ISSUER");
            }
            return None;
        };
        self.require("OIDC_AUDIENCES");
        if !is_safe_url(&url) {
            self.wrong("OIDC_ISSUER must be an https URL; http is for this machine alone");
        }
        // What a token is for stands in its header, which AppSync does not show.
        Some(Issuer::oidc(&url).audiences(audiences).insecure_any_token_use())
    }

    pub(super) fn table(&mut self) -> String {
        self.require("AWS_REGION");
        self.require("TABLE_NAME");
        self.value("TABLE_NAME").unwrap_or_default()
    }

    /// The default mode of the API, which is one of those that are open.
    pub(super) fn default_mode(&mut self, modes: &[AuthMode]) -> AuthMode {
        let has_pool = self.value("USER_POOL_ID").is_some();
        let named = match self.value("APPSYNC_DEFAULT_MODE").as_deref() {
            Some("userPools") => Some(AuthMode::UserPools).filter(|_| has_pool),
            Some("oidc") => Some(AuthMode::Oidc).filter(|_| self.value("OIDC_ISSUER").is_some()),
            Some("apiKey") => Some(AuthMode::ApiKey).filter(|mode| modes.contains(mode)),
            Some("iam") => Some(AuthMode::Iam).filter(|mode| modes.contains(mode)),
            Some("lambda") => Some(AuthMode::Function).filter(|mode| modes.contains(mode)),
            Some(_) => None,
            None if has_pool || modes.is_empty() && self.value("OIDC_ISSUER").is_none() => {
                Some(AuthMode::UserPools)
            }
            None => {
                self.wrong("APPSYNC_DEFAULT_MODE is not set, and there is no user pool");
                return AuthMode::UserPools;
            }
        };
        if named.is_none() {
            self.wrong("APPSYNC_DEFAULT_MODE must be a mode that callers may come in by");
        }
        named.unwrap_or(AuthMode::UserPools)
    }

    /// The evaluator of the rules, which tells callers with AWS credentials apart.
    pub(super) fn authorizer(&mut self, is_signed: bool) -> Authorizer {
        for name in ABOUT_IAM {
            if !is_signed && self.value(name).is_some() {
                self.wrong(format!("{name} needs iam in APPSYNC_MODES"));
            }
        }
        let id = self.value("IDENTITY_POOL_ID");
        let member = self.value("AUTHENTICATED_ROLE");
        let guest = self.value("UNAUTHENTICATED_ROLE");
        let mut authorizer = Authorizer::new().admin_roles(self.list("ADMIN_ROLES"));
        if id.is_some() || member.is_some() || guest.is_some() {
            let pool = id.into_iter().fold(IdentityPool::new(), IdentityPool::id);
            let pool = member.into_iter().fold(pool, IdentityPool::authenticated_role);
            authorizer = authorizer.identity_pool(guest.into_iter().fold(pool, IdentityPool::guest_role));
        }
        match self.value("IAM_ACCESS").as_deref() {
            None => authorizer,
            Some("account") => authorizer.admit_account(),
            Some(_) => {
                self.wrong("IAM_ACCESS must be account");
                authorizer
            }
        }
    }

    /// Believes who signed a request.
    pub(super) fn signed(&self, trusted: TrustedAppSync) -> TrustedAppSync {
        let (pool, identity_pool) = (self.value("USER_POOL_ID"), self.value("IDENTITY_POOL_ID"));
        let trusted = pool.iter().fold(trusted.iam(), |trusted, id| trusted.user_pool(id));
        identity_pool.iter().fold(trusted, |trusted, id| trusted.identity_pool(id))
    }
}

/// Whether nobody on the way could stand in for the issuer.
fn is_safe_url(url: &str) -> bool {
    let loopback = |host: &str| matches!(host, "127.0.0.1" | "[::1]" | "localhost");
    url.parse::<Uri>().is_ok_and(|uri| match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(host)) => !host.is_empty(),
        (Some("http"), Some(host)) => loopback(host),
        _ => false,
    })
}
