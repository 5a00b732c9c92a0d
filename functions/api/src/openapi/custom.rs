//! What handlers answer, and records by way of another.

use portcullis_data::{
    rules::{Authorizer, Identity},
    schema::{Connection, CustomField, ModelType},
};
use serde_json::{Value, json};

use super::{content, page_parameters, reference, responses, security_of};
use crate::routes::DEFAULT_PROVIDER;

/// `POST /queries/hello`.
pub(super) fn field(field: &CustomField) -> Value {
    let invoke = Authorizer::default().permit_invoke(&Identity::ApiKey, field.rules(), DEFAULT_PROVIDER);
    let (kind, name) = (field.type_name(), field.name());
    let arguments = json!({ "application/json": { "schema": field.arguments_schema() } });
    json!({
        "post": {
            "operationId": format!("{}{kind}", name),
            "summary": field.description().unwrap_or(name),
            "tags": [kind],
            "security": security_of(invoke.is_ok()),
            "requestBody": { "required": true, "content": arguments },
            "responses": responses(
                json!({ "200": content("The answer", field.output_schema()) }),
                &[400, 401, 403, 404, 413, 415, 422, 500, 503],
            ),
        },
    })
}

/// `GET /blogs/{id}/posts`.
pub(super) fn relation(
    model: &ModelType,
    parameters: Value,
    connection: &Connection,
    api_key: bool,
) -> Value {
    let (name, field, related) = (model.name(), &connection.field, &connection.model);
    let answer = if connection.many {
        content("A page", reference(&format!("{related}.Page")))
    } else {
        super::item_response(related, "Found", false)
    };
    let own = if connection.many {
        page_parameters()
    } else {
        vec![json!({ "$ref": "#/components/parameters/IfNoneMatch" })]
    };
    let mut good = json!({ "200": answer });
    if let Some(good) = good.as_object_mut().filter(|_| !connection.many) {
        good.insert("304".to_owned(), json!({ "description": "Not changed" }));
    }
    json!({
        "parameters": parameters,
        "get": {
            "operationId": format!("get{name}_{field}"),
            "summary": format!("Read `{field}` of a {name}, as far as you may see it"),
            "tags": [name],
            "security": security_of(api_key),
            "parameters": own,
            "responses": responses(good, &[400, 401, 403, 404, 500, 503]),
        },
    })
}
