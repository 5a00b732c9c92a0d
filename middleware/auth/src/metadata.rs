//! What a protected resource tells about itself (RFC 9728).

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use http::{
    HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE},
};
use serde_json::{Map, Value, json};
use tower_service::Service;

use crate::{Algorithm, ConfigError, Dpop, Mistake, keys::is_safe_url};

/// Where the metadata of a resource is, before the path of that resource.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The metadata of a protected resource (RFC 9728): which authorization servers give tokens for it, and what they must be like.
///
/// A client that was refused finds it by `resource_metadata` in the challenge
/// ([`AuthenticateLayer::resource_metadata`](crate::AuthenticateLayer::resource_metadata)). It is a tower service that answers `GET`
/// and `HEAD`, to be mounted at [`path`](Self::path), outside of the layer that asks for tokens.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use portcullis::{AuthenticateLayer, ResourceMetadata, TokenUse, Verifier, testkit::TestIssuer};
/// use tower::ServiceExt;
///
/// let pool = TestIssuer::cognito();
/// let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
/// let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
///
/// let metadata = ResourceMetadata::builder("https://api.example.com/notes")
///     .authorization_servers([pool.url()])
///     .scopes_supported(["notes/read", "notes/write"])
///     .build()?;
/// assert_eq!(metadata.path(), "/.well-known/oauth-protected-resource/notes");
///
/// let router: Router = Router::new()
///     .route("/notes", get(async || "notes"))
///     .layer(AuthenticateLayer::new(verifier).resource_metadata(&metadata))
///     .route_service(metadata.path(), metadata.clone());
///
/// let refused = router.clone().oneshot(Request::get("/notes").body(Body::empty())?).await?;
/// assert_eq!(
///     refused.headers()["www-authenticate"],
///     r#"Bearer resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/notes""#,
/// );
/// let found = router.oneshot(Request::get(metadata.path()).body(Body::empty())?).await?;
/// assert_eq!(found.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
///
/// In a `lambda_http` handler without a router, [`respond`](Self::respond) is the answer to requests for [`path`](Self::path).
#[derive(Clone)]
pub struct ResourceMetadata {
    shared: Arc<Shared>,
}

struct Shared {
    url: String,
    path: String,
    json: String,
}

/// Collects the metadata of a resource. Lists that are empty are left out, as RFC 9728 wants it.
#[derive(Clone, Debug)]
#[must_use]
pub struct ResourceMetadataBuilder {
    resource: String,
    members: Map<String, Value>,
    mistakes: Vec<Mistake>,
}

/// How a bearer token may be sent (RFC 6750, 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BearerMethod {
    /// In the header `Authorization`: the one way that this crate reads.
    Header,
    /// In a form.
    Body,
    /// In the query of the URL.
    Query,
}

impl ResourceMetadata {
    /// Begins the metadata of this resource: the URL that clients know it by, without query and fragment.
    ///
    /// It says that tokens are sent in the header, unless told otherwise.
    pub fn builder(resource: impl Into<String>) -> ResourceMetadataBuilder {
        let builder =
            ResourceMetadataBuilder { resource: resource.into(), members: Map::new(), mistakes: Vec::new() };
        builder.bearer_methods_supported([BearerMethod::Header])
    }

    /// The URL of this metadata.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The path to serve it at: `/.well-known/oauth-protected-resource`, and the path of the resource if it has one.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.shared.path
    }

    /// The document.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.shared.json
    }

    /// The answer to a request with this method. It may be kept for an hour.
    #[must_use]
    pub fn respond<B: From<String>>(&self, method: &Method) -> Response<B> {
        let is_known = method == Method::GET || method == Method::HEAD;
        // The server leaves out the body of an answer to HEAD, and says how long it would have been.
        let mut response =
            Response::new(B::from(if is_known { self.json().to_owned() } else { String::new() }));
        if is_known {
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
        } else {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

impl<B> Service<Request<B>> for ResourceMetadata {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.respond(request.method())))
    }
}

impl ResourceMetadataBuilder {
    /// The issuers whose tokens are accepted, each as its own metadata spells it.
    pub fn authorization_servers(self, issuers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.urls("authorization_servers", issuers)
    }

    /// The key set of the resource itself, for what it signs.
    pub fn jwks_uri(self, url: impl Into<String>) -> Self {
        self.url("jwks_uri", url)
    }

    /// The scopes that a client may ask for.
    pub fn scopes_supported(self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        // RFC 6749, 3.3: visible characters but `"` and `\`.
        let is_scope =
            |scope: &str| scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
        self.texts("scopes_supported", scopes, is_scope)
    }

    /// How bearer tokens may be sent. An empty list says that none is accepted.
    pub fn bearer_methods_supported(mut self, methods: impl IntoIterator<Item = BearerMethod>) -> Self {
        let names: Vec<&str> = methods.into_iter().map(BearerMethod::name).collect();
        // The one list that has a meaning when it is empty (RFC 9728, 2).
        self.members.insert("bearer_methods_supported".to_owned(), json!(names));
        self
    }

