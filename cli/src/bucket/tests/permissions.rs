//! The policies of `template.yaml`, as the table in the README has them.

use http::{Method, Request};

use super::{
    super::NAME,
    door::{Door, object},
};

const DENIED: (u16, &str) = (403, "AccessDenied");

/// What the README says of a prefix: for each of the columns whether they read, write and delete.
fn rights_of(row: &str) -> Vec<String> {
    const README: &str = include_str!("../../../../README.md");
    let line = README.lines().find(|line| line.starts_with(&format!("| {row} |"))).unwrap();
    let cells = line.trim_matches('|').split('|').skip(1);
    let letter = |word: &str| match word {
        "read" => "r",
        "write" => "wd",
        "delete" => "d",
        word => panic!("`{word}` is no right"),
    };
    let rights =
        |cell: &str| cell.split(',').map(str::trim).filter(|word| !word.is_empty()).map(letter).collect();
    cells.map(rights).collect()
}

#[tokio::test]
async fn who_may_read_write_and_delete_is_what_the_table_in_the_readme_says() {
    let door = Door::open();
    let (ada, ben) = (door.member("ada", &[]).await, door.member("ben", &[]).await);
    let (eda, adam) = (door.member("eda", &["editors"]).await, door.member("adam", &["admins"]).await);
    let guest = door.guest().await;
    for row in [
        "`public/`",
        "`protected/ID/`, one's own",
        "`protected/ID/`, of others",
        "`private/ID/`, one's own",
        "",
    ] {
        // Of what has no row nobody has anything.
        let columns = if row.is_empty() { vec![String::new(); 4] } else { rights_of(row) };
        assert_eq!(columns.len(), 4);
        let people =
            [(&ada, "a member"), (&eda, "an editor"), (&adam, "an administrator"), (&guest, "a guest")];
        for ((person, name), rights) in people.into_iter().zip(columns) {
            let (key, owner) = match row {
                "`public/`" => ("public/a".to_owned(), Some(&adam)),
                "`protected/ID/`, one's own" => (format!("protected/{}/a", person.identity), None),
                "`protected/ID/`, of others" => (format!("protected/{}/a", ben.identity), Some(&ben)),
                "`private/ID/`, one's own" => (format!("private/{}/a", person.identity), None),
                _ => (format!("private/{}/a", ben.identity), Some(&ben)),
            };
            for (method, right) in
                [(Method::PUT, 'w'), (Method::GET, 'r'), (Method::HEAD, 'r'), (Method::DELETE, 'd')]
            {
                if let Some(owner) = owner {
                    assert_eq!(door.put(owner, &key, b"1").await.status, 200);
                }
                let request = Request::builder().method(&method).uri(object(&key)).body(Vec::new()).unwrap();
                let (status, code) = door.ask(person, request).await.outcome();
                let expected = match (rights.contains(right), right) {
                    (true, 'd') => (204, ""),
                    (true, _) => (200, ""),
                    // An answer to HEAD has no body, and so no code.
                    (false, _) if method == Method::HEAD => (403, ""),
                    (false, _) => DENIED,
                };
                assert_eq!((status, code.as_str()), expected, "{name} {method} {key}");
            }
        }
    }
}

#[tokio::test]
async fn a_list_is_allowed_by_its_prefix() {
    let door = Door::open();
    let (ada, ben) = (door.member("ada", &[]).await, door.member("ben", &[]).await);
    let guest = door.guest().await;
    for (person, name, prefix, allowed) in [
        (&ada, "ada", Some("public/"), true),
        (&ada, "ada", Some("protected/"), true),
        (&ada, "ada", Some("private/"), false),
        (&ada, "ada", Some(""), false),
        (&ada, "ada", None, false),
        (&ada, "ada", Some("public"), false),
        (&guest, "guest", Some("public/"), true),
        (&guest, "guest", Some("protected/"), false),
    ] {
        let prefix = prefix.map(|prefix| format!("&prefix={prefix}")).unwrap_or_default();
        for version in ["?list-type=2", "?encoding-type=url"] {
            let request = Request::get(format!("/{NAME}{version}{prefix}")).body(Vec::new()).unwrap();
            let outcome = door.ask(person, request).await.outcome();
            let expected = if allowed { (200, "") } else { DENIED };
            assert_eq!((outcome.0, outcome.1.as_str()), expected, "{name} {version}{prefix}");
        }
    }
    for (prefix, expected) in [(&ada.identity, (200, "")), (&ben.identity, DENIED)] {
        let uri = format!("/{NAME}?list-type=2&prefix=private%2F{}%2F", prefix.replace(':', "%3A"));
        let outcome = door.ask(&ada, Request::get(uri).body(Vec::new()).unwrap()).await.outcome();
        assert_eq!((outcome.0, outcome.1.as_str()), expected, "{prefix}");
    }
}

