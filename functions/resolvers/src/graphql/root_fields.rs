//! What a request asks for, for those who decide about it by field.

use portcullis_data::rules::Item;

use super::GraphQl;

impl GraphQl {
    /// The type and the name of each field of the root that a request asks for, as they stand in the ARN of a policy
    /// (`types/Query/fields/getNote`). None for a request that cannot be executed: it is answered with its mistakes.
    #[must_use]
    pub fn root_fields(&self, request: &Item) -> Vec<(String, String)> {
        let Ok(prepared) = self.prepare(request) else {
            return Vec::new();
        };
        let Ok(operation) = prepared.operation() else {
            return Vec::new();
        };
        let parent = operation.object_type().to_string();
        let fields = operation.root_fields(&prepared.document);
        fields.map(|field| (parent.clone(), field.name.to_string())).collect()
    }
}
