use std::time::{Duration, SystemTime};

use tower_layer::Layer;

use crate::TriggerService;

/// Less than the five seconds that Cognito waits, by what a start and an answer take.
const DEADLINE: Duration = Duration::from_millis(4500);

/// Makes a handler of events a trigger function: what it may say, how long it may take, what is logged. See the
/// [crate's documentation](crate) for the rules and an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct TriggerLayer {
    pub(crate) function: &'static str,
    pub(crate) deadline: Duration,
    pub(crate) clock: fn() -> SystemTime,
}

impl TriggerLayer {
    /// The layer of the function that the log calls by this name.
    pub fn new(function: &'static str) -> Self {
        Self { function, deadline: DEADLINE, clock: system_time }
    }

    /// How long a handler may take, from the start of the invocation; 4.5 seconds unless said otherwise. After five, Cognito
    /// has given up and the user has seen a failure, whatever is answered. Custom senders are not bound by it.
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Where the time comes from, which is compared with the deadline that Lambda sets for the function. The default is the
    /// system's clock.
    pub fn clock(self, clock: fn() -> SystemTime) -> Self {
        Self { clock, ..self }
    }
}

impl<S> Layer<S> for TriggerLayer {
    type Service = TriggerService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TriggerService::new(inner, self.clone())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the system clock that a layer has unless it is given another"
)]
fn system_time() -> SystemTime {
    SystemTime::now()
}
