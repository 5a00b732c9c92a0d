use super::{Environment, UserPoolConfig};
use crate::{Issuer, TokenUse, keys::is_safe_url};

const ISSUER: &str = "OIDC_ISSUER";
const AUDIENCES: &str = "OIDC_AUDIENCES";
const TOKEN_USE: &str = "OIDC_TOKEN_USE";

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

impl OidcConfig {
    /// The issuer, with everything that is expected of its tokens.
    pub fn issuer(&self) -> Issuer {
        Issuer::oidc(&self.issuer).audiences(&self.audiences).token_use(self.token_use)
    }
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    /// The issuer beside the user pool, which is another one; `None` if there is none.
    pub fn oidc(&mut self, pool: Option<&UserPoolConfig>) -> Option<OidcConfig> {
        let Some(issuer) = self.value(ISSUER) else {
            for variable in [AUDIENCES, TOKEN_USE] {
                if self.value(variable).is_some() {
                    self.wrong(variable, "needs OIDC_ISSUER");
                }
            }
            return None;
        };
        if !is_safe_url(&issuer) {
            self.wrong(ISSUER, "must be an https URL; http is for this machine alone");
        } else if pool.is_some_and(|pool| pool.issuer().url() == issuer) {
            self.wrong(ISSUER, "must be another issuer than the user pool");
        }
        self.required(AUDIENCES);
        let token_use = self.token_use(TOKEN_USE);
        Some(OidcConfig { issuer, audiences: self.list(AUDIENCES), token_use })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::tests::{Set, environment, wrong};

    #[test]
    fn an_issuer_is_named_with_whom_its_tokens_are_for() {
        let set = [(ISSUER, "https://sign-in.example.com/"), (AUDIENCES, "web, ios"), (TOKEN_USE, "id")];
        let expected = OidcConfig {
            issuer: "https://sign-in.example.com/".to_owned(),
            audiences: vec!["web".to_owned(), "ios".to_owned()],
            token_use: TokenUse::Id,
        };
        assert_eq!(environment(&set).oidc(None), Some(expected));
        let table: [(Set<'_>, &[&str]); 7] = [
            (&[], &[]),
            (&[(AUDIENCES, "sesame"), (TOKEN_USE, "sesame")], &[AUDIENCES, TOKEN_USE]),
            (&[(ISSUER, "https://sign-in.example.com")], &[AUDIENCES]),
            (&[(ISSUER, "https://sign-in.example.com"), (AUDIENCES, " , ")], &[AUDIENCES]),
            (&[(ISSUER, "http://sesame.example.com"), (AUDIENCES, "web")], &[ISSUER]),
            (&[(ISSUER, "https://me:sesame@sign-in.example.com"), (AUDIENCES, "web")], &[ISSUER]),
            (
                &[(ISSUER, "https://sign-in.example.com"), (AUDIENCES, "web"), (TOKEN_USE, "sesame")],
                &[TOKEN_USE],
            ),
        ];
        for (set, expected) in table {
            let mut read = environment(set);
            read.oidc(None);
            assert_eq!(wrong(read), expected, "{set:?}");
        }
    }

    #[test]
    fn the_user_pool_is_not_the_issuer_beside_it() {
        let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12Cd34E";
        for (issuer, expected) in
            [(pool, &[ISSUER][..]), ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other", &[])]
        {
            let set = [
                ("USER_POOL_ID", "eu-west-1_Ab12Cd34E"),
                ("USER_POOL_CLIENT_IDS", "web"),
                (ISSUER, issuer),
                (AUDIENCES, "web"),
            ];
            let mut read = environment(&set);
            let pool = read.user_pool(true);
            read.oidc(pool.as_ref());
            assert_eq!(wrong(read), expected, "{issuer}");
        }
    }
}
