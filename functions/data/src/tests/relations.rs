//! Records of one model that are reached from those of another.

use serde_json::json;

use super::*;
use crate::Related;

const SCHEMA: &str = r#"
type Blog @model @auth(rules: [{ allow: owner }, { allow: private, operations: [read] }]) {
  name: String
  posts: [Post] @hasMany
  secrets: [Post] @hasMany(indexName: "byTopic", fields: ["name"]) @auth(rules: [{ allow: owner }])
  front: Post @hasOne
}

type Post @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["editors"], operations: [read] }]) {
  text: String
  topic: String @index(name: "byTopic")
  blog: Blog @belongsTo
  tags: [Tag] @manyToMany(relationName: "PostTags")
}

type Tag @model @auth(rules: [{ allow: private }]) {
  label: String
  posts: [Post] @manyToMany(relationName: "PostTags")
}

type Shop @model @auth(rules: [{ allow: private }]) {
  id: ID! @primaryKey(sortKeyFields: ["town"])
  town: String!
  sales: [Sale] @hasMany
}

type Sale @model @auth(rules: [{ allow: private }]) {
  number: Int
}

type Account @model @auth(rules: [{ allow: private, operations: [create, read] }]) {
  holder: String
  entries: [Entry] @hasMany(indexName: "byHolder", fields: ["holder"])
}

type Entry @model @auth(rules: [{ allow: owner, ownerField: "holder", identityClaim: "username" }]) {
  holder: String @index(name: "byHolder")
  amount: Int
}
"#;

impl World {
    async fn related(
        &self,
        who: &Identity,
        model: &str,
        key: &[&str],
        field: &str,
        limit: u32,
    ) -> Result<Related, DataError> {
        let (model, request) = (self.model(model), PageRequest { limit: Some(limit), next_token: None });
        let key = RecordKey::from_segments(model, key).unwrap();
        self.data.related(who, &self.schema, model, &key, field, &request).await
    }

    /// The ids of all related records, page by page.
    async fn reached(
        &self,
        who: &Identity,
        model: &str,
        key: &[&str],
        field: &str,
        limit: u32,
    ) -> Vec<String> {
        let model = self.model(model);
        let key = RecordKey::from_segments(model, key).unwrap();
        let mut request = PageRequest { limit: Some(limit), next_token: None };
        let mut ids = Vec::new();
        loop {
            let related = self.data.related(who, &self.schema, model, &key, field, &request).await.unwrap();
            let Related::Many(page) = related else { panic!("{related:?}") };
            ids.extend(page.items.iter().map(|item| text(item, "id")));
            request.next_token = page.next_token;
            if request.next_token.is_none() {
                return ids;
            }
        }
    }
}

fn one(related: Result<Related, DataError>) -> Option<String> {
    match related {
        Ok(Related::One(shown)) => shown.map(|shown| text(shown.item(), "id")),
        other => panic!("{other:?}"),
    }
}

async fn blogs() -> World {
    let world = world_of(SCHEMA).await;
    for id in ["b", "c"] {
        world.create(&ann(), "Blog", json!({"id": id, "name": id})).await.unwrap();
    }
    for (id, who, blog) in [("1", ann(), "b"), ("2", bob(), "b"), ("3", ann(), "c"), ("4", ann(), "b")] {
        let input = json!({"id": id, "topic": "b", "blogPostsId": blog});
        world.create(&who, "Post", input).await.unwrap();
    }
    world
}

#[tokio::test]
async fn related_records_are_those_that_the_caller_may_see() {
    let world = blogs().await;
    for limit in [1, 2, 100] {
        for (who, blog, expected) in [
            (ann(), "b", vec!["1", "4"]),
            (ann(), "c", vec!["3"]),
            (bob(), "b", vec!["2"]),
            (bob(), "c", vec![]),
            (editor(), "b", vec!["1", "2", "4"]),
        ] {
            assert_eq!(world.reached(&who, "Blog", &[blog], "posts", limit).await, expected, "{blog}");
        }
    }
    assert_eq!(one(world.related(&ann(), "Post", &["1"], "blog", 5).await), Some("b".to_owned()));
    let hidden = world.related(&bob(), "Post", &["1"], "blog", 5).await;
    assert!(matches!(hidden, Err(DataError::NotFound)), "whoever may not see the post is not led on from it");
    let unknown = world.related(&ann(), "Blog", &["b"], "authors", 5).await;
    assert!(matches!(unknown, Err(DataError::NotFound)));
    world.records().await;
}

