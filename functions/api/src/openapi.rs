//! The API described for programs: OpenAPI 3.1, made from the schema once, at start.

mod custom;
mod key_parameters;

use http::StatusCode;
use portcullis_data::{
    rules::{Authorizer, Identity, Operation, Screening},
    schema::{Connection, ModelType, Schema, Shape},
};
use serde_json::{Map, Value, json};

use crate::routes;

/// The description of everything that [`router`](crate::router) serves.
///
/// ```
/// use portcullis_data::schema::Schema;
///
/// let schema = Schema::parse("type Note @model { title: String! }", "notes.graphql").unwrap();
/// let document = portcullis_api::document(&schema);
/// assert_eq!(document["paths"]["/notes"]["post"]["operationId"], "createNote");
/// ```
#[must_use]
pub fn document(schema: &Schema) -> Value {
    let mut paths = Map::new();
    let mut schemas = schema.shared_json_schemas();
    for model in schema.models() {
        paths.insert(format!("/{}", model.path()), collection(model));
        let parameters = key_parameters::of_path(model);
        paths.insert(routes::item_path(model), item(model, &parameters));
        let served = |connection: &&Connection| routes::relation_is_served(schema, model, connection);
        for connection in model.connections().iter().filter(served) {
            let related = schema.model(&connection.model);
            let api_key =
                [Some(model), related].into_iter().flatten().all(|it| admits_key(it, Operation::Get));
            let relation = custom::relation(model, parameters.clone(), connection, api_key);
            paths.insert(routes::related_path(model, connection), relation);
        }
        schemas.extend(model_schemas(model));
    }
    for field in schema.custom_fields() {
        if let Some(path) = routes::custom_path(field) {
            paths.insert(path, custom::field(field));
        }
    }
    paths.insert("/health".to_owned(), health());
    schemas.insert(PROBLEM.to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": { "title": "REST API", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": problem_responses(),
            "headers": {
                "ETag": { "description": "Names the state of the item.", "schema": { "type": "string" } },
            },
            "parameters": {
                "Id": { "name": "id", "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } },
                "IfMatch": {
                    "name": "If-Match",
                    "in": "header",
                    "description": "Act only if the item is still in this state.",
                    "schema": { "type": "string" },
                },
                "IfNoneMatch": {
                    "name": "If-None-Match",
                    "in": "header",
                    "description": "Answer 304 if the item is still in this state.",
                    "schema": { "type": "string" },
                },
            },
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "apiKey": { "type": "apiKey", "in": "header", "name": "x-api-key" },
            },
        },
    })
}

fn collection(model: &ModelType) -> Value {
    let (name, plural) = (model.name(), model.plural());
    let parameters = [page_parameters(), key_parameters::of_list(model)].concat();
    let mut path = json!({
        "post": {
            "operationId": format!("create{name}"),
            "summary": format!("Create a {name}"),
            "tags": [name],
            "security": security(model, Operation::Create),
            "requestBody": body(name, "Input", &["application/json"]),
            "responses": responses(
                json!({ "201": item_response(name, "Created", true) }),
                &[400, 401, 403, 409, 413, 415, 422, 500, 503],
            ),
        },
        "get": {
            "operationId": format!("list{plural}"),
            "summary": format!("List the {plural} that you may see"),
            "tags": [name],
            "security": security(model, Operation::List),
            "parameters": parameters,
            "responses": responses(
                json!({ "200": content("A page", reference(&format!("{name}.Page"))) }),
                &[400, 401, 403, 500, 503],
            ),
        },
    });
    keep(&mut path, model, &[("post", Operation::Create), ("get", Operation::List)]);
    path
}

/// `@model` can take operations away.
fn keep(path: &mut Value, model: &ModelType, methods: &[(&str, Operation)]) {
    if let Some(path) = path.as_object_mut() {
        for (method, _) in methods.iter().filter(|(_, operation)| model.api().of(*operation).is_none()) {
            path.remove(*method);
        }
    }
}

