//! `POST /graphql` on the HTTP API, where configuration turns it on.

use http::{Method, StatusCode};
use portcullis_resolvers::graphql::BODY_LIMIT;
use serde_json::{Value, json};

use crate::{
    NEWSROOM,
    support::{Answer, Caller, House, KEY},
};

const QUERY: &str = "{ listArticles { items { id } } }";

async fn house(graphql: &str) -> House {
    let set = [
        ("USER_POOL_ID", "eu-west-1_Ab12Cd34E"),
        ("USER_POOL_CLIENT_IDS", "web"),
        ("AWS_REGION", "eu-west-1"),
        ("TABLE_NAME", "portcullis"),
        ("API_KEYS", KEY),
        ("GRAPHQL", graphql),
    ];
    House::configured(NEWSROOM, &set).await
}

async fn ask(house: &House, caller: Caller, query: &str) -> Answer {
    house.call(caller, Method::POST, "/graphql").json(&json!({ "query": query })).await
}

#[tokio::test]
async fn graphql_is_a_door_only_where_it_is_turned_on() {
    let on = house("on").await;
    for (caller, status) in [
        (Caller::Key, StatusCode::OK),
        (Caller::Nobody, StatusCode::UNAUTHORIZED),
        (Caller::BadToken, StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(ask(&on, caller, QUERY).await.status, status, "{caller}");
    }
    let answer = ask(&on, Caller::Key, QUERY).await;
    assert_eq!(answer.body, json!({ "data": { "listArticles": { "items": [] } } }));
    // The models are there as before.
    assert_eq!(on.call(Caller::Key, Method::GET, "/articles").await.status, StatusCode::OK);
    for off in ["off", ""] {
        let off = house(off).await;
        assert_eq!(ask(&off, Caller::Key, QUERY).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn graphql_has_its_rules_and_limits_on_the_http_api_too() {
    let house = house("on").await;
    let refused = ask(&house, Caller::Key, "{ listNotes { items { id } } }").await;
    assert_eq!(refused.status, StatusCode::OK);
    assert_eq!(refused.body["data"]["listNotes"], Value::Null);
    assert_eq!(refused.body["errors"][0]["errorType"], "Unauthorized");

    let aliases: String =
        (0..3_000).map(|number| format!("a{number}: getArticle(id: \"a\") {{ id }} ")).collect();
    let answer = ask(&house, Caller::Key, &format!("{{ {aliases} }}")).await;
    assert_eq!((answer.status, &answer.body["data"]), (StatusCode::OK, &Value::Null));
    assert!(answer.bytes.len() < 10_000, "{}", answer.text());

    let long = "x".repeat(BODY_LIMIT);
    assert_eq!(ask(&house, Caller::Key, &long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let malformed = house.call(Caller::Key, Method::POST, "/graphql").text("[]").await;
    assert_eq!(malformed.status, StatusCode::BAD_REQUEST);
}
