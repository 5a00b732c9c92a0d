//! Why a decision is what it is.

use std::fmt;

use crate::{
    Authorizer, Decision, Identity, Item, Model, Operation, Rule, Strategy, matrix::Row, role::Role,
    standing::Refusal,
};

/// A decision with what each rule said, without personal data.
///
/// `Display` prints the decision and then one line for each rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// Every rule of the model in order, then those of its fields, and what each said.
    pub rules: Vec<(Rule, Outcome)>,
    /// Whether configuration admits the caller, whatever the rules say; see [`Authorizer::admin_roles`] and
    /// [`Authorizer::admit_account`].
    pub unrestricted: bool,
    /// The declared fields that are left out of the record, where reading it is allowed; see [`Authorizer::withheld`].
    pub withheld: Vec<String>,
}

/// What one rule said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It admits the caller.
    Matched,
    /// It admits the caller, but to these fields only.
    MatchedOn(Vec<String>),
    /// It is for callers who came in another way.
    OtherProvider,
    /// It does not grant this operation.
    OtherOperation,
    /// It grants this operation, but fields with rules of their own withhold it.
    Withheld(Vec<String>),
    /// The token lacks a claim that the rule needs.
    ClaimMissing(String),
    /// The caller is in none of the rule's groups.
    NotInGroup,
    /// The record names another owner, or none.
    NotOwner,
    /// It is for signed-in identities and the caller is a guest, or the other way round.
    OtherIdentity,
    /// Nothing is known about the identity pool of the caller; see [`Authorizer::identity_pool`].
    UnknownIdentityPool,
    /// Not every part of the rule admits the caller: those that do not, each written as a rule of its own, and what each
    /// said. Never empty.
    PartsFailed(Vec<(Rule, Outcome)>),
}

impl Authorizer {
    /// The decision with what each rule said.
    #[must_use]
    pub fn explain(
        &self,
        identity: &Identity,
        operation: Operation,
        model: &Model,
        item: &Item,
    ) -> Explanation {
        let said = |rule: &Rule| (rule.clone(), self.outcome(rule, identity, operation, model, item));
        let decision = self.authorize(identity, operation, model, item);
        let withheld = if operation.is_read() && decision.is_allowed() {
            self.withheld(identity, model, item)
        } else {
            Vec::new()
        };
        Explanation {
            decision,
            unrestricted: self.is_unrestricted(identity, model),
            rules: model.all_rules().map(said).collect(),
            withheld: withheld.into_iter().map(str::to_owned).collect(),
        }
    }

    /// The best that any role of the rule says.
    fn outcome(
        &self,
        rule: &Rule,
        identity: &Identity,
        operation: Operation,
        model: &Model,
        item: &Item,
    ) -> Outcome {
        if rule.provider != identity.provider() {
            return Outcome::OtherProvider;
        }
        if !rule.operations.contains(operation) {
            return Outcome::OtherOperation;
        }
        let (mut refused, mut withheld) = (None, None);
        for row in rows_of(rule, model) {
            if !row.grants(operation) {
                let fields = || fields(model, |column| !row.allows(column, operation));
                withheld.get_or_insert_with(|| Outcome::Withheld(fields()));
                continue;
            }
            match self.refusal(row, identity, operation, model, item) {
                None => return matched(row, operation, model),
                Some(refusal) => refused = Some(Outcome::from(refusal)),
            }
        }
        let Some(said) = refused else {
            return withheld.unwrap_or(Outcome::NotInGroup);
        };
        if !matches!(rule.strategy, Strategy::All(_)) {
            return said;
        }
        let failed = |part: Rule| {
            let said = self.outcome_of_part(&part, rule, identity, operation, model, item)?;
            Some((part, said))
        };
        let failed: Vec<(Rule, Outcome)> = rule.parts().filter_map(failed).collect();
        if failed.is_empty() { said } else { Outcome::PartsFailed(failed) }
    }

    /// Why none of the roles of a part of a rule admits the caller; `None` if one of them does.
    fn outcome_of_part(
        &self,
        part: &Rule,
        rule: &Rule,
        identity: &Identity,
        operation: Operation,
        model: &Model,
        item: &Item,
    ) -> Option<Outcome> {
        let mut said = Outcome::NotInGroup;
        let rows: Vec<&Row> = rows_of(rule, model).collect();
        for part in Role::of(part, model.fields()).unwrap_or_default() {
            let row = rows.iter().find(|row| row.role.who.parts().contains(&part.who))?;
            said = self.refusal_of_part(&part.who, row, identity, operation, item)?.into();
        }
        Some(said)
    }
}

