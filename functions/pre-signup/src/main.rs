//! The pre-sign-up trigger as a Lambda function.

use std::{future::ready, process::ExitCode};

use portcullis_pre_signup::{Config, handle};
use portcullis_trigger::{TriggerLayer, run, service_fn, start};

const NAME: &str = "pre-signup";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(config) = start(NAME, Config::from_env) else {
        return ExitCode::FAILURE;
    };
    run(TriggerLayer::new(NAME), service_fn(|event| ready(handle(event, &config)))).await
}
