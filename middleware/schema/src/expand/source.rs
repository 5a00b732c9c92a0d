//! What answers a field of the expanded API.

use portcullis_rules::Operation;

/// What answers a field of the expanded API. Names of models, fields and indexes are those that
/// [`Schema::model`](crate::Schema::model) knows.
///
/// ```
/// use portcullis_schema::{FieldSource, Schema};
///
/// let source = "type Note @model @auth(rules: [{allow: owner}]) { title: String }";
/// let expanded = Schema::parse(source, "schema.graphql")?.expand();
/// let query = expanded.field("Query", "getNote").ok_or("no such field")?;
/// assert_eq!(query.source, Some(FieldSource::Get { model: "Note".to_owned() }));
/// assert_eq!(expanded.field("Note", "title").map(|title| title.source.is_none()), Some(true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldSource {
    /// One record by its key: an argument for each field of the key.
    Get {
        /// The model.
        model: String,
    },
    /// A page of records.
    List {
        /// The model.
        model: String,
        /// The arguments that narrow it down to a part of the key; a model without `@primaryKey` has none.
        key: Option<KeyArguments>,
    },
    /// A page of the records that an index finds.
    Index {
        /// The model.
        model: String,
        /// The name of the index.
        index: String,
        /// The arguments that say where to look.
        key: KeyArguments,
    },
    /// Makes a record.
    Create {
        /// The model.
        model: String,
    },
    /// Changes a record.
    Update {
        /// The model.
        model: String,
    },
    /// Removes a record.
    Delete {
        /// The model.
        model: String,
    },
    /// Tells of changes.
    Subscription {
        /// The model.
        model: String,
        /// The changes: of [`Create`](Operation::Create), [`Update`](Operation::Update) and
        /// [`Delete`](Operation::Delete) those that it tells of.
        changes: Vec<Operation>,
        /// Whether rules restrict what is told: `@model(subscriptions: {level: public})` says that they do not.
        guarded: bool,
        /// The arguments by which a client asks for the records of an owner: the fields that hold one.
        owners: Vec<String>,
    },
    /// The records that belong to a record.
    Relation {
        /// The model of the record.
        model: String,
        /// The field, which [`ModelType::connection`](crate::ModelType::connection) knows.
        field: String,
        /// Whether it is a page.
        many: bool,
        /// The argument that narrows the page down by the sort key, if there is one.
        sort: Option<SortArgument>,
    },
    /// Functions, one after the other.
    Functions {
        /// Their names.
        names: Vec<String>,
    },
}

/// The arguments of a page that speak of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyArguments {
    /// The field that is the partition key, and the argument of that name.
    pub partition: String,
    /// The argument that holds a condition on the sort key, if the key has one.
    pub sort: Option<SortArgument>,
}

/// An argument that holds a condition on a sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortArgument {
    /// The name of the argument. Of several fields it joins their names: `statusCreatedAt`.
    pub name: String,
    /// The fields of the sort key. The condition on several fields has objects for values.
    pub fields: Vec<String>,
}

impl FieldSource {
    /// The model whose records the field is about; none of a function.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        match self {
            Self::Get { model }
            | Self::List { model, .. }
            | Self::Index { model, .. }
            | Self::Create { model }
            | Self::Update { model }
            | Self::Delete { model }
            | Self::Subscription { model, .. }
            | Self::Relation { model, .. } => Some(model),
            Self::Functions { .. } => None,
        }
    }
}
