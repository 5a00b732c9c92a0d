//! Events as AWS AppSync sends them to direct Lambda resolvers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use portcullis::{GatewayTokens, TokenUse, TrustedAppSync, testkit::TestIssuer};
use portcullis_data::{
    FunctionError, Functions, Invocation,
    rules::{Authorizer, IdentityPool},
    schema::Schema,
    testkit,
};
use portcullis_resolvers::{AppSync, Resolvers};
use serde_json::{Value, json};

const SCHEMA: &str = r#"
    type Blog @model @auth(rules: [{ allow: owner }, { allow: public, operations: [read] }]) {
        id: ID!
        name: String!
        secret: String @auth(rules: [{ allow: owner }])
        posts: [Post] @hasMany
    }
    type Post @model @auth(rules: [{ allow: owner }, { allow: public, operations: [read] },
            { allow: private, provider: identityPool, operations: [read] }, { allow: custom, operations: [read] }]) {
        id: ID!
        text: String
        blog: Blog @belongsTo
    }
    type Query { hello(name: String!): String @function(name: "hello") @auth(rules: [{ allow: private }]) }
"#;

static POOL: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::cognito);

async fn hello(call: Invocation) -> Result<Value, FunctionError> {
    match call.arguments.get("name").and_then(Value::as_str) {
        Some("nobody") => Err(FunctionError::Rejected("somebody is needed")),
        Some("bad") => Err(FunctionError::failed("arn:aws:dynamodb:eu-west-1:1:table/t broke")),
        name => Ok(format!("hello {}", name.unwrap_or_default()).into()),
    }
}

async fn app_sync() -> AppSync {
    let schema = Schema::parse(SCHEMA, "schema.graphql").unwrap();
    let functions = Functions::default().function("hello", hello);
    let pool = IdentityPool::new().authenticated_role("arn:aws:iam::111122223333:role/members");
    let authorizer = Authorizer::new().identity_pool(pool);
    let resolvers = Resolvers::new(schema, testkit::table().await.unwrap(), authorizer, functions).unwrap();
    let issuer = POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    let tokens = GatewayTokens::builder().issuer(issuer).clock(POOL.clock()).build().unwrap();
    let trusted = TrustedAppSync::new().tokens(tokens).api_key().iam().lambda_authorizer();
    AppSync::new(resolvers, trusted)
}

fn user(name: &str) -> Value {
    let claims = json!({
        "iss": POOL.url(), "sub": name, "token_use": "access", "client_id": "web", "username": name,
        "exp": TestIssuer::NOW + 60,
    });
    json!({ "sub": name, "issuer": POOL.url(), "username": name, "claims": claims, "groups": null,
        "sourceIp": ["203.0.113.1"], "defaultAuthStrategy": "ALLOW" })
}

fn event(identity: Value, field: &str, arguments: Value, source: Value) -> Value {
    let (of, field) = field.split_once('.').unwrap();
    json!({
        "arguments": arguments, "identity": identity, "source": source, "prev": null, "stash": {},
        // A header that was sent twice.
        "request": { "headers": { "x-forwarded-for": ["203.0.113.1", "198.51.100.2"] }, "domainName": null },
        "info": { "selectionSetList": ["id"], "selectionSetGraphQL": "{ id }", "parentTypeName": of,
            "fieldName": field, "variables": {} },
    })
}

fn told(answer: Result<Value, portcullis_resolvers::FieldError>) -> Value {
    match answer {
        Ok(data) => data,
        Err(error) => json!([error.kind(), error.to_string()]),
    }
}