/// Which page of a list.
fn page_parameters() -> Vec<Value> {
    vec![
        json!({
            "name": "limit",
            "in": "query",
            "description": "How many items a page holds at most.",
            "schema": { "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 },
        }),
        json!({
            "name": "nextToken",
            "in": "query",
            "description": "The nextToken of the page before.",
            "schema": { "type": "string" },
        }),
    ]
}

fn item(model: &ModelType, parameters: &Value) -> Value {
    let name = model.name();
    let patch_types = ["application/merge-patch+json", "application/json"];
    let mut path = json!({
        "parameters": parameters,
        "get": {
            "operationId": format!("get{name}"),
            "summary": format!("Read a {name}"),
            "tags": [name],
            "security": security(model, Operation::Get),
            "parameters": [{ "$ref": "#/components/parameters/IfNoneMatch" }],
            "responses": responses(
                json!({ "200": item_response(name, "Found", false), "304": { "description": "Not changed" } }),
                &[400, 401, 403, 404, 500, 503],
            ),
        },
        "patch": {
            "operationId": format!("update{name}"),
            "summary": format!("Change a {name}: fields that are sent are set, null removes one"),
            "tags": [name],
            "security": security(model, Operation::Update),
            "parameters": [{ "$ref": "#/components/parameters/IfMatch" }],
            "requestBody": body(name, "Changes", &patch_types),
            "responses": responses(
                json!({ "200": item_response(name, "Changed", false) }),
                &[400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503],
            ),
        },
        "delete": {
            "operationId": format!("delete{name}"),
            "summary": format!("Delete a {name}"),
            "tags": [name],
            "security": security(model, Operation::Delete),
            "parameters": [{ "$ref": "#/components/parameters/IfMatch" }],
            "responses": responses(
                json!({ "204": { "description": "Deleted" } }),
                &[400, 401, 403, 404, 409, 412, 500, 503],
            ),
        },
    });
    let methods = [("get", Operation::Get), ("patch", Operation::Update), ("delete", Operation::Delete)];
    keep(&mut path, model, &methods);
    path
}

fn health() -> Value {
    let status =
        json!({ "type": "object", "properties": { "status": { "const": "ok" } }, "required": ["status"] });
    json!({
        "get": {
            "operationId": "health",
            "summary": "Whether the API answers",
            "security": [],
            "responses": { "200": content("It does", status) },
        },
    })
}

/// What stands at the path of the metadata (RFC 9728), if it is served.
pub(crate) fn of_metadata() -> Value {
    let urls = json!({ "type": "array", "items": { "type": "string", "format": "uri" } });
    let metadata = json!({
        "type": "object",
        "properties": {
            "resource": { "type": "string", "format": "uri" },
            "authorization_servers": urls,
            "bearer_methods_supported": { "type": "array", "items": { "type": "string" } },
        },
        "required": ["resource"],
    });
    json!({
        "get": {
            "operationId": "resourceMetadata",
            "summary": "Who gives tokens for the API",
            "security": [],
            "responses": { "200": content("Protected resource metadata (RFC 9728)", metadata) },
        },
    })
}

fn security(model: &ModelType, operation: Operation) -> Value {
    security_of(admits_key(model, operation))
}

/// Whether a rule of the model lets the holders of an API key in.
fn admits_key(model: &ModelType, operation: Operation) -> bool {
    Authorizer::default().screen(&Identity::ApiKey, operation, model.rules()) != Screening::Denied
}

/// A token always does; the key is named only where a rule lets its holders in.
fn security_of(api_key: bool) -> Value {
    if api_key { json!([{ "bearer": [] }, { "apiKey": [] }]) } else { json!([{ "bearer": [] }]) }
}

fn model_schemas(model: &ModelType) -> [(String, Value); 4] {
    let name = model.name();
    let page = json!({
        "type": "object",
        "properties": {
            "items": { "type": "array", "items": reference(name) },
            "nextToken": { "type": ["string", "null"], "description": "null on the last page" },
        },
        "required": ["items", "nextToken"],
    });
    [
        (name.to_owned(), output_schema(model)),
        (format!("{name}.Input"), model.json_schema(Shape::Create)),
        (format!("{name}.Changes"), model.json_schema(Shape::Update)),
        (format!("{name}.Page"), page),
    ]
}

/// Who may not read a field gets the item without it, so that not even `id: ID!` need be there then.
fn output_schema(model: &ModelType) -> Value {
    let mut schema = model.json_schema(Shape::Output);
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|field| !field.as_str().is_some_and(|field| model.rules().may_withhold(field)));
    }
    let withheld: Vec<&str> = model.rules().fields().iter().map(|field| field.name.as_str()).collect();
    for field in withheld.into_iter().filter(|field| model.rules().may_withhold(field)) {
        let property = schema.get_mut("properties").and_then(|properties| properties.get_mut(field));
        if let Some(property) = property.and_then(Value::as_object_mut) {
            let note = "Left out for whoever may not read it.";
            let described = property.get("description").and_then(Value::as_str);
            let text = described.map_or(note.to_owned(), |described| format!("{described}\n\n{note}"));
            property.insert("description".to_owned(), text.into());
        }
    }
    schema
}

fn problem_schema() -> Value {
    let mistake = json!({
        "type": "object",
        "properties": { "field": { "type": "string" }, "problem": { "type": "string" } },
        "required": ["field", "problem"],
    });
    json!({
        "type": "object",
        "description": "Problem details (RFC 9457)",
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "errors": { "type": "array", "items": mistake },
            "fields": {
                "type": "array",
                "items": { "type": "string" },
                "description": "With 403: the fields that the caller may not set or remove.",
            },
        },
        "required": ["type", "title", "status", "detail"],
    })
}

/// Names of GraphQL have no dot, so that no model can be called like this or like `Note.Input`.
const PROBLEM: &str = "Problem.Details";

const PROBLEMS: [u16; 11] = [400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503];

fn problem_responses() -> Map<String, Value> {
    let response = |status| {
        let description =
            StatusCode::from_u16(status).ok().and_then(|it| it.canonical_reason()).unwrap_or("Error");
        let content = json!({ "application/problem+json": { "schema": reference(PROBLEM) } });
        (format!("Problem{status}"), json!({ "description": description, "content": content }))
    };
    PROBLEMS.into_iter().map(response).collect()
}

fn responses(mut good: Value, problems: &[u16]) -> Value {
    if let Some(responses) = good.as_object_mut() {
        let reference = |status: &u16| json!({ "$ref": format!("#/components/responses/Problem{status}") });
        responses.extend(problems.iter().map(|status| (status.to_string(), reference(status))));
    }
    good
}

fn item_response(name: &str, description: &str, created: bool) -> Value {
    let mut response = content(description, reference(name));
    let mut headers = json!({ "ETag": { "$ref": "#/components/headers/ETag" } });
    if let Some(headers) = headers.as_object_mut().filter(|_| created) {
        headers.insert("Location".to_owned(), json!({ "schema": { "type": "string" } }));
    }
    if let Some(response) = response.as_object_mut() {
        response.insert("headers".to_owned(), headers);
    }
    response
}

fn content(description: &str, schema: Value) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

fn body(name: &str, suffix: &str, media_types: &[&str]) -> Value {
    let schema = json!({ "schema": reference(&format!("{name}.{suffix}")) });
    let content: Map<_, _> = media_types.iter().map(|it| ((*it).to_owned(), schema.clone())).collect();
    json!({ "required": true, "content": content })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
