use super::{Environment, entries};
use crate::{Issuer, JwkSet, TokenUse, keys::is_safe_url};

const POOL_ID: &str = "USER_POOL_ID";
const ISSUER: &str = "ISSUER";
const CLIENT_IDS: &str = "USER_POOL_CLIENT_IDS";
const TOKEN_USE: &str = "TOKEN_USE";
const JWKS: &str = "JWKS";

/// A user pool, and what is expected of its tokens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserPoolConfig {
    /// Where it is.
    pub address: UserPoolAddress,
    /// The app clients whose tokens are accepted.
    pub client_ids: Vec<String>,
    /// Which tokens are accepted.
    pub token_use: TokenUse,
    /// Its key set, if it is given at start.
    pub keys: Option<JwkSet>,
}

/// Where a user pool is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserPoolAddress {
    /// At AWS.
    Pool {
        /// The region, which is the first part of the id.
        region: String,
        /// The id.
        id: String,
    },
    /// At another address.
    At(String),
}

impl UserPoolConfig {
    /// The issuer, with everything that is expected of its tokens, and without the keys.
    pub fn issuer(&self) -> Issuer {
        let issuer = match &self.address {
            UserPoolAddress::Pool { region, id } => Issuer::cognito(region, id),
            UserPoolAddress::At(url) => Issuer::cognito_at(url),
        };
        issuer.client_ids(&self.client_ids).token_use(self.token_use)
    }

    /// The same, with the keys to start with if there are some.
    pub fn issuer_with_keys(&self) -> Issuer {
        match &self.keys {
            Some(keys) => self.issuer().initial_keys(keys.clone()),
            None => self.issuer(),
        }
    }

    /// The id of the pool: at another address the last part of it.
    #[must_use]
    pub fn pool_id(&self) -> &str {
        match &self.address {
            UserPoolAddress::Pool { id, .. } => id,
            UserPoolAddress::At(url) => url.rsplit('/').next().unwrap_or_default(),
        }
    }
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    /// The user pool; `None` if there is none, or what is said about it is wrong. Where it is not `needed`, nothing need be said.
    pub fn user_pool(&mut self, needed: bool) -> Option<UserPoolConfig> {
        if !needed && self.value(POOL_ID).is_none() && self.value(ISSUER).is_none() {
            for variable in [CLIENT_IDS, TOKEN_USE, JWKS] {
                if self.value(variable).is_some() {
                    self.wrong(variable, "needs USER_POOL_ID");
                }
            }
            return None;
        }
        let address = self.address();
        let client_ids = self.required(CLIENT_IDS);
        let token_use = self.token_use(TOKEN_USE);
        let keys = self.keys();
        Some(UserPoolConfig { address: address?, client_ids: entries(&client_ids?), token_use, keys })
    }

    fn address(&mut self) -> Option<UserPoolAddress> {
        if let Some(url) = self.value(ISSUER) {
            if is_safe_url(&url) {
                return Some(UserPoolAddress::At(url));
            }
            self.wrong(ISSUER, "must be an https URL; http is for this machine alone");
            return None;
        }
        let id = self.required(POOL_ID)?;
        let name = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_alphanumeric());
        match id.split_once('_') {
            Some((region, rest))
                if region.split('-').count() >= 3 && region.split('-').all(name) && name(rest) =>
            {
                Some(UserPoolAddress::Pool { region: region.to_owned(), id })
            }
            _ => {
                self.wrong(POOL_ID, "must look like eu-west-1_Ab12Cd34E");
                None
            }
        }
    }

    fn keys(&mut self) -> Option<JwkSet> {
        match JwkSet::from_json(&self.value(JWKS)?) {
            Ok(keys) if keys.is_empty() => self.wrong(JWKS, "holds no key that can be used"),
            Err(error) => self.wrong(JWKS, format!("cannot be read: {error}")),
            Ok(keys) => return Some(keys),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::tests::{Set, environment, wrong};

    #[test]
    fn each_mistake_about_the_pool_is_named() {
        const GOOD: Set<'_> = &[(POOL_ID, "eu-west-1_Ab12Cd34E"), (CLIENT_IDS, "web, ios")];
        let pool = environment(GOOD).user_pool(true).unwrap();
        assert_eq!((pool.pool_id(), pool.token_use), ("eu-west-1_Ab12Cd34E", TokenUse::Access));
        assert_eq!(pool.issuer().url(), "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12Cd34E");
        for (variable, value) in [
            (POOL_ID, ""),
            (POOL_ID, "sesame"),
            (POOL_ID, "eu-west-1_"),
            (POOL_ID, "eu-west-1_a/b"),
            (POOL_ID, "evil.example/_x"),
            (ISSUER, "http://sesame.example.com/pool"),
            (ISSUER, "http://127.0.0.1.example.com/pool"),
            (ISSUER, "https://me:sesame@pool.example.com"),
            (ISSUER, "https://pool.example.com/#sesame"),
            (ISSUER, "sesame.example.com"),
            (CLIENT_IDS, " , "),
            (TOKEN_USE, "sesame"),
            (JWKS, "sesame"),
            (JWKS, "{}"),
            (JWKS, r#"{"keys":[]}"#),
            (JWKS, r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#),
        ] {
            for needed in [true, false] {
                let set = [&[(variable, value), (ISSUER, "")], GOOD].concat();
                let mut read = environment(&set);
                // Without a pool there need not be one, and then nothing may be said about it.
                let expected =
                    if needed || variable != POOL_ID || !value.is_empty() { variable } else { CLIENT_IDS };
                read.user_pool(needed);
                assert_eq!(wrong(read), [expected], "{value} {needed}");
            }
        }
    }

    #[test]
    fn an_issuer_stands_in_for_the_pool() {
        let set = [(ISSUER, "http://127.0.0.1:9229/local_1"), (CLIENT_IDS, "web"), (TOKEN_USE, "id")];
        let pool = environment(&set).user_pool(true).unwrap();
        assert_eq!(pool.address, UserPoolAddress::At("http://127.0.0.1:9229/local_1".to_owned()));
        assert_eq!((pool.pool_id(), pool.token_use), ("local_1", TokenUse::Id));
    }

    #[test]
    fn where_there_need_not_be_a_pool_nothing_may_speak_of_one() {
        let table: [(Set<'_>, &[&str]); 2] = [
            (&[], &[]),
            (&[(CLIENT_IDS, "web"), (TOKEN_USE, "id"), (JWKS, "{}")], &[CLIENT_IDS, TOKEN_USE, JWKS]),
        ];
        for (set, expected) in table {
            let mut read = environment(set);
            assert!(read.user_pool(false).is_none());
            assert_eq!(wrong(read), expected);
        }
        let mut read = environment(&[]);
        assert!(read.user_pool(true).is_none());
        assert_eq!(wrong(read), [POOL_ID, CLIENT_IDS]);
    }
}
