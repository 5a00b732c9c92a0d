//! The custom message trigger as a Lambda function.

use std::{future::ready, process::ExitCode};

use portcullis_custom_message::{Config, handle};
use portcullis_trigger::{TriggerLayer, run, service_fn, start};

const NAME: &str = "custom-message";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(config) = start(NAME, Config::from_env) else {
        return ExitCode::FAILURE;
    };
    let handler = service_fn(|event| ready(handle(event, &config)));
    run(TriggerLayer::new(NAME), handler).await
}
