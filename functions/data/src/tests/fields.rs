//! Fields with rules of their own: what is shown of a record, and which changes of it are accepted.

use portcullis_rules::Denied;
use serde_json::json;

use super::*;

const SCHEMA: &str = r#"
type Note @model @auth(rules: [{ allow: owner }, { allow: private, operations: [read] }]) {
  title: String
  owner: String
  secret: String @auth(rules: [{ allow: owner }])
}

type Task @model @auth(rules: [
  { allow: owner }
  { allow: groups, groupsField: "teams", operations: [create, read, update] }
]) {
  id: ID!
  title: String
  owner: String @auth(rules: [{ allow: owner, operations: [read, delete] }])
  teams: [String]
  estimate: Int @auth(rules: [{ allow: owner, operations: [create, read] }, { allow: groups, groupsField: "teams" }])
}

# The owner is implied: no field of the matrix, and so for whoever sees the record.
type Case @model @auth(rules: [{ allow: owner }]) {
  id: ID! @auth(rules: [{ allow: owner }, { allow: groups, groups: ["editors"], operations: [read] }])
  title: String
  verdict: String @auth(rules: [{ allow: groups, groups: ["editors"], operations: [read, update] }])
}

type Drop @model @auth(rules: [
  { allow: owner, operations: [create, update] }
  { allow: groups, groups: ["editors"] }
]) {
  text: String
  stamp: String @auth(rules: [{ allow: owner, operations: [create] }, { allow: groups, groups: ["editors"] }])
}

type Pact @model @auth(rules: [{ allow: groups, groupsField: "teams" }]) {
  title: String
  owner: String
  teams: [String]
  note: String @auth(rules: [{ allow: owner, operations: [delete] }, { allow: groups, groupsField: "teams" }])
}
"#;

fn member(team: &str) -> Identity {
    user("u4", "tom", &[team])
}

fn names(item: &Item) -> String {
    item.keys()
        .filter(|name| !["createdAt", "updatedAt"].contains(&name.as_str()))
        .cloned()
        .collect::<Vec<_>>()
        .join(" ")
}

