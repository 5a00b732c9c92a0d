//! What the layer costs a Lambda function that starts: processor time from `exec` to the first question for work.
//!
//! `cargo bench -p portcullis-bench --bench cold_start`; Linux only, which tells what a process has used.
//!
//! This program is the function as well. It starts itself many times, with and without the layer in turn, and plays the
//! runtime API: when the function asks for its first event, its time is read and it is stopped.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark whose setting is wrong has nothing to say"
)]

use std::{
    env,
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Command, Stdio},
};

use lambda_http::{Body, Error, Request, Response, service_fn};
use portcullis::{AuthenticateLayer, IdentityExt, Issuer, JwkSet, TokenUse, Verifier, testkit::TestIssuer};
use portcullis_bench::{Table, cpu_time_of, duration};
use tower::Layer;

/// How often each kind of function starts.
const STARTS: usize = 101;

const KINDS: [&str; 3] = ["bare", "layer", "layer-fetching"];

fn main() {
    let kind = env::args().nth(1).unwrap_or_default();
    if KINDS.contains(&kind.as_str()) {
        run(&kind).unwrap();
    } else {
        measure();
    }
}

/// The function, in one thread as a small one is.
fn run(kind: &str) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let handler = service_fn(handle);
        match kind {
            "bare" => lambda_http::run(handler).await,
            "layer" => {
                let keys = JwkSet::from_json(&env::var("KEYS")?)?;
                let issuer = Issuer::cognito("eu-west-1", "eu-west-1_TestPool1").keys(keys);
                lambda_http::run(layer(issuer)?.layer(handler)).await
            }
            _ => {
                let issuer = Issuer::cognito("eu-west-1", "eu-west-1_TestPool1");
                lambda_http::run(layer(issuer)?.layer(handler)).await
            }
        }
    })
}

fn layer(issuer: Issuer) -> Result<AuthenticateLayer, Error> {
    let issuer = issuer.client_ids(["web"]).token_use(TokenUse::Access);
    Ok(AuthenticateLayer::new(Verifier::builder().issuer(issuer).build()?))
}

async fn handle(request: Request) -> Result<Response<Body>, Error> {
    Ok(Response::new(request.identity().and_then(|identity| identity.sub()).unwrap_or("nobody").into()))
}

fn measure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // Two RSA keys, as a user pool of Amazon Cognito has.
    let (mut keys, more) = (TestIssuer::cognito().jwk_set_json(), TestIssuer::cognito().jwk_set_json());
    let list = keys.get_mut("keys").and_then(|keys| keys.as_array_mut()).unwrap();
    list.extend(more.get("keys").and_then(|keys| keys.as_array()).unwrap().iter().cloned());
    list.retain(|key| key.get("kty").is_some_and(|kind| kind == "RSA"));
    let keys = keys.to_string();

    let mut times = KINDS.map(|_| Vec::with_capacity(STARTS));
    for _ in 0..STARTS {
        for (kind, times) in KINDS.iter().zip(&mut times) {
            times.push(start(kind, &keys, &listener));
        }
    }
    let [bare, layer, fetching] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2] as f64
    });
    let mut table = Table::new(["a function of lambda_http", "CPU time to the first poll", "more"]);
    for (name, time) in [
        ("alone", bare),
        ("with the layer, two keys given at start", layer),
        ("with the layer, keys fetched at first use", fetching),
    ] {
        table.push([name.to_owned(), duration(time), format!("{:.3} ms", (time - bare) / 1e6)]);
    }
    println!("Medians of {STARTS} starts\n\n{table}");
}

/// The processor time, in nanoseconds, that a function has used when it asks for its first event.
fn start(kind: &str, keys: &str, listener: &TcpListener) -> u64 {
    let mut function = Command::new(env::current_exe().unwrap())
        .arg(kind)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "bench")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
        .env("KEYS", keys)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let (connection, _) = listener.accept().unwrap();
    let mut line = String::new();
    let mut connection = BufReader::new(connection);
    connection.read_line(&mut line).unwrap();
    assert!(line.contains("/invocation/next"), "the first question is for work: {line}");
    let used = cpu_time_of(function.id());
    function.kill().unwrap();
    function.wait().unwrap();
    // Not sooner: the function would complain.
    drop(connection);
    used
}
