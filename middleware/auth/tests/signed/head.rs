//! Requests whose bodies have yet to come.

use http::Request;
use portcullis::{SignatureError, SignedBody, testkit::ManualClock};

use super::{
    signer::{SIGNING, Signing, request},
    source::{NOW, Session, TwoKeys, member, verifier},
};

const TELLS: Signing = Signing { tells_digest: true, ..SIGNING };

#[tokio::test]
async fn a_head_is_good_for_the_body_that_it_tells_of() {
    let clock = ManualClock::at(NOW);
    let verifier = verifier(TwoKeys::default(), &clock).build();
    let (parts, body) = TELLS.sign(request()).into_parts();
    let head = verifier.verify_head(&parts).await.unwrap();
    assert_eq!((head.caller().caller(), head.caller().service()), (&member(), "execute-api"));
    assert_eq!(head.extensions().get::<Session>(), Some(&Session("one")));
    let digest: String = match head.payload() {
        SignedBody::Sha256(digest) => digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        SignedBody::Unsigned => String::new(),
    };
    assert_eq!(parts.headers["x-amz-content-sha256"], digest);
    // The same as of the whole request.
    assert_eq!(verifier.verify(&parts, &body).await.as_ref(), Ok(head.caller()));
    clock.set(NOW + 301);
    assert_eq!(verifier.verify_head(&parts).await.unwrap_err(), SignatureError::Expired);
}

#[tokio::test]
async fn a_head_that_says_less_or_something_else_is_not_good() {
    let verifier = verifier(TwoKeys::default(), &ManualClock::at(NOW)).build();
    let outcome = async |request: Request<Vec<u8>>| {
        let (parts, _) = request.into_parts();
        verifier.verify_head(&parts).await.map(|_| ())
    };
    assert_eq!(outcome(TELLS.sign(request())).await, Ok(()));
    // Without the digest the body could be any.
    assert!(matches!(outcome(SIGNING.sign(request())).await, Err(SignatureError::Incomplete(_))));
    assert_eq!(outcome(request()).await, Err(SignatureError::Missing));
    let change = |name: &'static str, value: &str| {
        let mut request = TELLS.sign(request());
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let digest = TELLS.sign(request()).headers()["x-amz-content-sha256"].to_str().unwrap().to_owned();
    for (name, value, expected) in [
        ("x-amz-content-sha256", "0".repeat(64), SignatureError::Mismatch),
        ("x-amz-content-sha256", digest.to_uppercase(), SignatureError::Mismatch),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD".to_owned(), SignatureError::PayloadForm),
        ("x-amz-security-token", "another".to_owned(), SignatureError::UnknownKey),
        ("content-type", "text/plain".to_owned(), SignatureError::Mismatch),
    ] {
        assert_eq!(outcome(change(name, &value)).await, Err(expected), "{name}: {value}");
    }
}

#[tokio::test]
async fn s3_takes_a_body_that_is_not_signed() {
    let verifier = verifier(TwoKeys::default(), &ManualClock::at(NOW)).s3().build();
    let presigned = Signing { presigned: Some(60), ..SIGNING };
    let bare = Request::put("/a").header("host", "api.example.com").body(Vec::new()).unwrap();
    let (parts, _) = presigned.sign_unsigned(bare).into_parts();
    assert_eq!(verifier.verify_head(&parts).await.unwrap().payload(), SignedBody::Unsigned);
}
