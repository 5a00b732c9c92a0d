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
    ConfigError as GatewayError, Environment, EnvironmentErrors, GatewayTokens, GatewayTokensBuilder,
    IamConfig, Issuer, OidcConfig, TrustedGateway, UserPoolConfig,
};

use self::environment::{api_keys, cors, gateway, resource_url, table_name};
use crate::CorsOrigins;

/// What the deployed API needs to know.
#[derive(Clone)]
pub struct Config {
    /// Who issues the tokens.
    pub user_pool: UserPoolConfig,
    /// The region of the table. Checked here; the AWS SDK reads it by itself.
    pub region: String,
    /// The table.
    pub table_name: String,
    /// The keys that let callers in under `public` rules.
    pub api_keys: Vec<String>,
    /// Which web pages may call.
    pub cors: CorsOrigins,
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

impl Config {
    /// The issuers, with everything that is expected of their tokens.
    pub(crate) fn issuers(&self) -> Vec<Issuer> {
        let oidc = self.oidc.as_ref().map(OidcConfig::issuer);
        [self.user_pool.issuer_with_keys()].into_iter().chain(oidc).collect()
    }

    /// What is believed of the gateway.
    pub(crate) fn trusted_gateway(&self) -> Result<TrustedGateway, GatewayError> {
        let mut trusted = TrustedGateway::new();
        if self.gateway.iam {
            trusted = trusted.iam().user_pool(self.user_pool.pool_id());
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
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentErrors> {
        let mut environment = Environment::new(lookup);
        let user_pool = environment.user_pool(true);
        let region = environment.required("AWS_REGION");
        let table_name = table_name(&mut environment);
        let api_keys = api_keys(&mut environment);
        let cors = cors(&mut environment);
        let oidc = environment.oidc(user_pool.as_ref());
        let gateway = gateway(&mut environment, oidc.is_some());
        let iam = environment.iam((!gateway.iam).then_some("TRUST_GATEWAY to name iam"));
        let resource_url = resource_url(&mut environment);
        let graphql = environment.word("GRAPHQL", &[("on", true), ("off", false)]).unwrap_or_default();
        let config = user_pool.zip(region).zip(table_name).map(|((user_pool, region), table_name)| Self {
            user_pool,
            region,
            table_name,
            api_keys,
            cors,
            oidc,
            gateway,
            iam,
            resource_url,
            graphql,
        });
        environment.finish_with(config)
    }
}

// API keys are secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("user_pool", &self.user_pool)
            .field("region", &self.region)
            .field("table_name", &self.table_name)
            .field("api_keys", &self.api_keys.len())
            .field("cors", &self.cors)
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
    use portcullis::{TokenUse, UserPoolAddress};
    use portcullis_data::rules::IdentityPool;

    use super::*;

    const GOOD: [(&str, &str); 4] = [
        ("USER_POOL_ID", "eu-west-1_Ab12Cd34E"),
        ("USER_POOL_CLIENT_IDS", "web, ios"),
        ("AWS_REGION", "eu-west-1"),
        ("TABLE_NAME", "portcullis"),
    ];

    fn read(changes: &[(&str, &str)]) -> Result<Config, EnvironmentErrors> {
        let find = |name: &str, from: &[(&str, &str)]| {
            from.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
        };
        Config::from_env(|name| find(name, changes).or_else(|| find(name, &GOOD)))
    }

    #[test]
    fn what_may_be_left_out_has_a_safe_default() {
        let config = read(&[]).unwrap();
        assert_eq!(config.user_pool.pool_id(), "eu-west-1_Ab12Cd34E");
        assert_eq!(config.user_pool.client_ids, ["web", "ios"]);
        assert_eq!(config.user_pool.token_use, TokenUse::Access);
        assert_eq!(config.cors, CorsOrigins::default());
        assert!(config.api_keys.is_empty() && config.user_pool.keys.is_none() && config.oidc.is_none());
        assert_eq!((config.gateway, config.iam), (GatewayConfig::default(), IamConfig::default()));
        assert_eq!((config.resource_url, config.graphql), (None, false));
        assert!(read(&[("GRAPHQL", "on")]).unwrap().graphql && !read(&[("GRAPHQL", "off")]).unwrap().graphql);
    }

    #[test]
    fn an_issuer_stands_in_for_the_pool() {
        let config = read(&[("ISSUER", "http://127.0.0.1:9229/local_1"), ("USER_POOL_ID", "")]).unwrap();
        let address = UserPoolAddress::At("http://127.0.0.1:9229/local_1".to_owned());
        assert_eq!(config.user_pool.address, address);
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
        let pool = IdentityPool::new()
            .id("eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa")
            .authenticated_role("arn:aws:iam::111122223333:role/web-member")
            .guest_role("arn:aws:iam::111122223333:role/web-guest");
        let pool_id = Some("eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa".to_owned());
        let admin_roles =
            ["ops", "studio/CognitoIdentityCredentials", "arn:aws:iam::111122223333:role/team/audit"];
        let admin_roles = admin_roles.map(str::to_owned).to_vec();
        let oidc = config.oidc.as_ref().unwrap();
        assert_eq!((oidc.issuer.as_str(), oidc.token_use), ("https://sign-in.example.com/", TokenUse::Id));
        assert_eq!(oidc.audiences, ["web", "ios"]);
        assert_eq!(
            config.gateway,
            GatewayConfig { iam: true, lambda: true, jwt: true, claims_of_token: true }
        );
        assert_eq!(config.resource_url.as_deref(), Some("https://api.example.com"));
        assert!(config.trusted_gateway().is_ok());
        assert_eq!((config.iam.pool, config.iam.pool_id), (Some(pool), pool_id));
        assert_eq!((config.iam.admin_roles, config.iam.admits_account), (admin_roles, true));
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
