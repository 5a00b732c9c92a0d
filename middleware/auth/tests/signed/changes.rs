//! A request that differs in one byte from the one that was signed: in one that is another, one more, or one less.

use http::{HeaderName, HeaderValue, Method, Request};
use portcullis::{SigV4Verifier, testkit::ManualClock};

use super::{
    signer::{SIGNING, Signing, request},
    source::{NOW, TwoKeys, verifier},
};

/// What is put into each place besides a letter in the other case and a neighbour.
const OTHERS: [u8; 18] = *b"09AZafz/.%&= +,;-?";
/// What is put between two bytes.
const MORE: [u8; 10] = *b"0Aa/%&= ,;";

/// The text with one byte changed, everywhere.
fn with_one_byte_changed(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let at = |place: usize, with: Option<u8>, without: usize| {
        let (before, rest) = bytes.split_at(place);
        let after = rest.get(without..).unwrap_or_default();
        [before, with.as_slice(), after].concat()
    };
    let replaced = (0..bytes.len()).flat_map(move |place| {
        let own = bytes.get(place).copied().into_iter().flat_map(|byte| [byte ^ 0x20, byte ^ 1]);
        own.chain(OTHERS).map(move |other| at(place, Some(other), 1))
    });
    let inserted = (0..=bytes.len()).flat_map(move |place| {
        let own = bytes.get(place).copied();
        own.into_iter().chain(MORE).map(move |more| at(place, Some(more), 0))
    });
    let removed = (0..bytes.len()).map(move |place| at(place, None, 1));
    replaced.chain(inserted).chain(removed).filter(move |changed| changed != bytes)
}

/// What a header says: spaces at the ends, several for one, and those between the parts of a signature say nothing.
fn said(name: &HeaderName, value: &[u8]) -> Vec<u8> {
    if name == "authorization" {
        let text = String::from_utf8_lossy(value);
        let (algorithm, parts) = text.split_once(' ').unwrap_or((&text, ""));
        let parts: Vec<&str> = parts.split(',').map(|part| part.trim_matches(' ')).collect();
        return format!("{algorithm} {}", parts.join(",")).into_bytes();
    }
    let words = value.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

async fn is_good(verifier: &SigV4Verifier, request: &Request<Vec<u8>>) -> bool {
    let (parts, body) = request.clone().into_parts();
    verifier.verify(&parts, &body).await.is_ok()
}

/// How many changed requests there were.
async fn every_change_is_refused(signing: Signing) -> usize {
    let signed = signing.sign(request());
    let builder = verifier(TwoKeys::default(), &ManualClock::at(NOW));
    let verifier = if signing.s3 { builder.service("s3").s3() } else { builder }.build();
    assert!(is_good(&verifier, &signed).await, "{signing:?}");
    let mut count = 0;
    let mut refused = async |what: String, request: Request<Vec<u8>>| {
        assert!(!is_good(&verifier, &request).await, "accepted: {what}");
        count += 1;
    };
    for method in with_one_byte_changed(signed.method().as_str().as_bytes()) {
        let Ok(method) = Method::from_bytes(&method) else { continue };
        let mut changed = signed.clone();
        *changed.method_mut() = method;
        refused(format!("{}", changed.method()), changed).await;
    }
    for target in with_one_byte_changed(signed.uri().to_string().as_bytes()) {
        let Some(uri) = String::from_utf8(target).ok().and_then(|target| target.parse().ok()) else {
            continue;
        };
        let mut changed = signed.clone();
        *changed.uri_mut() = uri;
        // What no client sends: a target that is no path.
        if changed.uri() == signed.uri() || !changed.uri().path().starts_with('/') {
            continue;
        }
        refused(changed.uri().to_string(), changed).await;
    }
    for (name, value) in signed.headers() {
        let says = said(name, value.as_bytes());
        for value in with_one_byte_changed(value.as_bytes()) {
            let Ok(value) = HeaderValue::from_bytes(value.trim_ascii()) else { continue };
            if said(name, value.as_bytes()) == says {
                continue;
            }
            let mut changed = signed.clone();
            changed.headers_mut().insert(name, value.clone());
            refused(format!("{name}: {value:?}"), changed).await;
        }
        for other in with_one_byte_changed(name.as_str().as_bytes()) {
            let Ok(other) = HeaderName::from_bytes(&other) else { continue };
            let mut changed = signed.clone();
            let value = changed.headers_mut().remove(name).unwrap();
            if changed.headers().contains_key(&other) || other == *name {
                continue;
            }
            changed.headers_mut().insert(&other, value);
            refused(format!("{name} called {other}"), changed).await;
        }
    }
    // S3 takes the body of a presigned URL as it comes.
    let body = if signing.signs_body() { signed.body().as_slice() } else { &[] };
    for body in with_one_byte_changed(body) {
        let mut changed = signed.clone();
        *changed.body_mut() = body;
        match signing.signs_body() {
            true => refused("the body".to_owned(), changed).await,
            false => assert!(is_good(&verifier, &changed).await),
        }
    }
    count
}

#[tokio::test]
async fn every_change_of_one_byte_is_refused() {
    for s3 in [false, true] {
        for (tells_digest, presigned) in [(false, None), (true, None), (false, Some(60))] {
            let signing = Signing { tells_digest, presigned, s3, ..SIGNING };
            let count = every_change_is_refused(signing).await;
            println!("{signing:?}: {count} changes");
            assert!(count > 10_000, "only {count} requests were made of it");
        }
    }
}
