use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use lambda_runtime::Diagnostic;
use pin_project_lite::pin_project;
use portcullis_events::{PublicError, TriggerError};
use serde_json::Value;
use tokio::time::{Timeout, timeout};

use crate::{
    Answer,
    line::Line,
    service::{PANICKED, diagnostic},
};

pin_project! {
    /// The answer of a [`TriggerService`](crate::TriggerService).
    pub struct TriggerFuture<F> {
        #[pin]
        state: State<F>,
        // Taken when it is written, which is at the end.
        line: Option<Line>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Calling {
            #[pin]
            handler: Timeout<F>,
            limit: Duration,
        },
        Refused {
            error: TriggerError,
        },
    }
}

impl<F: Future> TriggerFuture<F> {
    pub(crate) fn calling(handler: F, limit: Duration, line: Line) -> Self {
        Self { state: State::Calling { handler: timeout(limit, handler), limit }, line: Some(line) }
    }

    pub(crate) fn refused(error: TriggerError, line: Line) -> Self {
        Self { state: State::Refused { error }, line: Some(line) }
    }
}

impl<F, A> Future for TriggerFuture<F>
where
    F: Future<Output = Result<A, TriggerError>>,
    A: Into<Answer>,
{
    type Output = Result<Value, Diagnostic>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // A future that has ended must not be polled again; if it is, it is silent.
        let Some(line) = this.line.take() else {
            return Poll::Pending;
        };
        let outcome: Result<Answer, TriggerError> = match this.state.project() {
            StateProjection::Refused { error } => Err(error.clone()),
            StateProjection::Calling { handler, limit } => {
                // What a panic leaves behind is never looked at again: the future has ended.
                match catch_unwind(AssertUnwindSafe(|| {
                    handler.poll(context).map_ok(|outcome| outcome.map(Into::into))
                })) {
                    Ok(Poll::Pending) => {
                        *this.line = Some(line);
                        return Poll::Pending;
                    }
                    Ok(Poll::Ready(Ok(outcome))) => outcome,
                    Ok(Poll::Ready(Err(_elapsed))) => Err(PublicError::TIMEOUT
                        .with_detail(format!("the handler took longer than {} ms", limit.as_millis()))),
                    Err(_panic) => Err(PublicError::INTERNAL.with_detail(PANICKED)),
                }
            }
        };
        line.write(&outcome);
        Poll::Ready(outcome.map(Answer::into_value).map_err(|error| diagnostic(&error)))
    }
}

impl<F> fmt::Debug for TriggerFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TriggerFuture").finish_non_exhaustive()
    }
}
