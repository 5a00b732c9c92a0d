//! What tower asks of a service: readiness is passed on and not lost, and nobody waits without need.

use std::sync::Mutex;

use futures_util::{FutureExt, task::noop_waker_ref};

use super::*;

/// What has happened to a service and its clones.
#[derive(Clone, Debug, Default)]
struct Tally(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    instances: usize,
    /// Which instance was called, in order.
    called: Vec<usize>,
    readied: Vec<usize>,
    future_polls: usize,
}

impl Tally {
    fn called(&self) -> Vec<usize> {
        self.0.lock().unwrap().called.clone()
    }

    fn service(&self) -> Metered {
        Metered::new(self.clone())
    }
}

/// A service that is ready at the second question, and ends the test if it is called without having been ready.
#[derive(Debug)]
struct Metered {
    tally: Tally,
    instance: usize,
    asked: usize,
}

impl Metered {
    fn new(tally: Tally) -> Self {
        let mut counts = tally.0.lock().unwrap();
        let instance = counts.instances;
        counts.instances += 1;
        drop(counts);
        Self { tally, instance, asked: 0 }
    }
}

impl Clone for Metered {
    fn clone(&self) -> Self {
        Self::new(self.tally.clone())
    }
}

impl Service<Request<String>> for Metered {
    type Response = Response<String>;
    type Error = &'static str;
    type Future = Answering;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.asked += 1;
        if self.asked < 2 {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.tally.0.lock().unwrap().readied.push(self.instance);
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<String>) -> Answering {
        assert!(std::mem::take(&mut self.asked) >= 2, "called without having been ready");
        self.tally.0.lock().unwrap().called.push(self.instance);
        Answering(self.tally.clone())
    }
}

/// Answers at once and counts how often it is asked.
struct Answering(Tally);

impl Future for Answering {
    type Output = Result<Response<String>, &'static str>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.0.lock().unwrap().future_polls += 1;
        Poll::Ready(Ok(Response::new("ok".to_owned())))
    }
}

fn request(authorization: &str) -> Request<String> {
    Request::get("/").header(AUTHORIZATION, authorization).body(String::new()).unwrap()
}

fn status(outcome: Option<Result<Response<String>, &'static str>>) -> Option<u16> {
    Some(outcome?.unwrap().status().as_u16())
}

#[tokio::test]
async fn what_is_known_is_answered_at_the_first_poll() {
    let tally = Tally::default();
    let mut service = layer().layer(AuthorizeLayer::new(require().group("editors")).layer(tally.service()));
    let (ada, bob) = (bearer("ada", &["editors"]), bearer("bob", &[]));
    for (authorization, expected, called) in [
        (&ada, 200, 1),
        (&ada, 200, 2),
        (&bob, 403, 2),
        (&bob, 403, 2),
        (&"Bearer a.b.c".to_owned(), 401, 2),
        (&"Basic YTpi".to_owned(), 401, 2),
        (&ada, 200, 3),
    ] {
        let answer = service.ready().await.unwrap().call(request(authorization)).now_or_never();
        assert_eq!(status(answer), Some(expected));
        assert_eq!(tally.called().len(), called, "who is refused does not come this far");
    }
    let counts = tally.0.lock().unwrap();
    assert_eq!((counts.future_polls, counts.instances), (3, 1), "one poll for each call, and no clone");
}

#[tokio::test]
async fn readiness_is_that_of_the_service_inside() {
    let tally = Tally::default();
    let mut service = layer().layer(AuthorizeLayer::new(require()).layer(tally.service()));
    let mut context = Context::from_waker(noop_waker_ref());
    assert!(service.poll_ready(&mut context).is_pending());
    assert_eq!(service.poll_ready(&mut context), Poll::Ready(Ok(())));
    assert_eq!(tally.0.lock().unwrap().readied, [0]);

    #[derive(Clone, Debug)]
    struct Closed;
    impl Service<Request<String>> for Closed {
        type Response = Response<String>;
        type Error = &'static str;
        type Future = Answering;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Err("closed"))
        }

        fn call(&mut self, _: Request<String>) -> Answering {
            panic!("it is closed")
        }
    }
    let mut closed = layer().layer(AuthorizeLayer::new(require()).layer(Closed));
    assert_eq!(closed.poll_ready(&mut context), Poll::Ready(Err("closed")));
}

#[tokio::test]
async fn whoever_waits_for_keys_holds_the_instance_that_was_ready() {
    let gate = services::Gate(Arc::new(tokio::sync::Semaphore::new(0)));
    let issuer = Issuer::cognito_at(POOL.url()).insecure_any_client().token_use(TokenUse::Access);
    let verifier =
        Verifier::builder().issuer(issuer).clock(POOL.clock()).fetcher(gate.clone()).build().unwrap();
    let tally = Tally::default();
    let mut service = AuthenticateLayer::new(verifier).layer(tally.service());
    let ada = bearer("ada", &[]);
    // Two wait at once; a third gives up.
    let mut first = Box::pin(service.ready().await.unwrap().call(request(&ada)));
    let mut second = Box::pin(service.ready().await.unwrap().call(request(&ada)));
    let mut third = Box::pin(service.ready().await.unwrap().call(request(&ada)));
    for waiting in [&mut first, &mut second, &mut third] {
        assert!(waiting.now_or_never().is_none(), "the keys are being fetched");
    }
    drop(third);
    assert!(tally.called().is_empty());
    gate.0.add_permits(1);
    assert_eq!(second.await.unwrap().status(), StatusCode::OK);
    assert_eq!(first.await.unwrap().status(), StatusCode::OK);
    assert_eq!(tally.called(), [1, 0], "each the one that was polled ready for it");
    assert_eq!(tally.0.lock().unwrap().readied, [0, 1, 2]);
    let warm = service.ready().await.unwrap().call(request(&ada)).now_or_never();
    assert_eq!(status(warm), Some(200), "the keys are there, and so is the token");
    assert_eq!(tally.called(), [1, 0, 3]);
}

#[tokio::test]
async fn a_call_without_a_question_for_readiness_is_not_hidden() {
    let tally = Tally::default();
    let mut service = layer().layer(tally.service());
    let call = std::panic::AssertUnwindSafe(|| service.call(request(&bearer("ada", &[]))));
    assert!(std::panic::catch_unwind(call).is_err(), "the layer makes nothing ready by itself");
    assert!(tally.called().is_empty());
}
