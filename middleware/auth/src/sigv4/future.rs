use std::{
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use http_body::Body;
use http_body_util::{BodyExt, Collected, LengthLimitError, Limited, combinators::Collect};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    FindingCredentials, SigV4Verifier, SignatureError, SignedCaller, SigningCredentials,
    canonical::without_signature,
    verifier::{Claimed, Owed},
};

pin_project! {
    /// The response of a [`SigV4Service`](super::SigV4Service).
    pub struct SigV4Future<S, B>
    where
        S: Service<Request<B>>,
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        #[pin]
        state: State<S, B, S::Future>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B, F>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        /// Whose key is it?
        Finding {
            finding: FindingCredentials,
            next: Option<(Waiting<S>, B)>,
        },
        /// The body is read.
        Reading {
            #[pin]
            body: Collect<Limited<B>>,
            next: Option<(Waiting<S>, SigningCredentials, Owed)>,
        },
        Calling {
            #[pin]
            future: F,
        },
        Refused {
            error: Option<SignatureError>,
        },
    }
}

/// What goes on when the signature has been checked.
pub(super) struct Waiting<S> {
    pub(super) verifier: SigV4Verifier,
    pub(super) claimed: Claimed,
    /// It was polled ready.
    pub(super) service: S,
    pub(super) parts: Parts,
}

impl<S, B> SigV4Future<S, B>
where
    S: Service<Request<B>>,
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    pub(super) fn finding(finding: FindingCredentials, waiting: Waiting<S>, body: B) -> Self {
        Self { state: State::Finding { finding, next: Some((waiting, body)) } }
    }

    pub(super) fn calling(future: S::Future) -> Self {
        Self { state: State::Calling { future } }
    }

    pub(super) fn refused(error: SignatureError) -> Self {
        Self { state: State::Refused { error: Some(error) } }
    }
}

impl<S> Waiting<S> {
    /// What must still be seen of a body of at least this many bytes, or why there is no use in reading it.
    fn begin(
        &self,
        found: Option<SigningCredentials>,
        length: u64,
    ) -> Result<(SigningCredentials, Owed), SignatureError> {
        let credentials = self.verifier.admit(found)?;
        let owed = self.verifier.check_head(&self.claimed, &credentials, &self.parts)?;
        let max_body = u64::try_from(self.verifier.max_body()).unwrap_or(u64::MAX);
        if length > max_body { Err(SignatureError::TooLarge) } else { Ok((credentials, owed)) }
    }

    /// The request as it was signed, or why it was not.
    fn conclude<B: From<Bytes>>(
        self,
        credentials: &SigningCredentials,
        owed: Owed,
        body: Bytes,
    ) -> Result<(S, Request<B>), SignatureError> {
        let Self { verifier, claimed, service, mut parts } = self;
        verifier.check_body(&claimed, credentials, owed, &body)?;
        if claimed.is_presigned() {
            // What stands inside is asked for what was signed, and need not know how, nor keep a session token.
            parts.uri = without_signature(&parts.uri).ok_or(SignatureError::Mismatch)?;
        }
        parts.extensions.extend(credentials.extensions.clone());
        parts.extensions.insert::<SignedCaller>(claimed.into_caller(credentials));
        Ok((service, Request::from_parts(parts, B::from(body))))
    }
}

impl<S, B, ResponseBody> Future for SigV4Future<S, B>
where
    S: Service<Request<B>, Response = Response<ResponseBody>>,
    B: Body + From<Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    ResponseBody: From<String>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Finding { finding, next } => {
                    let found = ready!(finding.as_mut().poll(context));
                    let Some((waiting, body)) = next.take() else { return Poll::Pending };
                    let found = found.map_err(|_| SignatureError::Unavailable);
                    match found.and_then(|found| waiting.begin(found, body.size_hint().lower())) {
                        Ok((credentials, owed)) => {
                            let body = Limited::new(body, waiting.verifier.max_body()).collect();
                            State::Reading { body, next: Some((waiting, credentials, owed)) }
                        }
                        Err(error) => State::Refused { error: Some(error) },
                    }
                }
                StateProjection::Reading { body, next } => {
                    let read = ready!(body.poll(context));
                    let Some((waiting, credentials, owed)) = next.take() else { return Poll::Pending };
                    let read = read.map(Collected::to_bytes).map_err(|error| why_unread(error.as_ref()));
                    match read.and_then(|body| waiting.conclude::<B>(&credentials, owed, body)) {
                        Ok((mut service, request)) => State::Calling { future: service.call(request) },
                        Err(error) => State::Refused { error: Some(error) },
                    }
                }
                StateProjection::Calling { future } => return future.poll(context),
                StateProjection::Refused { error } => {
                    // A future that has ended must not be polled again; if it is, it is silent.
                    let Some(error) = error.take() else { return Poll::Pending };
                    tracing::info!(code = error.code(), reason = ?error, "signed request refused");
                    return Poll::Ready(Ok(error.into_response()));
                }
            };
            this.state.set(next);
        }
    }
}

fn why_unread(error: &(dyn Error + Send + Sync + 'static)) -> SignatureError {
    if error.is::<LengthLimitError>() { SignatureError::TooLarge } else { SignatureError::Body }
}

impl<S, B> fmt::Debug for SigV4Future<S, B>
where
    S: Service<Request<B>>,
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigV4Future").finish_non_exhaustive()
    }
}
