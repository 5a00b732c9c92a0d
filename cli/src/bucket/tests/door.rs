//! The bucket of `template.yaml`, and people who ask it for something.

use std::{path::PathBuf, sync::Arc, time::Duration};

use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
        SigningSettings, UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use axum::{Router, body::Body};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use portcullis::SigV4Verifier;
use portcullis_data::Clock;
use serde_json::Value;
use tower::ServiceExt;

use super::super::{Bucket, NAME, Parts, SERVICE, Setup, Store};
use crate::{
    identity_pool::{SharedClock, testing::Running},
    pool::SystemRandom,
    template::stack::REGION,
};

const TEMPLATE: &str = include_str!("../../../../template.yaml");
/// The largest body that is taken here.
pub(super) const MAX_BODY: u64 = 12 * 1024 * 1024;

pub(super) struct Door {
    pub(super) running: Running,
    pub(super) store: Arc<Store>,
    pub(super) router: Router,
}

/// Somebody with credentials.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) identity: String,
    pub(super) credentials: Value,
}

/// What is answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Door {
    pub(super) fn open() -> Self {
        Self::with_file(None)
    }

    pub(super) fn with_file(file: Option<PathBuf>) -> Self {
        let running = Running::try_start(TEMPLATE, true, &[]).unwrap();
        let store = Store::open(file, running.clock.now()).unwrap();
        let bucket = Bucket::new(Parts {
            setup: Setup::read(&running.stack).unwrap().unwrap(),
            store: Arc::clone(&store),
            roles: Arc::clone(&running.roles),
            verifier: SigV4Verifier::builder(running.identities.credentials(), REGION, SERVICE)
                .clock(SharedClock(Arc::clone(&running.clock) as Arc<dyn Clock>)),
            clock: Arc::clone(&running.clock) as Arc<dyn Clock>,
            random: Arc::new(SystemRandom),
            max_body: MAX_BODY,
        });
        Self { running, store, router: bucket.router() }
    }

    pub(super) async fn guest(&self) -> Person {
        let identity = self.running.identity(None).await;
        let credentials = self.running.credentials(&identity, None, None).await;
        Person { identity, credentials }
    }

    pub(super) async fn member(&self, name: &str, groups: &[&str]) -> Person {
        let tokens = self.running.enroll(name, groups).await;
        let logins = self.running.logins(&tokens.id);
        let identity = self.running.identity(Some(&logins)).await;
        let credentials = self.running.credentials(&identity, Some(&logins), None).await;
        Person { identity, credentials }
    }

    /// The answer to a request as it is.
    pub(super) async fn send(&self, request: Request<Vec<u8>>) -> Answer {
        self.send_body(request.map(Body::from)).await
    }

    pub(super) async fn send_body(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// The answer to a request that this person signs.
    pub(super) async fn ask(&self, person: &Person, request: Request<Vec<u8>>) -> Answer {
        self.send(self.sign(person, request, "s3")).await
    }

    pub(super) async fn get(&self, person: &Person, key: &str) -> Answer {
        self.ask(person, Request::get(object(key)).body(Vec::new()).unwrap()).await
    }

    pub(super) async fn put(&self, person: &Person, key: &str, body: &[u8]) -> Answer {
        self.ask(person, Request::put(object(key)).body(body.to_vec()).unwrap()).await
    }

    pub(super) async fn delete(&self, person: &Person, key: &str) -> Answer {
        self.ask(person, Request::delete(object(key)).body(Vec::new()).unwrap()).await
    }

    pub(super) fn sign(&self, person: &Person, request: Request<Vec<u8>>, service: &str) -> Request<Vec<u8>> {
        let mut settings = settings();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let bytes = request.body().clone();
        self.sign_as(person, request, service, settings, SignableBody::Bytes(&bytes))
    }

    /// A URL that is good for so many seconds.
    pub(super) fn presign(
        &self,
        person: &Person,
        request: Request<Vec<u8>>,
        seconds: u64,
    ) -> Request<Vec<u8>> {
        let mut settings = settings();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(seconds));
        self.sign_as(person, request, "s3", settings, SignableBody::UnsignedPayload)
    }

    pub(super) fn sign_as(
        &self,
        person: &Person,
        mut request: Request<Vec<u8>>,
        service: &str,
        settings: SigningSettings,
        body: SignableBody<'_>,
    ) -> Request<Vec<u8>> {
        let text = |name: &str| person.credentials[name].as_str().unwrap();
        let token = Some(text("SessionToken").to_owned());
        let identity = aws_credential_types::Credentials::new(
            text("AccessKeyId"),
            text("SecretKey"),
            token,
            None,
            "test",
        );
        let identity = identity.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(self.running.clock.now().into())
            .settings(settings)
            .build()
            .unwrap()
            .into();
        request.headers_mut().entry("host").or_insert_with(|| "localhost:20005".parse().unwrap());
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let uri = format!("http://{host}{}", request.uri());
        let signable = SignableRequest::new(request.method().as_str(), uri, headers, body).unwrap();
        let (signing, _) = sign(signable, &parameters).unwrap().into_parts();
        signing.apply_to_request_http1x(&mut request);
        if !request.body().is_empty() {
            let length = request.body().len().into();
            request.headers_mut().entry("content-length").or_insert(length);
        } else if request.method() == "PUT" || request.method() == "POST" {
            request.headers_mut().entry("content-length").or_insert_with(|| 0.into());
        }
        request
    }
}

pub(super) fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings
}

/// The path of an object.
pub(super) fn object(key: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
    format!("/{NAME}/{}", utf8_percent_encode(key, KEY))
}

impl Answer {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The status and the code of the error.
    pub(super) fn outcome(&self) -> (u16, String) {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        let code = text.split_once("<Error>").map(|(_, rest)| between(rest, "Code")).unwrap_or_default();
        (self.status.as_u16(), code)
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What stands in the elements of this name.
    pub(super) fn elements(&self, name: &str) -> Vec<String> {
        let text = self.text();
        text.split(&format!("<{name}>"))
            .skip(1)
            .map(|rest| rest.split("</").next().unwrap().to_owned())
            .collect()
    }
}

fn between(text: &str, name: &str) -> String {
    let (_, rest) = text.split_once(&format!("<{name}>")).unwrap();
    rest.split("</").next().unwrap().to_owned()
}
