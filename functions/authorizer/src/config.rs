//! Configuration by environment variables, checked at start, all mistakes reported at once.
//!
//! The table of variables stands at the crate.

use std::{fmt, time::Duration};

use portcullis::{Environment, EnvironmentErrors, OidcConfig, UserPoolConfig, Verifier, VerifierBuilder};
use portcullis_schema::Schema;

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
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentErrors> {
        let mut environment = Environment::new(lookup);
        let pool = environment.user_pool(true);
        let oidc = environment.oidc(pool.as_ref());
        let identity = environment
            .word("IDENTITY", &[("token", CallerIdentity::Token), ("function", CallerIdentity::Function)]);
        let graphql = environment.word("GRAPHQL", &[("on", true), ("off", false)]);
        let http_api = environment
            .word("HTTP_API_ANSWER", &[("policy", HttpApiAnswer::Policy), ("simple", HttpApiAnswer::Simple)]);
        let app_sync_ttl = ttl(&mut environment);
        let app_sync_prefix = prefix(&mut environment);
        let web_socket_parameter = parameter(&mut environment);
        let verifier = if environment.is_good() { verifier(&mut environment, pool, oidc) } else { None };
        let config = verifier.map(|verifier| Self {
            verifier,
            identity: identity.unwrap_or_default(),
            graphql: graphql.unwrap_or_default(),
            http_api: http_api.unwrap_or_default(),
            app_sync_ttl,
            app_sync_prefix,
            web_socket_parameter,
        });
        environment.finish_with(config)
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

fn verifier<F: Fn(&str) -> Option<String>>(
    environment: &mut Environment<F>,
    pool: Option<UserPoolConfig>,
    oidc: Option<OidcConfig>,
) -> Option<Verifier> {
    let pool = pool.as_ref().map(UserPoolConfig::issuer_with_keys);
    let oidc = oidc.as_ref().map(OidcConfig::issuer);
    let verifier = pool.into_iter().chain(oidc).fold(Verifier::builder(), VerifierBuilder::issuer).build();
    // A text of the verifier may repeat what a variable holds.
    verifier
        .map_err(|_| environment.wrong("USER_POOL_ID", "and what belongs to it contradict each other"))
        .ok()
}

fn ttl<F: Fn(&str) -> Option<String>>(environment: &mut Environment<F>) -> Duration {
    let Some(value) = environment.value("APPSYNC_TTL") else {
        return APP_SYNC_TTL;
    };
    match value.parse().ok().filter(|seconds| *seconds <= MAX_TTL) {
        Some(seconds) => Duration::from_secs(seconds),
        None => {
            environment.wrong("APPSYNC_TTL", "must be a number of seconds from 0 to 3600");
            APP_SYNC_TTL
        }
    }
}

fn prefix<F: Fn(&str) -> Option<String>>(environment: &mut Environment<F>) -> String {
    let prefix = environment.value("APPSYNC_TOKEN_PREFIX").unwrap_or_default();
    if prefix.len() > MAX_PREFIX || !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
        environment
            .wrong("APPSYNC_TOKEN_PREFIX", "must be at most 64 printable ASCII characters without a space");
    }
    prefix
}

fn parameter<F: Fn(&str) -> Option<String>>(environment: &mut Environment<F>) -> Option<String> {
    let name = environment.value("WEBSOCKET_TOKEN")?;
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        environment
            .wrong("WEBSOCKET_TOKEN", "must be a name of letters, digits, hyphens, underscores and dots");
    }
    Some(name)
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

    fn read(changes: &[(&str, &str)]) -> Result<Config, EnvironmentErrors> {
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
