//! What is accepted, and each reason for which a signature is not.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderValue, Request};
use portcullis::{SignatureError, testkit::ManualClock};
use proptest::prelude::*;

use super::{
    signer::{SIGNING, Signing, request},
    source::{NOW, TOKEN, TwoKeys, member, verifier},
};

async fn outcome(now: u64, request: Request<Vec<u8>>) -> Result<(), SignatureError> {
    let verifier = verifier(TwoKeys::default(), &ManualClock::at(now)).build();
    let (parts, body) = request.into_parts();
    verifier.verify(&parts, &body).await.map(drop)
}

#[tokio::test]
async fn what_the_sdk_signs_is_good_in_each_form() {
    for temporary in [false, true] {
        for (tells_digest, presigned) in [(false, None), (true, None), (false, Some(60))] {
            let signing = Signing { temporary, tells_digest, presigned, ..SIGNING };
            assert_eq!(outcome(NOW, signing.sign(request())).await, Ok(()), "{signing:?}");
            let bare = Request::get("/").header("host", "api.example.com").body(Vec::new()).unwrap();
            assert_eq!(outcome(NOW, signing.sign(bare)).await, Ok(()), "{signing:?}");
        }
    }
    let verifier = verifier(TwoKeys::default(), &ManualClock::at(NOW)).build();
    let (parts, body) = SIGNING.sign(request()).into_parts();
    let signed = verifier.verify(&parts, &body).await.unwrap();
    assert_eq!((signed.caller(), signed.service()), (&member(), "execute-api"));
    assert_eq!(signed.expires_at(), Some(UNIX_EPOCH + Duration::from_secs(NOW + 3600)));
    let (parts, body) = Signing { temporary: false, ..SIGNING }.sign(request()).into_parts();
    assert_eq!(verifier.verify(&parts, &body).await.unwrap().expires_at(), None);
}

#[tokio::test]
async fn a_signature_is_good_for_five_minutes_and_a_url_as_long_as_it_says() {
    let presigned = Signing { presigned: Some(3600), ..SIGNING };
    let lasting = Signing { temporary: false, ..presigned };
    for (signing, seconds_later, expected) in [
        (SIGNING, 300, Ok(())),
        (SIGNING, 301, Err(SignatureError::Expired)),
        (SIGNING, -300, Ok(())),
        (SIGNING, -301, Err(SignatureError::NotYetCurrent)),
        (presigned, 3599, Ok(())),
        (presigned, 3600, Err(SignatureError::ExpiredCredentials)),
        (lasting, 3600, Ok(())),
        (lasting, 3601, Err(SignatureError::Expired)),
        (lasting, -301, Err(SignatureError::NotYetCurrent)),
    ] {
        let now = NOW.checked_add_signed(seconds_later).unwrap();
        assert_eq!(outcome(now, signing.sign(request())).await, expected, "{signing:?} {seconds_later}");
    }
    // Credentials that have expired sign nothing more, at whatever time.
    let late = Signing { at: NOW + 3600, ..SIGNING };
    assert_eq!(outcome(NOW + 3600, late.sign(request())).await, Err(SignatureError::ExpiredCredentials));
}

#[tokio::test]
async fn each_thing_that_is_wrong_has_its_error() {
    let put = |name: &'static str, value: &'static str| {
        move |request: &mut Request<Vec<u8>>| {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    };
    let cut = |name: &'static str| {
        move |request: &mut Request<Vec<u8>>| {
            request.headers_mut().remove(name);
        }
    };
    let edit = |old: &'static str, new: &'static str| {
        move |request: &mut Request<Vec<u8>>| {
            let header =
                request.headers().get("authorization").unwrap().to_str().unwrap().replacen(old, new, 1);
            request.headers_mut().insert("authorization", header.parse().unwrap());
        }
    };
    type Change = Box<dyn Fn(&mut Request<Vec<u8>>)>;
    let changes: Vec<(&str, Change, &str)> = vec![
        ("no signature", Box::new(cut("authorization")), "MissingAuthenticationTokenException"),
        (
            "another scheme",
            Box::new(put("authorization", "Bearer a.b.c")),
            "MissingAuthenticationTokenException",
        ),
        (
            "another algorithm",
            Box::new(edit("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")),
            "IncompleteSignatureException",
        ),
        ("no date", Box::new(cut("x-amz-date")), "IncompleteSignatureException"),
        (
            "a part twice",
            Box::new(edit("Credential=", "Credential=x, Credential=")),
            "IncompleteSignatureException",
        ),
        (
            "an unknown part",
            Box::new(edit("Credential=", "More=x, Credential=")),
            "IncompleteSignatureException",
        ),
        ("no host", Box::new(edit("host;", "")), "IncompleteSignatureException"),
        ("a name twice", Box::new(edit("host;", "host;host;")), "IncompleteSignatureException"),
        ("an unsigned header of AWS", Box::new(put("x-amz-target", "a.b")), "IncompleteSignatureException"),
        ("a signed header that is not there", Box::new(cut("content-type")), "InvalidSignatureException"),
        ("another region", Box::new(edit("eu-west-1", "us-east-1")), "InvalidSignatureException"),
        ("another service", Box::new(edit("execute-api", "s3")), "InvalidSignatureException"),
        (
            "a service that is accepted and not signed for",
            Box::new(edit("execute-api", "appsync")),
            "InvalidSignatureException",
        ),
        ("another day", Box::new(edit("20261129", "20261128")), "InvalidSignatureException"),
        ("another key", Box::new(edit("ASIAEXAMPLE", "ASIAEXAMPLF")), "UnrecognizedClientException"),
        (
            "a temporary key without its token",
            Box::new(cut("x-amz-security-token")),
            "UnrecognizedClientException",
        ),
        ("the token of another", Box::new(put("x-amz-security-token", "x")), "UnrecognizedClientException"),
        (
            "a payload in chunks",
            Box::new(put("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")),
            "InvalidRequestException",
        ),
        (
            "a payload that is not signed",
            Box::new(put("x-amz-content-sha256", "UNSIGNED-PAYLOAD")),
            "InvalidRequestException",
        ),
        ("another body", Box::new(|request| request.body_mut().push(b' ')), "InvalidSignatureException"),
        (
            "two signatures",
            Box::new(|request| {
                let header = request.headers().get("authorization").unwrap().clone();
                request.headers_mut().append("authorization", header);
            }),
            "IncompleteSignatureException",
        ),
        (
            "two dates",
            Box::new(|request| {
                request.headers_mut().append("x-amz-date", HeaderValue::from_static("20261129T120000Z"));
            }),
            "IncompleteSignatureException",
        ),
    ];
    for (name, change, code) in changes {
        // Where the digest is told, a change of it is one of a signed header.
        for tells_digest in [false, true] {
            let mut request = Signing { tells_digest, ..SIGNING }.sign(request());
            change(&mut request);
            let error = outcome(NOW, request).await.expect_err(name);
            // An `x-amz-` header that was not there before is first of all one that is not signed.
            let unsigned = !tells_digest && name.starts_with("a payload");
            let expected = if unsigned { "IncompleteSignatureException" } else { code };
            assert_eq!(error.code(), expected, "{name}: {error:?}");
            let status = match expected {
                "InvalidRequestException" => 400,
                _ => 403,
            };
            assert_eq!(error.status(), status, "{name}");
        }
    }
}

