//! What relations make of models: connections, foreign keys, indexes, join models.
#![expect(clippy::unwrap_used, reason = "tests")]

use portcullis_schema::{Connection, ModelType, Origin, Project, RelationKind, Schema, Through};
use serde_json::json;

fn parse(source: &str) -> Schema {
    Schema::parse(source, "schema.graphql").unwrap()
}

fn connection<'s>(schema: &'s Schema, model: &str, field: &str) -> &'s Connection {
    schema.model(model).unwrap().connection(field).unwrap()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect()
}

fn foreign_keys(model: &ModelType) -> Vec<(&str, String)> {
    let fields = model.fields().iter().filter(|field| field.origin() == Origin::ImpliedForeignKey);
    fields.map(|field| (field.name(), field.kind().to_string())).collect()
}

fn implied_indexes(model: &ModelType) -> Vec<(&str, Vec<&str>)> {
    let indexes = model.indexes().iter().filter(|index| index.implied);
    indexes.map(|index| (index.name.as_str(), index.fields().collect())).collect()
}

fn index(name: &str) -> Through {
    Through::Index(name.to_owned())
}

#[test]
fn an_implied_has_many_is_found_by_an_implied_index_of_an_implied_column() {
    let schema = parse(
        "type Blog @model { name: String posts: [Post] @hasMany }
         type Post @model { text: String blog: Blog @belongsTo }",
    );
    let posts = connection(&schema, "Blog", "posts");
    assert_eq!((posts.kind, posts.many, posts.required), (RelationKind::HasMany, true, false));
    assert_eq!(posts.pairs, pairs(&[("id", "blogPostsId")]));
    assert_eq!(posts.through, index("gsi-Blog.posts"));
    let blog = connection(&schema, "Post", "blog");
    assert_eq!((blog.pairs.clone(), blog.many), (pairs(&[("blogPostsId", "id")]), false));
    assert_eq!(blog.through, Through::Key);
    let post = schema.model("Post").unwrap();
    assert_eq!(foreign_keys(post), [("blogPostsId", "ID".to_owned())]);
    assert_eq!(implied_indexes(post), [("gsi-Blog.posts", vec!["blogPostsId"])]);
    assert!(foreign_keys(schema.model("Blog").unwrap()).is_empty());
    let names: Vec<_> = post.fields().iter().map(|field| field.name()).collect();
    assert_eq!(names, ["text", "id", "createdAt", "updatedAt", "blogPostsId"]);
}

