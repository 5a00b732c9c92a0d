//! A type of record and the rules that guard it, compiled for fast decisions.

use std::collections::HashSet;

use serde_json::Value;

use crate::{Field, InvalidModel, Item, Rule, Strategy, implied::Implied, matrix::Matrix};

/// A model as the rules see it.
///
/// A model without rules admits nobody.
///
/// ```
/// use portcullis_rules::{Field, InvalidModel, Model, Rule};
///
/// let fields = vec![Field::new("title"), Field::list("editors")];
/// let model = Model::new("Note", fields, vec![Rule::owner(), Rule::owner_in("editors")])?;
/// assert_eq!(model.rules().len(), 2);
///
/// let twice = Model::new("Note", vec![], vec![Rule::private(), Rule::private()]);
/// assert_eq!(twice.unwrap_err().to_string(), "@auth Note:userPools:private already exists for Note");
/// # Ok::<(), InvalidModel>(())
/// ```
#[derive(Clone, Debug)]
pub struct Model {
    name: String,
    fields: Vec<Field>,
    rules: Vec<Rule>,
    matrix: Matrix,
    pub(crate) implied: Implied,
}

impl Model {
    /// Compiles the rules of a model and of its fields.
    ///
    /// A model that declares no fields is guarded by its rules as a whole, which suits a handler without a schema.
    ///
    /// # Errors
    ///
    /// When two rules of the model make the same role, when a rule's strategy does not go with its provider, when the
    /// parts of an `and` cannot hold together, or when two fields have the same name.
    pub fn new(name: impl Into<String>, fields: Vec<Field>, rules: Vec<Rule>) -> Result<Self, InvalidModel> {
        let name = name.into();
        let mut seen = HashSet::new();
        if let Some(twice) = fields.iter().find(|field| !seen.insert(field.name.as_str())) {
            return Err(InvalidModel::FieldTwice { field: twice.name.clone(), model: name });
        }
        let matrix = Matrix::new(&name, &fields, &rules)?;
        Ok(Self { name, fields, rules, matrix, implied: Implied::default() })
    }

    /// What stands for a field without rules.
    pub(crate) fn unguarded(matrix: Matrix) -> Self {
        Self {
            name: String::new(),
            fields: Vec::new(),
            rules: Vec::new(),
            matrix,
            implied: Implied::default(),
        }
    }

    /// The name of the model.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The declared fields, in order.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The rules of the model, in order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether some field has rules of its own, so that callers may see different fields of one record.
    #[must_use]
    pub fn has_field_rules(&self) -> bool {
        self.fields.iter().any(|field| field.rules.is_some())
    }

    /// Whether this field may be [withheld](crate::Authorizer::withheld) from somebody who has the record: it has rules
    /// of its own, or some role reads others and not this one.
    #[must_use]
    pub fn may_withhold(&self, field: &str) -> bool {
        let kept = |column: usize| {
            let guarded = self.fields.get(column).is_some_and(|field: &Field| field.rules.is_some());
            guarded || self.matrix.rows().iter().any(|row| row.reads_some() && !row.reads(column))
        };
        self.has_field_rules() && self.matrix.column(field).is_some_and(kept)
    }

    /// The rules of the model and then those of its fields.
    pub(crate) fn all_rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().chain(self.fields.iter().flat_map(|field| field.rules.iter().flatten()))
    }

    pub(crate) fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// A stored record as a client sees it: an owner stored as `<sub>::<username>` is shown as its last segment.
    ///
    /// Only owner fields that are known by several claims are touched. It is for answers: decisions are made on what
    /// is stored, and what it returns must not be written back.
    ///
    /// ```
    /// use portcullis_rules::{InvalidModel, Item, Model, Rule};
    ///
    /// let model = Model::new("Note", vec![], vec![Rule::owner()])?;
    /// let stored = Item::from_iter([("owner".to_owned(), "6f1c::ann".into())]);
    /// assert_eq!(model.present(stored)["owner"], "ann");
    /// # Ok::<(), InvalidModel>(())
    /// ```
    #[must_use]
    pub fn present(&self, mut item: Item) -> Item {
        for strategy in self.all_rules().flat_map(|rule| rule.strategy.parts()) {
            if let Strategy::Owner { field, claim } = strategy
                && claim.parts().len() > 1
                && let Some(value) = item.get_mut(field)
            {
                present_owner(value);
            }
        }
        item
    }
}

