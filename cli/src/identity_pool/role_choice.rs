//! Which role somebody gets.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html>

use super::{
    config::{MappingRule, MappingType, RuleTest, Setup},
    error::ServiceError,
    login::Login,
};

impl Setup {
    /// The ARN of the role of members, or that of guests.
    fn default_role(&self, logins: &[Login]) -> Result<String, ServiceError> {
        let role = if logins.is_empty() { &self.guest_role } else { &self.authenticated_role };
        role.clone().ok_or_else(ServiceError::roles)
    }

    /// The ARN of the role of somebody with these logins, who may have asked for one of theirs.
    pub(super) fn choose_role(&self, logins: &[Login], asked: Option<&str>) -> Result<String, ServiceError> {
        let denied =
            || ServiceError::not_authorized("Access denied: the role cannot be given to this identity.");
        // Roles are mapped for the user pool alone.
        let mapped = logins.iter().find(|login| login.provider.starts_with("cognito-idp."));
        let (Some(mapping), Some(login)) = (&self.mapping, mapped) else {
            return if asked.is_some() { Err(denied()) } else { self.default_role(logins) };
        };
        let chosen = match &mapping.by {
            MappingType::Token => {
                let roles = login.texts("cognito:roles");
                match (asked, login.claims.text("cognito:preferred_role")) {
                    (Some(asked), _) if roles.contains(&asked) => Some(asked),
                    (Some(_), _) => return Err(denied()),
                    (None, preferred) => preferred,
                }
            }
            MappingType::Rules(_) if asked.is_some() => return Err(denied()),
            MappingType::Rules(rules) => {
                rules.iter().find(|rule| rule.applies(login)).map(|rule| rule.role.as_str())
            }
        };
        match chosen {
            Some(role) => Ok(role.to_owned()),
            None if mapping.falls_back => self.default_role(logins),
            None => Err(denied()),
        }
    }
}

impl MappingRule {
    /// A claim that is not there decides nothing, `NotEqual` included.
    fn applies(&self, login: &Login) -> bool {
        let several = login.texts(&self.claim);
        let values =
            if several.is_empty() { login.claims.text(&self.claim).into_iter().collect() } else { several };
        let expected = self.value.as_str();
        match self.test {
            RuleTest::Equals => values.contains(&expected),
            RuleTest::NotEqual => !values.is_empty() && !values.contains(&expected),
            RuleTest::StartsWith => values.iter().any(|value| value.starts_with(expected)),
            RuleTest::Contains => values.iter().any(|value| value.contains(expected)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::identity_pool::config::RoleMapping;

    fn user(claims: &Value) -> Login {
        let claims = claims.as_object().unwrap().clone().into();
        Login {
            provider: "cognito-idp.us-east-1.amazonaws.com/us-east-1_L".to_owned(),
            subject: "ada".to_owned(),
            claims,
        }
    }

    fn setup(by: MappingType, falls_back: bool) -> Setup {
        Setup {
            authenticated_role: Some("member".to_owned()),
            guest_role: Some("guest".to_owned()),
            mapping: Some(RoleMapping { by, falls_back }),
            ..Setup::default()
        }
    }

    #[test]
    fn the_token_names_the_role_and_a_client_may_choose_among_its_roles() {
        let both = user(&json!({ "cognito:roles": ["admin", "editor"], "cognito:preferred_role": "admin" }));
        let undecided = user(&json!({ "cognito:roles": ["admin", "editor"] }));
        let plain = user(&json!({}));
        let other = Login { provider: "arn:aws:iam::0:oidc-provider/id".to_owned(), ..both.clone() };
        for (logins, asked, falls_back, expected) in [
            (vec![both.clone()], None, true, Some("admin")),
            (vec![both.clone()], Some("editor"), true, Some("editor")),
            (vec![both.clone()], Some("owner"), true, None),
            (vec![undecided.clone()], None, true, Some("member")),
            (vec![undecided], None, false, None),
            (vec![plain.clone()], None, true, Some("member")),
            (vec![plain], Some("member"), true, None),
            // Another provider's token names no role.
            (vec![other.clone()], None, false, Some("member")),
            (vec![other], Some("admin"), true, None),
            (vec![], None, false, Some("guest")),
            (vec![], Some("admin"), true, None),
        ] {
            let chosen = setup(MappingType::Token, falls_back).choose_role(&logins, asked);
            assert_eq!(chosen.ok().as_deref(), expected, "{logins:?} {asked:?} {falls_back}");
        }
    }

    #[test]
    fn the_first_rule_that_applies_names_the_role() {
        let rule = |claim: &str, test, value: &str, role: &str| MappingRule {
            claim: claim.to_owned(),
            test,
            value: value.to_owned(),
            role: role.to_owned(),
        };
        let rules = vec![
            rule("cognito:groups", RuleTest::Equals, "admins", "admin"),
            rule("email", RuleTest::StartsWith, "ops-", "operator"),
            rule("email", RuleTest::Contains, "@acme.example", "colleague"),
            rule("department", RuleTest::NotEqual, "sales", "maker"),
        ];
        for (claims, expected) in [
            (
                json!({ "cognito:groups": ["readers", "admins"], "email": "ops-1@acme.example" }),
                Some("admin"),
            ),
            (json!({ "cognito:groups": ["admins2"], "email": "ops-1@acme.example" }), Some("operator")),
            (json!({ "email": "ada@acme.example" }), Some("colleague")),
            (json!({ "department": "tools" }), Some("maker")),
            (json!({ "department": "sales" }), None),
            (json!({}), None),
        ] {
            let chosen = setup(MappingType::Rules(rules.clone()), false).choose_role(&[user(&claims)], None);
            assert_eq!(chosen.ok().as_deref(), expected, "{claims}");
        }
    }
}
