use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use pin_project_lite::pin_project;
use portcullis_rules::Identity;
use tower_service::Service;

use super::Record;
use crate::{Answer, AuthenticateError, Refusal, identity_ext::admit};

pin_project! {
    /// The response of an [`AuthenticateService`](super::AuthenticateService).
    pub struct AuthenticateFuture<S, A, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B, S::Future>,
        answer: A,
        record: Record,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B, F> {
        /// Keys are being fetched; the inner service is ready and waits.
        Verifying {
            verification: BoxFuture<'static, Result<Identity, AuthenticateError>>,
            waiting: Option<(S, Request<B>)>,
        },
        Calling {
            #[pin]
            future: F,
        },
        Refused {
            refusal: Option<Refusal>,
        },
    }
}

impl<S, A, B> AuthenticateFuture<S, A, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn verifying(
        verification: BoxFuture<'static, Result<Identity, AuthenticateError>>,
        service: S,
        request: Request<B>,
        answer: A,
        record: Record,
    ) -> Self {
        Self { state: State::Verifying { verification, waiting: Some((service, request)) }, answer, record }
    }

    pub(super) fn calling(future: S::Future, answer: A, record: Record) -> Self {
        Self { state: State::Calling { future }, answer, record }
    }

    pub(super) fn refused(refusal: Refusal, answer: A, record: Record) -> Self {
        Self { state: State::Refused { refusal: Some(refusal) }, answer, record }
    }
}

impl<S, A, B, ResponseBody> Future for AuthenticateFuture<S, A, B>
where
    S: Service<Request<B>, Response = Response<ResponseBody>>,
    A: Answer<ResponseBody>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Verifying { verification, waiting } => {
                    let outcome = ready!(verification.as_mut().poll(context));
                    match (outcome, waiting.take()) {
                        (Ok(identity), Some((mut service, mut request))) => {
                            this.record.identify(Some(&identity));
                            admit(request.extensions_mut(), Some(identity));
                            State::Calling { future: service.call(request) }
                        }
                        (Ok(_), None) => return Poll::Pending,
                        (Err(error), _) => State::Refused { refusal: Some(error.into()) },
                    }
                }
                StateProjection::Calling { future } => {
                    let outcome = ready!(future.poll(context));
                    match &outcome {
                        Ok(response) => this.record.end(response.status(), response.extensions().get()),
                        Err(_) => this.record.fail(),
                    }
                    return Poll::Ready(outcome);
                }
                StateProjection::Refused { refusal } => {
                    // A future that has ended must not be polled again; if it is, it is silent.
                    let Some(refusal) = refusal.take() else {
                        return Poll::Pending;
                    };
                    let mut response = this.answer.answer(refusal.clone());
                    this.record.end(response.status(), Some(&refusal));
                    response.extensions_mut().insert(refusal);
                    return Poll::Ready(Ok(response));
                }
            };
            this.state.set(next);
        }
    }
}

impl<S, A, B> fmt::Debug for AuthenticateFuture<S, A, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateFuture").finish_non_exhaustive()
    }
}
