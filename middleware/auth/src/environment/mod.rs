//! Configuration by environment variables.

mod error;
mod iam;
mod oidc;
mod user_pool;

use crate::TokenUse;

pub use self::{
    error::{EnvironmentError, EnvironmentErrors},
    iam::IamConfig,
    oidc::OidcConfig,
    user_pool::{UserPoolAddress, UserPoolConfig},
};

/// Reads who may come in from environment variables, and collects everything that is wrong with them.
///
/// | variable | meaning | read by |
/// |---|---|---|
/// | `USER_POOL_ID` | the user pool, such as `eu-west-1_Ab12Cd34E`; not needed with `ISSUER` | [`user_pool`](Self::user_pool) |
/// | `ISSUER` | another address of the user pool: `https://..`, or `http://` on this machine. Overrides the pool's own | |
/// | `USER_POOL_CLIENT_IDS` | the app clients whose tokens are accepted, separated by commas | |
/// | `TOKEN_USE` | `access` (the default) or `id` | |
/// | `JWKS` | optional: the pool's key set as JSON, so that none is fetched at start | |
/// | `OIDC_ISSUER` | optional: another OpenID Connect issuer, as its tokens spell `iss` | [`oidc`](Self::oidc) |
/// | `OIDC_AUDIENCES` | with it: one of these must stand in a token's `aud`, separated by commas; in an ID token that is the client's id | |
/// | `OIDC_TOKEN_USE` | with it: `access` (the default; `typ` must be `at+jwt`, RFC 9068) or `id` | |
/// | `IDENTITY_POOL_ID` | optional: the identity pool, whose members are known by it | [`iam`](Self::iam) |
/// | `AUTHENTICATED_ROLE` | optional: the ARN of the role that the identity pool gives to those who have signed in | |
/// | `UNAUTHENTICATED_ROLE` | optional: the ARN of the role that it gives to guests | |
/// | `ADMIN_ROLES` | optional: the names of roles, in any account, or the ARNs of roles, that may do everything on every model that has rules | |
/// | `IAM_ACCESS` | optional: `account` lets every signed request in that no identity pool stands behind; its IAM policy decides | |
///
/// A variable that holds nothing but blanks is one that is not set: a template leaves an optional one out like this. No text about a
/// mistake repeats what a variable holds.
///
/// ```
/// use portcullis::{Environment, EnvironmentErrors, UserPoolConfig};
///
/// fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<(Option<UserPoolConfig>, bool), EnvironmentErrors> {
///     let mut environment = Environment::new(lookup);
///     let pool = environment.user_pool(true);
///     let graphql = environment.word("GRAPHQL", &[("on", true), ("off", false)]);
///     environment.finish((pool, graphql.unwrap_or_default()))
/// }
///
/// let (pool, graphql) = read(|name| match name {
///     "USER_POOL_ID" => Some("eu-west-1_Ab12Cd34E".to_owned()),
///     "USER_POOL_CLIENT_IDS" => Some("web, ios".to_owned()),
///     _ => None,
/// })?;
/// assert_eq!((pool.unwrap().client_ids, graphql), (vec!["web".to_owned(), "ios".to_owned()], false));
///
/// let mistakes = read(|name| (name == "GRAPHQL").then(|| "perhaps".to_owned())).unwrap_err();
/// assert_eq!(
///     mistakes.to_string(),
///     "USER_POOL_ID is not set\nUSER_POOL_CLIENT_IDS is not set\nGRAPHQL must be on or off"
/// );
/// # Ok::<(), EnvironmentErrors>(())
/// ```
#[derive(Debug)]
pub struct Environment<F> {
    lookup: F,
    errors: Vec<EnvironmentError>,
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    /// The variables that `lookup` finds.
    pub fn new(lookup: F) -> Self {
        Self { lookup, errors: Vec::new() }
    }

