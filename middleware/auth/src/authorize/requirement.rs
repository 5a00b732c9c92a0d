//! Groups, scopes and claims that a route asks for.

use std::collections::HashSet;

use portcullis_rules::{Claim, Identity, Provider, User};

use super::{Authorize, Forbidden};

/// Begins a requirement. Everything that is added must hold; with nothing added, any caller with a token will do. An empty
/// group, scope or value is in no token.
///
/// ```
/// use portcullis::{AuthorizeLayer, require};
///
/// let layer = AuthorizeLayer::new(require().group("editors").scope("notes/write"));
/// # drop(layer);
/// ```
pub fn require() -> Requirement {
    Requirement::default()
}

/// What the token of a caller must say. An API key says nothing and never suffices.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Requirement {
    needs: Vec<Need>,
}

#[derive(Clone, Debug)]
enum Need {
    /// A user pool says that the caller is in one of these groups.
    Group { any_of: Vec<String> },
    /// One of these is in the list that the claim holds.
    Member { claim: String, any_of: Vec<String> },
    /// One of these is among the words of the claim `scope`.
    Scope { any_of: Vec<String> },
    /// The claim is this string.
    Claim { claim: String, value: String },
}

impl Requirement {
    /// The caller is in this group of the user pool: `cognito:groups` is a list of nothing but strings, and this is one of them.
    /// The token of another issuer never suffices, whatever it says.
    ///
    /// A user pool writes a list even for one group. What only looks like one, such as `"editors"` or `"admins,editors"`, has come
    /// from somewhere else and says nothing.
    pub fn group(self, group: impl Into<String>) -> Self {
        self.any_group([group])
    }

    /// The caller is in at least one of these groups of the user pool; see [`group`](Self::group).
    pub fn any_group(self, groups: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(Need::Group { any_of: groups.into_iter().map(Into::into).collect() })
    }

    /// At least one of these is in the list that this claim holds, a list of nothing but strings: groups or roles of another issuer.
    /// A claim that holds one string is for [`claim`](Self::claim).
    ///
    /// Any configured issuer may say so.
    pub fn any_member(
        self,
        claim: impl Into<String>,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.with(Need::Member { claim: claim.into(), any_of: values.into_iter().map(Into::into).collect() })
    }

    /// The token has this scope: it is one of the words of the claim `scope`, a string in which spaces stand between them (RFC 8693,
    /// RFC 9068, and Amazon Cognito). A list, or words with anything else between them, has no scope in it.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.any_scope([scope])
    }

    /// The token has at least one of these scopes; see [`scope`](Self::scope).
    pub fn any_scope(self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(Need::Scope { any_of: scopes.into_iter().map(Into::into).collect() })
    }

    /// This claim is exactly this string.
    pub fn claim(self, claim: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(Need::Claim { claim: claim.into(), value: value.into() })
    }

    fn with(mut self, need: Need) -> Self {
        self.needs.push(need);
        self
    }
}

impl Authorize for Requirement {
    fn authorize(&self, identity: &Identity) -> Result<(), Forbidden> {
        let missing = match identity.user() {
            None => "no_token",
            Some(user) => match self.needs.iter().find(|need| !need.is_met(identity.provider(), user)) {
                None => return Ok(()),
                Some(Need::Group { .. } | Need::Member { .. }) => "group",
                Some(Need::Scope { .. }) => "scope",
                Some(Need::Claim { .. }) => "claim",
            },
        };
        // RFC 6750 asks for the scope that the resource needs, so that a client can ask for all of it at once.
        let scopes = self.scopes();
        let forbidden = Forbidden::because(missing);
        Err(if scopes.is_empty() { forbidden } else { forbidden.scope(scopes.join(" ")) })
    }
}

impl Requirement {
    /// The scopes that are asked for, each once.
    fn scopes(&self) -> Vec<&str> {
        let mut scopes = Vec::new();
        for need in &self.needs {
            if let Need::Scope { any_of } = need {
                scopes.extend(any_of.iter().map(String::as_str).filter(|scope| !scope.is_empty()));
            }
        }
        let mut seen = HashSet::new();
        scopes.retain(|scope| seen.insert(*scope));
        scopes
    }
}

