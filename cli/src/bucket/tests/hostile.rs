//! Requests that mean no good.

use http::{HeaderName, HeaderValue, Request};

use super::{
    super::NAME,
    door::{Door, object},
};

#[tokio::test]
async fn whatever_is_sent_has_an_answer_that_is_not_a_fault_of_ours() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = format!("private/{}/a", ada.identity);
    assert_eq!(door.put(&ada, &key, b"1").await.status, 200);
    let mine = object(&key);
    let long = "v".repeat(60_000);
    for (name, value) in [
        ("range", "bytes=99999999999999999999999-"),
        ("range", "bytes=-99999999999999999999999"),
        ("if-modified-since", "Sun, 06 Nov 99999 08:49:37 GMT"),
        ("if-none-match", "W/\"\", , \""),
        ("x-amz-copy-source", "%"),
        ("x-amz-copy-source", "/"),
        ("x-amz-copy-source", "//"),
        ("x-amz-metadata-directive", "MOVE"),
        ("x-amz-meta-a", &long),
        ("x-amz-checksum-crc32", &long),
        ("x-amz-checksum-mode", &long),
        ("content-md5", "="),
        ("content-length", "18446744073709551616"),
        ("x-amz-expected-bucket-owner", ""),
    ] {
        for method in ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "TRACE", "SEARCH"] {
            let request = Request::builder().method(method).uri(&mine).header(name, value);
            let answer = door.ask(&ada, request.body(Vec::new()).unwrap()).await;
            assert_ne!(answer.status, 500, "{method} {name}: {value}");
        }
    }
    for query in [
        "list-type=2&max-keys=18446744073709551616",
        "list-type=2&max-keys=%00",
        "list-type=2&prefix=%ff%fe",
        "list-type=2&prefix=%00",
        "list-type=2&delimiter=%F4%8F%BF%BF",
        "list-type=2&start-after=%F4%8F%BF%BF",
        "list-type=2&continuation-token=cPSPv78",
        "list-type=2&continuation-token=",
        "marker=%F4%8F%BF%BF&delimiter=/",
        "delete",
        "uploads&uploadId=1",
        "partNumber=1&uploadId=%27%3B%20DROP%20TABLE%20objects",
        "=&=",
        "&&&",
        "%",
    ] {
        for path in [&format!("/{NAME}"), &mine] {
            for method in ["GET", "PUT", "POST", "DELETE"] {
                let prefix = if path == &mine { "" } else { "&prefix=public/" };
                let uri = format!("{path}?{query}{}", if query.contains("prefix") { "" } else { prefix });
                let request = Request::builder().method(method).uri(uri).body(b"<".to_vec()).unwrap();
                let answer = door.ask(&ada, request).await;
                assert_ne!(answer.status, 500, "{method} {query}");
            }
        }
    }
    // And it goes on.
    assert_eq!(door.put(&ada, &key, b"2").await.status, 200);
    assert_eq!(door.get(&ada, &key).await.text(), "2");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_not_kept_as_text() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = format!("private/{}/a", ada.identity);
    let mut request = door.sign(&ada, Request::put(object(&key)).body(b"1".to_vec()).unwrap(), "s3");
    let bytes = HeaderValue::from_bytes(b"\xff\xfe").unwrap();
    request.headers_mut().insert(HeaderName::from_static("content-disposition"), bytes);
    assert_eq!(door.send(request).await.outcome(), (400, "InvalidArgument".to_owned()));
}
