//! An end to bodies that do not come.
//!
//! A client that sends its request byte by byte would keep a handler waiting, and what the handler holds, for as long as it likes. In
//! the cloud API Gateway waits in place of the function, for half a minute.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// How long the body of a request may take from when somebody first waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body that fails if it takes too long.
struct Awaited {
    body: Body,
    patience: Duration,
    /// Whether each part of the body may take as long.
    renews: bool,
    /// Begins when the body is first waited for.
    end: Option<Pin<Box<Sleep>>>,
}

impl Awaited {
    fn new(body: Body, patience: Duration) -> Self {
        Self { body, patience, renews: false, end: None }
    }

    /// As long as something of it comes it may go on.
    fn renewed(self) -> Self {
        Self { renews: true, ..self }
    }
}

impl http_body::Body for Awaited {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if self.renews {
                self.end = None;
            }
            return Poll::Ready(frame);
        }
        let patience = self.patience;
        let end = self.end.get_or_insert_with(|| Box::pin(sleep(patience)));
        end.as_mut().poll(context).map(|()| Some(Err(axum::Error::new("the body took too long"))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Waits for the bodies of requests for a bounded time.
pub(crate) async fn with_patience(request: Request, next: Next) -> Response {
    next.run(request.map(|body| Body::new(Awaited::new(body, PATIENCE)))).await
}

/// The same for files, which may be large: what is bounded is how long nothing of them comes.
pub(crate) async fn with_patience_for_files(request: Request, next: Next) -> Response {
    next.run(request.map(|body| Body::new(Awaited::new(body, PATIENCE).renewed()))).await
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::time::timeout;

    use super::*;

    /// A body that comes byte by byte, with a pause before each, and ends after so many.
    struct Slow {
        left: Option<usize>,
        pause: Duration,
        waiting: Option<Pin<Box<Sleep>>>,
    }

    impl http_body::Body for Slow {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            if self.left == Some(0) {
                return Poll::Ready(None);
            }
            let pause = self.pause;
            std::task::ready!(
                self.waiting.get_or_insert_with(|| Box::pin(sleep(pause))).as_mut().poll(context)
            );
            (self.left, self.waiting) = (self.left.map(|left| left - 1), None);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_end_fails_however_often_something_of_it_comes() {
        let (short, long) = (Duration::from_millis(20), Duration::from_secs(3600));
        for (left, pause, patience, read) in [
            (Some(5), short, long, Some(5)),
            (Some(0), long, short, Some(0)),
            (None, long, short, None),
            (None, short, 10 * short, None),
        ] {
            let body = Body::new(Slow { left, pause, waiting: None });
            let collected = Awaited::new(body, patience).collect();
            // Only whoever waits for ever comes to this end.
            let collected = timeout(Duration::from_secs(60), collected).await.expect("nobody waits for ever");
            assert_eq!(collected.ok().map(|body| body.to_bytes().len()), read, "{left:?} {pause:?}");
        }
    }

    #[tokio::test]
    async fn a_file_may_come_for_as_long_as_something_of_it_comes() {
        let pause = Duration::from_millis(20);
        for (renews, waits) in [(false, true), (true, false)] {
            let body = Awaited::new(Body::new(Slow { left: Some(2), pause, waiting: None }), PATIENCE);
            let mut body = if renews { body.renewed() } else { body };
            assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
            assert_eq!(body.end.is_some(), waits, "what has come counts for what is still to come");
        }
    }
}
