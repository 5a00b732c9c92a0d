//! `schema.graphql` read into models, rules and checks of input.
//!
//! 1. [`Schema::parse`] reads the text. Whatever is wrong is told at once, each mistake with its line, its column
//!    and the place pointed at; where Amplify has words for it, in Amplify's words.
//! 2. What Amplify accepts and is easily misread, or not served by this project's doors, is a mistake too: a rule that
//!    is ignored would open a door unseen.
//! 3. [`Schema::validate`] keeps the two apart: Amplify's own verdict for a [`Project`] over all of the language, with
//!    its error classes, texts and warnings, and what this project adds to it.
//! 4. Each [`ModelType`] carries its rules, ready for the authorizer, the names by which it is reached, its fields,
//!    and the checks of what clients send.
//! 5. Hostile text costs bounded time and memory, and no panic.
//!
//! ```
//! use portcullis_schema::Schema;
//!
//! let good = "type Note @model @auth(rules: [{allow: owner}]) { title: String! }";
//! assert_eq!(Schema::parse(good, "schema.graphql").map(|schema| schema.models().len()), Ok(1));
//!
//! let bad = "type Note @model @auth(rules: [{allow: anyone}]) { title: String! }";
//! let errors = Schema::parse(bad, "schema.graphql").unwrap_err();
//! assert!(errors.to_string().starts_with("schema.graphql:1:40: Value \"anyone\" does not exist"));
//! ```
#![deny(missing_docs)]

mod access_matrix;
mod address_check;
mod api_names;
mod argument_default;
mod arguments;
mod auth_checks;
mod auth_rule;
mod auth_words;
mod auths;
mod connection;
mod context;
mod custom_field;
mod declarations;
mod default_checks;
mod default_value;
mod definitions;
mod directive_checks;
mod directives;
mod error;
mod expand;
mod extension_checks;
mod fields;
mod found;
mod implied_fields;
mod index;
mod input;
mod join;
mod json_schema;
mod key_checks;
mod key_value;
mod links;
mod many_to_many;
mod misreadings;
mod model_reader;
mod model_type;
mod named_type;
mod nesting;
mod output_checks;
mod plural;
mod prelude;
mod primary_key;
mod project;
mod reader;
mod reference_text;
mod relation;
mod relation_checks;
mod report;
mod required_fields;
mod scalar;
mod scalar_check;
mod schema;
mod sdl;
mod sdl_directives;
mod selection;
mod source;
mod suggestion;
mod syntax;
mod transform;
mod type_ref;
mod types;
mod unknown_directives;
mod validation;
mod value_check;
mod values;
mod warnings;

pub use self::{
    api_names::ApiNames,
    connection::{Connection, Through},
    custom_field::CustomField,
    error::{SchemaError, SchemaErrorKind, SchemaErrors},
    expand::{
        AppliedDirective, EnumValue, ExpandedField, ExpandedSchema, ExpandedType, FieldSource, InputValue,
        KeyArguments, SortArgument, TypeBody, TypeExpression,
    },
    index::Index,
    input::InvalidField,
    json_schema::Shape,
    key_value::key_problem,
    model_type::{FieldType, ModelType, Origin},
    named_type::{EnumType, ObjectType},
    primary_key::PrimaryKey,
    project::{AuthMode, Project},
    relation::{Relation, RelationKind},
    scalar::Scalar,
    schema::Schema,
    selection::{InvalidSelection, SelectedField, Selection},
    type_ref::{NamedType, TypeRef},
    validation::Validation,
};
