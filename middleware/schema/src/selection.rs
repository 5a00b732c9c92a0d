//! What a client wants to see of a result: a GraphQL selection set.

use apollo_compiler::{ast, parser::Parser};
use serde_json::{Map, Number, Value};
use thiserror::Error;

/// A selection may be so long, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// A selection may have so many words.
const MAX_TOKENS: usize = 20_000;
/// A selection may be nested so deep.
const MAX_DEPTH: usize = 32;

/// The fields that a client selects of an object, in order.
///
/// ```
/// use portcullis_schema::Selection;
///
/// let selection = Selection::parse("{ id latest: posts(limit: 1) { items { text } } }")?;
/// let [id, posts] = selection.fields() else { return Err("two fields".into()) };
/// assert_eq!((id.name(), id.key()), ("id", "id"));
/// assert_eq!((posts.name(), posts.key()), ("posts", "latest"));
/// assert_eq!(posts.arguments()["limit"], 1);
/// assert_eq!(posts.selection().map(|inner| inner.fields().len()), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    fields: Vec<SelectedField>,
}

/// A field of a [`Selection`].
#[derive(Clone, Debug, PartialEq)]
pub struct SelectedField {
    name: String,
    alias: Option<String>,
    arguments: Map<String, Value>,
    selection: Option<Selection>,
}

/// A text that is no selection, or one that asks for too much.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidSelection {
    /// It is not GraphQL.
    #[error("the selection is not GraphQL: {0}")]
    Syntax(String),
    /// It is GraphQL of a kind that does not stand alone: named fragments, variables, directives, or no selection at all.
    #[error("the selection holds {0}")]
    Unsupported(&'static str),
    /// It is too long.
    #[error("the selection is too long")]
    TooLong,
}

impl Selection {
    /// Reads a selection: `{ id title }`. Inline fragments are taken apart, `@include` and `@skip` carried out; what needs
    /// another document (named fragments, variables) and other directives are refused.
    ///
    /// # Errors
    ///
    /// When the text is not a selection, or is too long or nested too deep.
    pub fn parse(text: &str) -> Result<Self, InvalidSelection> {
        if text.len() > MAX_BYTES {
            return Err(InvalidSelection::TooLong);
        }
        if !text.trim_start().starts_with('{') {
            return Err(InvalidSelection::Unsupported("no braces"));
        }
        let mut parser = Parser::new().token_limit(MAX_TOKENS).recursion_limit(MAX_DEPTH);
        let document = parser.parse_ast(text, "").map_err(|with_errors| {
            let first = with_errors.errors.iter().next().map(|diagnostic| diagnostic.error.to_string());
            InvalidSelection::Syntax(first.unwrap_or_default())
        })?;
        let [ast::Definition::OperationDefinition(operation)] = document.definitions.as_slice() else {
            return Err(InvalidSelection::Unsupported("more than one selection"));
        };
        Self::of(&operation.selection_set)
    }

    /// A selection of these fields, without arguments.
    pub fn of_fields(fields: impl IntoIterator<Item = (impl Into<String>, Option<Self>)>) -> Self {
        let fields = fields.into_iter();
        Self {
            fields: fields.map(|(name, selection)| SelectedField::new(name, Map::new(), selection)).collect(),
        }
    }

    /// The fields, in order.
    #[must_use]
    pub fn fields(&self) -> &[SelectedField] {
        &self.fields
    }

    fn of(selections: &[ast::Selection]) -> Result<Self, InvalidSelection> {
        let mut fields = Vec::new();
        for selection in selections {
            match selection {
                ast::Selection::Field(field) => {
                    let selected = SelectedField::of(field)?;
                    if is_included(&field.directives)? {
                        fields.push(selected);
                    }
                }
                ast::Selection::InlineFragment(fragment) => {
                    let selected = Self::of(&fragment.selection_set)?;
                    if is_included(&fragment.directives)? {
                        fields.extend(selected.fields);
                    }
                }
                ast::Selection::FragmentSpread(_) => {
                    return Err(InvalidSelection::Unsupported("a named fragment"));
                }
            }
        }
        Ok(Self { fields })
    }
}

impl SelectedField {
    /// A field without an alias.
    #[must_use]
    pub fn new(name: impl Into<String>, arguments: Map<String, Value>, selection: Option<Selection>) -> Self {
        Self { name: name.into(), alias: None, arguments, selection }
    }

