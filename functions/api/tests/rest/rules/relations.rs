//! Records by way of another.

use super::story;

const BLOGS: &str = r#"
    type Blog @model @auth(rules: [{ allow: owner }, { allow: private, operations: [read] }]) {
        id: ID!
        name: String!
        posts: [Post] @hasMany
        cover: Picture @hasOne
    }
    type Post @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["editors"], operations: [read] }]) {
        id: ID!
        text: String
        secret: String @auth(rules: [{ allow: owner }])
        blog: Blog @belongsTo
    }
    type Picture @model @auth(rules: [{ allow: public }]) {
        id: ID!
        url: String
    }
"#;

#[tokio::test]
async fn what_is_related_is_seen_by_whom_its_own_rules_admit() {
    story(BLOGS)
        .await
        .tell(
            r#"
            ann  POST /blogs {"id": "b1", "name": "teas"} -> 201 {"id": "b1", "name": "teas", "owner": "ann"}
            ann  POST /posts {"id": "p1", "text": "one", "secret": "s", "blogPostsId": "b1"} -> 201 {"id": "p1", "text": "one", "secret": "s", "blogPostsId": "b1", "owner": "ann"}
            bob  POST /posts {"id": "p2", "text": "two", "blogPostsId": "b1"} -> 201
            ann  GET /blogs/b1/posts -> 200 [{"id": "p1", "text": "one", "secret": "s", "blogPostsId": "b1", "owner": "ann"}]
            bob  GET /blogs/b1/posts -> 200 [{"id": "p2", "text": "two", "blogPostsId": "b1", "owner": "bob"}]
            # Fields are withheld there as anywhere.
            eve  GET /blogs/b1/posts -> 200 [{"id": "p1", "text": "one", "blogPostsId": "b1", "owner": "ann"}, {"id": "p2", "text": "two", "blogPostsId": "b1", "owner": "bob"}]
            adam GET /blogs/b1/posts -> 200 []
            bob  GET /posts/p2/blog -> 200 {"id": "b1", "name": "teas", "owner": "ann"}
            # A record that one may not see leads nowhere.
            bob  GET /posts/p1/blog -> 404
            ann  GET /blogs/b2/posts -> 404
            # One that leads to nothing, and what is for others.
            bob  PATCH /posts/p2 {"blogPostsId": "b9"} -> 200
            bob  GET /posts/p2/blog -> 404
            bob  PATCH /posts/p2 {"blogPostsId": null} -> 200
            bob  GET /posts/p2/blog -> 404
            bob  GET /blogs/b1/posts -> 200 []
            key  POST /pictures {"id": "c1", "url": "u"} -> 201
            ann  PATCH /blogs/b1 {"blogCoverId": "c1"} -> 200
            ann  GET /blogs/b1/cover -> 404
            key  GET /blogs/b1/cover -> 403
            nobody GET /blogs/b1/posts -> 401
            ann  GET /blogs/b1/writers -> 404
            ann  DELETE /blogs/b1/posts -> 405
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_relation_may_have_rules_of_its_own() {
    let schema = r#"
        type Blog @model @auth(rules: [{ allow: private }]) {
            id: ID!
            posts: [Post] @hasMany @auth(rules: [{ allow: groups, groups: ["editors"] }])
        }
        type Post @model @auth(rules: [{ allow: private }]) { id: ID! text: String }
    "#;
    story(schema)
        .await
        .tell(
            r#"
            eve  POST /blogs {"id": "b1"} -> 201
            ann  POST /posts {"id": "p1", "blogPostsId": "b1"} -> 201
            eve  GET /blogs/b1/posts -> 200 [{"id": "p1", "blogPostsId": "b1"}]
            ann  GET /blogs/b1/posts -> 403
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_page_of_what_is_related_goes_on() {
    let story = story(BLOGS).await;
    story.tell(r#"ann POST /blogs {"id": "b1", "name": "teas"} -> 201"#).await;
    for number in 1..=5 {
        story.tell(&format!(r#"ann POST /posts {{"id": "p{number}", "blogPostsId": "b1"}} -> 201"#)).await;
    }
    let (mut seen, mut path) = (Vec::new(), "/blogs/b1/posts?limit=2".to_owned());
    loop {
        let page = story.call("ann", http::Method::GET, &path).await;
        seen.extend(
            page.body["items"].as_array().unwrap().iter().map(|post| post["id"].as_str().unwrap().to_owned()),
        );
        match page.body["nextToken"].as_str() {
            Some(token) => path = format!("/blogs/b1/posts?limit=2&nextToken={token}"),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, ["p1", "p2", "p3", "p4", "p5"]);
}

#[tokio::test]
async fn many_belong_to_many() {
    let schema = r#"
        type Post @model @auth(rules: [{ allow: private }]) { id: ID! tags: [Tag] @manyToMany(relationName: "PostTags") }
        type Tag @model @auth(rules: [{ allow: private }]) { id: ID! posts: [Post] @manyToMany(relationName: "PostTags") }
    "#;
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /posts {"id": "p1"} -> 201
            ann  POST /tags {"id": "t1"} -> 201
            ann  POST /tags {"id": "t2"} -> 201
            ann  POST /postTags {"postId": "p1", "tagId": "t1"} -> 201
            ann  POST /postTags {"postId": "p1", "tagId": "t2"} -> 201
            ann  GET /posts/p1/tags -> 200 [{"id": "t1"}, {"id": "t2"}]
            ann  GET /tags/t2/posts -> 200 [{"id": "p1"}]
            key  GET /posts/p1/tags -> 403
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_relation_has_a_route_if_both_models_have_theirs() {
    let schema = r#"
        type Blog @model(queries: { list: null }) @auth(rules: [{ allow: private }]) { id: ID! posts: [Post] @hasMany cover: Cover @hasOne }
        type Post @model(queries: null) @auth(rules: [{ allow: private }]) { id: ID! blog: Blog @belongsTo }
        type Cover @model(queries: { list: null }) @auth(rules: [{ allow: private }]) { id: ID! }
    "#;
    story(schema)
        .await
        .tell(
            r#"
            ann POST /blogs {"id": "b1"} -> 201
            ann POST /posts {"id": "p1", "blogPostsId": "b1"} -> 201
            ann POST /covers {"id": "c1"} -> 201
            ann PATCH /blogs/b1 {"blogCoverId": "c1"} -> 200
            ann GET /blogs/b1/cover -> 200 {"id": "c1"}
            ann GET /blogs/b1/posts -> 404
            ann GET /posts/p1/blog -> 404
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_foreign_key_that_names_the_owner_is_no_way_to_take_a_record_over() {
    let schema = r#"
        type User @model @auth(rules: [{ allow: private }]) { id: ID! notes: [Note] @hasMany }
        type Note @model @auth(rules: [{ allow: owner, ownerField: "userNotesId", identityClaim: "sub" }, { allow: private, operations: [read] }]) {
            id: ID! @auth(rules: [{ allow: owner, ownerField: "userNotesId", identityClaim: "sub" }, { allow: private, operations: [create, read] }])
            text: String @auth(rules: [{ allow: owner, ownerField: "userNotesId", identityClaim: "sub" }])
            likes: Int @auth(rules: [{ allow: owner, ownerField: "userNotesId", identityClaim: "sub" }, { allow: private, operations: [create, read, update] }])
        }
    "#;
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /users {"id": "u-ann"} -> 201
            ann  POST /notes {"id": "n1", "text": "secret"} -> 201 {"id": "n1", "text": "secret", "userNotesId": "u-ann"}
            bob  GET /notes/n1 -> 200 {"id": "n1", "userNotesId": "u-ann"}
            bob  PATCH /notes/n1 {"likes": 1} -> 200 {"id": "n1", "likes": 1, "userNotesId": "u-ann"}
            bob  PATCH /notes/n1 {"userNotesId": "u-bob"} -> 403 ["userNotesId"]
            bob  PATCH /notes/n1 {"likes": 2, "userNotesId": "u-bob"} -> 403 ["userNotesId"]
            bob  PATCH /notes/n1 {"userNotesId": null} -> 403 ["userNotesId"]
            bob  POST /notes {"id": "n2", "likes": 1, "userNotesId": "u-ann"} -> 403 ["userNotesId"]
            bob  GET /notes/n1 -> 200 {"id": "n1", "likes": 1, "userNotesId": "u-ann"}
            # Whoever may do everything may give it away.
            ann  PATCH /notes/n1 {"userNotesId": "u-bob"} -> 200
            bob  GET /notes/n1 -> 200 {"id": "n1", "text": "secret", "likes": 1, "userNotesId": "u-bob"}
            ann  PATCH /notes/n1 {"text": "mine"} -> 403 ["text"]
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_foreign_key_that_is_declared_has_the_rules_of_its_field() {
    let schema = r#"
        type Blog @model @auth(rules: [{ allow: private }]) { id: ID! posts: [Post] @hasMany }
        type Post @model @auth(rules: [{ allow: private }, { allow: groups, groups: ["editors"] }]) {
            id: ID!
            text: String
            blogPostsId: ID @auth(rules: [{ allow: groups, groups: ["editors"] }])
        }
    "#;
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /blogs {"id": "b1"} -> 201
            ann  POST /posts {"id": "p1", "text": "one", "blogPostsId": "b1"} -> 403 ["blogPostsId"]
            ann  POST /posts {"id": "p1", "text": "one"} -> 201
            ann  PATCH /posts/p1 {"blogPostsId": "b1"} -> 403 ["blogPostsId"]
            ann  GET /blogs/b1/posts -> 200 []
            eve  PATCH /posts/p1 {"blogPostsId": "b1"} -> 200 {"id": "p1", "text": "one", "blogPostsId": "b1"}
            ann  PATCH /posts/p1 {"blogPostsId": null} -> 403 ["blogPostsId"]
            # Nor is it read by whom its rules do not admit.
            ann  GET /posts/p1 -> 200 {"id": "p1", "text": "one"}
            "#,
        )
        .await;
}

#[tokio::test]
async fn pairs_are_for_whom_the_rules_of_either_side_admit() {
    let schema = r#"
        type Post @model @auth(rules: [{ allow: private }]) { id: ID! tags: [Tag] @manyToMany(relationName: "PostTags") }
        type Tag @model @auth(rules: [{ allow: groups, groups: ["editors"] }, { allow: private, provider: oidc, operations: [read] }]) {
            id: ID!
            posts: [Post] @manyToMany(relationName: "PostTags")
        }
    "#;
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /posts {"id": "p1"} -> 201
            eve  POST /tags {"id": "t1"} -> 201
            ann  POST /postTags {"id": "x1", "postId": "p1", "tagId": "t1"} -> 201
            key  POST /postTags {"postId": "p1", "tagId": "t1"} -> 403
            olga POST /postTags {"postId": "p1", "tagId": "t1"} -> 403
            olga DELETE /postTags/x1 -> 403
            olga GET /postTags/x1 -> 200
            key  GET /postTags/x1 -> 403
            # What the pairs lead to has the rules of its own model.
            eve  GET /posts/p1/tags -> 200 [{"id": "t1"}]
            ann  GET /posts/p1/tags -> 200 []
            olga GET /tags/t1/posts -> 200 []
            key  GET /posts/p1/tags -> 403
            "#,
        )
        .await;
}

#[tokio::test]
async fn who_may_only_listen_is_shown_records_by_way_of_a_relation_alone() {
    let schema = r#"
        type Team @model @auth(rules: [{ allow: private }]) { id: ID! items: [Item] @hasMany }
        type Item @model @auth(rules: [{ allow: groups, groups: ["editors"], operations: [listen] }, { allow: private, operations: [create] }]) { id: ID! }
    "#;
    story(schema)
        .await
        .tell(
            r#"
            ann  POST /teams {"id": "t1"} -> 201
            ann  POST /items {"id": "i1", "teamItemsId": "t1"} -> 201
            eve  GET /items -> 403
            eve  GET /items/i1 -> 403
            eve  GET /teams/t1/items -> 200 [{"id": "i1", "teamItemsId": "t1"}]
            ann  GET /teams/t1/items -> 403
            "#,
        )
        .await;
}
