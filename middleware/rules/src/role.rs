//! Whom a rule admits, in the form in which it is decided.
//!
//! A rule makes one role, or one for each of its groups. Rules of a model and of its fields that make the same role
//! speak about the same people, so that their grants are kept in one row of the [matrix](crate::matrix).

use std::fmt;

use crate::{Field, IdentityClaim, Provider, Rule, Strategy};

/// A set of callers: how they came in and who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) provider: Provider,
    pub(crate) who: Who,
}

/// Who, among the callers of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// All of them: having come in this way is the whole check.
    Everyone,
    /// Signed-in identities of an identity pool.
    SignedIn,
    /// Guests of an identity pool.
    Guest,
    /// Members of a group.
    Member { group: String, claim: String },
    /// Those whom a field names.
    Owner { field: String, list: bool, claim: IdentityClaim },
    /// Members of the groups that a field names.
    MemberOfNamed { field: String, list: bool, claim: String },
}

/// A strategy that does not go with the provider; Amplify refuses it as well.
#[derive(Debug)]
pub(crate) struct UnsupportedProvider;

impl Role {
    /// The roles that a rule makes.
    pub(crate) fn of(rule: &Rule, fields: &[Field]) -> Result<Vec<Self>, UnsupportedProvider> {
        let provider = rule.provider;
        let is_list = |name: &str| fields.iter().any(|field| field.name == name && field.list);
        let tokens = matches!(provider, Provider::UserPools | Provider::Oidc);
        let who = match &rule.strategy {
            Strategy::Owner { field, claim } if tokens => {
                vec![Who::Owner { field: field.clone(), list: is_list(field), claim: claim.clone() }]
            }
            Strategy::StaticGroups { groups, claim } if tokens => groups
                .iter()
                .map(|group| Who::Member { group: group.clone(), claim: claim.clone() })
                .collect(),
            Strategy::DynamicGroups { field, claim } if tokens => {
                vec![Who::MemberOfNamed { field: field.clone(), list: is_list(field), claim: claim.clone() }]
            }
            Strategy::Private if tokens => vec![Who::Everyone],
            Strategy::Private if provider == Provider::IdentityPool => vec![Who::SignedIn],
            Strategy::Public if provider == Provider::ApiKey => vec![Who::Everyone],
            Strategy::Public if provider == Provider::IdentityPool => vec![Who::Guest],
            Strategy::Custom if provider == Provider::Function => vec![Who::Everyone],
            _ => return Err(UnsupportedProvider),
        };
        Ok(who.into_iter().map(|who| Self { provider, who }).collect())
    }

    /// Where the role stands in the reference's order: roles that need no record first, then owners, then groups
    /// that the record names. The order matters when owners are filled in.
    pub(crate) fn rank(&self) -> u8 {
        match self.who {
            Who::Everyone | Who::SignedIn | Who::Guest => 0,
            Who::Member { .. } => 1,
            Who::Owner { .. } => 2,
            Who::MemberOfNamed { .. } => 3,
        }
    }

    /// The field that decides, if the record does.
    pub(crate) fn deciding_field(&self) -> Option<&str> {
        match &self.who {
            Who::Owner { field, .. } | Who::MemberOfNamed { field, .. } => Some(field),
            Who::Everyone | Who::SignedIn | Who::Guest | Who::Member { .. } => None,
        }
    }
}

impl fmt::Display for Role {
    /// The reference's key of the role, without the name of the model.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The reference still uses the older name in its keys.
        let provider = if self.provider == Provider::IdentityPool { "iam" } else { self.provider.name() };
        write!(f, "{provider}:")?;
        match &self.who {
            Who::Everyone => f.write_str(match self.provider {
                Provider::ApiKey => "public",
                Provider::Function => "custom",
                Provider::UserPools | Provider::Oidc | Provider::IdentityPool => "private",
            }),
            Who::SignedIn => f.write_str("private"),
            Who::Guest => f.write_str("public"),
            Who::Member { group, claim } => write!(f, "staticGroup:{group}:{claim}"),
            Who::Owner { field, claim, .. } => write!(f, "owner:{field}:{claim}"),
            Who::MemberOfNamed { field, claim, .. } => write!(f, "dynamicGroup:{field}:{claim}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_as_the_reference_names_it() {
        let table = [
            (Rule::owner_in("author"), "userPools:owner:author:sub::username"),
            (Rule::groups(["A"]), "userPools:staticGroup:A:cognito:groups"),
            (Rule::groups_in("team").provider(Provider::Oidc), "oidc:dynamicGroup:team:cognito:groups"),
            (Rule::private(), "userPools:private"),
            (Rule::private().provider(Provider::IdentityPool), "iam:private"),
            (Rule::public(), "apiKey:public"),
            (Rule::public().provider(Provider::IdentityPool), "iam:public"),
            (Rule::custom(), "function:custom"),
        ];
        for (rule, key) in table {
            let keys: Vec<String> = Role::of(&rule, &[]).unwrap().iter().map(Role::to_string).collect();
            assert_eq!(keys, [key]);
        }
    }

    #[test]
    fn a_strategy_goes_with_its_providers_only() {
        use Provider::{ApiKey, Function, IdentityPool, Oidc, UserPools};
        let table: [(Rule, &[Provider]); 6] = [
            (Rule::owner(), &[UserPools, Oidc]),
            (Rule::groups(["A"]), &[UserPools, Oidc]),
            (Rule::groups_in("team"), &[UserPools, Oidc]),
            (Rule::private(), &[UserPools, Oidc, IdentityPool]),
            (Rule::public(), &[ApiKey, IdentityPool]),
            (Rule::custom(), &[Function]),
        ];
        for (rule, supported) in table {
            for provider in [UserPools, Oidc, IdentityPool, ApiKey, Function] {
                let made = Role::of(&rule.clone().provider(provider), &[]).is_ok();
                assert_eq!(made, supported.contains(&provider), "{rule} with {provider}");
            }
        }
    }
}
