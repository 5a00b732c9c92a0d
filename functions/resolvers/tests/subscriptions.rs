//! What listeners are told of a change, whoever has made it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use portcullis_data::{
    Functions,
    rules::{Authorizer, Claims, IamCaller, Identity, User, VerifiedBy},
    schema::{AuthMode, Project, Schema},
    testkit,
};
use portcullis_resolvers::{GraphQl, Resolvers, graphql::Subscribed};
use serde_json::{Value, json};

const SCHEMA: &str = r#"
    type Blog @model @auth(rules: [{ allow: private }, { allow: public, operations: [read] },
            { allow: private, provider: identityPool }]) {
        id: ID!
        name: String
        secret: String @auth(rules: [{ allow: private, provider: identityPool }, { allow: groups, groups: ["staff"] }])
        address: Address
        posts: [Post] @hasMany
        pages: [Page] @hasMany
    }
    type Post @model @auth(rules: [{ allow: private }, { allow: public, operations: [read] },
            { allow: private, provider: identityPool }]) {
        id: ID!
        text: String
    }
    type Address { city: String street: String @auth(rules: [{ allow: groups, groups: ["staff"] }]) }
    type Page @model @auth(rules: [{ allow: owner }]) { text: String }
    type News @model(subscriptions: { level: public }) @auth(rules: [{ allow: owner }]) { text: String owner: String }
"#;

fn person(name: &str) -> Identity {
    let claims = Claims::from_iter([("sub", name), ("username", name)]);
    User::user_pools(claims, VerifiedBy::Portcullis).into()
}

fn administrator() -> Identity {
    let user_arn = Some("arn:aws:sts::111122223333:assumed-role/ops/session".to_owned());
    Identity::Iam(IamCaller { user_arn, ..IamCaller::default() })
}

async fn endpoint() -> GraphQl {
    let project = Project { iam_access: false, ..Project::default() };
    assert_eq!(project.default_mode, AuthMode::UserPools);
    let schema = Schema::read(SCHEMA, "schema.graphql", &project).unwrap();
    let authorizer = Authorizer::new().admin_roles(["ops"]);
    let table = testkit::table().await.unwrap();
    GraphQl::new(Resolvers::new(schema, table, authorizer, Functions::default()).unwrap()).unwrap()
}

fn subscribe(endpoint: &GraphQl, identity: &Identity, query: &str) -> Result<Subscribed, Vec<Value>> {
    endpoint.subscribe(identity, json!({ "query": query }).as_object().unwrap())
}

async fn write(endpoint: &GraphQl, identity: &Identity, query: &str) -> Value {
    let answer = endpoint.answer(identity, json!({ "query": query }).as_object().unwrap()).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"].clone()
}

#[tokio::test]
async fn a_field_that_is_kept_from_some_is_told_to_nobody_even_if_an_administrator_is_answered_it() {
    let endpoint = endpoint().await;
    let ann =
        subscribe(&endpoint, &person("ann"), "subscription { onCreateBlog { id name secret } }").unwrap();
    let mut changes = endpoint.changes();
    let create = r#"mutation { b: createBlog(input: { id: "b1", name: "B", secret: "s" }) { id name hidden: secret } }"#;
    let answered = write(&endpoint, &administrator(), create).await;
    assert_eq!(answered["b"], json!({ "id": "b1", "name": "B", "hidden": "s" }));
    let change = changes.recv().await.unwrap();
    let told = ann.tell(&change).await.unwrap();
    assert_eq!(told, json!({ "data": { "onCreateBlog": { "id": "b1", "name": "B", "secret": null } } }));
}

#[tokio::test]
async fn a_guarded_field_of_an_object_within_a_record_is_told_to_nobody() {
    let endpoint = endpoint().await;
    let ann =
        subscribe(&endpoint, &person("ann"), "subscription { onCreateBlog { address { city street } } }");
    let ann = ann.unwrap();
    let mut changes = endpoint.changes();
    let claims = [("sub", json!("eve")), ("username", json!("eve")), ("cognito:groups", json!(["staff"]))];
    let eve = User::user_pools(Claims::from_iter(claims), VerifiedBy::Portcullis).into();
    let create = r#"mutation { createBlog(input: { address: { city: "Oslo", street: "S" } }) { address { city street } } }"#;
    let answered = write(&endpoint, &eve, create).await;
    assert_eq!(answered["createBlog"]["address"], json!({ "city": "Oslo", "street": "S" }));
    let told = ann.tell(&changes.recv().await.unwrap()).await.unwrap();
    assert_eq!(told["data"]["onCreateBlog"]["address"], json!({ "city": "Oslo", "street": null }));
}

