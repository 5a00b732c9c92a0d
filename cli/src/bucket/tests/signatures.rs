//! Whose requests are whose.

use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody};
use axum::body::Body;
use http::Request;
use serde_json::json;

use super::{
    super::NAME,
    door::{Answer, Door, Person, object, settings},
};

fn denied(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.outcome(), (status, code.to_owned()), "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/xml");
    assert!(!answer.header("x-amz-request-id").is_empty());
}

fn get(key: &str) -> Request<Vec<u8>> {
    Request::get(object(key)).body(Vec::new()).unwrap()
}

#[tokio::test]
async fn a_signature_is_refused_in_the_words_of_s3() {
    let door = Door::open();
    let (ada, guest) = (door.member("ada", &[]).await, door.guest().await);
    let key = format!("private/{}/a", ada.identity);
    assert_eq!(door.put(&ada, &key, b"1").await.status, 200);

    let mut forged = ada.clone();
    forged.credentials["SecretKey"] = json!("another");
    denied(&door.ask(&forged, get(&key)).await, 403, "SignatureDoesNotMatch");
    let mut unknown = ada.clone();
    unknown.credentials["AccessKeyId"] = json!("ASIAAAAAAAAAAAAAAAAA");
    denied(&door.ask(&unknown, get(&key)).await, 403, "InvalidAccessKeyId");
    let mut stolen = ada.clone();
    stolen.credentials["SessionToken"] = guest.credentials["SessionToken"].clone();
    denied(&door.ask(&stolen, get(&key)).await, 403, "InvalidAccessKeyId");
    let elsewhere = door.sign(&ada, get(&key), "execute-api");
    denied(&door.send(elsewhere).await, 400, "AuthorizationHeaderMalformed");
    let anonymous = Request::get(object(&key)).header("host", "localhost:20005").body(Vec::new()).unwrap();
    denied(&door.send(anonymous).await, 403, "AccessDenied");
    let mut bearer = get(&key);
    bearer.headers_mut().insert("host", "localhost:20005".parse().unwrap());
    bearer.headers_mut().insert("authorization", "Bearer a.b.c".parse().unwrap());
    denied(&door.send(bearer).await, 403, "AccessDenied");

    // What was signed is the whole of it.
    for change in ["path", "query", "host", "method", "header"] {
        let mut request = door.sign(&ada, get(&key), "s3");
        match change {
            "path" => *request.uri_mut() = object(&format!("{key}x")).parse().unwrap(),
            "query" => *request.uri_mut() = format!("{}?x-id=GetObject", object(&key)).parse().unwrap(),
            "host" => drop(request.headers_mut().insert("host", "127.0.0.1:20005".parse().unwrap())),
            "method" => *request.method_mut() = http::Method::DELETE,
            _ => drop(request.headers_mut().insert("x-amz-meta-more", "1".parse().unwrap())),
        }
        let expected = if change == "header" {
            (400, "AuthorizationHeaderMalformed")
        } else {
            (403, "SignatureDoesNotMatch")
        };
        denied(&door.send(request).await, expected.0, expected.1);
    }
    assert_eq!(door.get(&ada, &key).await.text(), "1");

    let old = door.sign(&ada, get(&key), "s3");
    door.running.advance(901);
    denied(&door.send(old).await, 403, "RequestTimeTooSkewed");
    assert_eq!(door.get(&ada, &key).await.text(), "1");
    door.running.advance(3600);
    denied(&door.get(&ada, &key).await, 400, "ExpiredToken");
}

#[tokio::test]
async fn a_body_is_the_one_that_was_signed() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = format!("private/{}/a", ada.identity);
    let put = |body: &str| Request::put(object(&key)).body(body.as_bytes().to_vec()).unwrap();
    let mut changed = door.sign(&ada, put("12"), "s3");
    *changed.body_mut() = b"13".to_vec();
    denied(&door.send(changed).await, 400, "XAmzContentSHA256Mismatch");
    assert_eq!(door.get(&ada, &key).await.status, 403, "nothing is kept");

    // Without the digest no body could be told from another.
    let bare = door.sign_as(&ada, put("12"), "s3", settings(), SignableBody::Bytes(b"12"));
    denied(&door.send(bare).await, 400, "AuthorizationHeaderMalformed");
    for (form, status, code) in [
        ("UNSIGNED-PAYLOAD", 200, ""),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 501, "NotImplemented"),
        ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", 501, "NotImplemented"),
    ] {
        let mut told = settings();
        told.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let body = SignableBody::Precomputed(form.to_owned());
        let answer = door.send(door.sign_as(&ada, put("12"), "s3", told, body)).await;
        assert_eq!(answer.outcome(), (status, code.to_owned()), "{form}");
    }
}

