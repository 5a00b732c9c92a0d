//! Configuration by environment variables, checked at start, all mistakes reported at once.
//!
//! | variable | meaning |
//! |---|---|
//! | `USER_POOL_ID` | the user pool, such as `eu-west-1_Ab12Cd34E`; needed where nobody comes in by another way, unless there is an `ISSUER` |
//! | `ISSUER` | optional: another address of the user pool, as its tokens spell `iss`. Overrides the pool's own |
//! | `USER_POOL_CLIENT_IDS` | with one of them: the app clients whose tokens are accepted, separated by commas |
//! | `TOKEN_USE` | optional, with one of them: `access` (the default) or `id` |
//! | `AWS_REGION` | the region of the table; Lambda sets it |
//! | `TABLE_NAME` | the table |
//! | `OIDC_ISSUER` | optional: another OpenID Connect issuer, whose users rules with the provider `oidc` admit, as its tokens spell `iss` |
//! | `OIDC_AUDIENCES` | with it: one of these must stand in a token's `aud`, separated by commas |
//! | `JWKS`, `OIDC_TOKEN_USE` | nothing here: AppSync has checked the signature, and does not show the header of a token |
//! | `APPSYNC_MODES` | optional: how callers may come in besides by tokens, separated by commas: `apiKey`, `iam`, `lambda` |
//! | `APPSYNC_DEFAULT_MODE` | the default mode of the API: `userPools` (the default, with a user pool), `oidc`, `apiKey`, `iam` or `lambda` |
//! | `IDENTITY_POOL_ID` | optional, with `iam`: the identity pool, whose members are known by it |
//! | `AUTHENTICATED_ROLE` | optional, with `iam`: the ARN of the role that the identity pool gives to those who have signed in |
//! | `UNAUTHENTICATED_ROLE` | optional, with `iam`: the ARN of the role that it gives to guests |
//! | `ADMIN_ROLES` | optional, with `iam`: the names of roles, in any account, or the ARNs of roles, that may do everything on every model that has rules |
//! | `IAM_ACCESS` | optional, with `iam`: `account` lets every signed request in that no identity pool stands behind |
//!
//! What says who may come in has to say the same here and at the REST API where both serve one table.
//!
//! *Caveat:* AppSync does not show the header of a token, in which an OpenID Connect issuer says what the token is for. Whether it is an
//! ID token or an access token is told by its audience alone: name those of one kind.

mod environment;

use portcullis::{
    Environment, EnvironmentErrors, GatewayTokens, GatewayTokensBuilder, Issuer, OidcConfig, TrustedAppSync,
    UserPoolConfig,
};
use portcullis_data::{rules::Authorizer, schema::AuthMode};

use self::environment::{default_mode, modes};

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
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentErrors> {
        let mut environment = Environment::new(lookup);
        let modes = modes(&mut environment);
        let is_needed = modes.is_empty() && environment.value("OIDC_ISSUER").is_none();
        let pool = environment.user_pool(is_needed);
        let oidc = environment.oidc(pool.as_ref());
        environment.required("AWS_REGION");
        let table_name = environment.required("TABLE_NAME");
        let default_mode = default_mode(&mut environment, &modes);
        let iam = environment.iam((!modes.contains(&AuthMode::Iam)).then_some("iam in APPSYNC_MODES"));
        let mut trusted = TrustedAppSync::new();
        for mode in modes {
            trusted = match mode {
                AuthMode::ApiKey => trusted.api_key(),
                AuthMode::Function => trusted.lambda_authorizer(),
                AuthMode::Iam => {
                    let trusted = pool.iter().fold(trusted.iam(), |it, pool| it.user_pool(pool.pool_id()));
                    iam.pool_id.iter().fold(trusted, |trusted, id| trusted.identity_pool(id))
                }
                AuthMode::UserPools | AuthMode::Oidc => trusted,
            };
        }
        // What is wrong with them so far has been told.
        if environment.is_good() && (pool.is_some() || oidc.is_some()) {
            let issuers =
                pool.as_ref().map(UserPoolConfig::issuer).into_iter().chain(oidc.as_ref().map(issuer));
            match issuers.fold(GatewayTokens::builder(), GatewayTokensBuilder::issuer).build() {
                Ok(tokens) => trusted = trusted.tokens(tokens),
                Err(_) => environment.wrong("USER_POOL_ID", "and what belongs to it contradict each other"),
            }
        }
        let authorizer = iam.authorizer();
        let config = table_name.map(|table_name| Self { table_name, trusted, default_mode, authorizer });
        environment.finish_with(config)
    }
}

