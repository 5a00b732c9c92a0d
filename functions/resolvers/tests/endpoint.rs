//! The GraphQL endpoint: what a query costs, what it may ask for, and that a hostile one gets a bounded answer.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use portcullis_data::{
    Functions, Meter,
    rules::{Authorizer, Claims, Identity, User, VerifiedBy},
    schema::Schema,
    testkit,
};
use portcullis_resolvers::{GraphQl, Resolvers};
use serde_json::{Value, json};

const SCHEMA: &str = r#"
    type Blog @model @auth(rules: [{ allow: owner }, { allow: public, operations: [read] }]) {
        id: ID!
        name: String!
        secret: String @auth(rules: [{ allow: owner }])
        posts: [Post] @hasMany
    }
    type Post @model @auth(rules: [{ allow: owner }]) {
        id: ID!
        text: String
        tags: [String]
        day: AWSDate
        blog: Blog @belongsTo
    }
"#;

fn person(name: &str) -> Identity {
    let claims = Claims::from_iter([("sub", name), ("username", name)]);
    User::user_pools(claims, VerifiedBy::Portcullis).into()
}

struct House {
    endpoint: GraphQl,
    meter: Meter,
}

impl House {
    async fn new() -> Self {
        let meter = Meter::default();
        let table = testkit::metered_table(&meter).await.unwrap();
        let schema = Schema::parse(SCHEMA, "schema.graphql").unwrap();
        let resolvers = Resolvers::new(schema, table, Authorizer::new(), Functions::default()).unwrap();
        Self { endpoint: GraphQl::new(resolvers).unwrap(), meter }
    }

    async fn ask(&self, identity: &Identity, query: &str, variables: Value) -> Value {
        let request = json!({ "query": query, "variables": variables });
        self.endpoint.answer(identity, request.as_object().unwrap()).await
    }

    async fn with_posts(count: usize) -> Self {
        let house = Self::new().await;
        let ann = person("ann");
        let make = "mutation M($blog: CreateBlogInput!) { createBlog(input: $blog) { id } }";
        for blog in ["b1", "b2"] {
            house.ask(&ann, make, json!({ "blog": { "id": blog, "name": blog, "secret": "s" } })).await;
        }
        let make = "mutation M($post: CreatePostInput!) { createPost(input: $post) { id owner } }";
        for number in 0..count {
            let blog = if number % 2 == 0 { "b1" } else { "b2" };
            let post = json!({ "id": format!("p{number}"), "text": "t", "tags": "one", "blogPostsId": blog });
            let made = house.ask(&ann, make, json!({ "post": post })).await;
            assert_eq!(made["data"]["createPost"]["owner"], "ann", "{made}");
        }
        house
    }
}

#[tokio::test]
async fn related_records_of_a_page_are_read_in_a_batch() {
    let house = House::with_posts(40).await;
    let ann = person("ann");
    let query = "{ listPosts(limit: 40) { items { id tags blog { name posts(limit: 3) { items { id } nextToken } } } } }";
    let answer = house.ask(&ann, query, Value::Null).await;
    assert_eq!(answer["errors"], Value::Null);
    let items = answer["data"]["listPosts"]["items"].as_array().unwrap();
    assert_eq!(items.len(), 40);
    assert_eq!(items[1]["blog"]["name"], "b2");
    assert_eq!(items[1]["tags"], json!(["one"]));
    assert_eq!(items[0]["blog"]["posts"]["items"].as_array().unwrap().len(), 3);

    let _ = house.meter.take();
    house.ask(&ann, "{ listPosts(limit: 40) { items { id } } }", Value::Null).await;
    let list = house.meter.take().calls;
    let _ = house.meter.take();
    house.ask(&ann, "{ listPosts(limit: 40) { items { id blog { name } } } }", Value::Null).await;
    let with_blogs = house.meter.take().calls;
    assert_eq!(with_blogs, list + 1, "forty records that belong to two blogs");
}

#[tokio::test]
async fn a_field_that_is_refused_is_null_with_an_error_in_the_form_of_appsync() {
    let house = House::with_posts(0).await;
    let query =
        "query Q { blog: getBlog(id: \"b1\") {\n  name secret } createdAlias: listPosts { items { id } } }";
    let answer = house.ask(&Identity::ApiKey, query, Value::Null).await;
    assert_eq!(answer["data"]["blog"], json!({ "name": "b1", "secret": null }));
    let errors = json!([
        { "path": ["blog", "secret"], "data": null, "errorType": "Unauthorized", "errorInfo": null,
          "locations": [{ "line": 2, "column": 8, "sourceName": null }],
          "message": "Not Authorized to access secret on type Blog" },
        { "path": ["createdAlias"], "data": null, "errorType": "Unauthorized", "errorInfo": null,
          "locations": [{ "line": 2, "column": 17, "sourceName": null }],
          "message": "Not Authorized to access listPosts on type Query" },
    ]);
    assert_eq!(answer["errors"], errors);
}

