//! Configuration by environment variables, checked at start, all mistakes reported at once.
//!
//! | variable | meaning |
//! |---|---|
//! | `USER_POOL_ID` | the user pool, such as `eu-west-1_Ab12Cd34E`; needed where nobody comes in by another way |
//! | `USER_POOL_CLIENT_IDS` | with it: the app clients whose tokens are accepted, separated by commas |
//! | `TOKEN_USE` | optional, with it: `access` (the default) or `id` |
//! | `AWS_REGION` | the region of the table; Lambda sets it |
//! | `TABLE_NAME` | the table |
//! | `OIDC_ISSUER` | optional: another OpenID Connect issuer, whose users rules with the provider `oidc` admit, as its tokens spell `iss` |
//! | `OIDC_AUDIENCES` | with it: one of these must stand in a token's `aud`, separated by commas |
//! | `APPSYNC_MODES` | optional: how callers may come in besides by tokens, separated by commas: `apiKey`, `iam`, `lambda` |
//! | `APPSYNC_DEFAULT_MODE` | the default mode of the API: `userPools` (the default, with a user pool), `oidc`, `apiKey`, `iam` or `lambda` |
//! | `IDENTITY_POOL_ID` | optional, with `iam`: the identity pool, whose members are known by it |
//! | `AUTHENTICATED_ROLE` | optional, with `iam`: the ARN of the role that the identity pool gives to those who have signed in |
//! | `UNAUTHENTICATED_ROLE` | optional, with `iam`: the ARN of the role that it gives to guests |
//! | `ADMIN_ROLES` | optional, with `iam`: roles that may do everything on every model that has rules |
//! | `IAM_ACCESS` | optional, with `iam`: `account` lets every signed request in that no identity pool stands behind |
//!
//! What says who may come in has to say the same here and at the REST API where both serve one table.
//!
//! *Caveat:* AppSync does not show the header of a token, in which an OpenID Connect issuer says what the token is for. Whether it is an
//! ID token or an access token is told by its audience alone: name those of one kind.

mod environment;

use std::fmt;

use portcullis::{GatewayTokens, GatewayTokensBuilder, TrustedAppSync};
use portcullis_data::{rules::Authorizer, schema::AuthMode};
use thiserror::Error;

use self::environment::Environment;

/// What the deployed resolvers need to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The table.
    pub table_name: String,
    /// Who calls, as far as AppSync is believed.
    pub trusted: TrustedAppSync,
    /// How callers come in to a field without rules.
    pub default_mode: AuthMode,
    /// The evaluator of the rules.
    pub authorizer: Authorizer,
}

/// Everything that is wrong with the configuration, a line each.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct ConfigErrors(Vec<String>);

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    ///
    /// All mistakes at once: the names of variables, and never what they hold.
    ///
    /// ```
    /// use portcullis_resolvers::Config;
    ///
    /// assert_eq!(Config::from_env(|_| None).unwrap_err().errors().len(), 4);
    /// ```
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut environment = Environment::new(lookup);
        let modes = environment.modes();
        let pool = environment.pool(modes.is_empty());
        let other = environment.other_issuer();
        let table_name = environment.table();
        let default_mode = environment.default_mode(&modes);
        let authorizer = environment.authorizer(modes.contains(&AuthMode::Iam));
        let mut trusted = TrustedAppSync::new();
        for mode in modes {
            trusted = match mode {
                AuthMode::ApiKey => trusted.api_key(),
                AuthMode::Function => trusted.lambda_authorizer(),
                AuthMode::Iam => environment.signed(trusted),
                AuthMode::UserPools | AuthMode::Oidc => trusted,
            };
        }
        if pool.is_some() || other.is_some() {
            let issuers = pool.into_iter().chain(other);
            match issuers.fold(GatewayTokens::builder(), GatewayTokensBuilder::issuer).build() {
                Ok(tokens) => trusted = trusted.tokens(tokens),
                // What is missing has been told; what else can be wrong is that both are one.
                Err(_) if environment.is_good() => {
                    environment.wrong("OIDC_ISSUER must be another issuer than the user pool")
                }
                Err(_) => {}
            }
        }
        match environment.into_errors() {
            errors if errors.is_empty() => Ok(Self { table_name, trusted, default_mode, authorizer }),
            errors => Err(ConfigErrors(errors)),
        }
    }
}

