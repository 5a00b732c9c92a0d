//! Who may do what, through the real router, the real layers and a real DynamoDB engine: the whole truth as tables.
//!
//! Each row is a caller, each column a request about an item that the schema's author has just made. A cell is the
//! status; a list says how many items it shows.

use std::fmt::Write;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    NEWSROOM,
    support::{Caller, House},
};

/// What the tables are about.
struct Case {
    path: &'static str,
    author: Caller,
    input: Value,
    changes: Value,
}

/// Each row has a house of its own, so that no row sees what another has left.
async fn table(schema: &str, case: &Case) -> String {
    let mut table = String::from("\n                  create list  get  patch delete\n");
    for caller in Caller::ALL {
        let create =
            House::new(schema).await.call(caller, Method::POST, case.path).json(&case.input).await.status;
        let house = House::new(schema).await;
        let created = house.call(case.author, Method::POST, case.path).json(&case.input).await;
        let item = match created.location() {
            Some(location) => location.to_owned(),
            None => format!("/{}/absent", case.path.trim_start_matches('/')),
        };
        let listed = house.call(caller, Method::GET, case.path).await;
        let list = match listed.body["items"].as_array() {
            Some(items) => format!("{}:{}", listed.status.as_u16(), items.len()),
            None => listed.status.as_u16().to_string(),
        };
        let get = house.call(caller, Method::GET, &item).await.status;
        let patch = house.call(caller, Method::PATCH, &item).json(&case.changes).await.status;
        let delete = house.call(caller, Method::DELETE, &item).await.status;
        let [create, get, patch, delete] = [create, get, patch, delete].map(|it: StatusCode| it.as_u16());
        let row = format!("{:17} {create:<6} {list:<5} {get:<4} {patch:<5} {delete}", caller.to_string());
        writeln!(table, "{}", row.trim_end()).unwrap();
    }
    table
}

#[tokio::test]
async fn notes_belong_to_their_owner_and_editors_may_help() {
    let case = Case {
        path: "/notes",
        author: Caller::Ann,
        input: json!({ "title": "plan", "tags": ["a"] }),
        changes: json!({ "title": "better plan" }),
    };
    let expected = "
                  create list  get  patch delete
nobody            401    401   401  401   401
a bad token       401    401   401  401   401
the api key       403    403   403  403   403
ann               201    200:1 200  200   204
bob               201    200:0 404  404   404
eve of editors    201    200:1 200  200   403
adam of admins    201    200:0 404  404   404
";
    assert_eq!(table(NEWSROOM, &case).await, expected);
}

#[tokio::test]
async fn articles_are_for_everybody_and_written_by_editors() {
    let case = Case {
        path: "/articles",
        author: Caller::Eve,
        input: json!({ "headline": "News", "text": "Much.", "section": "LOCAL", "words": 1 }),
        changes: json!({ "words": 2 }),
    };
    let expected = "
                  create list  get  patch delete
nobody            401    401   401  401   401
a bad token       401    401   401  401   401
the api key       403    200:1 200  403   403
ann               403    200:1 200  403   403
bob               403    200:1 200  403   403
eve of editors    201    200:1 200  200   204
adam of admins    403    200:1 200  403   403
";
    assert_eq!(table(NEWSROOM, &case).await, expected);
}

#[tokio::test]
async fn comments_are_read_by_all_who_signed_in_and_removed_by_moderators() {
    let case = Case {
        path: "/comments",
        author: Caller::Ann,
        input: json!({ "articleId": "a1", "text": "Well said." }),
        changes: json!({ "text": "Well said!" }),
    };
    let expected = "
                  create list  get  patch delete
nobody            401    401   401  401   401
a bad token       401    401   401  401   401
the api key       403    403   403  403   403
ann               201    200:1 200  200   204
bob               201    200:1 200  403   403
eve of editors    201    200:1 200  403   204
adam of admins    201    200:1 200  403   204
";
    assert_eq!(table(NEWSROOM, &case).await, expected);
}

async fn things(rules: &str, author: Caller, input: Value) -> String {
    let schema = format!("type Thing @model {rules} {{ name: String! members: [String] }}");
    table(&schema, &Case { path: "/things", author, input, changes: json!({ "name": "b" }) }).await
}

