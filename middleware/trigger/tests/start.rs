//! A whole function, in a process of its own: this test starts itself again, as Lambda starts a function, and plays Lambda.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use portcullis_trigger::{
    Answer, ConfigErrors, TriggerLayer,
    events::{Event, PublicError, TriggerError},
    run, service_fn, start,
};
use serde_json::{Value, json};

const CHILD: &str = "PORTCULLIS_TEST_CHILD";
const CLOSED: PublicError = PublicError::new("E_CLOSED", "nobody may sign up today");

/// This test binary again, as a function: only the test that is named runs in it, and finds [`CHILD`] set.
fn child(test: &str, runtime_api: Option<&str>) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env_clear().env(CHILD, "1");
    if let Some(address) = runtime_api {
        command.env("AWS_LAMBDA_RUNTIME_API", address);
        command.env("AWS_LAMBDA_FUNCTION_NAME", "test").env("AWS_LAMBDA_FUNCTION_VERSION", "1");
        command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128").env("GREETING", "hello");
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// The lines that the function logged, without what the test harness says around them.
fn logged(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(|line| serde_json::from_str(line.get(line.find('{')?..)?).ok()).collect()
}

fn greeting(lookup: impl Fn(&str) -> Option<String>) -> Result<String, ConfigErrors> {
    let mut errors = ConfigErrors::default();
    let greeting = lookup("GREETING").unwrap_or_else(|| {
        errors.push("GREETING", "is missing");
        String::new()
    });
    errors.or(greeting)
}

async fn handle(event: Event) -> Result<Answer, TriggerError> {
    match event.user_name() {
        Some("welcome") => Ok(Answer::new(event, "admit")),
        Some("refused") => Err(CLOSED.into()),
        _ => panic!("ann@example.com"),
    }
}

fn function() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if start("test", greeting).is_some() {
        runtime.block_on(run(TriggerLayer::new("test"), service_fn(handle)));
    }
}

/// Lambda's runtime API, for one function: hands out the events and gives back what is posted, path and body.
fn play_lambda(events: Vec<&'static str>) -> (String, mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = mpsc::channel();
    let (queue, next) = mpsc::channel();
    for (number, event) in events.into_iter().enumerate() {
        queue.send((number, event)).unwrap();
    }
    let next = Arc::new(Mutex::new(next));
    thread::spawn(move || {
        // Kept open, so that a function that has had all events waits.
        let _queue = queue;
        for stream in listener.incoming() {
            let (sender, next) = (sender.clone(), next.clone());
            thread::spawn(move || serve(&stream.unwrap(), &sender, || next.lock().unwrap().recv()));
        }
    });
    (address, receiver)
}

fn serve(
    stream: &TcpStream,
    posted: &mpsc::Sender<(String, String)>,
    next: impl Fn() -> Result<(usize, &'static str), mpsc::RecvError>,
) {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(1..) if line != "\r\n" => head.push(line),
                Ok(1..) => break,
                _ => return,
            }
        }
        let path = head[0].split(' ').nth(1).unwrap().to_owned();
        let length = head
            .iter()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        let answer = if head[0].starts_with("GET") {
            let Ok((number, event)) = next() else { return };
            format!(
                "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r{number}\r\nLambda-Runtime-Deadline-Ms: {}\r\n\
                 Lambda-Runtime-Invoked-Function-Arn: arn\r\nContent-Length: {}\r\n\r\n{event}",
                now_ms() + 5000,
                event.len()
            )
        } else {
            posted.send((path, String::from_utf8(body).unwrap())).unwrap();
            "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".to_owned()
        };
        writer.write_all(answer.as_bytes()).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "Lambda's clock is the system's")]
fn now_ms() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()
}

#[test]
fn a_function_answers_logs_a_line_for_each_event_and_outlives_panics() {
    if is_child() {
        return function();
    }
    let events = vec![
        r#"{"triggerSource": "PreSignUp_SignUp", "userName": "welcome", "response": {}}"#,
        r#"{"triggerSource": "PreSignUp_SignUp", "userName": "refused"}"#,
        r#"{"triggerSource": "PreSignUp_SignUp", "userName": "panics"}"#,
        r#"{"userName": "ann@example.com", "requ"#,
        r#"{"triggerSource": "PreSignUp_SignUp", "userName": "welcome"}"#,
    ];
    let (address, posted) = play_lambda(events);
    let name = "a_function_answers_logs_a_line_for_each_event_and_outlives_panics";
    let mut function = child(name, Some(&address)).spawn().unwrap();
    let failure =
        |code: &str, text: &str| json!({"errorType": code, "errorMessage": format!("{code}: {text}")});
    let expected = [
        ("r0/response", json!({"triggerSource": "PreSignUp_SignUp", "userName": "welcome", "response": {}})),
        ("r1/error", failure("E_CLOSED", "nobody may sign up today")),
        ("r2/error", failure("E_INTERNAL", "something went wrong, try again later")),
        ("r3/error", failure("E_MALFORMED_EVENT", "the request could not be read")),
        ("r4/response", json!({"triggerSource": "PreSignUp_SignUp", "userName": "welcome"})),
    ];
    for (end, body) in expected {
        let (path, answer) = posted.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(path, format!("/2018-06-01/runtime/invocation/{end}"));
        assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), body, "{end}");
    }
    function.kill().unwrap();
    let output = function.wait_with_output().unwrap();
    let lines = logged(&output);
    let decisions: Vec<&Value> = lines.iter().filter_map(|line| line.get("decision")).collect();
    assert_eq!(decisions, ["admit", "refuse", "fail", "fail", "admit"]);
    // Of the panic there is the place as well, and nothing else.
    let places: Vec<&str> = lines.iter().filter_map(|line| line["location"].as_str()).collect();
    assert!(places.len() == 1 && places[0].contains("start.rs"), "{places:?}");
    assert_eq!(lines.len(), 6, "{lines:?}");
    for text in [&output.stdout, &output.stderr] {
        assert!(!String::from_utf8_lossy(text).contains("ann@"));
    }
}

#[test]
fn a_function_that_is_configured_wrongly_says_all_of_it_and_does_not_start() {
    if is_child() {
        return function();
    }
    let name = "a_function_that_is_configured_wrongly_says_all_of_it_and_does_not_start";
    let output = child(name, None).output().unwrap();
    let mistakes: Vec<String> =
        logged(&output).iter().map(|line| line["mistake"].as_str().unwrap().to_owned()).collect();
    assert_eq!(mistakes.len(), 5, "{mistakes:?}");
    assert!(mistakes[0].starts_with("AWS_LAMBDA_RUNTIME_API is missing"), "{mistakes:?}");
    assert_eq!(mistakes[4], "GREETING is missing");
}
