//! The pre-token-generation trigger as a Lambda function.

use std::process::ExitCode;

use portcullis_data::{Clock, System};
use portcullis_directory::CognitoDirectory;
use portcullis_pre_token_generation::{Config, handle};
use portcullis_trigger::{TriggerLayer, run, service_fn, start};

const NAME: &str = "pre-token-generation";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(config) = start(NAME, Config::from_env) else {
        return ExitCode::FAILURE;
    };
    let (profiles, groups) = (config.profiles(), CognitoDirectory::new());
    let handler = service_fn(|event| handle(event, &config, &profiles, &groups, System.now()));
    run(TriggerLayer::new(NAME), handler).await
}
