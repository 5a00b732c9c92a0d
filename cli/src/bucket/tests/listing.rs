//! Lists, as <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html> describes them.

use std::sync::Arc;

use http_body_util::BodyExt;
use jiff::Timestamp;

use super::super::{
    Key, Parameters, Refusal, Store, condition::WriteCondition, list::ListQuery, store::Head,
};

fn store(keys: &[&str]) -> Arc<Store> {
    let store = Store::open(None, Timestamp::UNIX_EPOCH).unwrap();
    for key in keys {
        let head = Head {
            size: 0,
            etag: "e".to_owned(),
            modified: Timestamp::from_millisecond(1_800_000_000_123).unwrap(),
            headers: [].into(),
            checksum: None,
        };
        store.put(&Key::parse(key).unwrap(), &head, &[], &WriteCondition::default()).unwrap();
    }
    store
}

async fn ask(store: &Arc<Store>, query: &str) -> Result<String, Refusal> {
    let query = ListQuery::read(&Parameters::parse(query)?, query.contains("list-type=2"))?;
    let response = query.answer(store, "files").await?;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

fn elements<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!("<{name}>");
    text.split(start.as_str()).skip(1).map(|rest| rest.split("</").next().unwrap()).collect()
}

/// The keys and the common prefixes of a list.
fn told(text: &str) -> (Vec<&str>, Vec<&str>) {
    let prefixes = text.split("<CommonPrefixes>").skip(1).map(|rest| elements(rest, "Prefix")[0]);
    (elements(text, "Key"), prefixes.collect())
}

const KEYS: [&str; 9] = ["a", "b/", "b/1", "b/2", "b/c/3", "b0", "c/d/e", "c/d/f", "ü"];

#[tokio::test]
async fn prefix_and_delimiter_choose_what_is_listed() {
    let store = store(&KEYS);
    for (query, keys, prefixes) in [
        ("", &KEYS[..], &[][..]),
        ("prefix=b", &["b/", "b/1", "b/2", "b/c/3", "b0"], &[]),
        ("prefix=b/", &["b/", "b/1", "b/2", "b/c/3"], &[]),
        ("prefix=b/2x", &[], &[]),
        ("prefix=x", &[], &[]),
        ("delimiter=/", &["a", "b0", "ü"], &["b/", "c/"]),
        ("prefix=b/&delimiter=/", &["b/", "b/1", "b/2"], &["b/c/"]),
        ("prefix=c&delimiter=/", &[], &["c/"]),
        ("prefix=c/&delimiter=/", &[], &["c/d/"]),
        ("prefix=c/&delimiter=/d/", &["c/d/e", "c/d/f"], &[]),
        ("prefix=c&delimiter=/d/", &[], &["c/d/"]),
        ("delimiter=", &KEYS[..], &[]),
        ("start-after=b/c/3", &["b0", "c/d/e", "c/d/f", "ü"], &[]),
        ("start-after=c/d/e&prefix=c/", &["c/d/f"], &[]),
        ("start-after=a&prefix=c/", &["c/d/e", "c/d/f"], &[]),
        ("start-after=z", &["ü"], &[]),
    ] {
        let text = ask(&store, &format!("list-type=2&{query}")).await.unwrap();
        assert_eq!(told(&text), (keys.to_vec(), prefixes.to_vec()), "{query}");
        let count = (keys.len() + prefixes.len()).to_string();
        assert_eq!(elements(&text, "KeyCount"), [count.as_str()], "{query}");
        assert_eq!(elements(&text, "IsTruncated"), ["false"], "{query}");
    }
}