#[test]
fn columns_keep_the_names_and_the_types_of_composite_keys() {
    let source = "
        type Team @model {
          tenant: String! @primaryKey(sortKeyFields: [\"season\", \"kind\"]) season: Int! kind: Kind!
          members: [Member]! @hasMany captain: Member @hasOne
        }
        enum Kind { A B }
        type Member @model { name: String team: Team! @belongsTo }";
    let schema = parse(source);
    let members = connection(&schema, "Team", "members");
    let held = ["teamMembersTenant", "teamMembersSeason", "teamMembersKind"];
    assert_eq!(members.pairs, pairs(&[("tenant", held[0]), ("season", held[1]), ("kind", held[2])]));
    let member = schema.model("Member").unwrap();
    assert_eq!(implied_indexes(member), [("gsi-Team.members", held.to_vec())]);
    let kinds = ["String!", "Int!", "Kind!"].map(str::to_owned);
    assert_eq!(foreign_keys(member), held.into_iter().zip(kinds).collect::<Vec<_>>());
    assert_eq!(
        connection(&schema, "Member", "team").pairs,
        pairs(&[(held[0], "tenant"), (held[1], "season"), (held[2], "kind")])
    );
    assert_eq!(connection(&schema, "Team", "captain").pairs, pairs(&[("teamCaptainId", "id")]));
    assert_eq!(foreign_keys(schema.model("Team").unwrap()), [("teamCaptainId", "ID".to_owned())]);

    let older = Project { connections_follow_keys: false, ..Project::default() };
    let schema = Schema::read(source, "schema.graphql", &older).unwrap();
    let member = schema.model("Member").unwrap();
    assert_eq!(implied_indexes(member), [("gsi-Team.members", vec!["teamMembersId"])]);
    assert_eq!(foreign_keys(member).first(), Some(&("teamMembersId", "ID!".to_owned())));
}

#[test]
fn fields_and_index_names_are_taken_as_they_are_written() {
    let schema = parse(
        "type Blog @model {
           id: ID! name: String
           posts: [Post] @hasMany(indexName: \"byBlog\", fields: [\"id\"])
           drafts: [Draft] @hasMany(fields: [\"id\"])
           loose: [Post] @hasMany(indexName: \"byBlog\")
         }
         type Post @model {
           id: ID! blogID: ID! @index(name: \"byBlog\", sortKeyFields: [\"at\"]) at: AWSDateTime!
           blog: Blog @belongsTo(fields: [\"blogID\"])
         }
         type Draft @model { blog: ID! @primaryKey(sortKeyFields: [\"at\"]) at: AWSDateTime! }",
    );
    let posts = connection(&schema, "Blog", "posts");
    assert_eq!((&posts.pairs, &posts.through), (&pairs(&[("id", "blogID")]), &index("byBlog")));
    let drafts = connection(&schema, "Blog", "drafts");
    assert_eq!((&drafts.pairs, &drafts.through), (&pairs(&[("id", "blog")]), &Through::Key));
    let loose = connection(&schema, "Blog", "loose");
    assert_eq!((&loose.pairs, &loose.through), (&pairs(&[("id", "blogID")]), &index("byBlog")));
    assert_eq!(connection(&schema, "Post", "blog").pairs, pairs(&[("blogID", "id")]));
    let post = schema.model("Post").unwrap();
    // The reference makes the column although nothing looks at it.
    assert_eq!(foreign_keys(post), [("blogLooseId", "ID".to_owned())]);
    assert_eq!(implied_indexes(post), []);
}

#[test]
fn references_stand_on_the_side_that_belongs() {
    let schema = parse(
        "type Team @model {
           id: ID! @primaryKey(sortKeyFields: [\"season\"]) season: Int!
           members: [Member] @hasMany(references: [\"teamId\", \"teamSeason\"])
           coach: Coach @hasOne(references: [\"teamId\", \"teamSeason\"])
         }
         type Member @model {
           teamId: ID teamSeason: Int
           team: Team @belongsTo(references: [\"teamId\", \"teamSeason\"], overrideIndexName: \"byTeam\")
         }
         type Coach @model {
           teamId: ID teamSeason: Int team: Team @belongsTo(references: [\"teamId\", \"teamSeason\"])
         }",
    );
    let held = pairs(&[("id", "teamId"), ("season", "teamSeason")]);
    let members = connection(&schema, "Team", "members");
    assert_eq!((&members.pairs, &members.through, members.many), (&held, &index("byTeam"), true));
    let coach = connection(&schema, "Team", "coach");
    assert_eq!((&coach.pairs, &coach.through, coach.many), (&held, &index("gsi-Team.coach"), false));
    let team = connection(&schema, "Coach", "team");
    assert_eq!(team.pairs, pairs(&[("teamId", "id"), ("teamSeason", "season")]));
    assert_eq!(team.through, Through::Key);
    assert_eq!(implied_indexes(schema.model("Member").unwrap()), [("byTeam", vec!["teamId", "teamSeason"])]);
    assert_eq!(
        implied_indexes(schema.model("Coach").unwrap()),
        [("gsi-Team.coach", vec!["teamId", "teamSeason"])]
    );
    assert!(schema.models().iter().all(|model| foreign_keys(model).is_empty()));
}

#[test]
fn a_belongs_to_that_answers_a_has_one_holds_a_key_of_its_own() {
    let schema = parse(
        "type User @model { name: String profile: Profile @hasOne }
         type Profile @model { text: String user: User! @belongsTo }",
    );
    assert_eq!(connection(&schema, "User", "profile").pairs, pairs(&[("userProfileId", "id")]));
    assert_eq!(connection(&schema, "Profile", "user").pairs, pairs(&[("profileUserId", "id")]));
    let profile = schema.model("Profile").unwrap();
    assert_eq!(foreign_keys(profile), [("profileUserId", "ID!".to_owned())]);
    let told = |input: serde_json::Value| profile.validate_create(input.as_object().unwrap()).is_ok();
    assert!(told(json!({ "profileUserId": "1" })) && !told(json!({})));
    let change = |input: serde_json::Value| profile.validate_update(input.as_object().unwrap()).is_ok();
    assert!(
        change(json!({}))
            && change(json!({ "profileUserId": "2" }))
            && !change(json!({ "profileUserId": null }))
    );
}

#[test]
fn many_to_many_makes_a_join_model_under_the_rules_of_both() {
    let schema = parse(
        "type Post @model @auth(rules: [{allow: owner}, {allow: private, operations: [read]}]) {
           title: String tags: [Tag] @manyToMany(relationName: \"postTags\")
         }
         type Tag @model @auth(rules: [{allow: private}, {allow: groups, groups: [\"A\", \"B\"]}]) {
           name: ID! @primaryKey(sortKeyFields: [\"year\"]) year: Int!
           posts: [Post] @manyToMany(relationName: \"postTags\")
         }",
    );
    let names: Vec<_> = schema.models().iter().map(|model| (model.name(), model.is_join())).collect();
    assert_eq!(names, [("Post", false), ("Tag", false), ("PostTags", true)]);
    let join = schema.model("PostTags").unwrap();
    let fields: Vec<_> = join.fields().iter().map(|field| (field.name(), field.kind().to_string())).collect();
    let expected = [
        ("id", "ID!"),
        ("postId", "ID!"),
        ("tagName", "ID!"),
        ("tagyear", "Int!"),
        ("createdAt", "AWSDateTime!"),
        ("updatedAt", "AWSDateTime!"),
        ("owner", "String"),
    ];
    assert_eq!(fields, expected.map(|(name, kind)| (name, kind.to_owned())));
    let indexes: Vec<_> = join
        .indexes()
        .iter()
        .map(|index| (index.name.as_str(), index.fields().collect::<Vec<_>>()))
        .collect();
    assert_eq!(indexes, [("byPost", vec!["postId"]), ("byTag", vec!["tagName", "tagyear"])]);
    let rules: Vec<_> = join.rules().rules().iter().map(ToString::to_string).collect();
    assert_eq!(
        rules,
        [
            "{ allow: owner }",
            "{ allow: private }",
            "{ allow: groups, groups: [\"A\"] }",
            "{ allow: groups, groups: [\"B\"] }"
        ]
    );
    let tags = connection(&schema, "Post", "tags");
    let here = pairs(&[("id", "postId")]);
    assert_eq!((tags.model.as_str(), tags.many, &tags.pairs), ("Tag", true, &here));
    assert_eq!(
        tags.through,
        Through::Join {
            model: "PostTags".to_owned(),
            index: "byPost".to_owned(),
            field: "tag".to_owned(),
            here,
            there: pairs(&[("tagName", "name"), ("tagyear", "year")]),
        }
    );
    let tag = connection(&schema, "PostTags", "tag");
    assert_eq!((tag.required, &tag.through), (true, &Through::Key));
    assert_eq!(tag.pairs, pairs(&[("tagName", "name"), ("tagyear", "year")]));
}
