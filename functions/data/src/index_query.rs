//! What a query of an index asks for.

use std::fmt;

use portcullis_rules::{Item, KeyTerm, Lookup};
use portcullis_schema::ModelType;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    DataError, Filter,
    key_value::{AFTER_END, END, canonical, invalid, sortable, sortable_beginning},
    record_layout::{MAX_SORT, RecordIndex},
};

/// A query of an index, or of a model's own key if it has sort fields.
///
/// ```
/// use portcullis_data::{IndexQuery, SortCondition};
///
/// // The notes of a day, from nine o'clock on, latest first.
/// let query = IndexQuery::new(Some("byDay"), "2026-01-31").sort(SortCondition::Ge(vec!["09:00:00".into()])).descending();
/// # let _ = query;
/// ```
///
/// `Debug` shows no values: an index can be one of e-mail addresses.
#[derive(Clone, PartialEq)]
pub struct IndexQuery {
    index: Option<String>,
    value: Value,
    sort: SortCondition,
    descending: bool,
    filter: Option<Filter>,
}

/// Which part of the records that have one value in an index. The values are those of the sort fields, in order; if they
/// are fewer than the fields, the others may be anything.
///
/// Records are compared field by field, as tuples are: numbers by size, dates and times by the moment, and everything
/// else as text in the order of Unicode.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum SortCondition {
    /// All of them.
    #[default]
    Any,
    /// Those with these values.
    Eq(Vec<Value>),
    /// Those before.
    Lt(Vec<Value>),
    /// Those up to and with these values.
    Le(Vec<Value>),
    /// Those behind.
    Gt(Vec<Value>),
    /// Those from these values on.
    Ge(Vec<Value>),
    /// Those from the first to the second values, both included.
    Between(Vec<Value>, Vec<Value>),
    /// Those that have these values, of the last of which this is the beginning. Numbers have none; dates and times are
    /// compared as they are written in UTC.
    BeginsWith(Vec<Value>),
}

/// A part of a partition: from one place to another, both included. No row stands at a place that is named here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
}

impl IndexQuery {
    /// The records that have this value in the field of the index of this name; `None` is the model's own key.
    #[must_use]
    pub fn new(index: Option<&str>, value: impl Into<Value>) -> Self {
        let index = index.map(str::to_owned);
        Self { index, value: value.into(), sort: SortCondition::Any, descending: false, filter: None }
    }

    /// Only those whose sort fields meet this condition.
    #[must_use]
    pub fn sort(mut self, condition: SortCondition) -> Self {
        self.sort = condition;
        self
    }

    /// The last first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Only records that meet the condition as well, as [`ListQuery::filter`](crate::ListQuery::filter) has it.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    pub(crate) fn filtered(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    pub(crate) fn index(&self) -> Option<&str> {
        self.index.as_deref()
    }

    pub(crate) fn is_descending(&self) -> bool {
        self.descending
    }

    /// The value as it stands in the index.
    pub(crate) fn value(&self, model: &ModelType, index: &RecordIndex<'_>) -> Result<String, DataError> {
        let field =
            model.field(index.field).ok_or_else(|| DataError::invalid(index.field, "is not a field"))?;
        canonical(field.kind(), &self.value).map_err(|problem| DataError::invalid(index.field, problem))
    }

    /// The query as the rules see it.
    pub(crate) fn lookup(&self, index: &RecordIndex<'_>) -> Lookup {
        let term = |value: &Value| value.as_str().map_or(KeyTerm::Other, KeyTerm::from);
        let value = term(&self.value);
        let lookup = match self.index {
            Some(_) => Lookup::by_index(index.field, value),
            None => Lookup::by_key(index.field, value),
        };
        // A sort key of several fields is none that a rule could speak of.
        let [sort] = index.sort_fields else {
            return lookup;
        };
        let sorted = match &self.sort {
            SortCondition::Any => KeyTerm::Absent,
            SortCondition::Eq(values) => values.first().map_or(KeyTerm::Absent, term),
            _ => KeyTerm::Other,
        };
        lookup.sorted(sort, sorted)
    }

    /// The fields that have a certain text in every record that is asked for.
    pub(crate) fn held<'q>(&'q self, index: &RecordIndex<'q>) -> Vec<(&'q str, &'q str)> {
        let sorted: &[Value] = match &self.sort {
            SortCondition::Eq(values) => values,
            _ => &[],
        };
        let fields = std::iter::once(index.field).chain(index.sort_fields.iter().map(String::as_str));
        let values = std::iter::once(&self.value).chain(sorted);
        fields.zip(values).filter_map(|(field, value)| Some((field, value.as_str()?))).collect()
    }

    /// The same query, asking for what the rules ask for besides.
    pub(crate) fn narrowed(self, index: &RecordIndex<'_>, narrowing: &Item) -> Self {
        let value = match index.sort_fields {
            [sort] if self.sort == SortCondition::Any => narrowing.get(sort).cloned(),
            _ => None,
        };
        match value {
            Some(value) => self.sort(SortCondition::Eq(vec![value])),
            None => self,
        }
    }

    /// The part of the partitions that holds what is asked for.
    pub(crate) fn range(&self, model: &ModelType, index: &RecordIndex<'_>) -> Result<Range, DataError> {
        let bound = |values: &[Value], last: char| -> Result<String, DataError> {
            Ok(format!("{}{last}", sort_text(values, model, index)?))
        };
        let (from, to) = match &self.sort {
            SortCondition::Any => (None, None),
            SortCondition::Eq(values) => (Some(bound(values, END)?), Some(bound(values, AFTER_END)?)),
            SortCondition::Lt(values) => (None, Some(bound(values, END)?)),
            SortCondition::Le(values) => (None, Some(bound(values, AFTER_END)?)),
            SortCondition::Gt(values) => (Some(bound(values, AFTER_END)?), None),
            SortCondition::Ge(values) => (Some(bound(values, END)?), None),
            SortCondition::Between(first, last) => (Some(bound(first, END)?), Some(bound(last, AFTER_END)?)),
            SortCondition::BeginsWith(values) => {
                let beginning = beginning(values, model, index)?;
                let behind = behind(&beginning);
                (Some(beginning).filter(|text| !text.is_empty()), behind)
            }
        };
        let range = Range { from, to };
        let longest = [&range.from, &range.to].into_iter().flatten().map(String::len).max();
        if longest.is_some_and(|length| length > MAX_SORT + 4) {
            let field = index.sort_fields.last().map_or(index.field, String::as_str);
            return Err(DataError::invalid(field, "is longer than any value of the index"));
        }
        Ok(range)
    }
}

