//! Lists: everything that the caller may see, in order, once, on full pages, and nothing else.

use serde_json::json;

use super::*;

#[tokio::test]
async fn twenty_records_among_250_come_on_full_pages_to_the_end() {
    let world = world().await;
    let mut mine = Vec::new();
    for number in 0..250 {
        let who = if number % 13 == 5 {
            ann()
        } else {
            user(&format!("o{number}"), &format!("other{number}"), &[])
        };
        let created = world.create(&who, "Note", json!({"title": number.to_string()})).await.unwrap();
        if who == ann() {
            mine.push(text(&created.item, "id"));
        }
    }
    mine.truncate(19);
    assert_eq!(mine.len(), 19);
    let last = world.create(&ann(), "Note", json!({"title": "last"})).await.unwrap();
    mine.push(text(&last.item, "id"));
    for limit in [1, 6, 10, 19, 20, 21, 1000] {
        let pages = world.pages(&ann(), "Note", limit).await;
        let ids: Vec<String> = pages.concat().iter().map(|item| text(item, "id")).collect();
        assert_eq!(ids, mine, "oldest first, limit {limit}");
        let (end, full) = pages.split_last().unwrap();
        assert!(full.iter().all(|page| page.len() == limit as usize), "limit {limit}");
        assert!(!end.is_empty(), "limit {limit}");
    }
    assert_eq!(world.ids(&editor(), "Note").await.len(), 251);
    assert_eq!(world.pages(&bob(), "Note", 10).await, [Vec::<Item>::new()]);
    assert!(matches!(
        world.data.list(&Identity::ApiKey, world.model("Note"), &PageRequest::default()).await,
        Err(DataError::Forbidden(_))
    ));
}

#[tokio::test]
async fn a_record_that_is_found_in_several_ways_is_listed_once() {
    let world = world().await;
    let mut expected = Vec::new();
    for (number, editors) in
        [json!(["ann"]), json!(["u1"]), json!(["ann", "u1", "u1::ann"]), json!([]), json!(["bob"])]
            .into_iter()
            .enumerate()
    {
        for owner in [ann(), bob()] {
            let input = json!({"title": number.to_string(), "editors": editors});
            let created = world.create(&owner, "Doc", input).await.unwrap();
            let visible = owner == ann() || editors.as_array().unwrap().iter().any(|editor| editor != "bob");
            if visible {
                expected.push(text(&created.item, "id"));
            }
        }
    }
    for limit in [1, 2, 3, 100] {
        let items = world.pages(&ann(), "Doc", limit).await.concat();
        let ids: Vec<String> = items.iter().map(|item| text(item, "id")).collect();
        assert_eq!(ids, expected, "limit {limit}");
    }
    world.records().await;
}

#[tokio::test]
async fn a_list_follows_the_record_when_it_changes_hands() {
    let world = world().await;
    world.create(&ann(), "Doc", json!({"id": "d", "editors": ["bob"]})).await.unwrap();
    assert_eq!(world.ids(&bob(), "Doc").await, ["d"]);
    world.update(&ann(), "Doc", "d", json!({"editors": ["carol"]})).await.unwrap();
    assert!(world.ids(&bob(), "Doc").await.is_empty());
    assert_eq!(world.ids(&user("u4", "carol", &[]), "Doc").await, ["d"]);
    world.update(&ann(), "Doc", "d", json!({"editors": null})).await.unwrap();
    assert!(world.ids(&user("u4", "carol", &[]), "Doc").await.is_empty());
    assert_eq!(world.ids(&ann(), "Doc").await, ["d"]);
    world.records().await;
}

#[tokio::test]
async fn an_index_row_alone_shows_nothing() {
    let world = world().await;
    let created = world.create(&ann(), "Note", json!({"id": "n", "title": "secret"})).await.unwrap();
    // Somebody planted rows for bob: one that leads to ann's note, one that leads nowhere.
    for id in ["n", "ghost"] {
        let position = Position::new(text(&created.item, "createdAt").parse().unwrap(), id);
        let row = list_row("Note@owner#bob", &position);
        world
            .table
            .client()
            .await
            .put_item()
            .table_name(world.table.name())
            .set_item(Some(row))
            .send()
            .await
            .unwrap();
    }
    assert!(world.ids(&bob(), "Note").await.is_empty());
}

