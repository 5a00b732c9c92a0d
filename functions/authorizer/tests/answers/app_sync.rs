//! Answers to AppSync.

use std::time::Duration;

use portcullis::{AuthorizerContext, rules::Claims, testkit::TestIssuer};
use serde_json::json;

use crate::{authorizer, authorizer_of, token, with_token};

#[tokio::test]
async fn fields_that_no_rule_for_functions_admits_to_are_denied_by_name() {
    let answer = authorizer().answer(&with_token("appsync", &token(&["editors"]).sign())).await.unwrap();
    assert_eq!(answer["isAuthorized"], true);
    let denied = answer["deniedFields"].as_array().unwrap();
    for (field, expected) in [
        ("Query.getArticle", false),
        ("Query.listArticles", false),
        ("Query.ping", false),
        ("Article.text", false),
        // Groups of the token are no groups here.
        ("Article.draft", true),
        ("Mutation.createArticle", true),
        ("Subscription.onCreateArticle", true),
        ("Query.getNote", true),
        ("Note.title", true),
    ] {
        assert_eq!(denied.contains(&json!(field)), expected, "{field}");
    }
    let context: Claims = answer["resolverContext"].as_object().unwrap().clone().into();
    let said = AuthorizerContext::read(&context).unwrap();
    assert_eq!((said.sub.as_str(), said.groups.unwrap()), ("ann", vec!["editors".to_owned()]));
    assert!(context.as_map().values().all(serde_json::Value::is_string), "AppSync takes texts alone");
}

#[tokio::test]
async fn an_answer_is_kept_no_longer_than_the_token_is_good() {
    for (left, ttl, expected) in [
        (3600, None, 300),
        (3600, Some(7200), 3599),
        (3600, Some(60), 60),
        (3600, Some(0), 0),
        (100, None, 99),
        (2, None, 1),
        (1, None, 0),
    ] {
        let authorizer = ttl.map_or(authorizer(), |ttl| authorizer().app_sync_ttl(Duration::from_secs(ttl)));
        let token = token(&[]).claim("exp", TestIssuer::NOW + left).sign();
        let answer = authorizer.answer(&with_token("appsync", &token)).await.unwrap();
        assert_eq!(
            (&answer["isAuthorized"], &answer["ttlOverride"]),
            (&json!(true), &json!(expected)),
            "{left} {ttl:?}"
        );
    }
}

#[tokio::test]
async fn whoever_is_refused_is_asked_about_again_the_next_time() {
    let refused = json!({ "isAuthorized": false, "ttlOverride": 0 });
    let good = token(&[]).sign();
    for spoiled in [
        "a.b.c".to_owned(),
        String::new(),
        format!("Bearer {good}"),
        token(&[]).claim("token_use", "id").sign(),
    ] {
        assert_eq!(
            authorizer().answer(&with_token("appsync", &spoiled)).await.as_ref(),
            Ok(&refused),
            "{spoiled}"
        );
    }
    // A good token, and an API that has nothing for those who come in this way.
    let closed = authorizer_of("type Note @model @auth(rules: [{ allow: private }]) { title: String }");
    assert_eq!(closed.answer(&with_token("appsync", &good)).await, Ok(refused));
}

#[tokio::test]
async fn a_prefix_is_asked_for_where_it_is_set() {
    let good = token(&[]).sign();
    let authorizer = authorizer().app_sync_prefix("portcullis-");
    for (sent, expected) in [
        (format!("portcullis-{good}"), true),
        (good.clone(), false),
        (format!("Portcullis-{good}"), false),
        (format!("portcullis-portcullis-{good}"), false),
        ("portcullis-".to_owned(), false),
    ] {
        let answer = authorizer.answer(&with_token("appsync", &sent)).await.unwrap();
        assert_eq!(answer["isAuthorized"], expected);
    }
}
