//! What a trigger function takes from its start to its first answer: processor time from `exec` to the answer to an event that
//! calls no service of AWS.
//!
//! `cargo bench -p portcullis-bench --bench triggers -- FOLDER`, where `FOLDER/NAME/bootstrap` are the functions as cargo-lambda builds
//! them (`cargo lambda build --release`, folder `target/lambda`). Linux only, which tells what a process has used.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark whose setting is wrong has nothing to say"
)]

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use portcullis_bench::{Table, cpu_time_of, duration};
use serde_json::{Value, json};

/// How often each function starts.
const STARTS: usize = 51;

/// A function, its configuration, and an event that it answers by itself.
struct Function {
    name: &'static str,
    variables: &'static [(&'static str, &'static str)],
    event: Value,
}

fn main() {
    let folder = env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let Some(folder) = folder.map(PathBuf::from) else {
        eprintln!("name the folder of the functions, such as target/lambda");
        return;
    };
    // The working folder of a benchmark is that of its package.
    let folder = if folder.is_relative() {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)
    } else {
        folder
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut table = Table::new(["a function", "CPU time to the first answer", "most"]);
    for function in functions() {
        let mut times: Vec<u64> = (0..STARTS).map(|_| function.start(&folder, &listener)).collect();
        times.sort_unstable();
        let [median, most] = [times[STARTS / 2], times[STARTS - 1]].map(|time| duration(time as f64));
        table.push([function.name.to_owned(), median, most]);
    }
    println!("Medians of {STARTS} starts\n\n{table}");
}

fn functions() -> [Function; 3] {
    let event = |source: &str, version: &str, request: Value, response: Value| {
        json!({
            "version": version,
            "triggerSource": source,
            "region": "eu-west-1",
            "userPoolId": "eu-west-1_AbCdEfGhI",
            "userName": "2e54d8f4-70d1-70c2-a4a1-4d4c3c7f1a2b",
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "7abcdefghijklmnopqrstuvwxy"},
            "request": request,
            "response": response,
        })
    };
    let user = json!({"userAttributes": {"sub": "2e54d8f4-70d1-70c2-a4a1-4d4c3c7f1a2b", "email": "ann@example.com"}});
    let undecided = json!({"autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false});
    [
        Function {
            name: "pre-signup",
            variables: &[("DENIED_EMAIL_DOMAINS", "blocked.example")],
            event: event("PreSignUp_SignUp", "1", user.clone(), undecided),
        },
        Function {
            name: "post-confirmation",
            variables: &[("TABLE_NAME", "records")],
            event: event("PostConfirmation_ConfirmForgotPassword", "1", user, json!({})),
        },
        Function {
            name: "pre-token-generation",
            variables: &[("TABLE_NAME", "records")],
            event: event(
                "TokenGeneration_ClientCredentials",
                "3",
                json!({"scopes": ["notes/read"]}),
                json!({"claimsAndScopeOverrideDetails": null}),
            ),
        },
    ]
}

impl Function {
    /// The processor time, in nanoseconds, that the function has used when it has answered its first event.
    fn start(&self, folder: &Path, listener: &TcpListener) -> u64 {
        let mut function = Command::new(folder.join(self.name).join("bootstrap"))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", self.name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "bench")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .env("AWS_REGION", "eu-west-1")
            .envs(self.variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let mut connection = Connection::accept(listener);
        let (question, _) = connection.request();
        assert!(question.contains("/invocation/next"), "the first question is for work: {question}");
        connection.answer(&[("Lambda-Runtime-Deadline-Ms", "4102444800000")], &self.event.to_string());
        let (question, body) = connection.request();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert!(question.contains("/response"), "{}: {question}: {answer}", self.name);
        assert_eq!(answer["request"], self.event["request"], "{}: the event comes back", self.name);
        let used = cpu_time_of(function.id());
        function.kill().unwrap();
        function.wait().unwrap();
        used
    }
}

/// What a function says to the runtime API, one request after another.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn accept(listener: &TcpListener) -> Self {
        Self(BufReader::new(listener.accept().unwrap().0))
    }

    /// The first line of a request, and its body.
    fn request(&mut self) -> (String, Vec<u8>) {
        let mut first = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the function has hung up");
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if first.is_empty() {
                line.clone_into(&mut first);
            } else if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (first, body)
    }

    fn answer(&mut self, headers: &[(&str, &str)], body: &str) {
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let text = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: 1\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:111122223333:function:bench\r\n\
             {more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }
}
