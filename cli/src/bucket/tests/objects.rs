//! Objects, and what is kept of them.

use axum::body::Body;
use futures_util::StreamExt;
use http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::{
    super::{
        NAME, Store,
        condition::WriteCondition,
        content::Incoming,
        range::ByteRange,
        store::{CHUNK, Head},
    },
    door::{Door, MAX_BODY, Person, object},
};

/// Bytes that differ from place to place.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

fn own(person: &Person, name: &str) -> String {
    format!("private/{}/{name}", person.identity)
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_put() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = own(&ada, "a");
    for (length, etag) in
        [(0, "d41d8cd98f00b204e9800998ecf8427e"), (1, ""), (CHUNK - 1, ""), (CHUNK, ""), (3 * CHUNK + 5, "")]
    {
        let request = Request::put(object(&key))
            .header("content-type", "text/plain; charset=utf-8")
            .header("cache-control", "max-age=60")
            .header("content-disposition", "attachment")
            .header("x-amz-meta-mood", "calm")
            .header("x-amz-checksum-mode", "ENABLED")
            .body(bytes(length))
            .unwrap();
        let put = door.ask(&ada, request).await;
        assert_eq!(put.status, 200, "{}", put.text());
        let got = door.get(&ada, &key).await;
        assert_eq!((got.status.as_u16(), got.body == bytes(length)), (200, true), "{length}");
        for (name, value) in [
            ("content-type", "text/plain; charset=utf-8"),
            ("cache-control", "max-age=60"),
            ("content-disposition", "attachment"),
            ("x-amz-meta-mood", "calm"),
            ("content-length", length.to_string().as_str()),
            ("accept-ranges", "bytes"),
            ("last-modified", "Fri, 15 Jan 2027 08:00:00 GMT"),
            ("etag", put.header("etag")),
        ] {
            assert_eq!(got.header(name), value, "{name} of {length}");
        }
        if !etag.is_empty() {
            assert_eq!(got.header("etag"), format!("\"{etag}\""));
        }
        let head = Request::head(object(&key)).body(Vec::new()).unwrap();
        let head = door.ask(&ada, head).await;
        assert_eq!((head.header("content-length"), head.body.len()), (length.to_string().as_str(), 0));
    }
    assert_eq!(door.delete(&ada, &key).await.status, 204);
    assert_eq!(door.store.chunks(), 0, "the bytes of an object go with it");
}

#[tokio::test]
async fn a_key_is_text_and_never_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let door = Door::with_file(Some(folder.path().join("files.sqlite")));
    let ada = door.member("ada", &[]).await;
    let absolute = outside.path().join("a").to_string_lossy().into_owned();
    let long = "k".repeat(1024 - own(&ada, "").len());
    let names = [
        "a",
        "a/b",
        "a/",
        "a//b",
        "/",
        ".",
        "..",
        "../../../x",
        "..\\x",
        &absolute,
        "ü ✓ +%&<>'\"",
        &long,
        "A",
    ];
    for name in names {
        let put = door.put(&ada, &own(&ada, name), name.as_bytes()).await;
        assert_eq!(put.outcome(), (200, String::new()), "{name}");
    }
    for name in names {
        assert_eq!(door.get(&ada, &own(&ada, name)).await.text(), name);
    }
    for (name, code) in [("a\u{1}", "InvalidURI"), (&format!("{long}k"), "KeyTooLongError")] {
        assert_eq!(door.put(&ada, &own(&ada, name), b"1").await.outcome(), (400, code.to_owned()));
    }
    let files = |folder: &std::path::Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert!(files(folder.path()).iter().all(|name| name.starts_with("files.sqlite")));
    assert!(files(outside.path()).is_empty());
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing_and_changes_nothing() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = own(&ada, "a");
    assert_eq!(door.put(&ada, &key, b"before").await.status, 200);
    let whole = bytes(2 * CHUNK);
    let part = |length: usize| Ok::<_, std::io::Error>(whole[..length].to_vec());
    let broken = || Err(std::io::Error::other("gone"));
    for (name, frames, status, code) in [
        ("breaks off", vec![part(CHUNK + 7), broken()], 400, "IncompleteBody"),
        ("is shorter", vec![part(CHUNK + 7)], 400, "IncompleteBody"),
        ("is longer", vec![part(2 * CHUNK), part(1)], 400, "IncompleteBody"),
        ("is another", vec![part(CHUNK), part(CHUNK)], 400, "XAmzContentSHA256Mismatch"),
    ] {
        let request = Request::put(object(&key)).body(whole.clone()).unwrap();
        let (parts, _) = door.sign(&ada, request, "s3").into_parts();
        let body = Body::from_stream(futures_util::stream::iter(frames));
        let answer = door.send_body(Request::from_parts(parts, body)).await;
        assert_eq!(answer.outcome(), (status, code.to_owned()), "a body that {name}");
        assert_eq!(door.get(&ada, &key).await.text(), "before", "a body that {name}");
    }
    // Somebody who goes away in the middle.
    let request = Request::put(object(&key)).body(whole.clone()).unwrap();
    let (parts, _) = door.sign(&ada, request, "s3").into_parts();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let first = part(CHUNK + 7);
    let stalled = futures_util::stream::once(async { first }).chain(futures_util::stream::once(async {
        let _ = sender.send(());
        std::future::pending().await
    }));
    let body = Body::from_stream(stalled);
    let call = door.router.clone().oneshot(Request::from_parts(parts, body));
    tokio::select! {
        _ = call => panic!("the body has no end"),
        told = receiver => told.unwrap(),
    }
    assert_eq!(door.get(&ada, &key).await.text(), "before");
    assert_eq!(door.store.chunks(), 1);
}

