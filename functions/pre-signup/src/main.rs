//! The pre-sign-up trigger as a Lambda function.

use std::process::ExitCode;

use portcullis_directory::CognitoDirectory;
use portcullis_pre_signup::{Config, handle};
use portcullis_trigger::{TriggerLayer, run, service_fn, start};

const NAME: &str = "pre-signup";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(config) = start(NAME, Config::from_env) else {
        return ExitCode::FAILURE;
    };
    let accounts = CognitoDirectory::new();
    run(TriggerLayer::new(NAME), service_fn(|event| handle(event, &config, &accounts))).await
}
