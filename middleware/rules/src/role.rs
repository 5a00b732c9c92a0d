//! Whom a rule admits, in the form in which it is decided.
//!
//! A rule makes one role, or one for each of its groups. Rules of a model and of its fields that make the same role
//! speak about the same people, so that their grants are kept in one row of the [matrix](crate::matrix).

use std::fmt;

use crate::{Field, GroupName, IdentityClaim, Provider, Rule, Strategy};

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
    Member { group: GroupName, claim: String },
    /// Those whom a field names.
    Owner { field: String, list: bool, claim: IdentityClaim },
    /// Members of the groups that a field names.
    MemberOfNamed { field: String, list: bool, claim: String },
    /// Those who are all of these. None of them is of this kind; they stand in an order that does not depend on the rule.
    All(Vec<Who>),
}

/// Why a rule makes no role.
#[derive(Debug)]
pub(crate) enum InvalidRole {
    /// A strategy that does not go with the provider; Amplify refuses it as well.
    UnsupportedProvider {
        strategy: &'static str,
    },
    TooFewParts,
    NestedParts,
    TooManyCombinations,
}

/// In how many ways the groups of the parts of one rule may be combined.
pub(crate) const MAX_COMBINATIONS: usize = 100;

impl Role {
    /// The roles that a rule makes: one, or one for each of its groups, or, where several must hold, one for each
    /// combination of their groups.
    pub(crate) fn of(rule: &Rule, fields: &[Field]) -> Result<Vec<Self>, InvalidRole> {
        let provider = rule.provider;
        let role = |who| Self { provider, who };
        let Strategy::All(parts) = &rule.strategy else {
            return Ok(Who::of(&rule.strategy, provider, fields)?.into_iter().map(role).collect());
        };
        if parts.len() < 2 {
            return Err(InvalidRole::TooFewParts);
        }
        let mut combined: Vec<Vec<Who>> = vec![Vec::new()];
        for part in parts {
            let who = Who::of(part, provider, fields)?;
            if combined.len().saturating_mul(who.len()) > MAX_COMBINATIONS {
                return Err(InvalidRole::TooManyCombinations);
            }
            let with = |all: &Vec<Who>| {
                let all = all.clone();
                who.iter()
                    .map(move |who| [all.as_slice(), std::slice::from_ref(who)].concat())
                    .collect::<Vec<_>>()
            };
            combined = combined.iter().flat_map(with).collect();
        }
        let mut roles: Vec<Self> = Vec::new();
        for mut parts in combined {
            // Rules that name the same parts in another order speak about the same people.
            parts.sort_by_cached_key(|part| (part.rank(), part.key(provider)));
            parts.dedup();
            let role = role(Who::All(parts));
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        Ok(roles)
    }

    /// Where the role stands in the reference's order: roles that need no record first, then owners, then groups
    /// that the record names. The order matters when owners are filled in, so that a role with an owner among others
    /// stands where owners do.
    pub(crate) fn rank(&self) -> u8 {
        let ranks = || self.who.parts().iter().map(Who::rank);
        if ranks().any(|rank| rank == Who::OWNER) { Who::OWNER } else { ranks().max().unwrap_or(0) }
    }

    /// The fields that decide, if the record does.
    pub(crate) fn deciding_fields(&self) -> impl Iterator<Item = &str> {
        self.who.parts().iter().filter_map(Who::deciding_field)
    }

    /// Whether the record decides who is in the role.
    pub(crate) fn is_decided_by_record(&self) -> bool {
        self.deciding_fields().next().is_some()
    }
}

impl Who {
    const OWNER: u8 = 2;

    /// Whom a strategy other than [`Strategy::All`] admits.
    fn of(strategy: &Strategy, provider: Provider, fields: &[Field]) -> Result<Vec<Self>, InvalidRole> {
        let is_list = |name: &str| fields.iter().any(|field| field.name == name && field.list);
        let tokens = matches!(provider, Provider::UserPools | Provider::Oidc);
        Ok(match strategy {
            Strategy::Owner { field, claim } if tokens => {
                vec![Self::Owner { field: field.clone(), list: is_list(field), claim: claim.clone() }]
            }
            Strategy::StaticGroups { groups, claim } if tokens => groups
                .iter()
                .map(|group| Self::Member { group: group.clone(), claim: claim.clone() })
                .collect(),
            Strategy::DynamicGroups { field, claim } if tokens => {
                vec![Self::MemberOfNamed { field: field.clone(), list: is_list(field), claim: claim.clone() }]
            }
            Strategy::Private if tokens => vec![Self::Everyone],
            Strategy::Private if provider == Provider::IdentityPool => vec![Self::SignedIn],
            Strategy::Public if provider == Provider::ApiKey => vec![Self::Everyone],
            Strategy::Public if provider == Provider::IdentityPool => vec![Self::Guest],
            Strategy::Custom if provider == Provider::Function => vec![Self::Everyone],
            Strategy::All(_) => return Err(InvalidRole::NestedParts),
            strategy => return Err(InvalidRole::UnsupportedProvider { strategy: strategy.name() }),
        })
    }

