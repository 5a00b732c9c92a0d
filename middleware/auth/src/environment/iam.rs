use portcullis_rules::{Authorizer, IdentityPool};

use super::{Environment, entries};

const POOL_ID: &str = "IDENTITY_POOL_ID";
const MEMBER: &str = "AUTHENTICATED_ROLE";
const GUEST: &str = "UNAUTHENTICATED_ROLE";
const ADMINS: &str = "ADMIN_ROLES";
const ACCESS: &str = "IAM_ACCESS";

const ROLE_FORM: &str = "must look like arn:aws:iam::111122223333:role/name";
const ADMINS_FORM: &str =
    "must be names of roles or their ARNs (arn:aws:iam::111122223333:role/name), separated by commas";

/// How callers with AWS credentials are told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IamConfig {
    /// The identity pool whose members and guests the rules admit.
    pub pool: Option<IdentityPool>,
    /// Its id: whoever comes from another pool is nobody, whatever their role is called.
    pub pool_id: Option<String>,
    /// The names of roles that may do everything on every model that has rules.
    pub admin_roles: Vec<String>,
    /// Whether everybody with AWS credentials is admitted whom no identity pool stands behind.
    pub admits_account: bool,
}

impl IamConfig {
    /// The evaluator of the rules that tells callers apart like this.
    #[must_use]
    pub fn authorizer(&self) -> Authorizer {
        let authorizer = match &self.pool {
            Some(pool) => Authorizer::new().identity_pool(pool.clone()),
            None => Authorizer::new(),
        };
        let authorizer = authorizer.admin_roles(self.admin_roles.iter().map(String::as_str));
        if self.admits_account { authorizer.admit_account() } else { authorizer }
    }
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    /// How callers with AWS credentials are told apart. Where nobody comes in by them, `idle` says what would have to be configured for
    /// that (`TRUST_GATEWAY to name iam`): a variable that is set all the same does nothing, and so is a mistake.
    pub fn iam(&mut self, idle: Option<&str>) -> IamConfig {
        let pool_id = self.of_iam(idle, POOL_ID, "must look like eu-west-1:<uuid>", is_pool_id);
        let member = self.of_iam(idle, MEMBER, ROLE_FORM, is_role_arn);
        let guest = self.of_iam(idle, GUEST, ROLE_FORM, is_role_arn);
        let admins = self.of_iam(idle, ADMINS, ADMINS_FORM, |text| {
            entries(text).iter().all(|name| is_role_arn(name) || is_plain(name) && !name.contains(':'))
        });
        let access = self.of_iam(idle, ACCESS, "must be account", |text| text == "account");
        let is_known = pool_id.is_some() || member.is_some() || guest.is_some();
        let pool = pool_id.iter().fold(IdentityPool::new(), |pool, id| pool.id(id));
        let pool = member.into_iter().fold(pool, IdentityPool::authenticated_role);
        let pool = guest.into_iter().fold(pool, IdentityPool::guest_role);
        IamConfig {
            pool: is_known.then_some(pool),
            pool_id,
            admin_roles: admins.map(|text| entries(&text)).unwrap_or_default(),
            admits_account: access.is_some(),
        }
    }

    fn of_iam(
        &mut self,
        idle: Option<&str>,
        variable: &'static str,
        form: &str,
        is_good: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let value = self.value(variable)?;
        match idle {
            Some(needs) => self.wrong(variable, format!("needs {needs}")),
            None if !is_good(&value) => self.wrong(variable, form),
            None => {}
        }
        Some(value)
    }
}

/// Whether it could be a name at AWS.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_pool_id(text: &str) -> bool {
    let named = text.split_once(':').is_some_and(|(region, id)| !region.is_empty() && !id.is_empty());
    named && is_plain(text)
}

fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let role = match parts.as_slice() {
        ["arn", _, "iam", "", account, resource] if !account.is_empty() => resource.strip_prefix("role/"),
        _ => None,
    };
    is_plain(text) && role.is_some_and(|name| !name.is_empty() && !name.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::tests::{environment, wrong};

    #[test]
    fn names_of_aws_have_their_form() {
        for (variable, value, is_good) in [
            (POOL_ID, "eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa", true),
            (POOL_ID, "eu-west-1_sesame", false),
            (POOL_ID, "eu-west-1:", false),
            (POOL_ID, "eu-west-1:a sesame", false),
            (MEMBER, "arn:aws:iam::111122223333:role/web-member", true),
            (MEMBER, "sesame", false),
            (MEMBER, "arn:aws:iam::111122223333:user/sesame", false),
            (GUEST, "arn:aws:iam::111122223333:role/web-guest", true),
            (GUEST, "arn:aws:iam::111122223333:role/", false),
            (
                ADMINS,
                "ops, studio/CognitoIdentityCredentials, arn:aws:iam::111122223333:role/team/audit",
                true,
            ),
            (ADMINS, "arn:aws:iam::111122223333:user/sesame", false),
            (ADMINS, "arn:aws:sts::111122223333:assumed-role/ops/sesame", false),
            (ADMINS, "ops, arn:aws:iam::111122223333:role/", false),
            (ADMINS, "o sesame", false),
            (ACCESS, "account", true),
            (ACCESS, "sesame", false),
        ] {
            for idle in [None, Some("iam to be open")] {
                let set = [(variable, value)];
                let mut read = environment(&set);
                read.iam(idle);
                let expected: &[&str] = if is_good && idle.is_none() { &[] } else { &[variable] };
                assert_eq!(wrong(read), expected, "{value}");
            }
        }
    }

    #[test]
    fn nobody_with_aws_credentials_is_known_unless_it_is_said() {
        let mut read = environment(&[]);
        assert_eq!(read.iam(Some("iam to be open")), IamConfig::default());
        assert_eq!(read.iam(None), IamConfig::default());
        assert!(read.is_good());
        let set = [(POOL_ID, "eu-west-1:one"), (ADMINS, "ops, audit"), (ACCESS, "account")];
        let config = environment(&set).iam(None);
        let pool = Some(IdentityPool::new().id("eu-west-1:one"));
        assert_eq!((config.pool, config.pool_id.as_deref()), (pool, Some("eu-west-1:one")));
        assert_eq!((config.admin_roles.join(" ").as_str(), config.admits_account), ("ops audit", true));
    }
}
