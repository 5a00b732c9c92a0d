//! What the caller may not see shows in no page, token or relation.

use serde_json::json;

use super::*;
use crate::Related;

const SCHEMA: &str = r#"
type Staff @model @auth(rules: [{ allow: private, operations: [read] }, { allow: owner }]) {
  dept: String @index(name: "byDept", sortKeyFields: ["salary"])
  salary: Int @auth(rules: [{ allow: owner }, { allow: groups, groups: ["payroll"], operations: [read] }])
}

type Memo @model @auth(rules: [
  { and: [{ allow: groups, groupsField: "team" }, { allow: owner }] }
  { allow: owner, operations: [get] }
]) {
  team: String @index(name: "byTeam")
  text: String
}

type Blog @model @auth(rules: [{ allow: private }]) {
  id: ID!
  posts: [Post] @hasMany(indexName: "byBlog", fields: ["id"])
}

type Post @model @auth(rules: [{ allow: private, operations: [read] }, { allow: owner }]) {
  text: String
  blogId: ID @index(name: "byBlog") @auth(rules: [{ allow: owner }])
  blog: Blog @belongsTo(fields: ["blogId"])
  tags: [Tag] @manyToMany(relationName: "PostTags")
}

type Tag @model @auth(rules: [{ allow: owner }]) {
  label: String
  posts: [Post] @manyToMany(relationName: "PostTags")
}
"#;

fn request(limit: u32, next_token: Option<String>) -> PageRequest {
    PageRequest { limit: Some(limit), next_token }
}

impl World {
    /// The ids of each page of a query.
    async fn found(&self, who: &Identity, model: &str, query: &IndexQuery, limit: u32) -> Vec<Vec<String>> {
        let (mut pages, mut token) = (Vec::new(), None);
        loop {
            let page = self.data.query(who, self.model(model), query, &request(limit, token)).await.unwrap();
            pages.push(page.items.iter().map(|item| text(item, "id")).collect());
            token = page.next_token;
            if token.is_none() {
                return pages;
            }
        }
    }

    /// The ids of each page of a list.
    async fn listed(&self, who: &Identity, model: &str, limit: u32) -> Vec<Vec<String>> {
        let pages = self.pages(who, model, limit).await;
        pages.iter().map(|page| page.iter().map(|item| text(item, "id")).collect()).collect()
    }

    async fn led_to(
        &self,
        who: &Identity,
        model: &str,
        id: &str,
        field: &str,
        limit: u32,
    ) -> Vec<Vec<String>> {
        let (mut pages, mut token) = (Vec::new(), None);
        loop {
            let request = request(limit, token);
            let (model, key) = (self.model(model), RecordKey::id(id));
            match self.data.related(who, &self.schema, model, &key, field, &request).await.unwrap() {
                Related::Many(page) => {
                    pages.push(page.items.iter().map(|item| text(item, "id")).collect());
                    token = page.next_token;
                }
                Related::One(shown) => {
                    pages.push(shown.iter().map(|shown| text(shown.item(), "id")).collect());
                    token = None;
                }
            }
            if token.is_none() {
                return pages;
            }
        }
    }
}

/// Writes a memo of this team and owner, whoever may.
async fn memo(world: &World, id: &str, team: &str, who: &str) {
    let writer = user(&format!("of-{who}"), who, &[team]);
    world.create(&writer, "Memo", json!({"id": id, "team": team})).await.unwrap();
}

#[tokio::test]
async fn the_token_of_a_query_tells_nothing_of_a_field_that_is_withheld() {
    let world = world_of(SCHEMA).await;
    world.create(&bob(), "Staff", json!({"id": "bob", "dept": "x", "salary": 0})).await.unwrap();
    for number in 0..150 {
        let input = json!({"id": format!("a{number}"), "dept": "x", "salary": 1000 + number});
        world.create(&ann(), "Staff", input).await.unwrap();
    }
    for sort in [
        SortCondition::Any,
        SortCondition::Ge(vec![json!(0)]),
        SortCondition::Between(vec![json!(0)], vec![json!(1070)]),
    ] {
        let query = IndexQuery::new(Some("byDept"), "x").sort(sort);
        for query in [query.clone(), query.descending()] {
            for limit in [1, 5, 1000] {
                assert_eq!(world.found(&bob(), "Staff", &query, limit).await, [["bob"]], "{query:?} {limit}");
            }
        }
        let none = IndexQuery::new(Some("byDept"), "x").sort(SortCondition::Ge(vec![json!(1070)]));
        assert_eq!(world.found(&bob(), "Staff", &none, 1).await, [Vec::<String>::new()]);
    }
    // One who reads the field of every record finds them all, by whichever role.
    let payroll = user("u7", "pat", &["payroll"]);
    let query = IndexQuery::new(Some("byDept"), "x");
    assert_eq!(world.found(&payroll, "Staff", &query, 1000).await.concat().len(), 151);
    assert_eq!(world.listed(&bob(), "Staff", 1000).await.concat().len(), 151);
}

