//! Which fields of a record a caller may read.

use crate::{Authorizer, Identity, Item, Model, Operation, Screening, matrix::Row, standing::Standing};

impl Authorizer {
    /// The declared fields that the caller may not read in this record, in order; whoever hands the record out leaves
    /// them out.
    ///
    /// It is the second question about a record, not the first: whether the caller may see it at all is what
    /// [`authorize`](Self::authorize) and [`scope`](Self::scope) say. Where no field has rules of its own nothing is
    /// withheld, and nothing is looked at. The record is the stored one, with all of its fields; those that the model
    /// does not declare (times, an implied owner) are for whoever may see the record.
    ///
    /// 1. A field that is kept from some of those who may get the record is read by a role that may read it and may
    ///    get the record, and that admits the caller as it would for a write: a token needs every claim of the rule.
    /// 2. Any other field with rules of its own is read by a role that may read it, by whichever operation. The
    ///    reference does not ask here and so shows the field to who may list or change the record alone; that is
    ///    refused.
    /// 3. Any other field goes with the record.
    ///
    /// ```
    /// use portcullis_rules::{Authorizer, Claims, Field, Identity, InvalidModel, Item, Model, Operations, Rule, User, VerifiedBy};
    ///
    /// // Everybody reads notes, and the secret of a note is for its owner.
    /// let secret = Field::new("secret").guarded(vec![Rule::owner()]);
    /// let rules = vec![Rule::owner(), Rule::private().operations(Operations::READ)];
    /// let note = Model::new("Note", vec![Field::new("title"), secret], rules)?;
    /// let person = |sub: &str, name: &str| {
    ///     Identity::from(User::user_pools(Claims::from_iter([("sub", sub), ("username", name)]), VerifiedBy::Portcullis))
    /// };
    /// let (ann, bob) = (person("u1", "ann"), person("u2", "bob"));
    ///
    /// let stored = Item::from_iter([("owner".to_owned(), "u1::ann".into()), ("secret".to_owned(), "s".into())]);
    /// assert_eq!(Authorizer::new().withheld(&ann, &note, &stored), Vec::<&str>::new());
    /// assert_eq!(Authorizer::new().withheld(&bob, &note, &stored), ["secret"]);
    /// # Ok::<(), InvalidModel>(())
    /// ```
    #[must_use]
    pub fn withheld<'m>(&self, identity: &Identity, model: &'m Model, item: &Item) -> Vec<&'m str> {
        if !model.has_field_rules() || self.is_unrestricted(identity, model) {
            return Vec::new();
        }
        let matrix = model.matrix();
        let admitted = |row: &&Row, operation| self.admits(row, identity, operation, item);
        let readers = || matrix.rows_for(identity).filter(|row| row.reads_some());
        // Fields are asked about as writes are, records as queries are.
        let as_writer: Vec<&Row> = readers().filter(|row| admitted(row, Operation::Update)).collect();
        let as_reader: Vec<&Row> = readers().filter(|row| admitted(row, Operation::Get)).collect();
        let either = || as_writer.iter().chain(&as_reader);

        let is_read = |column: usize, guarded: bool| {
            if matrix.is_kept_from_some(column) {
                as_writer.iter().any(|row| row.reads(column) && row.touches(Operation::Get))
            } else {
                either().any(|row| row.reads(column)) || !guarded && either().next().is_none()
            }
        };
        let fields = model.fields().iter().enumerate();
        fields
            .filter(|(column, field)| !is_read(*column, field.rules.is_some()))
            .map(|(_, field)| field.name.as_str())
            .collect()
    }

    /// What can be said about a field before a record is loaded: [`Screening::Denied`] when it is
    /// [withheld](Self::withheld) in every record, [`Screening::Allowed`] when it is in none.
    ///
    /// ```
    /// use portcullis_rules::{Authorizer, Field, FunctionCaller, Identity, InvalidModel, Model, Rule, Screening};
    ///
    /// let secret = Field::new("secret").guarded(vec![Rule::owner()]);
    /// let note = Model::new("Note", vec![Field::new("title"), secret], vec![Rule::owner(), Rule::custom()])?;
    /// let function = Identity::Function(FunctionCaller::default());
    /// assert_eq!(Authorizer::new().screen_field(&function, &note, "title"), Screening::Allowed);
    /// assert_eq!(Authorizer::new().screen_field(&function, &note, "secret"), Screening::Denied);
    /// # Ok::<(), InvalidModel>(())
    /// ```
    pub fn screen_field(&self, identity: &Identity, model: &Model, field: &str) -> Screening {
        let matrix = model.matrix();
        let column = matrix.column(field).filter(|_| model.has_field_rules());
        let Some(column) = column.filter(|_| !self.is_unrestricted(identity, model)) else {
            return Screening::Allowed;
        };
        let is_kept = matrix.is_kept_from_some(column);
        let counts = |row: &&Row| row.reads(column) && (!is_kept || row.touches(Operation::Get));
        let ways = if is_kept { &[Operation::Update][..] } else { &[Operation::Update, Operation::Get] };
        let guarded = model.fields().get(column).is_some_and(|field| field.rules.is_some());
        // What nobody is kept from goes with a record that no role of the caller's reads by itself.
        let mut screening = if is_kept || guarded { Screening::Denied } else { Screening::NeedsItem };
        for row in matrix.rows_for(identity).filter(counts) {
            for &operation in ways {
                match self.standing(row, identity, operation) {
                    Standing::Admitted => return Screening::Allowed,
                    Standing::ByRecord(_) => screening = Screening::NeedsItem,
                    Standing::Refused(_) => {}
                }
            }
        }
        screening
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        Authorizer, Claims, Field, Identity, Item, Model, Operation, Operations, Provider, Rule, User,
        VerifiedBy,
    };

    fn user(claims: serde_json::Value) -> Identity {
        User::user_pools(Claims::from(claims.as_object().unwrap().clone()), VerifiedBy::Portcullis).into()
    }

    fn member(group: &str) -> Identity {
        user(json!({"sub": "u9", "username": "eve", "cognito:groups": [group]}))
    }

    fn withheld(model: &Model, identity: &Identity, item: serde_json::Value) -> String {
        let item: Item = item.as_object().unwrap().clone();
        Authorizer::default().withheld(identity, model, &item).join(" ")
    }

    fn model(guarded: Vec<Rule>, rules: Vec<Rule>) -> Model {
        let fields = vec![Field::new("title"), Field::new("secret").guarded(guarded), Field::list("teams")];
        Model::new("Note", fields, rules).unwrap()
    }

    #[test]
    fn a_field_is_read_by_whom_its_own_rules_admit() {
        let read = Operations::READ;
        let ann = || user(json!({"sub": "u1", "username": "ann"}));
        let everybody = || vec![Rule::private(), Rule::public()];
        let table = [
            (Rule::owner(), ann(), json!({"owner": "u1::ann"}), ""),
            (Rule::owner(), ann(), json!({"owner": "u2::bob"}), "secret"),
            (Rule::owner(), ann(), json!({}), "secret"),
            (Rule::owner().operations(read), ann(), json!({"owner": "ann"}), ""),
            (Rule::owner().operations(Operation::Update), ann(), json!({"owner": "ann"}), "secret"),
            // As for a write, the token needs every claim of the rule.
            (Rule::owner(), user(json!({"sub": "u1"})), json!({"owner": "u1"}), "secret"),
            (Rule::groups(["A"]), member("A"), json!({}), ""),
            (Rule::groups(["A"]), member("B"), json!({}), "secret"),
            (Rule::groups_in("teams"), member("A"), json!({"teams": ["B", "A"]}), ""),
            (Rule::groups_in("teams"), member("A"), json!({"teams": ["B"]}), "secret"),
            (Rule::public(), Identity::ApiKey, json!({}), ""),
            (Rule::public(), ann(), json!({}), "secret"),
            (Rule::private(), Identity::ApiKey, json!({}), "secret"),
            (Rule::private(), ann(), json!({}), ""),
        ];
        for (rule, identity, item, expected) in table {
            let model = model(vec![rule.clone()], everybody());
            assert_eq!(withheld(&model, &identity, item.clone()), expected, "{rule} {item}");
        }
    }

    #[test]
    fn a_role_that_only_a_field_names_reads_nothing_else() {
        let model = model(vec![Rule::groups(["A"])], vec![Rule::owner()]);
        assert_eq!(withheld(&model, &member("A"), json!({"owner": "u1::ann"})), "title teams");
    }

    #[test]
    fn what_nobody_is_kept_from_goes_with_the_record() {
        // Amplify's way of keeping owners from giving records away.
        let rules = vec![Rule::owner().operations(Operations::READ.union(Operation::Delete.into()))];
        let model = model(rules, vec![Rule::owner()]);
        for claims in [json!({"sub": "u1", "username": "ann"}), json!({"sub": "u1"})] {
            assert_eq!(withheld(&model, &user(claims), json!({"owner": "u1"})), "");
        }
    }

    #[test]
    fn who_may_only_list_or_change_the_record_does_not_get_a_guarded_field_with_it() {
        let lists = vec![Rule::owner(), Rule::groups(["A"]).operations([Operation::List, Operation::Update])];
        let model = model(vec![Rule::owner()], lists);
        assert_eq!(withheld(&model, &member("A"), json!({"owner": "u1::ann"})), "secret");
    }

    #[test]
    fn where_everybody_signed_in_reads_a_field_other_roles_do_not_count() {
        let open = [Rule::private().operations(Operations::READ)];
        let both = vec![Rule::private().operations(Operations::READ), Rule::owner()];
        let table = [(Provider::UserPools, ""), (Provider::Oidc, "secret")];
        for (provider, expected) in table {
            let guarded = open.iter().cloned().map(|rule| rule.provider(provider)).collect();
            assert_eq!(withheld(&model(guarded, both.clone()), &member("A"), json!({})), expected);
        }
    }

    #[test]
    fn a_model_without_rules_of_fields_withholds_nothing() {
        let model = Model::new("Note", vec![Field::new("title")], vec![Rule::owner()]).unwrap();
        assert!(!model.has_field_rules());
        assert_eq!(withheld(&model, &Identity::ApiKey, json!({})), "");
    }
}
