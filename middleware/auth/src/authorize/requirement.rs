//! Groups, scopes and claims that a route asks for.

use portcullis_rules::{Claims, Identity};
use serde_json::Value;

use super::{Authorize, Forbidden};

/// Begins a requirement. Everything that is added must hold; with nothing added, any caller with a token will do.
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
    /// One of these is in the list that the claim holds.
    Member { claim: String, any_of: Vec<String> },
    /// One of these is among the words of the claim `scope`.
    Scope { any_of: Vec<String> },
    /// The claim is this string.
    Claim { claim: String, value: String },
}

impl Requirement {
    /// The caller is in this group of the user pool.
    pub fn group(self, group: impl Into<String>) -> Self {
        self.any_group([group])
    }

    /// The caller is in at least one of these groups of the user pool.
    pub fn any_group(self, groups: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.any_member("cognito:groups", groups)
    }

    /// At least one of these is in the list of strings that this claim holds: groups or roles of another issuer.
    pub fn any_member(
        self,
        claim: impl Into<String>,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.with(Need::Member { claim: claim.into(), any_of: values.into_iter().map(Into::into).collect() })
    }

    /// The token has this scope.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.any_scope([scope])
    }

    /// The token has at least one of these scopes.
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
        let user = identity.user().ok_or_else(|| Forbidden::because("no_token"))?;
        match self.needs.iter().find(|need| !need.is_met(user.claims())) {
            None => Ok(()),
            Some(Need::Member { .. }) => Err(Forbidden::because("group")),
            Some(Need::Scope { any_of }) => Err(Forbidden::because("scope").scope(any_of.join(" "))),
            Some(Need::Claim { .. }) => Err(Forbidden::because("claim")),
        }
    }
}

impl Need {
    fn is_met(&self, claims: &Claims) -> bool {
        let among = |any_of: &[String], value: &str| any_of.iter().any(|wanted| wanted == value);
        match self {
            Self::Member { claim, any_of } => {
                claims.get(claim).and_then(Value::as_array).is_some_and(|members| {
                    members.iter().all(Value::is_string)
                        && members.iter().filter_map(Value::as_str).any(|member| among(any_of, member))
                })
            }
            Self::Scope { any_of } => {
                claims.text("scope").is_some_and(|scopes| scopes.split(' ').any(|scope| among(any_of, scope)))
            }
            Self::Claim { claim, value } => claims.text(claim) == Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis_rules::{User, VerifiedBy};
    use serde_json::json;

    use super::*;

    fn user(claims: Value) -> Identity {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        Identity::User(User::user_pools(claims.into(), VerifiedBy::Portcullis))
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
            (&editors, json!({"cognito:groups": ["Editors"]}), false),
            (&editors, json!({"cognito:groups": ["editors-in-chief"]}), false),
            (&editors, json!({"cognito:groups": ["readers,editors"]}), false),
            (&editors, json!({"cognito:groups": ["[readers editors]"]}), false),
            (&editors, json!({"cognito:groups": ["editors", 1]}), false),
            (&editors, json!({"cognito:groups": {"editors": true}}), false),
            (&editors, json!({"groups": ["editors"]}), false),
            (&editors, json!({}), false),
            (&write, json!({"scope": "notes/read notes/write"}), true),
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
    fn an_api_key_meets_no_requirement() {
        assert!(require().authorize(&Identity::ApiKey).is_err());
        assert!(require().authorize(&user(json!({"sub": "a"}))).is_ok());
    }

    #[test]
    fn a_missing_scope_is_named() {
        let refused =
            require().any_scope(["notes/write", "notes/admin"]).authorize(&user(json!({"sub": "a"})));
        assert_eq!(refused, Err(Forbidden::because("scope").scope("notes/write notes/admin")));
    }
}
