//! Uploads in parts.

use http::Request;
use jiff::{SignedDuration, Timestamp};
use md5::{Digest, Md5};

use super::{
    super::{
        Key, Refusal, Store,
        store::{Part, Piece},
    },
    door::{Answer, Door, Person, object},
};

const PART: usize = 5 * 1024 * 1024;

async fn begin(door: &Door, person: &Person, key: &str) -> String {
    let request = Request::post(format!("{}?uploads", object(key)))
        .header("content-type", "text/plain")
        .header("x-amz-meta-a", "b")
        .body(Vec::new())
        .unwrap();
    let answer = door.ask(person, request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.elements("UploadId").remove(0)
}

async fn send(door: &Door, person: &Person, key: &str, id: &str, number: u32, body: Vec<u8>) -> Answer {
    let uri = format!("{}?partNumber={number}&uploadId={id}", object(key));
    door.ask(person, Request::put(uri).body(body).unwrap()).await
}

async fn complete(door: &Door, person: &Person, key: &str, id: &str, parts: &[(u32, &str)]) -> Answer {
    let request = Request::post(format!("{}?uploadId={id}", object(key)));
    door.ask(person, request.body(document(parts)).unwrap()).await
}

fn document(parts: &[(u32, &str)]) -> Vec<u8> {
    let parts = parts
        .iter()
        .map(|(number, etag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"));
    format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts.collect::<String>()).into_bytes()
}

#[tokio::test]
async fn an_object_is_made_of_its_parts() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = format!("private/{}/a", ada.identity);
    let id = begin(&door, &ada, &key).await;
    let (first, last) = (vec![b'1'; PART], b"the end".to_vec());
    // In any order, and one of them twice.
    let etag_last = send(&door, &ada, &key, &id, 7, last.clone()).await.header("etag").to_owned();
    assert_eq!(send(&door, &ada, &key, &id, 2, b"wrong".to_vec()).await.status, 200);
    let etag_first = send(&door, &ada, &key, &id, 2, first.clone()).await.header("etag").to_owned();
    assert_eq!(send(&door, &ada, &key, &id, 8, b"not chosen".to_vec()).await.status, 200);
    assert_eq!(door.get(&ada, &key).await.status, 403, "it is no object yet");
    let answer = complete(&door, &ada, &key, &id, &[(2, &etag_first), (7, &etag_last)]).await;
    assert_eq!(answer.outcome(), (200, String::new()), "{}", answer.text());
    let digests = [Md5::digest(&first), Md5::digest(&last)].concat();
    let etag: String = Md5::digest(digests).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(answer.elements("ETag"), [format!("\"{etag}-2\"")]);
    let got = door.get(&ada, &key).await;
    assert!(got.body == [first.as_slice(), &last].concat());
    assert_eq!(got.header("etag"), format!("\"{etag}-2\""));
    assert_eq!((got.header("content-type"), got.header("x-amz-meta-a")), ("text/plain", "b"));
    let range = Request::get(object(&key)).header("range", format!("bytes={}-{}", PART - 2, PART + 2));
    assert_eq!(door.ask(&ada, range.body(Vec::new()).unwrap()).await.text(), "11the");
    // The upload is over.
    let again = complete(&door, &ada, &key, &id, &[(2, &etag_first)]).await;
    assert_eq!(again.outcome(), (404, "NoSuchUpload".to_owned()));
    assert_eq!(door.delete(&ada, &key).await.status, 204);
    assert_eq!(door.store.chunks(), 0, "and nothing of it is left");
}

#[tokio::test]
async fn what_is_no_list_of_the_parts_makes_no_object() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = format!("private/{}/a", ada.identity);
    let id = begin(&door, &ada, &key).await;
    let one = send(&door, &ada, &key, &id, 1, b"small".to_vec()).await.header("etag").to_owned();
    let two = send(&door, &ada, &key, &id, 2, b"small too".to_vec()).await.header("etag").to_owned();
    for (parts, code) in [
        (vec![(1, one.as_str()), (2, &two)], "EntityTooSmall"),
        (vec![(2, &two), (1, &one)], "InvalidPartOrder"),
        (vec![(1, &one), (1, &one)], "InvalidPartOrder"),
        (vec![(1, &two)], "InvalidPart"),
        (vec![(3, &one)], "InvalidPart"),
        (vec![], "MalformedXML"),
    ] {
        let answer = complete(&door, &ada, &key, &id, &parts).await;
        assert_eq!(answer.outcome(), (400, code.to_owned()));
    }
    for number in [0, 10_001] {
        let answer = send(&door, &ada, &key, &id, number, b"1".to_vec()).await;
        assert_eq!(answer.outcome(), (400, "InvalidArgument".to_owned()));
    }
    assert_eq!(complete(&door, &ada, &key, &id, &[(2, &two)]).await.status, 200);
    assert_eq!(door.get(&ada, &key).await.text(), "small too");
}