#[tokio::test]
async fn each_kind_of_caller_is_known_by_the_identity_and_an_unknown_one_is_refused() {
    let app_sync = app_sync().await;
    let input = json!({ "input": { "id": "p1", "text": "hi" } });
    let made = app_sync.answer(&event(user("ann"), "Mutation.createPost", input, Value::Null)).await.unwrap();
    assert_eq!((&made["id"], &made["owner"]), (&json!("p1"), &json!("ann")));

    let iam = |role: &str| {
        json!({ "accountId": "111122223333", "cognitoIdentityPoolId": null, "cognitoIdentityId": null,
            "userArn": format!("arn:aws:sts::111122223333:assumed-role/{role}/CognitoIdentityCredentials"),
            "username": "x", "sourceIp": ["203.0.113.1"], "cognitoIdentityAuthType": null, "cognitoIdentityAuthProvider": null })
    };
    let refused = json!(["Unauthorized", "Not Authorized to access getPost on type Query"]);
    for (identity, seen) in [
        (user("ann"), true),
        (Value::Null, true),
        (json!({ "resolverContext": { "k": "v" } }), true),
        (iam("members"), true),
        (user("bob"), false),
        (iam("others"), false),
        (
            json!({ "sub": "ann", "issuer": "https://elsewhere.example", "claims": { "sub": "ann", "iss": "https://elsewhere.example" } }),
            false,
        ),
        (json!({ "something": "new" }), false),
        (json!("ann"), false),
    ] {
        let event = event(identity.clone(), "Query.getPost", json!({ "id": "p1" }), Value::Null);
        let answer = told(app_sync.answer(&event).await);
        match seen {
            true => assert_eq!(answer["text"], "hi", "{identity}"),
            false => assert_eq!(answer, refused, "{identity}"),
        }
    }
    let mut without = event(Value::Null, "Query.getPost", json!({ "id": "p1" }), Value::Null);
    without.as_object_mut().unwrap().remove("identity");
    assert_eq!(told(app_sync.answer(&without).await), refused);
}

#[tokio::test]
async fn a_batch_is_answered_item_by_item_in_order_and_one_bad_item_spoils_no_other() {
    let app_sync = app_sync().await;
    let write = |field: &str, input: Value| event(user("ann"), field, json!({ "input": input }), Value::Null);
    let mut blogs = Vec::new();
    for (id, posts) in [("b1", vec!["p1", "p2"]), ("b2", vec![]), ("b3", vec!["p3"])] {
        let blog = write("Mutation.createBlog", json!({ "id": id, "name": id, "secret": "s" }));
        app_sync.answer(&blog).await.unwrap();
        for post in posts {
            let post = write("Mutation.createPost", json!({ "id": post, "blogPostsId": id }));
            app_sync.answer(&post).await.unwrap();
        }
        let get = event(user("ann"), "Query.getBlog", json!({ "id": id }), Value::Null);
        blogs.push(app_sync.answer(&get).await.unwrap());
    }
    let of = |blog: &Value, identity: Value| event(identity, "Blog.posts", json!({}), blog.clone());
    let batch = json!([
        of(&blogs[0], user("ann")),
        of(&blogs[1], user("ann")),
        "no context",
        of(&blogs[2], json!({ "something": "new" })),
        of(&blogs[2], user("ann")),
        of(&blogs[0], user("bob")),
        event(user("ann"), "Blog.posts", json!({ "limit": 1 }), blogs[0].clone()),
    ]);
    let answers = app_sync.answer(&batch).await.unwrap();
    let ids: Vec<Value> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| match &answer["data"]["items"] {
            Value::Array(items) => items.iter().map(|item| item["id"].clone()).collect(),
            _ => answer["errorType"].clone(),
        })
        .collect();
    let expected = json!([["p1", "p2"], [], "BadRequest", "Unauthorized", ["p3"], [], ["p1"]]);
    assert_eq!(Value::Array(ids), expected);
    for answer in answers.as_array().unwrap() {
        let names: Vec<&String> = answer.as_object().unwrap().keys().collect();
        assert_eq!(names.len(), 3, "{answer}");
    }
}

#[tokio::test]
async fn a_field_that_is_withheld_is_not_in_the_parents_answer_and_refused_by_itself() {
    let app_sync = app_sync().await;
    let input = json!({ "input": { "id": "b1", "name": "B", "secret": "s" } });
    let made = app_sync.answer(&event(user("ann"), "Mutation.createBlog", input, Value::Null)).await.unwrap();
    // Those who listen get the same answer.
    assert_eq!(made["secret"], Value::Null);
    let get = |identity: Value| event(identity, "Query.getBlog", json!({ "id": "b1" }), Value::Null);
    let seen = app_sync.answer(&get(Value::Null)).await.unwrap();
    assert_eq!((&seen["name"], seen.get("secret")), (&json!("B"), None));
    let secret = |identity: Value, source: Value| event(identity, "Blog.secret", json!({}), source);
    assert_eq!(
        told(app_sync.answer(&secret(Value::Null, seen)).await),
        json!(["Unauthorized", "Not Authorized to access secret on type Blog"])
    );
    let hers = app_sync.answer(&get(user("ann"))).await.unwrap();
    assert_eq!(told(app_sync.answer(&secret(user("ann"), hers)).await), "s");
}

