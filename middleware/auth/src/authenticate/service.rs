use std::{
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use super::{Admitted, AuthenticateFuture, Authenticator, Check, Record, future::Waiting};
use crate::{Answer, ProblemJson, identity_ext::admit};

/// The service that [`AuthenticateLayer`](super::AuthenticateLayer) makes.
#[derive(Clone, Debug)]
pub struct AuthenticateService<S, A = ProblemJson> {
    inner: S,
    authenticator: Arc<Authenticator>,
    answer: A,
}

impl<S, A> AuthenticateService<S, A> {
    pub(super) fn new(inner: S, authenticator: Arc<Authenticator>, answer: A) -> Self {
        Self { inner, authenticator, answer }
    }
}

impl<S, A, RequestBody, ResponseBody> Service<Request<RequestBody>> for AuthenticateService<S, A>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>> + Clone,
    A: Answer<ResponseBody> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = AuthenticateFuture<S, A, RequestBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let mut record = Record::begin();
        match self.authenticator.check(&request) {
            Check::Known(Admitted { identity, completion }) => {
                record.identify(identity.as_ref());
                admit(request.extensions_mut(), identity);
                let future = self.inner.call(request);
                AuthenticateFuture::calling(future, self.answer.clone(), record, completion)
            }
            Check::Refused(refusal) => AuthenticateFuture::refused(refusal, self.answer.clone(), record),
            Check::Pending(verification) => {
                // The service that was polled ready must be the one that is called; its clone has not been polled.
                // https://docs.rs/tower/latest/tower/trait.Service.html#be-careful-when-cloning-inner-services
                let clone = self.inner.clone();
                let ready = mem::replace(&mut self.inner, clone);
                let authenticator = Arc::clone(&self.authenticator);
                let waiting = Waiting { authenticator, service: ready, request };
                AuthenticateFuture::verifying(verification, waiting, self.answer.clone(), record)
            }
        }
    }
}
