//! The post-confirmation trigger as a Lambda function.

use std::process::ExitCode;

use portcullis_data::{Clock, System};
use portcullis_post_confirmation::{CognitoDirectory, Config, handle};
use portcullis_trigger::{TriggerLayer, run, service_fn, start};

const NAME: &str = "post-confirmation";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(config) = start(NAME, Config::from_env) else {
        return ExitCode::FAILURE;
    };
    let (profiles, directory) = (config.profiles(), CognitoDirectory::new());
    let handler = service_fn(|event| handle(event, &config, &profiles, &directory, System.now()));
    run(TriggerLayer::new(NAME), handler).await
}