    /// What must all hold: this, or each part of an `and`.
    pub(crate) fn parts(&self) -> &[Self] {
        match self {
            Self::All(parts) => parts,
            _ => std::slice::from_ref(self),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Everyone | Self::SignedIn | Self::Guest | Self::All(_) => 0,
            Self::Member { .. } => 1,
            Self::Owner { .. } => Self::OWNER,
            Self::MemberOfNamed { .. } => 3,
        }
    }

    /// The field that decides, if the record does and this is one part.
    pub(crate) fn deciding_field(&self) -> Option<&str> {
        match self {
            Self::Owner { field, .. } | Self::MemberOfNamed { field, .. } => Some(field),
            Self::Everyone | Self::SignedIn | Self::Guest | Self::Member { .. } | Self::All(_) => None,
        }
    }

    /// The reference's key, without the provider; parts of an `and` are joined.
    fn key(&self, provider: Provider) -> String {
        match self {
            Self::Everyone => match provider {
                Provider::ApiKey => "public".to_owned(),
                Provider::Function => "custom".to_owned(),
                Provider::UserPools | Provider::Oidc | Provider::IdentityPool => "private".to_owned(),
            },
            Self::SignedIn => "private".to_owned(),
            Self::Guest => "public".to_owned(),
            Self::Member { group, claim } => match group.as_literal() {
                Some(name) => format!("staticGroup:{name}:{claim}"),
                None => format!("staticGroup:{group}:{claim}"),
            },
            Self::Owner { field, claim, .. } => format!("owner:{field}:{claim}"),
            Self::MemberOfNamed { field, claim, .. } => format!("dynamicGroup:{field}:{claim}"),
            Self::All(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| part.key(provider)).collect();
                format!("and({})", parts.join(", "))
            }
        }
    }
}

impl fmt::Display for Role {
    /// The reference's key of the role, without the name of the model.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The reference still uses the older name in its keys.
        let provider = if self.provider == Provider::IdentityPool { "iam" } else { self.provider.name() };
        write!(f, "{provider}:{}", self.who.key(self.provider))
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
    fn each_combination_of_groups_is_a_role_whatever_the_order_of_the_parts() {
        let groups = |names: &[&str]| Rule::groups(names.iter().copied()).strategy;
        let keys = |parts: Vec<Strategy>| -> Vec<String> {
            Role::of(&Rule::all(parts), &[]).unwrap().iter().map(Role::to_string).collect()
        };
        let owner = || Rule::owner().strategy;
        let expected = [
            "userPools:and(staticGroup:a:cognito:groups, owner:owner:sub::username)",
            "userPools:and(staticGroup:b:cognito:groups, owner:owner:sub::username)",
        ];
        assert_eq!(keys(vec![owner(), groups(&["a", "b"])]), expected);
        assert_eq!(keys(vec![groups(&["a", "b"]), owner()]), expected);
        assert_eq!(keys(vec![owner(), groups(&[])]), [""; 0]);
        // Who is in both groups is so in whichever order.
        assert_eq!(keys(vec![groups(&["a", "b"]), groups(&["b", "a"])]).len(), 3);
    }

    #[test]
    fn an_and_has_parts_that_can_hold_together() {
        let group = |number: usize| format!("g{number}");
        let many = || Rule::groups((0..11).map(group)).strategy;
        let nested = Rule::all([Rule::owner().strategy, Rule::private().strategy]).strategy;
        let owner = || Rule::owner().strategy;
        type Check = fn(&InvalidRole) -> bool;
        let table: [(Rule, Check); 6] = [
            (Rule::all([]), |error| matches!(error, InvalidRole::TooFewParts)),
            (Rule::all([owner()]), |error| matches!(error, InvalidRole::TooFewParts)),
            (Rule::all([owner(), nested]), |error| matches!(error, InvalidRole::NestedParts)),
            (Rule::all([many(), many()]), |error| matches!(error, InvalidRole::TooManyCombinations)),
            (Rule::all([owner(), Rule::public().strategy]), |error| {
                matches!(error, InvalidRole::UnsupportedProvider { strategy: "public" })
            }),
            (Rule::all([owner(), many()]).provider(Provider::ApiKey), |error| {
                matches!(error, InvalidRole::UnsupportedProvider { strategy: "owner" })
            }),
        ];
        for (rule, is_expected) in table {
            assert!(Role::of(&rule, &[]).is_err_and(|error| is_expected(&error)), "{rule}");
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
