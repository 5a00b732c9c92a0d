//! Which roles a caller is worth being asked about, worked out once for a model.

use std::collections::{BTreeMap, HashMap};

use crate::{
    Identity, Provider,
    role::{Role, Who},
};

/// As many groups are compared one by one in the time that it takes to hash one.
const FEW: usize = 8;

/// The places of roles in the order of a matrix, by how callers come in and which groups they are in.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowIndex {
    /// By provider, the roles that everybody who came in by it is asked about.
    asked: [Vec<usize>; 5],
    members: Vec<Members>,
}

/// Groups with fixed names that one claim lists, if they are many.
#[derive(Clone, Debug)]
struct Members {
    provider: Provider,
    claim: String,
    places: HashMap<String, usize>,
}

impl RowIndex {
    pub(crate) fn new<'a>(roles: impl Iterator<Item = &'a Role>) -> Self {
        let mut index = Self::default();
        let mut members: BTreeMap<(Provider, &str), HashMap<String, usize>> = BTreeMap::new();
        for (place, role) in roles.enumerate() {
            match &role.who {
                Who::Member { group, claim } if let Some(name) = group.as_literal() => {
                    members.entry((role.provider, claim)).or_default().insert(name.to_owned(), place);
                }
                _ => index.ask(role.provider, [place]),
            }
        }
        for ((provider, claim), places) in members {
            if places.len() > FEW {
                index.members.push(Members { provider, claim: claim.to_owned(), places });
            } else {
                index.ask(provider, places.into_values());
            }
        }
        index.asked.iter_mut().for_each(|places| places.sort_unstable());
        index
    }

    /// The places of the roles that the caller could be in: those of groups that the token names, and then all others
    /// with the caller's provider, in order.
    pub(crate) fn places<'a>(&'a self, identity: &'a Identity) -> impl Iterator<Item = usize> + 'a {
        let provider = identity.provider();
        let claims = identity.user().filter(|_| !self.members.is_empty()).map(|user| user.claims());
        let of_groups = claims.into_iter().flat_map(move |claims| {
            self.members.iter().filter(move |members| members.provider == provider).flat_map(move |members| {
                claims.texts(&members.claim).filter_map(|group| members.places.get(group).copied())
            })
        });
        of_groups.chain(self.asked.get(provider as usize).into_iter().flatten().copied())
    }

    fn ask(&mut self, provider: Provider, places: impl IntoIterator<Item = usize>) {
        if let Some(asked) = self.asked.get_mut(provider as usize) {
            asked.extend(places);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Claims, GroupName, Rule, User, VerifiedBy};

    fn places(index: &RowIndex, groups: Value) -> Vec<usize> {
        let claims = Claims::from_iter([("cognito:groups", groups)]);
        index.places(&User::user_pools(claims, VerifiedBy::Portcullis).into()).collect()
    }

    #[test]
    fn few_groups_are_asked_about_one_by_one() {
        let roles = Role::of(&Rule::groups(["a", "b"]), &[]).unwrap();
        let index = RowIndex::new(roles.iter());
        assert_eq!(places(&index, json!(["b"])), [0, 1]);
        assert_eq!(index.places(&Identity::ApiKey).count(), 0);
    }

    #[test]
    fn of_many_groups_those_are_asked_about_that_the_token_names() {
        let names = (0..100).map(|number| GroupName::from(format!("g{number}")));
        let rules = [
            Rule::groups(names),
            Rule::groups([GroupName::parse("of-{sub}").unwrap()]),
            Rule::owner(),
            Rule::groups(["a"]).claim("roles"),
            Rule::public(),
        ];
        let roles: Vec<Role> = rules.iter().flat_map(|rule| Role::of(rule, &[]).unwrap()).collect();
        let index = RowIndex::new(roles.iter());
        assert_eq!(places(&index, json!(["g7", "x", "g42", 7])), [7, 42, 100, 101, 102]);
        assert_eq!(places(&index, json!("g7")), [7, 100, 101, 102]);
        assert_eq!(places(&index, json!("[\"g7\"]")), [100, 101, 102]);
        assert_eq!(places(&index, Value::Null), [100, 101, 102]);
        assert_eq!(index.places(&Identity::ApiKey).collect::<Vec<_>>(), [103]);
    }
}
