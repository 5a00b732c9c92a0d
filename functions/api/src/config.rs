//! Configuration by environment variables, checked at start, all mistakes reported at once.
//!
//! | variable | meaning |
//! |---|---|
//! | `USER_POOL_ID` | the user pool, such as `eu-west-1_Ab12Cd34E`; not needed with `ISSUER` |
//! | `ISSUER` | another address of the user pool: `https://..`, or `http://` on this machine. Overrides the pool's own |
//! | `USER_POOL_CLIENT_IDS` | the app clients whose tokens are accepted, separated by commas |
//! | `TOKEN_USE` | `access` (the default) or `id` |
//! | `AWS_REGION` | the region of the table; Lambda sets it |
//! | `TABLE_NAME` | the table |
//! | `API_KEYS` | optional: keys that let callers in under `public` rules, separated by commas |
//! | `CORS_ORIGINS` | optional: origins of web pages that may call, separated by commas, or `*` alone for every page |
//! | `JWKS` | optional: the pool's key set as JSON, so that none is fetched at start |

use std::fmt;

use http::Uri;
use portcullis::{JwkSet, TokenUse};
use thiserror::Error;

use crate::CorsOrigins;

/// An API key shorter than this could be guessed. AWS AppSync's have 26 characters after `da2-`.
const API_KEY_LENGTH: std::ops::RangeInclusive<usize> = 16..=256;

/// What the deployed API needs to know.
#[derive(Clone)]
pub struct Config {
    /// Who issues the tokens.
    pub issuer: IssuerConfig,
    /// The app clients whose tokens are accepted.
    pub client_ids: Vec<String>,
    /// Which tokens are accepted.
    pub token_use: TokenUse,
    /// The region of the table. Checked here; the AWS SDK reads it by itself.
    pub region: String,
    /// The table.
    pub table_name: String,
    /// The keys that let callers in under `public` rules.
    pub api_keys: Vec<String>,
    /// Which web pages may call.
    pub cors: CorsOrigins,
    /// The issuer's key set, if it is given at start.
    pub jwks: Option<JwkSet>,
}

/// Who issues the tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerConfig {
    /// A user pool at AWS.
    Pool {
        /// The region, which is the first part of the id.
        region: String,
        /// The id.
        id: String,
    },
    /// A user pool at another address.
    At(String),
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

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    ///
    /// ```
    /// use portcullis_api::Config;
    ///
    /// let set = |name: &str| {
    ///     let value = match name {
    ///         "USER_POOL_ID" => "eu-west-1_Ab12Cd34E",
    ///         "USER_POOL_CLIENT_IDS" => "4k7examplewebclient",
    ///         "AWS_REGION" => "eu-west-1",
    ///         "TABLE_NAME" => "portcullis",
    ///         _ => return None,
    ///     };
    ///     Some(value.to_owned())
    /// };
    /// assert_eq!(Config::from_env(set).unwrap().table_name, "portcullis");
    ///
    /// let errors = Config::from_env(|_| None).unwrap_err();
    /// assert_eq!(errors.errors().len(), 4);
    /// ```
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut env = Env { lookup, errors: Vec::new() };
        let issuer = env.issuer();
        let client_ids = env.required("USER_POOL_CLIENT_IDS").map(|text| list(&text));
        let token_use = env.token_use();
        let region = env.required("AWS_REGION");
        let table_name = env.table_name();
        let api_keys = env.api_keys();
        let cors = env.cors();
        let jwks = env.jwks();
        match (issuer, client_ids, region, table_name) {
            (Some(issuer), Some(client_ids), Some(region), Some(table_name)) if env.errors.is_empty() => {
                Ok(Self { issuer, client_ids, token_use, region, table_name, api_keys, cors, jwks })
            }
            _ => Err(ConfigErrors(env.errors)),
        }
    }
}

impl ConfigErrors {
    /// The mistakes, in the order of the table above.
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

// API keys are secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("issuer", &self.issuer)
            .field("client_ids", &self.client_ids)
            .field("token_use", &self.token_use)
            .field("region", &self.region)
            .field("table_name", &self.table_name)
            .field("api_keys", &self.api_keys.len())
            .field("cors", &self.cors)
            .field("jwks", &self.jwks.is_some())
            .finish()
    }
}

struct Env<F> {
    lookup: F,
    errors: Vec<ConfigError>,
}

impl<F: Fn(&str) -> Option<String>> Env<F> {
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

