//! Configuration by environment variables, checked at start, all mistakes reported at once.
//!
//! The table of variables stands at the crate.

use std::{fmt, time::Duration};

use http::Uri;
use portcullis::{Issuer, JwkSet, TokenUse, Verifier, VerifierBuilder};
use portcullis_schema::Schema;
use thiserror::Error;

use crate::{APP_SYNC_TTL, CallerIdentity, HttpApiAnswer, LambdaAuthorizer};

/// The longest that AppSync keeps an answer, in seconds.
const MAX_TTL: u64 = 3600;
/// What is longer leaves too little of a token that AppSync takes.
const MAX_PREFIX: usize = 64;

/// What the deployed authorizer needs to know.
#[derive(Clone)]
pub struct Config {
    verifier: Verifier,
    identity: CallerIdentity,
    graphql: bool,
    http_api: HttpApiAnswer,
    app_sync_ttl: Duration,
    app_sync_prefix: String,
    web_socket_parameter: Option<String>,
}

/// Everything that is wrong with the configuration, a line each.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

/// A variable that is missing or wrong. The text never repeats its value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{variable} {problem}")]
pub struct ConfigError {
    /// The name of the variable.
    pub variable: &'static str,
    /// What is wrong, in words that fit after the name.
    pub problem: String,
}