#[tokio::test]
async fn a_hidden_neighbour_does_not_change_the_token_of_a_page() {
    let ann_of = |team: &str| user("of-ann", "ann", &[team]);
    let query = IndexQuery::new(Some("byTeam"), "red");
    for (hidden_before, hidden_behind) in [(0, 0), (0, 1), (1, 0), (3, 7), (40, 40)] {
        let world = world_of(SCHEMA).await;
        for number in 0..hidden_before {
            memo(&world, &format!("x{number}"), "red", "bob").await;
        }
        for id in ["1", "2", "3"] {
            memo(&world, id, "red", "ann").await;
        }
        for number in 0..hidden_behind {
            memo(&world, &format!("y{number}"), "red", "bob").await;
        }
        for (limit, expected) in [
            (1, vec![vec!["1"], vec!["2"], vec!["3"]]),
            (2, vec![vec!["1", "2"], vec!["3"]]),
            (3, vec![vec!["1", "2", "3"]]),
        ] {
            let what = format!("{hidden_before} {hidden_behind} {limit}");
            assert_eq!(world.listed(&ann_of("red"), "Memo", limit).await, expected, "{what}");
            assert_eq!(world.found(&ann_of("red"), "Memo", &query, limit).await, expected, "{what}");
        }
        assert_eq!(world.listed(&ann_of("blue"), "Memo", 1).await, [Vec::<String>::new()]);
    }
}

#[tokio::test]
async fn a_list_by_several_conditions_is_looked_up_where_its_rows_are() {
    let world = world_of(SCHEMA).await;
    memo(&world, "1", "red", "ann").await;
    memo(&world, "2", "blue", "ann").await;
    memo(&world, "3", "red", "bob").await;
    assert_eq!(world.listed(&user("of-ann", "ann", &["red"]), "Memo", 5).await, [["1"]]);
    assert_eq!(world.listed(&user("of-ann", "ann", &["red", "blue"]), "Memo", 5).await, [["1", "2"]]);
    world.records().await;
}

#[tokio::test]
async fn a_relation_by_a_field_that_is_withheld_leads_nowhere() {
    let world = world_of(SCHEMA).await;
    world.create(&ann(), "Blog", json!({"id": "b"})).await.unwrap();
    for (id, who) in [("1", ann()), ("2", bob()), ("3", ann())] {
        world.create(&who, "Post", json!({"id": id, "blogId": "b"})).await.unwrap();
    }
    let nobody: [Vec<String>; 1] = [vec![]];
    assert_eq!(world.led_to(&ann(), "Post", "1", "blog", 5).await, [["b"]]);
    assert_eq!(world.led_to(&bob(), "Post", "1", "blog", 5).await, nobody);
    assert!(world.get(&bob(), "Post", "1").await.is_ok());
    // From the other side the posts are left out in which the field is withheld, and so is what tells of them.
    assert_eq!(world.led_to(&ann(), "Blog", "b", "posts", 1).await, [["1"], ["3"]]);
    assert_eq!(world.led_to(&bob(), "Blog", "b", "posts", 1).await, [["2"]]);
    assert_eq!(world.led_to(&editor(), "Blog", "b", "posts", 1).await, nobody);
}

#[tokio::test]
async fn the_token_of_many_to_many_tells_of_what_may_be_seen_alone() {
    let world = world_of(SCHEMA).await;
    world.create(&ann(), "Post", json!({"id": "p"})).await.unwrap();
    let tag = async |id: &str, who: &Identity| {
        world.create(who, "Tag", json!({"id": id})).await.unwrap();
        world.create(who, "PostTags", json!({"postId": "p", "tagId": id})).await.unwrap();
    };
    tag("x1", &bob()).await;
    tag("1", &ann()).await;
    tag("x2", &bob()).await;
    tag("2", &ann()).await;
    for number in 0..30 {
        tag(&format!("y{number}"), &bob()).await;
    }
    assert_eq!(world.led_to(&ann(), "Post", "p", "tags", 1).await, [["1"], ["2"]]);
    assert_eq!(world.led_to(&ann(), "Post", "p", "tags", 2).await, [["1", "2"]]);
    assert_eq!(world.led_to(&ann(), "Post", "p", "tags", 5).await, [["1", "2"]]);
}
