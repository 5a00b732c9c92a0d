//! The layer round handlers that behave, refuse, panic and hang.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    future::{Ready, pending, poll_fn, ready},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, UNIX_EPOCH},
};

use portcullis_trigger::{
    Answer, Diagnostic, LambdaEvent, TriggerLayer, TriggerService,
    events::{Event, Payload, PreSignUp, PublicError, TriggerError},
    invocation, service_fn,
};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};

const CLOSED: PublicError = PublicError::new("E_CLOSED", "nobody may sign up today");
const SECRET: &str = "ann@example.com";

fn sign_up() -> Value {
    json!({
        "version": "1", "triggerSource": "PreSignUp_SignUp", "userName": "ann", "fieldOfTomorrow": [1],
        "request": {"userAttributes": {"email": SECRET}}, "response": {"autoConfirmUser": false},
    })
}

fn from(source: &str) -> Value {
    json!({"triggerSource": source, "request": {}, "response": {}})
}

fn text(answer: Result<Value, Diagnostic>) -> String {
    let refusal = answer.unwrap_err();
    assert!(refusal.error_message.starts_with(&format!("{}: ", refusal.error_type)));
    refusal.error_message
}

async fn confirm(mut event: Event) -> Result<Answer, TriggerError> {
    if let Some(mut view) = PreSignUp::of(&mut event) {
        view.set_auto_confirm()?;
    }
    Ok(Answer::new(event, "confirm"))
}

#[tokio::test]
async fn an_answer_is_the_whole_event_with_its_response() {
    let function = TriggerLayer::new("test").layer(service_fn(confirm));
    let mut expected = sign_up();
    expected["response"] = json!({"autoConfirmUser": true});
    assert_eq!(function.oneshot(invocation(sign_up())).await.unwrap(), expected);
}

#[tokio::test]
async fn a_handler_may_return_the_event_alone() {
    let function =
        TriggerLayer::new("test").layer(service_fn(async |event: Event| Ok::<_, TriggerError>(event)));
    assert_eq!(function.oneshot(invocation(sign_up())).await.unwrap(), sign_up());
}

#[tokio::test]
async fn a_refusal_says_its_public_text_and_not_its_detail() {
    let function = TriggerLayer::new("test")
        .layer(service_fn(async |_: Event| Err::<Event, _>(CLOSED.with_detail("the list is empty"))));
    let answer = function.oneshot(invocation(sign_up())).await;
    assert_eq!(text(answer), "E_CLOSED: nobody may sign up today");
}

#[tokio::test]
async fn a_body_that_is_no_event_is_refused_before_the_handler_sees_it() {
    for body in [r#"{"userName": "ann@example.com", "#, "[]", "null", "\"ann@example.com\"", "nonsense", ""] {
        let mut body = serde_json::Deserializer::from_str(body);
        let payload: Payload = serde::Deserialize::deserialize(&mut body).unwrap();
        let function = TriggerLayer::new("test")
            .layer(service_fn(async |_: Event| -> Result<Event, TriggerError> { panic!("called") }));
        let answer = function.oneshot(LambdaEvent::new(payload, Default::default())).await;
        assert_eq!(text(answer), "E_MALFORMED_EVENT: the request could not be read");
    }
}

#[tokio::test]
async fn a_panic_says_nothing_of_its_own_and_does_not_end_the_function() {
    #[derive(Clone, Copy)]
    enum At {
        Call,
        FirstPoll,
        LaterPoll,
        Never,
    }
    let at = std::cell::Cell::new(At::Never);
    let mut function = TriggerLayer::new("test").layer(service_fn(|event: Event| {
        let now = at.get();
        assert!(!matches!(now, At::Call), "{SECRET}");
        async move {
            assert!(!matches!(now, At::FirstPoll), "{SECRET}");
            tokio::task::yield_now().await;
            assert!(!matches!(now, At::LaterPoll), "{SECRET}");
            Ok::<_, TriggerError>(event)
        }
    }));
    for when in [At::Call, At::FirstPoll, At::LaterPoll] {
        at.set(when);
        let answer = function.ready().await.unwrap().call(invocation(sign_up())).await;
        assert_eq!(text(answer), "E_INTERNAL: something went wrong, try again later");
        at.set(At::Never);
        let answer = function.ready().await.unwrap().call(invocation(sign_up())).await;
        assert_eq!(answer.unwrap(), sign_up());
    }
}