#[tokio::test]
async fn a_model_without_rules_is_closed() {
    let expected = "
                  create list  get  patch delete
nobody            401    401   401  401   401
a bad token       401    401   401  401   401
the api key       403    403   403  403   403
ann               403    403   403  403   403
bob               403    403   403  403   403
eve of editors    403    403   403  403   403
adam of admins    403    403   403  403   403
";
    assert_eq!(things("", Caller::Ann, json!({ "name": "a" })).await, expected);
}

#[tokio::test]
async fn a_private_rule_admits_everybody_who_signed_in() {
    let expected = "
                  create list  get  patch delete
nobody            401    401   401  401   401
a bad token       401    401   401  401   401
the api key       403    403   403  403   403
ann               201    200:1 200  200   204
bob               201    200:1 200  200   204
eve of editors    201    200:1 200  200   204
adam of admins    201    200:1 200  200   204
";
    assert_eq!(
        things("@auth(rules: [{ allow: private }])", Caller::Ann, json!({ "name": "a" })).await,
        expected
    );
}

#[tokio::test]
async fn a_public_rule_admits_the_key_and_nobody_else() {
    let expected = "
                  create list  get  patch delete
nobody            401    401   401  401   401
a bad token       401    401   401  401   401
the api key       201    200:1 200  200   204
ann               403    403   403  403   403
bob               403    403   403  403   403
eve of editors    403    403   403  403   403
adam of admins    403    403   403  403   403
";
    assert_eq!(
        things("@auth(rules: [{ allow: public }])", Caller::Key, json!({ "name": "a" })).await,
        expected
    );
}

#[tokio::test]
async fn a_group_rule_admits_members_alone() {
    let expected = "
                  create list  get  patch delete
nobody            401    401   401  401   401
a bad token       401    401   401  401   401
the api key       403    403   403  403   403
ann               403    403   403  403   403
bob               403    403   403  403   403
eve of editors    403    403   403  403   403
adam of admins    201    200:1 200  200   204
";
    let rules = r#"@auth(rules: [{ allow: groups, groups: ["admins"] }])"#;
    assert_eq!(things(rules, Caller::Adam, json!({ "name": "a" })).await, expected);
}

#[tokio::test]
async fn a_list_of_owners_shares_an_item() {
    let expected = "
                  create list  get  patch delete
nobody            401    401   401  401   401
a bad token       401    401   401  401   401
the api key       403    403   403  403   403
ann               201    200:1 200  200   204
bob               201    200:1 200  200   204
eve of editors    403    200:0 404  404   404
adam of admins    403    200:0 404  404   404
";
    let rules = r#"@auth(rules: [{ allow: owner, ownerField: "members" }])"#;
    let members = json!({ "name": "a", "members": [Caller::Ann.owner(), Caller::Bob.owner()] });
    assert_eq!(things(rules, Caller::Ann, members).await, expected);
}

#[tokio::test]
async fn an_owner_may_be_let_read_and_not_change() {
    let expected = "
                  create list  get  patch delete
nobody            401    401   401  401   401
a bad token       401    401   401  401   401
the api key       403    403   403  403   403
ann               201    200:1 200  403   403
bob               201    200:0 404  403   403
eve of editors    201    200:0 404  403   403
adam of admins    201    200:0 404  403   403
";
    let rules = "@auth(rules: [{ allow: owner, operations: [create, read] }])";
    assert_eq!(things(rules, Caller::Ann, json!({ "name": "a" })).await, expected);
}

#[tokio::test]
async fn nobody_makes_an_item_for_somebody_else() {
    let house = House::new("type Thing @model @auth(rules: [{ allow: owner, ownerField: \"author\" }]) { name: String author: String }").await;
    let foreign = json!({ "name": "a", "author": Caller::Bob.owner() });
    let answer = house.call(Caller::Ann, Method::POST, "/things").json(&foreign).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);

    let own = json!({ "name": "a", "author": Caller::Ann.owner() });
    let answer = house.call(Caller::Ann, Method::POST, "/things").json(&own).await;
    assert_eq!(answer.status, StatusCode::CREATED);
}
