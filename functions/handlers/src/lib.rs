//! Your handlers: what answers the fields of `Query` and `Mutation` that `schema.graphql` gives a `@function`.
//!
//! For `hello(name: String!): String @function(name: "hello") @auth(rules: [{ allow: private }])` in `type Query`:
//!
//! ```text
//! pub fn register(functions: Functions) -> Functions {
//!     functions.function("hello", hello)
//! }
//!
//! async fn hello(call: Invocation) -> Result<Value, FunctionError> {
//!     let name = call.arguments.get("name").and_then(Value::as_str).unwrap_or("you");
//!     Ok(format!("hello {name}").into())
//! }
//! ```
//!
//! The rules are asked and the arguments checked before a handler runs. A function that the schema names and that is not
//! registered here keeps the REST API and the GraphQL resolvers, which both call them, from starting.

#![deny(missing_docs)]

pub use portcullis_data::{FunctionError, Functions, Invocation};

/// Registers every handler.
#[must_use]
pub fn register(functions: Functions) -> Functions {
    functions
}