    /// The field of the type.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name under which it stands in the result: the alias, or else the name.
    #[must_use]
    pub fn key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }

    /// The arguments. Enum values are strings.
    #[must_use]
    pub fn arguments(&self) -> &Map<String, Value> {
        &self.arguments
    }

    /// What is selected of the field; `None` where it has no braces.
    #[must_use]
    pub fn selection(&self) -> Option<&Selection> {
        self.selection.as_ref()
    }

    fn of(field: &ast::Field) -> Result<Self, InvalidSelection> {
        let mut arguments = Map::new();
        for argument in &field.arguments {
            arguments.insert(argument.name.to_string(), json(&argument.value)?);
        }
        let selection = match field.selection_set.as_slice() {
            [] => None,
            selections => Some(Selection::of(selections)?),
        };
        let alias = field.alias.as_ref().map(ToString::to_string);
        Ok(Self { name: field.name.to_string(), alias, arguments, selection })
    }
}

/// Whether `@include` and `@skip`, with a literal, leave a part in.
fn is_included(directives: &ast::DirectiveList) -> Result<bool, InvalidSelection> {
    let mut included = true;
    for directive in directives {
        let condition = match directive.arguments.as_slice() {
            [argument] if argument.name == "if" => argument.value.to_bool(),
            _ => None,
        };
        included &= match (directive.name.as_str(), condition) {
            ("include", Some(condition)) => condition,
            ("skip", Some(condition)) => !condition,
            _ => return Err(InvalidSelection::Unsupported("a directive")),
        };
    }
    Ok(included)
}

/// A literal as JSON. Its depth is bounded by the parser.
fn json(value: &ast::Value) -> Result<Value, InvalidSelection> {
    Ok(match value {
        ast::Value::Null => Value::Null,
        ast::Value::Enum(name) => name.as_str().into(),
        ast::Value::String(text) => text.as_str().into(),
        ast::Value::Boolean(value) => (*value).into(),
        ast::Value::Int(number) => number.as_str().parse::<Number>().map_or(Value::Null, Value::Number),
        ast::Value::Float(number) => number.as_str().parse::<Number>().map_or(Value::Null, Value::Number),
        ast::Value::List(values) => {
            values.iter().map(|value| json(value)).collect::<Result<Vec<_>, _>>()?.into()
        }
        ast::Value::Object(fields) => {
            let mut object = Map::new();
            for (name, value) in fields {
                object.insert(name.to_string(), json(value)?);
            }
            object.into()
        }
        ast::Value::Variable(_) => return Err(InvalidSelection::Unsupported("a variable")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selection_is_read_with_aliases_arguments_and_what_is_nested() {
        let text = r#"{ a: id, posts(filter: {text: {in: ["x", "y"]}}, by: DESC, n: -1, f: 1.5, b: true, z: null) {
            ... on PostConnection { items { id ... { text } } } nextToken } }"#;
        let selection = Selection::parse(text).unwrap();
        let keys = |selection: &Selection| -> Vec<String> {
            selection.fields().iter().map(|field| field.key().to_owned()).collect()
        };
        assert_eq!(keys(&selection), ["a", "posts"]);
        let posts = &selection.fields()[1];
        let expected = json!({"filter": {"text": {"in": ["x", "y"]}}, "by": "DESC", "n": -1, "f": 1.5, "b": true, "z": null});
        assert_eq!(Value::Object(posts.arguments().clone()), expected);
        let posts = posts.selection().unwrap();
        assert_eq!(keys(posts), ["items", "nextToken"]);
        assert_eq!(keys(posts.fields()[0].selection().unwrap()), ["id", "text"]);
    }

    #[test]
    fn what_is_no_selection_of_its_own_is_refused() {
        let table = [
            "",
            "id",
            "{",
            "{ }",
            "{ id } { id }",
            "{ id",
            "query { id }",
            "{ ...Fields }",
            "{ id(x: $x) }",
            "{ id @skip }",
            "{ id @skip(if: \"yes\") }",
            "{ id @skip(if: $x) }",
            "{ id @defer }",
            "{ id } fragment F on T { id }",
            "type T { id: ID }",
        ];
        for text in table {
            assert!(Selection::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parts_are_included_and_skipped() {
        let text = "{ a @include(if: true) b @skip(if: true) ... @include(if: false) { c } ... @skip(if: false) { d } }";
        let selection = Selection::parse(text).unwrap();
        assert_eq!(selection.fields().iter().map(SelectedField::name).collect::<Vec<_>>(), ["a", "d"]);
    }

    #[test]
    fn a_hostile_selection_costs_little() {
        for text in ["{".repeat(60_000), "{a".repeat(30_000), format!("{{ a({} }}", "a:[".repeat(10_000))] {
            assert!(Selection::parse(&text).is_err());
        }
        assert_eq!(
            Selection::parse(&format!("{{ {} }}", "a ".repeat(40_000))),
            Err(InvalidSelection::TooLong)
        );
    }
}
