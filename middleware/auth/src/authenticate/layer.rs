use std::sync::Arc;

use tower_layer::Layer;

use super::{AuthenticateService, Authenticator};
use crate::{
    AlbVerifier, CachingVerifier, Dpop, ProblemJson, ResourceMetadata, api_keys::ApiKeys, challenge::Offer,
};

/// Finds out who calls and puts the [`Identity`](portcullis_rules::Identity) into the extensions of the request.
///
/// 1. `Authorization: Bearer TOKEN` is verified by the [`Verifier`](crate::Verifier). A token that is not accepted is refused even if an
///    API key stands beside it.
///    `Authorization: DPoP TOKEN` is accepted with a proof, if the layer was given a [`Dpop`]; a token that is bound to a client
///    certificate, if the request has that [`ClientCertificate`](crate::ClientCertificate) in its extensions. A bound token that
///    comes without what it is bound to is refused.
/// 2. Without `Authorization`, `x-api-key` is compared with the configured keys in constant time.
/// 3. With neither, the request is refused, or let through without an identity where authentication is
///    [optional](Self::optional). Credentials that are there and wrong are refused in both cases.
/// 4. Where a gateway is trusted and has told who calls, that is the caller, and the headers are not read. If it has checked a token that
///    is not good here, the request is refused. A signature that is believed (`signed_requests`, with feature `sigv4`) comes
///    next, then a [load balancer](Self::load_balancer) that is trusted.
/// 5. The identity goes into the extensions of the request. One that is already there is removed first.
/// 6. A token that has been verified is remembered, as [`CachingVerifier`] says, and not a moment longer than it is good.
/// 7. Answers are those of [`Refusal`](crate::Refusal).
/// 8. Each request that ends is logged in one line at `info`: `sub`, provider, decision, reason, status and duration. One that
///    is dropped before, as when the client hangs up, is not. The token, its other claims and the body never are logged.
///
/// *Caveat:* a browser's preflight request carries no token. A CORS layer must stand outside of this one.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use http::{Request, Response, StatusCode};
/// use portcullis::{AuthenticateLayer, IdentityExt, TokenUse, Verifier, testkit::TestIssuer};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// let pool = TestIssuer::cognito();
/// let issuer = pool.issuer().insecure_any_client().token_use(TokenUse::Access);
/// let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
///
/// let service = ServiceBuilder::new().layer(AuthenticateLayer::new(verifier)).service(service_fn(
///     async |request: Request<String>| {
///         let sub = request.identity().and_then(|identity| identity.sub()).unwrap_or("nobody");
///         Ok::<_, std::convert::Infallible>(Response::new(format!("hello {sub}")))
///     },
/// ));
///
/// let token = pool.access_token("ada").sign();
/// let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(String::new())?;
/// assert_eq!(service.clone().oneshot(request).await?.body(), "hello ada");
///
/// let response = service.oneshot(Request::get("/").body(String::new())?).await?;
/// assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
/// assert_eq!(response.headers()["www-authenticate"], "Bearer");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthenticateLayer<A = ProblemJson> {
    authenticator: Authenticator,
    answer: A,
}

impl AuthenticateLayer {
    /// Accepts what the verifier accepts, and nothing else. A [`Verifier`](crate::Verifier) gets a cache here, unless
    /// [`without_cache`](Self::without_cache) follows; layers that are given clones of one [`CachingVerifier`] share its cache.
    pub fn new(verifier: impl Into<CachingVerifier>) -> Self {
        let authenticator = Authenticator {
            verifier: verifier.into(),
            api_keys: ApiKeys::default(),
            optional: false,
            dpop: None,
            load_balancer: None,
            offer: None,
            #[cfg(feature = "sigv4")]
            signed: false,
            #[cfg(feature = "lambda")]
            gateway: crate::TrustedGateway::new(),
            #[cfg(feature = "lambda")]
            gateway_certificates: false,
        };
        Self { authenticator, answer: ProblemJson }
    }
}