    fn issuer(&mut self) -> Option<IssuerConfig> {
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

    fn token_use(&mut self) -> TokenUse {
        match self.value("TOKEN_USE").as_deref() {
            None | Some("access") => TokenUse::Access,
            Some("id") => TokenUse::Id,
            Some(_) => {
                self.wrong("TOKEN_USE", "must be access or id");
                TokenUse::Access
            }
        }
    }

    fn table_name(&mut self) -> Option<String> {
        let name = self.required("TABLE_NAME")?;
        let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.');
        if (3..=255).contains(&name.len()) && name.bytes().all(plain) {
            return Some(name);
        }
        self.wrong("TABLE_NAME", "must be 3 to 255 letters, digits, dots, hyphens or underscores");
        None
    }

    fn api_keys(&mut self) -> Vec<String> {
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

    fn jwks(&mut self) -> Option<JwkSet> {
        let keys = JwkSet::from_json(&self.value("JWKS")?);
        match keys {
            Ok(keys) if keys.is_empty() => self.wrong("JWKS", "holds no key that can be used"),
            Err(error) => self.wrong("JWKS", format!("cannot be read: {error}")),
            Ok(keys) => return Some(keys),
        }
        None
    }

    fn cors(&mut self) -> CorsOrigins {
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

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 4] = [
        ("USER_POOL_ID", "eu-west-1_Ab12Cd34E"),
        ("USER_POOL_CLIENT_IDS", "web, ios"),
        ("AWS_REGION", "eu-west-1"),
        ("TABLE_NAME", "portcullis"),
    ];

    fn read(changes: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
        let find = |name: &str, from: &[(&str, &str)]| {
            from.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
        };
        Config::from_env(|name| find(name, changes).or_else(|| find(name, &GOOD)))
    }

    #[test]
    fn what_may_be_left_out_has_a_safe_default() {
        let config = read(&[]).unwrap();
        let pool =
            IssuerConfig::Pool { region: "eu-west-1".to_owned(), id: "eu-west-1_Ab12Cd34E".to_owned() };
        assert_eq!(config.issuer, pool);
        assert_eq!(config.client_ids, ["web", "ios"]);
        assert_eq!(config.token_use, TokenUse::Access);
        assert_eq!(config.cors, CorsOrigins::default());
        assert!(config.api_keys.is_empty() && config.jwks.is_none());
    }

    #[test]
    fn an_issuer_stands_in_for_the_pool() {
        let config = read(&[("ISSUER", "http://127.0.0.1:9229/local_1"), ("USER_POOL_ID", "")]).unwrap();
        assert_eq!(config.issuer, IssuerConfig::At("http://127.0.0.1:9229/local_1".to_owned()));
    }

    #[test]
    fn each_mistake_is_named() {
        for (variable, value) in [
            ("USER_POOL_ID", ""),
            ("USER_POOL_ID", "pool"),
            ("USER_POOL_ID", "eu-west-1_"),
            ("USER_POOL_ID", "eu-west-1_a/b"),
            ("USER_POOL_ID", "evil.example/_x"),
            ("ISSUER", "http://pool.example.com/pool"),
            ("ISSUER", "http://127.0.0.1.example.com/pool"),
            ("ISSUER", "pool.example.com"),
            ("USER_POOL_CLIENT_IDS", " , "),
            ("TOKEN_USE", "both"),
            ("AWS_REGION", ""),
            ("TABLE_NAME", "x y z"),
            ("API_KEYS", "short"),
            ("API_KEYS", "long-enough-for-a-key,short"),
            ("CORS_ORIGINS", "app.example.com"),
            ("JWKS", "{}"),
            ("JWKS", "{\"keys\":[]}"),
            ("JWKS", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}"),
        ] {
            let errors = read(&[(variable, value)]).unwrap_err();
            assert_eq!(
                errors.errors().iter().map(|it| it.variable).collect::<Vec<_>>(),
                [variable],
                "{value}"
            );
        }
    }

    #[test]
    fn all_mistakes_are_reported_at_once_without_the_values() {
        let errors = read(&[
            ("TOKEN_USE", "sesame"),
            ("API_KEYS", "sesame"),
            ("CORS_ORIGINS", "sesame"),
            ("TABLE_NAME", ""),
        ]);
        let text = errors.unwrap_err().to_string();
        let lines: Vec<_> =
            text.lines().filter_map(|line| line.split_once(' ')).map(|(name, _)| name).collect();
        assert_eq!(lines, ["TOKEN_USE", "TABLE_NAME", "API_KEYS", "CORS_ORIGINS"]);
        assert!(!text.contains("sesame"), "{text}");
    }

    #[test]
    fn debug_hides_the_keys() {
        let config = read(&[("API_KEYS", "a-key-that-opens-the-door")]).unwrap();
        assert_eq!(config.api_keys.len(), 1);
        assert!(!format!("{config:?}").contains("opens"), "{config:?}");
    }
}