#[tokio::test]
async fn related_records_are_told_as_the_mutation_answered_them() {
    let endpoint = endpoint().await;
    let ann = person("ann");
    let query =
        "subscription { onUpdateBlog { id posts { items { text } nextToken } pages { items { text } } } }";
    let listener = subscribe(&endpoint, &person("bob"), query).unwrap();
    write(&endpoint, &ann, r#"mutation { createBlog(input: { id: "b1", name: "B" }) { id } }"#).await;
    write(&endpoint, &ann, r#"mutation { createPost(input: { text: "p", blogPostsId: "b1" }) { id } }"#)
        .await;
    write(&endpoint, &ann, r#"mutation { createPage(input: { text: "hers", blogPagesId: "b1" }) { id } }"#)
        .await;
    let mut changes = endpoint.changes();
    let update = r#"mutation { updateBlog(input: { id: "b1", name: "C" }) {
        id posts { items { words: text text } nextToken } pages { items { text } } } }"#;
    write(&endpoint, &ann, update).await;
    let told = listener.tell(&changes.recv().await.unwrap()).await.unwrap();
    // Not everybody who hears of blogs may read the pages.
    let expected = json!({ "id": "b1", "posts": { "items": [{ "text": "p" }], "nextToken": null }, "pages": { "items": [] } });
    assert_eq!(told, json!({ "data": { "onUpdateBlog": expected } }));
}

#[tokio::test]
async fn whoever_has_the_api_key_is_told_of_what_is_public() {
    let endpoint = endpoint().await;
    let query = "subscription { onCreateBlog { id name secret pages { items { text } } } }";
    let anybody = subscribe(&endpoint, &Identity::ApiKey, query).unwrap();
    let refused =
        subscribe(&endpoint, &Identity::ApiKey, "subscription { onCreatePage { id } }").unwrap_err();
    assert_eq!(refused[0]["message"], "Not Authorized to access onCreatePage on type Subscription");
    assert_eq!(refused[0]["path"], json!(["onCreatePage"]));
    let mut changes = endpoint.changes();
    let create =
        r#"mutation { createBlog(input: { id: "b1", name: "B" }) { id name pages { items { text } } } }"#;
    write(&endpoint, &person("ann"), create).await;
    let told = anybody.tell(&changes.recv().await.unwrap()).await.unwrap();
    let expected = json!({ "id": "b1", "name": "B", "secret": null, "pages": { "items": [] } });
    assert_eq!(told, json!({ "data": { "onCreateBlog": expected } }));
}

#[tokio::test]
async fn a_subscription_that_is_public_is_for_the_default_way_in() {
    let endpoint = endpoint().await;
    let query = "subscription { onCreateNews { text owner } }";
    let bob = subscribe(&endpoint, &person("bob"), query).unwrap();
    let refused = subscribe(&endpoint, &Identity::ApiKey, query).unwrap_err();
    assert_eq!(refused[0]["errorType"], "Unauthorized");
    let mut changes = endpoint.changes();
    write(&endpoint, &person("ann"), r#"mutation { createNews(input: { text: "t" }) { id text owner } }"#)
        .await;
    let told = bob.tell(&changes.recv().await.unwrap()).await.unwrap();
    assert_eq!(told["data"]["onCreateNews"], json!({ "text": "t", "owner": "ann" }));
}

#[tokio::test]
async fn what_was_not_written_is_not_told() {
    let endpoint = endpoint().await;
    let mut changes = endpoint.changes();
    let request = json!({ "query": r#"mutation { a: createPost(input: { id: "p" }) { id } b: createPost(input: { id: "p" }) { id }
        c: deletePost(input: { id: "p" }) { id } d: deletePost(input: { id: "p" }) { id } }"# });
    let answer = endpoint.answer(&person("ann"), request.as_object().unwrap()).await;
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(2), "{answer}");
    let mut told = Vec::new();
    while let Ok(change) = changes.try_recv() {
        told.push(format!("{} {}", change.operation, change.model));
    }
    assert_eq!(told, ["create Post", "delete Post"]);
}
