//! `schema.graphql` read into models, rules and checks of input.
//!
//! 1. [`Schema::parse`] reads the text. Whatever is wrong is told at once, each mistake with its line, its column
//!    and the place pointed at; where Amplify has words for it, in Amplify's words.
//! 2. What Amplify accepts and this project does not enforce yet is a mistake too: a rule or a relation that is
//!    ignored would open a door unseen.
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
mod arguments;
mod auth_checks;
mod auth_rule;
mod auths;
mod custom_field;
mod declarations;
mod definitions;
mod directives;
mod error;
mod fields;
mod index;
mod input;
mod json_schema;
mod key_checks;
mod many_to_many;
mod model_reader;
mod model_type;
mod named_type;
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
mod source;
mod suggestion;
mod syntax;
mod transform;
mod type_ref;
mod types;
mod validation;
mod values;
mod warnings;

pub use self::{
    custom_field::CustomField,
    error::{SchemaError, SchemaErrorKind, SchemaErrors},
    index::Index,
    input::InvalidField,
    json_schema::Shape,
    model_type::{FieldType, ModelType, Origin},
    named_type::{EnumType, ObjectType},
    primary_key::PrimaryKey,
    project::{AuthMode, Project},
    relation::{Relation, RelationKind},
    scalar::Scalar,
    schema::Schema,
    type_ref::{NamedType, TypeRef},
    validation::Validation,
};
