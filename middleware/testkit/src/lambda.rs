use std::{
    process::{Child, Output},
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use crate::{Response, serve};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lambda's runtime API for one function: hands out events, and gives back what the function answers.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
///
/// ```no_run
/// use std::process::{Command, Stdio};
/// use portcullis_testkit::PlayedLambda;
/// use serde_json::json;
///
/// let lambda = PlayedLambda::new([json!({ "hello": "world" })]);
/// let function = Command::new("function").envs(lambda.environment("function")).stdout(Stdio::piped()).spawn()?;
/// let (path, answer) = lambda.answer();
/// assert_eq!(path, "/2018-06-01/runtime/invocation/r0/response");
/// let output = PlayedLambda::end(function);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct PlayedLambda {
    address: String,
    answers: mpsc::Receiver<(String, String)>,
}

impl PlayedLambda {
    /// Plays Lambda with these events, one after the other; they need not be JSON. Their ids are `r0`, `r1` and so on, and each is to be
    /// answered within a minute. After the last one the function waits, as it does at Lambda.
    pub fn new(events: impl IntoIterator<Item = impl ToString>) -> Self {
        let events: Vec<String> = events.into_iter().map(|event| event.to_string()).collect();
        let events = Mutex::new(events.into_iter().enumerate());
        let (sender, answers) = mpsc::channel();
        let address = serve(move |request| {
            if request.method != "GET" {
                sender.send((request.path, request.body)).unwrap();
                return Response::new(202, "");
            }
            let next = events.lock().unwrap().next();
            let Some((number, event)) = next else {
                loop {
                    thread::park();
                }
            };
            Response::new(200, event)
                .header("Lambda-Runtime-Aws-Request-Id", format!("r{number}"))
                .header("Lambda-Runtime-Deadline-Ms", (now() + PATIENCE).as_millis().to_string())
                .header("Lambda-Runtime-Invoked-Function-Arn", "arn")
        });
        Self { address, answers }
    }

    /// The variables that Lambda sets for a function of this name.
    #[must_use]
    pub fn environment(&self, name: &str) -> [(&'static str, String); 4] {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address.clone()),
            ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
        ]
    }

    /// The next answer: the path that it was posted to, such as `/2018-06-01/runtime/invocation/r0/response`, and what it is.
    #[must_use]
    pub fn answer(&self) -> (String, Value) {
        let (path, body) = self.answers.recv_timeout(PATIENCE).expect("the function answers in time");
        (path, serde_json::from_str(&body).expect("an answer is JSON"))
    }

    /// Ends a function, and gives what it has written.
    #[must_use]
    pub fn end(mut function: Child) -> Output {
        function.kill().unwrap();
        function.wait_with_output().unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "Lambda's clock is the system's")]
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}