#[tokio::test]
async fn what_is_refused_is_refused_in_the_words_of_appsync() {
    let app_sync = app_sync().await;
    let ask = async |field: &str, arguments: Value| {
        told(app_sync.answer(&event(user("ann"), field, arguments, Value::Null)).await)
    };
    let blog = |id: &str| json!({ "input": { "id": id, "name": "B" } });
    ask("Mutation.createBlog", blog("b1")).await;
    let condition_failed =
        json!(["DynamoDB:ConditionalCheckFailedException", "The conditional request failed"]);
    assert_eq!(ask("Mutation.createBlog", blog("b1")).await, condition_failed);
    let update =
        |name: &str| json!({ "input": { "id": "b1", "name": "C" }, "condition": { "name": { "eq": name } } });
    assert_eq!(ask("Mutation.updateBlog", update("A")).await, condition_failed);
    assert_eq!(ask("Mutation.updateBlog", update("B")).await["name"], "C");
    for (field, arguments, kind) in [
        ("Mutation.updateBlog", blog("none"), "Unauthorized"),
        ("Mutation.deleteBlog", json!({ "input": { "id": "none" } }), "Unauthorized"),
        ("Mutation.createBlog", json!({ "input": { "name": 5 } }), "ValidationError"),
        ("Query.listBlogs", json!({ "nextToken": "made up" }), "ValidationError"),
        ("Query.listBlogs", json!({ "limit": 0 }), "ValidationError"),
        ("Query.listBlogs", json!({ "filter": { "name": { "like": "x" } } }), "ValidationError"),
        ("Query.hello", json!({ "name": "nobody" }), "ValidationError"),
        ("Query.hello", json!({}), "ValidationError"),
        ("Query.nothing", json!({}), "Unauthorized"),
        ("Subscription.onNothing", json!({}), "Unauthorized"),
    ] {
        assert_eq!(ask(field, arguments.clone()).await[0], kind, "{field} {arguments}");
    }
    assert_eq!(ask("Query.hello", json!({ "name": "you" })).await, "hello you");
    let broken = ask("Query.hello", json!({ "name": "bad" })).await;
    assert_eq!(broken, json!(["InternalFailure", "An internal failure occurred"]));
    assert_eq!(ask("Query.getBlog", json!({ "id": "none" })).await, Value::Null);
    assert_eq!(told(app_sync.answer(&json!({})).await)[0], "BadRequest");
}

#[tokio::test]
async fn a_subscription_is_answered_with_the_filter_that_appsync_tells_events_by() {
    let app_sync = app_sync().await;
    let iam = json!({ "accountId": "111122223333", "sourceIp": [], "username": "x",
        "userArn": "arn:aws:sts::111122223333:assumed-role/members/CognitoIdentityCredentials" });
    let own = |more: Value| {
        let tests = [json!({ "fieldName": "owner", "operator": "eq", "value": "ann" }), more];
        let tests: Vec<&Value> = tests.iter().filter(|test| !test.is_null()).collect();
        json!({ "filter": { "filterGroup": [{ "filters": tests }] } })
    };
    let text = json!({ "fieldName": "text", "operator": "beginsWith", "value": "h" });
    let everything = json!({ "filter": null });
    let refused = json!(["Unauthorized", "Not Authorized to access onCreatePost on type Subscription"]);
    for (identity, arguments, expected) in [
        (user("ann"), json!({}), own(Value::Null)),
        (user("ann"), json!({ "owner": "ann" }), own(Value::Null)),
        (user("ann"), json!({ "owner": null, "filter": null }), own(Value::Null)),
        (user("ann"), json!({ "filter": { "text": { "beginsWith": "h" } } }), own(text)),
        (user("ann"), json!({ "owner": "bob" }), refused.clone()),
        (Value::Null, json!({ "owner": "bob" }), everything.clone()),
        (json!({ "resolverContext": {} }), json!({}), everything.clone()),
        (iam, json!({}), everything),
        (json!({ "something": "new" }), json!({}), refused),
        (
            user("ann"),
            json!({ "filter": { "text": { "like": "h" } } }),
            json!(["ValidationError", "`like` is no word of a filter"]),
        ),
        (
            user("ann"),
            json!({ "filter": { "text": { "beginsWith": "h", "contains": "i" } } }),
            json!(["BadRequest", "filter uses same fieldName multiple time"]),
        ),
    ] {
        let event = event(identity.clone(), "Subscription.onCreatePost", arguments.clone(), Value::Null);
        assert_eq!(told(app_sync.answer(&event).await), expected, "{identity} {arguments}");
    }
}
