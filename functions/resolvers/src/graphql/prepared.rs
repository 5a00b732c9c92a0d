//! A request that has been parsed and checked, before anything is asked for.

use apollo_compiler::{
    ExecutableDocument,
    executable::Operation,
    parser::Parser,
    request::{RequestError, coerce_variable_values},
    response::JsonMap,
    validation::{DiagnosticList, Valid},
};
use portcullis_data::rules::Item;
use serde_json::Value;

use super::{GraphQl, TOLD, error, invalid, measure::measure};

/// Words of a query at most.
const MAX_TOKENS: usize = 10_000;
/// How deeply selections, values and types may lie within each other.
const MAX_DEPTH: usize = 60;

/// A request that GraphQL has nothing against.
pub(crate) struct Prepared {
    pub(crate) document: Valid<ExecutableDocument>,
    /// Which operation of the document is meant; `None` if it has just one.
    pub(crate) name: Option<String>,
    /// The variables, of their types.
    pub(crate) variables: Item,
    /// The same for the GraphQL library.
    pub(crate) coerced: Valid<JsonMap>,
}

impl Prepared {
    /// The operation that is meant.
    pub(crate) fn operation(&self) -> Result<&Operation, Vec<Value>> {
        let operation = self.document.operations.get(self.name.as_deref());
        Ok(operation.map_err(|error| wrong(&self.document, &error))?)
    }
}

impl GraphQl {
    /// Reads a request: `query`, and perhaps `variables` and `operationName`.
    pub(super) fn prepare(&self, request: &Item) -> Result<Prepared, Vec<Value>> {
        let malformed = |text: &str| vec![error("MalformedHttpRequestException", text)];
        let query = request.get("query").and_then(Value::as_str);
        let query = query.ok_or_else(|| malformed("`query` is missing"))?;
        let name = match request.get("operationName") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name.clone()).filter(|name| !name.is_empty()),
            Some(_) => return Err(malformed("`operationName` is not a text")),
        };
        let variables = match request.get("variables") {
            None | Some(Value::Null) => Item::new(),
            Some(Value::Object(variables)) => variables.clone(),
            Some(_) => return Err(malformed("`variables` is not an object")),
        };
        let document = self.parse(query)?;
        let operation = document.operations.get(name.as_deref()).map_err(|error| wrong(&document, &error))?;
        measure(&document, operation).map_err(|text| vec![error("QueryTooComplex", text)])?;
        let variables: JsonMap =
            serde_json::from_value(variables.into()).map_err(|_| malformed("`variables` cannot be read"))?;
        let coerced = coerce_variable_values(&self.schema, operation, &variables)
            .map_err(|error| wrong(&document, &error))?;
        let variables = serde_json::to_value(&*coerced).unwrap_or_default();
        let variables = variables.as_object().cloned().unwrap_or_default();
        Ok(Prepared { document, name, variables, coerced })
    }

    fn parse(&self, query: &str) -> Result<Valid<ExecutableDocument>, Vec<Value>> {
        let told = |mistakes: &DiagnosticList| {
            mistakes.iter().take(TOLD).map(|mistake| invalid(&mistake.to_json())).collect::<Vec<_>>()
        };
        let parsed = Parser::new().recursion_limit(MAX_DEPTH).token_limit(MAX_TOKENS).parse_executable(
            &self.schema,
            query,
            "request.graphql",
        );
        let document = parsed.map_err(|with_errors| told(&with_errors.errors))?;
        document.validate(&self.schema).map_err(|with_errors| told(&with_errors.errors))
    }
}

/// What GraphQL says about a request as a whole.
pub(super) fn wrong(document: &ExecutableDocument, error: &RequestError) -> Vec<Value> {
    vec![invalid(&error.to_graphql_error(&document.sources))]
}