/// The rows of the roles that a rule makes.
fn rows_of<'a>(rule: &Rule, model: &'a Model) -> impl Iterator<Item = &'a Row> {
    let roles = Role::of(rule, model.fields()).unwrap_or_default();
    roles.into_iter().filter_map(|role| model.matrix().row(&role))
}

fn matched(row: &Row, operation: Operation, model: &Model) -> Outcome {
    if row.covers(operation) {
        Outcome::Matched
    } else {
        Outcome::MatchedOn(fields(model, |column| row.allows(column, operation)))
    }
}

fn fields(model: &Model, wanted: impl Fn(usize) -> bool) -> Vec<String> {
    let fields = model.fields().iter().enumerate();
    fields.filter(|(column, _)| wanted(*column)).map(|(_, field)| field.name.clone()).collect()
}

impl From<Refusal<'_>> for Outcome {
    fn from(refusal: Refusal<'_>) -> Self {
        match refusal {
            Refusal::OtherProvider => Self::OtherProvider,
            Refusal::ClaimMissing(claim) => Self::ClaimMissing(claim.to_owned()),
            Refusal::NotInGroup => Self::NotInGroup,
            Refusal::NotOwner => Self::NotOwner,
            Refusal::OtherIdentity => Self::OtherIdentity,
            Refusal::UnknownIdentityPool => Self::UnknownIdentityPool,
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.decision.is_allowed() { "allowed" } else { "denied" })?;
        if self.unrestricted {
            f.write_str(", whatever the rules say")?;
        }
        if !self.withheld.is_empty() {
            write!(f, ", without {}", self.withheld.join(", "))?;
        }
        if self.rules.is_empty() {
            f.write_str(": the model has no rules")?;
        }
        for (rule, outcome) in &self.rules {
            write!(f, "\n  {rule}: {outcome}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matched => f.write_str("matched"),
            Self::MatchedOn(fields) => write!(f, "matched, on {} only", fields.join(", ")),
            Self::OtherProvider => f.write_str("the caller came in another way"),
            Self::OtherOperation => f.write_str("it does not grant this operation"),
            Self::Withheld(fields) => write!(f, "the rules of {} withhold this operation", fields.join(", ")),
            Self::ClaimMissing(claim) => write!(f, "the token has no usable claim `{claim}`"),
            Self::NotInGroup => f.write_str("the caller is not in the group"),
            Self::NotOwner => f.write_str("the record names another owner, or none"),
            Self::OtherIdentity => f.write_str("it is not for this kind of identity"),
            Self::UnknownIdentityPool => f.write_str("the identity pool of the caller is not known"),
            Self::PartsFailed(failed) => {
                f.write_str(if failed.len() == 1 { "one part fails: " } else { "some parts fail: " })?;
                for (index, (part, said)) in failed.iter().enumerate() {
                    let and = if index == 0 { "" } else { "; " };
                    write!(f, "{and}{part}, for {said}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Claims, Field, GroupName, IamCaller, Operations, Provider, User, VerifiedBy};

    fn user(claims: serde_json::Value) -> Identity {
        User::user_pools(Claims::from(claims.as_object().unwrap().clone()), VerifiedBy::Portcullis).into()
    }

    fn explain(model: &Model, identity: &Identity, operation: Operation) -> String {
        let item = Item::from_iter([("owner".to_owned(), "u2::bob".into())]);
        Authorizer::default().explain(identity, operation, model, &item).to_string()
    }

    #[test]
    fn each_rule_says_why_it_did_not_match() {
        let rules = vec![
            Rule::owner(),
            Rule::owner_in("author").claim("email"),
            Rule::groups(["editors", "admins"]),
            Rule::groups_in("team"),
            Rule::public(),
            Rule::private().operations(Operation::Create),
            Rule::private().provider(Provider::IdentityPool),
        ];
        let model = Model::new("Note", vec![], rules).unwrap();
        let ann = user(json!({"sub": "u1", "username": "ann", "cognito:groups": ["readers"]}));
        let expected = r#"denied
  { allow: owner }: the record names another owner, or none
  { allow: owner, ownerField: "author", identityClaim: "email" }: the token has no usable claim `email`
  { allow: groups, groups: ["editors", "admins"] }: the caller is not in the group
  { allow: groups, groupsField: "team" }: the caller is not in the group
  { allow: public }: the caller came in another way
  { allow: private, operations: [create] }: it does not grant this operation
  { allow: private, provider: identityPool }: the caller came in another way"#;
        assert_eq!(explain(&model, &ann, Operation::Get), expected);
    }

    #[test]
    fn an_and_says_which_of_its_parts_failed() {
        let tenant = || Rule::owner_in("owner").claim("custom:tenant").strategy;
        let templated = GroupName::parse("{custom:tenant}-editors").unwrap();
        let groups = || Rule::groups([templated.clone(), "admins".into()]).strategy;
        let model = Model::new("Note", vec![], vec![Rule::all([tenant(), groups()])]).unwrap();
        let caller = |tenant: &str, group: &str| {
            user(json!({"sub": "u1", "custom:tenant": tenant, "cognito:groups": [group]}))
        };
        let rule = r#"{ and: [{ allow: owner, identityClaim: "custom:tenant" }, { allow: groups, groups: ["{custom:tenant}-editors", "admins"] }] }"#;
        let owner = r#"{ allow: owner, identityClaim: "custom:tenant" }"#;
        let group = r#"{ allow: groups, groups: ["{custom:tenant}-editors", "admins"] }"#;
        let not_owner = format!("{owner}, for the record names another owner, or none");
        let not_in_group = format!("{group}, for the caller is not in the group");
        let no_claim = format!("{owner}, for the token has no usable claim `custom:tenant`");
        let table = [
            (caller("u2::bob", "u2::bob-editors"), "allowed", "matched".to_owned()),
            (caller("u2::bob", "admins"), "allowed", "matched".to_owned()),
            (caller("a", "a-editors"), "denied", format!("one part fails: {not_owner}")),
            (caller("u2::bob", "a-editors"), "denied", format!("one part fails: {not_in_group}")),
            (caller("a", "b-editors"), "denied", format!("some parts fail: {not_owner}; {not_in_group}")),
            (
                user(json!({"sub": "u1", "cognito:groups": ["admins"]})),
                "denied",
                format!("one part fails: {no_claim}"),
            ),
        ];
        for (identity, decision, said) in table {
            assert_eq!(explain(&model, &identity, Operation::Get), format!("{decision}\n  {rule}: {said}"));
        }
        // What is about to be filled in does not fail.
        let silent = Authorizer::new().explain(&caller("a", "b"), Operation::Create, &model, &Item::new());
        let expected = [(
            Rule::all([tenant(), groups()]),
            Outcome::PartsFailed(vec![(Rule { strategy: groups(), ..Rule::owner() }, Outcome::NotInGroup)]),
        )];
        assert_eq!(silent.rules, expected);
    }

    #[test]
    fn a_rule_that_matched_on_some_fields_names_them() {
        let secret = Field::new("secret").guarded(vec![Rule::groups(["admins"])]);
        let model = Model::new("Note", vec![Field::new("title"), secret], vec![Rule::private()]).unwrap();
        let ann = user(json!({"sub": "u1"}));
        let expected = r#"allowed
  { allow: private }: matched, on title only
  { allow: groups, groups: ["admins"] }: the token has no usable claim `cognito:groups`"#;
        assert_eq!(explain(&model, &ann, Operation::Update), expected);
        assert_eq!(
            explain(&model, &ann, Operation::Get),
            expected.replace("allowed", "allowed, without secret")
        );
        let expected = r#"denied
  { allow: private }: the rules of secret withhold this operation
  { allow: groups, groups: ["admins"] }: the rules of title withhold this operation"#;
        assert_eq!(explain(&model, &ann, Operation::Delete), expected);
    }

    #[test]
    fn a_guest_is_told_from_a_member_of_the_identity_pool() {
        let rule = Rule::private().provider(Provider::IdentityPool).operations(Operations::READ);
        let model = Model::new("Note", vec![], vec![rule.clone()]).unwrap();
        let guest = Identity::Iam(IamCaller { authenticated: Some(false), ..IamCaller::default() });
        let said =
            |authorizer: Authorizer| authorizer.explain(&guest, Operation::Get, &model, &Item::new()).rules;
        assert_eq!(said(Authorizer::default()), [(rule.clone(), Outcome::UnknownIdentityPool)]);
        assert_eq!(said(Authorizer::default().trust_identity_pool()), [(rule, Outcome::OtherIdentity)]);
    }

    #[test]
    fn a_model_without_rules_says_so() {
        let model = Model::new("Note", vec![], vec![]).unwrap();
        assert_eq!(explain(&model, &Identity::ApiKey, Operation::Get), "denied: the model has no rules");
    }
}