#[tokio::test]
async fn a_presigned_url_is_good_for_its_time_and_for_what_it_says() {
    let door = Door::open();
    let (ada, ben) = (door.member("ada", &[]).await, door.member("ben", &[]).await);
    let (mine, theirs) = (format!("private/{}/ü a", ada.identity), format!("private/{}/a", ben.identity));
    let presigned = |method: &str, key: &str| {
        let request = Request::builder().method(method).uri(object(key)).body(Vec::new()).unwrap();
        door.presign(&ada, request, 900)
    };
    let mut put = presigned("PUT", &mine);
    *put.body_mut() = b"hello".to_vec();
    put.headers_mut().insert("content-length", 5.into());
    assert_eq!(door.send(put).await.outcome(), (200, String::new()));
    assert_eq!(door.send(presigned("GET", &mine)).await.text(), "hello");
    denied(&door.send(presigned("GET", &theirs)).await, 403, "AccessDenied");

    let url = presigned("GET", &mine);
    let mut other = url.clone();
    *other.uri_mut() = url.uri().to_string().replace("%20a", "%20b").parse().unwrap();
    denied(&door.send(other).await, 403, "SignatureDoesNotMatch");
    let mut longer = url.clone();
    *longer.uri_mut() =
        url.uri().to_string().replace("X-Amz-Expires=900", "X-Amz-Expires=901").parse().unwrap();
    denied(&door.send(longer).await, 403, "SignatureDoesNotMatch");
    door.running.advance(900);
    assert_eq!(door.send(url.clone()).await.text(), "hello");
    door.running.advance(1);
    let late = door.send(url).await;
    denied(&late, 403, "AccessDenied");
    assert!(late.text().contains("Request has expired"), "{}", late.text());
    // It is never good for longer than the credentials.
    let request = Request::get(object(&mine)).body(Vec::new()).unwrap();
    let url = door.presign(&ada, request, 604_800);
    door.running.advance(3600);
    denied(&door.send(url).await, 400, "ExpiredToken");
}

#[tokio::test]
async fn what_a_presigned_url_says_in_its_query_is_obeyed_or_refused() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = format!("private/{}/a", ada.identity);
    for (query, expected) in [
        ("x-amz-meta-mood=calm&content-type=text%2Fplain", (200, "")),
        (
            "x-amz-meta-mood=calm&x-amz-checksum-crc32=y%2FQ5Jg%3D%3D&x-amz-sdk-checksum-algorithm=CRC32",
            (200, ""),
        ),
        ("x-amz-acl=public-read", (403, "AccessDenied")),
    ] {
        let uri = format!("{}?{query}", object(&key));
        let request = door.presign(&ada, Request::put(uri).body(Vec::new()).unwrap(), 60);
        let outcome = door.send(request).await.outcome();
        assert_eq!((outcome.0, outcome.1.as_str()), expected, "{query}");
    }
    assert_eq!(door.get(&ada, &key).await.header("x-amz-meta-mood"), "calm");
}