fn present_owner(value: &mut Value) {
    match value {
        Value::String(owner) => {
            if let Some((_, last)) = owner.rsplit_once("::") {
                *owner = last.to_owned();
            }
        }
        Value::Array(owners) => owners.iter_mut().filter(|owner| owner.is_string()).for_each(present_owner),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Provider;

    #[test]
    fn an_owner_known_by_several_claims_is_shown_as_the_last() {
        let rules = vec![
            Rule::owner(),
            Rule::owner_in("editors"),
            Rule::owner_in("tenant").claim("custom:tenant"),
            Rule::all([Rule::owner_in("author").strategy, Rule::private().strategy]),
        ];
        let model = Model::new("Note", vec![Field::list("editors")], rules).unwrap();
        let table = [
            (json!({"owner": "u1::ann"}), json!({"owner": "ann"})),
            (json!({"owner": "ann"}), json!({"owner": "ann"})),
            (json!({"owner": "a::b::c"}), json!({"owner": "c"})),
            (json!({"owner": null, "title": "a::b"}), json!({"owner": null, "title": "a::b"})),
            (json!({"editors": ["u1::ann", "bob", 7]}), json!({"editors": ["ann", "bob", 7]})),
            (json!({"tenant": "a::b"}), json!({"tenant": "a::b"})),
            (json!({"author": "u1::ann"}), json!({"author": "ann"})),
            (json!({}), json!({})),
        ];
        for (stored, shown) in table {
            let stored = stored.as_object().unwrap().clone();
            assert_eq!(Value::Object(model.present(stored)), shown);
        }
    }

    #[test]
    fn the_same_role_may_not_be_granted_twice() {
        let table = [
            (
                vec![Rule::groups(["A", "A"])],
                "@auth Note:userPools:staticGroup:A:cognito:groups already exists for Note",
            ),
            (
                vec![Rule::owner(), Rule::owner().operations(crate::Operations::READ)],
                "@auth Note:userPools:owner:owner:sub::username already exists for Note",
            ),
        ];
        for (rules, message) in table {
            assert_eq!(Model::new("Note", vec![], rules).unwrap_err().to_string(), message);
        }
        let different = vec![Rule::owner(), Rule::owner().claim("email"), Rule::owner_in("author")];
        assert!(Model::new("Note", vec![], different).is_ok());
    }

    #[test]
    fn a_field_may_not_be_declared_twice() {
        let secret = Field::new("secret").guarded(vec![Rule::owner()]);
        let twice = Model::new("Note", vec![secret, Field::new("secret")], vec![Rule::private()]);
        assert_eq!(twice.unwrap_err().to_string(), "the field `secret` of Note is declared twice");
    }

    #[test]
    fn an_and_says_what_is_wrong_with_it() {
        let parts = || vec![Rule::owner().strategy, Rule::groups(["a"]).strategy];
        let table = [
            (vec![Rule::all([])], "a rule of Note with `and` has fewer than two parts"),
            (
                vec![Rule::all([Rule::all(parts()).strategy, Rule::private().strategy])],
                "a rule of Note has an `and` within an `and`",
            ),
            (
                vec![Rule::all(parts()), Rule::all(parts().into_iter().rev())],
                "@auth Note:userPools:and(staticGroup:a:cognito:groups, owner:owner:sub::username) already exists for Note",
            ),
        ];
        for (rules, message) in table {
            assert_eq!(Model::new("Note", vec![], rules).unwrap_err().to_string(), message);
        }
        assert!(
            Model::new("Note", vec![], vec![Rule::all(parts()), Rule::owner(), Rule::groups(["a"])]).is_ok()
        );
    }

    #[test]
    fn a_rule_whose_provider_cannot_prove_it_is_refused() {
        let refused =
            Model::new("Note", vec![], vec![Rule::public().provider(Provider::UserPools)]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a rule of Note with `allow: public` does not support the provider `userPools`"
        );
    }
}
