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
//! | `OIDC_ISSUER` | optional: another OpenID Connect issuer, whose users rules with the provider `oidc` admit, as its tokens spell `iss` |
//! | `OIDC_AUDIENCES` | with it: one of these must stand in a token's `aud`, separated by commas; in an ID token that is the client's id |
//! | `OIDC_TOKEN_USE` | with it: `access` (the default; `typ` must be `at+jwt`, RFC 9068) or `id` |
//! | `TRUST_GATEWAY` | optional: which checks of API Gateway are believed, separated by commas: `iam`, `lambda` (a Lambda authorizer), `jwt` (a JWT authorizer, or a Cognito authorizer of a REST API) |
//! | `GATEWAY_CLAIMS` | optional, with `jwt`: `token` reads the claims from the token in the `Authorization` header, which is the one that the authorizer reads. They must agree with those that the gateway tells of. Needed with `OIDC_ISSUER`, and for rules that name a `groupClaim` |
//! | `IDENTITY_POOL_ID` | optional, with `iam`: the identity pool, whose members are known by it |
//! | `AUTHENTICATED_ROLE` | optional, with `iam`: the ARN of the role that the identity pool gives to those who have signed in |
//! | `UNAUTHENTICATED_ROLE` | optional, with `iam`: the ARN of the role that it gives to guests |
//! | `ADMIN_ROLES` | optional, with `iam`: the names of roles, in any account, or the ARNs of roles, that may do everything on every model that has rules |
//! | `IAM_ACCESS` | optional, with `iam`: `account` lets every signed request in that no identity pool stands behind; its IAM policy decides |
//! | `RESOURCE_URL` | optional: the URL that clients know the API by. It then serves its metadata (RFC 9728), which challenges point to |
//! | `GRAPHQL` | optional: `on` serves the GraphQL API too, at `POST /graphql`; `off` is the default |

mod environment;

use std::fmt;

use portcullis::{
    ConfigError as GatewayError, GatewayTokens, GatewayTokensBuilder, Issuer, JwkSet, TokenUse,
    TrustedGateway,
};
use portcullis_data::rules::{Authorizer, IdentityPool};
use thiserror::Error;

use self::environment::Environment;
use crate::CorsOrigins;

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
    /// An issuer beside the user pool.
    pub oidc: Option<OidcConfig>,
    /// Which checks of API Gateway are believed.
    pub gateway: GatewayConfig,
    /// How callers with AWS credentials are told apart.
    pub iam: IamConfig,
    /// The URL that clients know the API by, if it tells them about itself.
    pub resource_url: Option<String>,
    /// Whether the GraphQL API is served too.
    pub graphql: bool,
}

/// Which checks of API Gateway are believed. None, unless said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GatewayConfig {
    /// Who signed the request.
    pub iam: bool,
    /// What a Lambda authorizer says.
    pub lambda: bool,
    /// That the signature of a token was checked.
    pub jwt: bool,
    /// Whether the claims are read from that token.
    pub claims_of_token: bool,
}

/// An OpenID Connect issuer that is no user pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OidcConfig {
    /// As its tokens spell `iss`.
    pub issuer: String,
    /// One of these must stand in a token's `aud`.
    pub audiences: Vec<String>,
    /// Which tokens are accepted.
    pub token_use: TokenUse,
}

/// How callers with AWS credentials are told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IamConfig {
    /// The identity pool whose members and guests the rules admit.
    pub pool: Option<IdentityPool>,
    /// Its id: whoever comes from another pool is nobody, whatever their role is called.
    pub pool_id: Option<String>,
    /// The names of roles that may do everything on every model that has rules.
    pub admin_roles: Vec<String>,
    /// Whether everybody with AWS credentials is admitted whom no identity pool stands behind.
    pub admits_account: bool,
}

impl IamConfig {
    /// The evaluator of the rules that tells callers apart like this.
    #[must_use]
    pub fn authorizer(&self) -> Authorizer {
        let authorizer = match &self.pool {
            Some(pool) => Authorizer::new().identity_pool(pool.clone()),
            None => Authorizer::new(),
        };
        let authorizer = authorizer.admin_roles(self.admin_roles.iter().map(String::as_str));
        if self.admits_account { authorizer.admit_account() } else { authorizer }
    }
}

impl Config {
    /// The issuers, with everything that is expected of their tokens.
    pub(crate) fn issuers(&self) -> Vec<Issuer> {
        let pool = match &self.issuer {
            IssuerConfig::Pool { region, id } => Issuer::cognito(region, id),
            IssuerConfig::At(url) => Issuer::cognito_at(url),
        };
        let mut issuers = vec![pool.client_ids(&self.client_ids).token_use(self.token_use)];
        if let Some(oidc) = &self.oidc {
            issuers.push(Issuer::oidc(&oidc.issuer).audiences(&oidc.audiences).token_use(oidc.token_use));
        }
        issuers
    }