#[tokio::test]
async fn a_client_may_have_signed_for_s3_itself() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let path = format!("/private/{}/a", ada.identity.replace(':', "%3A"));
    for (signed, sent, path) in [
        (format!("{NAME}.localhost:20005"), format!("{NAME}.localhost:20005"), path.clone()),
        (
            format!("{NAME}.s3.us-east-1.amazonaws.com"),
            format!("{NAME}.s3.us-east-1.amazonaws.com.localhost:20005"),
            path.clone(),
        ),
        (
            "s3.us-east-1.amazonaws.com".to_owned(),
            "s3.us-east-1.amazonaws.com.localhost:20005".to_owned(),
            format!("/{NAME}{path}"),
        ),
    ] {
        let request = |host: &str| {
            let request = Request::put(&path).header("host", host).body(host.as_bytes().to_vec()).unwrap();
            door.sign(&ada, request, "s3")
        };
        let mut request = request(&signed);
        request.headers_mut().insert("host", sent.parse().unwrap());
        let answer = door.send(request).await;
        assert_eq!(answer.outcome(), (200, String::new()), "{sent}");
        let key = format!("private/{}/a", ada.identity);
        assert_eq!(door.get(&ada, &key).await.text(), signed);
    }
    // A name that is not of this machine leads nowhere, well signed or not.
    let request = Request::get(&path).header("host", format!("{NAME}.s3.us-east-1.amazonaws.com"));
    let request = door.sign(&ada, request.body(Vec::new()).unwrap(), "s3");
    denied(&door.send(request).await, 403, "AccessDenied");
}

#[tokio::test]
async fn pages_may_ask_and_see_the_answer() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let preflight = Request::options(object("public/a"))
        .header("origin", "http://localhost:5173")
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "authorization,x-amz-date")
        .body(Vec::new())
        .unwrap();
    let answer = door.send(preflight).await;
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, HEAD, PUT, POST, DELETE"),
        ("access-control-allow-headers", "authorization,x-amz-date"),
        ("access-control-expose-headers", "ETag"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let mut refused = door.sign(&ada, get("private/other/a"), "s3");
    refused.headers_mut().insert("origin", "http://localhost:5173".parse().unwrap());
    let answer = door.send(refused).await;
    denied(&answer, 403, "AccessDenied");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let bare = Request::options(object("public/a")).body(Vec::new()).unwrap();
    assert_eq!(door.send(bare).await.outcome(), (400, "InvalidRequest".to_owned()));
}

#[tokio::test]
async fn a_body_is_not_read_before_it_is_known_whose_it_is() {
    let door = Door::open();
    let mut forged: Person = door.member("ada", &[]).await;
    forged.credentials["SecretKey"] = json!("another");
    let request = Request::put(object("public/a")).body(b"12".to_vec()).unwrap();
    let (parts, _) = door.sign(&forged, request, "s3").into_parts();
    let endless = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let answer = door.send_body(Request::from_parts(parts, Body::from_stream(endless))).await;
    denied(&answer, 403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn a_document_is_the_one_that_was_signed() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let key = format!("private/{}/a", ada.identity);
    assert_eq!(door.put(&ada, &key, b"1").await.status, 200);
    let document = format!("<Delete><Object><Key>{key}</Key></Object></Delete>");
    let request = Request::post(format!("/{NAME}?delete")).body(document.clone().into_bytes()).unwrap();
    let mut changed = door.sign(&ada, request, "s3");
    *changed.body_mut() = document.replace("/a<", "/b<").into_bytes();
    assert_eq!(door.send(changed).await.outcome(), (400, "XAmzContentSHA256Mismatch".to_owned()));
    for (header, value, status, code) in [
        ("x-amz-checksum-crc32", "AAAAAA==", 400, "BadDigest"),
        ("content-md5", "XUFAKrxLKna5cZ2REBfFkg==", 400, "BadDigest"),
        ("x-amz-meta-a", "b", 200, ""),
    ] {
        let request = Request::post(format!("/{NAME}?delete")).header(header, value);
        let answer = door.ask(&ada, request.body(document.clone().into_bytes()).unwrap()).await;
        assert_eq!(answer.outcome(), (status, code.to_owned()), "{header}");
    }
}

#[tokio::test]
async fn a_document_may_be_as_deep_as_it_is_long() {
    let door = Door::open();
    let ada = door.member("ada", &[]).await;
    let deep = format!("{}{}", "<a>".repeat(200_000), "</a>".repeat(200_000));
    for document in [
        deep.clone(),
        format!("<Delete>{deep}</Delete>"),
        format!("<Delete><Object><Key>{deep}</Key></Object></Delete>"),
    ] {
        let request = Request::post(format!("/{NAME}?delete")).body(document.into_bytes()).unwrap();
        assert_eq!(door.ask(&ada, request).await.outcome(), (400, "MalformedXML".to_owned()));
    }
}