#[tokio::test]
async fn pages_of_every_size_make_the_whole_list_once() {
    let store = store(&KEYS);
    for query in
        ["", "delimiter=/", "prefix=b", "prefix=b/&delimiter=/", "start-after=b/1", "prefix=b&delimiter=c"]
    {
        let whole = ask(&store, &format!("list-type=2&{query}")).await.unwrap();
        let whole = told(&whole);
        for size in 1..=10 {
            let (mut keys, mut prefixes) = (Vec::new(), Vec::new());
            let mut token = String::new();
            for page in 0.. {
                assert!(page < 20, "no end: {query}");
                let text = ask(&store, &format!("list-type=2&max-keys={size}&{query}{token}")).await.unwrap();
                let (more, common) = told(&text);
                let count = more.len() + common.len();
                keys.extend(more.iter().map(|key| (*key).to_owned()));
                prefixes.extend(common.iter().map(|prefix| (*prefix).to_owned()));
                if elements(&text, "IsTruncated") == ["false"] {
                    assert!(elements(&text, "NextContinuationToken").is_empty());
                    break;
                }
                assert_eq!(count, size, "a page that is not the last is full");
                token = format!("&continuation-token={}", elements(&text, "NextContinuationToken")[0]);
            }
            assert_eq!((keys, prefixes), (owned(&whole.0), owned(&whole.1)), "{query} by {size}");
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn the_first_version_goes_on_behind_a_marker() {
    let store = store(&KEYS);
    let text = ask(&store, "delimiter=/&max-keys=2").await.unwrap();
    assert_eq!(told(&text), (vec!["a"], vec!["b/"]));
    assert_eq!(elements(&text, "NextMarker"), ["b/"]);
    assert!(elements(&text, "KeyCount").is_empty());
    let text = ask(&store, "delimiter=/&max-keys=2&marker=b/").await.unwrap();
    assert_eq!(told(&text), (vec!["b0"], vec!["c/"]));
    let text = ask(&store, "max-keys=2&marker=b/2").await.unwrap();
    assert_eq!(told(&text).0, ["b/c/3", "b0"]);
    assert_eq!((elements(&text, "Marker"), elements(&text, "NextMarker").len()), (vec!["b/2"], 0));
}

#[tokio::test]
async fn a_list_says_what_was_asked_for() {
    let store = store(&["a b/ü&<", "x"]);
    let text = ask(&store, "list-type=2&prefix=a%20b/&delimiter=%26&max-keys=5").await.unwrap();
    for (name, value) in
        [("Name", "files"), ("Prefix", "a b/"), ("Delimiter", "&amp;"), ("MaxKeys", "5"), ("KeyCount", "1")]
    {
        assert_eq!(elements(&text, name)[0], value, "{name} in {text}");
    }
    let text = ask(&store, "list-type=2&prefix=a%20b/&encoding-type=url").await.unwrap();
    assert_eq!((told(&text).0, elements(&text, "Prefix")), (vec!["a%20b/%C3%BC%26%3C"], vec!["a%20b/"]));
    for (name, value) in [
        ("LastModified", "2027-01-15T08:00:00.123Z"),
        ("ETag", "\"e\""),
        ("Size", "0"),
        ("StorageClass", "STANDARD"),
        ("EncodingType", "url"),
    ] {
        assert_eq!(elements(&text, name), [value], "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let store = store(&["a"]);
    for (query, told) in [
        ("list-type=2&max-keys=0", Some(0)),
        ("list-type=2&max-keys=1000000", Some(1)),
        ("list-type=2&max-keys=-1", None),
        ("list-type=2&max-keys=ten", None),
        ("list-type=2&encoding-type=xml", None),
        ("list-type=2&continuation-token=nonsense", None),
        ("list-type=2&continuation-token=eHg", None),
        ("list-type=2&prefix=a&prefix=b", None),
    ] {
        let answer = ask(&store, query).await;
        match told {
            Some(count) => {
                let text = answer.unwrap();
                assert_eq!(elements(&text, "Key").len(), count, "{query}");
                assert_eq!(elements(&text, "IsTruncated"), ["false"], "{query}");
            }
            None => assert!(matches!(answer, Err(Refusal::InvalidArgument(_))), "{query}: {answer:?}"),
        }
    }
    let text = ask(&store, "list-type=2&max-keys=1000000").await.unwrap();
    assert_eq!(elements(&text, "MaxKeys"), ["1000"]);
}

#[tokio::test]
async fn a_page_passes_over_what_it_tells_together() {
    let many: Vec<String> = (0..1500).map(|number| format!("b/{number:04}")).collect();
    let mut keys: Vec<&str> = many.iter().map(String::as_str).collect();
    keys.extend(["a", "b/\u{10ffff}", "b/\u{10ffff}x", "c"]);
    let store = store(&keys);
    let text = ask(&store, "list-type=2&delimiter=/").await.unwrap();
    assert_eq!(told(&text), (vec!["a", "c"], vec!["b/"]));
    let text = ask(&store, "list-type=2&prefix=b/").await.unwrap();
    assert_eq!((told(&text).0.len(), elements(&text, "IsTruncated")), (1000, vec!["true"]));
}