    /// What a variable holds, without blanks around it.
    #[must_use]
    pub fn value(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The entries of a list with commas, without blanks around them and without empty ones.
    #[must_use]
    pub fn list(&self, variable: &str) -> Vec<String> {
        entries(&self.value(variable).unwrap_or_default())
    }

    /// What a variable holds that must be set. A list of nothing but commas is not.
    pub fn required(&mut self, variable: &'static str) -> Option<String> {
        let value = self.value(variable).filter(|value| !entries(value).is_empty());
        if value.is_none() {
            self.wrong(variable, "is not set");
        }
        value
    }

    /// What one of these words means, if the variable is set.
    pub fn word<T: Copy>(&mut self, variable: &'static str, words: &[(&str, T)]) -> Option<T> {
        let value = self.value(variable)?;
        let found = words.iter().find(|(word, _)| *word == value);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(variable, format!("must be {}", words.join(" or ")));
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// Notes a mistake: a variable, and what is wrong with it in words that fit after its name. They must not repeat the value.
    pub fn wrong(&mut self, variable: &'static str, problem: impl Into<String>) {
        self.errors.push(EnvironmentError { variable, problem: problem.into() });
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.errors.is_empty()
    }

    /// What has been read, if nothing is wrong.
    ///
    /// # Errors
    ///
    /// All mistakes, in the order in which the variables were read.
    pub fn finish<T>(self, config: T) -> Result<T, EnvironmentErrors> {
        self.finish_with(Some(config))
    }

    /// The same for what cannot be there unless all is right: `None` is an error in any case.
    ///
    /// # Errors
    ///
    /// All mistakes, in the order in which the variables were read.
    pub fn finish_with<T>(self, config: Option<T>) -> Result<T, EnvironmentErrors> {
        match config {
            Some(config) if self.errors.is_empty() => Ok(config),
            _ => Err(EnvironmentErrors::new(self.errors)),
        }
    }

    fn token_use(&mut self, variable: &'static str) -> TokenUse {
        let words = [("access", TokenUse::Access), ("id", TokenUse::Id)];
        self.word(variable, &words).unwrap_or(TokenUse::Access)
    }
}

fn entries(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is set.
    pub(super) type Set<'a> = &'a [(&'a str, &'a str)];

    pub(super) fn environment(set: Set<'_>) -> Environment<impl Fn(&str) -> Option<String>> {
        Environment::new(|name| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    /// The names of the variables that are wrong, of which no text says what they hold.
    pub(super) fn wrong<F: Fn(&str) -> Option<String>>(environment: Environment<F>) -> Vec<&'static str> {
        let Err(mistakes) = environment.finish(()) else { return Vec::new() };
        assert!(!mistakes.to_string().contains("sesame"), "{mistakes}");
        mistakes.errors().iter().map(|mistake| mistake.variable).collect()
    }

    #[test]
    fn what_holds_nothing_is_not_set() {
        let mut read = environment(&[("A", " "), ("B", " x "), ("C", " , ,"), ("D", " x,, y ")]);
        assert_eq!((read.value("A"), read.value("B").as_deref(), read.value("E")), (None, Some("x"), None));
        assert!(read.list("A").is_empty() && read.list("C").is_empty());
        assert_eq!(read.list("D"), ["x", "y"]);
        assert_eq!(read.required("D").as_deref(), Some("x,, y"));
        for name in ["A", "C", "E"] {
            assert_eq!(read.required(name), None);
        }
        assert_eq!(wrong(read), ["A", "C", "E"]);
    }

    #[test]
    fn a_word_is_one_of_those_that_are_known() {
        let words = [("on", true), ("off", false)];
        for (value, meaning, is_wrong) in [
            ("on", Some(true), false),
            (" off ", Some(false), false),
            ("", None, false),
            ("On", None, true),
            ("sesame", None, true),
        ] {
            let set = [("SWITCH", value)];
            let mut read = environment(&set);
            assert_eq!(read.word("SWITCH", &words), meaning, "{value}");
            assert_eq!(!wrong(read).is_empty(), is_wrong, "{value}");
        }
    }
}
