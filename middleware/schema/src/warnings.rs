//! What the reference accepts with a warning, in its words.

use portcullis_rules::Operation;

use crate::{
    Project,
    access_matrix::{AccessMatrix, Row},
    auth_rule::AuthRules,
    auth_words::{Allow, ProviderName},
};

/// So many names are put into a warning.
const MAX_NAMES: usize = 200;

/// Owner fields that are added to a type which has a field of nearly the same name.
pub(crate) fn owner_field_case(matrix: &AccessMatrix<'_>, fields: &[&str]) -> Vec<String> {
    let mut warnings = Vec::new();
    let owners = matrix.rows().iter().filter(|row| row.allow == Allow::Owner);
    for owner in owners.filter_map(|row| row.entity.as_deref()).filter(|owner| !matrix.declares(owner)) {
        let same = |field: &&&str| field.to_lowercase() == owner.to_lowercase();
        if let Some(field) = fields.iter().find(same).filter(|_| warnings.len() < MAX_NAMES) {
            let model = matrix.model();
            warnings.push(format!(
                "WARNING: Schema field \"{field}\" and ownerField \"{owner}\" in type {model} are getting added to your \
                 schema but could be referencing the same owner field. If this is not intentional, you may want to \
                 change one of the fields to the correct name.\n"
            ));
        }
    }
    warnings
}

/// Owner rules without a claim, in a project where that still means `username`. The reference looks at the last rules
/// that it read.
pub(crate) fn default_claim(last: &AuthRules, project: &Project) -> Option<String> {
    let by_default =
        |rule: &crate::auth_rule::AuthRule| rule.allow.value == Allow::Owner && rule.identity_claim.is_none();
    let warns = !project.default_claim_has_sub && last.rules.iter().any(by_default);
    warns.then(|| {
        " WARNING: Amplify CLI will change the default identity claim from 'username' to use 'sub::username'. To \
         continue using only usernames, set 'identityClaim: \"username\"' on your 'owner' rules on your schema. The \
         default will be officially switched with v9.0.0. To read more: \
         https://docs.amplify.aws/cli/migration/identity-claim-changes/"
            .to_owned()
    })
}

/// Owners who may change the field that names them.
pub(crate) fn reassignment(matrices: &[&AccessMatrix<'_>]) -> Option<String> {
    let mut models = Vec::new();
    for matrix in matrices {
        let owners = matrix.rows().iter().filter_map(|row| Some((row, owner_of(&row.key)?)));
        let owners: Vec<&str> =
            owners.filter(|(row, field)| may_reassign(row, field, matrix)).map(|(_, field)| field).collect();
        if !owners.is_empty() {
            let owners = owners.into_iter().take(MAX_NAMES).collect::<Vec<_>>().join(", ");
            models.push(format!("{}: [{owners}]", matrix.model()));
        }
    }
    (!models.is_empty()).then(|| {
        format!(
            "WARNING: owners may reassign ownership for the following model(s) and role(s): {}. If this is not \
             intentional, you may want to apply field-level authorization rules to these fields. To read more: \
             https://docs.amplify.aws/cli/graphql/authorization-rules/#per-user--owner-based-data-access.",
            models.join(", ")
        )
    })
}

/// The field of an owner's role, found in the name of the role as the reference finds it.
fn owner_of(key: &str) -> Option<&str> {
    let starts = ["oidc:owner:", "userPools:owner:"];
    let found = starts.into_iter().filter_map(|start| Some((key.find(start)?, start)));
    let (at, start) = found.min()?;
    let (field, _) = key.get(at + start.len()..)?.split_once(':')?;
    (!field.is_empty()).then_some(field)
}

/// An `owner` field that the type does not declare is always taken for one that may be changed.
fn may_reassign(row: &Row, field: &str, matrix: &AccessMatrix<'_>) -> bool {
    if matrix.declares(field) {
        matrix.granted(row, field).contains(Operation::Update)
    } else {
        field == "owner"
    }
}

/// An older word for a provider. The reference looks at the last rules that it read.
pub(crate) fn deprecated_iam(last: &AuthRules) -> Option<String> {
    let warns = last.rules.iter().any(|rule| rule.provider.value == ProviderName::Iam);
    warns.then(|| {
        "WARNING: Schema is using an @auth directive with deprecated provider 'iam'. Replace 'iam' provider with \
         'identityPool' provider."
            .to_owned()
    })
}
