//! Who can be told apart by the rules of a schema.

use std::fmt;

use portcullis_rules::{GroupName, IdentityClaim, Model, Provider, Rule, Strategy};
use serde_json::{Value, json};

use crate::output::visible;

/// One way of being a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Whoever a field of the record names.
    Owner { provider: Provider, field: String, claim: IdentityClaim },
    /// A member of a group.
    Group { provider: Provider, group: GroupName, claim: String },
    /// A member of a group that a field of the record names.
    GroupIn { provider: Provider, field: String, claim: String },
    /// Somebody with a token, of whom nothing else is known.
    SignedIn(Provider),
    /// A signed-in identity of the identity pool.
    PoolMember,
    /// A guest of the identity pool.
    PoolGuest,
    /// Somebody whom a Lambda authorizer let in.
    Function,
    /// Somebody with the API key.
    ApiKey,
    /// Somebody without any credentials.
    Nobody,
}

/// A rule of a kind that this command does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownRule(pub(crate) Rule);

impl Role {
    /// Whom a rule admits: for each of its groups, or each combination of the groups of its parts, the roles that a caller
    /// must all be in.
    pub(crate) fn of(rule: &Rule) -> Result<Vec<Vec<Self>>, UnknownRule> {
        let mut admitted: Vec<Vec<Self>> = vec![Vec::new()];
        for part in rule.strategy.parts() {
            let roles = Self::of_part(part, rule.provider).ok_or_else(|| UnknownRule(rule.clone()))?;
            let with = |known: &Vec<Self>| {
                let known = known.clone();
                roles.iter().map(move |role| {
                    let mut together = known.clone();
                    add(&mut together, [role.clone()]);
                    together
                })
            };
            admitted = admitted.iter().flat_map(with).collect();
        }
        for roles in &mut admitted {
            // Whoever is in a group or owns something by a token has signed in.
            if roles.iter().any(Self::combines) {
                roles.retain(Self::combines);
            }
        }
        Ok(admitted)
    }

    fn of_part(strategy: &Strategy, provider: Provider) -> Option<Vec<Self>> {
        Some(match strategy {
            Strategy::Owner { field, claim } => {
                vec![Self::Owner { provider, field: field.clone(), claim: claim.clone() }]
            }
            Strategy::StaticGroups { groups, claim } => groups
                .iter()
                .map(|group| Self::Group { provider, group: group.clone(), claim: claim.clone() })
                .collect(),
            Strategy::DynamicGroups { field, claim } => {
                vec![Self::GroupIn { provider, field: field.clone(), claim: claim.clone() }]
            }
            Strategy::Private if provider == Provider::IdentityPool => vec![Self::PoolMember],
            Strategy::Private => vec![Self::SignedIn(provider)],
            Strategy::Public if provider == Provider::IdentityPool => vec![Self::PoolGuest],
            Strategy::Public => vec![Self::ApiKey],
            Strategy::Custom => vec![Self::Function],
            _ => return None,
        })
    }

    /// Whom the rules of a model and of its fields admit, each once, in the order of the rules: a role, or several that a
    /// caller must all be in.
    pub(crate) fn named_by(model: &Model) -> Result<Vec<Vec<Self>>, UnknownRule> {
        let of_fields = model.fields().iter().flat_map(|field| field.rules.iter().flatten());
        let mut named: Vec<Vec<Self>> = Vec::new();
        for rule in model.rules().iter().chain(of_fields) {
            for roles in Self::of(rule)? {
                if !named.contains(&roles) {
                    named.push(roles);
                }
            }
        }
        Ok(named)
    }

    /// The roles that are worth asking about for every model of schemas that name these: whoever has a token, the
    /// API key or nothing, and the other ways in if some rule knows them.
    pub(crate) fn common(named: &[Self]) -> Vec<Self> {
        let knows = |provider| named.iter().any(|role| role.provider() == Some(provider));
        let mut common = vec![Self::SignedIn(Provider::UserPools), Self::ApiKey, Self::Nobody];
        if knows(Provider::Oidc) {
            common.push(Self::SignedIn(Provider::Oidc));
        }
        if knows(Provider::IdentityPool) {
            common.extend([Self::PoolMember, Self::PoolGuest]);
        }
        if knows(Provider::Function) {
            common.push(Self::Function);
        }
        common
    }

    /// How the caller comes in; nobody does not.
    pub(crate) fn provider(&self) -> Option<Provider> {
        match self {
            Self::Owner { provider, .. } | Self::Group { provider, .. } | Self::GroupIn { provider, .. } => {
                Some(*provider)
            }
            Self::SignedIn(provider) => Some(*provider),
            Self::PoolMember | Self::PoolGuest => Some(Provider::IdentityPool),
            Self::Function => Some(Provider::Function),
            Self::ApiKey => Some(Provider::ApiKey),
            Self::Nobody => None,
        }
    }

    /// The field of the record by which the role is decided.
    pub(crate) fn deciding_field(&self) -> Option<&str> {
        match self {
            Self::Owner { field, .. } | Self::GroupIn { field, .. } => Some(field),
            _ => None,
        }
    }

    /// Whether one caller can be in this role and in another of the kind, over and above having signed in.
    pub(crate) fn combines(&self) -> bool {
        matches!(self, Self::Owner { .. } | Self::Group { .. } | Self::GroupIn { .. })
    }