    /// What is believed of the gateway.
    pub(crate) fn trusted_gateway(&self) -> Result<TrustedGateway, GatewayError> {
        let mut trusted = TrustedGateway::new();
        if self.gateway.iam {
            trusted = trusted.iam().user_pool(self.issuer.pool_id());
            if let Some(id) = &self.iam.pool_id {
                trusted = trusted.identity_pool(id);
            }
        }
        if self.gateway.lambda {
            trusted = trusted.lambda_authorizer();
        }
        if self.gateway.jwt {
            let tokens =
                self.issuers().into_iter().fold(GatewayTokens::builder(), GatewayTokensBuilder::issuer);
            let tokens = if self.gateway.claims_of_token { tokens.claims_of_token() } else { tokens };
            trusted = trusted.tokens(tokens.build()?);
        }
        Ok(trusted)
    }
}

impl IssuerConfig {
    /// The id of the user pool: at another address the last part of it.
    fn pool_id(&self) -> &str {
        match self {
            Self::Pool { id, .. } => id,
            Self::At(url) => url.rsplit('/').next().unwrap_or_default(),
        }
    }
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
        let mut environment = Environment::new(lookup);
        let issuer = environment.issuer();
        let client_ids = environment.client_ids();
        let token_use = environment.token_use("TOKEN_USE");
        let region = environment.region();
        let table_name = environment.table_name();
        let api_keys = environment.api_keys();
        let cors = environment.cors();
        let jwks = environment.jwks();
        let oidc = environment.oidc();
        let (gateway, iam) = environment.gateway(oidc.is_some());
        let resource_url = environment.resource_url();
        let graphql = environment.graphql();
        let errors = environment.into_errors();
        match (issuer, client_ids, region, table_name) {
            (Some(issuer), Some(client_ids), Some(region), Some(table_name)) if errors.is_empty() => {
                Ok(Self {
                    issuer,
                    client_ids,
                    token_use,
                    region,
                    table_name,
                    api_keys,
                    cors,
                    jwks,
                    oidc,
                    gateway,
                    iam,
                    resource_url,
                    graphql,
                })
            }
            _ => Err(ConfigErrors(errors)),
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
            .field("oidc", &self.oidc)
            .field("gateway", &self.gateway)
            .field("iam", &self.iam)
            .field("resource_url", &self.resource_url)
            .field("graphql", &self.graphql)
            .finish()
    }
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
        assert!(config.api_keys.is_empty() && config.jwks.is_none() && config.oidc.is_none());
        assert_eq!((config.gateway, config.iam), (GatewayConfig::default(), IamConfig::default()));
        assert_eq!((config.resource_url, config.graphql), (None, false));
        assert!(read(&[("GRAPHQL", "on")]).unwrap().graphql && !read(&[("GRAPHQL", "off")]).unwrap().graphql);
    }

    #[test]
    fn an_issuer_stands_in_for_the_pool() {
        let config = read(&[("ISSUER", "http://127.0.0.1:9229/local_1"), ("USER_POOL_ID", "")]).unwrap();
        assert_eq!(config.issuer, IssuerConfig::At("http://127.0.0.1:9229/local_1".to_owned()));
    }

    #[test]
    fn other_ways_to_come_in_are_opened_by_name() {
        let config = read(&[
            ("OIDC_ISSUER", "https://sign-in.example.com/"),
            ("OIDC_AUDIENCES", "web, ios"),
            ("OIDC_TOKEN_USE", "id"),
            ("TRUST_GATEWAY", "lambda, iam, jwt"),
            ("GATEWAY_CLAIMS", "token"),
            ("RESOURCE_URL", "https://api.example.com"),
            ("IDENTITY_POOL_ID", "eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa"),
            ("AUTHENTICATED_ROLE", "arn:aws:iam::111122223333:role/web-member"),
            ("UNAUTHENTICATED_ROLE", "arn:aws:iam::111122223333:role/web-guest"),
            (
                "ADMIN_ROLES",
                "ops, studio/CognitoIdentityCredentials, arn:aws:iam::111122223333:role/team/audit",
            ),
            ("IAM_ACCESS", "account"),
        ]);
        let config = config.unwrap();
        let oidc = OidcConfig {
            issuer: "https://sign-in.example.com/".to_owned(),
            audiences: vec!["web".to_owned(), "ios".to_owned()],
            token_use: TokenUse::Id,
        };
        let pool = IdentityPool::new()
            .id("eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa")
            .authenticated_role("arn:aws:iam::111122223333:role/web-member")
            .guest_role("arn:aws:iam::111122223333:role/web-guest");
        let pool_id = Some("eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa".to_owned());
        let admin_roles =
            ["ops", "studio/CognitoIdentityCredentials", "arn:aws:iam::111122223333:role/team/audit"];
        let admin_roles = admin_roles.map(str::to_owned).to_vec();
        assert_eq!(config.oidc, Some(oidc));
        assert_eq!(
            config.gateway,
            GatewayConfig { iam: true, lambda: true, jwt: true, claims_of_token: true }
        );
        assert_eq!(config.resource_url.as_deref(), Some("https://api.example.com"));
        assert!(config.trusted_gateway().is_ok());
        assert_eq!(config.iam, IamConfig { pool: Some(pool), pool_id, admin_roles, admits_account: true });
    }

    #[test]
    fn what_belongs_together_is_missed_by_name() {
        for (set, missed) in [
            (("OIDC_ISSUER", "https://sign-in.example.com"), "OIDC_AUDIENCES"),
            (("OIDC_AUDIENCES", "web"), "OIDC_AUDIENCES"),
            (("OIDC_TOKEN_USE", "id"), "OIDC_TOKEN_USE"),
            (("IDENTITY_POOL_ID", "eu-west-1:p"), "IDENTITY_POOL_ID"),
            (("AUTHENTICATED_ROLE", "arn:aws:iam::111122223333:role/member"), "AUTHENTICATED_ROLE"),
            (("UNAUTHENTICATED_ROLE", "arn:aws:iam::111122223333:role/guest"), "UNAUTHENTICATED_ROLE"),
            (("ADMIN_ROLES", "ops"), "ADMIN_ROLES"),
            (("IAM_ACCESS", "account"), "IAM_ACCESS"),
            (("GATEWAY_CLAIMS", "token"), "GATEWAY_CLAIMS"),
        ] {
            let named = |changes: &[(&str, &str)]| -> Vec<&'static str> {
                read(changes).unwrap_err().errors().iter().map(|it| it.variable).collect()
            };
            assert_eq!(named(&[set]), [missed], "{set:?}");
            // A Lambda authorizer says nothing about AWS credentials.
            assert_eq!(named(&[set, ("TRUST_GATEWAY", "lambda")]), [missed], "{set:?}");
        }
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
            ("TRUST_GATEWAY", "token"),
            ("TRUST_GATEWAY", "iam lambda"),
            ("RESOURCE_URL", "http://api.example.com"),
            ("RESOURCE_URL", "https://api.example.com/?stage=prod"),
            ("RESOURCE_URL", "api.example.com"),
            ("GRAPHQL", "true"),
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
    fn an_openid_connect_issuer_behind_a_gateway_needs_the_token() {
        let oidc = [
            ("OIDC_ISSUER", "https://sign-in.example.com"),
            ("OIDC_AUDIENCES", "web"),
            ("TRUST_GATEWAY", "jwt"),
        ];
        let named = |claims: &'static str| {
            let set: Vec<_> = oidc.into_iter().chain([("GATEWAY_CLAIMS", claims)]).collect();
            read(&set)
                .map(drop)
                .map_err(|errors| errors.errors().iter().map(|it| it.variable).collect::<Vec<_>>())
        };
        assert_eq!(named(""), Err(vec!["GATEWAY_CLAIMS"]));
        assert_eq!(named("all"), Err(vec!["GATEWAY_CLAIMS"]));
        assert_eq!(named("token"), Ok(()));
        let gateway = read(&[("TRUST_GATEWAY", "jwt")]).unwrap().gateway;
        assert_eq!(gateway, GatewayConfig { jwt: true, ..GatewayConfig::default() });
    }

    #[test]
    fn names_of_aws_have_their_form() {
        for (variable, value) in [
            ("IDENTITY_POOL_ID", "eu-west-1_Ab12Cd34E"),
            ("IDENTITY_POOL_ID", "eu-west-1:"),
            ("IDENTITY_POOL_ID", "eu-west-1:a b"),
            ("AUTHENTICATED_ROLE", "web-member"),
            ("AUTHENTICATED_ROLE", "arn:aws:iam::111122223333:user/web-member"),
            ("UNAUTHENTICATED_ROLE", "arn:aws:iam::111122223333:role/"),
            ("ADMIN_ROLES", "arn:aws:iam::111122223333:user/ops"),
            ("ADMIN_ROLES", "arn:aws:sts::111122223333:assumed-role/ops/session"),
            ("ADMIN_ROLES", "ops, arn:aws:iam::111122223333:role/"),
            ("ADMIN_ROLES", "o ps"),
            ("IAM_ACCESS", "true"),
        ] {
            let errors = read(&[("TRUST_GATEWAY", "iam"), (variable, value)]).unwrap_err();
            let named: Vec<_> = errors.errors().iter().map(|it| it.variable).collect();
            assert_eq!(named, [variable], "{value}");
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
