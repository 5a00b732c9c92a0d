use std::{
    error::Error,
    mem,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{SigV4Future, SigV4Verifier, SignatureError, SignedCaller, future::Waiting};

/// The service that [`SigV4Layer`](super::SigV4Layer) makes.
#[derive(Clone, Debug)]
pub struct SigV4Service<S> {
    inner: S,
    verifier: SigV4Verifier,
    optional: bool,
}

impl<S> SigV4Service<S> {
    pub(super) fn new(inner: S, verifier: SigV4Verifier, optional: bool) -> Self {
        Self { inner, verifier, optional }
    }
}

impl<S, B, ResponseBody> Service<Request<B>> for SigV4Service<S>
where
    S: Service<Request<B>, Response = Response<ResponseBody>> + Clone,
    B: Body + From<Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    ResponseBody: From<String>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = SigV4Future<S, B>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        parts.extensions.remove::<SignedCaller>();
        match self.verifier.read(&parts) {
            Ok(Some(claimed)) => {
                // The service that was polled ready must be the one that is called; its clone has not been polled.
                let clone = self.inner.clone();
                let service = mem::replace(&mut self.inner, clone);
                let finding = self.verifier.find(&claimed);
                SigV4Future::finding(
                    finding,
                    Waiting { verifier: self.verifier.clone(), claimed, service, parts },
                    body,
                )
            }
            Ok(None) if self.optional => {
                SigV4Future::calling(self.inner.call(Request::from_parts(parts, body)))
            }
            Ok(None) => SigV4Future::refused(SignatureError::Missing),
            Err(error) => SigV4Future::refused(error),
        }
    }
}