/// The fields for whose sake a write is refused.
fn refused<T>(answer: Result<T, DataError>) -> String {
    match answer {
        Ok(_) => "nothing".to_owned(),
        Err(DataError::Forbidden(Denied::Fields(fields))) => fields.join(" "),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn whoever_may_not_read_a_field_gets_the_record_without_it() {
    let world = world_of(SCHEMA).await;
    let created =
        world.create(&ann(), "Note", json!({"id": "n", "title": "t", "secret": "s"})).await.unwrap();
    assert_eq!(names(&created.item), "id owner secret title");
    for (who, expected) in [(ann(), "id owner secret title"), (bob(), "id owner title")] {
        let read = world.get(&who, "Note", "n").await.unwrap();
        assert_eq!(names(&read.item), expected);
        assert_eq!(read.revision, created.revision, "the revision is that of the whole record");
        let pages = world.pages(&who, "Note", 5).await;
        assert_eq!(pages.concat().iter().map(names).collect::<Vec<_>>(), [expected]);
    }
    let removed = world.delete(&ann(), "Note", "n").await.unwrap();
    assert_eq!(names(&removed.item), "id owner secret title");
}

#[tokio::test]
async fn what_is_shown_is_judged_by_the_record_as_it_is_stored() {
    let world = world_of(SCHEMA).await;
    world.create(&ann(), "Note", json!({"id": "n", "secret": "s"})).await.unwrap();
    let given = world.update(&ann(), "Note", "n", json!({"owner": "u2::bob", "secret": "t"})).await.unwrap();
    assert_eq!(names(&given.item), "id owner", "it is no longer hers");
    assert_eq!(names(&world.get(&bob(), "Note", "n").await.unwrap().item), "id owner secret");
    assert_eq!(world.records().await[&("Note".to_owned(), "n".to_owned())].item["secret"], "t");
}

#[tokio::test]
async fn a_field_that_is_taken_out_of_the_schema_is_kept_and_shown_to_nobody() {
    let mut world = world_of(SCHEMA).await;
    world.create(&ann(), "Note", json!({"id": "n", "title": "t", "secret": "s"})).await.unwrap();
    let without = SCHEMA.replace("  secret: String @auth(rules: [{ allow: owner }])\n", "");
    world.schema = Schema::parse(&without, "schema.graphql").unwrap();
    for who in [ann(), bob()] {
        assert_eq!(names(&world.get(&who, "Note", "n").await.unwrap().item), "id owner title");
        assert_eq!(names(&world.pages(&who, "Note", 5).await.concat()[0]), "id owner title");
    }
    let changed = world.update(&ann(), "Note", "n", json!({"title": "u"})).await.unwrap();
    assert_eq!(names(&changed.item), "id owner title");
    assert_eq!(world.records().await[&("Note".to_owned(), "n".to_owned())].item["secret"], "s");
}

#[tokio::test]
async fn a_role_that_reads_some_fields_lists_the_records() {
    let world = world_of(SCHEMA).await;
    for id in ["1", "2", "3"] {
        world.create(&ann(), "Case", json!({"id": id, "title": "t"})).await.unwrap();
    }
    world.update(&editor(), "Case", "2", json!({"verdict": "v"})).await.unwrap();
    let seen = world.pages(&editor(), "Case", 2).await;
    assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(
        seen.concat().iter().map(names).collect::<Vec<_>>(),
        ["id owner", "id owner verdict", "id owner"]
    );
    assert_eq!(world.ids(&ann(), "Case").await, ["1", "2", "3"]);
    assert_eq!(names(&world.get(&ann(), "Case", "2").await.unwrap().item), "id owner title");
    assert_eq!(world.ids(&bob(), "Case").await, [""; 0]);
    world.records().await;
}

#[tokio::test]
async fn a_change_of_fields_that_are_not_the_callers_is_refused_by_name() {
    let world = world_of(SCHEMA).await;
    let input = json!({"id": "t", "title": "t", "teams": ["red"], "estimate": 1});
    world.create(&ann(), "Task", input).await.unwrap();
    let table = [
        (ann(), json!({"title": "u"}), "nothing"),
        (ann(), json!({"title": null}), "nothing"),
        (ann(), json!({"owner": "u1::ann"}), "owner"),
        (ann(), json!({"owner": "u2::bob", "estimate": 2, "title": "v"}), "estimate owner"),
        (ann(), json!({"owner": null}), "owner"),
        (member("red"), json!({"title": "w", "estimate": 3}), "nothing"),
        (member("red"), json!({"estimate": null}), "nothing"),
        (member("red"), json!({"title": null, "teams": null}), "teams title"),
        (member("red"), json!({"owner": "u4::tom"}), "owner"),
        (member("blue"), json!({"title": "x"}), "not found"),
    ];
    for (who, changes, expected) in table {
        let before = world.records().await;
        let answer = world.update(&who, "Task", "t", changes.clone()).await;
        let accepted = answer.is_ok();
        assert_eq!(refused(answer), expected, "{changes}");
        let after = world.records().await;
        let key = ("Task".to_owned(), "t".to_owned());
        assert_eq!(before[&key].revision != after[&key].revision, accepted, "all or nothing: {changes}");
    }
    assert_eq!(refused(world.create(&member("red"), "Task", json!({"owner": "u4::tom"})).await), "owner");
    let made = world.create(&member("red"), "Task", json!({"teams": ["red"]})).await;
    assert_eq!(refused(made), "nothing");
}

#[tokio::test]
async fn a_record_is_removed_by_who_may_remove_every_field_of_it() {
    let world = world_of(SCHEMA).await;
    let forbidden = |model: &str| format!("not authorized to delete `{model}`");
    world.create(&ann(), "Task", json!({"id": "t"})).await.unwrap();
    assert_eq!(refused(world.delete(&ann(), "Task", "t").await), forbidden("Task"));
    world.create(&ann(), "Case", json!({"id": "c"})).await.unwrap();
    assert_eq!(refused(world.delete(&ann(), "Case", "c").await), forbidden("Case"));
    world.create(&ann(), "Note", json!({"id": "n"})).await.unwrap();
    assert_eq!(refused(world.delete(&ann(), "Note", "n").await), "nothing");
}

#[tokio::test]
async fn a_writer_who_does_not_read_gets_back_what_they_sent_and_may_read() {
    let world = world_of(SCHEMA).await;
    let created = world.create(&ann(), "Drop", json!({"id": "d", "text": "t", "stamp": "s"})).await.unwrap();
    assert!(!created.item.contains_key("stamp"), "{created:?}");
    world.update(&editor(), "Drop", "d", json!({"stamp": "of the editors"})).await.unwrap();
    let updated = world.update(&ann(), "Drop", "d", json!({"text": "u"})).await.unwrap();
    assert!(!updated.item.contains_key("stamp"), "{updated:?}");
    assert_eq!(refused(world.update(&ann(), "Drop", "d", json!({"stamp": "mine"})).await), "stamp");
    assert_eq!(refused(world.update(&bob(), "Drop", "d", json!({"stamp": "mine"})).await), "not found");
    assert_eq!(world.get(&editor(), "Drop", "d").await.unwrap().item["stamp"], "of the editors");
}

#[tokio::test]
async fn whoever_may_do_nothing_with_a_record_does_not_hear_of_it_by_its_fields() {
    let world = world_of(SCHEMA).await;
    let input = json!({"title": "t", "owner": "u1::ann", "teams": ["red"]});
    let id = text(&world.create(&member("red"), "Pact", input).await.unwrap().item, "id");
    // She may remove a value from one field, and change none.
    let owner = user("u1", "ann", &["blue"]);
    for id in [id.as_str(), "absent"] {
        assert_eq!(refused(world.update(&owner, "Pact", id, json!({"title": "u"})).await), "not found");
    }
    assert_eq!(refused(world.update(&member("red"), "Pact", &id, json!({"title": "u"})).await), "nothing");
}
