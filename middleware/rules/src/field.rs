//! A field of a model.

use crate::Rule;

/// A field of a model as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name of the field.
    pub name: String,
    /// Whether it holds a list.
    pub list: bool,
    /// Rules of its own, which replace the model's for this field.
    pub rules: Option<Vec<Rule>>,
}

impl Field {
    /// A field that holds one value and has no rules of its own.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), list: false, rules: None }
    }

    /// A field that holds a list and has no rules of its own.
    #[must_use]
    pub fn list(name: impl Into<String>) -> Self {
        Self { list: true, ..Self::new(name) }
    }

    /// Guards the field with rules of its own, which replace the model's for it.
    ///
    /// *Caveats.* A record is decided about and read as a whole: a caller who may see it gets it without this field only
    /// from a door that leaves out what [`Authorizer::withheld`](crate::Authorizer::withheld) names. The rules of a
    /// field can open the record, too: whoever they admit may get the record, with this field alone. And a field whose
    /// rules do not grant delete to a role takes away that role's right to delete the record.
    #[must_use]
    pub fn guarded(mut self, rules: Vec<Rule>) -> Self {
        self.rules = Some(rules);
        self
    }
}
