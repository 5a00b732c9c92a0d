//! The one evaluator of the rules.

use crate::{
    Condition, Decision, IamCaller, Identity, IdentityPool, Item, Model, Operation, Scope, Screening,
    iam::{IamTrust, Membership},
    operation::Matching,
    standing::Standing,
};

/// Decides who may do what.
///
/// One set of rules answers three questions: [`screen`](Self::screen) before the record is loaded,
/// [`authorize`](Self::authorize) once it is, and [`scope`](Self::scope) for a list. The answers agree:
///
/// 1. `scope(..).matches(item)` is what `authorize(.., item)` says, for every operation that reads;
/// 2. when `screen` says [`Screening::Denied`], `authorize` allows no record; when it says [`Screening::Allowed`],
///    `authorize` allows every record;
/// 3. one more rule on a model never takes anything away, and without rules nobody is admitted.
///
/// Screening and authorizing allocate nothing, save in odd cases: a token that holds a list of groups inside a
/// string, and a new record whose owner field is shared by rules that know the owner by different claims, or of which more
/// than four owner fields are filled in.
///
/// ```
/// use portcullis_rules::{
///     Authorizer, Claims, Identity, InvalidModel, Item, Model, Operation, Rule, Screening, User, VerifiedBy,
/// };
///
/// let note = Model::new("Note", vec![], vec![Rule::owner()])?;
/// let ann = Claims::from_iter([("sub", "u1"), ("username", "ann")]);
/// let ann = Identity::from(User::user_pools(ann, VerifiedBy::Portcullis));
/// let authorizer = Authorizer::default();
///
/// let hers = Item::from_iter([("owner".to_owned(), "u1::ann".into())]);
/// let his = Item::from_iter([("owner".to_owned(), "u2::bob".into())]);
/// assert!(authorizer.authorize(&ann, Operation::Get, &note, &hers).is_allowed());
/// assert!(!authorizer.authorize(&ann, Operation::Get, &note, &his).is_allowed());
///
/// assert_eq!(authorizer.screen(&ann, Operation::Get, &note), Screening::NeedsItem);
/// assert_eq!(authorizer.screen(&Identity::ApiKey, Operation::Get, &note), Screening::Denied);
/// assert!(!authorizer.scope(&ann, Operation::List, &note).matches(&his));
/// # Ok::<(), InvalidModel>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Authorizer {
    iam: IamTrust,
    leaves_owner_to_others: bool,
    sandbox: bool,
}

impl Authorizer {
    /// An authorizer with Amplify's defaults that admits nobody by their identity pool.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Believes [`IamCaller::authenticated`](crate::IamCaller::authenticated), so that rules with the provider
    /// `identityPool` can admit somebody; a door that does not tell callers apart itself uses
    /// [`identity_pool`](Self::identity_pool).
    ///
    /// To be called only where the door that makes such an identity sets the field for credentials of *our* identity
    /// pool alone: `Some(true)` for its authenticated role, `Some(false)` for its guest role, `None` for any other
    /// caller with AWS credentials.
    #[must_use]
    pub fn trust_identity_pool(mut self) -> Self {
        self.iam.trust_door();
        self
    }

    /// Tells members and guests of this identity pool by what AWS says about the caller, so that rules with the provider
    /// `identityPool` can admit them.
    #[must_use]
    pub fn identity_pool(mut self, pool: IdentityPool) -> Self {
        self.iam.set_pool(pool);
        self
    }

    /// Admits sessions of these IAM roles to everything on every model that has rules. Amplify's `adminRoleNames`.
    ///
    /// A role is known by its whole name, or, as Amplify Studio writes it, by the name and that of the session:
    /// `ops`, `eu-west-1_abc_Full-access/CognitoIdentityCredentials`. A name means the role of any account; the ARN of a
    /// role, `arn:aws:iam::111122223333:role/ops`, means that of one account alone. The reference looks for the text anywhere in the
    /// ARN, so that `devops` passes for `ops`; that is refused here. The two roles of the identity pool are never
    /// administrators.
    #[must_use]
    pub fn admin_roles(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.iam.set_admin_roles(names.into_iter().map(Into::into));
        self
    }

    /// Admits every caller with AWS credentials that no identity pool gave out to everything, even on models without
    /// rules: what they may do is then for their IAM policies to say. Amplify's `enableIamAccess`.
    #[must_use]
    pub fn admit_account(mut self) -> Self {
        self.iam.admit_account();
        self
    }

    /// Whether a new record gets its owner filled in although another rule (`private` or a static group) has already
    /// admitted the caller. Amplify's flag `populateOwnerFieldForStaticGroupAuth`; true unless set.
    #[must_use]
    pub fn populate_owner_for_static_groups(mut self, populate: bool) -> Self {
        self.leaves_owner_to_others = !populate;
        self
    }

    /// Admits whoever has the API key to models on which and on whose fields there is no rule at all. Amplify's
    /// `sandboxModeEnabled`, for trying things out: everybody who has the client has the key.
    ///
    /// Fields that a handler answers are no models, and not opened.
    #[must_use]
    pub fn insecure_sandbox(mut self) -> Self {
        self.sandbox = true;
        self
    }

