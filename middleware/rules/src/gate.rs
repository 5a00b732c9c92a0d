//! What stands in front of the rules: which callers get as far as being asked about.

use crate::{Model, Operation, Provider, matrix::Row};

impl Model {
    /// How callers may have come in to be asked about this operation on a record: the providers of the roles that have
    /// it. Empty if no role has.
    ///
    /// AppSync closes a field to all other callers before a rule is looked at. It follows from the rules, and adds
    /// nothing to them: the [`Authorizer`](crate::Authorizer) would refuse such a caller too.
    ///
    /// ```
    /// use portcullis_rules::{InvalidModel, Model, Operation, Operations, Provider, Rule};
    ///
    /// let rules = vec![Rule::owner(), Rule::public().operations(Operations::READ)];
    /// let note = Model::new("Note", vec![], rules)?;
    /// assert_eq!(note.providers_for(Operation::Create), [Provider::UserPools]);
    /// assert_eq!(note.providers_for(Operation::Get), [Provider::UserPools, Provider::ApiKey]);
    /// # Ok::<(), InvalidModel>(())
    /// ```
    #[must_use]
    pub fn providers_for(&self, operation: Operation) -> Vec<Provider> {
        providers(self.matrix().rows().iter().filter(|row| row.grants(operation)))
    }

    /// How callers may have come in to be asked about any field of a record: the providers of all roles.
    #[must_use]
    pub fn providers(&self) -> Vec<Provider> {
        providers(self.matrix().rows().iter())
    }

    /// Whether some who may get a record may not read this field of it, so that the field is asked about once more
    /// for each record.
    ///
    /// Amplify leaves such a field out of what a mutation returns, even for those who may read it: subscribers get the
    /// same result.
    #[must_use]
    pub fn is_kept_from_some(&self, field: &str) -> bool {
        self.matrix().column(field).is_some_and(|column| self.matrix().is_kept_from_some(column))
    }
}

fn providers<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<Provider> {
    let mut providers: Vec<Provider> = rows.map(|row| row.role.provider).collect();
    providers.sort_unstable();
    providers.dedup();
    providers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, Operations, Rule};

    #[test]
    fn a_record_is_deleted_by_those_who_have_every_field() {
        let locked = Field::new("locked").guarded(vec![Rule::groups(["Admin"])]);
        let rules = vec![Rule::private().provider(Provider::IdentityPool), Rule::groups(["Admin"])];
        let note = Model::new("Note", vec![Field::new("title"), locked], rules).unwrap();
        assert_eq!(note.providers_for(Operation::Delete), [Provider::UserPools]);
        assert_eq!(note.providers_for(Operation::Update), [Provider::UserPools, Provider::IdentityPool]);
    }

    #[test]
    fn a_role_of_a_field_alone_counts_for_the_fields_of_the_record() {
        let open = Field::new("open").guarded(vec![Rule::public().operations(Operations::READ)]);
        let note = Model::new("Note", vec![open], vec![Rule::owner()]).unwrap();
        assert_eq!(note.providers(), [Provider::UserPools, Provider::ApiKey]);
        assert_eq!(Model::new("Note", vec![], vec![]).unwrap().providers(), []);
    }

    #[test]
    fn a_field_is_kept_from_some_by_its_own_rules_only() {
        let secret = Field::new("secret").guarded(vec![Rule::owner()]);
        let fields = vec![Field::new("title"), secret];
        let note = Model::new("Note", fields, vec![Rule::owner(), Rule::groups(["A"])]).unwrap();
        assert!(note.is_kept_from_some("secret") && !note.is_kept_from_some("title"));
        assert!(!note.is_kept_from_some("createdAt"), "not declared");
    }
}
