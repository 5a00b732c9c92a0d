//! Configuration by environment variables, checked at start, all mistakes reported at once.
//!
//! | variable | meaning |
//! |---|---|
//! | `USER_POOL_ID` | the user pool, such as `eu-west-1_Ab12Cd34E` |
//! | `USER_POOL_CLIENT_IDS` | the app clients whose tokens are accepted, separated by commas |
//! | `TOKEN_USE` | `access` (the default) or `id` |
//! | `AWS_REGION` | the region of the table; Lambda sets it |
//! | `TABLE_NAME` | the table |
//! | `APPSYNC_MODES` | optional: how callers may come in besides by tokens, separated by commas: `apiKey`, `iam`, `lambda` |
//! | `IDENTITY_POOL_ID` | optional, with `iam`: the identity pool, whose members are known by it |
//! | `AUTHENTICATED_ROLE` | optional, with `iam`: the ARN of the role that the identity pool gives to those who have signed in |
//! | `UNAUTHENTICATED_ROLE` | optional, with `iam`: the ARN of the role that it gives to guests |
//! | `ADMIN_ROLES` | optional, with `iam`: roles that may do everything on every model that has rules |
//! | `IAM_ACCESS` | optional, with `iam`: `account` lets every signed request in that no identity pool stands behind |
//!
//! The last five are those of the REST API, and have to say the same where both serve one table.

use std::fmt;

use portcullis::{GatewayTokens, Issuer, TokenUse, TrustedAppSync};
use portcullis_data::rules::{Authorizer, IdentityPool};
use thiserror::Error;

/// What the deployed resolvers need to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The table.
    pub table_name: String,
    /// Who calls, as far as AppSync is believed.
    pub trusted: TrustedAppSync,
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
        let value =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let list = |name: &str| -> Vec<String> {
            let text = value(name).unwrap_or_default();
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let mut errors = Vec::new();
        for name in ["USER_POOL_ID", "USER_POOL_CLIENT_IDS", "AWS_REGION", "TABLE_NAME"] {
            if value(name).is_none() {
                errors.push(format!("{name} is not set"));
            }
        }
        let pool = value("USER_POOL_ID").unwrap_or_default();
        let region = pool.split_once('_').map(|(region, _)| region.to_owned());
        if region.is_none() && !pool.is_empty() {
            errors.push("USER_POOL_ID must look like eu-west-1_Ab12Cd34E".to_owned());
        }
        let token_use = match value("TOKEN_USE").as_deref() {
            None | Some("access") => TokenUse::Access,
            Some("id") => TokenUse::Id,
            Some(_) => {
                errors.push("TOKEN_USE must be access or id".to_owned());
                TokenUse::Access
            }
        };
        let mut trusted = TrustedAppSync::new();
        let mut signed = false;
        for mode in list("APPSYNC_MODES") {
            trusted = match mode.as_str() {
                "apiKey" => trusted.api_key(),
                "lambda" => trusted.lambda_authorizer(),
                "iam" => {
                    signed = true;
                    trusted.iam().user_pool(&pool)
                }
                _ => {
                    errors.push("APPSYNC_MODES must be of apiKey, iam and lambda".to_owned());
                    trusted
                }
            };
        }
        let about_iam =
            ["IDENTITY_POOL_ID", "AUTHENTICATED_ROLE", "UNAUTHENTICATED_ROLE", "ADMIN_ROLES", "IAM_ACCESS"];
        for name in about_iam.into_iter().filter(|name| !signed && value(name).is_some()) {
            errors.push(format!("{name} needs iam in APPSYNC_MODES"));
        }
        let mut identity_pool: Option<IdentityPool> = None;
        for name in ["IDENTITY_POOL_ID", "AUTHENTICATED_ROLE", "UNAUTHENTICATED_ROLE"] {
            let Some(value) = value(name) else {
                continue;
            };
            let pool = identity_pool.take().unwrap_or_default();
            identity_pool = Some(match name {
                "IDENTITY_POOL_ID" => pool.id(value),
                "AUTHENTICATED_ROLE" => pool.authenticated_role(value),
                _ => pool.guest_role(value),
            });
        }
        if let Some(id) = value("IDENTITY_POOL_ID") {
            trusted = trusted.identity_pool(&id);
        }
        let mut authorizer = Authorizer::new().admin_roles(list("ADMIN_ROLES"));
        if let Some(pool) = identity_pool {
            authorizer = authorizer.identity_pool(pool);
        }
        match value("IAM_ACCESS").as_deref() {
            None => {}
            Some("account") => authorizer = authorizer.admit_account(),
            Some(_) => errors.push("IAM_ACCESS must be account".to_owned()),
        }
        if !errors.is_empty() {
            return Err(ConfigErrors(errors));
        }
        let issuer = Issuer::cognito(&region.unwrap_or_default(), &pool)
            .client_ids(list("USER_POOL_CLIENT_IDS"))
            .token_use(token_use);
        let tokens = GatewayTokens::builder().issuer(issuer).build();
        let tokens = tokens.map_err(|error| ConfigErrors(vec![format!("USER_POOL_ID: {error}")]))?;
        let table_name = value("TABLE_NAME").unwrap_or_default();
        Ok(Self { table_name, trusted: trusted.tokens(tokens), authorizer })
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

    #[test]
    fn mistakes_are_told_at_once_and_no_value_with_them() {
        let good = [
            ("USER_POOL_ID", "eu-west-1_Ab12Cd34E"),
            ("USER_POOL_CLIENT_IDS", "web, ios"),
            ("AWS_REGION", "eu-west-1"),
            ("TABLE_NAME", "portcullis"),
        ];
        type Row = (&'static [(&'static str, &'static str)], &'static [&'static str]);
        let table: [Row; 6] = [
            (&[], &[]),
            (&[("APPSYNC_MODES", "apiKey,iam,lambda"), ("ADMIN_ROLES", "ops")], &[]),
            (&[("USER_POOL_ID", "secret")], &["USER_POOL_ID"]),
            (&[("TABLE_NAME", " "), ("TOKEN_USE", "secret")], &["TABLE_NAME", "TOKEN_USE"]),
            (&[("APPSYNC_MODES", "secret")], &["APPSYNC_MODES"]),
            (
                &[("ADMIN_ROLES", "secret"), ("IAM_ACCESS", "secret")],
                &["ADMIN_ROLES", "IAM_ACCESS", "IAM_ACCESS"],
            ),
        ];
        for (changes, wrong) in table {
            let read = Config::from_env(|name| {
                let all = changes.iter().chain(&good);
                all.into_iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            });
            let mistakes = read.map(|_| Vec::new()).unwrap_or_else(|errors| errors.errors().to_vec());
            let named: Vec<&str> = mistakes.iter().filter_map(|mistake| mistake.split(' ').next()).collect();
            assert_eq!(named, wrong, "{changes:?}");
            assert!(!mistakes.iter().any(|mistake| mistake.contains("secret")), "{mistakes:?}");
        }
    }
}
