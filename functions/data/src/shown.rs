//! A record as one caller may see it.

use std::fmt;

use portcullis_rules::Item;

use crate::{Page, RecordKey, Revision};

/// A record as one caller may see it, with the revision that it has.
///
/// It can be read and not written: what is written is what a permit was given for, and that is made of what is stored,
/// which does not leave this crate.
///
/// ```compile_fail,E0616
/// # fn forge(mut shown: portcullis_data::Shown) {
/// shown.item.insert("owner".to_owned(), "eve".into());
/// # }
/// ```
///
/// ```
/// # fn read(shown: portcullis_data::Shown) {
/// let (_, _, _) = (shown.item().get("owner"), shown.revision(), shown.key());
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct Shown {
    pub(crate) item: Item,
    pub(crate) revision: Revision,
    pub(crate) key: Option<RecordKey>,
}

/// What a relation leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Related {
    /// The related record; `None` if there is none that the caller may see.
    One(Option<Shown>),
    /// A page of the related records that the caller may see.
    Many(Page),
}

impl Shown {
    /// The fields that the caller may see.
    #[must_use]
    pub fn item(&self) -> &Item {
        &self.item
    }

    /// The fields that the caller may see.
    #[must_use]
    pub fn into_item(self) -> Item {
        self.item
    }

    /// Changes with every write. It is that of the whole record: it tells that something has changed, not what.
    #[must_use]
    pub fn revision(&self) -> &Revision {
        &self.revision
    }

    /// What the record is found by; `None` if part of it is withheld from the caller.
    #[must_use]
    pub fn key(&self) -> Option<&RecordKey> {
        self.key.as_ref()
    }
}

/// The names of the fields and no values: a record holds people's data.
impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<&String> = self.item.keys().collect();
        f.debug_struct("Shown")
            .field("fields", &fields)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}
