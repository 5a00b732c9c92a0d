//! Signing with `aws-sigv4`.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
        SigningSettings, UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use http::Request;

use super::source::{LASTING, NOW, SECRET, TEMPORARY, TOKEN};

/// How a request is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signing {
    pub(crate) temporary: bool,
    pub(crate) at: u64,
    pub(crate) region: &'static str,
    pub(crate) service: &'static str,
    /// Whether `x-amz-content-sha256` is sent.
    pub(crate) tells_digest: bool,
    /// Seconds that a presigned URL is good for.
    pub(crate) presigned: Option<u64>,
    /// Whether it is signed as for Amazon S3.
    pub(crate) s3: bool,
}

pub(crate) const SIGNING: Signing = Signing {
    temporary: true,
    at: NOW,
    region: "eu-west-1",
    service: "execute-api",
    tells_digest: false,
    presigned: None,
    s3: false,
};

impl Signing {
    /// Presigned URLs of S3 are for any body.
    pub(crate) fn signs_body(self) -> bool {
        !self.s3 || self.presigned.is_none()
    }

    /// The request with its signature. Its headers are signed, all of them.
    pub(crate) fn sign<B: AsRef<[u8]>>(self, request: Request<B>) -> Request<B> {
        self.sign_as(request, |body| match self.signs_body() {
            true => SignableBody::Bytes(body),
            false => SignableBody::UnsignedPayload,
        })
    }

    /// The same, of a request whose body is not signed.
    pub(crate) fn sign_unsigned<B: AsRef<[u8]>>(self, request: Request<B>) -> Request<B> {
        self.sign_as(request, |_| SignableBody::UnsignedPayload)
    }

    fn sign_as<B: AsRef<[u8]>>(
        self,
        mut request: Request<B>,
        body: impl FnOnce(&[u8]) -> SignableBody<'_>,
    ) -> Request<B> {
        let (id, token) = if self.temporary { (TEMPORARY, Some(TOKEN.to_owned())) } else { (LASTING, None) };
        let identity = Credentials::new(id, SECRET, token, None, "test").into();
        let mut settings = SigningSettings::default();
        if self.tells_digest {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        if self.s3 {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        if let Some(seconds) = self.presigned {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(seconds));
        }
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(if self.s3 { "s3" } else { self.service })
            .time(UNIX_EPOCH + Duration::from_secs(self.at))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let uri = format!("https://api.example.com{}", request.uri().path_and_query().unwrap());
        let signable = SignableRequest::new(
            request.method().as_str(),
            uri,
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            body(request.body().as_ref()),
        );
        let (instructions, _) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

/// A request with all that can be signed: a path with an encoded part, a query, headers and a body.
pub(crate) fn request() -> Request<Vec<u8>> {
    Request::post("/notes/a%20b/c?b=2&a=1%2F1&a=x%20y")
        .header("host", "api.example.com")
        .header("content-type", "application/json")
        .header("x-amz-meta-one", "two  words")
        .body(br#"{"title":"Lamp oil"}"#.to_vec())
        .unwrap()
}