#[tokio::test]
async fn what_is_told_of_a_body_is_held_against_it() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = own(&ada, "a");
    for (header, value, status, code) in [
        ("content-md5", "JfnnlDI7RTiF9RgfG2JNCw==", 200, ""),
        ("content-md5", "XUFAKrxLKna5cZ2REBfFkg==", 400, "BadDigest"),
        ("content-md5", "XUFAKrxL", 400, "InvalidDigest"),
        ("x-amz-checksum-crc32", "y/Q5Jg==", 200, ""),
        ("x-amz-checksum-crc32", "AAAAAA==", 400, "BadDigest"),
        ("x-amz-checksum-sha256", "AAAA", 400, "InvalidDigest"),
        ("content-length", "nine", 400, "InvalidArgument"),
    ] {
        let request = Request::put(object(&key)).header(header, value).body(b"123456789".to_vec()).unwrap();
        let answer = door.ask(&ada, request).await;
        assert_eq!(answer.outcome(), (status, code.to_owned()), "{header}: {value}");
        if status == 200 && header.starts_with("x-amz") {
            assert_eq!(answer.header(header), value, "clients look for it");
        }
    }
    let request =
        Request::get(object(&key)).header("x-amz-checksum-mode", "ENABLED").body(Vec::new()).unwrap();
    assert_eq!(door.ask(&ada, request).await.header("x-amz-checksum-crc32"), "y/Q5Jg==");
    assert_eq!(door.get(&ada, &key).await.header("x-amz-checksum-crc32"), "");
}

#[tokio::test]
async fn a_body_has_a_length_and_a_bound() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = own(&ada, "a");
    for (length, outcome) in [
        (None, (411, "MissingContentLength")),
        (Some(MAX_BODY + 1), (400, "EntityTooLarge")),
        (Some(u64::MAX), (400, "EntityTooLarge")),
    ] {
        let request = Request::put(object(&key)).body(b"1".to_vec()).unwrap();
        let mut request = door.sign(&ada, request, "s3");
        request.headers_mut().remove("content-length");
        if let Some(length) = length {
            request.headers_mut().insert("content-length", length.into());
        }
        let answer = door.send(request).await.outcome();
        assert_eq!((answer.0, answer.1.as_str()), outcome, "{length:?}");
    }
}

