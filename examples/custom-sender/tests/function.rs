//! The function as Lambda starts it, in a process of its own, with a key of AWS KMS. This test plays Lambda, KMS and SES, as their
//! wire protocols are documented.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    collections::HashMap,
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use aws_config::BehaviorVersion;
use aws_esdk::{
    Client,
    material_providers::{
        client::Client as MaterialProviders,
        types::{
            EsdkAlgorithmSuiteId, EsdkCommitmentPolicy, material_providers_config::MaterialProvidersConfig,
        },
    },
    types::aws_encryption_sdk_config::AwsEncryptionSdkConfig,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Set in the process that encrypts.
const POOL_OF_CHILD: &str = "PORTCULLIS_TEST_POOL";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const POOL: &str = "eu-west-1_Pool1";
const CODE: &str = "493817";
const TEST: &str = "a_code_is_decrypted_by_kms_and_sent_by_ses";

struct Request {
    method: String,
    path: String,
    target: String,
    body: Value,
}

type Answer = (u16, String, String);

fn serve(answer: impl Fn(Request) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || converse(&stream.unwrap(), &*answer));
        }
    });
    address
}

fn converse(stream: &TcpStream, answer: &dyn Fn(Request) -> Answer) {
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
        let header = |name: &str| {
            let value = head.iter().find_map(|line| {
                let (known, value) = line.split_once(':')?;
                known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            });
            value.unwrap_or_default()
        };
        let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        let mut words = head[0].split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let (status, headers, body) = answer(Request { method, path, target: header("x-amz-target"), body });
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Is\r\n{headers}Content-Length: {length}\r\n\r\n");
        writer.write_all((head + &body).as_bytes()).unwrap();
    }
}

/// KMS with one key that wraps one data key, under the context that it was made with; and SES.
fn play_aws() -> (String, mpsc::Receiver<(String, Value)>) {
    let (sender, receiver) = mpsc::channel();
    let contexts: Mutex<Vec<Value>> = Mutex::default();
    let (data_key, blob) = (STANDARD.encode([9; 32]), |number: usize| STANDARD.encode([0xb0, number as u8]));
    let address = serve(move |request| {
        let json_11 = "Content-Type: application/x-amz-json-1.1\r\n".to_owned();
        let operation = request.target.rsplit('.').next().unwrap().to_owned();
        let context = &request.body["EncryptionContext"];
        let (status, body) = match operation.as_str() {
            "GenerateDataKey" => {
                let mut contexts = contexts.lock().unwrap();
                contexts.push(context.clone());
                let wrapped = blob(contexts.len() - 1);
                (200, json!({"KeyId": KEY, "Plaintext": data_key, "CiphertextBlob": wrapped}))
            }
            "Decrypt" => {
                let contexts = contexts.lock().unwrap();
                let mut wrapped = contexts.iter().enumerate();
                let known = wrapped
                    .any(|(number, made)| request.body["CiphertextBlob"] == blob(number) && made == context);
                match known && request.body["KeyId"] == KEY {
                    true => (200, json!({"KeyId": KEY, "Plaintext": data_key})),
                    false => (400, json!({"__type": "InvalidCiphertextException"})),
                }
            }
            _ if request.path == "/v2/email/outbound-emails" => (200, json!({"MessageId": "m-1"})),
            other => panic!("{other} {}", request.path),
        };
        let name = if operation.is_empty() { "SendEmail".to_owned() } else { operation };
        sender.send((name, request.body)).unwrap();
        (status, json_11, body.to_string())
    });
    (address, receiver)
}

fn play_lambda(events: Vec<Value>) -> (String, mpsc::Receiver<(String, Value)>) {
    let (sender, receiver) = mpsc::channel();
    let queue = Mutex::new(events.into_iter().enumerate());
    let address = serve(move |request| {
        if request.method == "GET" {
            let next = queue.lock().unwrap().next();
            let Some((number, event)) = next else {
                // There are no more events: the function waits, as it does in Lambda.
                loop {
                    thread::park();
                }
            };
            let headers = format!(
                "Lambda-Runtime-Aws-Request-Id: r{number}\r\nLambda-Runtime-Deadline-Ms: 0\r\n\
                 Lambda-Runtime-Invoked-Function-Arn: arn\r\n"
            );
            return (200, headers, event.to_string());
        }
        sender.send((request.path, request.body)).unwrap();
        (202, String::new(), String::new())
    });
    (address, receiver)
}

