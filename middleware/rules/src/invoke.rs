//! Fields that a handler answers: custom queries and mutations, and guarded fields of what is not stored.

use std::sync::{Arc, LazyLock};

use crate::{
    Authorizer, Denied, Identity, Model, Operation, Permit, Provider, Scope, Screening, matrix::Matrix,
    permit::denied,
};

/// Marks a permit to call a handler, or to show a field of what it returns.
#[derive(Debug)]
pub enum Invoke {}

/// Stands for a field without rules.
static UNGUARDED: LazyLock<Arc<Model>> = LazyLock::new(|| Arc::new(Model::unguarded(Matrix::default())));

impl Authorizer {
    /// Permits calling a field that a handler answers.
    ///
    /// There is no record that could name an owner or a group: rules that need one admit nobody. Which operations a rule
    /// names does not matter, as long as it grants reading. A field without rules (`None`) is open to everybody who came
    /// in by `default`, the project's default way in, and to nobody else; a field whose rules all need a record is closed.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use portcullis_rules::{Authorizer, Identity, InvalidModel, Model, Provider, Rule};
    ///
    /// let hello = Arc::new(Model::new("Query:hello", vec![], vec![Rule::groups(["Admin"]), Rule::public()])?);
    /// let authorizer = Authorizer::new();
    /// assert!(authorizer.permit_invoke(&Identity::ApiKey, Some(&hello), Provider::UserPools).is_ok());
    /// assert!(authorizer.permit_invoke(&Identity::ApiKey, None, Provider::UserPools).is_err());
    /// # Ok::<(), InvalidModel>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When no rule admits the caller.
    pub fn permit_invoke(
        &self,
        identity: &Identity,
        rules: Option<&Arc<Model>>,
        default: Provider,
    ) -> Result<Permit<Invoke>, Denied> {
        let model = rules.unwrap_or_else(|| &UNGUARDED);
        let admitted = match rules {
            Some(rules) => self.screen(identity, Operation::Get, rules) == Screening::Allowed,
            None => identity.provider() == default || self.is_unrestricted(identity, model),
        };
        if admitted {
            Ok(Permit::within(model, Scope::Everything))
        } else {
            Err(denied(Operation::Get, model))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Claims, FunctionCaller, IamCaller, IdentityPool, Rule, User, VerifiedBy};

    fn member(groups: &[&str]) -> Identity {
        let claims = Claims::from_iter([("cognito:groups", groups)]);
        User::user_pools(claims, VerifiedBy::Portcullis).into()
    }

    fn may(authorizer: &Authorizer, identity: &Identity, rules: Option<Vec<Rule>>) -> bool {
        let rules = rules.map(|rules| Arc::new(Model::new("Query:q", vec![], rules).unwrap()));
        authorizer.permit_invoke(identity, rules.as_ref(), Provider::UserPools).is_ok()
    }

    #[test]
    fn a_field_is_called_by_whom_a_rule_admits_without_a_record() {
        let guest = || Identity::Iam(IamCaller { authenticated: Some(false), ..IamCaller::default() });
        let signed_in = || Identity::Iam(IamCaller { authenticated: Some(true), ..IamCaller::default() });
        let function = || Identity::Function(FunctionCaller::default());
        let iam = |rule: Rule| rule.provider(Provider::IdentityPool);
        let table = [
            (member(&["A"]), Rule::groups(["A"]), true),
            (member(&["B"]), Rule::groups(["A"]), false),
            (member(&[]), Rule::private(), true),
            (member(&[]), Rule::private().provider(Provider::Oidc), false),
            (member(&["A"]), Rule::owner(), false),
            (member(&["A"]), Rule::groups_in("team"), false),
            (member(&[]), Rule::public(), false),
            (Identity::ApiKey, Rule::public(), true),
            (function(), Rule::custom(), true),
            (guest(), iam(Rule::public()), true),
            (guest(), iam(Rule::private()), false),
            (signed_in(), iam(Rule::private()), true),
        ];
        let authorizer = Authorizer::new().trust_identity_pool();
        for (identity, rule, expected) in table {
            assert_eq!(may(&authorizer, &identity, Some(vec![rule.clone()])), expected, "{rule}");
        }
    }

    #[test]
    fn a_field_without_rules_is_open_to_the_default_way_in_alone() {
        let authorizer = Authorizer::new();
        assert!(may(&authorizer, &member(&[]), None));
        assert!(!may(&authorizer, &Identity::ApiKey, None));
        assert!(!may(&authorizer, &member(&[]), Some(vec![])), "rules that admit nobody are not none");
    }

    #[test]
    fn the_account_is_admitted_where_configuration_says_so() {
        let role = || {
            let user_arn = Some("arn:aws:sts::123456789012:assumed-role/ops/s".to_owned());
            Identity::Iam(IamCaller { user_arn, ..IamCaller::default() })
        };
        for (authorizer, unguarded, guarded) in [
            (Authorizer::new(), false, false),
            (Authorizer::new().admit_account(), true, true),
            (Authorizer::new().identity_pool(IdentityPool::new()).admin_roles(["ops"]), false, true),
        ] {
            assert_eq!(may(&authorizer, &role(), None), unguarded);
            assert_eq!(may(&authorizer, &role(), Some(vec![Rule::private()])), guarded);
        }
    }
}