#[tokio::test]
async fn a_page_gives_up_skipping_after_a_bounded_number_and_says_where_to_go_on() {
    let world = world().await;
    for number in 0..150 {
        let position = Position::new("2020-01-01T00:00:00Z".parse().unwrap(), &format!("{number:03}"));
        let row = list_row("Note@owner#ann", &position);
        world
            .table
            .client()
            .await
            .put_item()
            .table_name(world.table.name())
            .set_item(Some(row))
            .send()
            .await
            .unwrap();
    }
    world.create(&ann(), "Note", json!({"id": "n", "title": "t"})).await.unwrap();
    let pages = world.pages(&ann(), "Note", 10).await;
    assert!(pages.len() > 1 && pages.len() < 5, "{}", pages.len());
    assert_eq!(pages.concat().len(), 1);
}

#[tokio::test]
async fn a_page_ends_before_it_is_too_large_to_be_sent() {
    let world = world().await;
    let body = "b".repeat(300 * 1024);
    for _ in 0..20 {
        world.create(&ann(), "Note", json!({"title": "t", "body": body})).await.unwrap();
    }
    let pages = world.pages(&ann(), "Note", 100).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [17, 3]);
}

#[tokio::test]
async fn a_page_is_as_large_as_its_text_and_not_as_its_rows() {
    let world = world().await;
    // Each of these bytes is sent as three, as four and as seven.
    for (size, character) in [(180 * 1024, "\n"), (180 * 1024, "\""), (60 * 1024, "\u{1}")] {
        for _ in 0..8 {
            let input = json!({"title": "t", "body": character.repeat(size)});
            world.create(&ann(), "Note", input).await.unwrap();
        }
    }
    let pages = world.pages(&ann(), "Note", 100).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [9, 7, 8]);
    for page in pages {
        let body = json!({ "items": page, "nextToken": "t" }).to_string();
        assert!(json!(body).to_string().len() < 6_000_000);
    }
}

#[tokio::test]
async fn a_record_that_was_made_again_is_listed_once_and_at_its_new_place() {
    let world = world().await;
    // What a list sees that has read the index row of a record which was then removed and made again.
    let before = Position::new("2020-01-01T00:00:00Z".parse().unwrap(), "n");
    let row = list_row("Note@owner#ann", &before);
    let put = world.table.client().await.put_item().table_name(world.table.name()).set_item(Some(row));
    put.send().await.unwrap();
    for id in ["m", "n", "o"] {
        world.create(&ann(), "Note", json!({"id": id, "title": "t"})).await.unwrap();
    }
    for limit in [1, 2, 10] {
        let items = world.pages(&ann(), "Note", limit).await.concat();
        let ids: Vec<String> = items.iter().map(|item| text(item, "id")).collect();
        assert_eq!(ids, ["m", "n", "o"], "limit {limit}");
    }
}

#[tokio::test]
async fn a_token_of_somebody_else_or_of_another_list_is_none() {
    let world = world().await;
    for who in [ann(), ann(), bob()] {
        world.create(&who, "Note", json!({"title": "t"})).await.unwrap();
    }
    let request = PageRequest { limit: Some(1), next_token: None };
    let token = world.data.list(&ann(), world.model("Note"), &request).await.unwrap().next_token;
    let request = PageRequest { limit: None, next_token: Some(token.unwrap()) };
    assert_eq!(world.data.list(&ann(), world.model("Note"), &request).await.unwrap().items.len(), 1);
    for (who, model) in [(bob(), "Note"), (ann(), "Doc"), (editor(), "Article")] {
        let answer = world.data.list(&who, world.model(model), &request).await;
        assert!(matches!(answer, Err(DataError::InvalidCursor)), "{model}");
    }
}