#[tokio::test]
async fn a_single_record_that_is_missing_or_hidden_is_none() {
    let world = blogs().await;
    assert_eq!(one(world.related(&ann(), "Blog", &["b"], "front", 5).await), None);
    for (post, who, expected) in [
        ("1", ann(), Some("1")),
        ("1", bob(), None),
        ("2", bob(), Some("2")),
        ("gone", ann(), None),
        ("a#b", ann(), None),
    ] {
        world.update(&ann(), "Blog", "b", json!({"blogFrontId": post})).await.unwrap();
        let found = one(world.related(&who, "Blog", &["b"], "front", 5).await);
        assert_eq!(found.as_deref(), expected, "{post}");
    }
}

#[tokio::test]
async fn a_relation_may_have_rules_of_its_own() {
    let world = blogs().await;
    assert_eq!(world.reached(&ann(), "Blog", &["b"], "secrets", 2).await, ["1", "3", "4"]);
    match world.related(&bob(), "Blog", &["b"], "secrets", 5).await {
        Err(DataError::Forbidden(portcullis_rules::Denied::Fields(fields))) => {
            assert_eq!(fields, ["secrets"])
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn many_are_related_to_many_through_their_pairs() {
    let world = blogs().await;
    for id in ["x", "y", "z"] {
        world.create(&ann(), "Tag", json!({"id": id, "label": id})).await.unwrap();
    }
    for (who, post, tag) in
        [(ann(), "1", "x"), (bob(), "2", "x"), (ann(), "1", "z"), (ann(), "3", "x"), (ann(), "4", "gone")]
    {
        world.create(&who, "PostTags", json!({"postId": post, "tagId": tag})).await.unwrap();
    }
    for limit in [1, 2, 100] {
        assert_eq!(world.reached(&ann(), "Post", &["1"], "tags", limit).await, ["x", "z"]);
        assert_eq!(world.reached(&ann(), "Tag", &["x"], "posts", limit).await, ["1", "3"]);
        assert_eq!(world.reached(&bob(), "Tag", &["x"], "posts", limit).await, ["2"]);
        assert!(world.reached(&ann(), "Tag", &["y"], "posts", limit).await.is_empty());
        assert!(world.reached(&ann(), "Post", &["4"], "tags", limit).await.is_empty(), "it leads nowhere");
    }
    world.records().await;
}

#[tokio::test]
async fn a_page_of_pairs_ends_before_it_is_too_large_to_be_sent() {
    let world = world_of(SCHEMA).await;
    world.create(&ann(), "Post", json!({"id": "p"})).await.unwrap();
    let label = "l".repeat(300 * 1024);
    let mut expected = Vec::new();
    for number in 0..20 {
        let id = format!("{number:02}");
        world.create(&ann(), "Tag", json!({"id": id, "label": label})).await.unwrap();
        world.create(&ann(), "PostTags", json!({"postId": "p", "tagId": id})).await.unwrap();
        expected.push(id);
    }
    let Related::Many(page) = world.related(&ann(), "Post", &["p"], "tags", 100).await.unwrap() else {
        panic!()
    };
    assert!((1..=17).contains(&page.items.len()) && page.next_token.is_some(), "{page:?}");
    assert_eq!(world.reached(&ann(), "Post", &["p"], "tags", 100).await, expected);
}

#[tokio::test]
async fn a_key_of_several_fields_is_followed_as_a_whole() {
    let world = world_of(SCHEMA).await;
    for town in ["ulm", "ulm2"] {
        world.create(&ann(), "Shop", json!({"id": "s", "town": town})).await.unwrap();
        for number in [1, 2] {
            let id = format!("{town}{number}");
            let input = json!({"id": id, "number": number, "shopSalesId": "s", "shopSalesTown": town});
            world.create(&ann(), "Sale", input).await.unwrap();
        }
    }
    assert_eq!(world.reached(&ann(), "Shop", &["s", "ulm"], "sales", 1).await, ["ulm1", "ulm2"]);
    assert_eq!(world.reached(&ann(), "Shop", &["s", "ulm2"], "sales", 1).await, ["ulm21", "ulm22"]);
    world.records().await;
}

#[tokio::test]
async fn an_owner_who_is_part_of_the_relation_is_known_by_the_record_that_leads_there() {
    let world = world_of(SCHEMA).await;
    for name in ["ann", "bob"] {
        world.create(&ann(), "Account", json!({"id": name, "holder": name})).await.unwrap();
    }
    world.create(&ann(), "Entry", json!({"id": "e", "amount": 1})).await.unwrap();
    world.create(&bob(), "Entry", json!({"id": "f", "amount": 2})).await.unwrap();
    assert_eq!(world.reached(&ann(), "Account", &["ann"], "entries", 5).await, ["e"]);
    assert_eq!(world.reached(&bob(), "Account", &["bob"], "entries", 5).await, ["f"]);
    assert!(world.reached(&ann(), "Account", &["bob"], "entries", 5).await.is_empty());
    // That others are let in whatever the rules say from now on takes nothing away.
    let admits = Authorizer::new().admit_account();
    let world = World { data: AuthorizedRepository::new(world.repository.clone(), admits), ..world };
    assert_eq!(world.reached(&ann(), "Account", &["ann"], "entries", 5).await, ["e"]);
}

#[tokio::test]
async fn many_records_are_followed_at_once_as_one_by_one_and_in_batches() {
    let meter = crate::Meter::default();
    let table = testkit::metered_table(&meter).await.unwrap();
    let world = blogs().await;
    let repository = Repository::new(table.clone());
    let data = AuthorizedRepository::new(repository.clone(), Authorizer::default());
    let world = World { table, repository, data, ..world };
    for id in ["b", "c"] {
        world.create(&ann(), "Blog", json!({"id": id, "name": id})).await.unwrap();
    }
    for number in 0..40 {
        let who = if number % 3 == 0 { bob() } else { ann() };
        let blog = ["b", "c", "gone"][number % 3];
        let post = json!({"id": format!("p{number}"), "topic": "b", "blogPostsId": blog});
        world.create(&who, "Post", post).await.unwrap();
    }
    world.update(&ann(), "Blog", "b", json!({"blogFrontId": "p1"})).await.unwrap();
    world.update(&ann(), "Blog", "c", json!({"blogFrontId": "p0"})).await.unwrap();
    let request = PageRequest { limit: Some(5), next_token: None };
    let posts: Vec<RecordKey> = (0..42).map(|number| RecordKey::id(format!("p{number}"))).collect();
    let blogs = ["b", "c", "none", "b"].map(RecordKey::id).to_vec();
    for (model, field, keys) in [
        ("Post", "blog", &posts),
        ("Blog", "front", &blogs),
        ("Blog", "posts", &blogs),
        ("Blog", "secrets", &blogs),
    ] {
        let model = world.model(model);
        for who in [ann(), bob(), editor()] {
            let _ = meter.take();
            let all =
                world.data.related_all(&who, &world.schema, model, keys, field, &request).await.unwrap();
            let calls = meter.take().calls;
            if keys.len() > 10 {
                assert_eq!(calls, 2, "the records, and what they lead to");
            }
            for (key, found) in keys.iter().zip(all) {
                let one = world.data.related(&who, &world.schema, model, key, field, &request).await;
                // Tokens of pages are never twice the same.
                let shape = |answer: Result<Related, DataError>| match answer {
                    Ok(Related::Many(page)) => format!("{:?} {}", page.items, page.next_token.is_some()),
                    Ok(Related::One(shown)) => format!("{:?}", shown.map(|shown| shown.item)),
                    Err(error) => format!("{error:?}"),
                };
                assert_eq!(shape(found), shape(one), "{field} of {key:?}");
            }
        }
    }
    let (ann, post) = (ann(), world.model("Post"));
    let nowhere = world.data.related_all(&ann, &world.schema, post, &posts, "authors", &request).await;
    assert!(matches!(nowhere, Err(DataError::NotFound)));
}
