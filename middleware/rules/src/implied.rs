//! Fields that a client may send although no rule speaks of them.

/// The fields of a model's inputs that follow from its keys and from relations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Implied {
    pub(crate) foreign_keys: Vec<String>,
    /// A column, and the fields that the server joins it from.
    pub(crate) composites: Vec<(String, Vec<String>)>,
    key: Option<String>,
}

impl Implied {
    /// Names the partition key.
    pub(crate) fn set_key(&mut self, field: String) {
        self.key = Some(field);
    }

    /// Whether the field is the partition key.
    pub(crate) fn is_key(&self, field: &str) -> bool {
        self.key.as_deref() == Some(field)
    }
}