/// Sets its flag when it is dropped.
struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_dropped_at_the_deadline() {
    const NOW: Duration = Duration::from_secs(1_800_000_000);
    let layer = TriggerLayer::new("test").clock(|| UNIX_EPOCH + NOW);
    let short = layer.clone().deadline(Duration::from_millis(300));
    let timeout = "E_TIMEOUT: this took too long, try again";
    for (layer, source, lambda_ms, expected_ms) in [
        (&layer, "PreSignUp_SignUp", None, 4500),
        (&layer, "PreSignUp_SignUp", Some(5_000), 4500),
        (&layer, "PreSignUp_SignUp", Some(3_000), 2800),
        (&short, "PreSignUp_SignUp", Some(3_000), 300),
        // Nobody waits for these, so they have as long as the function.
        (&layer, "CustomEmailSender_SignUp", Some(30_000), 29_800),
        (&layer, "CustomSmsSender_SignUp", Some(30_000), 29_800),
        (&layer, "CustomSMSSender_SignUp", Some(30_000), 29_800),
    ] {
        let dropped = Arc::new(AtomicBool::new(false));
        let function = layer.layer(service_fn(|event: Event| {
            let guard = Guard(Arc::clone(&dropped));
            async move {
                pending::<()>().await;
                drop(guard);
                Ok::<_, TriggerError>(event)
            }
        }));
        let mut invocation = invocation(from(source));
        if let Some(left) = lambda_ms {
            let end = NOW + Duration::from_millis(left);
            invocation.context.deadline = u64::try_from(end.as_millis()).unwrap();
        }
        let started = Instant::now();
        assert_eq!(text(function.oneshot(invocation).await), timeout);
        assert_eq!(started.elapsed().as_millis(), expected_ms, "{source} {lambda_ms:?}");
        assert!(dropped.load(Ordering::SeqCst), "{source}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_is_just_in_time_is_answered() {
    let handler = service_fn(async |event: Event| {
        tokio::time::sleep(Duration::from_millis(4499)).await;
        Ok::<_, TriggerError>(event)
    });
    let answer = TriggerLayer::new("test").layer(handler).oneshot(invocation(sign_up())).await;
    assert_eq!(answer.unwrap(), sign_up());
}

/// Always busy, never done: the runtime gives it a budget, and the deadline must be looked at nevertheless.
#[tokio::test]
async fn a_handler_that_never_pauses_for_long_is_stopped_too() {
    let handler = service_fn(async |event: Event| {
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        loop {
            sender.send(()).unwrap();
            if receiver.recv().await.is_none() {
                return Ok::<_, TriggerError>(event);
            }
        }
    });
    let layer = TriggerLayer::new("test").deadline(Duration::from_millis(50));
    assert!(text(layer.layer(handler).oneshot(invocation(sign_up())).await).starts_with("E_TIMEOUT"));
}

/// Is ready at the second question, must then be called as it is and not as a clone, and breaks at its second use.
#[derive(Default)]
struct Gate {
    asked: u32,
}

impl Clone for Gate {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Event> for Gate {
    type Response = Event;
    type Error = TriggerError;
    type Future = Ready<Result<Event, TriggerError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TriggerError>> {
        self.asked += 1;
        match self.asked {
            1 => Poll::Pending,
            2 => Poll::Ready(Ok(())),
            _ => Poll::Ready(Err(CLOSED.with_detail("broken"))),
        }
    }

    fn call(&mut self, event: Event) -> Self::Future {
        assert_eq!(self.asked, 2, "called when it was not ready");
        ready(Ok(event))
    }
}

#[tokio::test]
async fn the_handler_that_said_it_is_ready_is_the_one_that_is_called() {
    let mut function: TriggerService<_> = TriggerLayer::new("test").layer(Gate::default());
    let mut polled = async || poll_fn(|context| Poll::Ready(function.poll_ready(context))).await;
    assert!(polled().await.is_pending());
    assert_eq!(polled().await, Poll::Ready(Ok(())));
    assert_eq!(function.call(invocation(sign_up())).await.unwrap(), sign_up());
    let broken = function.ready().await.map(drop);
    assert_eq!(broken.unwrap_err().error_message, "E_CLOSED: nobody may sign up today");
}

#[tokio::test]
async fn a_future_that_has_ended_is_silent() {
    let mut function = TriggerLayer::new("test").layer(service_fn(confirm));
    let mut answer = Box::pin(function.call(invocation(sign_up())));
    answer.as_mut().await.unwrap();
    let again = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context).is_pending()));
    assert!(again.await);
}

#[test]
fn debug_shows_no_personal_data() {
    let answer = Answer::new(Event::new(sign_up()).unwrap(), "confirm");
    let function = TriggerLayer::new("test").layer(());
    let shown = format!("{answer:?} {function:?} {:?}", invocation(sign_up()).payload);
    assert!(shown.contains("confirm") && !shown.contains("ann"), "{shown}");
}