#[tokio::test]
async fn the_schema_can_be_asked_for() {
    let house = House::new().await;
    let query = "{ __schema { queryType { name } } __type(name: \"Blog\") { fields { name } } __typename }";
    let answer = house.ask(&person("ann"), query, Value::Null).await;
    assert_eq!(answer["data"]["__schema"]["queryType"]["name"], "Query");
    assert_eq!(answer["data"]["__typename"], "Query");
    assert!(
        answer["data"]["__type"]["fields"].as_array().unwrap().iter().any(|field| field["name"] == "posts")
    );
}

#[tokio::test]
async fn skipped_fields_fragments_and_aliases_are_as_graphql_has_them() {
    let house = House::with_posts(1).await;
    let query =
        "query Q($no: Boolean!, $id: ID!) { getPost(id: $id) { ...P id @skip(if: $no) text @include(if: $no)
            ... on Post { blog { id } } blog { n: name __typename } } }
        fragment P on Post { words: text }";
    let answer = house.ask(&person("ann"), query, json!({ "no": false, "id": "p0" })).await;
    let expected =
        json!({ "words": "t", "id": "p0", "blog": { "id": "b1", "n": "b1", "__typename": "Blog" } });
    assert_eq!((&answer["data"]["getPost"], &answer["errors"]), (&expected, &Value::Null));
}

#[tokio::test]
async fn a_hostile_request_gets_a_bounded_and_clear_refusal() {
    let house = House::with_posts(3).await;
    let ann = person("ann");
    let aliases: String =
        (0..10_000).map(|number| format!("a{number}: getPost(id: \"p0\") {{ id }} ")).collect();
    let fewer = format!("getPost(id: \"p0\") {{ {} }}", "id ".repeat(2_000));
    let deep = format!(
        "{{ getPost(id: \"p0\") {{ {}id{} }} }}",
        "blog { posts { items { ".repeat(67),
        " } } }".repeat(67)
    );
    let wide: String = (0..13)
        .map(|number| format!("fragment F{number} on Post {{ ...F{0} blog {{ id }} ...F{0} }} ", number + 1))
        .collect();
    let wide = format!("{{ getPost(id: \"p0\") {{ ...F0 }} }} {wide} fragment F13 on Post {{ id }}");
    let cyclic = "{ getPost(id: \"p0\") { ...A } } fragment A on Post { ...B } fragment B on Post { ...A }";
    for (query, word) in [
        (format!("{{ {aliases} }}"), "token limit"),
        (format!("{{ {fewer} }}"), "2000 fields"),
        (deep, "recursion limit"),
        (wide, "2000 fields"),
        (cyclic.to_owned(), "itself"),
        ("x".repeat(1_000_000), ""),
        ("{ nothing }".to_owned(), "nothing"),
        ("{ listPosts { items { id".to_owned(), ""),
        ("subscription { onCreatePost { id } }".to_owned(), "websocket"),
        ("{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }".to_owned(), "introspection"),
    ] {
        let started = std::time::Instant::now();
        let answer = house.ask(&ann, &query, Value::Null).await;
        let shown: String = query.chars().take(60).collect();
        assert_eq!(answer["data"], Value::Null, "{shown}");
        let text = answer.to_string();
        assert!(text.to_lowercase().contains(word), "{shown}: {}", text.chars().take(300).collect::<String>());
        assert!(text.len() < 20_000, "{shown}: {} bytes", text.len());
        assert!(started.elapsed().as_secs() < 5, "{shown}: {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_caller_and_its_list_alone() {
    let house = House::with_posts(3).await;
    let (ann, bob) = (person("ann"), person("bob"));
    let page = "query Q($next: String) { listPosts(limit: 2, nextToken: $next) { items { id } nextToken } }";
    let first = house.ask(&ann, page, Value::Null).await;
    let next = first["data"]["listPosts"]["nextToken"].clone();
    assert!(next.is_string(), "{first}");
    let second = house.ask(&ann, page, json!({ "next": next })).await;
    assert_eq!(second["data"]["listPosts"]["items"].as_array().unwrap().len(), 1);
    assert_eq!(second["data"]["listPosts"]["nextToken"], Value::Null);
    let blogs = page.replace("listPosts", "listBlogs");
    for (identity, query, next) in
        [(&bob, page, next.clone()), (&ann, blogs.as_str(), next), (&ann, page, json!("AAAA"))]
    {
        let answer = house.ask(identity, query, json!({ "next": next })).await;
        assert_eq!(answer["errors"][0]["message"], "nextToken is not valid", "{answer}");
    }
}

#[tokio::test]
async fn input_that_is_not_of_its_type_is_refused() {
    let house = House::new().await;
    let make = "mutation M($post: CreatePostInput!) { createPost(input: $post) { id day } }";
    for (post, good) in [
        (json!({ "day": "2026-01-31" }), true),
        (json!({ "day": "yesterday" }), false),
        (json!({ "text": { "a": 1 } }), false),
        (json!({ "nothing": 1 }), false),
        (json!({ "owner": "bob" }), false),
    ] {
        let answer = house.ask(&person("ann"), make, json!({ "post": post })).await;
        assert_eq!(answer["errors"].is_null(), good, "{post}: {answer}");
    }
}
