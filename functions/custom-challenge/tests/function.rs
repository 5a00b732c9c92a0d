//! The whole function, in a process of its own: this test plays AWS Lambda and Amazon SES.
#![cfg(feature = "ses")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

const EVENT: &str = r#"{
    "version": "1",
    "triggerSource": "CreateAuthChallenge_Authentication",
    "userName": "5f0c9d5e-3a64-4c1b-9d0e-1b2c3d4e5f60",
    "request": {
        "userAttributes": {"sub": "u-1", "email": "ann@example.com", "email_verified": "true"},
        "challengeName": "CUSTOM_CHALLENGE",
        "session": [],
        "userNotFound": false
    },
    "response": {}
}"#;

/// Answers every request on a connection: the first question for an event with the event, later ones never, a letter with
/// this status. What is posted is handed on, path and body.
fn serve(stream: &TcpStream, posted: &mpsc::Sender<(String, Value)>, ses: &str, event: Option<&str>) {
    let (mut reader, mut writer, mut event) = (BufReader::new(stream), stream, event);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(1..) if line != "\r\n" => head.push(line.to_lowercase()),
                Ok(1..) => break,
                _ => return,
            }
        }
        let length = head.iter().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        let path = head[0].split(' ').nth(1).unwrap().to_owned();
        let answer = if head[0].starts_with("get") {
            let Some(event) = event.take() else { return thread::sleep(Duration::from_secs(60)) };
            format!(
                "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r\r\nLambda-Runtime-Deadline-Ms: 0\r\n\
                 Lambda-Runtime-Invoked-Function-Arn: arn\r\nContent-Length: {}\r\n\r\n{event}",
                event.len()
            )
        } else {
            let is_letter = path.starts_with("/v2/email");
            posted.send((path, serde_json::from_slice(&body).unwrap())).unwrap();
            if is_letter {
                ses.to_owned()
            } else {
                "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".to_owned()
            }
        };
        writer.write_all(answer.as_bytes()).unwrap();
    }
}

/// Starts the function, gives it the event, and returns what it posted up to its answer, and its log.
fn run(ses: &'static str) -> (Vec<(String, Value)>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut event = Some(EVENT);
        for stream in listener.incoming() {
            // The first connection is the runtime's: letters come after an event.
            let (sender, event) = (sender.clone(), event.take());
            thread::spawn(move || serve(&stream.unwrap(), &sender, ses, event));
        }
    });
    let mut function = Command::new(env!("CARGO_BIN_EXE_custom-challenge"))
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "custom-challenge"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_MAX_ATTEMPTS", "1"),
            ("SENDER_ADDRESS", "sign-in@example.com"),
        ])
        .env("AWS_ENDPOINT_URL_SESV2", format!("http://{address}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut posted = Vec::new();
    while posted.last().is_none_or(|(path, _): &(String, Value)| path.starts_with("/v2/email")) {
        posted.push(receiver.recv_timeout(Duration::from_secs(30)).unwrap());
    }
    function.kill().unwrap();
    let output = function.wait_with_output().unwrap();
    (posted, String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_letter_goes_out_by_ses_and_the_code_stands_nowhere_else() {
    let sent = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"MessageId\":\"1\"}";
    let (posted, log) = run(sent);
    let [(path, letter), (answered, answer)] = &posted[..] else { unreachable!("{posted:?}") };
    assert_eq!(path, "/v2/email/outbound-emails");
    assert_eq!(letter["FromEmailAddress"], "sign-in@example.com");
    assert_eq!(letter["Destination"], json!({ "ToAddresses": ["ann@example.com"] }));
    let simple = &letter["Content"]["Simple"];
    assert_eq!(simple["Subject"], json!({ "Data": "Your code to sign in", "Charset": "UTF-8" }));
    let text = simple["Body"]["Text"]["Data"].as_str().unwrap();
    let code = text.lines().find(|line| line.len() == 8 && line.bytes().all(|b| b.is_ascii_digit())).unwrap();

    assert_eq!(answered, "/2018-06-01/runtime/invocation/r/response");
    assert_eq!(answer["response"]["publicChallengeParameters"]["digits"], "8");
    assert!(log.contains(r#""decision":"sent""#), "{log}");
    for text in [&answer["response"].to_string(), &log] {
        assert!(!text.contains(code) && !text.contains("ann@"), "{text}");
    }
}

#[test]
fn a_letter_that_ses_refuses_is_in_the_log_and_not_in_the_answer() {
    let refused = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nX-Amzn-Errortype: MessageRejected\r\n\
                   Content-Length: 51\r\n\r\n{\"message\":\"ann@example.com is not verified here.\"}";
    let (posted, log) = run(refused);
    let (answered, answer) = posted.last().unwrap();
    assert_eq!(answered, "/2018-06-01/runtime/invocation/r/response");
    assert_eq!(answer["response"]["publicChallengeParameters"]["triesLeft"], "3");
    assert!(log.contains("E_CODE_NOT_SENT") && log.contains("MessageRejected"), "{log}");
    assert!(!log.contains("ann@"), "{log}");
}
