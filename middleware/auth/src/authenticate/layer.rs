use std::sync::Arc;

use tower_layer::Layer;

use super::{AuthenticateService, Authenticator};
use crate::{ProblemJson, Verifier, api_keys::ApiKeys};

/// Finds out who calls and puts the [`Identity`](portcullis_rules::Identity) into the extensions of the request.
///
/// 1. `Authorization: Bearer TOKEN` is verified by the [`Verifier`](crate::Verifier). A token that is not accepted is refused even if an
///    API key stands beside it.
/// 2. Without `Authorization`, `x-api-key` is compared with the configured keys in constant time.
/// 3. With neither, the request is refused, or let through without an identity where authentication is
///    [optional](Self::optional). Credentials that are there and wrong are refused in both cases.
/// 4. The identity goes into the extensions of the request. One that is already there is removed first.
/// 5. Answers are those of [`Refusal`](crate::Refusal).
/// 6. Each request that ends is logged in one line at `info`: `sub`, provider, decision, reason, status and duration. One that
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
    /// Accepts what the verifier accepts, and nothing else.
    pub fn new(verifier: Verifier) -> Self {
        let authenticator = Authenticator { verifier, api_keys: ApiKeys::default(), optional: false };
        Self { authenticator, answer: ProblemJson }
    }
}

impl<A> AuthenticateLayer<A> {
    /// Also accepts these keys in `x-api-key`; empty ones are left out.
    pub fn api_keys(mut self, keys: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.authenticator.api_keys = ApiKeys::new(keys);
        self
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
