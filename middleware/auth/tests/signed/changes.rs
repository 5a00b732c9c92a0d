//! A request that differs in one byte from the one that was signed.

use http::{HeaderName, HeaderValue, Method, Request};
use portcullis::testkit::ManualClock;

use super::{
    signer::{SIGNING, Signing, request},
    source::{NOW, TwoKeys, verifier},
};

/// Every byte that can stand in its place, for each place.
fn with_one_byte_changed(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).flat_map(move |place| {
        let others = [
            b'0', b'9', b'A', b'Z', b'a', b'f', b'z', b'/', b'.', b'%', b'&', b'=', b' ', b'+', b',', b';',
            b'-', b'?',
        ];
        // A letter in the other case, and a neighbour.
        let own = bytes.get(place).copied().into_iter().flat_map(|byte| [byte ^ 0x20, byte ^ 1]);
        own.chain(others).filter_map(move |other| {
            let mut changed = bytes.to_vec();
            let byte = changed.get_mut(place)?;
            let differs = *byte != other;
            *byte = other;
            differs.then_some(changed)
        })
    })
}

async fn is_good(request: &Request<Vec<u8>>) -> bool {
    let verifier = verifier(TwoKeys::default(), &ManualClock::at(NOW)).build();
    let (parts, body) = request.clone().into_parts();
    verifier.verify(&parts, &body).await.is_ok()
}

fn copy(request: &Request<Vec<u8>>) -> Request<Vec<u8>> {
    let (parts, body) = request.clone().into_parts();
    Request::from_parts(parts, body)
}

/// How many changed requests there were.
async fn every_change_is_refused(signing: Signing) -> usize {
    let signed = signing.sign(request());
    assert!(is_good(&signed).await);
    let mut count = 0;
    let mut refused = async |what: String, request: Request<Vec<u8>>| {
        assert!(!is_good(&request).await, "accepted: {what}");
        count += 1;
    };
    for method in with_one_byte_changed(signed.method().as_str().as_bytes()) {
        let Ok(method) = Method::from_bytes(&method) else { continue };
        let mut changed = copy(&signed);
        *changed.method_mut() = method;
        refused(format!("{}", changed.method()), changed).await;
    }
    for target in with_one_byte_changed(signed.uri().to_string().as_bytes()) {
        let Some(uri) = String::from_utf8(target).ok().and_then(|target| target.parse().ok()) else {
            continue;
        };
        let mut changed = copy(&signed);
        *changed.uri_mut() = uri;
        // What no client sends: a target that is no path.
        if changed.uri() == signed.uri() || !changed.uri().path().starts_with('/') {
            continue;
        }
        refused(changed.uri().to_string(), changed).await;
    }
    for (name, value) in signed.headers() {
        for value in with_one_byte_changed(value.as_bytes()) {
            let Ok(value) = HeaderValue::from_bytes(value.trim_ascii()) else { continue };
            let mut changed = copy(&signed);
            changed.headers_mut().insert(name, value.clone());
            refused(format!("{name}: {value:?}"), changed).await;
        }
        for other in with_one_byte_changed(name.as_str().as_bytes()) {
            let Ok(other) = HeaderName::from_bytes(&other) else { continue };
            let mut changed = copy(&signed);
            let value = changed.headers_mut().remove(name).unwrap();
            if changed.headers().contains_key(&other) || other == *name {
                continue;
            }
            changed.headers_mut().insert(&other, value);
            refused(format!("{name} called {other}"), changed).await;
        }
    }
    for body in with_one_byte_changed(signed.body()) {
        let mut changed = copy(&signed);
        *changed.body_mut() = body;
        refused("the body".to_owned(), changed).await;
    }
    count
}

#[tokio::test]
async fn every_change_of_one_byte_is_refused() {
    for (tells_digest, presigned) in [(false, None), (true, None), (false, Some(60))] {
        let count = every_change_is_refused(Signing { tells_digest, presigned, ..SIGNING }).await;
        assert!(count > 4000, "only {count} requests were made of it");
    }
}