impl Range {
    /// Whether nothing can lie in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.from.as_ref().zip(self.to.as_ref()).is_some_and(|(from, to)| from > to)
    }

    /// What lies in both.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let bounds = |one: &Option<String>, other: &Option<String>| {
            let mut both: Vec<String> = one.iter().chain(other).cloned().collect();
            both.sort();
            both
        };
        Self {
            from: bounds(&self.from, &other.from).pop(),
            to: bounds(&self.to, &other.to).into_iter().next(),
        }
    }

    pub(crate) fn holds(&self, place: &str) -> bool {
        self.from.as_deref().is_none_or(|from| from <= place)
            && self.to.as_deref().is_none_or(|to| place <= to)
    }
}

/// What tells a query from others: a token of one is none of another.
pub(crate) fn fingerprint(model: &str, query: &IndexQuery, value: &str, range: &Range) -> String {
    let from = range.from.as_deref();
    let direction = if query.descending { "-" } else { "+" };
    let parts = [Some(model), query.index(), Some(value), from, range.to.as_deref(), Some(direction)];
    let mut hasher = Sha256::new();
    for part in parts {
        let length = part.map_or(u64::MAX, |part| u64::try_from(part.len()).unwrap_or(u64::MAX));
        hasher.update(length.to_be_bytes());
        hasher.update(part.unwrap_or_default());
    }
    hasher.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

fn sort_text(values: &[Value], model: &ModelType, index: &RecordIndex<'_>) -> Result<String, DataError> {
    let texts: Vec<String> = fields(values, model, index)?
        .map(|(name, kind, value)| {
            sortable(kind, value).map_err(|problem| DataError::Invalid(vec![invalid(name, problem)]))
        })
        .collect::<Result<_, _>>()?;
    Ok(texts.join(END.encode_utf8(&mut [0; 4])))
}

fn beginning(values: &[Value], model: &ModelType, index: &RecordIndex<'_>) -> Result<String, DataError> {
    let Some((last, before)) = values.split_last() else {
        return Ok(String::new());
    };
    let mut text = String::new();
    if !before.is_empty() {
        text = sort_text(before, model, index)?;
        text.push(END);
    }
    let (name, kind, last) = fields(values, model, index)?
        .last()
        .map(|(name, kind, _)| (name, kind, last))
        .ok_or_else(|| DataError::invalid("", "has no value for the sort key"))?;
    let last = sortable_beginning(kind, last)
        .ok_or_else(|| DataError::invalid(name, "must be the beginning of a text"))?;
    text.push_str(&last);
    Ok(text)
}

type Named<'v> = (&'v str, &'v portcullis_schema::TypeRef, &'v Value);

/// The sort fields that have a value here, with it.
fn fields<'v>(
    values: &'v [Value],
    model: &'v ModelType,
    index: &'v RecordIndex<'_>,
) -> Result<impl Iterator<Item = Named<'v>>, DataError> {
    if values.is_empty() || values.len() > index.sort_fields.len() {
        let field = index.sort_fields.first().map_or(index.field, String::as_str);
        let problem = format!("takes from one to {} values in a condition", index.sort_fields.len());
        return Err(DataError::invalid(field, problem));
    }
    let named = index.sort_fields.iter().zip(values);
    Ok(named.filter_map(|(name, value)| Some((name.as_str(), model.field(name)?.kind(), value))))
}

/// The first text behind all that begin with this one; `None` if there is none.
fn behind(beginning: &str) -> Option<String> {
    let mut letters: Vec<char> = beginning.chars().collect();
    while let Some(last) = letters.pop() {
        // There are no characters from U+D800 to U+DFFF.
        let next = if last == '\u{D7FF}' { Some('\u{E000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

/// The kind of condition and no values.
impl fmt::Debug for SortCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "Any",
            Self::Eq(_) => "Eq",
            Self::Lt(_) => "Lt",
            Self::Le(_) => "Le",
            Self::Gt(_) => "Gt",
            Self::Ge(_) => "Ge",
            Self::Between(..) => "Between",
            Self::BeginsWith(_) => "BeginsWith",
        })
    }
}

impl fmt::Debug for IndexQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexQuery")
            .field("index", &self.index)
            .field("sort", &self.sort)
            .field("descending", &self.descending)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_a_beginning_is_behind_all_that_begin_with_it() {
        for (beginning, expected) in [
            ("a", Some("b")),
            ("ab", Some("ac")),
            ("a\u{D7FF}", Some("a\u{E000}")),
            ("a\u{10FFFF}", Some("b")),
            ("\u{10FFFF}", None),
            ("", None),
        ] {
            assert_eq!(behind(beginning).as_deref(), expected, "{beginning:?}");
        }
    }
}
