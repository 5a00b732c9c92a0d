//! Reading a request to its end although the answer is already known.
//!
//! A server that refuses a large body, or refuses before it has looked at the body, would close the connection while the
//! client is still sending, and the client would see a broken pipe and never the answer. API Gateway stands between the
//! two when the API is deployed; here this does.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use http_body::Frame;
use http_body_util::BodyExt;

/// How much is read and thrown away, in bytes, and for how long.
const LIMIT: usize = 16 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// The body of a request, which the handler and this middleware read by turns.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl http_body::Body for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}

/// Answers once the client has sent what it had to send.
pub(crate) async fn drain(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(body)));
    let response = next.run(Request::from_parts(parts, Body::new(shared.clone()))).await;
    // Whoever takes longer gets the answer and, if they still send, the broken pipe.
    let _ = tokio::time::timeout(PATIENCE, read_to_end(shared)).await;
    response
}

async fn read_to_end(mut body: Shared) {
    let mut read = 0_usize;
    while let Some(Ok(frame)) = body.frame().await {
        read = read.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if read > LIMIT {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, middleware::from_fn, routing::post};
    use tower::ServiceExt;

    use super::*;

    /// A body of ten frames, and how many of them were taken.
    fn counted() -> (Body, Arc<Mutex<usize>>) {
        struct Counted(Arc<Mutex<usize>>);
        impl http_body::Body for Counted {
            type Data = Bytes;
            type Error = std::convert::Infallible;
            fn poll_frame(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
                let mut taken = self.0.lock().unwrap();
                *taken += 1;
                Poll::Ready((*taken <= 10).then(|| Ok(Frame::data(Bytes::from_static(b"part")))))
            }
        }
        let taken = Arc::new(Mutex::new(0));
        (Body::new(Counted(Arc::clone(&taken))), taken)
    }

    #[tokio::test]
    async fn a_body_that_nobody_asked_for_is_read_to_its_end() {
        let router: Router =
            Router::new().route("/", post(async || StatusCode::UNAUTHORIZED)).layer(from_fn(drain));
        let (body, taken) = counted();
        let answer = router.oneshot(Request::post("/").body(body).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(*taken.lock().unwrap(), 11);
    }

    #[tokio::test]
    async fn the_handler_reads_the_whole_body() {
        let router: Router = Router::new().route("/", post(async |body: String| body)).layer(from_fn(drain));
        let (body, _) = counted();
        let answer = router.oneshot(Request::post("/").body(body).unwrap()).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes().len(), 40);
    }
}