impl<A> AuthenticateLayer<A> {
    /// Bounds what verified tokens may take, in bytes; by default [`CACHE_BYTES`](crate::CACHE_BYTES). See [`CachingVerifier`].
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.authenticator.verifier = self.authenticator.verifier.cache_bytes(bytes);
        self
    }

    /// Checks the signature of a token each time that it comes.
    pub fn without_cache(mut self) -> Self {
        self.authenticator.verifier = self.authenticator.verifier.without_cache();
        self
    }

    /// Also accepts these keys in `x-api-key`; empty ones are left out.
    pub fn api_keys(mut self, keys: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.authenticator.api_keys = ApiKeys::new(keys);
        self
    }

    /// Believes what a gateway in front of this process says about the caller. It comes first: where the gateway has told who
    /// calls, the headers are not read.
    #[cfg(feature = "lambda")]
    pub fn gateway(mut self, trusted: crate::TrustedGateway) -> Self {
        self.authenticator.gateway = trusted;
        self
    }

    /// Also accepts tokens that are bound to a key, as `Authorization: DPoP TOKEN` with a proof in the header `DPoP`. A bound token
    /// without proof is refused, and so is a proof for a token that is not bound. See [`Dpop`].
    ///
    /// *Caveat:* a proof is accepted once. Where one such layer is inside of another, only one of them can be given the same
    /// [`Dpop`].
    pub fn dpop(mut self, dpop: Dpop) -> Self {
        let offer = self.offer();
        offer.bearer = !dpop.is_required();
        offer.dpop = Some(dpop.algorithm_names());
        self.authenticator.dpop = Some(dpop);
        self
    }

    /// Reads who has signed in from `x-amzn-oidc-data`, which an Application Load Balancer writes. Where it is there it comes before
    /// `Authorization`, and is refused if it is not good. `x-amzn-oidc-identity` and `x-amzn-oidc-accesstoken` are never read.
    ///
    /// ```
    /// use portcullis::{AlbVerifier, AuthenticateLayer};
    ///
    /// # fn layer(layer: AuthenticateLayer) -> Result<AuthenticateLayer, portcullis::ConfigError> {
    /// let load_balancer = AlbVerifier::builder()
    ///     .load_balancers(["arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"])
    ///     .client_ids(["web"])
    ///     .issuers(["https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"])
    ///     .build()?;
    /// let layer = layer.load_balancer(load_balancer);
    /// # Ok(layer)
    /// # }
    /// ```
    pub fn load_balancer(mut self, verifier: AlbVerifier) -> Self {
        self.authenticator.load_balancer = Some(verifier);
        self
    }

    /// Believes who has signed the request, where a [`SigV4Layer`](crate::SigV4Layer) outside of this one has checked the signature: the
    /// caller is an [`Identity::Iam`](portcullis_rules::Identity::Iam), and the headers are not read.
    #[cfg(feature = "sigv4")]
    pub fn signed_requests(mut self) -> Self {
        self.authenticator.signed = true;
        self
    }

    /// Believes which client certificate API Gateway has seen on the connection: mutual TLS of a custom domain, with the default
    /// endpoint of the API turned off. Tokens that are bound to that certificate are then accepted.
    ///
    /// It is read from payload 2.0, that of HTTP APIs: `lambda_http` leaves it out of payload 1.0. A
    /// [`ClientCertificate`](crate::ClientCertificate) in the extensions of the request comes first.
    #[cfg(feature = "lambda")]
    pub fn gateway_certificates(mut self) -> Self {
        self.authenticator.gateway_certificates = true;
        self
    }

    /// Says in each challenge where the metadata of this resource is (RFC 9728, 5.1).
    pub fn resource_metadata(mut self, metadata: &ResourceMetadata) -> Self {
        self.offer().resource_metadata = Some(metadata.url().to_owned());
        self
    }

    fn offer(&mut self) -> &mut Offer {
        Arc::make_mut(self.authenticator.offer.get_or_insert_with(|| Arc::new(Offer::BEARER)))
    }

    /// Lets requests without any credentials through, without an identity. Wrong credentials are still refused.
    pub fn optional(mut self) -> Self {
        self.authenticator.optional = true;
        self
    }

    /// Answers refusals in another way, for services whose body cannot be made from a `String`.
    pub fn answer<B>(self, answer: B) -> AuthenticateLayer<B> {
        AuthenticateLayer { authenticator: self.authenticator, answer }
    }
}

impl<S, A: Clone> Layer<S> for AuthenticateLayer<A> {
    type Service = AuthenticateService<S, A>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthenticateService::new(inner, Arc::new(self.authenticator.clone()), self.answer.clone())
    }
}
