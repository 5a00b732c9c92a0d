//! What a request asks for, for those who decide about it by field.

use portcullis_data::rules::Item;
use serde_json::Value;

use super::GraphQl;

impl GraphQl {
    /// The type and the name of each field of the root that a request asks for, as they stand in the ARN of a policy
    /// (`types/Query/fields/getNote`). None for a request that cannot be executed: it is answered with its mistakes.
    #[must_use]
    pub fn root_fields(&self, request: &Item) -> Vec<(String, String)> {
        let Some(document) =
            request.get("query").and_then(Value::as_str).and_then(|query| self.parse(query).ok())
        else {
            return Vec::new();
        };
        let name = request.get("operationName").and_then(Value::as_str).filter(|name| !name.is_empty());
        let Ok(operation) = document.operations.get(name) else {
            return Vec::new();
        };
        let parent = operation.object_type().to_string();
        operation.root_fields(&document).map(|field| (parent.clone(), field.name.to_string())).collect()
    }
}
