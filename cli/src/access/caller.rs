//! A made-up caller who is in certain roles and in no other, and the records to ask about.

use portcullis_rules::{
    Claims, Field, FunctionCaller, IamCaller, Identity, IdentityClaim, Item, Model, Provider, User,
    VerifiedBy,
};
use serde_json::{Map, Value};

use crate::access::role::Role;

/// Who owns the records that are not the caller's.
const SOMEBODY_ELSE: &str = "somebody else";

/// A caller who is in these roles.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Caller {
    roles: Vec<Role>,
    /// `None` for nobody.
    identity: Option<Identity>,
}

impl Caller {
    /// A caller who is in just these roles; `None` if nobody can be.
    pub(crate) fn in_roles(roles: &[Role]) -> Option<Self> {
        let first = roles.first()?;
        let other_way_in =
            |role: &Role| role.provider() != first.provider() || !first.combines() && role != first;
        if roles.iter().any(other_way_in) {
            return None;
        }
        let identity = match first {
            Role::Nobody => None,
            Role::ApiKey => Some(Identity::ApiKey),
            Role::Function => Some(Identity::Function(FunctionCaller::default())),
            Role::PoolMember => Some(pool_identity(true)),
            Role::PoolGuest => Some(pool_identity(false)),
            Role::Owner { provider, .. }
            | Role::Group { provider, .. }
            | Role::GroupIn { provider, .. }
            | Role::SignedIn(provider) => Some(token(*provider, claims(roles)?)),
        };
        Some(Self { roles: roles.to_vec(), identity })
    }

    pub(crate) fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Whether the roles of this caller are some, not all, of another's.
    pub(crate) fn is_in_fewer_roles_than(&self, other: &Self) -> bool {
        self.roles.len() < other.roles.len() && self.roles.iter().all(|role| other.roles.contains(role))
    }

    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// A record that names somebody else wherever a record can name anybody.
    pub(crate) fn record_of_another(model: &Model, known: &[Role]) -> Item {
        let fields = known.iter().filter_map(Role::deciding_field);
        fields.map(|field| (field.to_owned(), shaped(model, field, vec![SOMEBODY_ELSE.into()]))).collect()
    }

    /// A record that names the caller by each of their roles, and otherwise somebody else.
    pub(crate) fn own_record(&self, model: &Model, known: &[Role]) -> Item {
        let mut record = Self::record_of_another(model, known);
        for field in self.roles.iter().filter_map(Role::deciding_field) {
            record.insert(field.to_owned(), shaped(model, field, self.names_in(field)));
        }
        record
    }

    /// What the caller sends to make a record, with this field in it, that names somebody else wherever silence would
    /// make it the caller's.
    pub(crate) fn input_for_another(&self, model: &Model, known: &[Role], field: Option<&Field>) -> Item {
        let mut input = content(field);
        for filled in known.iter().filter_map(|role| self.fills_in(role)) {
            input.insert(filled.to_owned(), shaped(model, filled, vec![SOMEBODY_ELSE.into()]));
        }
        input
    }

    /// What the caller may send to make a record of their own, with this field in it. The owner is left to be filled
    /// in, unless it is the field in question. Where another field is filled in as well, it names somebody else in the
    /// first input, so that the role stands by itself; the second is for a field that the caller may not send.
    pub(crate) fn inputs_of_own(&self, model: &Model, known: &[Role], field: Option<&Field>) -> [Item; 2] {
        let mut silent = content(field);
        for role in &self.roles {
            if let Some(decides) = role.deciding_field()
                && (matches!(role, Role::GroupIn { .. }) || silent.contains_key(decides))
            {
                silent.insert(decides.to_owned(), shaped(model, decides, self.names_in(decides)));
            }
        }
        let mut alone = silent.clone();
        for filled in known.iter().filter_map(|role| self.fills_in(role)) {
            if !self.roles.iter().any(|role| role.deciding_field() == Some(filled)) {
                alone.insert(filled.to_owned(), shaped(model, filled, vec![SOMEBODY_ELSE.into()]));
            }
        }
        [alone, silent]
    }

    /// The owner field that a rule for this role would fill in with the caller's name.
    fn fills_in<'a>(&self, role: &'a Role) -> Option<&'a str> {
        let claims = self.identity.as_ref()?.user()?.claims();
        match role {
            Role::Owner { provider, field, claim } => {
                let known = claim.parts().iter().all(|part| claims.text(part).is_some());
                (known && self.roles.iter().any(|own| own.provider() == Some(*provider))).then_some(field)
            }
            _ => None,
        }
    }

    /// What this field holds in a record that is the caller's by it.
    fn names_in(&self, field: &str) -> Vec<Value> {
        let mut names: Vec<Value> = Vec::new();
        for role in self.roles.iter().filter(|role| role.deciding_field() == Some(field)) {
            let name = match role {
                Role::Owner { claim, .. } => owner_name(claim),
                _ => group_named_in(field),
            };
            names.push(name.into());
        }
        names
    }
}