impl Need {
    fn is_met(&self, provider: Provider, user: &User) -> bool {
        let claims = user.claims();
        let among = |any_of: &[String], value: &str| {
            // An empty name, such as a variable that is not set, names nothing.
            !value.is_empty() && any_of.iter().any(|wanted| wanted == value)
        };
        // Stricter than the rules, which read what Amplify reads: here a list is a list.
        let is_member = |claim: &str, any_of: &[String]| match claims.value(claim) {
            Some(Claim::List(members)) => {
                members.is_all_texts() && members.texts().any(|member| among(any_of, member))
            }
            _ => false,
        };
        match self {
            Self::Group { any_of } => provider == Provider::UserPools && is_member("cognito:groups", any_of),
            Self::Member { claim, any_of } => is_member(claim, any_of),
            Self::Scope { any_of } => {
                claims.text("scope").is_some_and(|scopes| scopes.split(' ').any(|scope| among(any_of, scope)))
            }
            Self::Claim { claim, value } => !value.is_empty() && claims.text(claim) == Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis_rules::{Claims, VerifiedBy};
    use serde_json::{Value, json};

    use super::*;

    fn claims(claims: Value) -> Claims {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        claims.into()
    }

    fn user(said: Value) -> Identity {
        Identity::User(User::user_pools(claims(said), VerifiedBy::Portcullis))
    }

    #[test]
    fn groups_and_scopes_are_compared_whole() {
        let editors = require().group("editors");
        let write = require().scope("notes/write");
        let both = require().group("editors").scope("notes/write");
        let tenant = require().claim("custom:tenant", "a");
        for (requirement, claims, allowed) in [
            (&editors, json!({"cognito:groups": ["readers", "editors"]}), true),
            (&editors, json!({"cognito:groups": "editors"}), false),
            (&editors, json!({"cognito:groups": "readers editors"}), false),
            (&editors, json!({"cognito:groups": "[\"editors\"]"}), false),
            (&editors, json!({"cognito:groups": "editors-in-chief"}), false),
            (&editors, json!({"cognito:groups": ["Editors"]}), false),
            (&editors, json!({"cognito:groups": ["editors-in-chief"]}), false),
            (&editors, json!({"cognito:groups": ["readers,editors"]}), false),
            (&editors, json!({"cognito:groups": ["[readers editors]"]}), false),
            (&editors, json!({"cognito:groups": ["editors", 1]}), false),
            (&editors, json!({"cognito:groups": [["editors"]]}), false),
            (&editors, json!({"cognito:groups": null}), false),
            (&editors, json!({"cognito:groups": {"editors": true}}), false),
            (&editors, json!({"groups": ["editors"]}), false),
            (&editors, json!({}), false),
            (&write, json!({"scope": "notes/read notes/write"}), true),
            (&write, json!({"scope": "notes/write"}), true),
            (&write, json!({"scope": "notes/read notes/writer"}), false),
            (&write, json!({"scope": "my-notes/write"}), false),
            (&write, json!({"scope": "notes/read\tnotes/write"}), false),
            (&write, json!({"scope": "notes/read\u{a0}notes/write"}), false),
            (&write, json!({"scope": "notes/read+notes/write"}), false),
            (&write, json!({"scope": "[notes/write]"}), false),
            (&write, json!({"scope": ["notes/read", "notes/write"]}), false),
            (&write, json!({"scope": {"notes/write": true}}), false),
            (&write, json!({"scope": null}), false),
            (&write, json!({"scp": "notes/write"}), false),
            (&write, json!({"scope": "notes/write2"}), false),
            (&write, json!({"scope": "NOTES/WRITE"}), false),
            (&write, json!({"scope": "notes/read,notes/write"}), false),
            (&write, json!({"scope": ["notes/write"]}), false),
            (&write, json!({"scope": ""}), false),
            (&both, json!({"cognito:groups": ["editors"], "scope": "notes/write"}), true),
            (&both, json!({"cognito:groups": ["editors"]}), false),
            (&tenant, json!({"custom:tenant": "a"}), true),
            (&tenant, json!({"custom:tenant": ["a"]}), false),
            (&tenant, json!({"custom:tenant": "ab"}), false),
        ] {
            assert_eq!(requirement.authorize(&user(claims.clone())).is_ok(), allowed, "{claims}");
        }
    }

    #[test]
    fn groups_of_the_user_pool_come_from_a_user_pool() {
        let said = || claims(json!({"cognito:groups": ["editors"], "scope": "notes/write"}));
        let pool = Identity::User(User::user_pools(said(), VerifiedBy::Portcullis));
        let other = Identity::User(User::oidc(said(), VerifiedBy::Portcullis));
        for (name, requirement, allowed) in [
            ("a group", require().group("editors"), false),
            ("one of two", require().any_group(["admins", "editors"]), false),
            ("a group and a scope", require().scope("notes/write").group("editors"), false),
            ("a member, by the claim's name", require().any_member("cognito:groups", ["editors"]), true),
            ("a scope", require().scope("notes/write"), true),
        ] {
            assert!(requirement.authorize(&pool).is_ok(), "{name}");
            assert_eq!(requirement.authorize(&other).is_ok(), allowed, "{name}");
        }
        assert_eq!(require().group("editors").authorize(&other), Err(Forbidden::because("group")));
    }

    #[test]
    fn an_empty_value_is_in_no_token() {
        let caller = user(json!({"cognito:groups": ["", "a"], "roles": [""], "scope": "", "tenant": ""}));
        let spaces = user(json!({"scope": " notes/read  notes/write"}));
        for (name, requirement, caller) in [
            ("group", require().group(""), &caller),
            ("member", require().any_member("roles", [""]), &caller),
            ("scope", require().scope(""), &caller),
            ("scope between two spaces", require().scope(""), &spaces),
            ("claim", require().claim("tenant", ""), &caller),
        ] {
            assert!(requirement.authorize(caller).is_err(), "{name}");
        }
        assert!(require().any_group(["", "a"]).authorize(&caller).is_ok());
        assert!(require().any_scope(["", "notes/write"]).authorize(&spaces).is_ok());
    }

    #[test]
    fn an_api_key_meets_no_requirement() {
        assert!(require().authorize(&Identity::ApiKey).is_err());
        assert!(require().authorize(&user(json!({"sub": "a"}))).is_ok());
    }

    #[test]
    fn the_scopes_of_a_route_are_named_whatever_is_missing() {
        let route =
            require().group("editors").scope("notes/read").any_scope(["notes/write", "notes/read", ""]);
        let caller = |said| route.authorize(&user(said)).unwrap_err();
        let named = |reason| Forbidden::because(reason).scope("notes/read notes/write");
        assert_eq!(caller(json!({"sub": "a", "scope": "notes/read"})), named("group"));
        assert_eq!(caller(json!({"cognito:groups": ["editors"], "scope": "notes/write"})), named("scope"));
        assert_eq!(route.authorize(&Identity::ApiKey), Err(named("no_token")));
    }

    #[test]
    fn a_missing_scope_is_named() {
        let refused =
            require().any_scope(["notes/write", "notes/admin"]).authorize(&user(json!({"sub": "a"})));
        assert_eq!(refused, Err(Forbidden::because("scope").scope("notes/write notes/admin")));
    }
}