/// What a token is for stands in its header, which AppSync does not show.
fn issuer(oidc: &OidcConfig) -> Issuer {
    Issuer::oidc(&oidc.issuer).audiences(&oidc.audiences).insecure_any_token_use()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const POOL: [(&str, &str); 2] =
        [("USER_POOL_ID", "eu-west-1_Ab12Cd34E"), ("USER_POOL_CLIENT_IDS", "web, ios")];

    fn read(changes: &[(&str, &str)], with_pool: bool) -> Result<Config, EnvironmentErrors> {
        let good = [("AWS_REGION", "eu-west-1"), ("TABLE_NAME", "portcullis")];
        let pool: &[_] = if with_pool { &POOL } else { &[] };
        Config::from_env(|name| {
            let mut all = changes.iter().chain(pool).chain(&good);
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    /// What is set, whether there is a user pool besides, and the variables that are wrong.
    type Row = (&'static [(&'static str, &'static str)], bool, &'static [&'static str]);

    #[test]
    fn mistakes_are_told_at_once_and_no_value_with_them() {
        let table: [Row; 24] = [
            (&[], true, &[]),
            (&[("APPSYNC_MODES", "apiKey,iam,lambda"), ("ADMIN_ROLES", "ops")], true, &[]),
            // As the template writes it where not all of them are open.
            (&[("APPSYNC_MODES", ",iam,")], true, &[]),
            (&[("USER_POOL_ID", "secret")], true, &["USER_POOL_ID"]),
            (&[("USER_POOL_CLIENT_IDS", " , ")], true, &["USER_POOL_CLIENT_IDS"]),
            // As the other functions of the table read them.
            (&[("USER_POOL_ID", "secret_pool")], true, &["USER_POOL_ID"]),
            (&[("APPSYNC_MODES", "iam"), ("AUTHENTICATED_ROLE", "secret")], true, &["AUTHENTICATED_ROLE"]),
            (&[("APPSYNC_MODES", "iam"), ("IDENTITY_POOL_ID", "secret")], true, &["IDENTITY_POOL_ID"]),
            (
                &[("OIDC_ISSUER", "https://me:secret@sign-in.example.com"), ("OIDC_AUDIENCES", "web")],
                true,
                &["OIDC_ISSUER"],
            ),
            (&[("TABLE_NAME", " "), ("TOKEN_USE", "secret")], true, &["TOKEN_USE", "TABLE_NAME"]),
            (&[("APPSYNC_MODES", "secret")], true, &["APPSYNC_MODES"]),
            (&[("ADMIN_ROLES", "secret"), ("IAM_ACCESS", "secret")], true, &["ADMIN_ROLES", "IAM_ACCESS"]),
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
            let Err(mistakes) = read(changes, with_pool) else {
                assert!(wrong.is_empty(), "{changes:?}");
                continue;
            };
            let named: Vec<&str> = mistakes.errors().iter().map(|mistake| mistake.variable).collect();
            assert_eq!(named, wrong, "{changes:?}");
            assert!(!mistakes.to_string().contains("secret"), "{mistakes}");
        }
    }

    #[test]
    fn users_of_another_issuer_are_known_only_if_it_is_named_and_the_token_is_for_us() {
        let named = [("OIDC_ISSUER", "https://sign-in.example.com"), ("OIDC_AUDIENCES", "api, web")];
        let as_default = [named[0], named[1], ("APPSYNC_DEFAULT_MODE", "oidc")];
        let with_key = [("APPSYNC_MODES", "apiKey"), ("APPSYNC_DEFAULT_MODE", "apiKey")];
        let ours = "https://sign-in.example.com";
        type Row<'a> = (&'a [(&'a str, &'a str)], bool, &'a str, &'a str, bool);
        let rows: [Row<'_>; 8] = [
            (&named, true, ours, "web", true),
            (&as_default, false, ours, "api", true),
            (&named, true, ours, "elsewhere", false),
            (&named, true, "https://sign-in.example.com/", "web", false),
            (&named, true, "https://elsewhere.example.com", "web", false),
            // The pool's tokens have a form of their own.
            (&named, true, "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12Cd34E", "web", false),
            (&[], true, ours, "web", false),
            (&with_key, false, ours, "web", false),
        ];
        for (set, with_pool, issuer, audience, is_known) in rows {
            let claims = json!({ "iss": issuer, "sub": "ann", "aud": audience, "exp": 4_102_444_800_u64 });
            let event = json!({ "identity": { "claims": claims, "issuer": issuer, "sub": "ann" } });
            let caller = read(set, with_pool).unwrap().trusted.caller(&event);
            assert_eq!(caller.is_ok(), is_known, "{set:?} {issuer} {audience}");
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
