//! The routes that the authorizer knows, and those that the REST API describes.

use std::collections::BTreeSet;

use portcullis_schema::Schema;
use serde_json::{Value, json};

use crate::{authorizer, parse, token};

/// Everything is for whoever has signed in, so that a policy names every route.
const SCHEMAS: [&str; 5] = [
    "type Note @model @auth(rules: [{ allow: private }]) { title: String }",
    r#"
    type Order @model @auth(rules: [{ allow: private }]) {
      customer: ID! @primaryKey(sortKeyFields: ["day"])
      day: String!
      lines: [Line] @hasMany(references: ["customer", "day"])
    }
    type Line @model @auth(rules: [{ allow: private }]) {
      customer: ID
      day: String
      order: Order @belongsTo(references: ["customer", "day"])
    }
    "#,
    r#"
    type Post @model @auth(rules: [{ allow: private }]) { tags: [Tag] @manyToMany(relationName: "PostTags") }
    type Tag @model @auth(rules: [{ allow: private }]) { posts: [Post] @manyToMany(relationName: "PostTags") }
    "#,
    r#"
    type Blog @model(queries: { get: null }) @auth(rules: [{ allow: private }]) { posts: [Post] @hasMany }
    type Post @model(queries: { list: null }, mutations: { create: null, update: null, delete: null })
      @auth(rules: [{ allow: private }]) { blog: Blog @belongsTo one: Other @hasOne }
    type Other @model(mutations: null, queries: { get: "other" }) @auth(rules: [{ allow: private }]) { posts: [Post] @hasMany }
    "#,
    r#"
    type Note @model @auth(rules: [{ allow: private }]) { place: Place }
    type Place { street: String }
    type Query { one: Note @function(name: "f") two(a: Int): [Place] @function(name: "g") @auth(rules: [{ allow: private }]) }
    type Mutation { three: String @function(name: "f") }
    "#,
];

/// What the API describes, as a policy would write it. Where it answers GET it answers HEAD.
fn described(schema: &Schema) -> BTreeSet<String> {
    let document = portcullis_api::document(schema);
    let mut routes: BTreeSet<String> =
        ["GET/openapi.json", "HEAD/openapi.json"].into_iter().map(str::to_owned).collect();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        for method in methods.as_object().unwrap().keys().filter(|name| *name != "parameters") {
            routes.insert(format!("{}{path}", method.to_uppercase()));
            if method == "get" {
                routes.insert(format!("HEAD{path}"));
            }
        }
    }
    routes
}

async fn granted(schema: &Schema) -> BTreeSet<String> {
    const STAGE: &str = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/prod/";
    let event = json!({
        "type": "TOKEN", "methodArn": format!("{STAGE}GET/"), "authorizationToken": format!("Bearer {}", token(&[])),
    });
    let answer = authorizer(schema).answer(&event).await.unwrap();
    let statements = answer["policyDocument"]["Statement"].as_array().unwrap();
    let [allowed] = statements.as_slice() else { panic!("{answer}") };
    assert_eq!(allowed["Effect"], "Allow");
    let resources = allowed["Resource"].as_array().unwrap().iter().filter_map(Value::as_str);
    resources.map(|resource| resource.strip_prefix(STAGE).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_authorizer_knows_the_routes_of_the_api_and_no_others() {
    for text in SCHEMAS {
        let schema = parse(text);
        assert_eq!(granted(&schema).await, described(&schema), "{text}");
    }
}
