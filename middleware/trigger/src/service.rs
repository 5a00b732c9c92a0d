use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll},
};

use lambda_runtime::{Diagnostic, LambdaEvent};
use portcullis_events::{CustomSender, Event, Payload, PublicError, TriggerError};
use serde_json::Value;
use tokio::time::Instant;
use tower_service::Service;

use crate::{Answer, TriggerFuture, TriggerLayer, line::Line, time_limit::time_limit};

/// The detail of a handler that panicked. Its words are not repeated: nobody knows what is in them.
pub(crate) const PANICKED: &str = "the handler panicked";

/// The service that [`TriggerLayer`] makes. It is called within a tokio runtime that has its timer enabled.
#[derive(Clone, Debug)]
pub struct TriggerService<S> {
    inner: S,
    layer: TriggerLayer,
}

impl<S> TriggerService<S> {
    pub(crate) fn new(inner: S, layer: TriggerLayer) -> Self {
        Self { inner, layer }
    }
}

impl<S> Service<LambdaEvent<Payload>> for TriggerService<S>
where
    S: Service<Event, Error = TriggerError>,
    S::Response: Into<Answer>,
{
    type Response = Value;
    type Error = Diagnostic;
    type Future = TriggerFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(|error| diagnostic(&error))
    }

    fn call(&mut self, request: LambdaEvent<Payload>) -> Self::Future {
        let started = Instant::now();
        let (payload, lambda) = request.into_parts();
        let event = match Event::new(payload.into_value()) {
            Ok(event) => event,
            Err(error) => {
                return TriggerFuture::refused(error, Line::new(self.layer.function, started, None));
            }
        };
        let line = Line::new(self.layer.function, started, Some(&event));
        // Cognito does not wait for a custom sender.
        let deadline = CustomSender::of(&event).is_none().then_some(self.layer.deadline);
        let limit = time_limit(deadline, &lambda, (self.layer.clock)());
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(event))) {
            Ok(future) => TriggerFuture::calling(future, limit, line),
            Err(_panic) => TriggerFuture::refused(PublicError::INTERNAL.with_detail(PANICKED), line),
        }
    }
}

/// What Lambda hands on to Cognito, and Cognito to the client.
pub(crate) fn diagnostic(error: &TriggerError) -> Diagnostic {
    Diagnostic { error_type: error.code().to_owned(), error_message: error.to_string() }
}