/// The claims of somebody in these roles; `None` if a claim would have to be a name and a list at once.
fn claims(roles: &[Role]) -> Option<Map<String, Value>> {
    let mut claims = Map::new();
    for role in roles {
        match role {
            Role::Owner { claim, .. } => {
                for part in claim.parts() {
                    let value = claims.entry(part.as_str()).or_insert_with(|| Value::from(name_by(part)));
                    value.as_str()?;
                }
            }
            Role::Group { group, .. } => {
                for part in group.claims() {
                    let value = claims.entry(part).or_insert_with(|| Value::from(name_by(part)));
                    value.as_str()?;
                }
            }
            _ => {}
        }
    }
    let names = Claims::from(claims.clone());
    for role in roles {
        match role {
            Role::Group { group, claim, .. } => join(&mut claims, claim, &group.resolve(&names)?)?,
            Role::GroupIn { field, claim, .. } => join(&mut claims, claim, &group_named_in(field))?,
            _ => {}
        }
    }
    Some(claims)
}

fn join(claims: &mut Map<String, Value>, claim: &str, group: &str) -> Option<()> {
    let groups = claims.entry(claim).or_insert_with(|| Value::Array(Vec::new()));
    groups.as_array_mut()?.push(group.into());
    Some(())
}

fn token(provider: Provider, claims: Map<String, Value>) -> Identity {
    let claims = Claims::from(claims);
    match provider {
        Provider::Oidc => User::oidc(claims, VerifiedBy::Portcullis).into(),
        _ => User::user_pools(claims, VerifiedBy::Portcullis).into(),
    }
}

fn pool_identity(authenticated: bool) -> Identity {
    Identity::Iam(IamCaller { authenticated: Some(authenticated), ..IamCaller::default() })
}

// No group of a user pool has a blank in its name, so that none is met by chance.
fn group_named_in(field: &str) -> String {
    format!("a group named in {field}")
}

fn name_by(claim: &str) -> String {
    format!("the caller by {claim}")
}

fn owner_name(claim: &IdentityClaim) -> String {
    claim.parts().iter().map(|part| name_by(part)).collect::<Vec<_>>().join("::")
}

/// A list for a field that holds lists, else the first of the values.
fn shaped(model: &Model, field: &str, values: Vec<Value>) -> Value {
    let list = model.fields().iter().any(|declared| declared.name == field && declared.list);
    if list { Value::Array(values) } else { values.into_iter().next().unwrap_or_default() }
}

/// An input with this field alone. What it holds does not matter to the rules, unless it names somebody.
fn content(field: Option<&Field>) -> Item {
    let value = |field: &Field| {
        let text = Value::from(SOMEBODY_ELSE);
        if field.list { Value::Array(vec![text]) } else { text }
    };
    field.into_iter().map(|field| (field.name.clone(), value(field))).collect()
}

#[cfg(test)]
mod tests {
    use portcullis_rules::GroupName;

    use super::*;

    fn group(name: &str) -> Role {
        Role::Group { provider: Provider::UserPools, group: name.into(), claim: "cognito:groups".to_owned() }
    }

    #[test]
    fn a_group_that_a_claim_names_is_the_caller_s_own() {
        let templated = Role::Group {
            provider: Provider::UserPools,
            group: GroupName::parse("{tenant}-editors").unwrap(),
            claim: "cognito:groups".to_owned(),
        };
        let caller = Caller::in_roles(&[group("a"), templated]).unwrap();
        let claims = caller.identity().unwrap().user().unwrap().claims();
        let expected = serde_json::json!({
            "tenant": "the caller by tenant", "cognito:groups": ["a", "the caller by tenant-editors"],
        });
        assert_eq!(Value::Object(claims.as_map().clone()), expected);
    }

    #[test]
    fn a_caller_is_in_the_roles_and_in_no_other() {
        let owner = Role::Owner {
            provider: Provider::UserPools,
            field: "owner".to_owned(),
            claim: IdentityClaim::new("sub"),
        };
        let caller = Caller::in_roles(&[owner, group("a"), group("b")]).unwrap();
        let claims = caller.identity().unwrap().user().unwrap().claims();
        let expected = serde_json::json!({"sub": "the caller by sub", "cognito:groups": ["a", "b"]});
        assert_eq!(Value::Object(claims.as_map().clone()), expected);
    }

    #[test]
    fn nobody_comes_in_two_ways_or_has_a_claim_of_two_kinds() {
        assert_eq!(Caller::in_roles(&[group("a"), Role::ApiKey]), None);
        assert_eq!(Caller::in_roles(&[Role::PoolMember, Role::PoolGuest]), None);
        let by_groups = Role::Owner {
            provider: Provider::UserPools,
            field: "owner".to_owned(),
            claim: IdentityClaim::new("cognito:groups"),
        };
        assert_eq!(Caller::in_roles(&[group("a"), by_groups.clone()]), None);
        assert_eq!(Caller::in_roles(&[by_groups, group("a")]), None);
        assert_eq!(Caller::in_roles(&[]), None);
    }
}