#[tokio::test]
async fn a_url_has_each_part_of_its_signature_once() {
    let signed = Signing { presigned: Some(60), ..SIGNING }.sign(request());
    let uri = signed.uri().to_string();
    for (old, new) in [
        ("X-Amz-Expires=60", "X-Amz-Expires=0"),
        ("X-Amz-Expires=60", "X-Amz-Expires=604801"),
        ("X-Amz-Expires=60", "X-Amz-Expires=%2B60"),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=60"),
        ("X-Amz-Expires=60", "x-amz-expires=60"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4"),
        ("X-Amz-Signature=", "X-Amz-Signature=0&X-Amz-Signature="),
        ("X-Amz-Date=", "X-Amz-Day="),
    ] {
        let (mut parts, body) = signed.clone().into_parts();
        assert!(uri.contains(old), "{uri}");
        parts.uri = uri.replacen(old, new, 1).parse().unwrap();
        let error = outcome(NOW, Request::from_parts(parts, body)).await.unwrap_err();
        assert!(
            matches!(error, SignatureError::Incomplete(_) | SignatureError::Mismatch),
            "{new}: {error:?}"
        );
    }
    // In the URL and in the header at once.
    let (mut parts, body) = signed.into_parts();
    parts.headers.insert("authorization", HeaderValue::from_static("AWS4-HMAC-SHA256 Credential=a"));
    let error = outcome(NOW, Request::from_parts(parts, body)).await.unwrap_err();
    assert_eq!(error.code(), "IncompleteSignatureException");
}

#[tokio::test]
async fn a_path_that_could_be_routed_in_two_ways_is_accepted_only_where_that_is_said() {
    let to = |path: &str| {
        SIGNING.sign(Request::get(path).header("host", "api.example.com").body(Vec::new()).unwrap())
    };
    for path in ["/a/../b", "/a/./b", "//a", "/a//b", "/a/%62"] {
        assert_eq!(outcome(NOW, to(path)).await, Err(SignatureError::Mismatch), "{path}");
        let verifier = verifier(TwoKeys::default(), &ManualClock::at(NOW)).normalize_paths().build();
        let (parts, body) = to(path).into_parts();
        assert!(verifier.verify(&parts, &body).await.is_ok(), "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever stands in the request, it is refused or passed over, and nobody is made up.
    #[test]
    fn no_text_is_taken_for_a_signature(
        authorization in prop_oneof![
            ".{0,80}",
            "AWS4-HMAC-SHA256 (Credential|SignedHeaders|Signature|X)=[a-z0-9/;, =-]{0,60}",
            "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/20261129/eu-west-1/execute-api/aws4_request, SignedHeaders=[a-z;-]{0,20}host, Signature=[0-9a-f]{64}",
        ],
        date in prop_oneof!["[0-9TZ]{0,17}", Just("20261129T120000Z".to_owned())],
        target in "/[a-zA-Z0-9%/.~-]{0,12}(\\?[a-zA-Z0-9%&=+X-]{0,30})?",
        token in prop::option::of(Just(TOKEN)),
    ) {
        let builder = Request::get(&target).header("host", "api.example.com").header("x-amz-date", &date);
        let builder = match token {
            Some(token) => builder.header("x-amz-security-token", token),
            None => builder,
        };
        // What is no header or no target reaches nobody.
        if let Ok(request) = builder.header("authorization", &authorization).body(Vec::new()) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            prop_assert!(runtime.block_on(outcome(NOW, request)).is_err());
        }
    }
}