/// The variables, and what is wrong with them so far.
struct Environment<F> {
    lookup: F,
    errors: Vec<ConfigError>,
}

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    ///
    /// ```
    /// use portcullis_authorizer::Config;
    ///
    /// let errors = Config::from_env(|_| None).unwrap_err();
    /// assert_eq!(errors.to_string(), "USER_POOL_ID is not set\nUSER_POOL_CLIENT_IDS is not set");
    /// ```
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut environment = Environment { lookup, errors: Vec::new() };
        let issuers = environment.issuers();
        let identity = environment
            .word("IDENTITY", &[("token", CallerIdentity::Token), ("function", CallerIdentity::Function)]);
        let graphql = environment.word("GRAPHQL", &[("on", true), ("off", false)]);
        let http_api = environment
            .word("HTTP_API_ANSWER", &[("policy", HttpApiAnswer::Policy), ("simple", HttpApiAnswer::Simple)]);
        let app_sync_ttl = environment.ttl();
        let app_sync_prefix = environment.prefix();
        let web_socket_parameter = environment.parameter();
        if !environment.errors.is_empty() {
            return Err(ConfigErrors(environment.errors));
        }
        let verifier = issuers.into_iter().fold(Verifier::builder(), VerifierBuilder::issuer).build();
        let contradiction = |problem: portcullis::ConfigError| ConfigError {
            variable: "USER_POOL_ID",
            problem: format!("and what belongs to it contradict each other: {problem}"),
        };
        Ok(Self {
            verifier: verifier.map_err(|error| ConfigErrors(vec![contradiction(error)]))?,
            identity,
            graphql,
            http_api,
            app_sync_ttl,
            app_sync_prefix,
            web_socket_parameter,
        })
    }

    /// The authorizer that the configuration describes. Nothing is dialled yet.
    pub fn authorizer(self, schema: &Schema) -> LambdaAuthorizer {
        let authorizer = LambdaAuthorizer::new(schema, self.verifier)
            .identity(self.identity)
            .http_api(self.http_api)
            .app_sync_ttl(self.app_sync_ttl)
            .app_sync_prefix(self.app_sync_prefix);
        let authorizer = if self.graphql { authorizer.graphql() } else { authorizer };
        match self.web_socket_parameter {
            Some(name) => authorizer.web_socket_parameter(name),
            None => authorizer,
        }
    }
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    /// A template sets an optional variable to the empty text to leave it out.
    fn value(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn wrong(&mut self, variable: &'static str, problem: impl Into<String>) {
        self.errors.push(ConfigError { variable, problem: problem.into() });
    }

    fn list(&self, variable: &str) -> Vec<String> {
        let text = self.value(variable).unwrap_or_default();
        text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
    }

    fn required_list(&mut self, variable: &'static str) -> Vec<String> {
        let list = self.list(variable);
        if list.is_empty() {
            self.wrong(variable, "is not set");
        }
        list
    }

    fn word<T: Copy + Default>(&mut self, variable: &'static str, words: &[(&str, T)]) -> T {
        let Some(value) = self.value(variable) else {
            return T::default();
        };
        match words.iter().find(|(word, _)| *word == value) {
            Some((_, meaning)) => *meaning,
            None => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                self.wrong(variable, format!("must be {}", words.join(" or ")));
                T::default()
            }
        }
    }

    fn issuers(&mut self) -> Vec<Issuer> {
        let pool = self.pool();
        let client_ids = self.required_list("USER_POOL_CLIENT_IDS");
        let token_use = self.token_use("TOKEN_USE");
        let pool = pool.map(|pool| pool.client_ids(client_ids).token_use(token_use));
        let pool = match self.keys() {
            Some(keys) => pool.map(|pool| pool.initial_keys(keys)),
            None => pool,
        };
        pool.into_iter().chain(self.oidc()).collect()
    }

    fn pool(&mut self) -> Option<Issuer> {
        if let Some(url) = self.value("ISSUER") {
            if is_safe_url(&url) {
                return Some(Issuer::cognito_at(url));
            }
            self.wrong("ISSUER", "must be an https URL; http is for this machine alone");
            return None;
        }
        let Some(id) = self.value("USER_POOL_ID") else {
            self.wrong("USER_POOL_ID", "is not set");
            return None;
        };
        let name = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_alphanumeric());
        match id.split_once('_') {
            Some((region, rest))
                if region.split('-').count() >= 3 && region.split('-').all(name) && name(rest) =>
            {
                Some(Issuer::cognito(region, &id))
            }
            _ => {
                self.wrong("USER_POOL_ID", "must look like eu-west-1_Ab12Cd34E");
                None
            }
        }
    }

    fn token_use(&mut self, variable: &'static str) -> TokenUse {
        match self.value(variable).as_deref() {
            None | Some("access") => TokenUse::Access,
            Some("id") => TokenUse::Id,
            Some(_) => {
                self.wrong(variable, "must be access or id");
                TokenUse::Access
            }
        }
    }

    fn keys(&mut self) -> Option<JwkSet> {
        match JwkSet::from_json(&self.value("JWKS")?) {
            Ok(keys) if keys.is_empty() => self.wrong("JWKS", "holds no key that can be used"),
            Err(error) => self.wrong("JWKS", format!("cannot be read: {error}")),
            Ok(keys) => return Some(keys),
        }
        None
    }

    fn oidc(&mut self) -> Option<Issuer> {
        let audiences = self.list("OIDC_AUDIENCES");
        let token_use = self.token_use("OIDC_TOKEN_USE");
        let Some(issuer) = self.value("OIDC_ISSUER") else {
            for variable in ["OIDC_AUDIENCES", "OIDC_TOKEN_USE"] {
                if self.value(variable).is_some() {
                    self.wrong(variable, "needs OIDC_ISSUER");
                }
            }
            return None;
        };
        if !is_safe_url(&issuer) {
            self.wrong("OIDC_ISSUER", "must be an https URL; http is for this machine alone");
        }
        if audiences.is_empty() {
            self.wrong("OIDC_AUDIENCES", "is not set");
        }
        Some(Issuer::oidc(issuer).audiences(audiences).token_use(token_use))
    }

    fn ttl(&mut self) -> Duration {
        let Some(value) = self.value("APPSYNC_TTL") else {
            return APP_SYNC_TTL;
        };
        match value.parse().ok().filter(|seconds| *seconds <= MAX_TTL) {
            Some(seconds) => Duration::from_secs(seconds),
            None => {
                self.wrong("APPSYNC_TTL", "must be a number of seconds from 0 to 3600");
                APP_SYNC_TTL
            }
        }
    }

    fn prefix(&mut self) -> String {
        let prefix = self.value("APPSYNC_TOKEN_PREFIX").unwrap_or_default();
        if prefix.len() > MAX_PREFIX || !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.wrong(
                "APPSYNC_TOKEN_PREFIX",
                "must be at most 64 printable ASCII characters without a space",
            );
        }
        prefix
    }

    fn parameter(&mut self) -> Option<String> {
        let name = self.value("WEBSOCKET_TOKEN")?;
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            self.wrong("WEBSOCKET_TOKEN", "must be a name of letters, digits, hyphens, underscores and dots");
        }
        Some(name)
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