    /// The algorithms that the resource signs its own answers with.
    pub fn resource_signing_alg_values_supported(
        self,
        algorithms: impl IntoIterator<Item = Algorithm>,
    ) -> Self {
        self.texts(
            "resource_signing_alg_values_supported",
            algorithms.into_iter().map(Algorithm::name),
            |_| true,
        )
    }

    /// What people call it.
    pub fn resource_name(self, name: impl Into<String>) -> Self {
        self.member("resource_name", Value::String(name.into()))
    }

    /// What people call it in this language, such as `pt-BR` (BCP 47).
    pub fn resource_name_in(mut self, language: &str, name: impl Into<String>) -> Self {
        let is_tag = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if language.is_empty() || !language.bytes().all(is_tag) {
            self.mistakes.push(Mistake::ResourceValue { member: "resource_name" });
            return self;
        }
        self.member(&format!("resource_name#{language}"), Value::String(name.into()))
    }

    /// Where developers read about it.
    pub fn resource_documentation(self, url: impl Into<String>) -> Self {
        self.url("resource_documentation", url)
    }

    /// What clients may do with its data.
    pub fn resource_policy_uri(self, url: impl Into<String>) -> Self {
        self.url("resource_policy_uri", url)
    }

    /// Its terms of service.
    pub fn resource_tos_uri(self, url: impl Into<String>) -> Self {
        self.url("resource_tos_uri", url)
    }

    /// It accepts tokens that are bound to a client certificate (RFC 8705).
    pub fn tls_client_certificate_bound_access_tokens(self) -> Self {
        self.member("tls_client_certificate_bound_access_tokens", Value::Bool(true))
    }

    /// The types of `authorization_details` that it understands (RFC 9396).
    pub fn authorization_details_types_supported(
        self,
        types: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.texts("authorization_details_types_supported", types, |_| true)
    }

    /// It accepts tokens with proofs as this says: `dpop_signing_alg_values_supported`, and `dpop_bound_access_tokens_required` if so.
    pub fn dpop(self, dpop: &Dpop) -> Self {
        let names: Vec<&str> = dpop.algorithms().iter().map(|algorithm| algorithm.name()).collect();
        let builder = self.member("dpop_signing_alg_values_supported", json!(names));
        builder.member("dpop_bound_access_tokens_required", Value::Bool(dpop.is_required()))
    }

    /// The same metadata, signed by somebody whom clients trust. It is not looked at here.
    pub fn signed_metadata(self, token: impl Into<String>) -> Self {
        self.member("signed_metadata", Value::String(token.into()))
    }

    /// A member that another specification defines.
    pub fn extension(mut self, name: &str, value: impl Into<Value>) -> Self {
        if name.is_empty() || name == "resource" {
            self.mistakes.push(Mistake::ResourceValue { member: "extension" });
            return self;
        }
        self.member(name, value.into())
    }

    /// Checks the metadata.
    ///
    /// # Errors
    ///
    /// Names every mistake.
    pub fn build(self) -> Result<ResourceMetadata, ConfigError> {
        let Self { resource, mut members, mut mistakes } = self;
        let place = locate(&resource);
        if place.is_none() {
            mistakes.insert(0, Mistake::Resource(resource.clone()));
        }
        ConfigError::check(mistakes)?;
        let (url, path) = place.unwrap_or_default();
        members.insert("resource".to_owned(), Value::String(resource));
        let json = Value::Object(members).to_string();
        Ok(ResourceMetadata { shared: Arc::new(Shared { url, path, json }) })
    }

    fn member(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    fn url(mut self, member: &'static str, url: impl Into<String>) -> Self {
        let url = url.into();
        if !is_safe_url(&url) {
            self.mistakes.push(Mistake::ResourceUrl { member, url: url.clone() });
        }
        self.member(member, Value::String(url))
    }

    fn urls(mut self, member: &'static str, urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let urls: Vec<String> = urls.into_iter().map(Into::into).collect();
        for url in urls.iter().filter(|url| !is_safe_url(url)) {
            self.mistakes.push(Mistake::ResourceUrl { member, url: url.clone() });
        }
        self.list(member, urls)
    }

    fn texts(
        mut self,
        member: &'static str,
        values: impl IntoIterator<Item = impl Into<String>>,
        is_valid: impl Fn(&str) -> bool,
    ) -> Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        if values.iter().any(|value| value.is_empty() || !is_valid(value)) {
            self.mistakes.push(Mistake::ResourceValue { member });
        }
        self.list(member, values)
    }

    fn list(self, member: &str, values: Vec<String>) -> Self {
        if values.is_empty() { self } else { self.member(member, json!(values)) }
    }
}

impl BearerMethod {
    fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Body => "body",
            Self::Query => "query",
        }
    }
}