    /// Where the role stands in a table: from the closest to the record to the farthest.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Owner { .. } => 0,
            Self::Group { .. } => 1,
            Self::GroupIn { .. } => 2,
            Self::SignedIn(Provider::UserPools) => 3,
            Self::SignedIn(_) => 4,
            Self::PoolMember => 5,
            Self::PoolGuest => 6,
            Self::Function => 7,
            Self::ApiKey => 8,
            Self::Nobody => 9,
        }
    }

    /// The role for a program.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Owner { provider, field, claim } => {
                json!({"kind": "owner", "provider": provider.name(), "field": field, "claim": claim.to_string()})
            }
            Self::Group { provider, group, claim } => {
                let provider = provider.name();
                match group.as_literal() {
                    Some(name) => {
                        json!({"kind": "group", "provider": provider, "group": name, "claim": claim})
                    }
                    None => json!({
                        "kind": "group", "provider": provider, "group": group.to_string(), "template": true,
                        "claim": claim,
                    }),
                }
            }
            Self::GroupIn { provider, field, claim } => {
                json!({"kind": "groupIn", "provider": provider.name(), "field": field, "claim": claim})
            }
            Self::SignedIn(provider) => json!({"kind": "signedIn", "provider": provider.name()}),
            Self::PoolMember => json!({"kind": "signedIn", "provider": "identityPool"}),
            Self::PoolGuest => json!({"kind": "guest", "provider": "identityPool"}),
            Self::Function => json!({"kind": "authorized", "provider": "function"}),
            Self::ApiKey => json!({"kind": "apiKey", "provider": "apiKey"}),
            Self::Nobody => json!({"kind": "nobody", "provider": null}),
        }
    }
}

impl fmt::Display for Role {
    /// The role for a person, without what is the default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner { field, claim, .. } => {
                f.write_str("owner")?;
                if field != "owner" {
                    write!(f, " in {}", visible(field))?;
                }
                if *claim != IdentityClaim::default() {
                    write!(f, " by {}", visible(&claim.to_string()))?;
                }
            }
            Self::Group { group, claim, .. } => {
                write!(f, "group {}", visible(&group.to_string()))?;
                write_group_claim(f, claim)?;
            }
            Self::GroupIn { field, claim, .. } => {
                write!(f, "group in {}", visible(field))?;
                write_group_claim(f, claim)?;
            }
            Self::SignedIn(_) => f.write_str("signed in")?,
            Self::PoolMember => f.write_str("signed in, identity pool")?,
            Self::PoolGuest => f.write_str("guest, identity pool")?,
            Self::Function => f.write_str("Lambda authorizer")?,
            Self::ApiKey => f.write_str("API key")?,
            Self::Nobody => f.write_str("nobody")?,
        }
        if self.provider() == Some(Provider::Oidc) { f.write_str(", OpenID Connect") } else { Ok(()) }
    }
}

fn write_group_claim(f: &mut fmt::Formatter<'_>, claim: &str) -> fmt::Result {
    if claim == "cognito:groups" { Ok(()) } else { write!(f, " by {}", visible(claim)) }
}

/// Adds the roles that are not there yet.
pub(crate) fn add(roles: &mut Vec<Role>, more: impl IntoIterator<Item = Role>) {
    for role in more {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_without_what_is_the_default() {
        let table = [
            (Rule::owner(), "owner"),
            (Rule::owner_in("author"), "owner in author"),
            (Rule::owner_in("tenant").claim("custom:tenant"), "owner in tenant by custom:tenant"),
            (Rule::groups(["editors"]), "group editors"),
            (Rule::groups(["editors"]).claim("roles"), "group editors by roles"),
            (Rule::groups(["a\u{1b}"]), "group a\\u{1b}"),
            (
                Rule::groups([GroupName::parse("{custom:tenant}-editors").unwrap()]),
                "group {custom:tenant}-editors",
            ),
            (Rule::groups_in("team").provider(Provider::Oidc), "group in team, OpenID Connect"),
            (Rule::private(), "signed in"),
            (Rule::private().provider(Provider::Oidc), "signed in, OpenID Connect"),
            (Rule::private().provider(Provider::IdentityPool), "signed in, identity pool"),
            (Rule::public().provider(Provider::IdentityPool), "guest, identity pool"),
            (Rule::public(), "API key"),
            (Rule::custom(), "Lambda authorizer"),
        ];
        for (rule, name) in table {
            let names: Vec<String> = Role::of(&rule).unwrap().concat().iter().map(Role::to_string).collect();
            assert_eq!(names, [name]);
        }
    }

    #[test]
    fn an_and_is_for_callers_in_several_roles() {
        let names = |rule: Rule| -> Vec<String> {
            let together =
                |roles: &Vec<Role>| roles.iter().map(Role::to_string).collect::<Vec<_>>().join(" + ");
            Role::of(&rule).unwrap().iter().map(together).collect()
        };
        let groups = |names: &[&str]| Rule::groups(names.iter().copied()).strategy;
        let owner = || Rule::owner().strategy;
        assert_eq!(names(Rule::all([owner(), groups(&["a", "b"])])), ["owner + group a", "owner + group b"]);
        assert_eq!(names(Rule::all([Rule::private().strategy, groups(&["a"])])), ["group a"]);
        assert_eq!(names(Rule::all([groups(&["a"]), groups(&["a"])])), ["group a"]);
    }

    #[test]
    fn other_ways_in_are_asked_about_where_some_rule_knows_them() {
        let named = Role::of(&Rule::private().provider(Provider::IdentityPool)).unwrap().concat();
        assert_eq!(Role::common(&[]).len(), 3);
        assert!(Role::common(&named).contains(&Role::PoolGuest));
    }
}
