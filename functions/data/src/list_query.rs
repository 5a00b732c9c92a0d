//! What a list asks for besides a page.

use crate::{Filter, Revision};

/// Which of the records that a caller may list, and in which order.
///
/// ```
/// use portcullis_data::{Filter, ListQuery};
/// use serde_json::json;
///
/// let latest = ListQuery::default().descending();
/// let drafts = latest.clone().filter(Filter::parse(&json!({"state": {"eq": "draft"}}))?);
/// assert_ne!(latest, drafts);
/// # Ok::<(), portcullis_data::InvalidFilter>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListQuery {
    pub(crate) filter: Option<Filter>,
    pub(crate) descending: bool,
}

/// What a record must be for a write to happen. It is decided on the record that is written: if somebody changes the record
/// in between, it is decided anew.
///
/// ```
/// use portcullis_data::{Expected, Filter, Revision};
/// use serde_json::json;
///
/// let (revision, filter) = (Revision::new("r"), Filter::parse(&json!({"state": {"ne": "closed"}}))?);
/// let both = Expected::from(&filter).revision(&revision);
/// assert_ne!(both, Expected::from(Some(&revision)));
/// # Ok::<(), portcullis_data::InvalidFilter>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expected<'a> {
    pub(crate) revision: Option<&'a Revision>,
    pub(crate) condition: Option<&'a Filter>,
}

impl ListQuery {
    /// Only records that meet the condition. `limit` counts these; a page that has looked at a thousand others ends early and
    /// says where to go on. What the caller may not see in a record counts as absent from it.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// The latest first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }
}

impl<'a> Expected<'a> {
    /// It must have this revision.
    #[must_use]
    pub fn revision(mut self, revision: &'a Revision) -> Self {
        self.revision = Some(revision);
        self
    }

    /// It must meet this condition, in which the caller may ask about no field that they may not read, and about none that the
    /// schema does not declare.
    #[must_use]
    pub fn condition(mut self, condition: &'a Filter) -> Self {
        self.condition = Some(condition);
        self
    }
}

impl<'a> From<Option<&'a Revision>> for Expected<'a> {
    fn from(revision: Option<&'a Revision>) -> Self {
        Self { revision, condition: None }
    }
}

impl<'a> From<&'a Filter> for Expected<'a> {
    fn from(condition: &'a Filter) -> Self {
        Self { revision: None, condition: Some(condition) }
    }
}