#[tokio::test]
async fn an_object_that_is_not_there_looks_like_one_that_may_not_be_read() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    for key in ["public/none".to_owned(), format!("private/{}/none", ada.identity)] {
        let outcome = door.get(&ada, &key).await.outcome();
        assert_eq!((outcome.0, outcome.1.as_str()), DENIED, "{key}");
        // There is nothing to hide in that nothing is there any more.
        let expected =
            if key.starts_with("private") { (204, String::new()) } else { (403, "AccessDenied".to_owned()) };
        assert_eq!(door.delete(&ada, &key).await.outcome(), expected, "{key}");
    }
}

#[tokio::test]
async fn a_copy_needs_both_rights() {
    let door = Door::open();
    let (ada, ben) = (door.member("ada", &[]).await, door.member("ben", &[]).await);
    let (mine, theirs) = (format!("private/{}/a", ada.identity), format!("private/{}/a", ben.identity));
    let open = format!("protected/{}/a", ben.identity);
    for (person, key) in [(&ada, &mine), (&ben, &theirs), (&ben, &open)] {
        assert_eq!(door.put(person, key, key.as_bytes()).await.status, 200);
    }
    let copy = async |from: &str, to: &str| {
        let source = object(from);
        let request = Request::put(object(to)).header("x-amz-copy-source", source).body(Vec::new()).unwrap();
        door.ask(&ada, request).await.outcome()
    };
    let copied = format!("private/{}/copied", ada.identity);
    assert_eq!(copy(&open, &copied).await, (200, String::new()));
    assert_eq!(door.get(&ada, &copied).await.text(), open);
    for (from, to) in [(&theirs, &copied), (&mine, &theirs), (&mine, &open)] {
        assert_eq!(copy(from, to).await, (403, "AccessDenied".to_owned()), "{from} {to}");
    }
    // The source decides, however it is written.
    let hidden = theirs.replace("private", "%70rivate");
    let request = Request::put(object(&copied))
        .header("x-amz-copy-source", format!("{NAME}/{hidden}"))
        .body(Vec::new())
        .unwrap();
    assert_eq!(door.ask(&ada, request).await.outcome(), (403, "AccessDenied".to_owned()));
}

#[tokio::test]
async fn each_key_of_a_deletion_is_asked_about() {
    let door = Door::open();
    let (ada, ben) = (door.member("ada", &[]).await, door.member("ben", &[]).await);
    let (mine, theirs) = (format!("private/{}/a&b", ada.identity), format!("private/{}/a", ben.identity));
    assert_eq!(door.put(&ada, &mine, b"1").await.status, 200);
    assert_eq!(door.put(&ben, &theirs, b"1").await.status, 200);
    let escaped = mine.replace('&', "&amp;");
    let document =
        format!("<Delete><Object><Key>{escaped}</Key></Object><Object><Key>{theirs}</Key></Object></Delete>");
    let request = Request::post(format!("/{NAME}?delete")).body(document.into_bytes()).unwrap();
    let answer = door.ask(&ada, request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let keys = answer.elements("Key");
    assert_eq!(keys, [escaped, theirs.clone()]);
    assert_eq!(answer.elements("Code"), ["AccessDenied"]);
    assert!(answer.text().contains("</Deleted><Error>"), "{}", answer.text());
    assert_eq!(door.get(&ada, &mine).await.status, 403);
    assert_eq!(door.get(&ben, &theirs).await.status, 200);
}

#[tokio::test]
async fn what_is_not_in_the_table_is_denied_even_to_an_administrator() {
    let door = Door::open();
    let adam = door.member("adam", &["admins"]).await;
    assert_eq!(door.put(&adam, "public/a", b"1").await.status, 200);
    for (method, uri) in [
        ("GET", "/".to_owned()),
        ("GET", format!("/{NAME}?policy")),
        ("GET", format!("/{NAME}?location")),
        ("DELETE", format!("/{NAME}")),
        ("PUT", format!("/{NAME}")),
        ("GET", format!("{}?acl", object("public/a"))),
        ("GET", format!("{}?versionId=1", object("public/a"))),
        ("PUT", format!("{}?tagging", object("public/a"))),
        ("POST", format!("{}?select", object("public/a"))),
        // The parts are whose the object would be.
        ("GET", format!("{}?uploadId=a", object("protected/other/a"))),
        ("DELETE", format!("{}?uploadId=a", object("protected/other/a"))),
    ] {
        let request = Request::builder().method(method).uri(&uri).body(Vec::new()).unwrap();
        let outcome = door.ask(&adam, request).await.outcome();
        assert_eq!(outcome, (403, "AccessDenied".to_owned()), "{method} {uri}");
    }
    let request =
        Request::put(object("public/a")).header("x-amz-acl", "public-read").body(Vec::new()).unwrap();
    assert_eq!(door.ask(&adam, request).await.outcome(), (403, "AccessDenied".to_owned()));
    let elsewhere = Request::get("/another-bucket/a").body(Vec::new()).unwrap();
    assert_eq!(door.ask(&adam, elsewhere).await.outcome(), (404, "NoSuchBucket".to_owned()));
}