impl ConfigErrors {
    /// The mistakes.
    #[must_use]
    pub fn errors(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: [(&str, &str); 2] =
        [("USER_POOL_ID", "eu-west-1_Ab12Cd34E"), ("USER_POOL_CLIENT_IDS", "web, ios")];

    fn read(changes: &[(&str, &str)], with_pool: bool) -> Result<Config, Vec<String>> {
        let good = [("AWS_REGION", "eu-west-1"), ("TABLE_NAME", "portcullis")];
        let pool: &[_] = if with_pool { &POOL } else { &[] };
        let read = Config::from_env(|name| {
            let mut all = changes.iter().chain(pool).chain(&good);
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        read.map_err(|errors| errors.errors().to_vec())
    }

    /// What is set, whether there is a user pool besides, and the variables that are wrong.
    type Row = (&'static [(&'static str, &'static str)], bool, &'static [&'static str]);

    #[test]
    fn mistakes_are_told_at_once_and_no_value_with_them() {
        let table: [Row; 20] = [
            (&[], true, &[]),
            (&[("APPSYNC_MODES", "apiKey,iam,lambda"), ("ADMIN_ROLES", "ops")], true, &[]),
            // As the template writes it where not all of them are open.
            (&[("APPSYNC_MODES", ",iam,")], true, &[]),
            (&[("USER_POOL_ID", "secret")], true, &["USER_POOL_ID"]),
            (&[("USER_POOL_CLIENT_IDS", " , ")], true, &["USER_POOL_CLIENT_IDS"]),
            (&[("TABLE_NAME", " "), ("TOKEN_USE", "secret")], true, &["TOKEN_USE", "TABLE_NAME"]),
            (&[("APPSYNC_MODES", "secret")], true, &["APPSYNC_MODES"]),
            (
                &[("ADMIN_ROLES", "secret"), ("IAM_ACCESS", "secret")],
                true,
                &["ADMIN_ROLES", "IAM_ACCESS", "IAM_ACCESS"],
            ),
            (&[("OIDC_ISSUER", "https://sign-in.example.com"), ("OIDC_AUDIENCES", "web")], true, &[]),
            (&[("OIDC_ISSUER", "https://sign-in.example.com")], true, &["OIDC_AUDIENCES"]),
            (&[("OIDC_AUDIENCES", "secret")], true, &["OIDC_AUDIENCES"]),
            (
                &[("OIDC_ISSUER", "http://secret.example.com"), ("OIDC_AUDIENCES", "web")],
                true,
                &["OIDC_ISSUER"],
            ),
            (
                &[
                    ("OIDC_ISSUER", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12Cd34E"),
                    ("OIDC_AUDIENCES", "web"),
                ],
                true,
                &["OIDC_ISSUER"],
            ),
            (&[("APPSYNC_DEFAULT_MODE", "secret")], true, &["APPSYNC_DEFAULT_MODE"]),
            (&[("APPSYNC_DEFAULT_MODE", "apiKey")], true, &["APPSYNC_DEFAULT_MODE"]),
            (&[], false, &["USER_POOL_ID", "USER_POOL_CLIENT_IDS"]),
            (&[("APPSYNC_MODES", "apiKey"), ("APPSYNC_DEFAULT_MODE", "apiKey")], false, &[]),
            (&[("APPSYNC_MODES", "apiKey")], false, &["APPSYNC_DEFAULT_MODE"]),
            (
                &[("APPSYNC_MODES", "apiKey"), ("APPSYNC_DEFAULT_MODE", "userPools")],
                false,
                &["APPSYNC_DEFAULT_MODE"],
            ),
            (
                &[
                    ("OIDC_ISSUER", "https://sign-in.example.com"),
                    ("OIDC_AUDIENCES", "web"),
                    ("APPSYNC_DEFAULT_MODE", "oidc"),
                    ("TOKEN_USE", "id"),
                ],
                false,
                &["TOKEN_USE"],
            ),
        ];
        for (changes, with_pool, wrong) in table {
            let mistakes = read(changes, with_pool).err().unwrap_or_default();
            let named: Vec<&str> = mistakes.iter().filter_map(|mistake| mistake.split(' ').next()).collect();
            assert_eq!(named, wrong, "{changes:?}");
            assert!(!mistakes.iter().any(|mistake| mistake.contains("secret")), "{mistakes:?}");
        }
    }

    #[test]
    fn the_default_mode_is_the_user_pool_unless_another_is_named() {
        assert_eq!(read(&[], true).unwrap().default_mode, AuthMode::UserPools);
        let by_key = [("APPSYNC_MODES", "apiKey"), ("APPSYNC_DEFAULT_MODE", "apiKey")];
        for with_pool in [true, false] {
            assert_eq!(read(&by_key, with_pool).unwrap().default_mode, AuthMode::ApiKey);
        }
    }
}
