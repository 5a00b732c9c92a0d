//! AWS's own test suite (see `tests/sigv4/README.md`).

use std::{fmt::Write, sync::Arc};

use http::{HeaderName, HeaderValue, Request, request::Parts};
use portcullis_rules::IamCaller;
use serde::Deserialize;

use super::{
    AccessKey, CredentialSource, FindingCredentials, SigV4Verifier, SignatureError, SigningCredentials,
    canonical::Dots,
};
use crate::{Clock, clock::system_time};

const SUITE: &str = include_str!("../../tests/sigv4/suite.jsonl");
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[derive(Deserialize)]
struct Case {
    name: String,
    normalize: bool,
    token: Option<String>,
    omit_session_token: bool,
    header: String,
    query: String,
}

/// `2015-08-30T12:36:00Z`
#[derive(Debug)]
struct ThatDay;

impl Clock for ThatDay {
    fn now(&self) -> std::time::SystemTime {
        system_time(1_440_938_160.0)
    }
}

#[derive(Debug)]
struct OneKey(Option<String>);

impl CredentialSource for OneKey {
    fn find(&self, key: AccessKey<'_>) -> FindingCredentials {
        let known = key.id == "AKIDEXAMPLE" && key.session_token == self.0.as_deref();
        let found = known.then(|| SigningCredentials::new(SECRET, IamCaller::default()));
        Box::pin(async { Ok(found) })
    }
}

/// What an HTTP client makes of the text: a URI of ASCII, and headers on one line each.
fn read(text: &str) -> (Parts, Vec<u8>, bool) {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines: Vec<String> = Vec::new();
    for line in head.lines() {
        match line.strip_prefix([' ', '\t']) {
            // A header that goes on.
            Some(more) => write!(lines.last_mut().unwrap(), " {}", more.trim()).unwrap(),
            None => lines.push(line.to_owned()),
        }
    }
    let request_line = lines.remove(0);
    let (method, rest) = request_line.split_once(' ').unwrap();
    let target = rest.strip_suffix(" HTTP/1.1").unwrap_or(rest);
    let mut uri = String::new();
    for byte in target.bytes() {
        match byte {
            b' ' | 0x80.. => write!(uri, "%{byte:02X}").unwrap(),
            _ => uri.push(char::from(byte)),
        }
    }
    let (path, raw_path) = (uri.split('?').next().unwrap(), target.split('?').next().unwrap());
    let is_encoded_once = path != raw_path;
    let mut request = Request::builder().method(method).uri(&uri);
    for line in lines.iter().filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap();
        let name: HeaderName = name.parse().unwrap();
        request = request.header(name, HeaderValue::from_str(value.trim()).unwrap());
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    (parts, body.as_bytes().to_vec(), is_encoded_once)
}

fn cases() -> Vec<Case> {
    SUITE.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn verifier(case: &Case, is_encoded_once: bool) -> SigV4Verifier {
    let source = Arc::new(OneKey(case.token.clone()));
    let verifier = SigV4Verifier::builder(source, "us-east-1", "service").clock(ThatDay).build();
    verifier.with_dialect(|dialect| {
        dialect.dots = if case.normalize { Dots::Resolve } else { Dots::Keep };
        // The suite gives some paths as a person would write them, and signs them encoded once.
        dialect.encode_again = !is_encoded_once;
    })
}

#[tokio::test]
async fn every_case_of_the_suite_is_good_in_both_forms_and_nothing_else_is() {
    let cases = cases();
    assert_eq!(cases.len(), 38);
    for case in &cases {
        for text in [&case.header, &case.query] {
            let (parts, body, is_encoded_once) = read(text);
            let verifier = verifier(case, is_encoded_once);
            let outcome = verifier.verify(&parts, &body).await;
            // A token that was added after signing is bound to nothing, and none of ours are sent like this.
            if case.omit_session_token {
                assert!(outcome.is_err(), "{}", case.name);
                continue;
            }
            assert!(outcome.is_ok(), "{}: {outcome:?}\n{text}", case.name);
            let other = [body.as_slice(), b"x"].concat();
            let outcome = verifier.verify(&parts, &other).await.unwrap_err();
            assert!(
                matches!(outcome, SignatureError::Mismatch | SignatureError::PayloadMismatch),
                "{}",
                case.name
            );
        }
    }
}
