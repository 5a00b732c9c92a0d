//! What is known about a request besides its action and its resource.

use std::collections::BTreeMap;

/// The keys that conditions and variables ask for, and their values. The names are compared without regard to case, as IAM
/// compares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    entries: BTreeMap<String, Entry>,
    /// The beginnings of keys that are not there if they are not among these; `None` if that holds for all keys.
    known: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    One(String),
    /// A key that may have several values, whether or not it has.
    Several(Vec<String>),
}

impl Context {
    /// A context in which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a key that has one value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.entries.insert(key.to_ascii_lowercase(), Entry::One(value.into()));
        self
    }

    /// The same with a key that may have several values, such as `cognito-identity.amazonaws.com:amr`. Conditions on it need
    /// `ForAnyValue` or `ForAllValues`.
    #[must_use]
    pub fn with_several(mut self, key: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.entries.insert(key.to_ascii_lowercase(), Entry::Several(values));
        self
    }

    /// The same for somebody who does not tell all that AWS would: keys that begin like one of these are not there unless they
    /// were given, and of every other key that was not given nobody knows. What a condition makes of such a key helps nobody.
    #[must_use]
    pub fn knowing_only(mut self, beginnings: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let beginnings = beginnings.into_iter();
        self.known = Some(beginnings.map(|beginning| beginning.as_ref().to_ascii_lowercase()).collect());
        self
    }

    /// Whether a key may be there though it was not given.
    pub(crate) fn is_unknown(&self, key: &str) -> bool {
        let Some(known) = &self.known else { return false };
        let key = key.to_ascii_lowercase();
        !self.entries.contains_key(&key) && !known.iter().any(|beginning| key.starts_with(beginning))
    }

    /// A key without values is one that is not there.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        let entry = self.entries.get(&key.to_ascii_lowercase())?;
        (!entry.values().is_empty()).then_some(entry)
    }

    /// The value of a key that has one; a variable can stand for no other.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Entry::One(value) => Some(value),
            Entry::Several(_) => None,
        }
    }
}

impl Entry {
    pub(crate) fn values(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) => values,
        }
    }
}
