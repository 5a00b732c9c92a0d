//! The GraphQL API that AppSync serves, made from `schema.graphql`.
//!
//! 1. Types, inputs, arguments and directives are those that Amplify's transformers make of the same schema, so that its
//!    clients find the API that they know. `tests/conformance` holds what the transformers made.
//! 2. It is made in the transformers' order, for some of what they make depends on what is there already: the models
//!    first, then keys, indexes, relations, and the rules last.
//! 3. Each field that is not just a part of its parent's answer says what answers it, for resolvers and endpoints.
//! 4. Where a schema would make two fields or arguments of one name, it has one.

mod connections;
mod definition;
mod draft;
mod filter_input;
mod given;
mod guards;
mod keys;
mod model_inputs;
mod model_operations;
mod names;
mod nested_types;
mod operators;
mod printer;
mod roles;
mod source;
mod subject;
mod type_expression;

use std::collections::HashMap;

use apollo_compiler::ast::Document;

use self::subject::{Subject, Subjects};
pub use self::{
    definition::{AppliedDirective, EnumValue, ExpandedField, ExpandedType, InputValue, TypeBody},
    source::{FieldSource, KeyArguments, SortArgument},
    type_expression::TypeExpression,
};
use crate::{AuthMode, Project, auths::Auths, definitions::Definitions, links::Links, types::Types};

/// The GraphQL API that a schema makes: what AppSync is given, and what resolvers answer.
///
/// ```
/// use portcullis_schema::Schema;
///
/// let source = "type Note @model @auth(rules: [{allow: owner}, {allow: public, operations: [read]}]) { title: String }";
/// let expanded = Schema::parse(source, "schema.graphql")?.expand();
/// let text = expanded.to_sdl();
/// assert!(text.contains("  getNote(id: ID!): Note @aws_api_key @aws_cognito_user_pools\n"));
/// assert!(text.contains("  deleteNote(input: DeleteNoteInput!, condition: ModelNoteConditionInput): Note\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ExpandedSchema {
    types: Vec<ExpandedType>,
    places: HashMap<String, usize>,
    default_mode: AuthMode,
    omitted: Vec<String>,
}

impl ExpandedSchema {
    /// Makes the API of a document that the reference accepts.
    pub(crate) fn new(document: &Document, project: &Project) -> Self {
        let definitions = Definitions::new(document, project.extensions);
        let types = Types::new(document);
        let auths = Auths::read(document, &definitions);
        let links = Links::new(&types, project);
        let mut draft = given::read(document);
        for join in &links.joins {
            draft.add(given::object_type(&join.object));
        }
        let (subjects, long) = Subjects::new(&types, &links, &auths, project);
        let mut omitted = given::omitted(document);
        omitted.extend(long);
        let making = Making { project, types: &types, auths: &auths, links: &links, subjects: &subjects };
        making.add_models(&mut draft);
        making.add_keys(&mut draft);
        making.add_connections(&mut draft);
        making.add_guards(document, &mut draft);
        let types = draft.finish();
        let places = types.iter().enumerate().map(|(place, it)| (it.name.clone(), place)).collect();
        Self { types, places, default_mode: project.default_mode, omitted }
    }

    /// The types: those of the schema in its order, then those that are made.
    #[must_use]
    pub fn types(&self) -> &[ExpandedType] {
        &self.types
    }

    /// The type of this name.
    #[must_use]
    pub fn type_named(&self, name: &str) -> Option<&ExpandedType> {
        self.types.get(*self.places.get(name)?)
    }

    /// The field of a type.
    #[must_use]
    pub fn field(&self, of: &str, name: &str) -> Option<&ExpandedField> {
        self.type_named(of)?.field(name)
    }

    /// The fields that have an answer of their own, each with the name of its type and what answers it.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &ExpandedField, &FieldSource)> {
        self.types.iter().flat_map(|definition| {
            let of = definition.name.as_str();
            definition.fields().iter().filter_map(move |field| Some((of, field, field.source.as_ref()?)))
        })
    }

    /// Whether a caller who came in this way passes the gate in front of a field, which AppSync decides before any rule
    /// is looked at: by the directives of the field; if it has none, by those of its type; if that has none, only the
    /// default way leads through.
    ///
    /// ```
    /// use portcullis_schema::{AuthMode, Schema};
    ///
    /// let source = "type Note @model @auth(rules: [{allow: owner}, {allow: public, operations: [read]}]) { title: String }";
    /// let expanded = Schema::parse(source, "schema.graphql")?.expand();
    /// assert!(expanded.admits(AuthMode::ApiKey, "Query", "getNote"));
    /// assert!(expanded.admits(AuthMode::ApiKey, "Note", "title"));
    /// assert!(!expanded.admits(AuthMode::ApiKey, "Mutation", "createNote"));
    /// assert!(expanded.admits(AuthMode::UserPools, "Mutation", "createNote"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn admits(&self, mode: AuthMode, of: &str, field: &str) -> bool {
        let Some(definition) = self.type_named(of) else {
            return false;
        };
        let Some(field) = definition.field(field) else {
            return false;
        };
        let gates = [&field.directives, &definition.directives];
        let mut gates = gates.map(|directives| {
            directives.iter().filter_map(|directive| mode_of(&directive.name, self.default_mode)).collect()
        });
        let gate = gates.iter_mut().find(|modes: &&mut Vec<AuthMode>| !modes.is_empty());
        gate.map_or(mode == self.default_mode, |modes| modes.contains(&mode))
    }

    /// What the API lacks of the reference's, by name: types and directives that no door serves. There is nothing of it in a
    /// schema that [`Schema::parse`](crate::Schema::parse) accepts.
    #[must_use]
    pub fn omitted(&self) -> &[String] {
        &self.omitted
    }

    /// The API as a schema in GraphQL's language.
    #[must_use]
    pub fn to_sdl(&self) -> String {
        printer::print(&self.types)
    }
}

/// The way in that a directive opens.
fn mode_of(directive: &str, default_mode: AuthMode) -> Option<AuthMode> {
    match directive {
        "aws_api_key" => Some(AuthMode::ApiKey),
        "aws_iam" => Some(AuthMode::Iam),
        "aws_oidc" => Some(AuthMode::Oidc),
        "aws_cognito_user_pools" => Some(AuthMode::UserPools),
        "aws_lambda" => Some(AuthMode::Function),
        "aws_auth" => Some(default_mode),
        _ => None,
    }
}

/// What the parts of an API are made from.
pub(crate) struct Making<'a> {
    project: &'a Project,
    types: &'a Types<'a>,
    auths: &'a Auths,
    links: &'a Links,
    subjects: &'a Subjects<'a>,
}

impl<'a> Making<'a> {
    fn subjects(&self) -> impl Iterator<Item = &'a Subject<'a>> {
        self.subjects.iter()
    }
}