impl ConfigErrors {
    /// The mistakes, in the order in which the crate lists the variables.
    #[must_use]
    pub fn errors(&self) -> &[ConfigError] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("verifier", &self.verifier)
            .field("identity", &self.identity)
            .field("graphql", &self.graphql)
            .field("http_api", &self.http_api)
            .field("app_sync_ttl", &self.app_sync_ttl)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 2] =
        [("USER_POOL_ID", "eu-west-1_Ab12Cd34E"), ("USER_POOL_CLIENT_IDS", "web, ios")];

    fn read(changes: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
        let find = |name: &str, from: &[(&str, &str)]| {
            from.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
        };
        Config::from_env(|name| find(name, changes).or_else(|| find(name, &GOOD)))
    }

    #[test]
    fn what_may_be_left_out_has_a_safe_default() {
        let config = read(&[("IDENTITY", ""), ("APPSYNC_TOKEN_PREFIX", "")]).unwrap();
        assert_eq!((config.identity, config.graphql), (CallerIdentity::Token, false));
        assert_eq!(config.http_api, HttpApiAnswer::Policy);
        assert_eq!((config.app_sync_ttl, config.app_sync_prefix.as_str()), (APP_SYNC_TTL, ""));
        assert_eq!(config.web_socket_parameter, None);
    }

    #[test]
    fn everything_can_be_said() {
        let config = read(&[
            ("ISSUER", "http://127.0.0.1:9229/local_1"),
            ("USER_POOL_ID", ""),
            ("TOKEN_USE", "id"),
            ("OIDC_ISSUER", "https://sign-in.example.com/"),
            ("OIDC_AUDIENCES", "web"),
            ("IDENTITY", "function"),
            ("GRAPHQL", "on"),
            ("HTTP_API_ANSWER", "simple"),
            ("APPSYNC_TTL", "0"),
            ("APPSYNC_TOKEN_PREFIX", "portcullis-"),
            ("WEBSOCKET_TOKEN", "token"),
        ]);
        let config = config.unwrap();
        assert_eq!((config.identity, config.graphql), (CallerIdentity::Function, true));
        assert_eq!(config.http_api, HttpApiAnswer::Simple);
        assert_eq!((config.app_sync_ttl, config.app_sync_prefix.as_str()), (Duration::ZERO, "portcullis-"));
        assert_eq!(config.web_socket_parameter.as_deref(), Some("token"));
    }

    #[test]
    fn each_mistake_is_named_and_no_value_is_repeated() {
        for (variable, value) in [
            ("USER_POOL_ID", ""),
            ("USER_POOL_ID", "sesame"),
            ("ISSUER", "http://sesame.example.com/pool"),
            ("USER_POOL_CLIENT_IDS", " , "),
            ("TOKEN_USE", "sesame"),
            ("OIDC_AUDIENCES", "sesame"),
            ("OIDC_TOKEN_USE", "id"),
            ("JWKS", "{}"),
            ("JWKS", "{\"keys\":[]}"),
            ("IDENTITY", "sesame"),
            ("GRAPHQL", "sesame"),
            ("HTTP_API_ANSWER", "sesame"),
            ("APPSYNC_TTL", "3601"),
            ("APPSYNC_TTL", "-1"),
            ("APPSYNC_TTL", "sesame"),
            ("APPSYNC_TOKEN_PREFIX", "open sesame"),
            ("WEBSOCKET_TOKEN", "open sesame"),
        ] {
            let errors = read(&[(variable, value)]).unwrap_err();
            let named: Vec<_> = errors.errors().iter().map(|it| it.variable).collect();
            assert_eq!(named, [variable], "{value}");
            assert!(!errors.to_string().contains("sesame"), "{errors}");
        }
        let all = [("USER_POOL_ID", "x"), ("TOKEN_USE", "x"), ("IDENTITY", "x"), ("APPSYNC_TTL", "x")];
        assert_eq!(read(&all).unwrap_err().errors().len(), all.len());
    }
}