    pub(crate) fn membership(&self, caller: &IamCaller) -> Membership {
        self.iam.membership(caller)
    }

    pub(crate) fn populates_owner_of_admitted(&self) -> bool {
        !self.leaves_owner_to_others
    }

    /// Whether configuration lets some caller do everything with this model, whatever its rules say: an
    /// [admin role](Self::admin_roles) or the [account](Self::admit_account).
    #[must_use]
    pub fn admits_beyond_rules(&self, model: &Model) -> bool {
        self.iam.admits_beyond_rules(model)
    }

    /// Whether configuration admits the caller, whatever the rules say.
    pub(crate) fn is_unrestricted(&self, identity: &Identity, model: &Model) -> bool {
        match identity {
            Identity::Iam(caller) => self.iam.is_unrestricted(caller, model),
            // A field with an empty list of rules is guarded, too.
            Identity::ApiKey => {
                let guarded = model.has_field_rules() || model.all_rules().next().is_some();
                self.sandbox && !model.fields().is_empty() && !guarded
            }
            Identity::User(_) | Identity::Function(_) => false,
        }
    }

    /// What can be said before the record is loaded, or, for [`Operation::Create`], before the input is read.
    pub fn screen(&self, identity: &Identity, operation: Operation, model: &Model) -> Screening {
        if self.is_unrestricted(identity, model) {
            return Screening::Allowed;
        }
        let mut screening = Screening::Denied;
        for row in model.matrix().rows_for(identity).filter(|row| row.grants(operation)) {
            match self.standing(row, identity, operation) {
                Standing::Refused(_) => {}
                // A new record may name a field that this role does not cover.
                Standing::Admitted if operation != Operation::Create || row.covers(operation) => {
                    return Screening::Allowed;
                }
                Standing::Admitted | Standing::ByRecord(_) => screening = Screening::NeedsItem,
            }
        }
        screening
    }

    /// Whether the caller may do this to this record.
    ///
    /// For [`Operation::Create`] the record is the input, and every field of it must be allowed. For the others it is
    /// the stored record; whether each *change* is allowed is what [`permit_update`](Self::permit_update) says.
    pub fn authorize(
        &self,
        identity: &Identity,
        operation: Operation,
        model: &Model,
        item: &Item,
    ) -> Decision {
        if self.is_unrestricted(identity, model) {
            return Decision::Allow;
        }
        if operation != Operation::Create {
            let mut granting = model.matrix().rows_for(identity).filter(|row| row.grants(operation));
            return granting.any(|row| self.admits(row, identity, operation, item)).into();
        }
        let admitting = || {
            let rows = self.creation(identity, model, item);
            rows.filter(|(_, refusal)| refusal.is_none()).map(|(row, _)| row)
        };
        let mut admitted = false;
        for row in admitting() {
            if row.covers(operation) {
                return Decision::Allow;
            }
            admitted = true;
        }
        let allowed = |field: &String| admitting().any(|row| model.admits(row, field, operation));
        (admitted && item.keys().all(allowed)).into()
    }

    /// The records that the caller may read by this operation. For an operation that writes it is
    /// [`Scope::Nothing`], since writes are decided one record at a time.
    #[must_use]
    pub fn scope(&self, identity: &Identity, operation: Operation, model: &Model) -> Scope {
        if !operation.is_read() {
            return Scope::Nothing;
        }
        if self.is_unrestricted(identity, model) {
            return Scope::Everything;
        }
        let matching = Matching::from(operation);
        let mut conditions = Vec::new();
        for row in model.matrix().rows_for(identity).filter(|row| row.grants(operation)) {
            match self.standing(row, identity, operation) {
                Standing::Admitted => return Scope::Everything,
                Standing::ByRecord(claims) => {
                    conditions.extend(Condition::of(&row.role.who, claims, matching))
                }
                Standing::Refused(_) => {}
            }
        }
        if conditions.is_empty() { Scope::Nothing } else { Scope::Any(conditions) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, FunctionCaller, Rule};

    #[test]
    fn the_sandbox_opens_models_without_rules_to_the_api_key_alone() {
        let guarded = Field::new("title").guarded(vec![Rule::owner()]);
        let table = [
            (vec![Field::new("title")], vec![], true),
            (vec![Field::new("title")], vec![Rule::owner()], false),
            (vec![guarded], vec![], false),
            (vec![Field::new("title").guarded(vec![])], vec![], false),
            (vec![], vec![], false),
        ];
        for (fields, rules, open) in table {
            let model = Model::new("Note", fields, rules).unwrap();
            let function = Identity::Function(FunctionCaller::default());
            for operation in Operation::ALL {
                let allowed = |authorizer: Authorizer, identity: &Identity| {
                    authorizer.authorize(identity, operation, &model, &Item::new()).is_allowed()
                };
                assert_eq!(allowed(Authorizer::new().insecure_sandbox(), &Identity::ApiKey), open);
                assert!(!allowed(Authorizer::new().insecure_sandbox(), &function));
                assert!(!allowed(Authorizer::new(), &Identity::ApiKey));
            }
        }
    }
}
