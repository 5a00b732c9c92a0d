//! The user migration trigger as a Lambda function.

use std::process::ExitCode;

use portcullis_trigger::{TriggerLayer, run, service_fn, start};
use portcullis_user_migration::{CognitoDirectory, Config, handle};

const NAME: &str = "user-migration";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(config) = start(NAME, Config::from_env) else {
        return ExitCode::FAILURE;
    };
    let directory = CognitoDirectory::new(&config);
    run(TriggerLayer::new(NAME), service_fn(|event| handle(event, &config, &directory))).await
}
