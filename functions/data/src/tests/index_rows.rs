//! Records and index rows agree, whatever happens to the records.

use std::sync::Arc;

use portcullis_rules::Operation;
use serde_json::json;
use tokio::task::JoinSet;

use super::*;

/// A sequence that is the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_mixed_load_by_several_writers_every_row_has_its_partner_and_every_list_is_right() {
    const PEOPLE: [(&str, &str); 3] = [("u1", "ann"), ("u2", "bob"), ("u4", "carol")];
    let world = Arc::new(world().await);
    let mut writers = JoinSet::new();
    for seed in 0..4 {
        let world = Arc::clone(&world);
        writers.spawn(async move {
            let mut dice = Dice(seed);
            for _ in 0..60 {
                let (sub, name) = PEOPLE[dice.roll(3)];
                let who = user(sub, name, if dice.roll(4) == 0 { &["editors"] } else { &[] });
                let id = format!("{}", dice.roll(12));
                let names = ["ann", "u2", "u4::carol", "nobody", "", "bob"];
                let editors: Vec<&str> = (0..dice.roll(4)).map(|_| names[dice.roll(6)]).collect();
                let title = (dice.roll(4) > 0).then(|| ["a", "aa", "b"][dice.roll(3)]);
                let doc = json!({"editors": editors, "words": dice.roll(3), "title": title});
                let new_doc = fields(json!({"id": id})).into_iter().chain(fields(doc.clone()));
                let answer = match dice.roll(6) {
                    0 | 1 => world.create(&who, "Doc", new_doc.collect()).await,
                    2 | 3 => world.update(&who, "Doc", &id, doc).await,
                    4 => world.create(&who, "Comment", json!({"id": id, "text": "t"})).await,
                    _ => world.delete(&who, if dice.roll(2) == 0 { "Doc" } else { "Comment" }, &id).await,
                };
                if let Err(
                    error @ (DataError::Unavailable(_) | DataError::Invalid(_) | DataError::InvalidCursor),
                ) = answer
                {
                    panic!("{error:?}");
                }
            }
        });
    }
    writers.join_all().await;

    let records = world.records().await;
    assert!(records.len() > 5, "{}", records.len());
    for (sub, name) in PEOPLE {
        let who = user(sub, name, &[]);
        for model in ["Doc", "Comment"] {
            let rules = world.model(model).rules();
            let visible = |stored: &&Stored| {
                Authorizer::default().authorize(&who, Operation::List, rules, &stored.item).is_allowed()
            };
            let of_model = records.iter().filter(|((of, _), _)| of == model).map(|(_, stored)| stored);
            let mut expected: Vec<&Stored> = of_model.filter(visible).collect();
            expected.sort_by(|a, b| a.position.cmp(&b.position));
            let expected: Vec<String> = expected.into_iter().map(|stored| stored.id.clone()).collect();
            assert_eq!(world.ids(&who, model).await, expected, "{name} {model}");
        }
        for words in 0..3 {
            let rules = world.model("Doc").rules();
            let sought = |stored: &&Stored| {
                let listed = Authorizer::default().authorize(&who, Operation::List, rules, &stored.item);
                listed.is_allowed()
                    && stored.item.get("words") == Some(&json!(words))
                    && stored.item.contains_key("title")
            };
            let docs = records.iter().filter(|((of, _), _)| of == "Doc").map(|(_, stored)| stored);
            let mut expected: Vec<&Stored> = docs.filter(sought).collect();
            expected.sort_by_key(|stored| (text(&stored.item, "title"), stored.position.clone()));
            let expected: Vec<&str> = expected.into_iter().map(|stored| stored.id.as_str()).collect();
            let query = IndexQuery::new(Some("byWords"), words);
            let page =
                world.data.query(&who, world.model("Doc"), &query, &PageRequest::default()).await.unwrap();
            let found: Vec<String> = page.items.iter().map(|item| text(item, "id")).collect();
            assert_eq!(found, expected, "{name} {words}");
        }
    }
}

#[tokio::test]
async fn rows_of_rules_that_are_no_more_go_with_the_record() {
    let world = world().await;
    world.create(&ann(), "Doc", json!({"id": "d", "editors": ["bob"]})).await.unwrap();
    let changed = "type Doc @model @auth(rules: [{ allow: private }]) { title: String editors: [String] owner: String }";
    let changed = World { schema: Schema::parse(changed, "schema.graphql").unwrap(), ..world };
    assert_eq!(changed.rows().await.len(), 3);
    changed.update(&ann(), "Doc", "d", json!({"title": "t"})).await.unwrap();
    changed.records().await;
    assert_eq!(
        changed.ids(&ann(), "Doc").await,
        ["d"],
        "the first write brings the record to where the new rules look"
    );
    changed.delete(&ann(), "Doc", "d").await.unwrap();
    assert!(changed.rows().await.is_empty());
}