#[tokio::test]
async fn a_part_of_an_object_is_what_its_range_says() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = own(&ada, "a");
    let all = bytes(2 * CHUNK + 10);
    assert_eq!(door.put(&ada, &key, &all).await.status, 200);
    let size = all.len();
    for (range, first, end) in [
        ("bytes=0-0", 0, 1),
        (&format!("bytes={}-{}", CHUNK - 2, CHUNK + 2), CHUNK - 2, CHUNK + 3),
        (&format!("bytes={}-", 2 * CHUNK), 2 * CHUNK, size),
        ("bytes=-5", size - 5, size),
        ("bytes=3-99999999", 3, size),
    ] {
        let request = Request::get(object(&key)).header("range", range).body(Vec::new()).unwrap();
        let answer = door.ask(&ada, request).await;
        assert_eq!((answer.status.as_u16(), answer.body == all[first..end]), (206, true), "{range}");
        assert_eq!(answer.header("content-range"), format!("bytes {first}-{}/{size}", end - 1));
        assert_eq!(answer.header("content-length"), (end - first).to_string());
    }
    let request =
        Request::get(object(&key)).header("range", format!("bytes={size}-")).body(Vec::new()).unwrap();
    assert_eq!(door.ask(&ada, request).await.outcome(), (416, "InvalidRange".to_owned()));
}

#[tokio::test]
async fn conditions_are_kept() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = own(&ada, "a");
    let ask = async |method: &str, header: &str, value: &str| {
        let request = Request::builder().method(method).uri(object(&key)).header(header, value);
        door.ask(&ada, request.body(b"".to_vec()).unwrap()).await.outcome()
    };
    let ok = |status: u16| (status, String::new());
    assert_eq!(ask("PUT", "if-none-match", "*").await, ok(200));
    assert_eq!(ask("PUT", "if-none-match", "*").await, (412, "PreconditionFailed".to_owned()));
    let etag = "\"d41d8cd98f00b204e9800998ecf8427e\"";
    assert_eq!(ask("PUT", "if-match", etag).await, ok(200));
    assert_eq!(ask("PUT", "if-match", "\"a\"").await, (412, "PreconditionFailed".to_owned()));
    assert_eq!(ask("GET", "if-match", etag).await, ok(200));
    assert_eq!(ask("GET", "if-none-match", etag).await, ok(304));
    assert_eq!(ask("GET", "if-match", "\"a\"").await, (412, "PreconditionFailed".to_owned()));
}

#[tokio::test]
async fn a_reader_gets_the_object_that_was_there_when_it_began() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = own(&ada, "a");
    let before = bytes(3 * CHUNK);
    assert_eq!(door.put(&ada, &key, &before).await.status, 200);
    let request = door.sign(&ada, Request::get(object(&key)).body(Vec::new()).unwrap(), "s3");
    let reading = door.router.clone().oneshot(request.map(Body::from)).await.unwrap();
    assert_eq!(door.put(&ada, &key, b"after").await.status, 200);
    assert_eq!(door.get(&ada, &key).await.text(), "after");
    assert_eq!(door.delete(&ada, &key).await.status, 204);
    let read = reading.into_body().collect().await.unwrap().to_bytes();
    assert!(read == before);
    assert_eq!(door.store.chunks(), 0, "what nobody reads any more is gone");
}

#[tokio::test]
async fn a_copy_keeps_what_is_said_about_the_object_unless_it_says_something_else() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let (from, to) = (own(&ada, "from/ü"), own(&ada, "to"));
    let request =
        Request::put(object(&from)).header("content-type", "text/plain").header("x-amz-meta-a", "b");
    let put = door.ask(&ada, request.body(bytes(CHUNK + 1)).unwrap()).await;
    let copy = async |to: &str, directive: &str| {
        let request = Request::put(object(to))
            .header("x-amz-copy-source", object(&from))
            .header("x-amz-metadata-directive", directive)
            .header("content-type", "text/html")
            .body(Vec::new())
            .unwrap();
        door.ask(&ada, request).await
    };
    let copied = copy(&to, "COPY").await;
    assert_eq!(copied.elements("ETag"), [put.header("etag")], "{}", copied.text());
    let got = door.get(&ada, &to).await;
    assert_eq!((got.header("content-type"), got.header("x-amz-meta-a")), ("text/plain", "b"));
    assert!(got.body == bytes(CHUNK + 1));
    assert_eq!(copy(&to, "REPLACE").await.status, 200);
    let got = door.get(&ada, &to).await;
    assert_eq!((got.header("content-type"), got.header("x-amz-meta-a")), ("text/html", ""));
    assert_eq!(copy(&from, "COPY").await.outcome(), (400, "InvalidRequest".to_owned()));
    assert_eq!(copy(&from, "REPLACE").await.status, 200);
    assert!(door.get(&ada, &from).await.body == bytes(CHUNK + 1), "a copy to itself");
    let missing = Request::put(object(&to)).header("x-amz-copy-source", object(&own(&ada, "none")));
    let missing = door.ask(&ada, missing.body(Vec::new()).unwrap()).await;
    assert_eq!(missing.outcome(), (403, "AccessDenied".to_owned()));
}

