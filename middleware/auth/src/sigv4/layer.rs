use tower_layer::Layer;

use super::{SigV4Service, SigV4Verifier};

/// Checks signatures, and puts a [`SignedCaller`](crate::SignedCaller) into the extensions of each request that has a good one. What the
/// signature must be is listed at [`SigV4Verifier`].
///
/// 1. A signature that is there and wrong is refused, as [`SignatureError`](crate::SignatureError) says.
/// 2. A request without one is refused, or goes on as it came where signatures are [optional](Self::optional).
/// 3. A `SignedCaller` that is in the extensions already is removed first.
/// 4. A presigned URL goes on without the parameters of its signature.
/// 5. Whether the caller *may* do this is not asked here, and the rules see nobody yet: an
///    [`AuthenticateLayer`](crate::AuthenticateLayer) inside of this one that
///    [believes signatures](crate::AuthenticateLayer::signed_requests) makes an identity of the caller.
///
/// *Caveat:* how large a body may be is [bounded](crate::SigV4VerifierBuilder::max_body), and how long it may take is not: that is for
/// the server, or a layer outside of this one.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use portcullis::{AccessKey, CredentialSource, FindingCredentials, SigV4Layer, SigV4Verifier};
/// use std::sync::Arc;
/// use tower::ServiceExt;
///
/// #[derive(Debug)]
/// struct Nobody;
///
/// impl CredentialSource for Nobody {
///     fn find(&self, _: AccessKey<'_>) -> FindingCredentials {
///         Box::pin(async { Ok(None) })
///     }
/// }
///
/// let verifier = SigV4Verifier::builder(Arc::new(Nobody), "us-east-1", "execute-api").build();
/// let router: Router = Router::new().route("/", get(|| async { "hello" })).layer(SigV4Layer::new(verifier));
/// let response = router.oneshot(Request::get("/").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 403);
/// assert_eq!(response.headers()["x-amzn-errortype"], "MissingAuthenticationTokenException");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SigV4Layer {
    verifier: SigV4Verifier,
    optional: bool,
}

impl SigV4Layer {
    /// Every request must be signed, as the verifier says.
    pub fn new(verifier: SigV4Verifier) -> Self {
        Self { verifier, optional: false }
    }

    /// Lets requests without any signature through, as they came. Wrong signatures are still refused.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

impl<S> Layer<S> for SigV4Layer {
    type Service = SigV4Service<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SigV4Service::new(inner, self.verifier.clone(), self.optional)
    }
}
