use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Admitted, Authenticator, Completion, Record, Verified};
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
        completion: Completion,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B, F> {
        /// Keys are being fetched; the inner service is ready and waits.
        Verifying {
            verification: BoxFuture<'static, Result<Verified, AuthenticateError>>,
            waiting: Option<Waiting<S, B>>,
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

/// What goes on when the token has been verified.
pub(super) struct Waiting<S, B> {
    pub(super) authenticator: Arc<Authenticator>,
    /// It was polled ready.
    pub(super) service: S,
    pub(super) request: Request<B>,
}

impl<S, A, B> AuthenticateFuture<S, A, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn verifying(
        verification: BoxFuture<'static, Result<Verified, AuthenticateError>>,
        waiting: Waiting<S, B>,
        answer: A,
        record: Record,
    ) -> Self {
        let state = State::Verifying { verification, waiting: Some(waiting) };
        Self { state, answer, record, completion: Completion::default() }
    }

    pub(super) fn calling(future: S::Future, answer: A, record: Record, completion: Completion) -> Self {
        Self { state: State::Calling { future }, answer, record, completion }
    }

    pub(super) fn refused(refusal: Refusal, answer: A, record: Record) -> Self {
        let state = State::Refused { refusal: Some(refusal) };
        Self { state, answer, record, completion: Completion::default() }
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
                    let Some(Waiting { authenticator, mut service, mut request }) = waiting.take() else {
                        return Poll::Pending;
                    };
                    match authenticator.conclude(&request, outcome) {
                        Ok(Admitted { identity, completion }) => {
                            *this.completion = completion;
                            this.record.identify(identity.as_ref());
                            admit(request.extensions_mut(), identity);
                            State::Calling { future: service.call(request) }
                        }
                        Err(refusal) => State::Refused { refusal: Some(refusal) },
                    }
                }
                StateProjection::Calling { future } => {
                    let mut outcome = ready!(future.poll(context));
                    if let Ok(response) = &mut outcome {
                        this.completion.complete(response);
                    }
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