fn with_aws(mut command: Command, aws: &str) -> Command {
    command
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ENDPOINT_URL", format!("http://{aws}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Encrypts as Cognito does, with the KMS that the environment leads to, and prints what came out.
async fn encrypt_and_print(pool: String) {
    let kms = aws_sdk_kms::Client::new(&aws_config::load_defaults(BehaviorVersion::latest()).await);
    let providers =
        MaterialProviders::from_conf(MaterialProvidersConfig::builder().build().unwrap()).unwrap();
    let keyring = providers.create_aws_kms_keyring().kms_key_id(KEY).kms_client(kms).send().await.unwrap();
    let config = AwsEncryptionSdkConfig::builder()
        .commitment_policy(EsdkCommitmentPolicy::ForbidEncryptAllowDecrypt)
        .build()
        .unwrap();
    let answer = Client::from_conf(config)
        .unwrap()
        .encrypt()
        .plaintext(CODE.as_bytes())
        .keyring(keyring)
        .algorithm_suite_id(EsdkAlgorithmSuiteId::AlgAes256GcmIv12Tag16HkdfSha384EcdsaP384)
        .encryption_context(HashMap::from([("userpool-id".to_owned(), pool)]))
        .send()
        .await
        .unwrap();
    println!("\nmessage {}", STANDARD.encode(answer.ciphertext().as_ref().unwrap().as_ref()));
}

/// This test again, in a process whose environment leads to the KMS that is played.
fn encrypt(aws: &str, pool: &str) -> String {
    let mut command = with_aws(Command::new(env::current_exe().unwrap()), aws);
    command.args([TEST, "--exact", "--nocapture"]).env(POOL_OF_CHILD, pool);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let message = text.lines().find_map(|line| line.strip_prefix("message "));
    message.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr))).to_owned()
}

fn event(code: &str) -> Value {
    json!({
        "version": "1", "triggerSource": "CustomEmailSender_ResendCode", "region": "eu-west-1", "userPoolId": POOL,
        "userName": "ann-user", "callerContext": {"awsSdkVersion": "1", "clientId": "app1"},
        "request": {
            "type": "customEmailSenderRequestV1", "code": code, "clientMetadata": null,
            "userAttributes": {"sub": "s-1", "email": "ann@example.com"},
        },
    })
}

#[test]
fn a_code_is_decrypted_by_kms_and_sent_by_ses() {
    if let Ok(pool) = env::var(POOL_OF_CHILD) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        return runtime.block_on(encrypt_and_print(pool));
    }
    let (aws, called) = play_aws();
    let (first, second) = (encrypt(&aws, POOL), encrypt(&aws, POOL));
    let foreign = encrypt(&aws, "eu-west-1_Pool2");
    let made: Vec<String> = called.try_iter().map(|(operation, _)| operation).collect();
    assert_eq!(made, ["GenerateDataKey"; 3]);

    let events = [&first, &first, &second, &foreign].map(|code| event(code)).to_vec();
    let (lambda, posted) = play_lambda(events.clone());
    let mut function = with_aws(Command::new(env!("CARGO_BIN_EXE_custom-sender")), &aws)
        .env("AWS_LAMBDA_RUNTIME_API", lambda)
        .env("AWS_LAMBDA_FUNCTION_NAME", "custom-sender")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("RUST_LOG", "trace")
        .env("KMS_KEY_ARN", KEY)
        .env("SENDER_ADDRESS", "sign-in@example.com")
        .env("APP_NAME", "Notes")
        .spawn()
        .unwrap();
    let answers: Vec<(String, Value)> =
        events.iter().map(|_| posted.recv_timeout(Duration::from_secs(60)).unwrap()).collect();
    function.kill().unwrap();
    let output = function.wait_with_output().unwrap();
    for (number, (path, answer)) in answers.iter().enumerate() {
        let (end, expected) = match number {
            3 => {
                let text = "E_NOT_SENT: the message could not be sent";
                ("error", json!({"errorType": "E_NOT_SENT", "errorMessage": text}))
            }
            _ => ("response", events[number].clone()),
        };
        assert_eq!(*path, format!("/2018-06-01/runtime/invocation/r{number}/{end}"));
        assert_eq!(*answer, expected, "{number}");
    }

    let called: Vec<(String, Value)> = called.try_iter().collect();
    let operations: Vec<&str> = called.iter().map(|(operation, _)| operation.as_str()).collect();
    assert_eq!(operations, ["Decrypt", "SendEmail", "Decrypt", "SendEmail", "Decrypt"]);
    assert_eq!(called[0].1["KeyId"], KEY);
    assert_eq!(called[0].1["EncryptionContext"]["userpool-id"], POOL);
    let email = &called[1].1;
    assert_eq!(email["FromEmailAddress"], "sign-in@example.com");
    assert_eq!(email["Destination"], json!({"ToAddresses": ["ann@example.com"]}));
    let text = &email["Content"]["Simple"]["Body"]["Text"]["Data"];
    assert_eq!(text, &format!("Your code for Notes is {CODE}"));

    let log = String::from_utf8_lossy(&output.stdout);
    let decisions: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).unwrap().get("decision").cloned())
        .collect();
    assert_eq!(decisions, ["sent", "sent before", "sent", "fail"]);
    for text in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(text);
        for word in [CODE, "ann@", "ann-user", "Notes"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}
