//! `schema.graphql` read into models, rules and checks of input.
//!
//! 1. [`Schema::parse`] reads the text. Whatever is wrong is told at once, each mistake with its line, its column
//!    and the place pointed at; where Amplify has words for it, in Amplify's words.
//! 2. What Amplify accepts and this project does not enforce yet is a mistake too: a rule or a relation that is
//!    ignored would open a door unseen.
//! 3. Each [`ModelType`] carries its rules, ready for the authorizer, the names by which it is reached, its fields,
//!    and the checks of what clients send.
//! 4. Hostile text costs bounded time and memory, and no panic.
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

mod arguments;
mod auth_directive;
mod auth_operations;
mod auth_rule;
mod declarations;
mod directives;
mod error;
mod fields;
mod input;
mod json_schema;
mod model_reader;
mod model_type;
mod named_type;
mod plural;
mod reader;
mod report;
mod scalar;
mod scalar_check;
mod schema;
mod source;
mod syntax;
mod type_ref;

pub use self::{
    error::{SchemaError, SchemaErrorKind, SchemaErrors},
    input::InvalidField,
    json_schema::Shape,
    model_type::{FieldType, ModelType, Origin},
    named_type::{EnumType, ObjectType},
    scalar::Scalar,
    schema::Schema,
    type_ref::{NamedType, TypeRef},
};
