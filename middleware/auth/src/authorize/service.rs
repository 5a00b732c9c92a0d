use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Extensions, Request, Response};
use portcullis_rules::Identity;
use tower_service::Service;

use super::{Authorize, AuthorizeFuture};
use crate::{Answer, ProblemJson, Refusal, identity_ext::Authenticated};

/// The service that [`AuthorizeLayer`](super::AuthorizeLayer) makes.
#[derive(Debug)]
pub struct AuthorizeService<S, D, A = ProblemJson> {
    inner: S,
    decision: Arc<D>,
    answer: A,
}

impl<S, D, A> AuthorizeService<S, D, A> {
    pub(super) fn new(inner: S, decision: Arc<D>, answer: A) -> Self {
        Self { inner, decision, answer }
    }
}

// By hand, because a decision need not be `Clone`.
impl<S: Clone, D, A: Clone> Clone for AuthorizeService<S, D, A> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.decision), self.answer.clone())
    }
}

impl<S, D: Authorize, A> AuthorizeService<S, D, A> {
    fn check(&self, extensions: &Extensions) -> Result<(), Refusal> {
        match (extensions.get::<Identity>(), extensions.get::<Authenticated>()) {
            (_, None) => {
                tracing::error!("an AuthorizeLayer ran without an AuthenticateLayer outside of it");
                Err(Refusal::MISCONFIGURED)
            }
            (None, Some(_)) => Err(Refusal::MISSING),
            (Some(identity), Some(_)) => self.decision.authorize(identity).map_err(Refusal::from),
        }
    }
}

impl<S, D, A, RequestBody, ResponseBody> Service<Request<RequestBody>> for AuthorizeService<S, D, A>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    D: Authorize,
    A: Answer<ResponseBody>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = AuthorizeFuture<S::Future, ResponseBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        match self.check(request.extensions()) {
            Ok(()) => AuthorizeFuture::calling(self.inner.call(request)),
            Err(refusal) => {
                let mut response = self.answer.answer(refusal.clone());
                response.extensions_mut().insert(refusal);
                AuthorizeFuture::refused(response)
            }
        }
    }
}
