use serde_json::{Map, Value};

use crate::EditError;

pub(super) const ROLES: &str = "iamRolesToOverride";
pub(super) const PREFERRED: &str = "preferredRole";

/// If this is the ARN of an IAM role, in any partition. For configuration: a role that fails here fails at every sign-in.
///
/// # Errors
///
/// [`EditError::InvalidRole`].
///
/// ```
/// use portcullis_events::{EditError, check_role};
///
/// assert_eq!(check_role("arn:aws:iam::111122223333:role/editors"), Ok(()));
/// assert_eq!(check_role("editors"), Err(EditError::InvalidRole));
/// ```
pub fn check_role(arn: &str) -> Result<(), EditError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [arn, partition, "iam", "", account, resource] = parts[..] else {
        return Err(EditError::InvalidRole);
    };
    let name = resource.strip_prefix("role/").unwrap_or_default();
    // What a path and a name may have (IAM API reference, `CreateRole`), but no comma, for lists of roles are written with it.
    let named = !name.is_empty()
        && !name.ends_with('/')
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    let is_partition = partition == "aws" || partition.starts_with("aws-");
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    if arn == "arn" && is_partition && is_account && named { Ok(()) } else { Err(EditError::InvalidRole) }
}

/// The first is the preferred one; without roles there is none.
pub(super) fn replace(details: &mut Map<String, Value>, roles: &[&str]) {
    details.insert(ROLES.to_owned(), roles.iter().copied().map(Value::from).collect());
    match roles.first() {
        Some(preferred) => details.insert(PREFERRED.to_owned(), Value::from(*preferred)),
        None => details.remove(PREFERRED),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_arn_of_a_role_is_one() {
        for (arn, expected) in [
            ("arn:aws:iam::111122223333:role/editors", true),
            ("arn:aws-cn:iam::111122223333:role/team/editors", true),
            ("arn:aws-us-gov:iam::111122223333:role/a", true),
            ("", false),
            ("editors", false),
            ("arn:aws:iam::111122223333:user/ann", false),
            ("arn:aws:iam::111122223333:role/", false),
            ("arn:aws:iam::111122223333:role/team/", false),
            ("arn:aws:iam::11112222333:role/a", false),
            ("arn:aws:iam:eu-west-1:111122223333:role/a", false),
            ("arn:aws:sts::111122223333:assumed-role/a/b", false),
            ("arn:aws:iam::111122223333:role/a b", false),
            ("arn:aws:iam::111122223333:role/a,arn:aws:iam::111122223333:role/b", false),
            ("arn:evil:iam::111122223333:role/a", false),
        ] {
            assert_eq!(check_role(arn).is_ok(), expected, "{arn}");
        }
    }
}
