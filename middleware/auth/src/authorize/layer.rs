use std::sync::Arc;

use tower_layer::Layer;

use super::AuthorizeService;
use crate::ProblemJson;

/// Refuses callers who may not call at all. It stands inside of an [`AuthenticateLayer`](crate::AuthenticateLayer).
///
/// 1. The decision is an [`Authorize`](crate::Authorize): [`Screen`](crate::Screen) asks the rules of a model, [`require`](crate::require) asks for groups, scopes and claims, a
///    closure asks what it likes. It sees the identity, does no I/O and does not wait.
/// 2. A caller who is refused gets 403 with `error="insufficient_scope"`.
/// 3. A caller without an identity, let through by an [optional](crate::AuthenticateLayer::optional) layer, gets 401.
/// 4. Without an [`AuthenticateLayer`](crate::AuthenticateLayer) outside, the answer is 500 and an error is logged: that is the server's fault.
///
/// *Caveat:* a layer runs before the record is loaded. [`Screen`](crate::Screen) lets a caller through if there could be a record that they may
/// touch; the decision about this record remains the repository's.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use http::{Request, Response, StatusCode};
/// use portcullis::{AuthenticateLayer, AuthorizeLayer, TokenUse, Verifier, require, testkit::TestIssuer};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// let pool = TestIssuer::cognito();
/// let issuer = pool.issuer().insecure_any_client().token_use(TokenUse::Access);
/// let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
///
/// let service = ServiceBuilder::new()
///     .layer(AuthenticateLayer::new(verifier))
///     .layer(AuthorizeLayer::new(require().group("editors")))
///     .service(service_fn(async |_: Request<String>| {
///         Ok::<_, std::convert::Infallible>(Response::new("welcome, editor".to_owned()))
///     }));
///
/// let token = pool.access_token("ada").claim("cognito:groups", vec!["editors"]).sign();
/// let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(String::new())?;
/// assert_eq!(service.clone().oneshot(request).await?.body(), "welcome, editor");
///
/// let token = pool.access_token("bob").claim("cognito:groups", vec!["readers"]).sign();
/// let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(String::new())?;
/// assert_eq!(service.oneshot(request).await?.status(), StatusCode::FORBIDDEN);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use]
pub struct AuthorizeLayer<D, A = ProblemJson> {
    decision: Arc<D>,
    answer: A,
}

impl<D> AuthorizeLayer<D> {
    /// Asks this of every caller: a [`Screen`](crate::Screen), a [`Requirement`](crate::Requirement), a closure.
    pub fn new(decision: D) -> Self {
        Self { decision: Arc::new(decision), answer: ProblemJson }
    }
}

impl<D, A> AuthorizeLayer<D, A> {
    /// Answers refusals in another way, for services whose body cannot be made from a `String`.
    pub fn answer<B>(self, answer: B) -> AuthorizeLayer<D, B> {
        AuthorizeLayer { decision: self.decision, answer }
    }
}

// By hand, because a decision need not be `Clone`.
impl<D, A: Clone> Clone for AuthorizeLayer<D, A> {
    fn clone(&self) -> Self {
        Self { decision: Arc::clone(&self.decision), answer: self.answer.clone() }
    }
}

impl<S, D, A: Clone> Layer<S> for AuthorizeLayer<D, A> {
    type Service = AuthorizeService<S, D, A>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthorizeService::new(inner, Arc::clone(&self.decision), self.answer.clone())
    }
}