/// The URL and the path of the metadata: the well-known path goes between host and path (RFC 9728, 3.1).
fn locate(resource: &str) -> Option<(String, String)> {
    if !is_safe_url(resource) || resource.contains(['?', '"', '\\']) {
        return None;
    }
    let uri: Uri = resource.parse().ok()?;
    let path = uri.path();
    let path = format!("{WELL_KNOWN}{}", if path == "/" { "" } else { path });
    // A router would read these as patterns.
    if path.contains(['{', '}', '*', ':']) {
        return None;
    }
    Some((format!("{}://{}{path}", uri.scheme_str()?, uri.authority()?), path))
}

impl fmt::Debug for ResourceMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceMetadata").field("url", &self.shared.url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_resource_follows_the_well_known_path() {
        const AT: &str = "https://api.example.com/.well-known/oauth-protected-resource";
        for (resource, url) in [
            ("https://api.example.com", Some(AT.to_owned())),
            ("https://api.example.com/", Some(AT.to_owned())),
            ("https://api.example.com/notes", Some(format!("{AT}/notes"))),
            ("https://api.example.com/v1/notes/", Some(format!("{AT}/v1/notes/"))),
            (
                "http://localhost:3000/notes",
                Some("http://localhost:3000/.well-known/oauth-protected-resource/notes".to_owned()),
            ),
            ("http://api.example.com", None),
            ("https://api.example.com/?a=b", None),
            ("https://api.example.com/#a", None),
            ("https://user@api.example.com/", None),
            ("https://api.example.com/{a}", None),
            ("api.example.com", None),
            ("", None),
        ] {
            let metadata = ResourceMetadata::builder(resource).build();
            match url {
                Some(url) => {
                    let metadata = metadata.unwrap();
                    assert_eq!(metadata.url(), url);
                    assert!(url.ends_with(metadata.path()), "{resource}");
                }
                None => {
                    assert_eq!(metadata.unwrap_err().mistakes(), [Mistake::Resource(resource.to_owned())])
                }
            }
        }
    }

    #[test]
    fn every_member_has_its_name() {
        let dpop =
            Dpop::builder().origin("https://a").algorithms([Algorithm::Es256]).required().build().unwrap();
        let metadata = ResourceMetadata::builder("https://a/b")
            .authorization_servers(["https://issuer"])
            .jwks_uri("https://a/jwks.json")
            .scopes_supported(["notes/read"])
            .resource_signing_alg_values_supported([Algorithm::Es256])
            .resource_name("Notes")
            .resource_name_in("pt-BR", "Notas")
            .resource_documentation("https://a/docs")
            .resource_policy_uri("https://a/policy")
            .resource_tos_uri("https://a/tos")
            .tls_client_certificate_bound_access_tokens()
            .authorization_details_types_supported(["payment"])
            .dpop(&dpop)
            .signed_metadata("a.b.c")
            .extension("x", 1)
            .build()
            .unwrap();
        let document: Value = serde_json::from_str(metadata.json()).unwrap();
        assert_eq!(
            document,
            json!({
                "resource": "https://a/b",
                "authorization_servers": ["https://issuer"],
                "jwks_uri": "https://a/jwks.json",
                "scopes_supported": ["notes/read"],
                "bearer_methods_supported": ["header"],
                "resource_signing_alg_values_supported": ["ES256"],
                "resource_name": "Notes",
                "resource_name#pt-BR": "Notas",
                "resource_documentation": "https://a/docs",
                "resource_policy_uri": "https://a/policy",
                "resource_tos_uri": "https://a/tos",
                "tls_client_certificate_bound_access_tokens": true,
                "authorization_details_types_supported": ["payment"],
                "dpop_signing_alg_values_supported": ["ES256"],
                "dpop_bound_access_tokens_required": true,
                "signed_metadata": "a.b.c",
                "x": 1,
            })
        );
        let empty =
            ResourceMetadata::builder("https://a").scopes_supported([""; 0]).bearer_methods_supported([]);
        let document: Value = serde_json::from_str(empty.build().unwrap().json()).unwrap();
        assert_eq!(document, json!({"resource": "https://a", "bearer_methods_supported": []}));
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let error = ResourceMetadata::builder("ftp://a")
            .authorization_servers(["https://issuer", "http://issuer"])
            .scopes_supported(["a b"])
            .resource_name_in("p t", "x")
            .resource_documentation("docs")
            .extension("resource", 1)
            .build()
            .unwrap_err();
        let url = |member, url: &str| Mistake::ResourceUrl { member, url: url.to_owned() };
        assert_eq!(
            error.mistakes(),
            [
                Mistake::Resource("ftp://a".to_owned()),
                url("authorization_servers", "http://issuer"),
                Mistake::ResourceValue { member: "scopes_supported" },
                Mistake::ResourceValue { member: "resource_name" },
                url("resource_documentation", "docs"),
                Mistake::ResourceValue { member: "extension" },
            ]
        );
    }
}
