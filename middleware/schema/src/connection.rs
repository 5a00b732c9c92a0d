//! How the records of one model find those of another.

use crate::RelationKind;

/// A [`Relation`](crate::Relation) resolved: which values are equal on both sides, and by what the related records are
/// found.
///
/// ```
/// use portcullis_schema::{Schema, Through};
///
/// let source = "
///     type Blog @model @auth(rules: [{allow: owner}]) { name: String posts: [Post] @hasMany }
///     type Post @model @auth(rules: [{allow: owner}]) { text: String blog: Blog @belongsTo }";
/// let schema = Schema::parse(source, "schema.graphql")?;
/// let posts = schema.model("Blog").and_then(|blog| blog.connection("posts")).ok_or("no such field")?;
/// assert_eq!(posts.pairs, [("id".to_owned(), "blogPostsId".to_owned())]);
/// assert_eq!(posts.through, Through::Index("gsi-Blog.posts".to_owned()));
/// let blog = schema.model("Post").and_then(|post| post.connection("blog")).ok_or("no such field")?;
/// assert_eq!(blog.pairs, [("blogPostsId".to_owned(), "id".to_owned())]);
/// assert_eq!(blog.through, Through::Key);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The name of the field.
    pub field: String,
    /// The directive.
    pub kind: RelationKind,
    /// The related model; of a `@manyToMany` the one on the other side.
    pub model: String,
    /// Whether the field holds any number of records.
    pub many: bool,
    /// Whether the field may not be null.
    pub required: bool,
    /// Which field of this model equals which field of the related one, in the order of the key or the index that they
    /// are looked up by. There are fewer pairs than key fields where the rest of the sort key is left open. Of a
    /// `@manyToMany` the second is a field of the join model, as in `here`.
    pub pairs: Vec<(String, String)>,
    /// By what the related records are found.
    pub through: Through,
}

/// By what the records of a [`Connection`] are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Through {
    /// The primary key of the related model.
    Key,
    /// The index of this name of the related model; it may be an implied one.
    Index(String),
    /// The records of a join model: first those that belong to this record, then what they lead to. Who may see them
    /// is said by the rules of the join model, which are those of both sides.
    Join {
        /// The join model; [`Schema::model`](crate::Schema::model) knows it.
        model: String,
        /// The index of the join model that holds this model's key.
        index: String,
        /// The field of the join model that stands for the record on the other side.
        field: String,
        /// Fields of this model and those of the join model that they equal.
        here: Vec<(String, String)>,
        /// Fields of the join model and those of the related model's key that they equal.
        there: Vec<(String, String)>,
    },
}