#[tokio::test]
async fn an_upload_is_of_one_object_and_of_nobody_else() {
    let door = Door::open();
    let (ada, ben) = (door.member("ada", &[]).await, door.member("ben", &[]).await);
    let key = format!("private/{}/a", ada.identity);
    let id = begin(&door, &ada, &key).await;
    let denied = (403, "AccessDenied".to_owned());
    assert_eq!(send(&door, &ben, &key, &id, 1, b"1".to_vec()).await.outcome(), denied);
    assert_eq!(complete(&door, &ben, &key, &id, &[(1, "a")]).await.outcome(), denied);
    // With the id alone nothing can be put elsewhere.
    let theirs = format!("private/{}/a", ben.identity);
    let none = (404, "NoSuchUpload".to_owned());
    assert_eq!(send(&door, &ben, &theirs, &id, 1, b"1".to_vec()).await.outcome(), none);
    assert_eq!(send(&door, &ada, &key, "another", 1, b"1".to_vec()).await.outcome(), none);
    let elsewhere = Request::post(format!("{}?uploads", object(&theirs))).body(Vec::new()).unwrap();
    assert_eq!(door.ask(&ada, elsewhere).await.outcome(), denied);
    // Nor is it seen or ended by another.
    for (method, person, expected) in [
        ("GET", &ben, 403),
        ("DELETE", &ben, 403),
        ("GET", &ada, 200),
        ("DELETE", &ada, 204),
        ("GET", &ada, 404),
    ] {
        let uri = format!("{}?uploadId={id}", object(&key));
        let request = Request::builder().method(method).uri(uri).body(Vec::new()).unwrap();
        assert_eq!(door.ask(person, request).await.status, expected, "{method}");
    }
}

#[tokio::test]
async fn a_checksum_of_the_whole_is_held_against_the_parts() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = format!("private/{}/a", ada.identity);
    let id = begin(&door, &ada, &key).await;
    let etag = send(&door, &ada, &key, &id, 1, b"123456789".to_vec()).await.header("etag").to_owned();
    for (checksum, outcome) in [("AAAAAA==", (400, "BadDigest")), ("y/Q5Jg==", (200, ""))] {
        let request = Request::post(format!("{}?uploadId={id}", object(&key)))
            .header("x-amz-checksum-crc32", checksum)
            .header("x-amz-checksum-type", "FULL_OBJECT")
            .body(document(&[(1, &etag)]))
            .unwrap();
        let answer = door.ask(&ada, request).await.outcome();
        assert_eq!((answer.0, answer.1.as_str()), outcome, "{checksum}");
    }
}

/// An upload of `a` with two parts, which begins at the beginning of time.
fn begun(store: &Store, key: &Key) {
    let headers = [("content-type".to_owned(), "text/plain".to_owned())].into();
    store.begin("id", key, &headers, Timestamp::UNIX_EPOCH).unwrap();
    for number in [2, 1] {
        let blob = store.new_blob();
        store.write_chunk(blob, 0, b"12").unwrap();
        let piece = Piece { blob, size: 2 };
        let part = Part { number, piece, etag: "e".to_owned(), modified: Timestamp::UNIX_EPOCH };
        store.put_part("id", key, &part).unwrap();
        store.settle(blob);
    }
}

#[test]
fn parts_are_listed_and_thrown_away() {
    let store = Store::open(None, Timestamp::UNIX_EPOCH).unwrap();
    let key = Key::parse("a").unwrap();
    begun(&store, &key);
    assert_eq!(store.upload("id", &key).unwrap()["content-type"], "text/plain");
    let numbers: Vec<u64> = store.parts("id", &key).unwrap().iter().map(|part| part.number).collect();
    assert_eq!(numbers, [1, 2]);
    store.abort("id", &key).unwrap();
    assert!(store.parts("id", &key).is_err());
    assert_eq!(store.chunks(), 0);
}

#[test]
fn the_bytes_of_parts_stay_while_they_are_read_and_are_none_when_they_are_gone() {
    let store = Store::open(None, Timestamp::UNIX_EPOCH).unwrap();
    let key = Key::parse("a").unwrap();
    begun(&store, &key);
    let chosen = store.parts("id", &key).unwrap();
    let reading = store.open_parts("id", &key, &chosen).unwrap();
    store.abort("id", &key).unwrap();
    assert_eq!(store.chunks(), 2);
    drop(reading);
    assert_eq!(store.chunks(), 0);
    begun(&store, &key);
    assert_eq!(store.open_parts("id", &key, &chosen).unwrap_err(), Refusal::InvalidPart);
}

#[test]
fn an_upload_that_nobody_ends_is_kept_for_a_week() {
    const TEMPLATE: &str = include_str!("../../../../template.yaml");
    assert!(TEMPLATE.contains("AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("files.sqlite");
    let key = Key::parse("a").unwrap();
    begun(&Store::open(Some(file.clone()), Timestamp::UNIX_EPOCH).unwrap(), &key);
    let week = Timestamp::from_second(7 * 24 * 3600).unwrap();
    for (now, chunks) in [(week, 2), (week.checked_add(SignedDuration::from_secs(1)).unwrap(), 0)] {
        let store = Store::open(Some(file.clone()), now).unwrap();
        assert_eq!((store.chunks(), store.upload("id", &key).is_ok()), (chunks, chunks > 0));
    }
}

#[tokio::test]
async fn an_object_is_as_large_as_it_was_announced() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = format!("private/{}/a", ada.identity);
    let id = begin(&door, &ada, &key).await;
    let etag = send(&door, &ada, &key, &id, 1, b"1".to_vec()).await.header("etag").to_owned();
    for (size, expected) in
        [("2", (400, "InvalidRequest")), ("one", (400, "InvalidRequest")), ("1", (200, ""))]
    {
        let request =
            Request::post(format!("{}?uploadId={id}", object(&key))).header("x-amz-mp-object-size", size);
        let answer = door.ask(&ada, request.body(document(&[(1, &etag)])).unwrap()).await;
        assert_eq!(answer.outcome(), (expected.0, expected.1.to_owned()), "{size}");
    }
}