#[tokio::test]
async fn an_object_that_goes_takes_no_other_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("files.sqlite");
    let keys = ["private/empty", "private/later"].map(|key| super::super::Key::parse(key).unwrap());
    // The second is written after a restart, when nothing but its row tells of the empty one.
    for (key, length) in keys.iter().zip([0, 5]) {
        let store = Store::open(Some(file.clone()), jiff::Timestamp::UNIX_EPOCH).unwrap();
        let mut incoming = Incoming::new(&store);
        incoming.write(&bytes(length)).await.unwrap();
        let piece = incoming.finish().await.unwrap();
        let head = Head {
            size: piece.size,
            etag: "e".to_owned(),
            modified: jiff::Timestamp::UNIX_EPOCH,
            headers: [].into(),
            checksum: None,
        };
        store.put(key, &head, &[piece], &WriteCondition::default()).unwrap();
        incoming.keep();
    }
    let store = Store::open(Some(file), jiff::Timestamp::UNIX_EPOCH).unwrap();
    store.delete(&keys[0], &WriteCondition::default()).unwrap();
    assert!(store.open_object(&keys[0]).unwrap().is_none());
    let (head, content) = store.open_object(&keys[1]).unwrap().unwrap();
    let read = content.read(ByteRange { start: 0, length: head.size }).next().await.unwrap();
    assert_eq!(read.as_deref(), Some(bytes(5).as_slice()));
}

#[tokio::test]
async fn objects_outlive_the_process_and_what_broke_off_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("files.sqlite");
    let key = {
        let door = Door::with_file(Some(file.clone()));
        let ada = door.member("ada", &[]).await;
        let key = own(&ada, "a");
        assert_eq!(door.put(&ada, &key, &bytes(CHUNK + 1)).await.status, 200);
        // As if the process had been killed in the middle of an upload.
        let blob = door.store.new_blob();
        door.store.write_chunk(blob, 0, b"half").unwrap();
        assert_eq!(door.store.chunks(), 3);
        super::super::Key::parse(&key).unwrap()
    };
    let store = Store::open(Some(file), jiff::Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(store.chunks(), 2);
    let (head, _) = store.open_object(&key).unwrap().unwrap();
    assert_eq!((head.size, head.headers["content-type"].as_str()), (CHUNK as u64 + 1, "binary/octet-stream"));
}

#[tokio::test]
async fn what_has_changed_is_not_deleted_where_that_is_asked_for() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = own(&ada, "a");
    let etag = door.put(&ada, &key, b"1").await.header("etag").to_owned();
    let one = async |condition: &str| {
        let request = Request::delete(object(&key)).header("if-match", condition).body(Vec::new());
        door.ask(&ada, request.unwrap()).await.outcome()
    };
    let several = async |condition: String| {
        let document = format!("<Delete><Object><Key>{key}</Key>{condition}</Object></Delete>");
        let request = Request::post(format!("/{NAME}?delete")).body(document.into_bytes()).unwrap();
        door.ask(&ada, request).await.elements("Code")
    };
    let failed = (412, "PreconditionFailed".to_owned());
    assert_eq!(one("\"another\"").await, failed);
    assert_eq!(several("<ETag>another</ETag>".to_owned()).await, ["PreconditionFailed"]);
    assert_eq!(several("<Size>1</Size>".to_owned()).await, ["NotImplemented"]);
    assert_eq!(door.get(&ada, &key).await.text(), "1");
    assert_eq!(one(&etag).await, (204, String::new()));
    assert_eq!(one(&etag).await, (404, "NoSuchKey".to_owned()));
    let etag = door.put(&ada, &key, b"1").await.header("etag").to_owned();
    assert!(several(format!("<ETag>{}</ETag>", etag.trim_matches('"'))).await.is_empty());
    door.put(&ada, &key, b"1").await;
    assert_eq!(one("*").await, (204, String::new()));
    assert_eq!(door.store.chunks(), 0);
}
